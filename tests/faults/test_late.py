"""Answers that a fault has made late: who does not wait for one may ask again, and who got it may not."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest

from pytest_interactions import CassetteMissError, use_cassette
from tests.commands.showing import API, cassette, exchange
from tests.faults.test_choice import EVENTS, SENT

if TYPE_CHECKING:
    from pathlib import Path

_MODES = pytest.mark.parametrize(
    ("name", "fault"), [("hello", {"delay": 60}), ("stream", {"events_delay": 60})], ids=["unary", "stream"]
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cassette with an answer in JSON and a stream."""
    answers = exchange(SENT["hello"], {"id": "hello"}), exchange(SENT["stream"], EVENTS)
    return cassette(tmp_path / "c.yaml", *answers)


def opened(path: Path, **options: Any) -> Any:
    """Open the cassette for a test that asks for one of both."""
    return use_cassette(path, unplayed="ignore", **options)


@_MODES
def test_an_app_with_a_limit_of_its_own_may_ask_again(name: str, fault: dict[str, Any], path: Path) -> None:
    """It leaves a request of aiohttp, whose answer somebody else is still reading."""

    async def app() -> str:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2), session.post(API, json=SENT[name]) as response:
                    await response.text()
            async with session.post(API, json=SENT[name]) as response:
                return await response.text()

    with opened(path, fault=fault, fast_forward=True):
        assert asyncio.run(app())


@_MODES
def test_an_app_may_ask_a_second_time_before_the_answer_comes(name: str, fault: dict[str, Any], path: Path) -> None:
    """As apps do that take the first answer of two."""

    async def app() -> list[int]:
        async with httpx.AsyncClient(timeout=None) as client:
            first = asyncio.create_task(client.post(API, json=SENT[name]))
            assert (await asyncio.wait([first], timeout=2))[1]
            second = await client.post(API, json=SENT[name])
            return [second.status_code, (await first).status_code]

    with opened(path, fault=fault, fast_forward=True):
        assert asyncio.run(app()) == [200, 200]


def test_threads_may_ask_a_second_time_too(path: Path) -> None:
    """While one of them waits, in real time."""
    with opened(path, fault={"delay": 0.3}), ThreadPoolExecutor() as pool:
        first = pool.submit(httpx.post, API, json=SENT["hello"])
        with pytest.raises(TimeoutError):
            first.result(0.1)
        assert httpx.post(API, json=SENT["hello"]).status_code == 200
        assert first.result().status_code == 200


@_MODES
def test_an_answer_that_came_is_not_played_again(name: str, fault: dict[str, Any], path: Path) -> None:
    """However late it was, and though each would be."""
    with pytest.raises(CassetteMissError), opened(path, fault=fault | {"times": "all"}, fast_forward=True):
        assert httpx.post(API, json=SENT[name], timeout=None).status_code == 200
        httpx.post(API, json=SENT[name])
