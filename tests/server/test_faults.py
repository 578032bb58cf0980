"""Each fault over real connections: of the replay server, and of the emulator's scripts, in Python and in YAML."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import yaml

from pytest_interactions.api import sse
from pytest_interactions.api.json_text import minified
from pytest_interactions.files import storage
from pytest_interactions.server import ReplayServer
from pytest_interactions.server.emulator import Emulator
from tests.server.asking import STEPS, Got, ask
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SHORT: Final = 0.5
_LONG: Final = 20.0
_MODES = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


def _patience(fault: dict[str, Any]) -> float:
    """Return how long the client waits: not long where nothing is to come."""
    return _SHORT if "timeout" in fault or "hang_after" in fault else _LONG


class Replayed:
    """A replay server, whose option is the fault."""

    def __init__(self, recordings: dict[bool, Path], _: Path) -> None:
        self._recordings = recordings

    def whole(self, stream: bool) -> bytes:
        """Return the body of which a fault takes something."""
        exchange, _ = storage.load(self._recordings[stream]).exchanges
        return exchange.response.body

    def ask(self, fault: dict[str, Any], stream: bool) -> tuple[Got, Got]:
        """Ask twice, where the fault hits the first request."""
        opened = use_cassette(self._recordings[stream], fault=fault, unplayed="ignore")
        with opened as cassette, ReplayServer(cassette) as server:
            first = ask(server.url, stream=stream, timeout=_patience(fault))
            return first, ask(server.url, stream=stream, timeout=_LONG)


class Scripted(Replayed):
    """An emulator, whose script is the fault."""

    def whole(self, stream: bool) -> bytes:
        body = super().whole(stream)
        return body if stream else minified(body)

    def ask(self, fault: dict[str, Any], stream: bool) -> tuple[Got, Got]:
        with Emulator.steady() as emulator:
            emulator.on(stream=stream).reply(**self.reply(fault))
            emulator.on().reply(steps=STEPS)
            first = ask(emulator.url, stream=stream, timeout=_patience(fault))
            return first, ask(emulator.url, stream=stream, timeout=_LONG)

    def reply(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Return what a script says of the first answer."""
        return {"times": 1} | fault | ({} if "error" in fault else {"steps": STEPS})


class Written(Scripted):
    """The same as YAML."""

    def __init__(self, recordings: dict[bool, Path], directory: Path) -> None:
        super().__init__(recordings, directory)
        self._script = directory / "script.yaml"

    def ask(self, fault: dict[str, Any], stream: bool) -> tuple[Got, Got]:
        rules = [{"on": {"stream": stream}, "reply": self.reply(fault)}, {"reply": {"steps": STEPS}}]
        self._script.write_text(yaml.safe_dump(rules, sort_keys=False))
        with Emulator.steady(script=self._script) as emulator:
            first = ask(emulator.url, stream=stream, timeout=_patience(fault))
            return first, ask(emulator.url, stream=stream, timeout=_LONG)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The cassettes of two answers in JSON and of two streams, each the first ones of an emulator."""
    directory = tmp_path_factory.mktemp("recordings")
    paths = {stream: directory / f"{stream}.yaml" for stream in (False, True)}
    for stream, path in paths.items():
        with Emulator.steady() as emulator, use_cassette(path, record_mode="once"):
            emulator.on().reply(steps=STEPS, events_delay=0.02)
            for _ in range(2):
                ask(emulator.url, stream=stream)
    return paths


@pytest.fixture(params=[Replayed, Scripted, Written], ids=lambda kind: kind.__name__)
def way(request: pytest.FixtureRequest, recordings: dict[bool, Path], tmp_path: Path) -> Replayed:
    """Where a fault is said, and hits."""
    made: Replayed = request.param(recordings, tmp_path)
    return made


def _is_whole(got: Got) -> bool:
    return got.error is None and got.status == 200 and (got.body.endswith((b"[DONE]\n\n", b"}")))


_UNANSWERED: Final[dict[str, tuple[dict[str, Any], type[Exception]]]] = {
    "refused": ({"refused": True}, httpx.ReadError),
    "timeout: connect": ({"timeout": "connect"}, httpx.ReadTimeout),
    "timeout: read": ({"timeout": "read"}, httpx.ReadTimeout),
    "cut_after: 0": ({"cut_after": 0}, httpx.RemoteProtocolError),
    "before the head": ({"delay": 0.1, "cut_after_seconds": 0.05}, httpx.RemoteProtocolError),
}


@_MODES
@pytest.mark.parametrize("name", _UNANSWERED)
def test_a_request_gets_no_answer(name: str, stream: bool, way: Replayed) -> None:
    """The connection is reset, or closed, or nothing comes; the next request is answered."""
    fault, error = _UNANSWERED[name]
    first, second = way.ask(fault, stream)
    assert (first.status, first.body, first.error) == (None, b"", error)
    assert _is_whole(second)


@_MODES
@pytest.mark.parametrize("status", [429, 503])
def test_a_request_gets_an_error(status: int, stream: bool, way: Replayed) -> None:
    """An error has its status, its header and the API's body."""
    first, second = way.ask({"error": status, "retry_after": 30, "message": "Later."}, stream)
    assert (first.status, first.headers["retry-after"], first.error) == (status, "30", None)
    assert json.loads(first.body)["error"]["message"] == "Later."
    assert _is_whole(second)


