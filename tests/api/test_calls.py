"""From exchanges to the interactions of an app's calls."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from pytest_interactions.api.calls import calls_of, interactions_of
from pytest_interactions.api.exchange import Cut, Exchange
from pytest_interactions.api.transcript import transcript
from pytest_interactions.api.usage import summed
from tests.api.test_conversation import API, Json, exchange, said

BROKEN = Cut(by="connection", error="httpx.ReadError")


def created(name: str = "v1_a", **more: Any) -> Json:
    """The event that begins a stream."""
    return {"event_type": "interaction.created", "interaction": {"id": name, "status": "in_progress"}, **more}


def delta(text: str, **more: Any) -> Json:
    """A piece of text."""
    return {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": text}, **more}


def completed(name: str = "v1_a", status: str = "completed", **more: Any) -> Json:
    """The event that ends a stream."""
    return {"event_type": "interaction.completed", "interaction": {"id": name, "status": status, **more}}


def streamed(sent: Any, *events: Json, cut: Cut | None = None, **more: Any) -> Exchange:
    """An exchange with a stream of `events`."""
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    found = exchange(sent, body, **more)
    found.cut = cut
    return found


def got(answer: Any, name: str = "v1_a", query: str = "") -> Exchange:
    """A request for the interaction called `name`."""
    return exchange(None, answer, uri=f"{API}/{name}{query}", method="GET")


def resumed(*events: Json, name: str = "v1_a", cut: Cut | None = None) -> Exchange:
    """A request for the events of the interaction called `name`."""
    return streamed(None, *events, cut=cut, uri=f"{API}/{name}?stream=true", method="GET")


def texts(*exchanges: Exchange) -> list[tuple[str | None, str]]:
    """The status and the text of each interaction."""
    return [(found.status, found.output_text) for found in interactions_of(exchanges)]


def test_an_answer_is_an_interaction_with_what_was_sent() -> None:
    """A unary answer is validated; its request's input is attached, and no part of what came."""
    answer = {"id": "v1_a", "status": "completed", "steps": [said("Hi")]}
    (found,) = interactions_of([exchange({"input": "Hello", "previous_interaction_id": "v1_0"}, answer)])
    assert found.model_dump() == answer
    assert (found.input, found.previous_interaction_id) == ("Hello", "v1_0")


def test_a_stream_is_an_interaction_with_what_was_sent() -> None:
    """A streamed answer is folded."""
    (found,) = interactions_of([streamed({"input": "Hello", "stream": True}, created())])
    assert (found.id, found.status, found.input) == ("v1_a", "in_progress", "Hello")


@pytest.mark.parametrize(
    "other",
    [
        exchange({"input": "Hi"}, {"error": {"code": "invalid_request"}}, status=400),
        exchange(None, {}, uri=f"{API}/v1_a", method="DELETE"),
        exchange({"contents": []}, {"status": "fine"}, uri=API.replace("interactions", "models/m:generateContent")),
        exchange({"input": "Hi"}, [1]),
        exchange({"input": "Hi"}, {"id": "v1_a"}),
        streamed({"input": "Hi"}, cut=BROKEN),
    ],
    ids=["error", "deletion", "other API", "list", "no interaction", "stream that broke at once"],
)
def test_other_exchanges_are_no_interactions(other: Exchange) -> None:
    """Errors, deletions, what other APIs answer, and attempts that brought nothing, are left out."""
    assert interactions_of([other]) == []


@pytest.mark.parametrize("sent", [None, ["no object"]])
def test_a_request_without_an_object_sent_nothing(sent: Any) -> None:
    """A poll has no body."""
    (found,) = interactions_of([exchange(sent, {"status": "completed"}, method="GET")])
    assert found.input is None


