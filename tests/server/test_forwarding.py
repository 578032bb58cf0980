"""The API behind an address that has the key, for callers that must not have it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from pytest_interactions import OptionError
from pytest_interactions.commands import main
from pytest_interactions.files import storage
from pytest_interactions.server.forwarding import Allowance, Forwarder
from pytest_interactions.server.serving import Serving
from tests.scripted_server import Answer, Asked, Scripted
from tests.server import raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.requests import Request

    from pytest_interactions.server.emulator import Emulator
    from tests.support import Runner

KEY = "AIzaSyTheKeyOfTheProject-0123456789abcdef"
BODY = {"model": "gemini-3.5-flash", "input": "Hello"}
PATH = "/v1beta/interactions"


@pytest.fixture
def api() -> Iterator[Scripted]:
    """An API that says OK to all."""
    server = Scripted(lambda _: Answer({"id": "v1_a", "usage": {"total_tokens": 7}}))
    yield server
    server.stop()


@contextmanager
def forwarding(upstream: str, allowance: Allowance | None = None) -> Iterator[str]:
    """Forward to `upstream`, and yield the address."""
    with Forwarder(KEY, upstream=upstream, allowance=allowance or Allowance()) as forwarder:
        yield forwarder.url


def refused(answer: httpx.Response) -> str:
    """Return why a request was refused."""
    assert answer.status_code == 403
    assert KEY not in answer.text
    message: str = answer.json()["error"]["message"]
    return message


def test_the_api_gets_the_key_and_none_of_the_callers_own_logins(api: Scripted) -> None:
    with forwarding(api.url) as url:
        answer = httpx.post(
            f"{url}{PATH}?key=mine&alt=sse",
            json=BODY,
            headers={
                "x-goog-api-key": "mine",
                "authorization": "Bearer mine",
                "cookie": "a=mine",
                "x-http-method-override": "DELETE",
            },
        )
    assert answer.json()["id"] == "v1_a"
    (asked,) = api.asked
    assert asked.path == f"{PATH}?alt=sse"
    assert asked.headers["x-goog-api-key"] == KEY
    assert "mine" not in str(asked.headers)
    assert not {"authorization", "cookie", "x-http-method-override"} & {name.lower() for name in asked.headers}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1_abc=="), ("DELETE", "/v1_abc"), ("POST", "/v1_abc/cancel"), ("GET", "/v1_abc?include_input=true")],
)
def test_what_the_interactions_api_has_is_forwarded(api: Scripted, method: str, path: str) -> None:
    with forwarding(api.url) as url:
        assert httpx.request(method, f"{url}{PATH}{path}").status_code == 200
    assert [(asked.method, asked.path) for asked in api.asked] == [(method, PATH + path)]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /v1beta/files HTTP/1.1", 403),
        ("GET /v1beta/interactions HTTP/1.1", 403),
        ("POST /v1beta/models/gemini:generateContent HTTP/1.1", 403),
        ("POST /upload/v1beta/files HTTP/1.1", 403),
        ("PUT /v1beta/interactions HTTP/1.1", 403),
        ("GET /v1beta/interactions/..%2Ffiles HTTP/1.1", 400),
        ("GET /v1beta/interactions/%2e%2e/files HTTP/1.1", 400),
        ("GET /v1beta/interactions/../files HTTP/1.1", 400),
        ("GET /v1beta/interactions/.files HTTP/1.1", 403),
        ("GET /v1beta/interactions/%66iles HTTP/1.1", 403),
        ("GET /v1beta/interactions//files HTTP/1.1", 403),
        ("GET /x/v1beta/interactions/a HTTP/1.1", 403),
        ("GET http://example.com/v1beta/interactions/a HTTP/1.1", 400),
        ("GET /v1beta/interactions/a?$httpMethod=DELETE HTTP/1.1", 403),
        ("TRACE /v1beta/interactions/a HTTP/1.1", 403),
    ],
)
def test_nothing_else_is_forwarded(api: Scripted, line: str, status: int) -> None:
    with forwarding(api.url) as url:
        host = url.removeprefix("http://")
        answered, message = raw.error(raw.send(url, f"{line}\r\nHost: {host}"))
        assert httpx.get(f"{url}/healthz").text == "ok\n"
    assert answered == status
    assert KEY not in message
    assert api.asked == []


def test_a_websocket_is_not_forwarded(api: Scripted) -> None:
    upgrade = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
    upgrade += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    with forwarding(api.url) as url:
        with raw.connect(url) as client:
            text = f"GET {PATH}/live HTTP/1.1\nHost: {url.removeprefix('http://')}\n{upgrade}\n\n"
            client.sendall(text.replace("\n", "\r\n").encode())
            assert raw.error(raw.received(client)) == (403, "Not forwarded: WebSockets are not forwarded.")
    assert api.asked == []


def test_no_page_and_no_other_name_may_call(api: Scripted) -> None:
    with forwarding(api.url) as url:
        assert "web page" in refused(httpx.post(url + PATH, json=BODY, headers={"origin": "https://evil.example"}))
        assert "--allow-host" in refused(httpx.post(url + PATH, json=BODY, headers={"host": "evil.example"}))
    assert api.asked == []


def test_links_and_cookies_of_the_api_do_not_go_on(api: Scripted) -> None:
    api.answer = lambda _: Answer({}, 302, {"location": "https://example.com/", "retry-after": "3"}, cookies=("a=b",))
    with forwarding(api.url) as url:
        answer = httpx.post(url + PATH, json=BODY)
    assert answer.status_code == 302
    assert answer.headers["retry-after"] == "3"
    assert not {"location", "set-cookie"} & set(answer.headers)


def test_requests_end_at_their_limit(api: Scripted) -> None:
    allowance = Allowance(max_requests=2)
    with forwarding(api.url, allowance) as url:
        assert [httpx.post(url + PATH, json=BODY).status_code for _ in range(2)] == [200, 200]
        assert refused(httpx.post(url + PATH, json=BODY)) == (
            "Not forwarded: the limit of 2 requests is reached: --max-requests sets it."
        )
    assert (allowance.requests, allowance.tokens, len(api.asked)) == (2, 7, 2)
    assert allowance.refused.total() == 1


def test_requests_end_when_the_tokens_are_spent(emulator: Emulator) -> None:
    """Those of streams count too, and an interaction that is asked for again counts once."""
    allowance = Allowance(max_tokens=1)
    with forwarding(emulator.url, allowance) as url:
        streamed = httpx.post(f"{url}{PATH}?alt=sse", json={**BODY, "stream": True})
        assert "interaction.completed" in streamed.text
        assert "--max-tokens" in refused(httpx.post(url + PATH, json=BODY))
    assert allowance.tokens > 1
    twice = Allowance()
    with forwarding(emulator.url, twice) as url:
        name = httpx.post(url + PATH, json=BODY).json()["id"]
        once = twice.tokens
        assert httpx.get(f"{url}{PATH}/{name}").json()["id"] == name
    assert twice.tokens == once > 0


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"error": {"code": "bad", "message": f"The key {KEY} is not valid."}}, 400),
        Answer({}, headers={"x-request-id": KEY}),
        Answer(b"{}", headers={"content-encoding": "br"}),
    ],
    ids=["body", "header", "encoding"],
)
def test_an_answer_with_the_key_in_it_does_not_go_on(api: Scripted, answer: Answer) -> None:
    api.answer = lambda _: answer
    allowance = Allowance()
    with forwarding(api.url, allowance) as url:
        came = httpx.post(url + PATH, json=BODY)
    assert came.status_code == 502
    assert "The answer has the key in it" in came.text
    assert KEY not in came.text + str(came.headers)
    assert list(allowance.refused) == ["an answer of the API had the key in it."]


@contextmanager
def streaming(pieces: list[bytes]) -> Iterator[str]:
    """Serve a stream of these pieces, each its own chunk, and yield the address."""

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def answer(request: Request) -> StreamingResponse:
        await request.body()
        return StreamingResponse(stream(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with Serving(app, name="streaming", port=0) as server:
        yield server.url


@pytest.mark.parametrize("cut", [1, 10, len(KEY) - 1])
def test_a_stream_breaks_off_before_the_key_however_it_is_cut(cut: int) -> None:
    pieces = [b"data: {}\n\n", f"data: {KEY[:cut]}".encode(), KEY[cut:].encode(), b"\n\n"]
    came = b""
    with streaming(pieces) as upstream, forwarding(upstream) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            with httpx.stream("POST", url + PATH, json=BODY) as answer:
                for chunk in answer.iter_raw():
                    came += chunk
    assert came.startswith(b"data: {}\n\n")
    assert KEY[:cut].encode() not in came or cut == 1


def test_a_stream_that_only_begins_like_the_key_comes_whole() -> None:
    pieces = [KEY[:5].encode(), b" and more ", KEY[:9].encode()]
    with streaming(pieces) as upstream, forwarding(upstream) as url:
        assert httpx.post(url + PATH, json=BODY).content == b"".join(pieces)


def test_an_api_that_is_not_there_is_said(api: Scripted) -> None:
    api.stop()
    with forwarding(api.url) as url:
        answer = httpx.post(url + PATH, json=BODY)
    assert answer.status_code == 502
    assert f"{api.url} gave no answer" in answer.json()["error"]["message"]


def test_what_is_recorded_through_it_replays_without_it(run: Runner, emulator: Emulator) -> None:
    """Origins of the API are not compared, and the cassette has no key."""
    run.test("def test_it(interactions):\n    assert ask()")
    with Forwarder(KEY, upstream=emulator.url, allowance=Allowance()) as forwarder:
        run.monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", forwarder.url)
        run.monkeypatch.setenv("GEMINI_API_KEY", "kept-by-the-forwarder")
        run._run("--interactions-record-mode=once").assert_outcomes(passed=1)
    run.monkeypatch.delenv("GOOGLE_GEMINI_BASE_URL")
    run.monkeypatch.delenv("GEMINI_API_KEY")
    run.replay().assert_outcomes(passed=1)
    cassette = run.pytester.path / "cassettes" / "test_it" / "test_it.yaml"
    assert KEY not in cassette.read_text("utf-8")
    assert len(storage.load(cassette).exchanges) == 1


@contextmanager
def command(*arguments: str, env: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command, and yield its process and its address."""
    words = [sys.executable, "-m", "pytest_interactions", "forward", *arguments]
    process = subprocess.Popen(
        words, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_the_command_says_how_much_it_forwarded_and_refused(emulator: Emulator) -> None:
    arguments = (
        "--upstream",
        emulator.url,
        "--max-requests",
        "1",
        "--allow-host",
        "forwarder",
        "--allow-origin",
        "http://a",
    )
    with command(*arguments, env={"GEMINI_API_KEY": KEY}) as (process, url):
        first = httpx.post(url + PATH, json=BODY, headers={"host": "forwarder"})
        second = httpx.post(url + PATH, json=BODY, headers={"origin": "http://a"})
        assert (first.status_code, second.status_code) == (200, 403)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stderr is not None
        out, told = process.stdout.read(), process.stderr.read()
        process.wait()
    assert f"export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY=kept-by-the-forwarder" in out
    assert told.startswith("Forwarded 1 requests; ")
    assert "Refused 1 times: the limit of 1 requests is reached" in told
    assert process.returncode == 1
    assert KEY not in out + told


def test_the_command_ends_well_if_nothing_was_refused(emulator: Emulator) -> None:
    env = {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": emulator.url}
    with command(env=env) as (process, url):
        assert httpx.post(url + PATH, json=BODY).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("key", ["", "two\nlines", "pytest-interactions-placeholder"])
def test_without_a_key_the_command_says_what_to_set(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY

    monkeypatch.setenv("GEMINI_API_KEY", PLACEHOLDER_KEY if "placeholder" in key else key)
    assert main(["forward"]) == 2
    assert "set GEMINI_API_KEY or GOOGLE_API_KEY" in capsys.readouterr().err


def test_limits_and_upstreams_that_are_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["forward", "--max-requests", "-1"])
    assert "give a number from 0 on" in capsys.readouterr().err
    with pytest.raises(OptionError, match="is not a URL"):
        Forwarder(KEY, upstream="nowhere", allowance=Allowance())


def test_a_caller_that_leaves_ends_the_request(emulator: Emulator) -> None:
    """The server goes on for others."""
    emulator.on(input="Hello").reply(text=["one", "two"], events_delay=30)
    body: dict[str, Any] = {**BODY, "stream": True}
    with forwarding(emulator.url) as url:
        with httpx.stream("POST", f"{url}{PATH}?alt=sse", json=body) as answer:
            next(answer.iter_raw())
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_the_api_is_asked_for_answers_that_can_be_looked_through(api: Scripted) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"encoding": asked.headers["accept-encoding"]})

    api.answer = answer
    with forwarding(api.url) as url:
        assert httpx.post(url + PATH, json=BODY).json() == {"encoding": "identity"}
