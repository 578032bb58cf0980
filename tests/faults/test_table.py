"""Each fault, in each client, with an answer in JSON and with a stream."""

from __future__ import annotations

import http.client
import json
import urllib.error
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from pytest_interactions import FaultError, use_cassette
from pytest_interactions.api import sse
from pytest_interactions.server.emulator import Emulator
from tests.faults.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What a client raises: where its connection is refused, where its time is out as it connects and as it reads, where no
#: answer comes, where one breaks off, in JSON and as a stream.
RAISED: Final[dict[str, dict[str, Any]]] = {
    "httpx": {
        "refused": httpx.ConnectError,
        "connect": httpx.ConnectTimeout,
        "read": httpx.ReadTimeout,
        "unanswered": httpx.RemoteProtocolError,
        "broken": httpx.RemoteProtocolError,
    },
    "httpx2": {
        "refused": httpx2.ConnectError,
        "connect": httpx2.ConnectTimeout,
        "read": httpx2.ReadTimeout,
        "unanswered": httpx2.RemoteProtocolError,
        "broken": httpx2.RemoteProtocolError,
    },
    "requests": {
        "refused": requests.ConnectionError,
        "connect": requests.ConnectTimeout,
        "read": (requests.ReadTimeout, requests.ConnectionError),  # the second one in a stream that has begun
        "unanswered": requests.ConnectionError,
        "broken": requests.exceptions.ChunkedEncodingError,
    },
    "urllib3": {
        "refused": urllib3.exceptions.NewConnectionError,
        "connect": urllib3.exceptions.ConnectTimeoutError,
        "read": urllib3.exceptions.ReadTimeoutError,
        "unanswered": urllib3.exceptions.ProtocolError,
        "broken": urllib3.exceptions.ProtocolError,
    },
    "urllib": {
        "refused": urllib.error.URLError,
        "connect": urllib.error.URLError,
        "read": TimeoutError,
        "unanswered": http.client.RemoteDisconnected,
        "broken": http.client.IncompleteRead,
    },
    "http.client": {
        "refused": ConnectionRefusedError,
        "connect": TimeoutError,
        "read": TimeoutError,
        "unanswered": http.client.RemoteDisconnected,
        "broken": http.client.IncompleteRead,
    },
    "aiohttp": {
        "refused": aiohttp.ClientConnectorError,
        "connect": aiohttp.ConnectionTimeoutError,
        "read": aiohttp.SocketTimeoutError,
        "unanswered": aiohttp.ServerDisconnectedError,
        "broken": aiohttp.ClientPayloadError,
    },
    "genai": {
        "refused": "APIConnectionError",
        "connect": "APITimeoutError",
        "read": "APITimeoutError",
        "unanswered": "APIConnectionError",
        "broken": "APIConnectionError",
    },
}
_ERRORS = {429: "RateLimitError", 503: "InternalServerError"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Callable[[str, bool], Path]]:
    """The URL of what was asked, and where the cassette of a client is."""
    directory = tmp_path_factory.mktemp("faults")

    def path(client: str, stream: bool) -> Path:
        return directory / f"{client}{'-stream' * stream}.yaml"

    with Emulator() as emulator:
        for name, ask in CLIENTS.items():
            for stream in (False, True):
                with use_cassette(path(name, stream), record_mode="once"):
                    ask(emulator.url, stream, 9)
        return emulator.url, path


def _family(client: str) -> str:
    return client.removesuffix("-async").removesuffix("-trio")


def _raises(client: str, kind: str) -> Any:
    """Expect a client's own exception."""
    expected = RAISED[_family(client)][kind]
    return _of_name(expected) if isinstance(expected, str) else pytest.raises(expected)


class _of_name:  # noqa: N801 - it reads as a function
    """Expect an exception by its name, as the SDK has its own in a private module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Compare what was raised."""
        assert type(error).__name__ == self._name, repr(error)
        return True


_UNANSWERED: Final[dict[str, dict[str, Any]]] = {
    "refused": {"refused": True},
    "connect": {"timeout": "connect"},
    "read": {"timeout": "read"},
    "unanswered": {"cut_after": 0},
}
_MODES = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
_EACH = pytest.mark.parametrize("client", CLIENTS)


@_EACH
@_MODES
@pytest.mark.parametrize("kind", _UNANSWERED)
def test_a_request_gets_no_answer(kind: str, stream: bool, client: str, recorded: Any) -> None:
    """A client raises its own exception, at once where waiting is skipped, and gets the answer when it asks again."""
    url, path = recorded
    with use_cassette(path(client, stream), fault=_UNANSWERED[kind], fast_forward=True) as cassette:
        with _raises(client, kind):
            CLIENTS[client](url, stream, 5)
        assert CLIENTS[client](url, stream, 5)
    assert [exchange.response.status for exchange in cassette.exchanges] == [0, 200]


@_EACH
@_MODES
@pytest.mark.parametrize("status", _ERRORS)
def test_a_request_gets_an_error(status: int, stream: bool, client: str, recorded: Any) -> None:
    """An error has the API's own body and header, once or as often as is said, and the answer comes after it."""
    url, path = recorded
    fault = {"error": status, "retry_after": 30, "times": 2}
    with use_cassette(path(client, stream), fault=fault) as cassette:
        for _ in range(2):
            if _family(client) == "genai":
                with _of_name(_ERRORS[status]):
                    CLIENTS[client](url, stream, 5)
            else:
                told = json.loads(CLIENTS[client](url, stream, 5))
                assert told["error"].keys() == {"message", "code"}
        assert "error" not in CLIENTS[client](url, stream, 5)[:10]
    first, *_, last = cassette.exchanges
    assert (first.response.status, first.response.headers["retry-after"], last.response.status) == (status, ["30"], 200)


