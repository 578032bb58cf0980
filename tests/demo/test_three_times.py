"""Every section of the quickstart through every client: live, while recording, and on replay."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import _interactions as errors

from pytest_interactions.demo.clients import rest, sdk
from pytest_interactions.demo.sections import SECTIONS, Section
from pytest_interactions.server.emulator import Emulator
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.demo.sections import Api

REAL = "https://generativelanguage.googleapis.com"


class AsyncSdk:
    """The SDK's asynchronous half, waited for call by call."""

    def __init__(self, client: Any, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def create(self, **body: Any) -> dict[str, Any]:
        """Create an interaction, and return it; of an error, return the body."""
        try:
            return self._dumped(self._runner.run(self._client.aio.interactions.create(**body)))
        except errors.APIStatusError as error:
            return dict(error.body)  # type: ignore[call-overload, no-any-return]

    def stream(self, **body: Any) -> list[dict[str, Any]]:
        """Create an interaction as a stream, and return its events."""

        async def events() -> list[Any]:
            return [event async for event in await self._client.aio.interactions.create(**body, stream=True)]

        return [self._dumped(event) for event in self._runner.run(events())]

    def get(self, name: str) -> dict[str, Any]:
        """Return the interaction with this id."""
        return self._dumped(self._runner.run(self._client.aio.interactions.get(name)))

    @staticmethod
    def _dumped(model: Any) -> dict[str, Any]:
        dumped: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
        return dumped


@contextmanager
def async_sdk(url: str, key: str) -> Iterator[AsyncSdk]:
    """Yield google-genai's asynchronous client."""
    client = genai.Client(api_key=key, http_options={"base_url": url})
    with asyncio.Runner() as runner:
        yield AsyncSdk(client, runner)
        runner.run(client.aio.aclose())
    client.close()


def unsigned(value: Any) -> Any:
    """Return a value without its signatures, which are redacted on replay."""
    if isinstance(value, list):
        return [unsigned(each) for each in value]
    if isinstance(value, dict):
        return {key: unsigned(each) for key, each in value.items() if key != "signature"}
    return value


@pytest.mark.parametrize("client", [sdk, async_sdk, rest])
@pytest.mark.parametrize("section", SECTIONS, ids=[section.name for section in SECTIONS])
def test_equal_three_times(
    tmp_path: Path, section: Section, client: Callable[[str, str], AbstractContextManager[Api]]
) -> None:
    """What the app sees is the same live, while recording, and on replay at the real address without a key."""

    def held(url: str, key: str) -> list[Any]:
        return unsigned(section.hold(lambda own: client(url, own or key)))  # type: ignore[no-any-return]

    with Emulator.steady() as emulator:
        live = held(emulator.url, "any")
    with Emulator.steady() as emulator, use_cassette(tmp_path / "cassette.yaml", record_mode="once"):
        recorded = held(emulator.url, "any")
    with use_cassette(tmp_path / "cassette.yaml"):
        replayed = held(REAL, "placeholder")
    assert live == recorded == replayed
    assert live
