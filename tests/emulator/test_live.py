"""Live interactions, event by event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.server.emulator import Emulator, Hold
from tests.emulator.live import MODEL, WEATHER, refusal, talking, text_of
from tests.live.talk import PATH

if TYPE_CHECKING:
    import httpx


def show(rest: httpx.Client, name: str, **query: str) -> Any:
    """Get an interaction over HTTP."""
    return rest.get(f"/v1beta/interactions/{name}", params=query).json()


def test_an_input_is_answered_in_steps(emulator: Emulator) -> None:
    """As a stream answers it: each step starts, comes in deltas and stops, and the last stop has the usage."""
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        events = talk.turn()
    kinds = [event["event_type"] for event in events]
    assert kinds == ["step.start", "step.delta", "step.stop"] * 2
    assert [event["index"] for event in events] == [0, 0, 0, 1, 1, 1]
    assert text_of(events) == "You said: Hi"
    assert events[-1]["usage"]["total_tokens"] > 0


def test_turns_remember_each_other_and_go_on_counting(emulator: Emulator) -> None:
    with talking(emulator) as talk:
        talk.create()
        talk.input("I have 2 dogs")
        talk.turn()
        talk.input("How many paws?")
        events = talk.turn()
    assert "8 paws" in text_of(events)
    assert {event["index"] for event in events} == {2, 3}


def test_complete_ends_it_with_the_usage_of_all_turns(emulator: Emulator, rest: httpx.Client) -> None:
    """HTTP shows all of its steps then, in order, and its sums."""
    with talking(emulator) as talk:
        name = talk.create()
        totals = []
        for words in ("one", "two"):
            talk.input(words)
            totals.append(talk.turn()[-1]["usage"]["total_tokens"])
        assert show(rest, name)["status"] == "in_progress"
        talk.say("interaction.complete")
        completed, closed = talk.rest()
    assert completed["event_type"] == "interaction.completed"
    assert completed["usage"]["total_tokens"] == sum(totals)
    assert completed["created"]
    assert completed["updated"]
    assert closed == (1000, "")
    shown = show(rest, name)
    assert (shown["status"], shown["model"], shown["usage"]) == ("completed", MODEL, completed["usage"])
    kinds = ["user_input", "thought", "model_output"]
    assert [step["type"] for step in shown["steps"]] == kinds * 2


def test_another_interaction_continues_it(emulator: Emulator, rest: httpx.Client) -> None:
    """Over HTTP, or live."""
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("I have 1 bird")
        talk.turn()
        talk.say("interaction.complete")
        talk.rest()
    body = {"model": MODEL, "input": "How many paws?", "previous_interaction_id": name}
    over_http = rest.post("/v1beta/interactions", json=body).json()
    with talking(emulator) as talk:
        talk.create(previous_interaction_id=name)
        talk.input("How many paws?")
        live = text_of(talk.turn())
    assert "2 paws" in over_http["steps"][-1]["content"][0]["text"]
    assert "2 paws" in live


def test_parallel_calls_are_answered_when_all_results_are_there(emulator: Emulator, rest: httpx.Client) -> None:
    with talking(emulator) as talk:
        name = talk.create(tools=[WEATHER])
        talk.input("What is the weather in Paris and in Rome?")
        calls = [event["step"] for event in talk.turn() if event.get("step", {}).get("type") == "function_call"]
        assert len(calls) == 2
        first, second = (
            {"type": "function_result", "call_id": call["id"], "name": call["name"], "result": words}
            for call, words in zip(calls, ("sun", "rain"), strict=True)
        )
        talk.input([first])
        talk.input([second])
        answer = text_of(talk.turn())
        talk.say("interaction.complete")
        talk.rest()
    assert answer == "get_weather returned sun. get_weather returned rain."
    kinds = [step["type"] for step in show(rest, name)["steps"]]
    assert kinds.count("function_result") == 2


def test_a_call_that_has_no_result_is_refused_as_over_http(emulator: Emulator) -> None:
    """The interaction stands, and takes the result."""
    with talking(emulator) as talk:
        talk.create(tools=[WEATHER])
        talk.input("What is the weather in Paris?")
        call = next(event["step"] for event in talk.turn() if event.get("step", {}).get("type") == "function_call")
        talk.input("Forget it")
        assert talk.error()["code"] == "invalid_request"
        talk.input([{"type": "function_result", "call_id": call["id"], "name": "get_weather", "result": "sun"}])
        assert "returned sun" in text_of(talk.turn())


def test_an_answer_is_spoken_if_it_is_asked_for(emulator: Emulator) -> None:
    with talking(emulator) as talk:
        talk.create(response_modalities=["audio"])
        talk.input("Hi")
        deltas = [event["delta"] for event in talk.turn() if event["event_type"] == "step.delta"]
    assert deltas[-1]["type"] == "audio"


def test_cancel_stops_what_is_being_said(emulator: Emulator, rest: httpx.Client) -> None:
    hold = Hold(before=2)
    emulator.on(operation="live").reply(text=["a", "b"], hold=hold)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        hold.wait_reached()
        talk.say("interaction.cancel")
        *_, cancelled, closed = talk.rest()
    assert cancelled["event_type"] == "interaction.cancelled"
    assert cancelled["usage"]
    assert closed == (1000, "")
    assert show(rest, name)["status"] == "cancelled"


def test_a_cancellation_over_http_ends_it(emulator: Emulator, rest: httpx.Client) -> None:
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        talk.turn()
        assert rest.post(f"/v1beta/interactions/{name}/cancel").json()["status"] == "cancelled"
        talk.input("Still there?")
        error = talk.error()
    assert error == {
        "code": "failed_precondition",
        "message": f"Interaction '{name}' is cancelled and takes no more events.",
    }
    assert len(show(rest, name)["steps"]) == 3


def test_an_interaction_goes_on_after_a_disconnection(emulator: Emulator) -> None:
    """What was not delivered comes after the connection."""
    hold = Hold(before=3)
    emulator.on(operation="live", input="Hi").reply(text=["a", "b"], hold=hold)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        hold.wait_reached()
        heard = [talk.hear() for _ in range(3)]
        talk.say("interaction.disconnect")
        assert talk.rest() == [(1000, "")]
    hold.release()
    with talking(emulator) as talk:
        talk.connect(name)
        heard += talk.turn()
        assert text_of(heard) == "ab"
        talk.input("Again")
        assert "Earlier you said: Hi" in text_of(talk.turn())


def test_a_client_that_goes_without_a_word_finds_the_rest_too(emulator: Emulator) -> None:
    hold = Hold(before=1)
    emulator.on(operation="live").reply(text="Hello", hold=hold)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        hold.wait_reached()
        talk.connection.socket.shutdown(2)
    assert emulator.requests[0].disconnected.wait(5)
    assert emulator.requests[0].ended.wait(5)
    hold.release()
    with talking(emulator) as talk:
        talk.connect(name)
        assert text_of(talk.turn()) == "Hello"


def test_another_connection_takes_over(emulator: Emulator) -> None:
    """The one before is closed, and the new one gets what was not delivered."""
    hold = Hold(before=1)
    emulator.on(operation="live").reply(text="Hello", hold=hold)
    with talking(emulator) as first, talking(emulator) as second:
        name = first.create()
        first.input("Hi")
        hold.wait_reached()
        second.say("interaction.connect", id=name)
        *_, closed = first.rest()
        assert closed == (1000, "another connection takes part in the interaction")
        hold.release()
        assert second.kind() == "interaction.connected"
        assert text_of(second.turn()) == "Hello"


def test_one_that_has_ended_is_told_once_more(emulator: Emulator) -> None:
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        events = talk.turn()
        talk.say("interaction.complete")
        completed, _ = talk.rest()
    with talking(emulator) as talk:
        talk.connect(name)
        assert talk.rest() == [*events, completed, (1000, "")]


def test_a_result_may_come_with_a_text(emulator: Emulator, rest: httpx.Client) -> None:
    """The text is the user's."""
    with talking(emulator) as talk:
        name = talk.create(tools=[WEATHER])
        talk.input("What is the weather in Paris?")
        call = next(event["step"] for event in talk.turn() if event.get("step", {}).get("type") == "function_call")
        result = {"type": "function_result", "call_id": call["id"], "name": call["name"], "result": "sun"}
        talk.input([result, {"type": "text", "text": "And now?"}])
        answer = text_of(talk.turn())
        talk.say("interaction.complete")
        talk.rest()
    assert answer == "get_weather returned sun."
    kinds = [step["type"] for step in show(rest, name)["steps"]]
    assert kinds[-4:] == ["function_result", "user_input", "thought", "model_output"]