_BROKEN: Final[dict[str, dict[str, Any]]] = {
    "cut_after": {"cut_after": 3},
    "cut_after_bytes": {"cut_after_bytes": 200},
    "cut_after_seconds": {"cut_after_seconds": 2.5, "events_delay": 1},
}


@_EACH
@_MODES
@pytest.mark.parametrize("kind", _BROKEN)
def test_an_answer_breaks_off(kind: str, stream: bool, client: str, recorded: Any) -> None:
    """A connection that breaks is the client's own exception; what is of streams alone hits nothing else."""
    url, path = recorded
    if not stream and kind != "cut_after_bytes":
        with pytest.raises(FaultError, match="exchange 1 can't be hit by it: its answer is no stream"):
            with use_cassette(path(client, stream), fault=_BROKEN[kind], fast_forward=True):
                CLIENTS[client](url, stream, 5)
        return
    with use_cassette(path(client, stream), fault=_BROKEN[kind], fast_forward=True) as cassette:
        with _raises(client, "broken"):
            CLIENTS[client](url, stream, 5)
        assert CLIENTS[client](url, stream, 5)
    first, last = (exchange.response.body for exchange in cassette.exchanges)
    assert 0 < len(first) < len(last)
    assert last.startswith(first)


@_EACH
@pytest.mark.parametrize("fault", [{"hang_after": 2}, {"delay": 90}, {"events_delay": 90}], ids=str)
def test_a_client_loses_patience(fault: dict[str, Any], client: str, recorded: Any) -> None:
    """What comes later than a client's time-out allows, or never, is its own time-out, which takes no time."""
    url, path = recorded
    with use_cassette(path(client, True), fault=fault, fast_forward=True) as cassette:
        with _raises(client, "read"):
            CLIENTS[client](url, True, 5)
    assert cassette.sleeps.seconds == pytest.approx(5, abs=0.5)


_CHANGED: Final[dict[str, tuple[dict[str, Any], Callable[[list[Any]], list[Any]]]]] = {
    "stop_after": ({"stop_after": 3}, lambda events: events[:3]),
    "repeat": ({"repeat": 2}, lambda events: [events[0], events[1], *events[1:]]),
    "drop": ({"drop": 2}, lambda events: [events[0], *events[2:]]),
    "drop two": ({"drop": [2, 4]}, lambda events: [events[0], events[2], *events[4:]]),
    "reorder": ({"reorder": 3}, lambda events: [*events[:2], events[3], events[2], *events[4:]]),
    "late": ({"delay": 1, "events_delay": 0.5}, lambda events: events),
}


@pytest.mark.parametrize("client", [name for name in CLIENTS if "genai" not in name])
@pytest.mark.parametrize("kind", _CHANGED)
def test_the_events_of_a_stream_change(kind: str, client: str, recorded: Any) -> None:
    """Events are left out, doubled, moved or late, and the stream ends by itself."""
    url, path = recorded
    fault, change = _CHANGED[kind]
    events = [event.data for event in sse.decode(_played(path(client, True), client, url, {}).encode())]
    got = [event.data for event in sse.decode(_played(path(client, True), client, url, fault).encode())]
    assert got == change(events)


def _played(path: Path, client: str, url: str, fault: dict[str, Any]) -> Any:
    with use_cassette(path, fault=fault or [], fast_forward=True):
        return CLIENTS[client](url, True, 5)


@_EACH
@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ({"bare_error_after": 3}, '[{"error":{"code":503,'),
        ({"error_event_after": 3}, '{"event_type":"error"}'),
        (
            {"error_event_after": 3, "code": "internal", "message": "Oops"},
            '{"event_type":"error","error":{"code":"internal","message":"Oops"}}',
        ),
        ({"malformed": 3}, "data: {"),
    ],
    ids=str,
)
def test_a_stream_ends_with_an_error(fault: dict[str, Any], end: str, client: str, recorded: Any) -> None:
    """The ends of streams that the API has been seen to send are read by each client as it reads them."""
    url, path = recorded
    with use_cassette(path(client, True), fault=fault, fast_forward=True) as cassette:
        told = CLIENTS[client](url, True, 5)
    assert end in cassette.exchanges[0].response.body.decode()
    assert "genai" in client or end in told


@_EACH
@pytest.mark.parametrize("fault", [{"stop_after_bytes": 200}, {"malformed": 1}], ids=str)
def test_an_answer_is_no_json(fault: dict[str, Any], client: str, recorded: Any) -> None:
    """A body that ends too early, or is spoilt, comes to its end by HTTP, and can't be read."""
    url, path = recorded
    with use_cassette(path(client, False), fault=fault) as cassette:
        if _family(client) == "genai":
            with _of_name("APIResponseValidationError"):
                CLIENTS[client](url, False, 5)
        else:
            with pytest.raises(json.JSONDecodeError):
                json.loads(CLIENTS[client](url, False, 5))
        assert CLIENTS[client](url, False, 5)
    assert [exchange.response.status for exchange in cassette.exchanges] == [200, 200]
