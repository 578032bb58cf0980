"""Secrets planted in real traffic, recorded, and looked for in every byte that was written."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions import PlaceholderError, SecretLeakError
from pytest_interactions.api import sse
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import MODEL
from tests.redaction.support import ENCODINGS, SIGNATURE, holds
from tests.redaction.test_places import KNOWN
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

SECRET = "pl4nted-Secret_of-this/test+1"


def ask(url: str, document: dict[str, Any] | None = None, **options: Any) -> Any:
    """Ask with plain httpx, with another key than the planted secret unless a header says so."""
    options["headers"] = {"x-goog-api-key": "another-key-1234"} | options.get("headers", {})
    body = {"model": MODEL, "input": "Hello"} | (document or {})
    return httpx.post(f"{url}/v1beta/interactions", json=body, **options).content


def sdk_ask(url: str, **options: Any) -> Any:
    """Ask with the SDK, whose key is the planted secret."""
    client: Any = genai.Client(api_key=SECRET, http_options={"base_url": url, "retry_options": {"attempts": 1}})
    answer = client.interactions.create(**{"model": MODEL, "input": "Hello"} | options)
    return [event.event_type for event in answer] if options else answer.output_text


def upload(url: str) -> Any:
    """Upload a file with the SDK's two requests, the second of which goes where the first's answer says."""
    headers = {"x-goog-api-key": SECRET, "x-goog-upload-command": "start", "x-goog-upload-protocol": "resumable"}
    start = httpx.post(f"{url}/upload/v1beta/files", json={"file": {"display_name": "a"}}, headers=headers)
    headers = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    return httpx.post(start.headers["x-goog-upload-url"], content=b"\x00\xff bytes", headers=headers).json()


PLANTS: dict[str, Callable[[str], Any]] = {
    "the SDK's key": sdk_ask,
    "the SDK's key, streamed": lambda url: sdk_ask(url, stream=True),
    "?key=": lambda url: ask(url, params={"key": SECRET}),
    "Authorization": lambda url: ask(url, headers={"Authorization": f"Bearer {SECRET}"}),
    "Authorization, basic": lambda url: ask(url, auth=("user", SECRET)),
    "a cookie": lambda url: ask(url, headers={"Cookie": f"a=b; session={SECRET}"}),
    "MCP headers": lambda url: ask(
        url, {"tools": [{"type": "mcp_server", "name": "m", "url": url, "headers": {"Authorization": SECRET}}]}
    ),
    "an environment's variable": lambda url: ask(
        url, {"environment": {"type": "remote", "env": {"A": {"value": SECRET}, "B": SECRET}}}
    ),
    "a network's transform": lambda url: ask(
        url,
        {"environment": {"network": {"allowlist": [{"domain": "*", "transform": {"Authorization": SECRET}}]}}},
    ),
    "an Exa key": lambda url: ask(url, {"tools": [{"type": "retrieval", "exa_ai_search_config": {"api_key": SECRET}}]}),
    "a Parallel key": lambda url: ask(
        url, {"tools": [{"type": "retrieval", "parallel_ai_search_config": {"api_key": SECRET}}]}
    ),
    "a prompt with the key": lambda url: ask(url, {"input": f"Is {SECRET} a key?"}, headers={"x-goog-api-key": SECRET}),
    "an upload": upload,
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_planted_secret_never_reaches_the_disk(
    plant: Callable[[str], Any], emulator: Emulator, tmp_path: Path
) -> None:
    """Wherever a client sends a secret, nothing written holds it, and the recording replays."""
    directory = tmp_path / "cassettes"
    with use_cassette(directory / "c.yaml", record_mode="once"):
        first = plant(emulator.url)
    assert any(SECRET.encode() in _sent(received) for received in emulator.requests)
    emulator.stop()
    _assert_clean(directory)
    with use_cassette(directory / "c.yaml") as replay:
        second = plant(emulator.url)
    assert replay.all_played
    assert _comparable(second) == _comparable(first)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
def test_an_echoed_key_never_reaches_the_disk(
    encode: Callable[[str], str], stream: bool, emulator: Emulator, tmp_path: Path
) -> None:
    """In an error's message and in the model's words, written in any way."""
    emulator.on(input="Hello").reply(error=400, message=f"API key {encode(SECRET)} is not valid.", times=1)
    emulator.on(input="Hello").reply(text=f"Your key is {encode(SECRET)}!")
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        for _ in range(2):
            ask(emulator.url, {"stream": stream}, headers={"x-goog-api-key": SECRET})
    assert [exchange.response.status for exchange in cassette.exchanges] == [400, 200]
    assert (tmp_path / "c.yaml").read_text().count("REDACTED") >= 2
    _assert_clean(tmp_path)


def test_a_key_echoed_in_pieces_never_reaches_the_disk(emulator: Emulator, tmp_path: Path) -> None:
    """Cut at every place into two deltas, and at many into three, it can't be put together again."""
    cuts = [(place,) for place in range(1, len(SECRET))] + list(combinations(range(1, len(SECRET), 5), 2))
    for number, cut in enumerate(cuts):
        pieces = [SECRET[a:b] for a, b in zip((0, *cut), (*cut, None), strict=True)]
        emulator.on(input=f"Number {number}.").reply(text=["It is ", *pieces, "."])
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        for number in range(len(cuts)):
            ask(emulator.url, {"input": f"Number {number}.", "stream": True}, headers={"x-goog-api-key": SECRET})
    for exchange in cassette.exchanges:
        events = [event.json() for event in sse.decode(exchange.response.body)]
        texts = [event["delta"].get("text", "") for event in events if event and "delta" in event]
        assert "".join(texts) == "It is REDACTED."
    _assert_clean(tmp_path)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