def test_a_text_is_answered_at_once_while_results_are_still_to_come(emulator: Emulator) -> None:
    """It is refused as over HTTP, and the results that came stay."""
    with talking(emulator) as talk:
        talk.create(tools=[WEATHER])
        talk.input("What is the weather in Paris and in Rome?")
        calls = [event["step"] for event in talk.turn() if event.get("step", {}).get("type") == "function_call"]
        first, second = (
            {"type": "function_result", "call_id": call["id"], "name": call["name"], "result": "sun"} for call in calls
        )
        talk.input([first])
        talk.input("Never mind")
        assert talk.error()["code"] == "invalid_request"
        talk.input([second])
        assert text_of(talk.turn()) == "get_weather returned sun. get_weather returned sun."


def test_a_field_that_is_null_is_none_as_over_http(emulator: Emulator) -> None:
    with talking(emulator) as talk:
        assert talk.create(stream=None, background=None)


def test_one_that_was_begun_over_http_goes_on(emulator: Emulator, rest: httpx.Client) -> None:
    """With its model, tools and steps; a call that it has made is answered by a result."""
    body = {"model": MODEL, "input": "What is the weather in Paris?", "tools": [WEATHER]}
    made = rest.post("/v1beta/interactions", json=body).json()
    call = made["steps"][-1]
    with talking(emulator) as talk:
        talk.connect(made["id"])
        talk.input([{"type": "function_result", "call_id": call["id"], "name": call["name"], "result": "sun"}])
        events = talk.turn()
        assert text_of(events) == "get_weather returned sun."
        assert events[0]["index"] == len(made["steps"])
        talk.say("interaction.complete")
        completed, _ = talk.rest()
    assert completed["usage"]["total_tokens"] == made["usage"]["total_tokens"] + events[-1]["usage"]["total_tokens"]