def test_a_polled_interaction_counts_once_in_its_last_state() -> None:
    """Background work is the interaction that it became, with what was sent to begin it."""
    first, second = interactions_of(
        [
            exchange({"input": "Hi", "background": True}, {"id": "v1_a", "status": "in_progress"}),
            exchange({"input": "Meanwhile"}, {"id": "v1_b", "status": "completed", "steps": [said("x")]}),
            got({"id": "v1_a", "status": "in_progress"}),
            got({"id": "v1_a", "status": "completed", "steps": [said("y")]}),
        ]
    )
    assert (first.status, first.input, first.output_text) == ("completed", "Hi", "y")
    assert (second.input, second.output_text) == ("Meanwhile", "x")


def test_polls_of_what_another_test_began_are_one_call() -> None:
    """Their first is what begins it."""
    assert texts(got({"status": "in_progress"}), got({"status": "completed", "steps": [said("y")]})) == [
        ("completed", "y")
    ]


def test_a_cancelled_interaction_is_one_call() -> None:
    """The request that cancels it says what became of it."""
    cancelled = exchange(None, {"id": "v1_a", "status": "cancelled"}, uri=f"{API}/v1_a/cancel")
    assert texts(exchange({"input": "Hi"}, {"id": "v1_a", "status": "in_progress"}), cancelled) == [("cancelled", "")]


def test_each_request_to_create_begins_a_call() -> None:
    """A server of a test may give the same id to all; a poll is then of the last."""
    answer = {"id": "i", "status": "in_progress", "steps": [said("x")]}
    end = {"id": "i", "status": "completed", "steps": [said("y")]}
    assert texts(exchange({"input": "a"}, answer), exchange({"input": "a"}, answer), got(end, "i")) == [
        ("in_progress", "x"),
        ("completed", "y"),
    ]


def test_a_stream_that_was_resumed_is_one_answer() -> None:
    """The rest goes on in the middle of a step, whatever it says of its id; the order is that of the first requests."""
    other = exchange({"input": "Other"}, {"status": "completed", "steps": [said("x")]})
    pieces = resumed(delta("l", event_id="3")), resumed(delta("o", event_id="4"), completed())
    begun = streamed({"input": "Hi"}, created(event_id="1"), delta("Hel", event_id="2"), cut=BROKEN)
    assert texts(begun, pieces[0], other, pieces[1]) == [("completed", "Hello"), ("completed", "x")]


def test_an_event_that_is_sent_again_counts_once() -> None:
    """It has the same id, in another stream or in the same; without ids a stream from its beginning replaces all."""
    events = [created(event_id="1"), delta("a", event_id="2"), delta("a", event_id="3"), completed()]
    assert texts(streamed({"input": "Hi"}, *events[:3], cut=BROKEN), resumed(*events[1:])) == [("completed", "aa")]
    assert texts(streamed({"input": "Hi"}, *events[:3], cut=BROKEN), resumed(*events)) == [("completed", "aa")]
    assert texts(streamed({"input": "Hi"}, *events[:3], events[2], events[3])) == [("completed", "aa")]
    plain = [created(), delta("a"), delta("a"), completed()]
    assert texts(streamed({"input": "Hi"}, *plain[:3], cut=BROKEN), resumed(*plain)) == [("completed", "aa")]


def test_the_error_that_ends_a_stream_is_none_of_one_that_was_resumed() -> None:
    """The real API cuts a long stream by JSON without an event's frame."""
    cut = streamed({"input": "Hi"}, created(event_id="1"), delta("a", event_id="2"))
    cut.response.body += b'[{"error":{"code":503,"message":"Unavailable"}}]'
    (alone,) = interactions_of([cut])
    assert alone.errors == [{"code": 503, "message": "Unavailable"}]
    (whole,) = interactions_of([cut, resumed(delta("b", event_id="3"), completed())])
    assert (whole.output_text, whole.errors) == ("ab", None)


def test_a_stream_may_be_polled_in_between() -> None:
    """What came last counts: the poll after a break, and the rest of the stream after a poll."""
    begun = streamed({"input": "Hi"}, created(event_id="1"), delta("He", event_id="2"), cut=BROKEN)
    poll = got({"id": "v1_a", "status": "in_progress"})
    assert texts(begun, poll) == [("in_progress", "")]
    assert texts(begun, poll, resumed(delta("y", event_id="3"), completed())) == [("completed", "Hey")]
    assert texts(begun, got({"id": "v1_a", "status": "completed", "steps": [said("Hey")]})) == [("completed", "Hey")]


