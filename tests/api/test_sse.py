"""The codec of server-sent events: lossless, and blind to how a stream was cut into chunks."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.sse import BARE, Decoder, ServerSentEvent, decode, split

ERROR = b'[{"error":{"code":503,"message":"cut","status":"UNAVAILABLE"}}]'

#: A body, and what is to be seen of it: (event, data) of each piece.
BODIES: dict[str, tuple[bytes, list[tuple[str, str | None]]]] = {
    "as the API writes": (
        b'event: step.stop\ndata: {"index":0}\n\nevent: done\ndata: [DONE]\n\n',
        [("step.stop", '{"index":0}'), ("done", "[DONE]")],
    ),
    "CRLF": (b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [("a", "1"), ("message", "2")]),
    "CR": (b"event: a\rdata: 1\r\rdata: 2\r\r", [("a", "1"), ("message", "2")]),
    "line ends mixed": (b"event: a\rdata: 1\r\n\ndata: 2\n\r\n", [("a", "1"), ("message", "2")]),
    "byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [("", None), ("message", "1")]),
    "byte order mark alone": (b"\xef\xbb\xbf", [("", None)]),
    "byte order mark later": (b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n", [("message", "1"), ("message", None)]),
    "comment of its own": (b": ping\n: pong\n\ndata: 1\n\n", [("", None), ("message", "1")]),
    "comment before an event": (b": ping\ndata: 1\n\n", [("", None), ("message", "1")]),
    "comment in an event": (b"event: a\n: ping\ndata: 1\n\n", [("a", "1")]),
    "stray blank lines": (b"\n\ndata: 1\n\n\n", [("", None), ("", None), ("message", "1"), ("", None)]),
    "several data lines": (b"data: {\ndata:  1\ndata\ndata:}\n\n", [("message", "{\n 1\n\n}")]),
    "lines that are nearly blank": (b"data: 1\n \nX\ndata: 2\n\n", [("message", "1\n2")]),
    "no data": (b"event: ping\n\n", [("ping", None)]),
    "unknown field": (b"colour: red\ndata: 1\n\n", [("message", "1")]),
    "no closing blank line": (b"data: 1\n\ndata: {}\n", [("message", "1"), ("message", "{}")]),
    "cut in a line": (b'data: 1\n\ndata: {"a', [("message", "1"), ("message", '{"a')]),
    "not UTF-8": (b"data: \xff\n\n", [("message", "\N{REPLACEMENT CHARACTER}")]),
    "bare error": (b"data: 1\n\n" + ERROR + b"\n", [("message", "1"), (BARE, ERROR.decode())]),
    "bare error unclosed": (b"data: 1\n\n" + ERROR, [("message", "1"), (BARE, ERROR.decode())]),
    "bare error amid": (
        b"data: 1\n\n" + ERROR + b"\n\ndata: 2\n\n",
        [("message", "1"), (BARE, ERROR.decode()), ("message", "2")],
    ),
    "bare error, no blank line after it": (
        ERROR + b"\ndata: 2\n\n",
        [(BARE, ERROR.decode()), ("message", "2")],
    ),
    "bare error in an event": (
        b"event: error\n" + ERROR + b"\n\n",
        [("error", None), (BARE, ERROR.decode())],
    ),
    "bare error after a comment": (
        b": ping\n" + ERROR + b"\n: pong",
        [("", None), (BARE, ERROR.decode()), ("", None)],
    ),
    "bare error, pretty": (
        b'[{\r\n  "error": {\r\n    "code": 503\r\n  }\r\n}\r\n]\r\n',
        [(BARE, '[{\n  "error": {\n    "code": 503\n  }\n}\n]')],
    ),
    "bare JSON and what follows it on its line": (b"[1] \n\n[1]X\n\n", [(BARE, "[1] "), (BARE, "[1]X")]),
    "bracket after data": (b"data: 1\n[2]\n\n", [("message", "1")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("body", "seen"), BODIES.values(), ids=BODIES)
def test_each_piece_is_read_as_the_standard_says(body: bytes, seen: list[tuple[str, str | None]]) -> None:
    """Every form of line end, field and piece gives the events of the standard, and bare JSON one more."""
    assert [(event.event, event.data) for event in decode(body)] == seen


@pytest.mark.parametrize("body", [body for body, _ in BODIES.values()], ids=BODIES)
def test_every_split_gives_the_same_events_and_bytes(body: bytes) -> None:
    """Cut in two at any byte, or into single bytes, a body gives the same events, byte for byte."""
    whole = decode(body)
    cuts = [[body[:at], body[at:]] for at in range(len(body) + 1)]
    for chunks in [*cuts, [body[at : at + 1] for at in range(len(body))]]:
        assert feed(chunks) == whole
    assert b"".join(split(body)) == body


@given(
    st.lists(
        st.sampled_from([b"data: ", b"event: a", b"{", b"[1]", b":", b"\r", b"\n", b"\xef\xbb\xbf", b"\xc3", b"data"])
    )
)
def test_any_stream_survives_any_split(chunks: list[bytes]) -> None:
    """Whatever comes, however it is cut, the bytes are kept and the events are those of the whole."""
    body = b"".join(chunks)
    assert feed(chunks) == decode(body)
    assert b"".join(split(body)) == body


def test_an_event_is_seen_as_soon_as_its_blank_line_came() -> None:
    """A decoder does not hold an event back until the next one."""
    decoder = Decoder()
    assert decoder.feed(b"data: 1\n") == []
    assert [event.data for event in decoder.feed(b"\nda")] == ["1"]


@pytest.mark.parametrize("body", [b"event: done\ndata: [DONE]\n\n", b"data: [DONE]\n\n", b"event: done\n\n"])
def test_the_sentinel_is_known(body: bytes) -> None:
    """`done` and `[DONE]` both close a stream, and are not JSON."""
    (event,) = decode(body)
    assert event.done
    assert event.json() is NOT_JSON


def test_data_is_parsed_as_json() -> None:
    """Data over several lines is one JSON text; a bare array is JSON too."""
    events = decode(b'data: {"a":\ndata: [1]}\n\n' + ERROR)
    assert [event.json() for event in events] == [{"a": [1]}, json.loads(ERROR)]
    assert not events[0].done


@pytest.mark.parametrize(
    ("raw", "data", "rewritten"),
    [
        (b"event: a\r\ndata: 1\r\nid: 7\r\n\r\n", "2", b"event: a\r\ndata: 2\r\nid: 7\r\n\r\n"),
        (b"data:1\rid:7\r\r", "2", b"data:2\rid:7\r\r"),
        (b"data:1\n\n", " 2", b"data:  2\n\n"),
        (b"data\n\n", "2", b"data:2\n\n"),
        (b"data: 1\n\n", "2\n3\r\n4", b"data: 2\ndata: 3\ndata: 4\n\n"),
        (b"data: 1", "2\n3", b"data: 2\ndata: 3"),
        (b"data: 1\nid: 7\ndata: 2\n\n", "3\n4\n5", b"data: 3\nid: 7\ndata: 4\ndata: 5\n\n"),
        (b"data: 1\nid: 7\ndata: 2\n\n", "3", b"data: 3\nid: 7\n\n"),
        (b"[1]\r\n\r\n", '[\n"\xe9"\n]', '[\n"\xe9"\n]\r\n\r\n'.encode()),
        (b"data: \xff\n\n", "\N{REPLACEMENT CHARACTER}", b"data: \xff\n\n"),
    ],
)
def test_data_can_be_replaced(raw: bytes, data: str, rewritten: bytes) -> None:
    """New data stands in the old one's lines, written as they were, and is read back as it was given."""
    (event,) = decode(raw)
    changed = event.with_data(data)
    assert (changed.event, changed.data, changed.raw) == (event.event, data, rewritten)
    assert decode(changed.raw)[0].data == data.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("raw", "rewritten"), [(b"data: 1\n\n", b"data: \xed\xa0\xbd\n\n"), (b"[1]\n\n", b"\xed\xa0\xbd\n\n")]
)
def test_half_a_character_can_be_put_into_data(raw: bytes, rewritten: bytes) -> None:
    """JSON may hold a surrogate without its other half, which nothing is lost of."""
    assert decode(raw)[0].with_data("\ud83d").raw == rewritten


def test_a_piece_without_data_can_not_be_given_any() -> None:
    """Replacing the data of a comment is a mistake of the caller's, and the error shows where the comment begins."""
    with pytest.raises(ValueError, match="without data") as caught:
        decode(b":" + b"ping" * 20 + b"\n\n")[0].with_data("1")
    assert str(caught.value).endswith(repr(b":" + b"ping" * 19 + b"pin"))


def test_time_is_linear_in_the_bytes() -> None:
    """Ten times the bytes take about ten times as long, in one chunk, byte by byte, and in one long line."""

    def seconds(size: int) -> float:
        start = time.perf_counter()
        split(b'data: {"a":1}\n\n' * size)
        feed([b"x"] * size * 4)
        split(b"x" * size * 100)
        return time.perf_counter() - start

    seconds(100)
    assert seconds(20_000) < 30 * seconds(2_000)


def feed(chunks: list[bytes]) -> list[ServerSentEvent]:
    """All events of a stream that comes in these chunks."""
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.flush()
