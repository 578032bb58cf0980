"""A cassette behind a local address: what another process records and replays through it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import CassetteFormatError, CassetteMissError, OptionError
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.files import storage
from pytest_interactions.options import Options, RecordMode
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.server import ReplayServer
from tests.cassette.clients import CLIENTS, KEY, MODEL, _post
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator
    from tests.server.conftest import Served

AGENT = """
from google import genai
client = genai.Client()
print(client.interactions.create(model="gemini-3.5-flash", input="Hello").output_text)
for event in client.interactions.create(model="gemini-3.5-flash", input="Count", stream=True):
    print(event.event_type)
"""


def _ask(url: str, prompt: str) -> httpx.Response:
    return httpx.request(**_post(url, prompt))


def _text(response: httpx.Response) -> str:
    text: str = response.raise_for_status().json()["steps"][-1]["content"][0]["text"]
    return text


def test_a_python_program_records_and_replays(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in another process, given nothing but the server's environment, says the same both times."""
    printed = []
    for serve, key in ((served.record, KEY), (served.replay, "")):
        monkeypatch.setenv("GEMINI_API_KEY", key)
        with serve() as server:
            env = os.environ | server.env
            ended = subprocess.run([sys.executable, "-c", AGENT], env=env, capture_output=True, text=True, check=False)
        assert ended.stderr == ""
        printed.append(ended.stdout)
    assert printed[0].startswith("You said: Hello\ninteraction.created\n")
    assert printed[1] == printed[0]


@pytest.mark.parametrize("client", ["genai-async-stream", "httpx2", "requests", "urllib3", "aiohttp"])
def test_this_process_may_use_the_server_too(client: str, served: Served) -> None:
    """A request that this process sends to its own server is recorded once, and replayed through it."""
    answers = []
    for serve in (served.record, served.replay):
        with serve() as server:
            answers.append(CLIENTS[client](server.url, "Hello"))
    assert len(storage.load(served.path).exchanges) == 1
    assert json.dumps(answers[0])[:100] == json.dumps(answers[1])[:100]


def test_what_one_way_in_records_replays_through_the_other(served: Served) -> None:
    """A cassette recorded through the server replays in process, and the other way round."""
    with served.record() as server:
        first = _text(_ask(server.url, "Hello"))
    with use_cassette(served.path):
        assert _text(_ask(served.emulator.url, "Hello")) == first
    with use_cassette(served.path, record_mode="rewrite"):
        second = _text(_ask(served.emulator.url, "Goodbye"))
    with served.replay() as server:
        assert _text(_ask(server.url, "Goodbye")) == second


def test_the_recorded_address_is_the_api_s(served: Served) -> None:
    """The cassette holds the address of the API, never that of the server."""
    with served.record() as server:
        _ask(f"{server.url}", "Hello")
    [exchange] = storage.load(served.path).exchanges
    assert exchange.request.uri == f"{served.emulator.url}/v1beta/interactions"


def test_a_miss_is_an_api_error_and_fails_the_owner(served: Served) -> None:
    """A request without a recording gets the API's own kind of 404 with the difference, and the test can't pass."""
    with served.record() as server:
        _ask(server.url, "Hello")
    with pytest.raises(CassetteMissError, match='input: "Hello" -> "Help"'), served.replay() as server:
        response = _ask(server.url, "Help")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error"]["code"] == "not_found"
        assert 'input: "Hello" -> "Help"' in response.json()["error"]["message"]


def test_the_sdk_does_not_retry_a_miss(served: Served) -> None:
    """The SDK, with its usual retries, asks once and raises its own error with our words."""
    from google import genai

    with served.record() as server:
        _ask(server.url, "Hello")
    with pytest.raises(CassetteMissError), served.replay() as server:
        client = genai.Client(api_key="any", http_options={"base_url": server.url})
        with pytest.raises(Exception, match="has no recording that answers this request"):
            client.interactions.create(model=MODEL, input="Help")
        assert len(server._cassette.failures) == 1


def test_fifty_clients_get_their_own_answers(served: Served) -> None:
    """Fifty clients at once, some leaving mid-stream, each get the answer to their own prompt, live and on replay."""

    def one(number: int) -> str:
        if number % 10 == 0:
            with httpx.stream(**_post(url, f"leave {number}", stream=True), timeout=30) as response:
                next(response.iter_raw())
            return "left"
        return _text(httpx.request(**_post(url, f"prompt {number}"), timeout=30))

    for serve in (served.record, served.replay):
        with serve() as server, ThreadPoolExecutor(50) as pool:
            url = server.url
            answers = list(pool.map(one, range(50)))
        assert answers == ["left" if n % 10 == 0 else f"You said: prompt {n}" for n in range(50)]


def test_uploads_come_back_through_the_server(served: Served) -> None:
    """The address that the API gives for the next part of an upload leads through the server, live and on replay."""
    answers = []
    for serve in (served.record, served.replay):
        with serve() as server, httpx.Client(headers={"x-goog-api-key": KEY}) as client:
            start = client.post(
                f"{server.url}/upload/v1beta/files",
                headers={
                    "x-goog-upload-protocol": "resumable",
                    "x-goog-upload-command": "start",
                    "x-goog-upload-header-content-type": "text/plain",
                },
                json={"file": {"display_name": "notes"}},
            )
            target = start.headers["x-goog-upload-url"]
            assert target.startswith(f"{server.url}/upload/v1beta/files?upload_id=")
            command = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
            answers.append(client.post(target, headers=command, content=b"hello").json()["file"])
    assert answers[0]["sizeBytes"] == "5"
    assert answers[1] == answers[0]
    assert answers[0]["uri"].startswith(served.emulator.url), "what the API is told about stays the API's"


