"""Which request a fault hits, and what a test is told of those that hit nothing."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.genai import errors

from pytest_interactions import CassetteMissError, DifferingWarning, FaultError, UnplayedError, use_cassette
from pytest_interactions.api import sse
from tests.cassette.clients import sdk
from tests.commands.showing import API, cassette, exchange

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

WEATHER = [{"type": "function", "name": "get_weather", "parameters": {}}]
RESULT = [{"type": "function_result", "call_id": "c1", "name": "get_weather", "result": "Sunny"}]
CALL = {"type": "function_call", "id": "c1", "name": "get_weather", "arguments": {}}
HISTORY = [{"type": "user_input", "content": [{"type": "text", "text": "The tides?"}]}, CALL, *RESULT]
EVENTS = b'event: a\ndata: {"n": 1}\n\n: ping\n\nevent: b\ndata: {"n": 2}\n\nevent: done\ndata: [DONE]\n\n'
#: Requests, by what they are for.
SENT: dict[str, dict[str, Any]] = {
    "hello": {"model": "models/gemini-3.5-flash", "input": "Hello"},
    "weather": {"model": "gemini-3.5-flash", "input": "The weather in Paris?", "tools": WEATHER},
    "result": {"model": "gemini-3.5-flash", "input": HISTORY, "tools": "none"},
    "agent": {"agent": "deep-research", "input": [{"type": "text", "text": "Research"}]},
    "stream": {"model": "gemini-3.5-flash", "input": "Hello", "stream": True},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cassette with an answer to each, then the work of the agent, which is asked for and cancelled."""
    answers = [exchange(sent, {"id": name, "steps": []}) for name, sent in SENT.items() if name != "stream"]
    poll = exchange({}, {"id": "agent", "status": "completed"}, uri=f"{API}/agent")
    poll["request"] |= {"method": "GET", "body": ""}
    other = exchange({"jsonrpc": "2.0"}, {"ok": True}, uri="https://mcp.example/mcp")
    cancelled = exchange({}, {"id": "agent"}, uri=f"{API}/agent/cancel")
    return cassette(tmp_path / "c.yaml", *answers, exchange(SENT["stream"], EVENTS), poll, other, cancelled)


def opened(path: Path, **options: Any) -> Any:
    """Open a cassette whose history is signed by nobody."""
    return use_cassette(path, lint="off", **options)


def ask(name: str) -> httpx.Response:
    """Ask for one of them."""
    if name == "get":
        return httpx.get(f"{API}/agent")
    if name == "cancel":
        return httpx.post(f"{API}/agent/cancel", json={})
    if name == "mcp":
        return httpx.post("https://mcp.example/mcp", json={"jsonrpc": "2.0"})
    return httpx.post(API, json=SENT[name])


ALL = (*SENT, "get", "mcp", "cancel")


@pytest.mark.parametrize(
    ("on", "hit"),
    [
        ({}, "hello"),
        (1, "hello"),
        (3, "result"),
        ({"exchange": 7}, "mcp"),
        ({"input": "WEATHER"}, "weather"),
        ({"input": "tides"}, None),  # it was said before
        ({"input": "Sunny"}, "result"),
        ({"input": "Research"}, "agent"),
        ({"model": "gemini-3.5-flash"}, "hello"),
        ({"agent": "deep-research"}, "agent"),
        ({"stream": True}, "stream"),
        ({"stream": False, "exchange": 2}, "weather"),
        ({"tool": "get_weather"}, "weather"),
        ({"tool": "function"}, "weather"),
        ({"result_of": "get_weather"}, "result"),
        ({"operation": "create"}, "hello"),
        ({"operation": "get"}, "get"),
        ({"operation": "cancel"}, "cancel"),
        ({"operation": "delete"}, None),
        ({"path": "/mcp"}, "mcp"),
        ({"path": "/mcp", "input": "Hello"}, None),
        ({"exchange": 6, "input": "Hello"}, None),
        (9, None),
    ],
    ids=str,
)
def test_a_fault_hits_the_exchange_that_it_is_for(on: Any, hit: str | None, path: Path) -> None:
    """By its number, by the look of its request, or the first one."""
    expected: Any = nullcontext() if hit else pytest.raises(FaultError)
    with expected, opened(path, fault={"error": 503, "on": on}):
        assert [name for name in ALL if ask(name).status_code == 503] == [hit] * (hit is not None)
        if hit:
            assert ask(hit).status_code == 200