LIMITED: Json = {"id": "v1_a", "status": "requires_continuation", "continuation_token": "t", "steps": [said("a")]}
LAST: Json = {"id": "v1_b", "status": "completed", "previous_interaction_id": "v1_a", "steps": [said("b")]}


def test_hops_are_one_interaction_with_what_was_asked_first() -> None:
    """A later hop names the one before it and may repeat the input; only what is new of it counts."""
    asked = {"input": "Hi", "previous_interaction_id": "v1_0"}
    usages: list[Json] = [
        {"total_input_tokens": 5, "output_tokens_by_modality": [{"modality": "text", "tokens": 1}, "odd"], "n": True},
        {"total_input_tokens": 6, "output_tokens_by_modality": [{"modality": "text", "tokens": 2}, {"a": 1}], "n": "x"},
    ]
    user = {"type": "user_input", "content": []}
    hops = [
        {**LIMITED, "created": "2026", "usage": usages[0]},
        {**LAST, "steps": [user, said("b")], "created": "2027", "usage": usages[1]},
    ]
    goes_on = {"continuation_token": "t", "previous_interaction_id": "v1_a"}
    (found,) = interactions_of([exchange(asked, hops[0]), exchange(goes_on, hops[1])])
    assert found.model_dump() == {
        "id": "v1_b",
        "status": "completed",
        "created": "2026",
        "previous_interaction_id": None,
        "steps": [said("a"), said("b")],
        "continuation_ids": ["v1_a", "v1_b"],
        "usage": {
            "total_input_tokens": 11,
            "initial_input_tokens": 5,
            "n": "x",
            "output_tokens_by_modality": [{"modality": "text", "tokens": 3}, "odd", {"a": 1}],
        },
    }
    assert (found.input, found.previous_interaction_id) == ("Hi", None)


def test_who_stores_nothing_goes_on_by_saying_all_once_more() -> None:
    """The token makes the difference; without ids there are none to list."""
    limited = {name: value for name, value in LIMITED.items() if name != "id"}
    last = {"status": "completed", "steps": [said("b")]}
    (found,) = interactions_of(
        [exchange({"input": "Hi"}, limited), exchange({"input": "Hi", "continuation_token": "t"}, last)]
    )
    assert (found.output_text, found.input) == ("ab", "Hi")
    assert found.model_dump()["continuation_ids"] == []


def test_a_token_of_another_call_is_none_of_this() -> None:
    """Nor is one that was used, or that nobody gave; what such a request says once more is no input."""
    asked = {"input": "Hi", "store": False}
    unknown = {**asked, "continuation_token": "u"}
    other = {"input": "Ho", "store": False, "continuation_token": "t"}
    goes_on = {**asked, "continuation_token": "t"}
    exchanges = [exchange(asked, LIMITED), *(exchange(each, LAST) for each in (unknown, other, goes_on, goes_on))]
    found = interactions_of(exchanges)
    assert [each.output_text for each in found] == ["ab", "b", "b", "b"]
    assert [each.input for each in found] == ["Hi", None, None, None]


def test_calls_that_give_the_same_token_take_it_in_turn() -> None:
    """A server of a test may give the same to all."""
    goes_on = {"input": "Hi", "continuation_token": "t"}
    asked = [exchange({"input": "Hi"}, {**LIMITED, "id": ""}) for _ in range(2)]
    assert texts(*asked, exchange(goes_on, LAST), exchange(goes_on, LAST)) == [("completed", "ab")] * 2