def test_every_signed_step_is_recorded_with_a_short_signature(stream: bool, emulator: Emulator, tmp_path: Path) -> None:
    """Every signature of every type of step, one of 3 MB, is short in the file; the resent history matches."""
    large = base64.b64encode(b"\n$" + bytes(range(256)) * 12_000).decode()
    steps = [step | {"signature": SIGNATURE[:-4] + f"{n:04d}"} for n, step in enumerate(KNOWN)]
    steps[0]["signature"] = large
    emulator.on(input="Hello").reply(steps=steps, status="completed")

    def started(events: Any) -> list[Any]:
        """The signed steps that a stream is made of, each of a type that the SDK knows."""
        history: list[Any] = []
        for event in events:
            if event.event_type == "step.start":
                history.append(event.step.model_dump(exclude_none=True))
            elif event.event_type == "step.delta":
                delta = event.delta.model_dump(exclude_none=True)
                history[-1] |= delta | {"type": history[-1]["type"]}
        return history

    def converse() -> list[str]:
        client: Any = genai.Client(api_key=SECRET, http_options={"base_url": emulator.url})
        answer = client.interactions.create(model=MODEL, input="Hello", stream=stream)
        history = started(answer) if stream else [step.model_dump(exclude_none=True) for step in answer.steps]
        body = {"input": [{"type": "user_input", "content": [{"type": "text", "text": "On"}]}, *history]}
        ask(emulator.url, body)
        return [step["type"] for step in history]

    with use_cassette(tmp_path / "c.yaml", record_mode="once", lint="off"):
        assert converse() == [step["type"] for step in KNOWN]
    emulator.stop()
    text = (tmp_path / "c.yaml").read_text()
    assert len(text) < 100_000
    assert SIGNATURE[:40] not in text
    assert large[:40] not in text
    assert scan(text, Secrets()) == []
    with use_cassette(tmp_path / "c.yaml", lint="off") as replay:
        assert converse() == [step["type"] for step in KNOWN]
    assert replay.all_played


def test_a_conversation_continued_from_a_replayed_turn_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    """A placeholder is never sent to the API: the error comes first, and says why."""

    def turn(history: list[Any]) -> Any:
        return json.loads(ask(emulator.url, {"input": history, "store": False}))["steps"]

    hello = {"type": "user_input", "content": [{"type": "text", "text": "Hello"}]}
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        turn([hello])
    sent = len(emulator.requests)
    with (
        pytest.raises(PlaceholderError, match=r"\$\.input\[1\]\.signature"),
        use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"),
    ):
        turn([hello, *turn([hello]), hello])
    with (
        pytest.raises(PlaceholderError, match="header x-goog-api-key"),
        use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"),
    ):
        ask(emulator.url, {"input": "New"}, headers={"x-goog-api-key": PLACEHOLDER_KEY})
    assert len(emulator.requests) == sent


