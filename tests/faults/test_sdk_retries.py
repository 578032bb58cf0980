"""The SDK's own retries act on recorded errors and on faults: as often as they would live, and without the waiting."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import pytest
from google import genai

from tests.accepting import accepting
from tests.cassette.clients import KEY, MODEL
from tests.scripted_server import Answer, scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from tests.scripted_server import Asked

    #: Asks a base URL by the SDK, which has so many attempts and seconds; returns something that is true.
    Ask = Callable[..., Any]

_ATTEMPTS: Final = 5  # of the SDK, where nobody tells it another number
_ANSWER: Final = {
    "id": "v1_answer",
    "object": "interaction",
    "status": "completed",
    "model": MODEL,
    "steps": [{"type": "model_output", "content": [{"type": "text", "text": "Hello"}]}],
}
_TOO_MANY: Final = {"error": {"message": "Too many requests", "code": "too_many_requests"}}
_EVENTS: Final = [
    {"event_type": "interaction.created", "interaction": {"id": "v1_answer", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hello"}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "interaction.completed", "interaction": {"id": "v1_answer", "status": "completed"}},
]


def _client(url: str, attempts: int, timeout: float) -> Any:
    options: Any = {"base_url": url, "timeout": int(timeout * 1000), "retry_options": {"attempts": attempts}}
    return genai.Client(api_key=KEY, http_options=options)


def _sync(url: str, attempts: int, timeout: float = 20) -> Any:
    with _client(url, attempts, timeout) as client:
        return client.interactions.create(model=MODEL, input="Hello").status


def _sync_stream(url: str, attempts: int, timeout: float = 20) -> Any:
    with _client(url, attempts, timeout) as client:
        return [event.event_type for event in client.interactions.create(model=MODEL, input="Hello", stream=True)]


def _async(url: str, attempts: int, timeout: float = 20) -> Any:
    async def ask() -> Any:
        async with _client(url, attempts, timeout).aio as client:
            return (await client.interactions.create(model=MODEL, input="Hello")).status

    return asyncio.run(ask())


def _async_stream(url: str, attempts: int, timeout: float = 20) -> Any:
    async def ask() -> Any:
        async with _client(url, attempts, timeout).aio as client:
            events = await client.interactions.create(model=MODEL, input="Hello", stream=True)
            return [event.event_type async for event in events]

    return asyncio.run(ask())


_ASK: Final[dict[str, Ask]] = {
    "sync": _sync,
    "sync-stream": _sync_stream,
    "async": _async,
    "async-stream": _async_stream,
}
_EACH = pytest.mark.parametrize("ask", _ASK.values(), ids=_ASK)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sleeps of the SDK while it asks a real server, of which none is slept."""
    sleeps: list[float] = []

    async def sleep(seconds: float, result: Any = None) -> Any:
        sleeps.append(seconds)
        return result

    monkeypatch.setattr(time, "sleep", sleeps.append)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return sleeps


def _busy(times: int) -> Callable[[Asked], Answer]:
    """Answer 429 with `retry-after: 30` so often, and then what is asked for."""
    left = [Answer(_TOO_MANY, 429, {"retry-after": "30"})] * times

    def answer(asked: Asked) -> Answer:
        is_stream = b'"stream":true' in asked.body.replace(b" ", b"")
        return left.pop() if left else Answer(_EVENTS if is_stream else _ANSWER)

    return answer


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., tuple[str, Path]]:
    """Records what a way of asking gets, after so many errors; returns the URL that was asked, and the cassette."""

    def record(ask: Ask, *, times: int = 0) -> tuple[str, Path]:
        path = tmp_path / "recorded.yaml"
        with scripted(_busy(times)) as server, use_cassette(path, record_mode="once"):
            ask(server.url, _ATTEMPTS)
        assert len(server.asked) == times + 1
        return server.url, path

    return record


def _statuses(cassette: Cassette) -> list[int]:
    return [exchange.response.status for exchange in cassette.exchanges]


