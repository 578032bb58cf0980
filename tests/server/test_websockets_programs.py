"""WebSockets of programs in processes of their own: the SDKs of Python and JavaScript, `ws`, and `serve` itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from pytest_interactions.api.exchange import Cut
from pytest_interactions.files import storage
from tests.live.talk import PATH, event, live_sdk, serving, talk_in_thread, text
from tests.server.sockets import live, recorded, served
from tests.support import node

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A key that is nobody's, which an app has while it is recorded.
KEY = f"AIzaSyA-{'k' * 31}"
_DOCS = Path(__file__).parents[2] / "docs" / "any-language.md"
_MODULES = Path(__file__).parents[1] / "javascript" / "node_modules"

SDK = """
import asyncio, sys, warnings
from google import genai

async def main():
    warnings.simplefilter("ignore")
    async with genai.Client().aio.interactions.connect("v1_abc") as session:
        async for event in session.receive():
            print(event.event_type)
            if event.event_type == "interaction.connected":
                await session.send(sys.argv[1])

asyncio.run(main())
"""

WS = """
import WebSocket from "ws";
const url = process.env.GOOGLE_GEMINI_BASE_URL.replace(/^http/, "ws") + "/v1beta/interactions/live";
const socket = new WebSocket(url, { headers: { "x-goog-api-key": process.env.GEMINI_API_KEY } });
socket.on("open", () => socket.send(JSON.stringify({ event_type: "interaction.connect", id: "v1_abc" })));
socket.on("message", (data, isBinary) => {
  const { event_type } = JSON.parse(data);
  console.log(isBinary, event_type);
  if (event_type === "interaction.connected")
    socket.send(JSON.stringify({ event_type: "input", content: [{ type: "text", text: process.argv[2] }] }));
  if (event_type === "interaction.completed") socket.close(1000, "done");
});
socket.on("close", (code, reason) => console.log("closed", code, String(reason)));
"""


def interactions(connection: Any) -> None:
    """An API with live interactions: it answers an input by one step, and ends."""
    for message in connection:
        told = json.loads(message)
        if told["event_type"] == "interaction.connect":
            connection.send(event("interaction.connected", interaction_id=told["id"]))
        elif told["event_type"] == "input":
            connection.send(event("step.start", index=0, step={"type": "model_output"}))
            delta = {"type": "text", "text": f"You said: {told['content'][0]['text']}"}
            connection.send(event("step.delta", index=0, delta=delta))
            connection.send(event("step.stop", index=0))
            connection.send(event("interaction.completed", interaction={"id": "v1_abc", "status": "completed"}))


def bidi(connection: Any) -> None:
    """An API as it was before: `BidiGenerateContent`, with JSON in binary frames."""
    for message in connection:
        is_setup = "setup" in json.loads(message)
        turn = {"modelTurn": {"parts": [{"text": "Hello!"}]}, "turnComplete": True}
        connection.send(json.dumps({"setupComplete": {}} if is_setup else {"serverContent": turn}).encode())


def _run(command: list[str], env: dict[str, str], at: Path) -> str:
    ended = subprocess.run(
        command, env=os.environ | env, cwd=at, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _both_ways(api: Any, command: list[str], at: Path) -> list[str]:
    """Run a program while it is recorded, and again with the API gone; what it printed each time."""
    path = at / "c.yaml"
    with serving(api) as running, served(path, running.base) as server:
        printed = [_run(command, server.env | {"GEMINI_API_KEY": KEY}, at)]
    with served(path) as server:
        printed.append(_run(command, server.env, at))
    assert KEY not in path.read_text()
    return printed


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine is between a program and the server."""
    monkeypatch.setenv("no_proxy", "*")


def test_the_sdk_of_python(tmp_path: Path) -> None:
    """A program with `interactions.connect`, given nothing but the server's environment, says the same both times."""
    live_sdk()
    first, second = _both_ways(interactions, [sys.executable, "-c", SDK, "Hi"], tmp_path)
    assert first.split() == [
        "interaction.connected",
        "step.start",
        "step.delta",
        "step.stop",
        "interaction.completed",
    ]
    assert second == first