def test_no_hook_opens_a_hole(emulator: Emulator, tmp_path: Path) -> None:
    """What a hook puts into a response is redacted, and what can't be is refused with its place and no secret."""

    def leak(response: dict[str, Any]) -> dict[str, Any]:
        body = {"text": SECRET, "steps": [{"type": "thought", "signature": SIGNATURE}]}
        return response | {"body": {"string": json.dumps(body).encode()}}

    def hide(response: dict[str, Any]) -> dict[str, Any]:
        return response | {"body": {"string": gzip.compress(SECRET.encode())}}

    options: dict[str, Any] = {"record_mode": "once"}
    with use_cassette(tmp_path / "a" / "c.yaml", before_record_response=leak, **options):
        ask(emulator.url, headers={"x-goog-api-key": SECRET})
    _assert_clean(tmp_path)
    with (
        pytest.raises(SecretLeakError, match=r"a known secret in interactions\[0\]\.response\.body") as caught,
        use_cassette(tmp_path / "b" / "c.yaml", before_record_response=hide, **options),
    ):
        ask(emulator.url, headers={"x-goog-api-key": SECRET})
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "b" / "c.yaml").exists()


def test_a_value_sent_before_it_was_known_as_a_key_is_found(emulator: Emulator, tmp_path: Path) -> None:
    """What the first request says is redacted with what the second one shows to be a secret."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        ask(emulator.url, {"input": f"What is {SECRET}?"})
        ask(emulator.url, headers={"x-goog-api-key": SECRET})
    _assert_clean(tmp_path)


def test_an_errors_text_never_holds_the_secret(emulator: Emulator, tmp_path: Path) -> None:
    """The words of a broken connection are recorded too, and may name a URL."""
    emulator.on(input="Hello").reply(text=["a", "b", "c"], cut_after=2)
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(emulator.url, {"stream": True}, headers={"x-goog-api-key": SECRET})
        (exchange,) = cassette.exchanges
        assert exchange.cut is not None
        exchange.cut.message = f"https://x.googleapis.com/?key={SECRET}"
    assert "?key=REDACTED" in (tmp_path / "c.yaml").read_text()
    _assert_clean(tmp_path)


class Canned(BaseHTTPRequestHandler):
    """Answers every request with what `replies` has next."""

    replies: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        """Read the request and send the next answer."""
        self.rfile.read(int(self.headers["content-length"]))
        headers, body = self.replies.pop(0)
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def canned() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server for answers that the emulator never gives, and the list to put them in."""
    replies: list[tuple[dict[str, str], bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Canned,), {"replies": replies}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", replies
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"set-cookie": f"session={SECRET}; Path=/"}, b"{}"),
        ({"content-type": "application/json"}, json.dumps({"new_signing_secret": SECRET}).encode()),
        ({"content-type": "application/json"}, json.dumps({"secret": SECRET}).encode()),
        ({"location": f"https://storage.googleapis.com/b?X-Goog-Signature={SECRET}"}, b""),
        ({"content-encoding": "gzip"}, gzip.compress(json.dumps({"error": {"message": SECRET}}).encode())),
        (
            {"content-encoding": "gzip", "content-type": "text/event-stream"},
            gzip.compress(f'data: {{"delta":{{"text":"{SECRET}"}}}}\n\n'.encode()),
        ),
    ],
    ids=["Set-Cookie", "a webhook's secret", "a rotated secret", "a signed URL", "gzip", "a gzip stream"],
)
def test_a_secret_in_a_response_never_reaches_the_disk(
    headers: dict[str, str], body: bytes, canned: Any, tmp_path: Path
) -> None:
    """Also where it is the server that shows it first, or shows it compressed."""
    url, replies = canned
    replies.append((headers, body))
    sent = {"x-goog-api-key": SECRET} if "gzip" in headers.values() else {}
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        ask(url, headers=sent)
    assert replies == []
    _assert_clean(tmp_path)


def _sent(received: Any) -> bytes:
    basic = [base64.b64decode(value[6:]) for value in received.headers.values() if value.startswith("Basic ")]
    return b" ".join([repr((received.query, received.headers)).encode(), received.body, *basic])


def _assert_clean(directory: Path) -> None:
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert not holds(path.read_bytes(), SECRET), path
        assert scan(path.read_text(), Secrets([SECRET])) == []


def _comparable(value: Any) -> Any:
    """A body as JSON, without signatures and the secret; anything else as it is."""
    if isinstance(value, bytes):
        value = json.loads(value.replace(SECRET.encode(), b"REDACTED"))
    if isinstance(value, dict):
        return {name: "" if name == "signature" else _comparable(item) for name, item in value.items()}
    return [_comparable(item) for item in value] if isinstance(value, list) else value
