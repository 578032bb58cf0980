"""Recorded answers that a test replaces: each client, streamed or not, and what can't be replaced."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions import DifferingWarning, OverrideError, ReplayServer, ToolCall, UnplayedError, use_cassette
from pytest_interactions.api.streaming import DONE
from pytest_interactions.api.transcript import transcript
from tests.cassette.clients import CLIENTS, sdk
from tests.cassette.test_calls import streamed, streamed_async, unary, unary_async
from tests.cassette.test_tool_calls import CALLS, WEATHER, scripted
from tests.commands.showing import cassette as written
from tests.commands.showing import exchange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

SAID = [{"type": "model_output", "content": [{"type": "text", "text": "It rains."}]}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cassette is."""
    return tmp_path / "c.yaml"


def recorded(path: Path, app: Callable[[], Any]) -> bytes:
    """Record an app; the bytes of its cassette."""
    with use_cassette(path, record_mode="once"):
        app()
    return path.read_bytes()


def post(url: str, *, stream: bool = False) -> httpx.Response:
    """Ask by a client that takes each answer as it is."""
    body = {"model": "gemini-3.5-flash", "input": "Hello", "stream": stream}
    return httpx.post(f"{url}/v1beta/interactions", json=body, headers={"x-goog-api-key": "k" * 20})


def reword(interaction: dict[str, Any]) -> None:
    """Change what the model said, in place."""
    interaction["steps"][-1]["content"] = SAID[0]["content"]


@pytest.mark.parametrize("answer", [{"steps": SAID}, {"change": reword}], ids=["steps", "change"])
@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_gets_the_other_answer(name: str, answer: Any, emulator: Emulator, path: Path) -> None:
    """Streamed or not; the next answer is the recorded one, and the file stays as it is."""
    ask = CLIENTS[name]
    before = recorded(path, lambda: [ask(emulator.url, "Hello"), ask(emulator.url, "Goodbye")])
    with use_cassette(path) as cassette:
        cassette.override(1, **answer)
        first, second = ask(emulator.url, "Hello"), ask(emulator.url, "Goodbye")
    assert "It rains." in json.dumps(first, default=str)
    assert "It rains." not in json.dumps(second, default=str)
    assert "Goodbye" in json.dumps(second, default=str)
    assert cassette.interactions[0].output_text == "It rains."
    assert path.read_bytes() == before


@pytest.mark.parametrize("ask", [unary, streamed, unary_async, streamed_async])
def test_a_stream_is_a_stream_of_the_other_answer(ask: Any, emulator: Emulator, path: Path) -> None:
    """Its events are those that the API would have sent, also of calls, thoughts and results of the API's tools."""
    steps = [
        {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "Hm."}]},
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["sky"]}},
        {"type": "google_search_result", "call_id": "s1", "result": [{"title": "Sky"}], "is_error": True},
        {"type": "mcp_server_tool_call", "id": "m1", "name": "find", "server_name": "docs", "arguments": {"q": 1}},
        {"type": "mcp_server_tool_result", "call_id": "m1", "name": "find", "server_name": "docs", "result": "no"},
        {"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": [1]}},
    ]
    recorded(path, lambda: ask(emulator.url, "Hello"))
    with use_cassette(path) as cassette:
        cassette.override(1, steps=steps)
        answer = ask(emulator.url, "Hello")
    assert transcript(answer) == transcript(cassette) == transcript([{"status": "requires_action", "steps": steps}])
    assert [call.is_error for call in cassette.calls] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 500}, (500, "internal")),
        ({"error": "unavailable"}, (503, "unavailable")),
        ({"status": 429, "message": "Slow down."}, (429, "resource_exhausted")),
        ({"status": 418, "error": "teapot"}, (418, "teapot")),
        ({"error": "deadline_exceeded"}, (504, "deadline_exceeded")),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_that_of_the_api(
    answer: Any, expected: tuple[int, str], stream: bool, emulator: Emulator, path: Path
) -> None:
    recorded(path, lambda: post(emulator.url, stream=stream))
    with use_cassette(path) as cassette:
        cassette.override(1, **answer)
        got = [post(emulator.url, stream=stream) for _ in range(2)]
    assert [each.status_code for each in got] == [*expected[:1], *expected[:1]]
    error = got[0].json()["error"]
    assert error["code"] == expected[1]
    assert error["message"] == answer.get("message", error["message"]) != ""
    assert got[0].headers["content-type"] == "application/json; charset=UTF-8"
    assert cassette.interactions == []
    assert cassette.all_played


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_raises_its_own_error(stream: bool, emulator: Emulator, path: Path) -> None:
    """After all of its attempts, each of which gets the error."""

    def ask() -> Any:
        options: Any = {"base_url": emulator.url, "retry_options": {"attempts": 3, "initial_delay": 0.001}}
        with genai.Client(api_key="k" * 20, http_options=options) as client:
            answer = client.interactions.create(model="gemini-3.5-flash", input="Hello", stream=stream)
            return list(answer) if stream else answer

    recorded(path, ask)
    with use_cassette(path) as cassette, pytest.raises(Exception, match="overloaded"):
        cassette.override(1, error="unavailable")
        ask()
    assert [exchange.response.status for exchange in cassette.exchanges] == [503, 503, 503]
    with use_cassette(path) as cassette:
        cassette.override(1, error="unavailable", times=2)
        ask()
    assert [exchange.response.status for exchange in cassette.exchanges] == [503, 503, 200]
    assert len(cassette.interactions) == 1