def test_a_request_that_can_not_be_hit_is_passed_over(path: Path) -> None:
    """A fault of streams waits for the first stream."""
    with opened(path, fault={"drop": 2}) as played:
        for name in ALL:
            ask(name)
    assert played.faults.fired == ["exchange 5: drop: 2"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"error": 503, "on": 12}, "there is no exchange 12"),
        ({"error": 503, "on": 2}, "exchange 2 was not asked for"),
        ({"error": 503, "on": {"input": "tomorrow"}}, "no request looks like what it is for"),
        ({"cut_after": 3}, "exchange 5 can't be hit by it: its stream has 3 events, none after number 3"),
        ({"drop": 4}, "exchange 5 can't be hit by it: drop: 4, and its stream has 3 events"),
        ({"reorder": 3}, "exchange 5 can't be hit by it: reorder: 3, and its stream has 3 events"),
        ({"malformed": 2, "on": 1}, "exchange 1 can't be hit by it: its answer is no stream"),
        ({"malformed": 1, "repeat": 1, "on": 1}, "exchange 1 can't be hit by it: its answer is no stream"),
        ({"events_delay": 1, "on": 1}, "exchange 1 can't be hit by it: its answer is no stream"),
        ({"cut_after_bytes": 99999, "on": 1}, "bytes, none after number 99999"),
        ({"cut_after_seconds": 1, "on": 5}, "all of its answer comes within 1 seconds; give it a pace or a delay"),
        ({"cut_after_seconds": 1, "on": 1}, "all of its answer comes within 1 seconds; give it a pace or a delay"),
    ],
    ids=str,
)
def test_a_fault_that_hits_nothing_fails_the_test_and_says_why(fault: Any, why: str, path: Path) -> None:
    """The cassette, the fault as it is written, the reason, and what to do."""
    with pytest.raises(FaultError) as caught, opened(path, fault=fault):
        for name in ("hello", "stream"):
            ask(name)
    head, told, *_, what_to_do = str(caught.value).splitlines()
    assert head.endswith("c.yaml: faults that hit nothing, of 8 recorded exchanges:")
    assert why in told
    assert what_to_do.startswith("Take the fault away, or say by `on` what it is for.")
    assert caught.value.headline == f"hit nothing: {told.strip()}"


def test_a_fault_hits_as_often_as_is_said(path: Path) -> None:
    """Several requests one after the other, or all of them."""
    with opened(path, fault={"error": 429, "times": 3}) as played:
        assert [ask("hello").status_code for _ in range(4)] == [429, 429, 429, 200]
    assert len(played.faults.fired) == 3
    with opened(path, fault={"error": 429, "times": "all", "on": 1}):
        assert [ask("hello").status_code for _ in range(20)] == [429] * 20


def test_several_faults_hit_one_after_the_other(path: Path) -> None:
    """What ends an answer ends it alone, and the next such fault hits the next request; delays and changes add up."""
    faults = [{"error": 429}, {"delay": 1, "times": "all"}, {"cut_after": 0}, {"delay": 2}, {"error": 500, "on": 2}]
    with opened(path, fault=faults, fast_forward=True) as played:
        assert ask("hello").status_code == 429
        with pytest.raises(httpx.RemoteProtocolError):
            ask("hello")
        assert ask("hello").status_code == 200
        assert [ask("weather").status_code for _ in range(2)] == [500, 200]
    assert played.sleeps.seconds == pytest.approx(1 + 2 + 1 + 1 + 1 + 1, abs=0.1)
    with opened(path, fault=[{"drop": 1}, {"repeat": 1}, {"stop_after": 2}]):
        assert ask("stream").text == ": ping\n\n" + 'event: b\ndata: {"n": 2}\n\n' * 2


def test_a_fault_behind_another_one_says_so(path: Path) -> None:
    """A fault that never gets its turn hit nothing."""
    with pytest.raises(FaultError, match="error: 500, on: 1: exchange 1 was ended by another fault each time"):
        with opened(path, fault=[{"error": 429, "times": "all"}, {"error": 500, "on": 1}]):
            ask("hello")


def test_an_app_that_asks_for_nothing_is_told_so(path: Path) -> None:
    """No look of a request is to blame."""
    with (
        pytest.raises(FaultError, match="error: 503: nothing recorded was asked for"),
        opened(path, fault="error: 503"),
    ):
        """Nothing is asked for."""


