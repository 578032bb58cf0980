"""Background work, get, cancel, delete, streams that are resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.genai import _interactions as errors

if TYPE_CHECKING:
    import httpx

    from pytest_interactions.server.emulator import Emulator

MODEL = "gemini-3.5-flash"


def test_background(client: Any) -> None:
    """Background work is queued, goes on at the first poll and is complete at the second and ever after."""
    started = client.interactions.create(model=MODEL, input="Analyse", background=True)
    assert (started.status, started.steps) == ("queued", None)
    polls = [client.interactions.get(started.id) for _ in range(3)]
    assert [poll.status for poll in polls] == ["in_progress", "completed", "completed"]
    assert polls[-1].output_text == "You said: Analyse"


def test_cancel(client: Any) -> None:
    """Background work can be cancelled, once."""
    started = client.interactions.create(model=MODEL, input="Analyse", background=True)
    assert client.interactions.cancel(started.id).status == "cancelled"
    assert client.interactions.get(started.id).status == "cancelled"
    with pytest.raises(errors.APIError, match="is cancelled and can't be cancelled"):
        client.interactions.cancel(started.id)


def test_delete(client: Any) -> None:
    """A deleted interaction is not found."""
    made = client.interactions.create(model=MODEL, input="Hello")
    client.interactions.delete(made.id)
    with pytest.raises(errors.APIError, match="not found"):
        client.interactions.get(made.id)


def test_get_with_input(client: Any) -> None:
    """`include_input` puts what the user sent before the steps, and beside them."""
    made = client.interactions.create(model=MODEL, input="Hello")
    bare = client.interactions.get(made.id)
    full = client.interactions.get(made.id, include_input=True)
    assert [step.type for step in bare.steps or []] == ["thought", "model_output"]
    assert [step.type for step in full.steps or []] == ["user_input", "thought", "model_output"]
    assert full.input is not None


def test_get_as_a_stream(client: Any) -> None:
    """A stored interaction streams again, from after any event of it."""
    made = client.interactions.create(model=MODEL, input="Hello")
    events: list[Any] = list(client.interactions.get(made.id, stream=True))
    rest: list[Any] = list(client.interactions.get(made.id, stream=True, last_event_id=events[3].event_id))
    assert [event.event_id for event in rest] == [event.event_id for event in events[4:]]
    assert events[-1].interaction.status == "completed"


def test_resuming_after_an_unknown_event(rest: httpx.Client) -> None:
    """A stream can't be resumed after an event that it does not have."""
    made = rest.post("/v1/interactions", json={"model": MODEL, "input": "Hello"}).json()
    answer = rest.get(f"/v1/interactions/{made['id']}", params={"alt": "sse", "last_event_id": "x"})
    assert answer.json()["error"]["message"] == "Invalid value at 'last_event_id': 'x'."


def test_background_stream(client: Any) -> None:
    """A background stream has event ids, and leaves a completed interaction."""
    events: list[Any] = list(client.interactions.create(model=MODEL, input="Hi", background=True, stream=True))
    assert all(event.event_id for event in events)
    assert client.interactions.get(events[0].interaction.id).status == "completed"


@pytest.mark.parametrize("operation", ["get", "delete", "cancel"])
def test_scripted_errors_of_the_other_operations(emulator: Emulator, rest: httpx.Client, operation: str) -> None:
    """A script can let get, cancel and delete fail too."""
    made = rest.post("/v1/interactions", json={"model": MODEL, "input": "Hello"}).json()
    emulator.on(operation=operation).reply(error=500, times=1)
    method, tail = {"get": ("GET", ""), "delete": ("DELETE", ""), "cancel": ("POST", "/cancel")}[operation]
    assert rest.request(method, f"/v1/interactions/{made['id']}{tail}").status_code == 500


def test_files(client: Any, rest: httpx.Client, tmp_path: Any) -> None:
    """A file goes up by the SDK's resumable upload, is found, listed, and deleted."""
    path = tmp_path / "sample.txt"
    path.write_bytes(b"x" * 9_000_000)  # more than the SDK sends at once
    file = client.files.upload(file=path)
    assert (file.mime_type, file.size_bytes) == ("text/plain", 9_000_000)
    assert client.files.get(name=file.name).uri == file.uri
    assert [listed.name for listed in client.files.list()] == [file.name]
    client.files.delete(name=file.name)
    assert rest.get(f"/v1beta/{file.name}").status_code == 403


def test_upload_url(rest: httpx.Client) -> None:
    """An upload begins with a URL to go on at; one that was not begun is not found."""
    start = {"x-goog-upload-command": "start"}
    answer = rest.post("/upload/v1beta/files", headers=start, json={"file": {"name": "files/mine"}})
    url = answer.headers["x-goog-upload-url"]
    assert "upload_id=" in url
    done = rest.post(url, headers={"x-goog-upload-command": "upload, finalize"}, content=b"abc").json()
    assert (done["file"]["name"], done["file"]["sizeBytes"]) == ("files/mine", "3")
    assert rest.post(url, content=b"abc").status_code == 404