def test_a_body_may_be_any_json(emulator: Emulator, path: Path) -> None:
    def ask() -> httpx.Response:
        return post(emulator.url)

    recorded(path, ask)
    for body, status in (({"odd": ["ä", None]}, 200), ([1], 202), ({"error": "no object"}, 502)):
        with use_cassette(path, lint="off") as cassette:
            cassette.override(1, json=body, status=status)
            got = ask()
        assert (got.status_code, got.json()) == (status, body)


def test_a_body_with_steps_is_streamed_where_a_stream_was_recorded(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: streamed(emulator.url, "Hello"))
    with use_cassette(path) as cassette:
        cassette.override(1, json={"id": "v1_x", "status": "completed", "steps": SAID})
        events = streamed(emulator.url, "Hello")
    assert [events[0].interaction.id, transcript(events)] == ["v1_x", "turn 1: completed\n  model_output: It rains.\n"]


def test_a_change_may_return_another_interaction(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: unary(emulator.url, "Hello"))
    with use_cassette(path) as cassette:
        cassette.override(1, change=lambda interaction: {**interaction, "status": "incomplete"}, status=200)
        assert unary(emulator.url, "Hello").status == "incomplete"


def test_steps_may_be_objects_of_the_sdk(emulator: Emulator, path: Path) -> None:
    """Or of this package, or a text that the model says."""
    first = record_two(path, emulator)
    with use_cassette(path) as cassette:
        cassette.override(1, steps=first.steps)
        cassette.override(2, steps=["Just so."])
        assert transcript(unary(emulator.url, "One")) == transcript(first)
        assert unary(emulator.url, "Two").output_text == "Just so."
    with use_cassette(path) as again:
        again.override(1, steps=cassette.steps)
        assert unary(emulator.url, "One").output_text == "Just so."
        unary(emulator.url, "Two")


def record_two(path: Path, emulator: Emulator) -> Any:
    """Record two calls; what the second one got."""
    with use_cassette(path, record_mode="once"):
        return [unary(emulator.url, prompt) for prompt in ("One", "Two")][1]


def test_a_server_plays_the_other_answer(emulator: Emulator, path: Path) -> None:
    """To another process or language."""
    recorded(path, lambda: unary(emulator.url, "One"))
    with use_cassette(path) as cassette, ReplayServer(cassette) as server:
        cassette.override(1, steps=SAID)
        assert unary(server.url, "One").output_text == "It rains."


def test_a_status_that_no_step_decides_stays(emulator: Emulator, path: Path) -> None:
    """Such as that of an answer which was cut off."""
    emulator.on(input="Hello").reply(text="Hi", status="incomplete")
    recorded(path, lambda: unary(emulator.url, "Hello"))
    with use_cassette(path) as cassette:
        cassette.override(1, steps=SAID)
        assert unary(emulator.url, "Hello").status == "incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_fails_is_seen_by_the_app(stream: bool, emulator: Emulator, path: Path) -> None:
    """A result of the API's own tool becomes an error, and all else stays."""
    ask = streamed if stream else unary
    recorded(path, lambda: ask(emulator.url, "Sky?", tools=[{"type": "google_search"}]))

    def fail(interaction: dict[str, Any]) -> None:
        for step in interaction["steps"]:
            if step["type"] == "google_search_result":
                step.update(is_error=True, result=[])

    with use_cassette(path) as cassette:
        cassette.override(1, change=fail)
        ask(emulator.url, "Sky?", tools=[{"type": "google_search"}])
    (call,) = cassette.calls
    assert (call.name, call.is_error, call.result or []) == ("google_search", True, [])