def test_an_app_may_give_up_after_a_fault(path: Path) -> None:
    """What it does not ask for then is no failure; without a fault that ended something it is one."""
    with opened(path, fault={"error": 503, "on": 2}):
        ask("hello")
        assert ask("weather").status_code == 503
    with pytest.raises(UnplayedError), opened(path, fault={"delay": 0.001}):
        ask("hello")


def test_what_was_hit_may_be_asked_for_again(path: Path) -> None:
    """Also after a fault that a client may not notice; what was not hit is a miss as ever."""
    with opened(path, fault={"repeat": 1, "on": 5}, unplayed="ignore"):
        assert [len(ask("stream").text) for _ in range(2)] == [len(EVENTS) + 25, len(EVENTS)]
    with pytest.raises(CassetteMissError), opened(path, fault={"delay": 0.001, "on": 1}):
        ask("hello")
        ask("weather")
        ask("weather")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"error": 429, "retry_after": 9, "times": 2}, "RESOURCE_EXHAUSTED"),
        ({"error": 400}, "INVALID_ARGUMENT"),
        ({"error": 409}, "ABORTED"),
        ({"error": 503, "code": "OVERLOADED", "message": "Later"}, "OVERLOADED"),
    ],
    ids=str,
)
def test_an_older_method_gets_an_error_of_its_own_form(tmp_path: Path, fault: dict[str, Any], status: str) -> None:
    """The SDK reads the name of its status there."""
    uri = API.replace("interactions", "models/gemini-3.5-flash:generateContent")
    asked: Any = {"contents": [{"parts": [{"text": "Hello"}], "role": "user"}]}
    answer = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}}]}
    path = cassette(tmp_path / "c.yaml", exchange(asked, answer, uri=uri))
    with (
        opened(path, fault=fault, fast_forward=True) as played,
        sdk("https://generativelanguage.googleapis.com") as client,
    ):
        for _ in range(fault.get("times", 1)):
            with pytest.raises(errors.APIError) as caught:
                client.models.generate_content(model="gemini-3.5-flash", contents="Hello")
            assert (caught.value.code, caught.value.status) == (fault["error"], status)
        assert client.models.generate_content(model="gemini-3.5-flash", contents="Hello").text == "Hi"
    assert played.exchanges[0].response.headers.get("retry-after") == (["9"] if "retry_after" in fault else None)


@pytest.mark.parametrize(("seconds", "header"), [(1234567, "1234567"), (10**9, "1000000000"), (0.25, "0.25"), (0, "0")])
def test_retry_after_is_a_plain_number(path: Path, seconds: float, header: str) -> None:
    """Clients read digits, and no exponent."""
    with opened(path, fault={"error": 429, "retry_after": seconds}, unplayed="ignore"):
        assert ask("hello").headers["retry-after"] == header


@pytest.mark.parametrize("fault", [{"error": 503}, {"delay": 5, "times": "all"}, {"malformed": 1}], ids=str)
def test_a_request_too_many_is_a_miss(path: Path, fault: dict[str, Any]) -> None:
    """A fault lets an app ask again for what it did not get, and no more often than that."""
    with pytest.raises(CassetteMissError, match="with one recorded"):
        with opened(path, fault=fault | {"on": 1}, fast_forward=True):
            for _ in range(3):
                ask("hello")


def test_what_a_client_did_not_wait_for_is_played_again_in_sequence(path: Path) -> None:
    """The next request of its kind gets it, though it differs from the recorded one; and it is told of once."""
    options: Any = {"match_on": "sequence", "differing": "warn", "unplayed": "ignore"}
    with (
        pytest.warns(DifferingWarning),
        opened(path, fault={"delay": 60}, fast_forward=True, **options) as played,
    ):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(API, json={"model": "gemini-3.5-flash", "input": "Hi"})
        assert httpx.post(API, json={"model": "gemini-3.5-flash", "input": "Hi"}).json()["id"] == "hello"
        assert [each.head for each in played.sequence.differing()] == ["exchange 1: POST /interactions"]


