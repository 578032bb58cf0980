"""The quickstart in JavaScript and in a shell, and the recipes of the documentation, through the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from pytest_interactions.files import storage
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import sdk
from tests.support import node, program, use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import Served

_TESTS = Path(__file__).parents[1]
_SECTIONS = sorted(_TESTS.glob("javascript/sections/*.mjs")) + sorted(_TESTS.glob("shell/sections/*.sh"))
_RECIPES = _TESTS.parent / "docs" / "any-language.md"
# Redaction replaces them, and the quickstart prints some.
_SIGNATURE = re.compile(r"""(signature"?: ?["'])[^"']*""")


def _command(script: Path) -> list[str]:
    if script.suffix == ".mjs":
        return [node(), str(script)]
    program("curl")
    program("jq")
    return [program("bash"), "-eu", str(script)]


def _run(command: list[str], at: Path, env: dict[str, str]) -> str:
    ended = subprocess.run(command, cwd=at, env=os.environ | env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine is between a program and the server."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize("script", _SECTIONS, ids=lambda path: path.name)
def test_the_quickstart_says_the_same_without_the_api(
    script: Path, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A section prints and writes the same when it is recorded from the emulator and when it is replayed without it."""
    command = _command(script)
    said = []
    for serve in (served.record, served.replay):
        monkeypatch.setenv("GEMINI_API_KEY", served.emulator.env["GEMINI_API_KEY"] if serve == served.record else "")
        at = tmp_path / serve.__name__
        at.mkdir()
        Image.new("RGB", (8, 8), "grey").save(at / "sample.jpg")
        with serve() as server:
            printed = _run(command, at, server.env)
        written = {file.name: file.read_bytes() for file in at.iterdir()}
        said.append((_SIGNATURE.sub(r"\1", printed), written))
    assert said[1] == said[0]
    assert served.emulator.requests
    printed, written = said[0]
    assert printed or "generated_image.png" in written


def _turns(client: Any) -> str:
    """The Python of the quickstart's conversation with the history on the server."""
    first = client.interactions.create(model="gemini-3.5-flash", input="I have 2 dogs in my house.")
    second = client.interactions.create(
        model="gemini-3.5-flash", input="How many paws are in my house?", previous_interaction_id=first.id
    )
    return f"Response 1: {first.output_text}\nResponse 2: {second.output_text}\n"


def _stateless(client: Any) -> str:
    """The Python of the quickstart's conversation with the history in the client."""
    history: list[Any] = [{"type": "user_input", "content": [{"type": "text", "text": "I have 2 dogs in my house."}]}]
    first = client.interactions.create(model="gemini-3.5-flash", store=False, input=history)
    asked = {"type": "user_input", "content": [{"type": "text", "text": "How many paws are in my house?"}]}
    history += [*(step.model_dump() for step in first.steps), asked]
    second = client.interactions.create(model="gemini-3.5-flash", store=False, input=history)
    return f"Response 1: {first.output_text}\nResponse 2: {second.output_text}\n"


@pytest.mark.parametrize(("script", "python"), [("04_turns.mjs", _turns), ("04_turns_stateless.mjs", _stateless)])
def test_javascript_and_python_share_cassettes(script: str, python: Any, served: Served, tmp_path: Path) -> None:
    """What the JavaScript SDK recorded through the server replays for the Python SDK in process, and vice versa."""
    command = [node(), str(_TESTS / "javascript" / "sections" / script)]
    key = {"GEMINI_API_KEY": "any-key-at-all"}
    with served.record() as server:
        said = _run(command, tmp_path, server.env | key)
    with use_cassette(served.path), sdk(served.emulator.url) as client:
        assert python(client) == said
    with use_cassette(served.path, record_mode="rewrite"), sdk(served.emulator.url) as client:
        assert python(client) == said
    with served.replay() as server:
        assert _run(command, tmp_path, server.env) == said


