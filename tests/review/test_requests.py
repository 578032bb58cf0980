"""The requests of two cassettes compared: what an app does differently, and not what a server draws anew."""

from __future__ import annotations

import json
from typing import Any

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.websocket import Closed, Frame, body_of
from pytest_interactions.report.requests import changed_requests

_URL = "https://generativelanguage.googleapis.com/v1beta/interactions"


def _sent(body: Any = None, *, method: str = "POST", url: str = _URL, status: int = 200) -> Exchange:
    headers = {"content-type": ["application/json"]}
    raw = b"" if body is None else json.dumps(body).encode()
    request = Request(method=method, uri=url, headers=headers, body=raw)
    return Exchange(request=request, response=Response(status=status))


def _changes(old: list[Exchange], new: list[Exchange]) -> list[tuple[Any, ...]]:
    found = changed_requests(old, new, lambda request: request)
    return [(each["old"], each["new"], each["request"], each["differences"], each["more"]) for each in found]


def test_each_field_that_differs_is_told() -> None:
    """Of a request that is the same step of the app."""
    old = [_sent({"input": "a", "system_instruction": "be kind"}), _sent({"input": "b", "tools": []})]
    new = [_sent({"input": "a", "system_instruction": "be brief"}), _sent({"input": "b"})]
    assert _changes(old, new) == [
        (1, 1, "POST /interactions", ['system_instruction: "be kind" -> "be brief"'], 0),
        (2, 2, "POST /interactions", ["tools: removed"], 0),
    ]
    assert _changes(old, old) == []


def test_what_is_drawn_anew_is_no_difference() -> None:
    """Ids of interactions and calls, and signatures; not what the app itself calls by such a name."""

    def call(number: int, own: str) -> Exchange:
        result = {"type": "function_result", "call_id": f"c{number}", "result": {"id": own}}
        return _sent({"input": [result], "previous_interaction_id": f"v1_{number}"})

    assert _changes([call(1, "x")], [call(2, "x")]) == []
    assert _changes([call(1, "x")], [call(2, "y")]) == [
        (1, 1, "POST /interactions", ['input[0].result.id: "x" -> "y"'], 0)
    ]


def test_polls_and_what_a_client_repeats_are_left_out() -> None:
    """How many there are is the server's doing; a cancellation has the id of its interaction in its path."""
    old = [_sent({"input": "a"}), _sent(method="GET", url=f"{_URL}/v1_a"), _sent(url=f"{_URL}/v1_a:cancel")]
    new = [_sent({"input": "a"}, status=503), _sent({"input": "a"}), _sent(url=f"{_URL}/v1_b:cancel")]
    assert _changes(old, new) == []


def test_a_request_of_one_side_alone_is_told() -> None:
    """Those around it are compared with their own."""
    first, last = _sent({"input": "first"}), _sent({"input": "last", "n": 1})
    middle, other = _sent({"input": "middle"}), _sent({"a": 1}, url="https://example.com/x")
    assert _changes([first, last], [first, middle, _sent({"input": "last", "n": 2})]) == [
        (None, 2, "POST /interactions", [], 0),
        (2, 3, "POST /interactions", ["n: 1 -> 2"], 0),
    ]
    assert _changes([first, middle], [first, other]) == [
        (2, None, "POST /interactions", [], 0),
        (None, 2, "POST https://example.com/x", [], 0),
    ]
    assert _changes([first, middle, last], [first, last]) == [(2, None, "POST /interactions", [], 0)]


def test_very_many_differences_are_counted() -> None:
    [(_, _, _, told, more)] = _changes([_sent({"a": [0] * 300})], [_sent({"a": [1] * 300})])
    assert (len(told), more) == (200, 100)


def test_what_is_no_json_is_compared_as_it_is() -> None:
    old, new = (_sent(url="https://example.com/x") for _ in range(2))
    old.request.body, new.request.body = b"one", b"two"
    assert _changes([old], [new]) == [(1, 1, "POST https://example.com/x", ['body: "one" -> "two"'], 0)]


def _socket(*texts: str) -> Exchange:
    items = [Frame(sent=True, data=text) for text in texts]
    body = body_of([*items, Frame(sent=False, data='{"event_type": "x"}'), Closed(by_app=True)])
    return Exchange(
        request=Request(method="GET", uri=f"{_URL}/live".replace("https", "wss")),
        response=Response(status=101, body=body),
    )


def test_a_message_that_the_app_sends_on_a_websocket_is_told_as_a_request_is() -> None:
    """One that differs by its fields, and one more by itself; what the server sends is none."""
    old = [_sent({"input": "a"}), _socket('{"content": "Hi", "event_id": "1"}')]
    new = [_sent({"input": "a"}), _socket('{"content": "Hello", "event_id": "2"}', '{"n": 1}')]
    assert _changes(old, new) == [
        (2, 2, "SEND /interactions/live", ['content: "Hi" -> "Hello"'], 0),
        (None, 2, "SEND /interactions/live", [], 0),
    ]
    assert _changes(old, old) == []