@pytest.mark.parametrize("fault", [{"error": 429, "message": "SECRET"}, {"delay": 1, "on": {"input": "SECRET"}}])
def test_a_fault_that_hits_nothing_is_told_of_without_secrets(
    path: Path, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in a message, or in what a request looks like, is redacted."""
    key = "a-key-that-is-long-enough"
    monkeypatch.setenv("GEMINI_API_KEY", key)
    with pytest.raises(FaultError) as caught, opened(path, fault=str(fault).replace("SECRET", key)):
        """No request is sent."""
    assert "REDACTED" in str(caught.value)
    assert key not in f"{caught.value} {caught.value.headline}"


def test_recording_is_not_hit(path: Path, emulator: Emulator) -> None:
    """What is recorded is the API's own, and a fault that could hit nothing then is no failure."""
    new = path.with_name("new.yaml")
    asked: Any = {"json": {"model": "gemini-3.5-flash", "input": "Hi"}, "headers": {"x-goog-api-key": "k" * 20}}
    with use_cassette(new, record_mode="once", fault={"error": 503}):
        assert httpx.post(f"{emulator.url}/v1beta/interactions", **asked).status_code == 200
    with use_cassette(new, record_mode="once", fault={"error": 503}):
        assert httpx.post(f"{emulator.url}/v1beta/interactions", **asked).status_code == 503


def test_a_fault_hits_recordings_in_sequence_and_overrides(path: Path) -> None:
    """It hits what would be played, be that another answer."""
    with pytest.warns(DifferingWarning), opened(path, match_on="sequence", differing="warn", fault="error: 503"):
        sent = {"model": "gemini-3.5-flash", "input": "Something else"}
        assert [httpx.post(API, json=sent).status_code for _ in range(2)] == [503, 200]
    with opened(path, fault={"malformed": 1}) as played:
        played.override(1, json={"id": "other"})
        assert ask("hello").text == '{"id":"other"'


def test_a_broken_answer_stays_broken(path: Path) -> None:
    """Where there was no answer when it was recorded, none is there to spoil; an error can stand in its place."""
    broken = exchange({"input": "x"}, {}, status=0)
    broken["cut"] = {"by": "connection", "error": "ReadTimeout", "message": "late"}
    cassette(path, broken)
    with pytest.raises(FaultError, match="there was no answer when it was recorded"):
        with opened(path, fault={"cut_after_bytes": 1}), pytest.raises(httpx.ReadTimeout):
            httpx.post(API, json={"input": "x"})
    with opened(path, fault={"error": 503}):
        assert httpx.post(API, json={"input": "x"}).status_code == 503


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"drop": 1, "repeat": 1}, [2, 3]),
        ({"drop": 2, "repeat": 2}, [1, 3]),
        ({"drop": 2, "reorder": 2}, [1, 3]),
        ({"drop": [1, 3], "reorder": 1, "repeat": 2}, [2, 2]),
        ({"repeat": 1, "reorder": 2}, [1, 1, 3, 2]),
    ],
    ids=str,
)
def test_changes_of_one_fault_count_the_recorded_events(fault: Any, expected: list[int], path: Path) -> None:
    """An event that is left out can't be doubled or moved; the numbers are those of the recording."""
    with opened(path, fault=fault | {"on": 5}, unplayed="ignore"):
        data = [event.data for event in sse.decode(ask("stream").content) if event.event]
    numbers = {'{"n": 1}': 1, '{"n": 2}': 2, "[DONE]": 3}
    assert [numbers[each or ""] for each in data] == expected


def test_a_stream_without_a_type_is_one_to_its_end(tmp_path: Path) -> None:
    """Some recorders keep no headers; what is left of a stream is one, be it nothing at all."""
    sent = exchange({"input": "x"}, EVENTS)
    sent["response"]["headers"] = {}
    path = cassette(tmp_path / "c.yaml", sent)
    with use_cassette(path, fault=[{"stop_after": 0}, {"stop_after": 1}]):
        answers = [httpx.post(API, json={"input": "x"}) for _ in range(3)]
    assert [answer.content for answer in answers] == [b"", EVENTS[: EVENTS.index(b"event: b")], EVENTS]
    assert {answer.headers["content-type"] for answer in answers} == {"text/event-stream"}


def test_a_request_that_is_no_json_has_no_look(tmp_path: Path) -> None:
    """It is hit by its number alone."""
    odd = exchange({}, {"id": "odd"})
    odd["request"]["body"] = "[]"
    path = cassette(tmp_path / "c.yaml", odd)
    with (
        pytest.raises(FaultError, match="no request looks like"),
        use_cassette(path, fault="error: 500, on: {input: x}"),
    ):
        httpx.post(API, content="[]")
    with use_cassette(path, fault="error: 500, on: {operation: create}"):
        assert httpx.post(API, content="[]").status_code == 500