def test_a_call_of_several_exchanges_is_one_answer(emulator: Emulator, path: Path) -> None:
    """Hops, polls and resumed streams: the first exchange has it all, and the others are not asked for."""
    emulator.on(input="story").reply(text="Once upon a time there was a test.", hops=3)

    def poll() -> Any:
        with sdk(emulator.url) as client:
            job = client.interactions.create(model="gemini-3.5-flash", input="Work", background=True)
            while job.status != "completed":
                job = client.interactions.get(job.id)
            return job

    apps: list[Callable[[], Any]] = [
        partial(unary, emulator.url, "story"),
        partial(streamed, emulator.url, "story"),
        poll,
    ]
    for number, app in enumerate(apps):
        file = path.with_name(f"{number}.yaml")
        recorded(file, app)
        seen: list[Any] = []

        def change(interaction: dict[str, Any], seen: list[Any] = seen) -> None:
            seen.append(interaction)
            reword(interaction)

        with use_cassette(file) as cassette:
            cassette.override(1, change=change)
            app()
        assert len(cassette.exchanges) == 1
        assert seen[0]["status"] == "completed"
        assert cassette.interactions[0].output_text.endswith("It rains.")


def test_what_follows_an_override_plays_in_sequence(emulator: Emulator, path: Path) -> None:
    """The app sends other results then, and goes on offline."""
    scripted(emulator)

    def app(result: str = "blue") -> None:
        answer = unary(emulator.url, "What is the weather?", tools=[WEATHER])
        calls = [step for step in answer.steps if step.type == "function_call"]
        sent: Any = [{"type": "function_result", "call_id": c.id, "name": c.name, "result": result} for c in calls]
        unary(emulator.url, sent, tools=[WEATHER], previous_interaction_id=answer.id)

    recorded(path, app)
    with (
        pytest.warns(DifferingWarning, match=r"exchange 2: POST /interactions\n +input\[1\]: removed"),
        use_cassette(path, match_on="sequence", differing="warn") as cassette,
    ):
        cassette.override(1, steps=[{**CALLS[0], "arguments": {"city": "Atlantis"}}])
        app()
    assert cassette.calls == [ToolCall("get_weather", {"city": "Atlantis"}, "blue", turn=1)]


def test_what_follows_and_is_not_asked_for_is_unplayed(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: [unary(emulator.url, prompt) for prompt in ("One", "Two")])
    with pytest.raises(UnplayedError), use_cassette(path) as cassette:
        cassette.override(1, steps=SAID)
        unary(emulator.url, "One")
    with use_cassette(path, unplayed="ignore") as cassette:
        cassette.override(1, steps=SAID)
        unary(emulator.url, "One")


@pytest.mark.parametrize(
    ("n", "answer", "message"),
    [
        (3, {"status": 500}, r"override\(3\): there is no such interaction\. .*c\.yaml has 2, numbered from 1"),
        (0, {"status": 500}, r"override\(0\): there is no such"),
        (True, {"status": 500}, r"override\(True\): there is no such"),
        ("1", {"status": 500}, r"override\('1'\): there is no such"),
        (1, {}, r"override\(1\): say what the answer is: by status, error, json, steps or change\."),
        (1, {"stauts": 500}, "there is no 'stauts'; did you mean 'status'?"),
        (1, {"xyz": 500}, "there is no 'xyz'; there are status, error, message, json, steps, change, times"),
        (1, {"steps": [], "json": {}}, "json and steps can't stand together"),
        (1, {"steps": [], "error": "internal"}, "steps can't stand beside error or message"),
        (1, {"status": 200}, "an answer with status 200 needs a body"),
        (1, {"status": 200, "error": "internal"}, "status 200 is no error"),
        (1, {"status": 99}, "status is 99, and not an HTTP status from 200 to 599"),
        (1, {"status": "500"}, "status is '500', and not"),
        (1, {"status": True}, "status is True, and not"),
        (1, {"status": 500, "steps": []}, "an answer with status 500 has no interaction; give its body as json"),
        (1, {"error": "unavailabel"}, "error 'unavailabel' has no status of its own: did you mean 'unavailable'?"),
        (1, {"error": "zzz"}, "known are cancelled, conflict"),
        (1, {"error": 503}, "error is 503, and not a code such as 'unavailable'; status takes numbers"),
        (1, {"json": {1, 2}}, "the answer is not JSON: Object of type set"),
        (1, {"change": lambda _: 7}, "change returned 7, and not the changed interaction"),
        (1, {"change": lambda found: found.update(x=object())}, "the answer is not JSON"),
        (1, {"status": 500, "times": 0}, "times is 0, and not a number from 1 up"),
        (1, {"status": 500, "times": True}, "times is True"),
        (1, {"steps": [], "times": 1}, "times goes with an error alone"),
        (1, {"steps": {"type": "model_output"}}, "and not a list of steps"),
        (1, {"steps": "hello"}, "and not a list of steps"),
        (1, {"steps": [5]}, "and not a list of steps"),
        (1, {"steps": 5}, "and not a list of steps"),
    ],
)
def test_what_can_not_be_is_an_error(n: Any, answer: Any, message: str, emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: [unary(emulator.url, prompt) for prompt in ("One", "Two")])
    expected = message.replace("?", r"\?")
    with use_cassette(path, unplayed="ignore") as cassette, pytest.raises(OverrideError, match=expected):
        cassette.override(n, **answer)