def test_ws_of_javascript(tmp_path: Path) -> None:
    """A program with the library `ws` has live interactions, and closes them itself."""
    (tmp_path / "node_modules").symlink_to(_MODULES)
    (tmp_path / "talk.mjs").write_text(WS)
    first, second = _both_ways(interactions, [node(), "talk.mjs", "Hi"], tmp_path)
    assert first.splitlines()[0] == "false interaction.connected"
    assert first.splitlines()[-1] == "closed 1000 done"
    assert second == first


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The program of the documentation, beside the packages that it needs."""
    (source,) = re.findall(r"^```js\n// live\.mjs\n(.*?)^```$", _DOCS.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "live.mjs").write_text(source)
    (tmp_path / "node_modules").symlink_to(_MODULES)
    return tmp_path


def test_the_sdk_of_javascript(recipe: Path) -> None:
    """The documentation's program with `ai.live.connect` says the same both times."""
    assert _both_ways(bidi, [node(), "live.mjs"], recipe) == ["Hello!\n", "Hello!\n"]
    frames = (recipe / "c.yaml").read_text()
    assert "BidiGenerateContent" in frames
    assert "form: binary" in frames


# --- the fixture ---


def test_a_changed_message_of_a_child_fails_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test passes its own assertions and fails all the same if its child says something else on a WebSocket."""
    live_sdk()
    pytester.makepyfile(child=SDK)

    def run(words: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(
            test_it=f"""
import os, subprocess, sys

def test_it(interactions_server):
    subprocess.run([sys.executable, "child.py", {words!r}], env=os.environ | interactions_server.env)
"""
        )
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:recording", *args)

    with serving(interactions) as api, monkeypatch.context() as patch:
        patch.setenv("GOOGLE_GEMINI_BASE_URL", api.base)
        patch.setenv("GEMINI_API_KEY", KEY)
        run("Hi", "--interactions-record-mode=once").assert_outcomes(passed=1)
    run("Hi").assert_outcomes(passed=1)
    changed = run("Hello")
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(["*frame 3 of *", '*content[[]0[]].text: "Hi" -> "Hello"*', "*rewrite*"])


# --- serve ---


@contextmanager
def _serve(*arguments: str, env: dict[str, str] | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "pytest_interactions", "serve", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (env or {})
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server
        finally:
            server.kill()


def _call(url: str, name: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{url}/_interactions/{name}", json=body, timeout=30)


def test_a_directory_of_cassettes(tmp_path: Path) -> None:
    """WebSockets below a cassette's name are recorded and replayed by calls, which say what was not as recorded."""
    with serving() as api, _serve(str(tmp_path), "--record-mode", "once", "--upstream", api.base) as (url, _):
        begun = _call(url, "begin", cassette="weather").json()
        assert talk_in_thread(live(begun["url"]), text("Hi"), text("Bye")) == [text("Hi"), text("Bye")]
        report = _call(url, "finish", cassette="weather").json()
        assert [each["method"] for each in report["recorded"]] == ["GET"]
    with _serve(str(tmp_path)) as (url, _):
        assert talk_in_thread(live(f"{url}/weather"), text("Hi"), text("Bye")) == [text("Hi"), text("Bye")]
        finished = _call(url, "finish", cassette="weather")
        assert (finished.status_code, len(finished.json()["played"])) == (200, 1)

        _call(url, "begin", cassette="weather")
        talk_in_thread(live(url), text("Hi"), text("Buy"))  # to the one that was begun last
        finished = _call(url, "finish", cassette="weather")
        assert finished.status_code == 409
        assert 'content[0].text: "Bye" -> "Buy"' in finished.json()["error"]["message"]
        assert len(finished.json()["misses"]) == 1

        _call(url, "begin", cassette="weather")
        talk_in_thread(live(url), text("Hi"))
        finished = _call(url, "finish", cassette="weather")
        assert finished.status_code == 409
        assert "did not send 1 of 2 messages" in finished.json()["error"]["message"]

        _call(url, "begin", cassette="weather", unplayed="ignore")
        talk_in_thread(live(url), text("Hi"))
        assert _call(url, "finish", cassette="weather").status_code == 200


