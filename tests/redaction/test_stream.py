from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import pytest

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Response
from pytest_interactions.redaction.signatures import redact_signature
from tests.redaction.support import KEY, SIGNATURE, redactor, stream

SPECIAL = 's"é\\😀cret key'


def delta(index: int = 0, **fields: Any) -> dict[str, Any]:
    """A step's delta event."""
    return {"index": index, "delta": fields, "event_type": "step.delta"}


def deltas(response: Response) -> list[dict[str, Any]]:
    """The deltas in a stream."""
    documents = [event.json() for event in sse.decode(response.body)]
    return [document["delta"] for document in documents if isinstance(document, dict)]


def cuts(text: str, pieces: int) -> list[list[str]]:
    """Every way to cut `text` into so many pieces, empty ones included."""
    places = combinations_with_replacement(range(len(text) + 1), pieces - 1)
    return [[text[a:b] for a, b in zip((0, *cut), (*cut, len(text)), strict=True)] for cut in places]


@pytest.mark.parametrize("secret", [KEY, SPECIAL], ids=["key", "special"])
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_a_secret_split_over_deltas_is_found_at_every_cut(secret: str, pieces: int) -> None:
    """Wherever the model's words were cut, what is left of the text around the secret stays as it was."""
    redact = redactor(secret)
    for cut in cuts(f"It is {secret}.", pieces):
        response = stream(*(delta(type="text", text=piece) for piece in cut))
        changed = redact.response(response)
        assert "".join(each["text"] for each in deltas(changed)) == "It is REDACTED."
        assert redact.response(changed) is changed


def test_arguments_that_are_streamed_as_json_are_searched() -> None:
    """A secret with characters that JSON escapes is found in the pieces of a JSON text, which stays one."""
    redact = redactor(SPECIAL)
    for cut in cuts(json.dumps({"key": SPECIAL}), 2):
        changed = redact.response(stream(*(delta(type="arguments_delta", arguments=piece) for piece in cut)))
        assert json.loads("".join(each["arguments"] for each in deltas(changed))) == {"key": "REDACTED"}


def test_a_secret_in_the_pieces_of_a_summary_and_in_base64_is_found() -> None:
    """Nested texts are joined with their like, and base64 is looked into across deltas too."""
    encoded = base64.b64encode(f"my {KEY} here".encode()).decode()
    changed = redactor(KEY).response(
        stream(
            *(delta(type="thought_summary", content={"type": "text", "text": piece}) for piece in (KEY[:9], KEY[9:])),
            *(delta(1, type="text", text=piece) for piece in (encoded[:20], encoded[20:])),
        )
    )
    first, second, third, fourth = deltas(changed)
    assert first["content"]["text"] + second["content"]["text"] == "REDACTED"
    decoded = base64.b64decode(third["text"] + fourth["text"], validate=True)
    assert KEY[2:-2].encode() not in decoded
    assert decoded.endswith(b" here")


def test_only_the_text_that_holds_a_piece_changes() -> None:
    """The rest of a delta, whatever its shape, stays as it was."""
    first: dict[str, Any] = {
        "type": "text",
        "text": KEY[:9],
        "n": 1.5,
        "annotations": [{"url": "u", "title": None}, "x"],
    }
    changed = deltas(redactor(KEY).response(stream(delta(**first), delta(type="text", text=KEY[9:]))))
    assert changed == [first | {"text": "REDACTED"}, {"type": "text", "text": ""}]


def test_texts_in_lists_are_joined_by_their_place() -> None:
    """The first texts of two deltas are one text, the second ones another."""
    pieces = [delta(content=[{"text": text}, {"text": "."}]) for text in (KEY[:9], KEY[9:])]
    changed = deltas(redactor(KEY).response(stream(*pieces)))
    assert changed == [{"content": [{"text": text}, {"text": "."}]} for text in ("REDACTED", "")]


def test_what_is_no_delta_is_searched_too() -> None:
    """A key that this run knows nothing of is found by its looks in every event."""
    key = "AIza" + "Sy0_" * 8 + "abc"
    changed = redactor().response(stream({"event_type": "error", "error": {"message": f"{key} is not valid"}}))
    assert b'{"message":"REDACTED is not valid"}' in changed.body


def test_the_pieces_of_different_steps_are_not_one_text() -> None:
    """Two halves of a secret in two steps are no secret, and stay."""
    response = stream(delta(0, type="text", text=KEY[:20]), delta(1, type="text", text=KEY[20:]))
    assert redactor(KEY).response(response) is response


