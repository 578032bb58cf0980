"""Secrets in WebSockets: in the address, headers and subprotocols, in messages, and spread over several of them."""

from __future__ import annotations

import base64
import json
import random
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from websockets.sync.client import connect

from pytest_interactions import CassetteMissError, PlaceholderError
from pytest_interactions.clients import context
from pytest_interactions.redaction.secrets import Secrets
from tests.live.talk import Server, event, server, serving, talk, talk_in_thread, text
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["server", "talk"]

_LETTERS = string.ascii_letters + string.digits


def _secret(draw: random.Random, length: int = 40) -> str:
    return "".join(draw.choices(_LETTERS, k=length))


def _forms(secret: str) -> list[bytes]:
    """The forms in which a secret may be written, at each place within base64."""
    encoded = [base64.b64encode(b"-" * skip + secret.encode())[skip * 2 :][4:-4] for skip in range(3)]
    return [secret.encode(), quote(secret, safe="").encode(), *encoded]


def _planted(draw: random.Random, number: int) -> tuple[str, list[str | bytes]]:
    """A secret, and what an app sends and gets back that has it in it."""
    secret = _secret(draw)
    half = draw.randrange(8, 32)
    ways: list[list[str | bytes]] = [
        [text(f"use {secret}!")],
        [text(f"use {secret[:half]}"), event("input", content=[{"type": "text", "text": secret[half:]}])],
        [
            event("step.delta", index=number, delta={"type": "text", "text": each})
            for each in (secret[:half], secret[half:])
        ],
        [json.dumps({"events": [{"event_type": "step.delta", "delta": {"type": "text", "text": secret}}]})],
        [b'{"setup": {"note": "' + secret.encode() + b'"}}'],
        [f"plain {secret}"],
        [event("input", content=[{"type": "text", "text": base64.b64encode(f"x{secret}".encode()).decode()}])],
        [b"\x00\xff" + secret.encode()],
        [event("interaction.create", tools=[{"type": "mcp_server", "headers": {"authorization": f"Bearer {secret}"}}])],
        [f"line\r\n{secret}"],
    ]
    return secret, ways[number % len(ways)]


@pytest.mark.parametrize("seed", range(2))
def test_none_of_a_thousand_planted_secrets_is_on_the_disk(
    seed: int, path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are known by the environment, and come both ways in ten forms; the replay finds each message again."""
    of_this_test = Secrets()  # so that no other test has to look for so many
    monkeypatch.setattr(context, "of_this_run", lambda: of_this_test)
    draw = random.Random(seed)
    planted = [_planted(draw, number) for number in range(500)]
    for number, (secret, _) in enumerate(planted):
        monkeypatch.setenv(f"PLANTED_{number}_TOKEN", secret)
    messages = [message for _, several in planted for message in several]
    with use_cassette(path, record_mode="once"):
        live = talk_in_thread(server.url, *messages)
    assert live == messages
    written = b"".join(each.read_bytes() for each in path.parent.rglob("*") if each.is_file())
    leaked = [secret for secret, _ in planted if any(form in written for form in _forms(secret))]
    assert not leaked
    with use_cassette(path):
        talk_in_thread(server.url, *messages)


def test_signatures_of_thoughts_are_placeholders_that_still_match(talk: Any, path: Path, server: Server) -> None:
    """Equal ones stay equal, and a message that sends one again is found; a changed one is a miss."""
    signature = base64.b64encode(random.Random(1).randbytes(90)).decode()
    other = base64.b64encode(random.Random(2).randbytes(90)).decode()

    def thought(of: str) -> list[str]:
        return [
            event("step.start", index=0, step={"type": "thought", "signature": of}),
            event("step.delta", index=0, delta={"type": "thought_signature", "signature": of}),
            json.dumps({"events": [{"event_type": "step.start", "step": {"type": "thought", "signature": of}}]}),
        ]

    with use_cassette(path, record_mode="once"):
        talk(server.url, *thought(signature))
    assert signature not in path.read_text("utf-8")
    with use_cassette(path):
        played = talk(server.url, *thought(signature))
    shown = json.loads(played[0])["step"]["signature"]
    assert shown.startswith("redactedSignature")
    assert json.loads(played[1])["delta"]["signature"] == shown
    with pytest.raises(CassetteMissError, match="signature"), use_cassette(path):
        talk(server.url, *thought(other))


def test_a_key_in_the_address_a_header_and_a_subprotocol_is_redacted(talk: Any, path: Path) -> None:
    """Wherever the key turns up afterwards too, in a message or in the reason of the close."""
    key = _secret(random.Random(3))

    def tell(connection: Any) -> None:
        connection.send(f"your key is {key}")
        connection.close(4003, f"not {key}")

    with serving(tell, subprotocols=[f"key.{key}"]) as running, use_cassette(path, record_mode="once"):
        url = f"{running.url}?key={key}&alt=json"
        live = talk(url, subprotocols=["plain", f"key.{key}"], additional_headers={"authorization": f"Bearer {key}"})
    assert live == []
    written = path.read_text("utf-8")
    assert key not in written
    assert "REDACTED" in written
    with use_cassette(path):
        talk(f"{running.url}?key=another&alt=json")


def test_a_password_in_the_address_is_not_recorded(path: Path, server: Server) -> None:
    """The library sends it in a header."""
    url = server.url.replace("ws://", "ws://me:pass-4f7Kq2@")
    with use_cassette(path, record_mode="once"):
        talk_in_thread(url, "one")
    assert "pass-4f7Kq2" not in path.read_text("utf-8")
    assert "me:" not in path.read_text("utf-8")
    with use_cassette(path):
        talk_in_thread(server.url, "one")


def test_a_secret_that_is_found_out_later_is_taken_out_of_what_came_before(
    path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test sets the variable when the message has been said."""
    secret = _secret(random.Random(4))

    def know(_: Any) -> None:
        monkeypatch.setenv("LATER_TOKEN", secret)

    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, f"it is {secret}", know, "x")
    assert secret not in path.read_text("utf-8")


