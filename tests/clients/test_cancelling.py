"""Async apps whose reading is stopped from outside: by a timeout, another task, or a scope of trio's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio

from pytest_interactions import StreamEndedError
from pytest_interactions.cassette import tape
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import _post
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def stream(emulator: Emulator, tmp_path: Path) -> tuple[Path, str]:
    """A recorded stream of text, and the base URL it was asked of."""
    emulator.on(input="Count").reply(text=["1 ", "2 ", "3"])
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"):
        asyncio.run(_consume(emulator.url, int))
    return cassette, emulator.url


async def _consume(url: str, read: Callable[[], object]) -> None:
    async with httpx.AsyncClient() as client, client.stream(**_post(url, "Count", stream=True)) as response:
        async for _ in response.aiter_lines():
            read()


async def _cancelled(url: str) -> None:
    began = asyncio.Event()
    task = asyncio.create_task(_consume(url, began.set))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _timed_out(url: str) -> None:
    """Stop as soon as nothing more comes, however long the first line takes."""
    now = asyncio.get_running_loop().time
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30) as limit:
            await _consume(url, lambda: limit.reschedule(now() + 0.05))


@pytest.mark.parametrize("stop", [_cancelled, _timed_out])
async def test_a_stream_is_cancelled_as_when_it_was_recorded(stop: Any, emulator: Emulator, tmp_path: Path) -> None:
    """A task that another one or a timeout stops in the middle of a stream is stopped on replay too."""
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=["1", "2", "3"], hold=gate)
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once") as recording:
        await stop(emulator.url)
    gate.release()
    assert recording.exchanges[0].cut is not None
    with use_cassette(cassette, fast_forward=True) as replay:
        await stop(emulator.url)
    assert replay.all_played


async def test_a_whole_stream_lets_other_tasks_in_between_its_events(emulator: Emulator, tmp_path: Path) -> None:
    """A replayed stream gives way after each event, so that a task that stops it early comes to do so."""
    emulator.on(input="Count").reply(text=["1 ", "2 ", "3"])
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"):
        await _consume(emulator.url, int)
    with use_cassette(cassette):
        await _cancelled(emulator.url)


def test_trio_replays_paces_and_cancels(stream: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An app on trio gets the paced events, may be stopped where a stream was left, and is told if it reads on."""
    paced: list[bool] = []

    async def times_out() -> None:
        with trio.fail_after(0.1):
            await _consume(stream[1], int)

    with use_cassette(stream[0], pace=0.001):
        trio.run(_consume, stream[1], lambda: paced.append(True))
    assert len(paced) > 8
    edit(stream[0], "  digest:", "  cut:\n    by: app\n  digest:")
    with use_cassette(stream[0]), pytest.raises(trio.TooSlowError):
        trio.run(times_out)
    monkeypatch.setattr(tape, "READS_ON", 0.01)
    with pytest.raises(StreamEndedError), use_cassette(stream[0]):
        trio.run(times_out)
