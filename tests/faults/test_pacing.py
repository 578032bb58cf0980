"""Responses that come as late as they came when they were recorded, or as late as is said."""

from __future__ import annotations

import asyncio
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import use_cassette
from pytest_interactions.api.delays import Delays
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.cassette.pacing import Pacing, Pause
from pytest_interactions.conversions import Speed
from pytest_interactions.files import clock, storage
from pytest_interactions.server.emulator import Emulator
from tests.cassette.clients import MODEL
from tests.faults.clients import CLIENTS, PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENTS = [b'event: a\ndata: {"n": 1}\n\n', b'event: b\ndata: {"n": 2}\n\n', b"event: done\ndata: [DONE]\n\n"]
STREAM = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=b"".join(EVENTS))
JSON = Response(status=200, headers={"content-type": ["application/json"]}, body=b"{}")


class _Clock:
    """The time, which passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """The time that replays go by."""
    monkeypatch.setattr(clock, "seconds", _Clock())
    found: _Clock = clock.seconds  # type: ignore[assignment]
    return found


def _exchange(response: Response, **more: Any) -> Exchange:
    return Exchange(request=Request(method="POST", uri="https://x.example/"), response=response, **more)


def _pauses(pacing: Pacing | None, *chunks: bytes, patience: float | None = None) -> list[float]:
    """Return how long a client waits for the head and for each chunk, if it does nothing else."""
    assert pacing is not None
    found = [pacing.pause(patience).seconds]
    for chunk in chunks:
        pacing.took(chunk)
        found.append(pacing.pause(patience).seconds)
    return [round(seconds, 6) for seconds in found]


RECORDED = _exchange(STREAM, times=(0.4, 0.5, 1.0, 3.0), seconds=3.1)


@pytest.mark.parametrize(
    ("pace", "delays", "expected"),
    [
        (0.25, None, [0, 0, 0.25, 0.25]),
        (Speed(1), None, [0.4, 0.1, 0.5, 2.0]),
        (Speed(4), None, [0.1, 0.025, 0.125, 0.5]),
        (Speed(0.5), None, [0.8, 0.2, 1.0, 4.0]),
        (0.0, Delays(before=2), [2, 0, 0, 0]),
        (0.0, Delays(before=2, between=1), [2, 0, 1, 1]),
        (Speed(1), Delays(before=2, between=1), [2.4, 0.1, 1.5, 3.0]),
    ],
    ids=str,
)
def test_each_event_is_due_by_the_pace(pace: Any, delays: Delays | None, expected: list[float], time: _Clock) -> None:
    """After the one before: at a constant pace, at the recorded one or a factor of it, and later by a fault."""
    assert _pauses(Pacing.of(RECORDED, pace, delays), *EVENTS) == expected
    assert time.now == 100


def test_all_is_due_at_once_where_nothing_is_said() -> None:
    """Without a pace there is nothing to ask; a constant pace is of streams alone."""
    assert Pacing.of(RECORDED, 0.0) is None
    assert Pacing.of(_exchange(JSON, seconds=3.0), 0.5) is None


def test_an_answer_that_is_no_stream_takes_as_long_as_it_took(time: _Clock) -> None:
    """Its head and its body come together; one of which nothing is known comes at once."""
    assert _pauses(Pacing.of(_exchange(JSON, seconds=3.0), Speed(2)), b"{}") == [1.5, 0]
    assert _pauses(Pacing.of(_exchange(JSON), Speed(2)), b"{}") == [0, 0]
    assert _pauses(Pacing.of(_exchange(STREAM, seconds=3.0), Speed(2)), *EVENTS) == [0, 0, 0, 0]
    assert time.now == 100


def test_a_slow_app_waits_the_less(time: _Clock) -> None:
    """A server does not wait for its client: what is due already comes at once."""
    pacing = Pacing(RECORDED, Speed(1), Delays())
    time.now += 0.9
    assert _pauses(pacing, *EVENTS) == [0, 0, 0.1, 2.0]


def test_chunks_of_other_sizes_come_with_their_events(time: _Clock) -> None:
    """A body in one piece comes with its last event, and pieces of an event when the event before has come."""
    assert _pauses(Pacing.of(RECORDED, Speed(1)), b"".join(EVENTS)) == [0.4, 2.6]
    pieces = [EVENTS[0][:5], EVENTS[0][5:] + EVENTS[1][:3], EVENTS[1][3:], EVENTS[2]]
    assert _pauses(Pacing.of(RECORDED, Speed(1)), *pieces) == [0.4, 0, 0.1, 0.5, 2.0]
    assert time.now == 100


def test_more_events_than_were_recorded_come_with_the_last(time: _Clock) -> None:
    """An answer that a test has put in the place of a recorded one may be longer."""
    assert _pauses(Pacing.of(RECORDED, Speed(1)), *EVENTS, *EVENTS) == [0.4, 0.1, 0.5, 2.0, 0, 0, 0]
    assert time.now == 100


@pytest.mark.parametrize(
    ("exchange", "delays", "patience", "expected"),
    [
        (RECORDED, Delays(hangs=True), 5.0, Pause(5.0, is_late=False)),
        (RECORDED, Delays(hangs=True), None, Pause(0.0, is_late=False, is_endless=True)),
        (RECORDED, Delays(breaks_at=7.0), None, Pause(7.0, is_late=False)),
        (RECORDED, Delays(breaks_at=7.0), 2.0, Pause(2.0, is_late=True)),
        (RECORDED, Delays(), 2.0, Pause(0.4, is_late=False)),
        (RECORDED, Delays(breaks_at=1e300), None, Pause(1e9, is_late=False)),
        (_exchange(STREAM, seconds=3.0, cut=Cut(by="connection")), Delays(), None, Pause(3.0, is_late=False)),
        (_exchange(STREAM, cut=Cut(by="connection")), Delays(), None, Pause(0.0, is_late=False)),
    ],
    ids=str,
)
def test_the_end_of_what_broke_is_due_too(
    exchange: Exchange, delays: Delays, patience: float | None, expected: Pause, time: _Clock
) -> None:
    """It breaks when it broke, or when it is told to; who waits for what never comes waits as long as it would."""
    pacing = Pacing(exchange, Speed(1), delays)
    assert pacing.at_end(patience) == expected
    assert time.now == 100


def test_patience_is_over_where_an_event_comes_too_late(time: _Clock) -> None:
    """A client waits for as long as its time-out says, and what it had waited for before does not count."""
    pacing = Pacing(RECORDED, Speed(1), Delays())
    assert _pauses(pacing, *EVENTS[:2], patience=1) == [0.4, 0.1, 0.5]
    pacing.took(EVENTS[2])
    assert pacing.pause(1) == Pause(1, is_late=True)
    assert pacing.pause(1) == Pause(1, is_late=False)
    assert time.now == 100


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Callable[[bool], Path]]:
    """The URL of what was asked, and the cassettes of an answer in JSON and of a stream, with times of our own."""
    directory = tmp_path_factory.mktemp("paced")
    with Emulator() as emulator:
        for stream in (False, True):
            path = directory / f"{stream}.yaml"
            with use_cassette(path, record_mode="once"):
                CLIENTS["httpx"](emulator.url, stream, 9)
            count = len(storage.load(path).exchanges[0].times or (0, 0)) - 2
            text = re.sub(r"seconds: \[.*\]", "seconds: [3.0]", path.read_text("utf-8"), count=1)
            path.write_text(re.sub(r"(events:\n +1:) .*", rf"\1 2000 500{' 250' * count}", text, count=1), "utf-8")
        return emulator.url, lambda stream: directory / f"{stream}.yaml"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize(("pace", "factor"), [("recorded", 1), ("4x", 4)])
def test_each_client_waits_as_long_as_it_took(pace: str, factor: int, stream: bool, client: str, recorded: Any) -> None:
    """All in all, a replay takes the recorded time, or a part of it."""
    url, path = recorded
    [exchange] = storage.load(path(stream)).exchanges
    expected = (exchange.times or (0.0,))[-1] if stream else 3.0
    assert expected > 3 or not stream
    with use_cassette(path(stream), pace=pace, fast_forward=True) as cassette:
        CLIENTS[client](url, stream, 9)
    assert cassette.sleeps.seconds == pytest.approx(expected / factor, abs=0.3)


@pytest.mark.parametrize(
    ("fault", "limit", "expected"),
    [
        ({"timeout": "read"}, 5, TimeoutError),
        ({"timeout": "read"}, None, httpx.ReadTimeout),
        ({"delay": 30}, 5, TimeoutError),
        ({"delay": 30}, 60, None),
    ],
    ids=str,
)
async def test_a_limit_of_the_app_comes_in_its_time(
    fault: Any, limit: float | None, expected: type[Exception] | None, recorded: Any
) -> None:
    """Where a client has no time-out, its app's own limit ends the wait for what is late, or for what never comes."""
    url, path = recorded
    raises = nullcontext() if expected is None else pytest.raises(expected)
    with use_cassette(path(False), fault=fault, fast_forward=True) as cassette, raises:
        async with httpx.AsyncClient(timeout=None) as client, asyncio.timeout(limit):
            await client.post(f"{url}/v1beta/interactions", json={"model": MODEL, "input": PROMPT})
    seconds = min(limit or 3600, 30 if "delay" in fault else 3600)
    assert cassette.sleeps.seconds == pytest.approx(seconds, abs=0.5)