def test_a_key_and_a_url_split_over_deltas_are_known_by_their_looks() -> None:
    """Not only known values are looked for across deltas; only the secret part of a URL is replaced."""
    url = "https://x.googleapis.com/f?alt=media&upload_id=ABC-123&name=n "
    unknown = "AIza" + "Sy0_" * 8 + "abc"
    texts = [url[:50], url[50:] + unknown[:30], unknown[30:] + " ok"]
    changed = deltas(redactor().response(stream(*(delta(type="text", text=text) for text in texts))))
    joined = "".join(each["text"] for each in changed)
    assert joined.startswith("https://x.googleapis.com/f?alt=media&upload_id=redacted-")
    assert joined.endswith("&name=n REDACTED ok")
    assert changed[0]["text"].startswith(url[:40])


def test_signatures_in_a_stream_are_replaced_one_by_one() -> None:
    """Empty ones stay empty, and each event keeps its own."""
    changed = redactor().response(
        stream(
            delta(type="thought_signature", signature=""),
            delta(type="thought_signature", signature=SIGNATURE),
            delta(1, type="google_search_call", signature=SIGNATURE + "A", arguments={"queries": ["a"]}),
        )
    )
    assert [each["signature"] for each in deltas(changed)] == [
        "",
        redact_signature(SIGNATURE),
        redact_signature(SIGNATURE + "A"),
    ]


def test_all_bytes_that_hold_no_secret_stay() -> None:
    """Comments, odd spacing, CRLF, ids and a bare error in the stream are kept; one event's data alone changes."""
    before = b': ping\r\n\r\nid: 7\r\nevent:step.delta\r\ndata:  {"a" : 1.50}\r\n\r\n'
    secret = (
        b'event: step.delta\ndata: {"index": 0, "delta": {"type": "text", "text": "%s \xc3\xa9"}}\n\n' % KEY.encode()
    )
    after = b'[{"error": {"code": 503}}]\n\ndata: [DONE]\n\n'
    response = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=before + secret + after)
    changed = redactor(KEY).response(response).body
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert changed[len(before) : -len(after)] == (
        b'event: step.delta\ndata: {"index":0,"delta":{"type":"text","text":"REDACTED \xc3\xa9"}}\n\n'
    )


@pytest.mark.parametrize(
    "raw",
    [
        b": the key is %s\n\n",
        b"id: %s\ndata: {}\n\n",
        b"event: error\ndata: bad key %s\n\n",
        b'[{"error": {"message": "bad key %s"}}]',
        b"data: %s",
    ],
    ids=["comment", "id", "plain data", "bare error", "cut"],
)
def test_a_secret_outside_of_an_events_json_is_found(raw: bytes) -> None:
    """No part of a stream is out of reach."""
    response = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=raw % KEY.encode())
    changed = redactor(KEY).response(response)
    assert KEY.encode() not in changed.body
    assert b"REDACTED" in changed.body
    assert redactor(KEY).response(changed) is changed


def test_a_stream_without_secrets_is_passed_on_as_it_is() -> None:
    """The same object comes back."""
    response = stream(delta(type="text", text="Hello"), delta(type="text", text=" world"))
    assert redactor(KEY).response(response) is response


@pytest.mark.parametrize("levels", [600, 900])
def test_an_event_too_deep_to_walk_is_searched_as_text(levels: int) -> None:
    """A stream with such an event is redacted, and otherwise stays as it is."""
    body = ("data: " + '{"delta":' * levels + f'"use {KEY}"' + "}" * levels + "\n\n").encode()
    response = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=body)
    assert redactor().response(response).body == body.replace(KEY.encode(), b"REDACTED")