def test_background_work_is_heard_live(emulator: Emulator, rest: httpx.Client) -> None:
    made = rest.post("/v1beta/interactions", json={"model": MODEL, "input": "Hi", "background": True}).json()
    with talking(emulator) as talk:
        talk.connect(made["id"])
        heard = [talk.hear() for _ in range(6)]
    assert text_of(heard) == "You said: Hi"
    assert show(rest, made["id"])["status"] == "completed"


def test_one_that_is_not_stored_goes_on_live_alone(emulator: Emulator, rest: httpx.Client) -> None:
    with talking(emulator) as talk:
        name = talk.create(store=False)
        talk.input("Hi")
        talk.turn()
    assert show(rest, name)["error"]["code"] == "not_found"
    with talking(emulator) as talk:
        talk.connect(name)
        talk.input("Again")
        assert "Again" in text_of(talk.turn())


def test_one_that_was_deleted_is_gone(emulator: Emulator, rest: httpx.Client) -> None:
    with talking(emulator) as talk:
        name = talk.create()
    rest.delete(f"/v1beta/interactions/{name}")
    with talking(emulator) as talk:
        talk.say("interaction.connect", id=name)
        assert talk.error()["message"] == f"Interaction '{name}' not found."


def test_events_come_in_batches(emulator: Emulator) -> None:
    """A message may bring several, of which a wrong one does not stop the others."""
    events = [
        {"event_type": "interaction.create", "model": MODEL},
        {"event_type": "nonsense"},
        {"event_type": "input", "content": [{"type": "text", "text": "Hi"}]},
        {"event_type": "interaction.complete"},
        {"event_type": "input", "content": [{"type": "text", "text": "More"}]},
    ]
    with talking(emulator) as talk:
        talk.connection.send(json.dumps({"events": events}).encode())
        heard = talk.rest()
    kinds = [event["event_type"] for event in heard[:-1]]
    assert kinds[:2] == ["interaction.created", "error"]
    assert kinds[-2:] == ["interaction.completed", "error"]
    assert heard[-2]["error"]["code"] == "failed_precondition"
    assert heard[-1] == (1000, "")
    assert emulator.requests[0].events == events
    assert emulator.requests[0].events_sent == len(heard) - 1


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ("{", "invalid_request", "Expected an object with an 'event_type'"),
        ("[]", "invalid_request", "Expected an object"),
        ('{"event_type": 1}', "invalid_request", "Expected an object"),
        ('{"event_type": "inptu"}', "invalid_request", "Invalid value at 'event_type': 'inptu'."),
        ('{"event_type": "input"}', "invalid_request", "'content'"),
        ('{"event_type": "input", "content": [1]}', "invalid_request", "each element needs a 'type'"),
        ('{"event_type": "input", "content": "\\ud800"}', "invalid_request", "lone surrogate"),
        ('{"event_type": "user_action"}', "invalid_request", "simulate worlds"),
        ('{"event_type": "world_setup"}', "invalid_request", "simulate worlds"),
        ('{"event_type": "interaction.connect", "id": "x"}', "invalid_request", "must be the first event"),
    ],
)
def test_what_is_wrong_is_told_and_stops_nothing(emulator: Emulator, message: str, code: str, words: str) -> None:
    with talking(emulator) as talk:
        talk.create()
        talk.connection.send(message)
        error = talk.error()
        talk.input("Hi")
        assert text_of(talk.turn()) == "You said: Hi"
    assert error["code"] == code
    assert words in error["message"]