_BROKEN: Final[dict[str, tuple[dict[str, Any], Callable[[list[bytes]], bytes]]]] = {
    "cut_after": ({"cut_after": 3}, lambda events: b"".join(events[:3])),
    "cut_after_bytes": ({"cut_after_bytes": 200}, lambda events: b"".join(events)[:200]),
    "cut_after_bytes: 0": ({"cut_after_bytes": 0}, lambda _: b""),
    "cut_after_seconds": (
        {"delay": 0.02, "events_delay": 0.1, "cut_after_seconds": 0.17},
        lambda events: b"".join(events[:2]),
    ),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_a_stream_breaks_off(name: str, way: Replayed) -> None:
    """What came before comes to the byte, and then the connection's end, where a chunk is to come."""
    fault, sent = _BROKEN[name]
    first, second = way.ask(fault, stream=True)
    assert (first.status, first.error) == (200, httpx.RemoteProtocolError)
    assert first.body == sent(sse.split(way.whole(stream=True)))
    assert _is_whole(second)


@pytest.mark.parametrize("count", [0, 100])
def test_a_body_breaks_off(count: int, way: Replayed) -> None:
    """Its head has the length of the whole, so that a client knows that something is missing."""
    first, second = way.ask({"cut_after_bytes": count}, stream=False)
    whole = way.whole(stream=False)
    assert (first.status, first.error) == (200, httpx.RemoteProtocolError)
    assert first.headers["content-length"] == str(len(whole))
    assert first.body == whole[:count]
    assert _is_whole(second)


@pytest.mark.parametrize("count", [0, 2])
def test_a_stream_hangs(count: int, way: Replayed) -> None:
    """The head and the events before come at once, and then nothing does, for as long as the client waits."""
    first, second = way.ask({"hang_after": count}, stream=True)
    assert (first.status, first.error) == (200, httpx.ReadTimeout)
    assert first.body == b"".join(sse.split(way.whole(stream=True))[:count])
    assert _is_whole(second)


_CHANGED: Final[dict[str, tuple[dict[str, Any], Callable[[list[bytes]], list[bytes]]]]] = {
    "stop_after": ({"stop_after": 3}, lambda events: events[:3]),
    "stop_after: 0": ({"stop_after": 0}, lambda _: []),
    "stop_after_bytes": ({"stop_after_bytes": 100}, lambda events: [b"".join(events)[:100]]),
    "repeat": ({"repeat": 2}, lambda events: [*events[:2], *events[1:]]),
    "drop": ({"drop": 2}, lambda events: [events[0], *events[2:]]),
    "drop several": ({"drop": [2, 4]}, lambda events: [events[0], events[2], *events[4:]]),
    "reorder": ({"reorder": 3}, lambda events: [*events[:2], events[3], events[2], *events[4:]]),
    "malformed": ({"malformed": 2}, lambda events: [events[0], events[1][:-3] + b"\n\n", *events[2:]]),
    "error_event_after": (
        {"error_event_after": 2, "message": "Oops"},
        lambda events: [*events[:2], b'event: error\ndata: {"event_type":"error","error":{"message":"Oops"}}\n\n'],
    ),
    "bare_error_after": (
        {"bare_error_after": 2},
        lambda events: [
            *events[:2],
            b'[{"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}]',
        ],
    ),
    "several": ({"drop": 1, "repeat": 2, "stop_after": 3}, lambda events: [events[1], events[1], events[2]]),
}


@pytest.mark.parametrize("name", _CHANGED)
def test_the_events_of_a_stream_change(name: str, way: Replayed) -> None:
    """They are left out, doubled, moved or spoilt to the byte, and HTTP comes to its end."""
    fault, change = _CHANGED[name]
    first, _ = way.ask(fault, stream=True)
    assert (first.status, first.error) == (200, None)
    assert first.body == b"".join(change(sse.split(way.whole(stream=True))))


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"stop_after_bytes": 100}, lambda body: body[:100]),
        ({"malformed": 1}, lambda body: body[:-1]),
    ],
    ids=["stop_after_bytes", "malformed"],
)
def test_a_body_is_no_json(fault: dict[str, Any], sent: Callable[[bytes], bytes], way: Replayed) -> None:
    """It ends too early, or is spoilt, and HTTP comes to its end."""
    first, second = way.ask(fault, stream=False)
    assert (first.status, first.error, first.body) == (200, None, sent(way.whole(stream=False)))
    assert _is_whole(second)


@_MODES
def test_an_answer_is_late(stream: bool, way: Replayed) -> None:
    """A delay passes in real time, before the head."""
    start = time.monotonic()
    first, _ = way.ask({"delay": 0.1}, stream)
    assert _is_whole(first)
    assert time.monotonic() - start >= 0.1


def test_the_events_of_a_stream_are_late(way: Replayed) -> None:
    """A delay passes between each two."""
    start = time.monotonic()
    first, _ = way.ask({"events_delay": 0.02}, stream=True)
    assert _is_whole(first)
    assert time.monotonic() - start >= 0.02 * (len(first.events) - 1)