KNOWN = "sk-proj-0a1b2c3d4e5f6g7h8i9j0k1l"
#: A text's pieces as the events of several APIs have them.
STREAMS: dict[str, Any] = {
    "a step's beginning and its deltas": lambda first, *rest: [
        {"event_type": "step.start", "index": 1, "step": {"content": [{"type": "text", "text": f"key {first}"}]}},
        *({"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": piece}} for piece in rest),
    ],
    "arguments that begin in the step": lambda first, *rest: [
        {"event_type": "step.start", "index": 0, "step": {"type": "function_call", "arguments": f'{{"k": "{first}'}},
        *({"event_type": "step.delta", "index": 0, "delta": {"arguments": piece}} for piece in rest),
    ],
    "a thought's summary": lambda *pieces: [
        {"event_type": "step.delta", "index": 2, "delta": {"type": "thought_summary", "content": {"text": piece}}}
        for piece in pieces
    ],
    "generateContent": lambda *pieces: [{"candidates": [{"content": {"parts": [{"text": each}]}}]} for each in pieces],
    "parts of generateContent": lambda first, *rest: [
        {"candidates": [{"content": {"parts": [{"text": first}, {"text": rest[0]}]}}]},
        *({"candidates": [{"content": {"parts": [{"text": piece}]}}]} for piece in rest[1:]),
    ],
    "chat completions": lambda *pieces: [{"choices": [{"index": 1, "delta": {"content": each}}]} for each in pieces],
    "tool calls of chat completions": lambda *pieces: [
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 1, "function": {"arguments": piece}}]}}]}
        for piece in pieces
    ],
    "responses": lambda *pieces: [
        {"type": "response.output_text.delta", "output_index": 3, "delta": p} for p in pieces
    ],
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("form", ["events", "array", "lines"])
def test_a_secret_in_pieces_is_found_whatever_the_api(name: str, form: str) -> None:
    """At any cut, between events of other texts, as a stream, a JSON array or lines of JSON; the rest stays."""
    other = {
        "event_type": "x",
        "index": 7,
        "delta": {"text": "between"},
        "choices": [{"index": 7, "delta": {"content": "?"}}],
    }
    for cut in (9, 20, 26):
        pieces = STREAMS[name](KNOWN[:cut], KNOWN[cut:], " and more")
        events = [each for piece in pieces for each in (piece, other)]
        texts = [json.dumps(each) for each in events]
        body, kind = {
            "events": ("".join(f"data: {each}\n\n" for each in texts), "text/event-stream"),
            "array": (f"[{','.join(texts)}]", "application/json"),
            "lines": ("\n".join(texts) + "\n", "application/jsonl"),
        }[form]
        response = Response(status=200, headers={"content-type": [kind]}, body=body.encode())
        clean = redactor(KNOWN).response(response).body.decode()
        assert KNOWN[:cut] not in clean
        assert KNOWN[cut:] not in clean
        assert "REDACTED" in clean
        assert " and more" in clean
        assert clean.count("between") == len(pieces)
        assert len(clean.splitlines()) == len(body.splitlines())
        again = replace(response, body=clean.encode())
        assert redactor(KNOWN).response(again).body == again.body


def test_what_two_steps_say_is_not_one_text() -> None:
    """Halves of a secret in steps that go on at once stay as they are."""
    events = [
        {"event_type": "step.delta", "index": n, "delta": {"text": t}} for n, t in enumerate((KNOWN[:9], KNOWN[9:]), 1)
    ]
    response = stream(*events)
    assert redactor(KNOWN).response(response).body == response.body


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        (
            b"data: key sk-proj-0a1b2c\n\ndata: 3\n\ndata: d4e5f6g7h8i9j0k1l and\n\n",
            b"data: key REDACTED\n\ndata: \n\ndata:  and\n\n",
        ),
        (b"data: sk-proj-0a1b2c3d=\ndata: 4e5f6g7h8i9j0k1l\n\n", b"data: REDACTED\n\n"),
        (b"data: my sk-proj-0a1b2c3d\ndata:  4e5f6g7h8i9j0k1l\n\n", b"data: my REDACTED\n\n"),
        (b"id: sk-proj-0a1b2c3d4e5f6g7h8i9j0k1l\ndata: {}\n\n", b"id: REDACTED\ndata: {}\n\n"),
        (b": sk-proj-0a1b2c3d4e5f6g7h8i9j0k1l\n\ndata: 1.50\n\n", b": REDACTED\n\ndata: 1.50\n\n"),
        (b'data: "sk-proj-0a1b2c3d4"\n\ndata: "e5f6g7h8i9j0k1l"\n\n', b'data: "REDACTED"\n\ndata: ""\n\n'),
    ],
)
def test_a_stream_of_plain_text_is_one_text(body: bytes, clean: bytes) -> None:
    """A digit is a piece of it too, and so are the lines of one event; ids and comments are searched besides."""
    response = Response(status=200, headers={"content-type": ["text/event-stream"]}, body=body)
    assert redactor(KNOWN).response(response).body == clean
    again = replace(response, body=clean)
    assert redactor(KNOWN).response(again).body == clean


def test_lists_of_what_says_the_same_in_each_event_are_no_pieces() -> None:
    """A list of types is none, and what stands in a list of roles beside its texts is."""
    redact = redactor(KEY)
    halves = KEY[:20], KEY[20:]
    events = [{"event_type": "x", "type": [half, {"text": half}]} for half in halves]
    changed = redact.response(stream(*events))
    documents = [event.json() for event in sse.decode(changed.body)][:2]
    assert [document["type"][1]["text"] for document in documents] == ["REDACTED", ""]
    assert [document["type"][0] for document in documents] == list(halves)