@pytest.mark.parametrize(
    ("kind", "fields", "code", "words"),
    [
        ("interaction.create", {}, "invalid_request", "Exactly one of 'model' and 'agent'"),
        ("interaction.create", {"model": "no-such"}, "not_found", "Model 'no-such' not found."),
        ("interaction.create", {"model": MODEL, "tools": [{"type": "no"}]}, "invalid_request", "'tools'"),
        ("interaction.create", {"model": MODEL, "input": "Hi"}, "invalid_request", "Unknown parameter 'input'."),
        ("interaction.create", {"model": MODEL, "system_instruction": 1}, "invalid_request", "'system_instruction'"),
        ("interaction.create", {"model": MODEL, "previous_interaction_id": "no"}, "not_found", "'no' not found"),
        ("interaction.connect", {}, "invalid_request", "Missing required parameter 'id'."),
        ("interaction.connect", {"id": "no"}, "not_found", "Interaction 'no' not found."),
    ],
)
def test_an_interaction_that_can_not_be_is_an_error_and_the_end(
    emulator: Emulator, kind: str, fields: dict[str, Any], code: str, words: str
) -> None:
    with talking(emulator) as talk:
        talk.say(kind, **fields)
        event, closed = talk.rest()
    assert event["error"]["code"] == code
    assert words in event["error"]["message"]
    assert closed == (1008, code)


def test_nothing_is_said_before_an_interaction_is_there(emulator: Emulator) -> None:
    with talking(emulator) as talk:
        for kind in ("interaction.complete", "interaction.cancel", "input"):
            talk.say(kind, content="Hi")
            assert talk.error()["code"] == "failed_precondition"
        talk.create()


# --- who is let in ---


def test_a_handshake_without_a_good_key_is_refused(emulator: Emulator) -> None:
    """In the words of HTTP; no such path is refused too."""
    assert refusal(emulator)[0] == 403
    assert refusal(emulator, **{"x-goog-api-key": "bad-key"})[1]["message"].startswith("API key not valid")
    status, error = refusal(emulator, "/v1beta/interactions/nowhere/live", **{"x-goog-api-key": "any"})
    assert (status, error["code"]) == (404, "not_found")
    assert refusal(emulator, f"{PATH}?key=any") == (101, None)