def test_an_answer_that_was_played_is_too_late(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: unary(emulator.url, "One"))
    with use_cassette(path) as cassette:
        unary(emulator.url, "One")
        with pytest.raises(OverrideError, match=r"override\(1\): this answer was played already"):
            cassette.override(1, status=500)


def test_an_answer_is_overridden_once(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: unary(emulator.url, "One"))
    with use_cassette(path) as cassette:
        cassette.override(1, steps=SAID)
        with pytest.raises(OverrideError, match="this answer is overridden already"):
            cassette.override(1, steps=SAID)
        unary(emulator.url, "One")


def test_an_override_that_nothing_asked_for_fails(emulator: Emulator, path: Path) -> None:
    recorded(path, lambda: [unary(emulator.url, prompt) for prompt in ("One", "Two")])
    with pytest.raises(OverrideError, match=r"not played: override\(2\)\. The app did not ask") as raised:
        with use_cassette(path) as cassette:
            cassette.override(2, status=500)
            unary(emulator.url, "One")
    assert raised.value.__notes__ == ["Besides: 1 of 2 recorded exchanges not asked for: POST /interactions"]


def test_a_cassette_without_interactions_has_none_to_override(tmp_path: Path) -> None:
    with use_cassette(tmp_path / "none.yaml") as cassette:
        with pytest.raises(OverrideError, match="holds no interaction to override"):
            cassette.override(1, status=500)


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all", "rewrite", "off"])
def test_nothing_is_overridden_where_something_may_be_recorded(mode: Any, emulator: Emulator, path: Path) -> None:
    if mode != "once":
        recorded(path, lambda: unary(emulator.url, "One"))
    with use_cassette(path, record_mode=mode, unplayed="ignore") as cassette:
        with pytest.raises(OverrideError, match=r"override\(1\) changes an answer that is replayed, and this test may"):
            cassette.override(1, status=500)
        unary(emulator.url, "One")


def test_an_answer_with_media_is_overridden_with_them(emulator: Emulator, path: Path) -> None:
    """What stands in files of their own is there to be changed."""

    def ask() -> Any:
        return unary(emulator.url, "A picture", response_modalities=["image"])

    with use_cassette(path, record_mode="once", media_threshold=16):
        picture = ask().steps[-1].content[0].data
    seen: list[str] = []
    with use_cassette(path) as cassette:
        cassette.override(1, change=lambda found: seen.append(json.dumps(found)))
        assert ask().steps[-1].content[0].data == picture
    assert str(picture)[:60] in seen[0]


@pytest.mark.parametrize(
    ("answer", "stream"), [({"steps": SAID}, False), ({"steps": SAID}, True), ({"change": bool}, True)]
)
def test_an_answer_from_before_there_were_steps_takes_its_body_alone(answer: Any, stream: bool, path: Path) -> None:
    """Its content was called `outputs`."""
    events = [
        {"event_type": "interaction.start", "interaction": {"id": "v1_a", "status": "in_progress"}},
        {"event_type": "content.start", "index": 0, "content": {"type": "text"}},
        {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hi"}},
        {"event_type": "interaction.complete", "interaction": {"id": "v1_a", "status": "completed"}},
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events) + DONE
    unstreamed = {"id": "v1_a", "status": "completed", "outputs": [{"type": "text", "text": "Hi"}]}
    written(path, exchange({"input": "Hi", "stream": stream}, body if stream else unstreamed))
    with use_cassette(path, unplayed="ignore") as cassette:
        with pytest.raises(OverrideError, match="before the API had steps; give the whole body as json"):
            cassette.override(1, **answer)
