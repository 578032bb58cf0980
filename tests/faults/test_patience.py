"""An app that loses patience with a late answer may ask again, look for the answer by its id, or give up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest

from pytest_interactions import use_cassette
from pytest_interactions.server.emulator import Emulator
from tests.cassette.clients import KEY, MODEL

if TYPE_CHECKING:
    from pathlib import Path

_HEADERS = {"x-goog-api-key": KEY}


def _ask(url: str, prompt: str, timeout: float | None = 5) -> Any:
    body = {"model": MODEL, "input": prompt}
    return httpx.post(f"{url}/v1beta/interactions", json=body, headers=_HEADERS, timeout=timeout).json()


async def _by_httpx(url: str) -> Any:
    async with httpx.AsyncClient(timeout=None) as client:
        return (await client.post(f"{url}/v1beta/interactions", json=_LIMITED, headers=_HEADERS)).json()


async def _by_aiohttp(url: str) -> Any:
    limits = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=limits, headers=_HEADERS) as session:
        async with session.post(f"{url}/v1beta/interactions", json=_LIMITED) as response:
            return await response.json()


_LIMITED = {"model": MODEL, "input": "Late"}
_POST = {"httpx": _by_httpx, "aiohttp": _by_aiohttp}


def test_an_app_may_give_up_after_an_answer_that_was_late(tmp_path: Path, emulator: Emulator) -> None:
    """What it would have asked for then is no failure."""
    path = tmp_path / "two.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "One")
        _ask(emulator.url, "Two")
    with use_cassette(path, fault={"delay": 60}, fast_forward=True) as cassette:
        with pytest.raises(httpx.ReadTimeout):
            _ask(emulator.url, "One")
    assert len(cassette.exchanges) == 1


@pytest.mark.parametrize("late", [{"fault": {"delay": 60}}, {"pace": "0.0001x"}], ids=["a fault", "the pace"])
def test_an_app_that_asks_again_gets_the_answer_that_was_late(
    late: dict[str, Any], tmp_path: Path, emulator: Emulator
) -> None:
    """And not the next one that was recorded for the same request, whatever made it late."""
    path = tmp_path / "same.yaml"
    with use_cassette(path, record_mode="once"):
        first, second = _ask(emulator.url, "Late"), _ask(emulator.url, "Late")
    with use_cassette(path, fast_forward=True, **late) as cassette:
        with pytest.raises(httpx.ReadTimeout):
            _ask(emulator.url, "Late")
        assert _ask(emulator.url, "Late", None)["id"] == first["id"]
        assert _ask(emulator.url, "Late", None)["id"] == second["id"]
        assert cassette.all_played


@pytest.mark.parametrize("client", ["httpx", "aiohttp"])
@pytest.mark.parametrize("late", [{"fault": {"delay": 60}}, {"pace": "0.0001x"}], ids=["a fault", "the pace"])
def test_a_limit_of_the_app_is_one_of_patience_too(late: dict[str, Any], client: str, tmp_path: Path) -> None:
    """Who gives a request some seconds, and cancels it then, asks for the same answer again."""
    path = tmp_path / "limited.yaml"
    with Emulator() as emulator, use_cassette(path, record_mode="once"):
        number = asyncio.run(_POST[client](emulator.url))["id"]
        asyncio.run(_POST[client](emulator.url))

    async def ask() -> Any:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_POST[client](emulator.url), 5)
        return (await _POST[client](emulator.url))["id"]

    with use_cassette(path, fast_forward=True, unplayed="ignore", **late):
        assert asyncio.run(ask()) == number


def test_an_app_may_look_for_an_answer_whose_events_were_late(tmp_path: Path, emulator: Emulator) -> None:
    """It asks by the id that the first event had, and gets the whole interaction."""
    path = tmp_path / "stream.yaml"
    url, body = f"{emulator.url}/v1beta/interactions", {"model": MODEL, "input": "One", "stream": True}
    with use_cassette(path, record_mode="once"):
        created = httpx.post(f"{url}?alt=sse", json=body, headers=_HEADERS).text
    number = created.partition('"id":"')[2].partition('"')[0]
    with use_cassette(path, fault={"events_delay": 60}, fast_forward=True):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}?alt=sse", json=body, headers=_HEADERS, timeout=5)
        found = httpx.get(f"{url}/{number}", headers=_HEADERS).json()
    assert (found["id"], found["status"]) == (number, "completed")
