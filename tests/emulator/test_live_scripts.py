"""Scripted answers of live interactions, and what goes wrong with them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidHandshake, InvalidMessage

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator import Emulator, Hold
from tests.emulator.live import refusal, talking, text_of

if TYPE_CHECKING:
    from pathlib import Path

KEY = {"x-goog-api-key": "any"}
#: The number of events of a scripted text in one piece, with its thought.
EVENTS = 6


def say(emulator: Emulator, text: str = "Hi") -> list[Any]:
    """Say something, complete, and return all that comes."""
    content = [{"type": "text", "text": text}]
    events = [{"event_type": "input", "content": content}, {"event_type": "interaction.complete"}]
    with talking(emulator) as talk:
        talk.create()
        talk.connection.send(json.dumps({"events": events}))  # at once, as the connection may be broken then
        return talk.rest()


def numbers(events: list[Any]) -> list[str]:
    """Return the kinds of the events of an answer."""
    return [event["event_type"] for event in events if isinstance(event, dict)]


def test_the_first_rule_that_matches_answers(emulator: Emulator) -> None:
    """Those of other operations do not."""
    emulator.on(input="weather").reply(text="Over HTTP.")
    emulator.on(operation="live", input="WEATHER").reply(text=["Sun", "ny."], times=1)
    emulator.on(operation="live", input="weather").reply(text="Cloudy.")
    with talking(emulator) as talk:
        talk.create()
        for answer in ("Sunny.", "Cloudy."):
            talk.input("The weather?")
            assert text_of(talk.turn()) == answer
        talk.input("Hi")
        assert text_of(talk.turn()).startswith("You said: Hi")


def test_scripted_steps(emulator: Emulator) -> None:
    call = {"type": "function_call", "id": "c1", "name": "book", "arguments": {"seat": "4A"}}
    emulator.on(operation="live").reply(steps=[call])
    events = say(emulator)
    assert events[0]["step"] == {**call, "arguments": {}}
    assert json.loads(events[1]["delta"]["arguments"]) == {"seat": "4A"}


def test_a_script_may_say_nothing(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(steps=[])
    assert numbers(say(emulator)) == ["interaction.completed"]


def test_an_error_is_an_event_and_the_interaction_stands(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(error=429, message="Slow down.", times=1)
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        assert talk.error() == {"code": "resource_exhausted", "message": "Slow down."}
        talk.input("Hi")
        assert text_of(talk.turn()) == "You said: Hi"


def test_a_connection_breaks_and_the_rest_comes_on_the_next(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text=["a", "b"], cut_after=4, times=1)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        *heard, end = talk.rest()
    assert (len(heard), end) == (4, None)
    with talking(emulator) as talk:
        talk.connect(name)
        heard += talk.turn()
    assert text_of(heard) == "ab"
    assert not emulator.requests[0].disconnected.is_set()


@pytest.mark.parametrize("count", [0, EVENTS])
def test_a_connection_breaks_before_and_after_all(emulator: Emulator, count: int) -> None:
    emulator.on(operation="live").reply(text="a", cut_after=count)
    *heard, end = say(emulator)
    assert (len(heard), end) == (count, None)


def test_what_can_not_go_wrong_does_not(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text="a", cut_after=EVENTS + 1, drop=99)
    *heard, end = say(emulator)
    assert (len(heard), end) == (EVENTS + 1, (1000, ""))


def test_single_events_go_wrong(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text=["a", "b"], drop=1, repeat=5, reorder=2)
    *events, _ = say(emulator)
    whole = ["step.start", "step.delta", "step.stop", "step.start", "step.delta", "step.delta", "step.stop"]
    assert numbers(events) != whole
    assert text_of(events) == "aab"


def test_a_malformed_event_is_no_json(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text="a", malformed=1)
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        message = talk.connection.recv()
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(message)


def test_an_error_event_ends_the_connection(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text="a", error_event_after=2, message="Out of paper.")
    *events, closed = say(emulator)
    assert numbers(events) == ["step.start", "step.delta", "error"]
    assert events[-1]["error"] == {"message": "Out of paper."}
    assert closed == (1011, "")


def test_delays(emulator: Emulator) -> None:
    """One before the answer, and one before each further event."""
    emulator.on(operation="live").reply(text="a", delay=0.1, events_delay=0.02)
    began = time.monotonic()
    say(emulator)
    assert time.monotonic() - began >= 0.1 + 0.02 * (EVENTS - 1)


def test_a_barrier(emulator: Emulator) -> None:
    hold = Hold(before=1)
    emulator.on(operation="live").reply(text="a", hold=hold)
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        talk.hear()
        hold.wait_reached()
        assert emulator.requests[0].events_sent == 2
        hold.release()
        talk.turn()


def test_a_barrier_before_the_end(emulator: Emulator) -> None:
    """Its number is that of the events before it; one that is beyond all is none."""
    hold = Hold(before=EVENTS)
    emulator.on(operation="live", input="close").reply(text="a", hold=hold, close=4000)
    emulator.on(operation="live", input="all").reply(text="a", hold=Hold(before=99))
    with talking(emulator) as talk:
        talk.create()
        talk.input("close")
        talk.turn()
        hold.wait_reached()
        hold.release()
        assert talk.rest() == [(4000, "")]
    assert say(emulator, "all")[-1] == (1000, "")


@pytest.mark.parametrize(
    ("close", "closed"), [(4001, (4001, "")), ({"code": 1011, "reason": "tired"}, (1011, "tired")), ({}, (1000, ""))]
)
def test_a_connection_is_closed_after_the_answer(emulator: Emulator, close: Any, closed: tuple[int, str]) -> None:
    emulator.on(operation="live").reply(text="a", close=close)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        assert text_of(talk.turn()) == "a"
        assert talk.rest() == [closed]
    with talking(emulator) as talk:
        talk.connect(name)


def test_the_server_asks_for_a_reconnection(emulator: Emulator) -> None:
    """And the interaction goes on then."""
    emulator.on(operation="live").reply(text="a", reconnect=True, times=1)
    with talking(emulator) as talk:
        name = talk.create()
        talk.input("Hi")
        talk.turn()
        assert talk.rest() == [{"event_type": "reconnection_required"}, (1000, "")]
    with talking(emulator) as talk:
        talk.connect(name)
        talk.input("More")
        assert text_of(talk.turn()) == "You said: More Earlier you said: Hi"


@pytest.mark.parametrize("size", [1, 4, 100])
def test_events_come_in_batches(emulator: Emulator, size: int) -> None:
    emulator.on(operation="live").reply(text="a", batch=size)
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        batches = [talk.hear()["events"] for _ in range(-(-EVENTS // size))]
        talk.say("interaction.complete")
        talk.rest()
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert text_of([event for batch in batches for event in batch]) == "a"
    assert emulator.requests[0].events_sent == EVENTS + 2


def test_messages_are_binary(emulator: Emulator) -> None:
    emulator.on(operation="live").reply(text="a", binary=True)
    with talking(emulator) as talk:
        talk.create()
        talk.input("Hi")
        assert isinstance(talk.connection.recv(), bytes)


# --- the handshake ---


def test_a_handshake_is_refused(emulator: Emulator) -> None:
    emulator.on(operation="live.connect").reply(error=503, retry_after=2, message="Later.", times=1)
    assert refusal(emulator, **KEY) == (503, {"code": "unavailable", "message": "Later."})
    assert refusal(emulator, **KEY) == (101, None)
    assert [request.ended.wait(5) for request in emulator.requests] == [True, True]


def test_a_handshake_is_late_and_stands_at_a_barrier(emulator: Emulator) -> None:
    hold = Hold()
    hold.release()
    emulator.on(operation="live.connect").reply(delay=0.1, hold=hold)
    began = time.monotonic()
    assert refusal(emulator, **KEY)[0] == 101
    assert time.monotonic() - began >= 0.1
    hold.wait_reached(0)


def test_a_handshake_meets_a_broken_connection(emulator: Emulator) -> None:
    emulator.on(operation="live.connect").reply(refused=True)
    with pytest.raises((OSError, InvalidHandshake, InvalidMessage)):
        refusal(emulator, **KEY)


def test_a_handshake_is_never_answered(emulator: Emulator) -> None:
    emulator.on(operation="live.connect").reply(timeout="read")
    with pytest.raises(TimeoutError), talking(emulator, open_timeout=0.1):
        ...
    assert emulator.requests[0].disconnected.wait(5)


# --- scripts that can't be ---


@pytest.mark.parametrize(
    ("operation", "reply", "message"),
    [
        ("live", {"statuses": []}, "statuses: can't be of operation 'live'; known there are: text, steps"),
        ("live", {"cut_after_bytes": 3}, "cut_after_bytes: can't be of operation 'live'"),
        ("live", {"refused": True}, "refused: can't be of operation 'live'"),
        ("live.connect", {"text": "a"}, "text: can't be of operation 'live.connect'; known there are: times, hold"),
        ("create", {"reconnect": True}, "reconnect: is of a WebSocket: script it with operation 'live'"),
        ("agents.get", {"close": 1000}, "close: is of a WebSocket"),
        ("live", {"close": 1006}, "close.code: must be a close code that a server may send: 1000 to 1003"),
        ("live", {"close": True}, "close: must be"),
        ("live", {"close": {"reson": "x"}}, "close.reson: unknown key (did you mean 'reason'?)"),
        ("live", {"close": {"reason": "ä" * 62}}, "close.reason: must have 123 bytes at most, as UTF-8"),
        ("live", {"batch": 0}, "batch: must be"),
        ("live", {"reconect": True}, "reconect: unknown key (did you mean 'reconnect'?)"),
    ],
)
def test_a_wrong_script_is_refused(emulator: Emulator, operation: str, reply: dict[str, Any], message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        emulator.on(operation=operation).reply(**reply)
    assert str(caught.value).startswith(message)


def test_an_unknown_operation_has_a_near_match(emulator: Emulator) -> None:
    with pytest.raises(ScriptError, match=r"'live' or 'live.connect'.*did you mean 'live.connect'"):
        emulator.on(operation="live.conect")


def test_a_script_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(
        "- on: {operation: live, input: weather}\n"
        "  reply: {text: [Sun, ny.], batch: 3, close: {code: 4000, reason: bye}}\n"
        "- on: {operation: live.connect}\n"
        "  reply: {error: 503, times: 1}\n"
    )
    with Emulator.steady(script=path) as emulator:
        assert refusal(emulator, **KEY)[0] == 503
        *batches, closed = say(emulator, "The weather?")
    assert text_of([event for batch in batches for event in batch["events"]]) == "Sunny."
    assert closed == (4000, "bye")


def test_a_wrong_file_names_each_line(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(
        "- on: {operation: live}\n  reply:\n    text: a\n    stop_after: 1\n- reply:\n    text: a\n    batch: 2\n"
    )
    with pytest.raises(ScriptError) as caught:
        Emulator(script=path)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{path}:4: 0.reply.stop_after: can't be of operation 'live'")
    assert second.startswith(f"{path}:7: 1.reply.batch: is of a WebSocket")
    path.write_text("- on: {operation: live}\n  reply:\n    close:\n      cod: 1\n")
    with pytest.raises(ScriptError, match=r":4: 0.reply.close.cod: unknown key \(did you mean 'code'\?\)"):
        Emulator(script=path)