def _token(rest: httpx.Client, name: str, **fields: str) -> str:
    made = rest.post(f"/v1beta/interactions/{name}/auth_tokens", json=fields).json()
    return str(made["auth_token"])


def test_an_auth_token_lets_its_owner_take_part_in_one_interaction(emulator: Emulator, rest: httpx.Client) -> None:
    mine, other = (rest.post("/v1/interactions", json={"model": MODEL, "input": n}).json()["id"] for n in ("a", "b"))
    token = _token(rest, mine)
    with talking(emulator, token) as talk:
        talk.connect(mine)
    for kind, fields in (("interaction.connect", {"id": other}), ("interaction.create", {"model": MODEL})):
        with talking(emulator, token) as talk:
            talk.say(kind, **fields)
            assert talk.error()["code"] == "permission_denied"
    assert refusal(emulator, f"{PATH}?access_token={token}") == (101, None)


def test_an_auth_token_that_is_not_good_opens_nothing(emulator: Emulator, rest: httpx.Client) -> None:
    """One that nobody gave, that was taken back, or whose time is over."""
    name = rest.post("/v1/interactions", json={"model": MODEL, "input": "a"}).json()["id"]
    taken_back = _token(rest, name)
    rest.delete(f"/v1beta/interactions/{name}/{taken_back}")
    times = ("2026-06-09T12:01:25", "2026-06-09T14:01:26+01:00")
    old, future = (_token(rest, name, expire_time=time) for time in times)
    for token in ("auth_tokens/no", taken_back, old):
        status, error = refusal(emulator, **{"x-goog-api-key": token})
        assert (status, error["code"]) == (401, "unauthenticated")
        assert refusal(emulator, authorization=f"Token {token}")[0] == 401  # as the older SDK methods give it
    assert refusal(emulator, **{"x-goog-api-key": future})[0] == 101
    assert refusal(emulator, authorization=f"Token {future}")[0] == 101
    wrong = rest.post(f"/v1beta/interactions/{name}/auth_tokens", json={"expire_time": "soon"})
    assert wrong.json()["error"]["message"] == "Invalid value at 'expire_time': it is no time as in RFC 3339."


# --- the server ---


def test_the_test_sees_the_messages(emulator: Emulator) -> None:
    """Both sides' messages in order, and the app's events."""
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        talk.turn()
    request = emulator.requests[0]
    assert (request.method, request.path, request.body) == ("GET", PATH, b"")
    assert request.ended.wait(5)
    assert [message.sent for message in request.messages] == [True, False, True, *[False] * 6]
    assert [event["event_type"] for event in request.events] == ["interaction.create", "input"]


def test_a_server_that_runs_long_keeps_no_messages() -> None:
    with Emulator(keep=2) as emulator, talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        assert text_of(talk.turn()) == "You said: Hi"
        assert emulator.requests == []
        for _ in range(3):
            with talking(emulator) as other:
                other.create()
        with talking(emulator) as other:
            other.say("interaction.connect", id=name)
            assert other.error()["code"] == "not_found"


def test_the_emulator_stops_with_open_connections() -> None:
    """One waits for an input, one stands at a barrier."""
    with Emulator() as emulator, talking(emulator) as waiting, talking(emulator) as held:
        hold = Hold()
        emulator.on(operation="live").reply(hold=hold)
        waiting.create()
        held.create()
        held.input("Hi")
        hold.wait_reached()
        emulator.stop()
        assert [waiting.rest(), held.rest()] == [[None], [None]]


def test_the_same_talk_has_the_same_events() -> None:
    """So that a recording of it is the same each time."""

    def talked() -> list[Any]:
        with Emulator.steady() as emulator, talking(emulator) as talk:
            talk.create()
            for words in ("Hi", "Hi"):
                talk.input(words)
            talk.say("interaction.complete")
            return talk.rest()

    assert talked() == talked()
