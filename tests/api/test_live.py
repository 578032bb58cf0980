"""Live interactions, folded into the turns that the same conversation has over HTTP."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api import websocket
from pytest_interactions.api.calls import calls_of, interactions_of
from pytest_interactions.api.conversation import trajectory
from pytest_interactions.api.drift.compare import compare
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.fold import fold
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.live.turns import as_http
from pytest_interactions.api.named_models import models_of
from pytest_interactions.api.tool_calls import tool_calls
from pytest_interactions.api.transcript import transcript
from pytest_interactions.api.usage import total_tokens
from pytest_interactions.options import Wording
from tests.api.conversing import BROKE, LEFT, answer, api, app, asks, closed, connection, says

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

BEGIN: list[websocket.Item] = [app("interaction.connect", id="int_1"), api("interaction.connected")]
COMPLETED = api("interaction.completed", usage={"total_tokens": 7})
END: list[websocket.Item] = [
    app("interaction.complete"),
    COMPLETED,
    closed(by_app=False),
]


def _told(*exchanges: Exchange) -> str:
    """The transcript of a test, with what opened its conversation left out."""
    return transcript(SimpleNamespace(interactions=interactions_of(exchanges)))


def _inputs(*exchanges: Exchange) -> list[Any]:
    return [each.input for each in interactions_of(exchanges)]


def _texts(*exchanges: Exchange) -> list[str]:
    return [each.output_text for each in interactions_of(exchanges)]


def _statuses(*exchanges: Exchange) -> list[str | None]:
    return [each.status for each in interactions_of(exchanges)]


def _post(asked: Json, **answer: Any) -> Exchange:
    return Exchange(
        request=Request(method="POST", uri="https://g.example/v1beta/interactions", body=compact(asked).encode()),
        response=Response(status=200, headers={"content-type": ["application/json"]}, body=compact(answer).encode()),
    )


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def test_each_input_with_its_answer_is_a_turn() -> None:
    """It has what the app said, and the steps that came of it."""
    talk = connection(BEGIN, says("Hi"), answer(0, "Hello ", "there"), says("Bye"), answer(1, "See you"), END)
    assert _inputs(talk) == [[_text("Hi")], [_text("Bye")]]
    assert _texts(talk) == ["Hello there", "See you"]
    assert _statuses(talk) == ["completed", "completed"]
    assert [each.id for each in interactions_of([talk])] == ["int_1", "int_1"]
    assert [each.usage for each in interactions_of([talk])] == [None, {"total_tokens": 7}]


def test_a_conversation_reads_as_it_does_over_http() -> None:
    """The transcript of a call of a function is the same, word for word."""
    call = {"type": "function_call", "name": "get_weather", "id": "c1", "arguments": {"city": "Paris"}}
    result = {"type": "function_result", "name": "get_weather", "call_id": "c1", "result": {"sky": "clear"}}
    said = {"type": "model_output", "content": [_text("It is clear.")]}
    live = connection(
        app("interaction.create", model="gemini-live", tools=[{"type": "function", "name": "get_weather"}]),
        api("interaction.created", interaction_id="int_1"),
        says("How is it in Paris?"),
        asks(0, "get_weather", "Paris"),
        app("input", content=[result]),
        answer(1, "It is ", "clear."),
        END,
    )
    asked = {"model": "gemini-live", "input": "How is it in Paris?"}
    http = [
        _post(asked, id="a", status="requires_action", steps=[call]),
        _post({"input": [result], "previous_interaction_id": "a"}, id="b", status="completed", steps=[said]),
    ]
    assert _told(live) == _told(*http)
    assert [step.type for step in trajectory(interactions_of([live]))] == [
        step.type for step in trajectory(interactions_of(http))
    ]
    assert transcript(interactions_of([live])) == transcript(interactions_of(http))
    (made,) = tool_calls(interactions_of([live]))
    assert (made.turn, made.arguments, made.result) == (1, {"city": "Paris"}, {"sky": "clear"})


def test_the_setting_is_that_of_the_interaction() -> None:
    """What began it holds for all of its turns, which go on with it."""
    talk = connection(
        app("interaction.create", model="gemini-live", system_instruction="Be brief", previous_interaction_id="old"),
        api("interaction.created", interaction_id="int_1"),
        says("Hi"),
        answer(0, "Yes"),
        says("So"),
        answer(1, "No"),
        closed(),
    )
    first, second = calls_of([talk])
    assert first.asked == {
        "model": "gemini-live",
        "system_instruction": "Be brief",
        "previous_interaction_id": "old",
        "input": [_text("Hi")],
    }
    assert second.asked == {**first.asked, "previous_interaction_id": "int_1", "input": [_text("So")]}
    assert [each.interaction.model for each in (first, second)] == ["gemini-live"] * 2
    assert models_of([talk]) == ("gemini-live",)


def test_an_interaction_that_began_over_http_goes_on_with_its_setting() -> None:
    """And in the same conversation."""
    begun = _post({"model": "m", "tools": [], "input": "x"}, id="int_1", status="completed", steps=[], usage={})
    first, second = calls_of([begun, connection(BEGIN, says("a"), answer(0, "A"), closed())])
    assert second.asked == {
        "model": "m",
        "tools": [],
        "previous_interaction_id": "int_1",
        "input": [_text("a")],
    }
    assert transcript([first.interaction, second.interaction]).count("turn") == 2


def test_batches_and_binary_messages_count_as_their_events() -> None:
    """Both ways."""
    sent = websocket.Frame(True, compact({"events": [{"event_type": "input", "content": [_text(x)]} for x in "ab"]}))
    got = {"events": [websocket.Frame(False, frame.data).json() for frame in answer(0, "Yes")]}
    talk = connection(BEGIN, sent, websocket.Frame(False, compact(got).encode()), closed())
    assert _inputs(talk) == [[_text("a"), _text("b")]]
    assert _texts(talk) == ["Yes"]


def test_what_is_no_event_is_no_part_of_a_turn() -> None:
    """Neither bytes, nor a text that is no JSON, nor JSON that is no object."""
    odd = [websocket.Frame(False, data) for data in (b"\xff\0", "no JSON", "[1]", '{"events": ["x"]}')]
    talk = connection(BEGIN, says("Hi"), odd, answer(0, "Yes"), closed())
    assert _told(talk) == "turn 1: completed\n  model_output: Yes\n"


def test_a_connection_without_a_word_is_no_call() -> None:
    """Nor is one of the older Live API, or of another host."""
    older = "wss://g.example/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    others = [connection(BEGIN, says("Hi"), answer(0, "Yes"), uri=uri) for uri in (older, "wss://example.com/talk")]
    assert not interactions_of([connection(BEGIN, app("interaction.disconnect"), closed()), connection(), *others])
    assert as_http(others) == others


def test_each_turn_has_the_usage_of_its_answer() -> None:
    """That of the whole interaction, which comes at its end, is no usage of the last one then."""

    def used(index: int, total: int) -> list[websocket.Frame]:
        *rest, _ = answer(index, "Yes")
        return [*rest, api("step.stop", index=index, usage={"total_tokens": total})]

    talk = connection(BEGIN, says("a"), used(0, 3), says("b"), used(1, 4), END)
    assert [each.usage for each in interactions_of([talk])] == [{"total_tokens": 3}, {"total_tokens": 4}]
    assert total_tokens([talk]) == 7
    left = connection(BEGIN, says("a"), used(0, 3), says("b"), END)
    assert [each.usage for each in interactions_of([left])] == [{"total_tokens": 3}, None]


def test_chunks_of_a_sound_are_one_content() -> None:
    """However many inputs they came in; a text between them parts them."""
    chunk = {"type": "audio", "mime_type": "audio/pcm", "data": "AAEC"}
    talk = connection(BEGIN, *[app("input", content=[chunk])] * 3, says("Go"), answer(0, "Yes"), closed())
    assert _inputs(talk) == [[{**chunk, "data": "AAEC" * 3}, _text("Go")]]


def test_an_input_that_is_no_list_is_kept() -> None:
    """As it came."""
    assert _inputs(connection(BEGIN, app("input", content="Hi"), answer(0, "Yes"), closed())) == [["Hi"]]


# --- what comes in the middle ---


def test_an_input_in_the_middle_of_a_step_waits_for_the_next_one() -> None:
    """The step goes on in the turn in which it began."""
    first, delta, *rest = answer(0, "One ", "two")
    talk = connection(BEGIN, says("Count"), first, delta, says("Stop"), rest, answer(1, "All right"), closed())
    assert _inputs(talk) == [[_text("Count")], [_text("Stop")]]
    assert _texts(talk) == ["One two", "All right"]


def test_a_step_that_the_next_turn_follows_has_ended() -> None:
    """As when the app interrupts it; what comes of it later is a part of it."""
    start, delta, late, stop = answer(0, "One ", "two")
    talk = connection(BEGIN, says("Count"), start, delta, says("Stop"), answer(1, "Yes"), late, stop, closed())
    assert _statuses(talk) == ["completed", "completed"]
    assert _texts(talk) == ["One two", "Yes"]


def test_what_an_app_does_that_is_no_input_is_shown() -> None:
    """Before the answer, in the middle of it, and behind it."""
    start, *rest = answer(0, "Walking")
    talk = connection(
        BEGIN,
        app("world_setup", world_prompt={"text": "A wood"}),
        start,
        app("user_action", action="key_down"),
        rest,
        app("user_action", action="key_up"),
        closed(),
    )
    assert _told(talk) == (
        "turn 1: completed\n"
        "  model_output: Walking\n"
        "  event world_setup\n"
        '    world_prompt.text: "A wood"\n'
        "  event user_action\n"
        '    action: "key_down"\n'
        "  event user_action\n"
        '    action: "key_up"\n'
    )


def test_what_an_app_does_behind_an_answer_begins_a_turn_if_it_is_answered() -> None:
    """It needs no input."""
    talk = connection(BEGIN, says("Go"), answer(0, "A"), app("user_action", action="jump"), answer(1, "B"), closed())
    assert _texts(talk) == ["A", "B"]
    assert _inputs(talk) == [[_text("Go")], None]


def test_an_unknown_event_is_kept() -> None:
    """In its turn."""
    talk = connection(BEGIN, says("Hi"), answer(0, "Yes"), api("mood", value="good"), closed())
    assert _told(talk) == 'turn 1: completed\n  model_output: Yes\n  event mood\n    value: "good"\n'


def test_an_event_with_an_odd_index_is_no_error() -> None:
    """Whatever stands there."""
    talk = connection(BEGIN, says("Hi"), api("step.delta", index=[1], delta=_text("Yes")), api("step.stop"), closed())
    assert _texts(talk) == ["Yes"]


# --- ends ---


@pytest.mark.parametrize("kind", ["interaction.cancelled", "interaction.canceled"])
def test_an_interaction_that_the_server_cancels_is_cancelled(kind: str) -> None:
    """With its usage."""
    talk = connection(BEGIN, says("Go"), answer(0, "One")[:2], api(kind, usage={"total_tokens": 3}), closed())
    (turn,) = interactions_of([talk])
    assert (turn.status, turn.usage) == ("cancelled", {"total_tokens": 3})


def test_an_app_that_cancels_is_gone_before_the_server_says_so() -> None:
    """An answer that had come to its end is not cancelled."""
    cancel = app("interaction.cancel")
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One")[:2], cancel, closed())) == ["cancelled"]
    assert _statuses(connection(BEGIN, says("Go"), cancel, closed())) == ["cancelled"]
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One"), cancel, closed())) == ["completed"]


def test_an_input_without_an_answer_is_a_turn_in_progress() -> None:
    """The app has left, or the connection broke."""
    talk = connection(BEGIN, says("Hi"), answer(0, "Yes"), says("Bye"), app("interaction.disconnect"), closed())
    assert _statuses(talk) == ["completed", "in_progress"]
    assert _inputs(talk) == [[_text("Hi")], [_text("Bye")]]
    assert [call.turn and call.turn.was_left for call in calls_of([talk])] == [False, True]
    alone = connection(BEGIN, says("Hi"), cut=BROKE)
    assert _statuses(alone) == ["in_progress"]
    assert [call.turn and call.turn.was_left for call in calls_of([alone])] == [False]


def test_a_step_that_breaks_off_leaves_its_turn_in_progress() -> None:
    """As a stream does; and the input that comes behind it is another turn."""
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One")[:2], cut=BROKE)) == ["in_progress"]
    talk = connection(BEGIN, says("Go"), answer(0, "One")[:2], says("Hey"), cut=LEFT)
    assert _statuses(talk) == ["in_progress", "in_progress"]


def test_a_completed_interaction_without_steps_is_completed() -> None:
    """Its usage has a place."""
    (turn,) = interactions_of([connection(BEGIN, END)])
    assert (turn.status, turn.steps, turn.usage) == ("completed", None, {"total_tokens": 7})


def test_a_call_without_a_result_requires_action() -> None:
    """Also where the interaction is completed, which HTTP would not call the turn."""
    assert _statuses(connection(BEGIN, says("Go"), asks(0, "look", "Oslo"), END)) == ["requires_action"]


def test_errors_are_those_of_their_turn() -> None:
    """A turn that has nothing else has failed, and so has one whose step goes on."""
    error = api("error", error={"code": "overloaded", "message": "Try later"})
    told = 'turn 1: failed\n  error.code: "overloaded"\n  error.message: "Try later"\n'
    assert _told(connection(BEGIN, says("Go"), error, closed(by_app=False, code=1011))) == told
    assert _told(connection(app("interaction.connect", id="gone"), error, closed(by_app=False))) == told
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One")[:2], error, closed())) == ["failed"]
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One"), error, closed())) == ["completed"]


def test_a_status_of_grpc_is_an_error_or_none() -> None:
    """As `interaction.completed` has it."""
    fine = api("interaction.completed", status={"code": 0})
    bad = api("interaction.completed", status={"code": 13, "message": "Internal"})
    assert _statuses(connection(BEGIN, says("Go"), answer(0, "One"), fine, closed())) == ["completed"]
    (turn,) = interactions_of([connection(BEGIN, says("Go"), answer(0, "One"), bad, closed())])
    assert (turn.status, turn.errors) == ("failed", [{"code": 13, "message": "Internal"}])


# --- several connections ---


def test_another_connection_goes_on_with_the_interaction() -> None:
    """An event that the app or the server says again counts once."""
    first = connection(
        BEGIN, says("Hi"), answer(0, "Hello"), says("More"), api("reconnection_required"), closed(by_app=False)
    )
    second = connection(BEGIN, says("More"), answer(1, "Here"), says("Bye"), answer(2, "Bye"), END)
    assert _inputs(first, second) == [[_text("Hi")], [_text("More")], [_text("Bye")]]
    assert _texts(first, second) == ["Hello", "Here", "Bye"]
    assert [[each is first, each is second] for call in calls_of([first, second]) for each in call.exchanges] == [
        [True, False],
        [False, True],
        [False, True],
    ]


def test_a_step_goes_on_over_another_connection() -> None:
    """It stays in its turn, which then took both."""
    start, one, two, stop = answer(0, "One ", "two")
    first, second = connection(BEGIN, says("Go"), start, one, cut=BROKE), connection(BEGIN, two, stop, closed())
    assert _texts(first, second) == ["One two"]
    (call,) = calls_of([first, second])
    assert list(map(id, call.exchanges)) == [id(first), id(second)]
    assert call.seconds is None


def test_a_step_that_is_sent_again_is_there_once() -> None:
    """Be it from its beginning, or be all steps sent again."""
    first = connection(BEGIN, says("Go"), answer(0, "A"), answer(1, "B1 ", "B2")[:2], cut=BROKE)
    again = connection(BEGIN, answer(1, "B1 ", "B2"), closed())
    everything = connection(BEGIN, answer(0, "A"), answer(1, "B1 ", "B2"), closed())
    assert _texts(first, again) == _texts(first, everything) == ["AB1 B2"]


def test_an_event_with_an_id_that_came_already_counts_once() -> None:
    """One with the same id that says something else is another."""
    start, _, stop = answer(0, "One ")
    piece = api("step.delta", index=0, delta=_text("One "), event_id="e1")
    other = api("step.delta", index=0, delta=_text("two"), event_id="e1")
    first = connection(BEGIN, says("Go"), start, piece, cut=BROKE)
    assert _texts(first, connection(BEGIN, piece, other, stop, closed())) == ["One two"]


def test_what_a_connection_tells_of_earlier_steps_is_known() -> None:
    """It makes no step twice."""
    told = {"id": "int_1", "model": "m-1", "status": "in_progress", "steps": [{"type": "model_output"}]}
    begin = [app("interaction.connect", id="int_1"), api("interaction.connected", interaction=told)]
    talk = connection(begin, says("Hi"), answer(0, "Yes"), closed())
    assert _told(talk) == "turn 1: completed\n  model_output: Yes\n"
    assert interactions_of([talk])[0].model == "m-1"


def test_an_index_that_begins_anew_with_another_input_is_another_step() -> None:
    """Also on another connection."""
    first, second = (connection(BEGIN, says(x), answer(0, x.upper()), closed()) for x in "ab")
    assert _texts(first, second) == ["A", "B"]


def test_a_step_that_broke_off_is_not_ended_by_a_turn_on_another_connection() -> None:
    """As a stream that broke is not."""
    first, second = (
        connection(BEGIN, says("a"), answer(0, "A")[:2], cut=BROKE),
        connection(BEGIN, says("b"), answer(1, "B")),
    )
    assert _statuses(first, second) == ["in_progress", "completed"]


def test_interactions_side_by_side_stay_apart() -> None:
    """On two connections, and on one."""
    create = app("interaction.create", model="m")
    one = [create, api("interaction.created", interaction_id="one"), says("a"), *answer(0, "A")]
    two = [create, api("interaction.created", interaction_id="two"), says("b"), *answer(0, "B")]
    for talks in ([connection(one, closed()), connection(two, closed())], [connection(one, two, closed())]):
        assert [each.id for each in interactions_of(talks)] == ["one", "two"]
        assert _texts(*talks) == ["A", "B"]


def test_an_interaction_that_nobody_names_has_no_id() -> None:
    """And its turns are there all the same."""
    talk = connection(app("interaction.create"), says("a"), answer(0, "A"), says("b"), answer(1, "B"), closed())
    assert [each.id for each in interactions_of([talk])] == [None, None]
    assert (
        _told(talk) == "turn 1: completed\n  model_output: A\nturn 2: completed\n  user_input: b\n  model_output: B\n"
    )


def test_a_poll_of_the_interaction_changes_no_turn() -> None:
    """It belongs to the last one."""
    talk = connection(BEGIN, says("a"), answer(0, "A"), says("b"), answer(1, "B"), closed())
    poll = _post({}, id="int_1", status="completed", steps=[])
    poll.request = Request(method="GET", uri="https://g.example/v1beta/interactions/int_1")
    assert _texts(talk, poll) == ["A", "B"]
    assert calls_of([talk, poll])[-1].exchanges[-1] is poll


# --- the SDK's events, and figures ---


def test_events_that_an_app_received_fold_by_themselves() -> None:
    """As a list of dicts, of several turns."""
    frames = [*BEGIN, *answer(0, "Hello "), *answer(1, "there"), *END]
    events = [frame.json() for frame in frames if isinstance(frame, websocket.Frame) and not frame.sent]
    folded = fold(events)
    assert (folded.status, folded.output_text, folded.usage) == ("completed", "Hello there", {"total_tokens": 7})
    assert fold(events[:1]).status == "in_progress"
    assert fold(events[:3]).status == "in_progress"
    assert fold([{"event_type": "interaction.created", "interaction_id": "x"}, *events[1:]]).id == "x"
    assert fold([*events[:3], {"event_type": "interaction.cancelled"}]).status == "cancelled"
    assert fold([*events[:4], {"event_type": "reconnection_required"}]).model_dump().get("unknown_events") is None


def test_tokens_are_counted_once() -> None:
    """Whatever shows them again."""
    talk = connection(BEGIN, says("a"), answer(0, "A"), END)
    again = connection(BEGIN, END)
    unnamed = connection(app("interaction.create"), says("a"), answer(0, "A"), END)
    assert total_tokens([talk]) == total_tokens([talk, again]) == 7
    assert total_tokens([talk, unnamed]) == 14
    assert total_tokens([connection(BEGIN, says('"total_tokens"'), closed())]) == 0


def _timed(*frames: Any, gap: float = 0.5) -> Exchange:
    talk = connection(*frames)
    count = len(websocket.read(talk.response.body))
    return replace(talk, times=tuple(round(gap * number, 3) for number in range(count + 1)))


def test_a_turn_took_from_its_first_word_to_its_last_event() -> None:
    """What the app thought in between is no part of it."""
    talk = _timed(BEGIN, says("a"), answer(0, "A", "B"), says("b"), answer(1, "C"), closed())
    first, second = calls_of([talk])
    assert (first.seconds, second.seconds) == (2.0, 1.5)
    assert first.turn is not None
    came = first.turn.came()
    assert [each.number for each in came] == [1, 2, 3, 4]
    assert {round(new.seconds - old.seconds, 3) for old, new in pairwise(came)} == {0.5}
    assert first.first() == (0.5, 1.0)
    assert [gap.seconds for gap in first.gaps()] == [0.5] * 3
    ended = _timed(BEGIN, says("a"), answer(0, "A"), COMPLETED, closed())
    assert calls_of([ended])[0].seconds == 1.5
    (unanswered,) = calls_of([_timed(BEGIN, says("a"), closed())])
    assert (unanswered.seconds, unanswered.first(), unanswered.gaps()) == (None, None, [])


def test_behaviour_is_compared_turn_by_turn() -> None:
    """However the messages came; a changed turn is told by its number."""
    old = connection(BEGIN, says("a"), asks(0, "look", "Oslo"), says("b"), answer(1, "Hello ", "you"), END)
    same = connection(BEGIN, says("a"), asks(0, "look", "Oslo", call="z"), says("b"), answer(1, "Hello you"), END)
    other = connection(BEGIN, says("a"), asks(0, "find", "Oslo"), says("b"), answer(1, "Hello you"), END)
    assert compare([old], [same], wording=Wording.SAME) == []
    found = compare([old], [other], wording=Wording.SAME)
    assert [each.place.turns for each in found] == [(1,)]
    short = connection(BEGIN, says("a"), asks(0, "look", "Oslo"), closed())
    assert [str(each.kind) for each in compare([old], [short], wording=Wording.SAME)] != []


def test_a_following_request_belongs_to_the_conversation() -> None:
    """When it is compared with another recording of it, too."""
    talk = connection(BEGIN, says("a"), answer(0, "A"), says("b"), answer(1, "B"), END)
    then = _post({"input": "c", "previous_interaction_id": "int_1"}, id="n", status="completed", steps=[])
    names = [each.request.json().get("previous_interaction_id") for each in as_http([talk, then])]
    ids = [fold_id(each) for each in as_http([talk, then])]
    assert names[1:] == ids[:2]
    assert compare([talk, then], [talk, then], wording=Wording.SAME) == []


def fold_id(exchange: Exchange) -> Any:
    """The id of the interaction that an exchange answers."""
    return interactions_of([exchange])[0].id
