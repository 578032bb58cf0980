"""`pytest-interactions serve`: cassettes for any test runner, or a shell."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions.files import storage
from tests.cassette.clients import KEY, _post, sdk
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

_MAIN = [sys.executable, "-c", "import sys; from pytest_interactions.commands import main; sys.exit(main())"]


class Running:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().rstrip("\n")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Stop the server, and return its exit status and what it printed after the first line."""
        self.process.send_signal(by)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        # Not by communicate(), which knows nothing of what was read ahead with the first line.
        out, err = self.process.stdout.read(), self.process.stderr.read()
        return self.process.wait(10), out, err


@contextmanager
def _serve(*arguments: str | Path, env: dict[str, str] | None = None) -> Iterator[Running]:
    command = [*_MAIN, "serve", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (env or {})
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def _refused(*arguments: str | Path) -> str:
    """Return the one line of a command that can't be done."""
    ended = subprocess.run(
        [*_MAIN, "serve", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=10
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    return line


def _ask(url: str, prompt: str) -> httpx.Response:
    return httpx.request(**_post(url, prompt))


def _text(response: httpx.Response) -> str:
    text: str = response.raise_for_status().json()["steps"][-1]["content"][0]["text"]
    return text


def _prompts(path: Path) -> list[str]:
    return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_records_saves_and_replays(by: signal.Signals, emulator: Emulator, tmp_path: Path) -> None:
    """The address is the first line, alone; a signal saves what was recorded and ends it with status 0."""
    path = tmp_path / "talk.yaml"
    with _serve(path, "--record-mode", "once", env=emulator.env) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert _text(_ask(server.url, "Hello")) == "You said: Hello"
        status, out, err = server.stop(by)
    assert (status, err) == (0, f"{path}: saved\n")
    assert f"export GOOGLE_GEMINI_BASE_URL={server.url}\n" in out
    assert _prompts(path) == ["Hello"]
    emulator.stop()
    with _serve(path) as server:
        assert _text(_ask(server.url, "Hello")) == "You said: Hello"
        assert server.stop()[0] == 0


def test_a_cassette_of_this_package_s_tests_is_served_too(emulator: Emulator, tmp_path: Path) -> None:
    """What was recorded in process replays from the command, and what it records replays in process."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "a")
    with _serve(path, "--record-mode", "new_episodes", "--upstream", emulator.url) as server:
        assert _text(_ask(server.url, "a")) == "You said: a"
        assert _text(_ask(server.url, "b")) == "You said: b"
        assert server.stop()[0] == 0
    assert len(emulator.requests) == 2
    with use_cassette(path):
        assert [_text(_ask(emulator.url, prompt)) for prompt in "ab"] == ["You said: a", "You said: b"]


def test_a_killed_server_loses_no_finished_exchange(emulator: Emulator, tmp_path: Path) -> None:
    """What clients had in full when the server was killed, unary or streamed, is served by the next one."""
    path = tmp_path / "c.yaml"
    gate_request = _post("", "Count", stream=True)
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        answers = [_ask(server.url, str(n)).json() for n in range(3)]
        with httpx.stream(**gate_request | {"url": server.url + gate_request["url"]}) as response:
            for line in response.iter_lines():  # what follows the last event is not waited for
                if line == "data: [DONE]":
                    break
            assert server.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    assert not path.exists()
    emulator.stop()
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        replayed = [_ask(server.url, str(n)).json() for n in range(3)]
        stream = httpx.request(**gate_request | {"url": server.url + gate_request["url"]})
        _, _, err = server.stop()
    assert [a["steps"][-1] for a in replayed] == [a["steps"][-1] for a in answers]
    assert stream.text.endswith("data: [DONE]\n\n")
    assert err == f"{path}: recovered what a killed process had recorded, exchanges: 4\n{path}: saved\n"


def test_a_directory_has_a_cassette_for_each_test(emulator: Emulator, tmp_path: Path) -> None:
    """The path's first segment names the cassette, for the SDK too; parallel tests have each their own."""
    directory = tmp_path / "talks"
    with _serve(directory, "--record-mode", "once", "--upstream", emulator.url) as server:
        for name in ("one", "two words", "päth"):
            with sdk(f"{server.url}/{name}") as client:
                client.interactions.create(model="gemini-3.5-flash", input=name)
        status, out, _ = server.stop()
    assert status == 0
    assert f"GOOGLE_GEMINI_BASE_URL={server.url}/NAME" in out
    assert sorted(file.name for file in directory.iterdir()) == ["one.yaml", "päth.yaml", "two words.yaml"]
    emulator.stop()
    with _serve(directory) as server:
        assert _text(_ask(f"{server.url}/two%20words", "two words")) == "You said: two words"
        assert _text(_ask(f"{server.url}/one", "one")) == "You said: one"
        missed = _ask(f"{server.url}/one", "two words")
        unknown = _ask(f"{server.url}/three", "two words")
        _, _, err = server.stop()
    assert missed.status_code == unknown.status_code == 404
    assert 'input: "one" -> "two words"' in missed.json()["error"]["message"]
    assert str(directory / "three.yaml") in unknown.json()["error"]["message"]
    assert 'input: "one" -> "two words"' in err


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "v1beta", "upload", "%20", ""])
def test_a_path_never_leaves_the_directory(name: str, emulator: Emulator, tmp_path: Path) -> None:
    """A path that names no cassette inside the directory is an error that says so, and nothing is sent or written."""
    directory = tmp_path / "talks"
    with _serve(directory, "--record-mode", "once", "--upstream", emulator.url) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:  # clients tidy such paths up
            client.sendall(
                f"GET /{name}/interactions/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        assert server.stop()[0] == 0
    assert answer.startswith("HTTP/1.1 400 ")
    assert json.loads(answer.rpartition("\r\n")[2])["error"]["message"]
    assert emulator.requests == []
    assert list(tmp_path.iterdir()) == []


def test_links_lead_back_to_the_same_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """An upload's next address keeps the name of the cassette in front."""
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        headers = {"x-goog-api-key": KEY, "x-goog-upload-command": "start", "x-goog-upload-protocol": "resumable"}
        answer = httpx.post(f"{server.url}/talk/upload/v1beta/files", headers=headers, json={"file": {}})
        assert answer.headers["x-goog-upload-url"].startswith(f"{server.url}/talk/upload/v1beta/files?upload_id=")


def test_options_are_those_of_the_plugin(emulator: Emulator, tmp_path: Path) -> None:
    """Options that add up may be given twice; one that can't be is named."""
    path = tmp_path / "c.yaml"
    arguments = ("--keep-headers", "x-one", "--keep-headers", "x-two", "--redact", "Hello")
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url, *arguments) as server:
        request = _post(server.url, "Hello")
        httpx.request(**request | {"headers": request["headers"] | {"x-one": "1", "x-two": "2", "x-three": "3"}})
        server.stop()
    text = path.read_text()
    assert "x-one" in text
    assert "x-two" in text
    assert "x-three" not in text
    assert "Hello" not in text
    refused = "pytest-interactions: command line: pace: 'fast' is not a number of seconds"
    assert _refused(path, "--pace", "fast").startswith(refused)


def test_what_can_t_be_served_is_said_in_one_line(emulator: Emulator, tmp_path: Path) -> None:
    """A cassette that isn't there, one that can't be read, a port that is taken, an upstream that is none."""
    path = tmp_path / "c.yaml"
    assert _refused(path).endswith(f"{path}: no such cassette or directory. To make it: --record-mode once")
    assert "upstream: 'x' is not a URL" in _refused(path, "--record-mode", "once", "--upstream", "x")
    assert "in use" in _refused(path, "--record-mode", "once", "--port", emulator.url.rpartition(":")[2])
    path.write_text("no cassette")
    assert f"{path}:1: this is not a cassette" in _refused(path)


def test_a_recording_that_can_t_be_saved_is_an_error(emulator: Emulator, tmp_path: Path) -> None:
    """Where a cassette can't be written, the status is not 0, the reason is printed, and the others are saved."""
    (tmp_path / "bad").write_text("a file where a directory should be")
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        _ask(f"{server.url}/bad%2Finside", "lost")
        _ask(f"{server.url}/good", "kept")
        status, _, err = server.stop()
    assert status == 2
    assert "The recording was kept in " in err
    assert _prompts(tmp_path / "good.yaml") == ["kept"]


def test_it_listens_on_loopback_unless_told_otherwise(emulator: Emulator, tmp_path: Path) -> None:
    """Another address is listened on only if `--host` says so."""
    arguments = (tmp_path / "c.yaml", "--record-mode", "once", "--upstream", emulator.url)
    with _serve(*arguments) as server:
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url.replace("127.0.0.1", "127.0.0.2") + "/healthz")
        server.stop()
    with _serve(*arguments, "--host", "0.0.0.0") as server:
        assert httpx.get(server.url.replace("0.0.0.0", "127.0.0.2") + "/healthz").text == "ok\n"
        server.stop()
    with _serve(*arguments, "--host", "::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{server.url}/healthz").text == "ok\n"
        server.stop()


def test_a_key_is_never_printed(emulator: Emulator, tmp_path: Path) -> None:
    """Neither a request that is recorded nor one that fails leaves its key on the output or in a file."""
    path = tmp_path / "c.yaml"
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        _ask(server.url, "Hello")
        _, *printed = server.stop()
    with _serve(path) as server:
        missed = httpx.post(f"{server.url}/v1beta/interactions?key={KEY}", json={"input": f"my key is {KEY}"})
        _, *more = server.stop()
    assert "Hello" in missed.text
    assert KEY not in "".join([*printed, *more, missed.text, path.read_text()])


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Where starlette or uvicorn is missing, the command is one line that says which extra to install."""
    for missing in ("starlette", "uvicorn"):
        without = f"import sys; sys.modules[{missing!r}] = None\n"
        code = f"{without}from pytest_interactions.commands import main; sys.exit(main())"
        command = [sys.executable, "-c", code, "serve", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"pytest-interactions: the replay server needs {missing}")
        assert ended.stderr.endswith("which is missing: pip install 'pytest-interactions[server]'\n")
        assert len(ended.stderr.splitlines()) == 1
