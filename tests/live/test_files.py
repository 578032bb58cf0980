"""The text of a WebSocket's messages, in memory and in a cassette: all of it comes back, and what is wrong is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions import CassetteFormatError
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import Closed, Frame, body_of, item_of, read
from pytest_interactions.files import layout, marks, parsing, reading, storage

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.websocket import Item

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["data: x", "event: sent", "- sent: |-", "  indented", "\n", "\r", '{"a": 1}', '{"data": "AAAA"}', "'", "null", "#"]
)
_FRAMES = st.builds(Frame, st.booleans(), _TEXTS | st.binary(max_size=20) | _TEXTS.map(str.encode))
_CLOSED = st.builds(Closed, st.booleans(), st.none() | st.integers(1000, 4999), st.text(max_size=5))


def _exchange(items: list[Item]) -> Exchange:
    return Exchange(
        request=Request(method="GET", uri="wss://generativelanguage.googleapis.com/v1beta/interactions/live"),
        response=Response(status=101, reason="Switching Protocols", body=body_of(items)),
        cut=None if items and isinstance(items[-1], Closed) else Cut(by="app"),
    )


@given(st.lists(_FRAMES | _CLOSED, max_size=5))
def test_all_messages_come_back(items: list[Item]) -> None:
    """From memory, and from a file, by the quick reader as by PyYAML; the digest in the file is theirs."""
    exchange = _exchange(items)
    assert read(exchange.response.body) == items
    text = layout.dumps([exchange]).encode()
    marked = parsing.read(text, 10**9)
    assert marked.exchanges == [exchange]
    assert marked.digests == [marks.digest(exchange)]
    quick = reading.read(text)
    assert quick is None or quick.exchanges == [exchange]
    assert yaml.safe_load(text)["interactions"][0]["response"]["body"] == {"string": ""}


def test_json_is_read_quickly() -> None:
    """What the API sends needs no PyYAML, on one line or on many, as text or as bytes."""
    items: list[Item] = [
        Frame(sent=True, data='{"event_type":"input","content":[{"type":"text","text":"Grüß dich"}]}'),
        Frame(sent=False, data=b'{\n  "setupComplete": {}\n}\n'),
        Frame(sent=False, data=b"\x00\xff"),
        Closed(by_app=False, code=1000, reason="bye"),
    ]
    quick = reading.read(layout.dumps([_exchange(items)] * 2).encode())
    assert quick is not None
    assert [read(each.response.body) for each in quick.exchanges] == [items, items]


def test_a_message_is_read_as_json_whatever_it_was_sent_as() -> None:
    """Text, or bytes."""
    assert Frame(sent=True, data='{"a": 1}').json() == Frame(sent=True, data=b'{"a": 1}').json() == {"a": 1}
    assert Frame(sent=True, data="a").json() is NOT_JSON


@pytest.mark.parametrize(
    "event",
    [
        b"event: other\ndata: x\n\n",
        b"event: sent strange\ndata: x\n\n",
        b"event: closed\ndata: []\n\n",
        b'event: closed\ndata: {"by": "nobody"}\n\n',
        b": comment\n\n",
    ],
)
def test_what_is_no_message_is_none(event: bytes) -> None:
    """A hook may have made it."""
    assert item_of(decode(event)[0]) is None
    assert read(event) == []


def test_what_somebody_has_edited_is_read_as_far_as_it_can_be() -> None:
    """A message that says it is bytes, and is none, is taken for its text; so is an escaped one."""
    assert read(b"event: sent bytes\ndata: no json\n\n") == [Frame(sent=True, data=b"")]
    assert read(b'event: sent bytes\ndata: {"data": "A"}\n\n') == [Frame(sent=True, data=b'{"data": "A"}')]
    assert read(b"event: sent escaped\ndata: x\n\n") == [Frame(sent=True, data="x")]
    assert read(b'event: closed\ndata: {"by": "app", "code": "x", "reason": 1}\n\n') == [Closed(by_app=True)]


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ("  frames: x\n", "its frames are no list"),
        ("  frames:\n  - x\n", r"frames\[0\] is not one of sent, received, closed"),
        ("  frames:\n  - sent: a\n    received: b\n", r"frames\[0\] is not one of"),
        ("  frames:\n  - sent: a\n  - sent: 1\n", r"frames\[1\].sent is no text"),
        ("  frames:\n  - sent: a\n    form: strange\n", r"frames\[0\].form is not one of binary, bytes, escaped"),
    ],
)
def test_a_file_says_which_frame_is_none(frames: str, problem: str, tmp_path: Path) -> None:
    """The error names the file, the line and the frame, and nothing of what is in it."""
    path = tmp_path / "c.yaml"
    text = layout.dumps([_exchange([Frame(sent=True, data="a")])])
    begin = text.index("  frames:\n")
    path.write_text(text[:begin] + frames + text[text.index("  cut:\n") :], "utf-8")
    with pytest.raises(CassetteFormatError, match=problem) as error:
        storage.load(path)
    assert f"{path}:" in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        ("code: 101", "code: 200"),
        ("string: ''", "string: 'x'"),
        ("  - sent: |-", "  - sent:  |-"),
        ("  - sent: |-\n      a", "  - sent: a"),
        ("    form: binary", "    form: 'binary'"),
    ],
)
def test_another_layout_is_left_to_pyyaml(change: tuple[str, str]) -> None:
    """The quick reader reads what this package has written, and nothing else."""
    items: list[Item] = [Frame(sent=True, data="a"), Frame(sent=False, data=b"b")]
    text = layout.dumps([_exchange(items)])
    assert reading.read(text.encode()) is not None
    assert change[0] in text
    assert reading.read(text.replace(*change).encode()) is None


def test_an_answer_that_opens_nothing_else_has_no_frames() -> None:
    """Of another recorder's cassette, say, where a handshake stands alone."""
    exchange = _exchange([])
    text = layout.dumps([exchange])
    assert "frames" not in text
    assert parsing.read(text.encode(), 10**9).exchanges == [exchange]


def test_what_a_hook_adds_is_left_out(tmp_path: Path) -> None:
    """What is no message is not written."""
    exchange: Any = _exchange([Frame(sent=True, data="a")])
    exchange.response = exchange.response.with_body(b": note\n\n" + exchange.response.body + b"event: x\ndata: y\n\n")
    path = tmp_path / "c.yaml"
    path.write_text(layout.dumps([exchange]), "utf-8")
    assert read(storage.load(path).exchanges[0].response.body) == [Frame(sent=True, data="a")]
