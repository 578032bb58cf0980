"""What is the emulator's own in what goes wrong: keys that can't apply, barriers, other resources, compression.

`tests/server/test_faults.py` has what each key does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import KEY
from tests.server.asking import STEPS, ask

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator


@pytest.mark.parametrize(
    "keys",
    [
        {"hang_after": 2},
        {"cut_after": 3},
        {"cut_after_bytes": 99_999},
        {"cut_after_seconds": 60},
        {"stop_after": 2},
        {"stop_after_bytes": 99_999},
        {"bare_error_after": 2},
        {"error_event_after": 2},
        {"repeat": 1},
        {"drop": [1, 2]},
        {"reorder": 1},
        {"malformed": 2},
        {"events_delay": 60},
        {"drop": 1, "events_delay": 60, "hang_after": 1},
    ],
    ids=str,
)
def test_a_key_of_streams_does_nothing_to_a_body(keys: dict[str, Any], emulator: Emulator) -> None:
    """It is answered in full, and at once."""
    emulator.on().reply(steps=STEPS, **keys)
    got = ask(emulator.url, stream=False)
    assert (got.status, got.error) == (200, None)
    assert got.body.endswith(b"}")


@pytest.mark.parametrize(
    "keys",
    [
        {"hang_after": 8},
        {"cut_after": 99},
        {"cut_after_bytes": 99_999},
        {"cut_after_seconds": 60},
        {"stop_after": 8},
        {"error_event_after": 99},
        {"repeat": 9},
        {"drop": 9},
        {"reorder": 8},
        {"malformed": 9},
    ],
    ids=str,
)
def test_a_key_of_what_a_stream_has_not_does_nothing(keys: dict[str, Any], emulator: Emulator) -> None:
    """There is no such event, byte or second."""
    emulator.on().reply(steps=STEPS, **keys)
    got = ask(emulator.url, stream=True)
    assert got.error is None
    assert len(got.events) == 8
    assert got.events[-1] == b"event: done\ndata: [DONE]\n\n"


def test_what_can_apply_does_so_beside_what_can_t(emulator: Emulator) -> None:
    """Each key is for itself: an event is left out, and there is none to be doubled, or to break off after."""
    emulator.on().reply(steps=STEPS, drop=2, repeat=99, cut_after=99)
    got = ask(emulator.url, stream=True)
    assert (len(got.events), got.error) == (7, None)


def test_one_script_is_for_both_kinds_of_answers(emulator: Emulator) -> None:
    """What is spoilt in a stream is another event than in a body, which has but one."""
    emulator.on().reply(steps=STEPS, malformed=1, repeat=2)
    assert not ask(emulator.url, stream=False).body.endswith(b"}")
    assert len(ask(emulator.url, stream=True).events) == 9


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_bytes_are_those_of_the_body_before_it_is_compressed(encoding: str, emulator: Emulator) -> None:
    """A stream breaks off after as many of them, and a body too; its head says of how many."""
    headers = {"accept-encoding": encoding}
    for stream in (False, True):
        emulator.on(stream=stream).reply(steps=STEPS, cut_after_bytes=100)
        got = ask(emulator.url, stream=stream, headers=headers)
        assert (len(got.body), got.error) == (100, httpx.RemoteProtocolError)
        assert ("content-length" in got.headers) is not stream


def test_a_barrier_stands_before_the_break_too(emulator: Emulator) -> None:
    """The connection breaks only after the test has released it."""
    gate = Hold(before=3)
    emulator.on().reply(steps=STEPS, cut_after=3, hold=gate)
    body = {"model": "gemini-3.5-flash", "input": "Count", "stream": True}
    headers = {"x-goog-api-key": KEY}
    with httpx.stream("POST", f"{emulator.url}/v1/interactions", json=body, headers=headers) as response:
        gate.wait_reached()
        assert emulator.requests[0].events_sent == 3
        gate.release()
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()


def test_the_emulator_sees_the_client_of_what_never_comes_go(emulator: Emulator) -> None:
    """It has sent what there was, and ends the answer with the client."""
    emulator.on().reply(steps=STEPS, hang_after=2)
    assert ask(emulator.url, stream=True, timeout=0.1).error is httpx.ReadTimeout
    received = emulator.requests[0]
    assert received.disconnected.wait(5)
    assert received.ended.wait(5)
    assert received.events_sent == 2


def test_what_never_comes_does_not_hold_up_the_end(emulator: Emulator) -> None:
    """An emulator stops though a client waits."""
    import threading

    emulator.on().reply(timeout="read")
    thread = threading.Thread(target=lambda: ask(emulator.url, stream=False, timeout=None))
    thread.start()
    while not emulator.requests:
        thread.join(0.01)
    start = time.monotonic()
    emulator.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - start < 2


def test_other_resources_go_wrong_too(emulator: Emulator, rest: httpx.Client) -> None:
    """A file's operation, or an agent's, breaks off as any other does."""
    emulator.on(operation="agents.list").reply(cut_after_bytes=1, times=1)
    emulator.on(operation="agents.list").reply(refused=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="received 1 bytes, expected"):
        rest.get("/v1/agents")
    with pytest.raises(httpx.ReadError):
        rest.get("/v1/agents")
    assert rest.get("/v1/agents").status_code == 200


def test_a_failure_has_the_message_too(emulator: Emulator) -> None:
    """The message of an interaction that failed is also that of the event which ends its stream."""
    emulator.on().reply(status="failed", message="Out of paper.", error_event_after=1)
    got = ask(emulator.url, stream=True)
    assert got.events[1:] == [b'event: error\ndata: {"event_type":"error","error":{"message":"Out of paper."}}\n\n']


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"hang_afer": 2}, "hang_afer: unknown key (did you mean 'hang_after'?)"),
        ({"timeout": "conect"}, "timeout: must be 'connect' or 'read' (did you mean 'connect'?)"),
        ({"refused": False}, "refused: must be True"),
        ({"repeat": 0}, "repeat: must be greater than or equal to 1"),
        ({"cut_after": 1, "hang_after": 1}, "'hang_after' and 'cut_after' can't end the same answer; give one of them"),
        ({"retry_after": 1}, "'retry_after' is of an 'error'"),
    ],
)
def test_wrong_keys(keys: dict[str, Any], message: str, emulator: Emulator) -> None:
    """They are refused as those of a fault are."""
    with pytest.raises(ScriptError) as caught:
        emulator.on().reply(**keys)
    assert message in str(caught.value)
