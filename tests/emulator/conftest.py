"""An emulator with a clock that stands still, and the SDK's client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from google import genai

from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.steady() as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> genai.Client:
    return genai.Client(api_key="any", http_options={"base_url": emulator.url})


@pytest.fixture
def rest(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "any"}) as rest:
        yield rest