@_EACH
def test_a_recorded_429_is_waited_for_live_and_not_on_replay(
    ask: Ask, recorded: Callable[..., tuple[str, Path]], slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As often as the API said 429, and no more often, the SDK asks again, and a minute of waiting is none."""
    url, path = recorded(ask, times=2)
    assert slept == [30, 30]
    monkeypatch.undo()
    began = time.perf_counter()
    with use_cassette(path, fast_forward=True) as cassette:
        assert ask(url, _ATTEMPTS)
    assert time.perf_counter() - began < 5  # a loaded machine takes some of these
    assert _statuses(cassette) == [429, 429, 200]
    assert cassette.sleeps.seconds == pytest.approx(60, abs=0.5)
    assert cassette.all_played


@_EACH
@pytest.mark.parametrize("times", [1, 4])
def test_a_429_by_a_fault_is_waited_for_as_if_it_were_real(
    times: int, ask: Ask, recorded: Callable[..., tuple[str, Path]]
) -> None:
    """The SDK asks again after each, until the recorded answer comes."""
    url, path = recorded(ask)
    began = time.perf_counter()
    with use_cassette(path, fast_forward=True, fault={"error": 429, "retry_after": 30, "times": times}) as cassette:
        assert ask(url, _ATTEMPTS)
    assert time.perf_counter() - began < 5  # a loaded machine takes some of these
    assert _statuses(cassette) == [*[429] * times, 200]
    assert cassette.sleeps.seconds == pytest.approx(30 * times, abs=0.5)
    assert cassette.all_played


@_EACH
@pytest.mark.parametrize("attempts", [1, 3, _ATTEMPTS])
def test_the_sdk_gives_up_on_a_429_after_as_many_attempts_as_live(
    attempts: int, ask: Ask, recorded: Callable[..., tuple[str, Path]], slept: list[float], monkeypatch: Any
) -> None:
    """It raises the error that it raises live, and what it did not come to is no failure."""
    url, path = recorded(ask)
    with scripted(_busy(9)) as server:
        live = _raised(ask, server.url, attempts)
    asked = len(server.asked)
    assert asked in (attempts, attempts + 1)  # to version 2 the number is that of the attempts after the first one
    assert slept == [30] * (asked - 1)
    monkeypatch.undo()
    with use_cassette(path, fast_forward=True, fault={"error": 429, "retry_after": 30, "times": "all"}) as cassette:
        assert _raised(ask, url, attempts) == live == "RateLimitError"
    assert _statuses(cassette) == [429] * asked
    assert cassette.sleeps.seconds == pytest.approx(30 * (asked - 1), abs=0.5)


def _raised(ask: Ask, url: str, attempts: int, timeout: float = 20) -> str:
    """The name of what the SDK raises, which has no public one."""
    try:
        ask(url, attempts, timeout)
    except Exception as error:
        return type(error).__name__
    return "nothing"


@contextmanager
def _counting(serve: Callable[[socket.socket], Any]) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that does that with each of its connections, and keeps them."""
    connections: list[socket.socket] = []

    def keep(connection: socket.socket) -> None:
        connections.append(connection)
        serve(connection)

    with accepting(keep) as url:
        yield url, connections
    for connection in connections:
        connection.close()


def _hang_up(connection: socket.socket) -> None:
    """Take the request, and close without an answer."""
    connection.recv(65_536)
    connection.shutdown(socket.SHUT_RDWR)


def _be_silent(_: socket.socket) -> None:
    """Leave the client waiting."""


def _refused() -> AbstractContextManager[tuple[str, list[socket.socket]]]:
    """Nobody, where somebody was a moment ago."""
    with _counting(_hang_up) as (url, connections):
        pass
    return nullcontext((url, connections))


_FAILURES: Final[dict[str, tuple[Callable[[], Any], dict[str, Any]]]] = {
    "refused": (_refused, {"refused": True}),
    "silent": (lambda: _counting(_be_silent), {"timeout": "read"}),
    "closed": (lambda: _counting(_hang_up), {"cut_after": 0}),
}


@_EACH
@pytest.mark.parametrize("failure", _FAILURES)
def test_after_a_failed_connection_the_sdk_asks_as_often_as_live(
    failure: str, ask: Ask, recorded: Callable[..., tuple[str, Path]], slept: list[float], monkeypatch: Any
) -> None:
    """The SDK decides which failures are worth another attempt; where it begins another one, it sleeps before."""
    url, path = recorded(ask)
    serve, fault = _FAILURES[failure]
    with serve() as (live_url, connections):
        live = _raised(ask, live_url, _ATTEMPTS, 0.1 if failure == "silent" else 20)
    attempts = len(slept) + 1
    assert len(connections) in (0, attempts)
    monkeypatch.undo()
    with use_cassette(path, fast_forward=True, fault={**fault, "times": "all"}) as cassette:
        assert _raised(ask, url, _ATTEMPTS) == live
    assert _statuses(cassette) == [0] * attempts


@_EACH
@pytest.mark.parametrize("fault", [{"timeout": "connect"}, {"delay": 60}, {"timeout": "read"}], ids=str)
def test_a_time_out_of_the_sdk_costs_no_time(
    fault: dict[str, Any], ask: Ask, recorded: Callable[..., tuple[str, Path]]
) -> None:
    """Its own twenty seconds pass at once, and who asks again gets the answer."""
    url, path = recorded(ask)
    began = time.perf_counter()
    with use_cassette(path, fast_forward=True, fault=fault) as cassette:
        assert _raised(ask, url, 1) == "APITimeoutError"
        assert ask(url, 1)
    assert time.perf_counter() - began < 5  # a loaded machine takes some of these
    assert cassette.sleeps.seconds == pytest.approx(20, abs=0.5)
