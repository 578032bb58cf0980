"""An app on Vertex AI, whose committed cassettes were recorded with a service account.

Record them anew with:

    pytest tests/vertex/test_vertex.py --interactions-record-mode=rewrite --snapshot-update
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from google import genai

from tests.vertex.google import PROJECT, serving, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "gemini-3.5-flash"
ROOT = Path(__file__).resolve().parents[2]


def _at_the_real_address(request: Any) -> Any:
    """Write the real API's address where the server's was, whose port is another one each time."""
    request.uri = urlunsplit(
        urlsplit(request.uri)._replace(scheme="https", netloc="us-central1-aiplatform.googleapis.com")
    )
    return request


@pytest.fixture
def interactions_config() -> dict[str, Any]:
    """Record the server's traffic as the real API's."""
    return {"before_record_request": _at_the_real_address}


@pytest.fixture(autouse=True)
def _no_keys() -> None:
    """Leave the environment alone: here the plugin looks after credentials, as it does for users."""


@pytest.fixture
def client(interactions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a client, which on replay is told neither a project nor a location."""
    if interactions.record_mode == "none":
        with genai.Client(vertexai=True) as client:
            yield client
        return
    with serving() as server:
        files = write_files(server.url, tmp_path)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(files["service"]))
        monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
        with genai.Client(vertexai=True, project=PROJECT, location="us-central1") as client:
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


@pytest.mark.parametrize("chosen", [(), ("-k", "stream"), ("-k", "content or modes")])
def test_it_replays_in_an_empty_environment(chosen: tuple[str, ...], tmp_path: Path) -> None:
    """There is no file, no home, no variable and no server to log in with; all tests pass, and any of them alone."""
    if os.environ.get("WITHIN"):
        pytest.skip("this is the run in an empty environment")
    needed = ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG")
    environ = {name: os.environ[name] for name in needed if name in os.environ}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/vertex/test_vertex.py", *chosen]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**environ, "WITHIN": "1", "HOME": str(tmp_path / "nobody")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "passed" in ended.stdout