def test_a_placeholder_is_not_sent_to_the_api(talk: Any, path: Path, server: Server) -> None:
    """A conversation that was played can't go on live with a redacted signature; the message never leaves."""
    signature = base64.b64encode(random.Random(5).randbytes(90)).decode()
    step = {"type": "thought", "signature": signature}
    with use_cassette(path, record_mode="once"):
        talk(server.url, event("step.start", index=0, step=step))
    with use_cassette(path):
        [played] = talk(server.url, event("step.start", index=0, step=step))
    received: list[Any] = []

    def keep(connection: Any) -> None:
        received.extend(connection)

    with (
        serving(keep) as running,
        pytest.raises(PlaceholderError, match="signature"),
        use_cassette(path.with_name("d.yaml"), record_mode="once"),
    ):
        talk(running.url, "before", event("input", content=[json.loads(played)["step"]]), answers=0)
    assert received == ["before"]


def test_a_hook_sees_messages_as_events(path: Path, server: Server) -> None:
    """`before_record_response` gets them as the body of the answer that opened the WebSocket, and so do replays."""

    def scrub(response: dict[str, Any]) -> dict[str, Any]:
        response["body"]["string"] = response["body"]["string"].replace(b"Mrs. Smith", b"NAME")
        return response

    with use_cassette(path, record_mode="once", before_record_response=scrub):
        talk_in_thread(server.url, "ask Mrs. Smith")
    assert "Smith" not in path.read_text("utf-8")
    with use_cassette(path, before_record_response=scrub):
        assert talk_in_thread(server.url, "ask Mrs. Smith") == ["ask NAME"]


def _deltas(pieces: list[str]) -> list[str]:
    return [event("step.delta", index=0, delta={"type": "text", "text": piece}) for piece in pieces]


def _batch(messages: list[str]) -> str:
    return json.dumps({"events": list(map(json.loads, messages))})


