"""An app on Vertex AI, whose tests replay without credentials, a project or a network."""

from __future__ import annotations

import os
from typing import Any

import google.auth
import pytest
from google import genai
from google.auth.transport.requests import Request

pytestmark = [pytest.mark.interactions, pytest.mark.usefixtures("google_cloud")]

MODEL = "gemini-3.5-flash"


def _client(**options: Any) -> genai.Client:
    """A client of the project that the environment names."""
    project, location = os.environ["GOOGLE_CLOUD_PROJECT"], os.environ["GOOGLE_CLOUD_LOCATION"]
    return genai.Client(vertexai=True, project=project, location=location, **options)


def test_interaction() -> None:
    client = _client()
    assert client.interactions.create(model=MODEL, input="Hello").output_text == "Hello from Vertex AI."


def test_interaction_streamed() -> None:
    client = _client()
    stream = client.interactions.create(model=MODEL, input="Hello", stream=True)
    assert [event.event_type for event in stream][-1] == "interaction.completed"


async def test_interaction_async() -> None:
    async with _client().aio as client:
        answer = await client.interactions.create(model=MODEL, input="Hello")
        assert answer.output_text == "Hello from Vertex AI."


async def test_interaction_async_streamed() -> None:
    async with _client().aio as client:
        stream = await client.interactions.create(model=MODEL, input="Hello", stream=True)
        assert [event.event_type async for event in stream][-1] == "interaction.completed"


def test_generate_content() -> None:
    client = _client()
    assert client.models.generate_content(model=MODEL, contents="Hello").text == "Hello."
    assert [each.text for each in client.models.generate_content_stream(model=MODEL, contents="Hello")] == ["Hello."] * 2


async def test_generate_content_async() -> None:
    async with _client().aio as client:
        assert (await client.models.generate_content(model=MODEL, contents="Hello")).text == "Hello."
        stream = await client.models.generate_content_stream(model=MODEL, contents="Hello")
        assert [each.text async for each in stream] == ["Hello."] * 2


def test_a_name_from_an_answer() -> None:
    """A cache's name, with the project's number in it, goes into a path and into a body."""
    client = _client()
    cache = client.caches.create(model=MODEL, config={"contents": ["A long document."]})
    assert cache.name
    assert client.caches.get(name=cache.name).name == cache.name
    answer = client.models.generate_content(model=MODEL, contents="Hello", config={"cached_content": cache.name})
    assert answer.text == "Hello."


def test_credentials_of_the_apps_own() -> None:
    """They are looked for and refreshed by the app, as is the project."""
    credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(Request())
    assert credentials.valid
    client = genai.Client(vertexai=True, project=project, location="us-central1", credentials=credentials)
    assert client.models.generate_content(model=MODEL, contents="Hello").text == "Hello."


def test_express_mode() -> None:
    """A key of Vertex AI, and no project."""
    client = genai.Client(vertexai=True, api_key=os.environ.get("EXPRESS"))
    assert client.models.generate_content(model=MODEL, contents="Hello").text == "Hello."
