"""An app on Vertex AI, whose committed cassettes were recorded with a service account.

Record them anew with:

    pytest tests/vertex/test_vertex.py --interactions-record-mode=rewrite --snapshot-update
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import google.auth
import pytest
from google import genai
from google.auth.transport.requests import Request

from tests.support import addressed
from tests.vertex.google import KEY, PROJECT, serving, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# google-auth has types in parts alone.
AUTH: Any = google.auth
MODEL = "gemini-3.5-flash"


def _at_the_real_address(request: Any) -> Any:
    """Write the real API's address where the server's was, whose port is another one each time."""
    region = "us-central1-" if "/projects/" in request.uri else ""
    return addressed(request, f"{region}aiplatform.googleapis.com")


@pytest.fixture
def interactions_config() -> dict[str, Any]:
    """Record the server's traffic as the real API's."""
    return {"before_record_request": _at_the_real_address}


@pytest.fixture(autouse=True)
def _no_keys() -> None:
    """Leave the environment alone: here the plugin looks after credentials, as it does for users."""


@pytest.fixture(autouse=True)
def _google_cloud(interactions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While recording, a server is Google Cloud, with a service account, a project and a key; on replay is nothing."""
    if interactions.record_mode == "none":
        yield
        return
    with serving() as server:
        files = write_files(server.url, tmp_path)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(files["service"]))
        monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
        monkeypatch.setenv("PROJECT", PROJECT)
        monkeypatch.setenv("EXPRESS_KEY", KEY)
        yield


@pytest.fixture
def client() -> Iterator[genai.Client]:
    """Yield a client, which on replay is told neither a project nor a location."""
    project = os.environ.get("PROJECT")
    with genai.Client(vertexai=True, project=project, location="us-central1" if project else None) as client:
        yield client


def test_an_interaction(interactions: Any, client: Any, snapshot_steps: Any) -> None:
    assert client.interactions.create(model=MODEL, input="hi").output_text == "Hello from Vertex AI."
    assert interactions == snapshot_steps


def test_a_stream(interactions: Any, client: Any, snapshot_steps: Any) -> None:
    events = list(client.interactions.create(model=MODEL, input="hi", stream=True))
    assert events[-1].event_type == "interaction.completed"
    assert interactions == snapshot_steps


async def test_both_modes_of_the_asynchronous_client(interactions: Any, client: Any, snapshot_steps: Any) -> None:
    async with client.aio as aio:
        assert (await aio.interactions.create(model=MODEL, input="hi")).output_text == "Hello from Vertex AI."
        stream = await aio.interactions.create(model=MODEL, input="hi", stream=True)
        assert [event.event_type async for event in stream][-1] == "interaction.completed"
        assert (await aio.models.generate_content(model=MODEL, contents="hi")).text == "Hello."
    assert interactions == snapshot_steps


def test_generated_content(interactions: Any, client: Any) -> None:
    assert client.models.generate_content(model=MODEL, contents="hi").text == "Hello."
    chunks = list(client.models.generate_content_stream(model=MODEL, contents="hi"))
    assert [chunk.text for chunk in chunks] == ["Hello."] * 2
    assert len(interactions.exchanges) == 2
    assert interactions.interactions == []


def test_a_name_from_an_answer(client: Any) -> None:
    """A cache's name, with the project's number in it, goes into a path and into a body."""
    cache = client.caches.create(model=MODEL, config={"contents": ["A long document."]})
    assert client.caches.get(name=cache.name).name == cache.name
    answer = client.models.generate_content(model=MODEL, contents="hi", config={"cached_content": cache.name})
    assert answer.text == "Hello."


def test_credentials_of_the_apps_own() -> None:
    """They are looked for and refreshed by the app, as is the project."""
    credentials, project = AUTH.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(Request())
    assert credentials.valid
    with genai.Client(vertexai=True, project=project, location="us-central1", credentials=credentials) as client:
        assert client.models.generate_content(model=MODEL, contents="hi").text == "Hello."


def test_express_mode() -> None:
    """A key of Vertex AI, and no project."""
    with genai.Client(vertexai=True, api_key=os.environ.get("EXPRESS_KEY")) as client:
        assert client.models.generate_content(model=MODEL, contents="hi").text == "Hello."


def test_the_environment_names_a_project_where_one_was_recorded(client: Any) -> None:
    """An app that can't do without finds one that is none."""
    assert os.environ.get("PROJECT") or os.environ["GOOGLE_CLOUD_PROJECT"] == "redacted-project"
    assert client.interactions.create(model=MODEL, input="hi").output_text == "Hello from Vertex AI."