@pytest.mark.parametrize(
    "of",
    [
        _deltas,
        lambda pieces: [_batch(_deltas(pieces))],
        lambda pieces: [_batch(_deltas(pieces[:3])), _batch(_deltas(pieces[3:]))],
        lambda pieces: [event("input", content=[{"type": "text", "text": piece} for piece in pieces])],
        lambda pieces: [each for piece in pieces for each in (*_deltas([piece]), event("input", content=[]))],
        lambda pieces: [json.dumps({"realtimeInput": {"text": piece}}).encode() for piece in pieces],
        list,
    ],
    ids=["deltas", "a batch", "two batches", "contents", "with others between", "bytes", "texts"],
)
def test_a_secret_in_many_pieces_is_taken_out_and_played(
    of: Any, path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is spread over messages or within one; the replay knows of no piece before the last one."""
    secret = _secret(random.Random(7))
    monkeypatch.setenv("PIECES_TOKEN", secret)
    pieces = [secret[start : start + 7] for start in range(0, len(secret), 7)]
    messages = of(pieces)
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, *messages, text("end"))
    assert not [piece for piece in pieces if piece in path.read_text("utf-8")]
    with use_cassette(path):
        talk_in_thread(server.url, *messages, text("end"))
    with pytest.raises(CassetteMissError, match='"end" -> "and"'), use_cassette(path):
        talk_in_thread(server.url, *messages, text("and"))


def test_a_secret_in_base64_in_many_pieces_is_played(
    path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its placeholder has the length that it had."""
    secret = _secret(random.Random(9))
    monkeypatch.setenv("PIECES_TOKEN", secret)
    encoded = base64.b64encode(f"x{secret}".encode()).decode()
    messages = _deltas([encoded[start : start + 14] for start in range(0, len(encoded), 14)])
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, *messages)
    assert not [form for form in _forms(secret) if form[2:12] in path.read_bytes()]
    with use_cassette(path):
        talk_in_thread(server.url, *messages)


@pytest.mark.parametrize("line", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("as_sent", [str, str.encode], ids=["text", "bytes"])
@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "mcp_server", "headers": {"X-Any": "SECRET"}}]},
        {"setup": {"tools": [{"mcpServers": [{"streamableHttpTransport": {"headers": {"X-Any": "SECRET"}}}]}]}},
        {"step": {"type": "thought", "signature": "SECRET"}},
    ],
    ids=["a tool", "a tool of the older API", "a signature"],
)
def test_a_secret_is_known_by_its_field_whatever_ends_the_lines(
    fields: Any, as_sent: Any, line: str, path: Path, server: Server
) -> None:
    """JSON with carriage returns is written escaped, or as base64 if it is binary."""
    secret = base64.b64encode(random.Random(8).randbytes(60)).decode()
    plain = json.dumps({"event_type": "x", **fields}, indent=1).replace("\n", line)
    message = as_sent(plain.replace("SECRET", secret))
    other = as_sent(plain.replace("SECRET", "none").replace("x", "y"))
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, message, as_sent(json.dumps([1], indent=1).replace("\n", line)))
    assert not [form for form in _forms(secret) if form in path.read_bytes()]
    with use_cassette(path):
        [_, kept] = talk_in_thread(server.url, message, as_sent(json.dumps([1], indent=1).replace("\n", line)))
    assert kept == as_sent(json.dumps([1], indent=1).replace("\n", line))
    with pytest.raises(CassetteMissError), use_cassette(path):
        talk_in_thread(server.url, other)


def test_json_in_another_encoding_stays_as_it_is(path: Path, server: Server) -> None:
    """It is bytes, in which known values are looked for all the same."""
    message = '{"a": 1}'.encode("utf-16")
    with use_cassette(path, record_mode="once"):
        assert talk_in_thread(server.url, message) == [message]
    with use_cassette(path):
        assert talk_in_thread(server.url, message) == [message]


# --- media ---


def test_large_media_of_messages_go_to_files(talk: Any, path: Path, server: Server) -> None:
    """Audio in JSON and binary messages alike; they are back in a replay, and are compared as they are."""
    data = random.Random(6).randbytes(3000)
    encoded = base64.b64encode(data).decode()
    audio = {"type": "audio", "data": encoded, "mime_type": "audio/wav"}
    message = event("input", content=[audio])
    with use_cassette(path, record_mode="once", media_threshold=1000):
        live = talk(server.url, message, data)
    written = path.read_text("utf-8")
    assert encoded not in written
    files = sorted(each.suffix for each in path.with_name("c.media").iterdir())
    assert ".wav" in files or ".bin" in files
    with use_cassette(path) as replay:
        assert talk(server.url, message, data) == live == [message, data]
        assert encoded.encode() in replay.exchanges[0].response.body
    with pytest.raises(CassetteMissError), use_cassette(path):
        talk(server.url, message.replace(encoded, base64.b64encode(data[:-1] + b"\x01").decode()))


def test_a_file_that_somebody_edits_is_read_or_named(path: Path, server: Server) -> None:
    """An edit of a message is an edit of the cassette, which says where it is no cassette."""
    with use_cassette(path, record_mode="once"), connect(server.url) as connection:
        connection.send("one")
        connection.recv()
    edit(path, "- received: |-\n      one", "- received: |-\n      other")
    with use_cassette(path):
        assert talk_in_thread(server.url, "one") == ["other"]
