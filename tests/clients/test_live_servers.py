"""A test's own server on this machine is not recorded, and what stands for the API there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

from pytest_interactions import CassetteNotFoundError, use_cassette
from pytest_interactions.cassette import own_servers
from tests.cassette.clients import _post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.server.emulator import Emulator

GETS: list[Any] = [httpx.get, requests.get]


class _App(BaseHTTPRequestHandler):
    """An app that asks the API for what it answers."""

    ask: Any

    def do_GET(self) -> None:
        body = json.dumps({"said": self.ask()} if self.path == "/ask" else {"path": self.path}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Starts an app on a port of its own, each time another, and gives its address."""
    servers = []

    def start(ask: Any = None) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("App", (_App,), {"ask": ask}))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("get", GETS)
def test_an_app_on_a_port_is_asked_each_time(get: Any, serve: Any, emulator: Emulator, tmp_path: Path) -> None:
    """Its own calls of the API, in its threads, are what is recorded and replayed."""

    def ask(url: str = emulator.url) -> str:
        answer = httpx.request(**_post(url, "hi")).json()
        return str(answer["steps"][-1]["content"][0]["text"])

    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as recording:
        assert get(f"{serve(staticmethod(ask))}/ask").json() == {"said": "You said: hi"}
        assert [exchange.request.uri for exchange in recording.exchanges] == [f"{emulator.url}/v1beta/interactions"]
    emulator.stop()
    with use_cassette(path) as replay:
        url = serve(staticmethod(lambda: ask("https://generativelanguage.googleapis.com")))
        assert get(f"{url}/ask").json() == {"said": "You said: hi"}
        assert get(f"{url}/health?x=1").json() == {"path": "/health?x=1"}
        assert len(replay.exchanges) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/interactions",
        "/v1beta/models/m:generateContent",
        "/upload/v1beta/files",
        "/proxy/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent",
        "/v1beta/cachedContents/x",
    ],
)
def test_a_path_of_the_api_s_is_recorded_wherever_it_is(path: str, serve: Any, tmp_path: Path) -> None:
    """A local server that stands for the API is never passed by, on replay either."""
    url = serve()
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        httpx.post(url + path, json={})
        assert len(recording.exchanges) == 1
    with pytest.raises(CassetteNotFoundError), use_cassette(tmp_path / "none.yaml"):
        httpx.post(url + path, json={})


@pytest.mark.parametrize("path", ["/", "/v1/users", "/v1/interactions-log", "/models", "/api/v2/modelsheet"])
def test_another_path_passes_by(path: str, serve: Any, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml") as replay:
        assert httpx.get(serve() + path).json() == {"path": path}
    assert replay.exchanges == []
    with use_cassette(tmp_path / "c.yaml", record_mode="rewrite"):
        httpx.get(serve() + path)
    assert not (tmp_path / "c.yaml").exists()


@pytest.mark.parametrize("variable", ["GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"])
def test_the_base_url_of_the_environment_is_the_api(
    variable: str, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its paths are: a gateway may have others than the API."""
    url = serve()
    monkeypatch.setenv(variable, f"{url}/gateway")
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        httpx.get(f"{url}/gateway/chat")
        httpx.get(f"{serve()}/chat")
    assert [exchange.request.uri for exchange in recording.exchanges] == [f"{url}/gateway/chat"]


def test_other_addresses_can_be_recorded(serve: Any, tmp_path: Path) -> None:
    """Those that the option names, with a port or without."""
    url = serve()
    for name in (url.removeprefix("http://"), "127.0.0.1"):
        with use_cassette(tmp_path / "c.yaml", record_mode="rewrite", recorded_hosts=[name]) as recording:
            httpx.get(f"{url}/x")
        assert len(recording.exchanges) == 1


CHILD = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def _process(*before: str) -> Iterator[str]:
    """Serve in another process; the address."""
    command = [*before, sys.executable, "-c", CHILD]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # and its child


def test_an_app_in_a_child_process_is_asked_each_time(tmp_path: Path) -> None:
    """And in a child of that one, as a shell's."""
    for before in ((), (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")):
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, _process(*before) as url:
            assert httpx.get(url).status_code == 200
        assert recording.exchanges == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell whose server it is")
def test_a_server_that_others_have_started_is_recorded(serve: Any, tmp_path: Path) -> None:
    """It is no part of the test, and may be gone on replay."""
    script = "import sys, httpx\nfrom pytest_interactions import use_cassette\n"
    script += "with use_cassette(sys.argv[1], record_mode='once'): print(httpx.get(sys.argv[2]).json())"
    url = f"{serve()}/x"
    command = [sys.executable, "-c", script, str(tmp_path / "c.yaml"), url]
    assert "/x" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with use_cassette(tmp_path / "c.yaml") as replay:
        httpx.get(url)
        assert len(replay.exchanges) == 1


def test_where_the_system_does_not_tell_each_server_is_the_test_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_servers, "_PROC", Path("/nowhere"))
    assert own_servers.is_own(1)


def test_processes_and_files_that_go_meanwhile_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may end while it is looked at, and a system may have no IPv6."""
    (tmp_path / "self/net").mkdir(parents=True)
    row = "0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1"
    (tmp_path / "self/net/tcp").write_text(f"  sl  local_address\n{row}\n")
    (tmp_path / "12").mkdir()
    (tmp_path / "12/stat").mkdir()
    monkeypatch.setattr(own_servers, "_PROC", tmp_path)
    assert not own_servers.is_own(80)
    assert not own_servers.is_own(81)