def test_a_stream_that_broke_goes_on_from_its_token() -> None:
    """From a checkpoint, from the token that began it if it brought nothing, also one of another test's."""
    checkpoint = {"event_type": "interaction.status_update", "status": "in_progress", "continuation_token": "c"}
    from_c = {"continuation_token": "c", "previous_interaction_id": "v1_a"}
    begun = streamed({"input": "Hi"}, created(), delta("a"), checkpoint, cut=BROKEN)
    broken, last = streamed(from_c, created("v1_b"), cut=BROKEN), streamed(from_c, delta("b"), completed("v1_c"))
    assert texts(begun, broken, last) == [("completed", "ab")]
    mine = {"input": "Hi", "continuation_token": "mine"}
    assert texts(streamed(mine, created(), cut=BROKEN), streamed(mine, delta("b"), completed())) == [("completed", "b")]


def test_a_stream_that_the_app_left_does_not_go_on() -> None:
    """What it asks for with the same token is another call."""
    mine = {"input": "Hi", "continuation_token": "mine"}
    left = streamed(mine, created(), delta("a"), cut=Cut(by="app"))
    assert texts(left, streamed(mine, delta("b"), completed())) == [("in_progress", "a"), ("completed", "b")]


def test_hops_of_a_stream_may_have_one_id() -> None:
    """With a token the next goes on; without one the stream begins anew."""
    limited = completed(status="requires_continuation", continuation_token="t")
    goes_on = {"continuation_token": "t", "previous_interaction_id": "v1_a"}
    hops = (
        streamed({"input": "Hi"}, created(), delta("a"), limited),
        streamed(goes_on, created(), delta("b"), completed()),
    )
    assert texts(*hops) == [("completed", "ab")]
    assert texts(streamed({"input": "Hi"}, created(), delta("a"), created(), delta("b"), completed())) == [
        ("completed", "b")
    ]


def test_usage_that_is_no_object_counts_nothing() -> None:
    """Counts of any form are added."""
    assert summed([None, 5, {"a": 1}, {"a": 2, "b": [{"type": "t", "count": 1}]}, {"b": 5}]) == {"a": 3, "b": 5}


ODD: list[Any] = [None, 0, "", "x", [], [1], {}, {"a": 1}, True]


@pytest.mark.parametrize("id_", ODD, ids=repr)
def test_no_answer_is_too_odd_to_be_a_call(id_: Any) -> None:
    """Whatever stands where an id, a token, a status or steps should be, there is one interaction for each creation."""
    for token, status in itertools.product(ODD, ODD):
        answer = {"id": id_, "status": status, "continuation_token": token, "steps": status, "usage": token}
        goes_on = {"continuation_token": token, "previous_interaction_id": id_}
        kinds = ("interaction.created", "step.start", "step.delta", "interaction.created", "interaction.completed")
        parts = {"event_id": token, "interaction_id": id_, "index": id_, "step": status, "delta": token}
        events = [{"event_type": kind, "interaction": answer, **parts} for kind in kinds]
        found = interactions_of(
            [
                exchange({"input": token}, answer),
                exchange(goes_on, {**answer, "id": token}),
                streamed(goes_on, *events),
                resumed(*events, name="v1_a"),
            ]
        )
        assert 1 <= len(found) <= 4
        assert all(transcript(each) for each in found)


def test_a_call_takes_as_long_as_its_exchanges() -> None:
    """Hops add up; of what nobody timed, or not whole, it is not known."""

    def timed(found: Exchange, seconds: float | None) -> Exchange:
        found.seconds = seconds
        return found

    hop = {"id": "v1_a", "status": "requires_continuation", "continuation_token": "t"}
    asked = {"input": "Hello", "model": "m"}
    goes_on = {**asked, "continuation_token": "t"}
    refused = timed(exchange(asked, {"error": {}}, status=503), 9)
    first = timed(exchange(asked, hop), 0.5)
    second = timed(exchange(goes_on, {"id": "v1_b", "status": "completed"}), 0.25)
    (call,) = calls_of([refused, first, second])
    assert call.asked == asked
    assert call.interaction.status == "completed"
    assert list(map(id, call.exchanges)) == [id(first), id(second)]
    assert call.seconds == 0.75
    second.seconds = None
    assert call.seconds is None
