"""The WebSockets of a run compared with those recorded: by what the server sends, and not byte by byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api.drift.compare import compare
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.websocket import Closed, Frame, body_of
from pytest_interactions.options import Wording

if TYPE_CHECKING:
    from pytest_interactions.api.websocket import Item

HOST = "wss://generativelanguage.googleapis.com"
OLDER = f"{HOST}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
TITLE = "GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


def _socket(*answers: Any, asked: str = "Hi", uri: str = OLDER) -> Exchange:
    received = [Frame(sent=False, data=json.dumps(each).encode()) for each in answers]
    items: list[Item] = [Frame(sent=True, data=json.dumps({"text": asked})), *received, Closed(by_app=True, code=1000)]
    return Exchange(request=Request(method="GET", uri=uri), response=Response(status=101, body=body_of(items)))


def _found(old: list[Exchange], new: list[Exchange]) -> list[str]:
    return [f"{each.severity}: {each}" for each in compare(old, new, wording=Wording.IGNORE)]


def test_other_words_in_other_pieces_are_no_drift() -> None:
    """Nor is what the app says: the app is not what is verified."""
    old = _socket({"part": "a"}, {"part": "b"})
    assert _found([old], [_socket({"part": "x"}, {"part": "y"}, {"part": "z"}, asked="Hello")]) == []


def test_a_field_that_the_server_does_not_send_any_more_is_told() -> None:
    """As that of a stream."""
    assert _found([_socket({"part": "a", "id": 1})], [_socket({"part": "a"})]) == [
        f"breaking: {TITLE}, id: vanished (field-vanished)"
    ]


@pytest.mark.parametrize("uri", [OLDER, f"{HOST}/v1beta/files/abc123def"])
def test_connections_to_one_address_are_no_polls(uri: str) -> None:
    """Each is compared with its own."""
    both = [_socket({"a": 1}, uri=uri), _socket({"b": 1}, uri=uri)]
    assert _found(both, both) == []
    assert any("(request-vanished)" in each for each in _found(both, both[:1]))
