"""An emulator with a clock that stands still, and clients of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions.server.emulator import Emulator
from tests.emulator.webhook_app import App, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Yield an emulator that gives the same answers every time."""
    with Emulator.steady() as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Any]:
    """Yield an SDK client, typed as `Any` since the SDK types each result as this or a stream of it."""
    client = genai.Client(api_key="any", http_options={"base_url": emulator.url})
    yield client
    client.close()


@pytest.fixture
def rest(emulator: Emulator) -> Iterator[httpx.Client]:
    """Yield an HTTP client, for requests such as those of curl."""
    with httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "any"}) as rest:
        yield rest


@pytest.fixture
def app() -> Iterator[App]:
    """Yield an app with a webhook, which verifies what it is sent."""
    with serving(App()) as app:
        yield app