# --- the recipes ---


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A directory with each file that the documentation shows."""
    directory = tmp_path / "recipes"
    directory.mkdir()
    for name, text in re.findall(
        r"^```\w+\n(?:#|//) (\S+\.\w+)\n(.*?)^```$", _RECIPES.read_text(), re.MULTILINE | re.DOTALL
    ):
        (directory / name).write_text(text)
    assert {"test_agent.py", "agent.py", "agent.test.mjs", "talk.sh", "finish.sh", "faults.sh"} <= {
        file.name for file in directory.iterdir()
    }
    return directory


def _with_command(env: dict[str, str]) -> dict[str, str]:
    """An environment in which `pytest-interactions` is found."""
    return env | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def test_the_recipe_for_a_program_that_pytest_starts(recipes: Path, served: Served) -> None:
    """The documentation's pytest test with a Python program records and replays as it says."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:recording", "-p", "no:cacheprovider"]
    recorded = _run([*command, "--interactions-record-mode=once"], recipes, served.emulator.env)
    served.emulator.stop()
    assert "1 passed" in recorded
    assert "1 passed" in _run(command, recipes, {})
    assert (recipes / "cassettes" / "test_agent" / "test_agent.yaml").exists()


def test_the_recipe_for_node(recipes: Path, served: Served) -> None:
    """The documentation's tests under node's own runner record and replay as it says, with a cassette each."""
    command = [node(), "--test"]
    (recipes / "node_modules").symlink_to(_TESTS / "javascript" / "node_modules")
    recorded = _run(command, recipes, _with_command(served.emulator.env | {"RECORD_MODE": "once"}))
    served.emulator.stop()
    replayed = _run(command, recipes, _with_command({}))
    for output in (recorded, replayed):
        assert re.search(r"^\S pass 2$", output, re.MULTILINE)
    assert sorted(file.name for file in (recipes / "cassettes").iterdir()) == ["hello.yaml", "stream.yaml"]


def test_the_recipe_for_node_finds_out_what_is_not_as_recorded(recipes: Path, served: Served) -> None:
    """The documentation's tests fail with the difference, and for what they leave out, each for itself."""
    command = [node(), "--test"]
    (recipes / "node_modules").symlink_to(_TESTS / "javascript" / "node_modules")
    _run(command, recipes, _with_command(served.emulator.env | {"RECORD_MODE": "once"}))
    served.emulator.stop()
    suite = recipes / "agent.test.mjs"
    suite.write_text(suite.read_text().replace("Say: Hello", "Say: Help") + 'recorded("stream", async () => {});\n')
    env = os.environ | _with_command({})
    ended = subprocess.run(command, cwd=recipes, env=env, capture_output=True, text=True, check=False)
    assert re.search(r"^\S pass 1$", ended.stdout, re.MULTILINE), ended.stdout
    assert re.search(r"^\S fail 2$", ended.stdout, re.MULTILINE)
    assert 'input: "Say: Hello" -> "Say: Help"' in ended.stdout
    assert "1 of 1 recorded exchanges were not asked for" in ended.stdout


def test_the_recipe_for_a_cassette_that_is_finished(recipes: Path, served: Served) -> None:
    """The documentation's calls by curl begin and finish a cassette of a running server, which is saved and replays."""
    program("curl")
    command = [str(Path(sys.executable).parent / "pytest-interactions"), "serve", "talks", "--record-mode", "once"]
    told = []
    with _serving(command, recipes, served.emulator.env) as url:
        for _ in range(2):
            printed = _run([program("sh"), "finish.sh"], recipes, {"url": url})
            begun, answer, report = [json.loads(each) for each in re.split(r"(?<=\})(?=\{\")", printed)]
            assert begun["url"] == f"{url}/weather"
            assert answer["status"] == "completed"
            told.append((len(report["recorded"]), len(report["played"]), report["misses"]))
    assert told == [(1, 0, []), (0, 1, [])]
    assert len(served.emulator.requests) == 1