def test_the_older_paths_below_a_directory(tmp_path: Path) -> None:
    """The paths of the older Live API lead to a cassette by its name, or to the one that was begun last."""
    old = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    with serving() as api, _serve(str(tmp_path), "--record-mode", "once", "--upstream", api.base) as (url, _):
        with pytest.raises(InvalidStatus, match="400"):
            talk_in_thread(live(url, old), "a")
        assert talk_in_thread(live(f"{url}/one", f"/{old}"), "a") == ["a"]
        _call(url, "begin", cassette="two")
        assert talk_in_thread(live(url, f"/{old}"), "b") == ["b"]
        for name in ("one", "two"):
            assert _call(url, "finish", cassette=name).status_code == 200
    assert {path.name: recorded(path).request.uri for path in tmp_path.glob("*.yaml")} == {
        "one.yaml": f"ws{api.base.removeprefix('http')}{old}",
        "two.yaml": f"ws{api.base.removeprefix('http')}{old}",
    }


@pytest.mark.parametrize("unsaid", [False, True])
def test_a_connection_that_is_open_at_the_finish(unsaid: bool, tmp_path: Path) -> None:
    """It is broken off: at once if all is said that was recorded, and after a while if more may be on its way."""
    path = tmp_path / "c.yaml"
    with serving() as api, _serve(str(path), "--record-mode", "once", "--upstream", api.base) as (url, _):
        with connect(live(url)) as app:
            for message in ("a", "b"):
                app.send(message)
                assert app.recv() == message
            assert _call(url, "finish").status_code == 200
            with pytest.raises(ConnectionClosedError):
                app.recv()
    assert recorded(path).cut == Cut(by="app")
    assert len(storage.load(path).exchanges) == 1
    with _serve(str(path)) as (url, _), connect(live(url)) as app:
        for message in "a" if unsaid else "ab":
            app.send(message)
            assert app.recv() == message
        start = time.monotonic()
        assert _call(url, "finish").status_code == (409 if unsaid else 200)
        assert (time.monotonic() - start > 1.5) == unsaid
        with pytest.raises(ConnectionClosedError):
            app.recv()


def test_what_is_open_when_the_server_ends_is_saved(tmp_path: Path) -> None:
    """SIGTERM saves what was said on a connection that stands; the end names what was missed."""
    path = tmp_path / "c.yaml"
    with serving() as api, _serve(str(path), "--record-mode", "once", "--upstream", api.base) as (url, server):
        with connect(live(url)) as app:
            app.send("a")
            assert app.recv() == "a"
            server.terminate()
            _, told = server.communicate(timeout=30)
        assert server.returncode == 0
    assert told.endswith("c.yaml: saved\n")
    assert recorded(path).cut == Cut(by="app")
    with _serve(str(path)) as (url, server):
        talk_in_thread(live(url), "b", answers=1)
        server.terminate()
        _, told = server.communicate(timeout=30)
    assert 'body: "a" -> "b"' in told
    assert "frame 1 of 2" in told
    assert "Traceback" not in told


def test_http_goes_on_beside_it(tmp_path: Path) -> None:
    """A connection that asks over HTTP may become a WebSocket's, and health is told all the while."""
    path = tmp_path / "c.yaml"
    with serving() as api, _serve(str(path), "--record-mode", "once", "--upstream", api.base) as (url, _):
        with httpx.Client() as client, connect(live(url, PATH)) as app:
            for message in ("a", "b"):
                assert client.get(f"{url}/healthz").text == "ok\n"
                app.send(message)
                assert app.recv() == message
