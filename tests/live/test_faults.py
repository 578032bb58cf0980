"""Faults on WebSockets that are played: what keeps one closed, what ends it, and what becomes of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from pytest_interactions import CassetteMissError, FaultError
from pytest_interactions.cassette import dialogue
from tests.live.talk import Server, event, server, talk
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["server", "talk"]

SAID = ("one", "two", "three")


@pytest.fixture
def path(tmp_path: Path, server: Server, talk: Any) -> Path:
    """The path of a cassette with three messages each way."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        talk(server.url, *SAID)
    return path


@pytest.mark.parametrize(
    ("fault", "kind", "match"),
    [
        ({"error": 429}, InvalidStatus, "HTTP 429"),
        ({"refused": True}, ConnectionRefusedError, "refused"),
        ({"timeout": "connect"}, TimeoutError, "timed out"),
        ({"timeout": "read"}, TimeoutError, "timed out"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_websocket_is_not_opened(  # noqa: PLR0917 - a table
    fault: Any, kind: type[Exception], match: str, path: Path, server: Server, talk: Any
) -> None:
    """The app gets the library's own exception, and the recording when it tries once more."""
    with use_cassette(path, fault={**fault, "times": 1}):
        with pytest.raises(kind, match=match):
            talk(server.url, *SAID)
        assert talk(server.url, *SAID) == list(SAID)


def test_the_connection_breaks_after_a_message(path: Path, server: Server, talk: Any) -> None:
    """What the app says then is lost, and what it did not say is not missed."""
    with use_cassette(path, fault={"cut_after": 2, "times": 1}):
        *heard, (error, _) = talk(server.url, *SAID)
        assert (heard, error) == (["one", "two"], "ConnectionClosedError")
        assert talk(server.url, *SAID) == list(SAID)


def test_the_server_ends_with_an_error(path: Path, server: Server, talk: Any) -> None:
    """It comes as the API's event, and the server closes."""
    with use_cassette(path, fault={"error_event_after": 1, "message": "busy"}):
        heard = talk(server.url, "one", "two", answers=1)
        assert heard[0] == "one"
        assert event("error", error={"message": "busy"}) in heard or "ConnectionClosedError" in str(heard[-1])


@pytest.mark.parametrize(
    ("fault", "heard"),
    [({"repeat": 2}, ["one", "two", "two"]), ({"malformed": 2}, ["one", "tw", "three"])],
    ids=["repeat", "malformed"],
)
def test_a_message_is_not_as_it_was(fault: Any, heard: list[str], path: Path, server: Server, talk: Any) -> None:
    """Messages of the server are counted, those of the app are not."""
    with use_cassette(path, fault=fault):
        assert talk(server.url, *SAID) == heard


def test_a_message_that_is_dropped_is_waited_for(
    path: Path, server: Server, talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app would wait for ever, and is told so."""
    monkeypatch.setattr(dialogue, "PATIENCE", 0.05)
    with pytest.raises(CassetteMissError, match="the app waits"), use_cassette(path, fault={"drop": 2}):
        talk(server.url, *SAID)


@pytest.mark.parametrize(
    "fault",
    [
        *({name: 2} for name in ("cut_after_bytes", "hang_after", "stop_after", "bare_error_after")),
        *({"cut_after_seconds": 1.0}, {"events_delay": 1.0}, {"stop_after_bytes": 3}),
    ],
    ids=str,
)
def test_what_is_for_http_alone_says_so(fault: Any, path: Path, server: Server, talk: Any) -> None:
    """A fault that can't hit fails the test, and its error names those that can."""
    with pytest.raises(FaultError, match="it is a WebSocket, which cut_after or error_event_after ends"):
        with use_cassette(path, fault=fault):
            talk(server.url, *SAID)


@pytest.mark.parametrize("seed", range(8))
def test_a_storm_picks_what_can_hit(seed: int, path: Path, server: Server, talk: Any) -> None:
    """Whatever it picks is the library's own to raise."""
    with use_cassette(path, fault={"storm": seed}):
        for _ in range(3):
            try:
                talk(server.url, *SAID)
            except (InvalidStatus, OSError):
                continue
            break