def test_media_in_files_of_their_own_are_served(served: Served) -> None:
    """Media that the cassette keeps beside itself come whole; one that is gone is an error before anything is sent."""
    served.emulator.on(input="Paint").reply(text="x" * 10)
    request = _post("", "Paint") | {"json": {"model": "gemini-3.1-flash-image", "input": "Generate an image"}}
    answers = []
    for serve in (served.record, served.replay):
        with serve(media_threshold=100) as server:
            answers.append(httpx.request(**request | {"url": server.url + request["url"]}).json())
    assert answers[0]["steps"][-1] == answers[1]["steps"][-1]
    for file in served.path.with_suffix(".media").iterdir():
        file.unlink()
    with pytest.raises(CassetteFormatError), served.replay() as server:
        response = httpx.request(**request | {"url": server.url + request["url"]})
        assert response.status_code == 400
        assert "media file" in response.json()["error"]["message"]


def test_an_unreachable_api_is_said_to_be(served: Served) -> None:
    """An API that can't be reached is a 502 that names it; nothing is recorded."""
    served.emulator.stop()
    with served.record() as server:
        response = _ask(server.url, "Hello")
    assert response.status_code == 502
    assert served.emulator.url in response.json()["error"]["message"]
    with served.record(before_record_request=lambda _: None) as server:
        assert _ask(server.url, "Hello").status_code == 502
    assert not served.path.exists()


def test_what_a_hook_keeps_out_is_sent_and_not_recorded(served: Served) -> None:
    """A request that `before_record_request` wants no record of goes to the API all the same."""
    with served.record(before_record_request=lambda _: None) as server:
        assert _text(_ask(server.url, "Hello")) == "You said: Hello"
    assert not served.path.exists()


def test_a_placeholder_is_never_sent_on(served: Served) -> None:
    """A live request with the placeholder key is refused with the reason, and no status that a client retries."""
    with pytest.raises(Exception, match="was not sent"), served.record() as server:
        response = httpx.request(**_post(server.url, "Hello") | {"headers": {"x-goog-api-key": PLACEHOLDER_KEY}})
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "failed_precondition"
    assert served.emulator.requests == []


def test_the_environment_has_the_key_only_where_it_is_needed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording hands the real key on to the program; replay hands out one that is none."""
    monkeypatch.setenv("GOOGLE_API_KEY", "the-real-key-1234")
    with served.record() as server:
        assert server.env == {"GOOGLE_GEMINI_BASE_URL": server.url, "GEMINI_API_KEY": "the-real-key-1234"}
        _ask(server.url, "Hello")
    with served.replay(unplayed="ignore") as server:
        assert server.env["GEMINI_API_KEY"] == PLACEHOLDER_KEY


def test_the_environment_says_where_the_api_is(tmp_path: Path, emulator: Emulator, monkeypatch: Any) -> None:
    """Without an upstream of its own, the server records what `GOOGLE_GEMINI_BASE_URL` names."""
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.url)
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette, ReplayServer(cassette) as server:
        _ask(server.url, "Hello")
    assert len(emulator.requests) == 1


def test_it_listens_on_loopback_only(served: Served) -> None:
    """Only 127.0.0.1 is listened on: not even another address of this machine's loopback network."""
    with served.record() as server:
        port = int(server.url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_client_that_leaves_while_it_asks_harms_nobody(served: Served) -> None:
    """A connection that breaks in the middle of a request is forgotten, and the next one is served."""
    with served.record() as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"POST /v1beta/interactions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
        assert _text(_ask(server.url, "Hello")) == "You said: Hello"


def test_a_wrong_upstream_is_an_error_at_once(tmp_path: Path) -> None:
    """An upstream that is no URL is named before anything listens."""
    with (
        use_cassette(tmp_path / "c.yaml") as cassette,
        pytest.raises(OptionError, match="upstream: 'localhost:80' is not a URL"),
    ):
        ReplayServer(cassette, upstream="localhost:80")


def test_no_key_is_logged(tmp_path: Path, emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative log level, nothing that is logged holds the key of the header or of the URL."""
    cassette = open_cassette(tmp_path / "c.yaml", Options(record_mode=RecordMode.ONCE), rerecord=str)
    body = json.dumps({"model": MODEL, "input": "Hello"}).encode()
    caplog.set_level("DEBUG")
    with ReplayServer(cassette, upstream=emulator.url) as server:
        headers = {"x-goog-api-key": KEY, "content-type": "application/json"}
        url = f"{server.url}/v1beta/interactions?key={KEY}"
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
            assert response.status == 200
    cassette.close(failed=False)
    assert "Using selector" in caplog.text
    assert "send_request_headers" not in caplog.text
    assert "uvicorn.access" not in caplog.text
    assert KEY not in caplog.text


def test_the_cassette_of_a_test_is_begun_and_finished_by_nobody_else(served: Served) -> None:
    """The calls of `serve` are not answered for the cassette of a test, nor sent on."""
    with served.record() as server:
        for call in ("begin", "finish"):
            answer = httpx.post(f"{server.url}/_interactions/{call}")
            assert answer.status_code == 404
            assert answer.json()["error"]["message"] == "The cassette of this server begins and finishes with its test."
    assert served.emulator.requests == []