def test_the_recipe_for_faults_in_pytest(recipes: Path, served: Served) -> None:
    """The documentation's marker lets the program ask again, with the recording of the test above it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:recording", "-p", "no:cacheprovider"]
    _run([*command, "--interactions-record-mode=once"], recipes, served.emulator.env)
    served.emulator.stop()
    (test,) = re.findall(r"^```python\n(@pytest\.mark\..*?)^```$", _RECIPES.read_text(), re.MULTILINE | re.DOTALL)
    imports = "import os\nimport subprocess\nimport sys\n\nimport pytest\n\n\n"
    (recipes / "test_faults.py").write_text(imports + test)
    assert "2 passed" in _run(command, recipes, {})


def test_the_recipe_for_faults_in_a_shell(recipes: Path, served: Served) -> None:
    """The documentation's calls by curl get what its comments say, and the finishes list what hit."""
    program("curl")
    serve = [str(Path(sys.executable).parent / "pytest-interactions"), "serve", "talks"]
    script = (recipes / "faults.sh").read_text()
    with _serving([*serve, "--record-mode", "once"], recipes, served.emulator.env) as url:
        _run([program("sh"), "finish.sh"], recipes, {"url": url})
    with _serving(serve, recipes, {}) as url:
        printed = _run([program("sh"), "faults.sh"], recipes, {"url": url})
    comments = re.findall(r"^ask # ([a-z]+ [0-9]+)", script, re.MULTILINE)
    asked = re.findall(r"^(status [0-9]+), (curl [0-9]+)$", printed, re.MULTILINE)
    assert len(asked) == 6
    assert all(comment in each for comment, each in zip(comments, asked, strict=True))
    finished = map(json.loads, re.findall(r'"faults":(\[.*?\]),"storms"', printed))
    assert [len(faults) for faults in finished] == [1, 2, 1]


@contextmanager
def _serving(command: list[str], at: Path, env: dict[str, str]) -> Iterator[str]:
    """Run a server, and yield its address."""
    with subprocess.Popen(command, cwd=at, env=os.environ | env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def test_the_recipe_for_a_shell(recipes: Path, served: Served) -> None:
    """The documentation's script prints a stream when it records, and the same when it replays."""
    program("curl")
    command = [program("sh"), "talk.sh"]
    recorded = _run(command, recipes, _with_command(served.emulator.env | {"RECORD_MODE": "once"}))
    served.emulator.stop()
    replayed = _run(command, recipes, _with_command({}))
    assert recorded.endswith("event: done\ndata: [DONE]\n\n")
    assert _SIGNATURE.sub(r"\1", replayed) == _SIGNATURE.sub(r"\1", recorded)


def test_curl_gets_each_event_when_it_comes(served: Served) -> None:
    """Curl prints the first event while the API stands before the second, and every byte of the stream."""
    gate = Hold(before=1)
    served.emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    with served.record() as server:
        command = [program("curl"), "-s", "--no-buffer", f"{server.url}/v1beta/interactions?alt=sse"]
        body = '{"model": "gemini-3.5-flash", "input": "Count", "stream": true}'
        with subprocess.Popen(
            [*command, "-H", "x-goog-api-key: any", "-d", body], stdout=subprocess.PIPE, text=True
        ) as curl:
            assert curl.stdout is not None
            assert curl.stdout.readline() == "event: interaction.created\n"
            gate.wait_reached()
            assert served.emulator.requests[0].events_sent == 1
            gate.release()
            printed = "event: interaction.created\n" + curl.stdout.read()
    [exchange] = storage.load(served.path).exchanges
    assert _SIGNATURE.sub(r"\1", printed) == _SIGNATURE.sub(r"\1", exchange.response.body.decode())
    assert printed.endswith("event: done\ndata: [DONE]\n\n")
