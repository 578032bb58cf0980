"""The steps of live interactions, as a test asserts them: recorded through the SDK, and played."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions.api.fold import fold
from pytest_interactions.api.transcript import transcript
from pytest_interactions.commands import main
from pytest_interactions.errors import DriftError, OverrideError
from tests.live.talk import event, live_sdk, serving
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support import Runner

live_sdk()

CALL = {"type": "function_call", "name": "get_weather", "id": "c1"}
RESULT = {"type": "function_result", "name": "get_weather", "call_id": "c1", "result": {"sky": "clear"}}
TURNS = (
    "turn 1: requires_action\n"
    "  function_call get_weather#1\n"
    '    city = "{city}"\n'
    "turn 2: completed\n"
    "  function_result get_weather#1\n"
    '    sky: "clear"\n'
    "  model_output: It is clear.\n"
)


def weather(city: str = "Paris") -> Callable[[Any], None]:
    """Return an API that asks for the weather of a city, and then tells it."""

    def api(connection: Any) -> None:
        for raw in connection:
            message = json.loads(raw)
            kind = message["event_type"]
            if kind == "interaction.connect":
                connection.send(event("interaction.connected"))
            elif kind == "interaction.complete":
                connection.send(event("interaction.completed", usage={"total_tokens": 7, "total_output_tokens": 3}))
                return
            elif kind == "input" and message["content"][0]["type"] == "text":
                connection.send(event("step.start", index=0, step=CALL))
                arguments = {"type": "arguments_delta", "arguments": json.dumps({"city": city})}
                connection.send(event("step.delta", index=0, delta=arguments))
                connection.send(event("step.stop", index=0))
            elif kind == "input":
                start = event("step.start", index=1, step={"type": "model_output"})
                words = [
                    event("step.delta", index=1, delta={"type": "text", "text": text}) for text in ("It is ", "clear.")
                ]
                batch = [json.loads(each) for each in (start, *words, event("step.stop", index=1))]
                connection.send(json.dumps({"events": batch}))

    return api


async def ask(base: str) -> list[Any]:
    """The app under test; it returns what it received."""
    client = genai.Client(api_key="AIza" + "x" * 35, http_options={"base_url": base, "api_version": "v1beta"})
    heard: list[Any] = []
    async with client.aio.interactions.connect("int_1") as connection:
        for said in ("How is it in Paris?", {"event_type": "input", "content": [RESULT]}):
            await connection.send(said)
            async for got in connection.receive():
                heard.append(got)
                if got.event_type == "step.stop":
                    break
        await connection.complete()
        heard += [got async for got in connection.receive()]
    return heard


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a cassette with the app's conversation."""
    path = tmp_path / "c.yaml"
    with serving(weather()) as running, use_cassette(path, record_mode="once"):
        asyncio.run(ask(running.base))
    return path


def _base(path: Path) -> str:
    uri = next(line for line in path.read_text("utf-8").splitlines() if "uri:" in line)
    return f"http://{uri.partition('ws://')[2].partition('/')[0]}"


def test_a_live_interaction_is_asserted_as_any_other(path: Path) -> None:
    """Turns, steps, calls of tools and usage, recorded and played."""
    with use_cassette(path) as cassette:
        asyncio.run(ask(_base(path)))
        assert [turn.status for turn in cassette.interactions] == ["requires_action", "completed"]
        assert [step.type for step in cassette.steps] == [
            *["user_input", "function_call", "function_result", "model_output"],
        ]
        assert [(call.name, call.arguments, call.result) for call in cassette.calls] == [
            ("get_weather", {"city": "Paris"}, {"sky": "clear"})
        ]
        assert cassette.usage["total_tokens"] == 7
        assert transcript(cassette) == TURNS.format(city="Paris")


def test_the_sdks_events_fold(path: Path) -> None:
    """As the app received them: all answers of the connection are one interaction."""
    with use_cassette(path):
        heard = asyncio.run(ask(_base(path)))
    folded = fold(heard)
    assert (folded.status, folded.usage and folded.usage["total_tokens"]) == ("completed", 7)
    assert [step.type for step in folded.steps or []] == ["function_call", "model_output"]
    assert fold(heard[:4]).status == "requires_action"
    assert transcript(heard[:4]) == TURNS.format(city="Paris").partition("turn 2")[0]


def test_http_tells_the_same_in_the_same_words(path: Path, tmp_path: Path) -> None:
    """A snapshot of an app stands when it changes from HTTP to a WebSocket."""
    other = tmp_path / "http.yaml"
    call = {**CALL, "arguments": {"city": "Paris"}}
    said = {"type": "model_output", "content": [{"type": "text", "text": "It is clear."}]}
    answers = [
        {"id": "a", "status": "requires_action", "steps": [call]},
        {"id": "b", "status": "completed", "steps": [said]},
    ]
    asked = [{"input": "How is it in Paris?"}, {"input": [RESULT], "previous_interaction_id": "a"}]
    request = {"method": "POST", "uri": "https://g.example/v1/interactions", "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {"content-type": ["application/json"]}}
    exchanges = [
        {
            "request": {**request, "body": json.dumps(sent)},
            "response": {**response, "body": {"string": json.dumps(got)}},
        }
        for sent, got in zip(asked, answers, strict=True)
    ]
    other.write_text(json.dumps({"version": 1, "interactions": exchanges}))
    with use_cassette(other) as http:
        for sent in asked:
            httpx.post("https://g.example/v1/interactions", json=sent)
        assert transcript(http) == TURNS.format(city="Paris")
    with use_cassette(path) as live:
        asyncio.run(ask(_base(path)))
        assert transcript(live) == transcript(http)


def test_its_turns_are_shown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what opened the conversation, and the connection that all of them share."""
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "GET /interactions/live: 101, 4 messages sent, 6 received" in shown
    assert "tokens: 3 out" in shown
    assert "turn 1: requires_action" in shown
    assert "  user_input: How is it in Paris?\n  function_call get_weather#1" in shown
    assert main(["show", "--json", str(path)]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert [turn["status"] for turn in report["turns"]] == ["requires_action", "completed"]
    assert report["exchanges"][0]["turn"] == 1
    assert all(0 <= turn["first_token"] <= turn["seconds"] for turn in report["turns"])
    assert report["seconds"] <= report["exchanges"][0]["seconds"]
    assert main(["show", "--otlp", str(path)]) == 0
    (resource,) = json.loads(capsys.readouterr().out)["resourceSpans"]
    spans = [(span["name"], int(span["startTimeUnixNano"])) for span in resource["scopeSpans"][0]["spans"]]
    assert [name for name, _ in spans] == ["c", "chat", "execute_tool get_weather", "chat"]
    assert spans[1][1] < spans[3][1]


def test_a_page_has_its_turns(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its time, below them the connection with its messages."""
    page = path.with_suffix(".html")
    assert main(["report", str(path), "-o", str(page)]) == 0
    capsys.readouterr()
    text = page.read_text("utf-8")
    assert "How is it in Paris?" in text
    assert "4 messages sent, 6 received" in text
    assert "requires_action" in text


def test_a_turn_is_no_answer_that_can_be_overridden(path: Path) -> None:
    """The error says what to do."""
    with use_cassette(path) as cassette:
        with pytest.raises(OverrideError, match=r"override\(1\): this is a turn of a live interaction"):
            cassette.override(1, text="No")
        asyncio.run(ask(_base(path)))


def test_a_live_run_is_compared_by_its_turns(path: Path) -> None:
    """In record mode `verify`: the same behaviour holds, whatever its messages are, and another call is told."""
    with serving(weather()) as running, use_cassette(path, record_mode="verify"):
        asyncio.run(ask(running.base))
    with (
        serving(weather("Oslo")) as running,
        pytest.raises(DriftError, match=r'turn 1, function_call get_weather, arguments.city: "Paris" -> "Oslo"'),
        use_cassette(path, record_mode="verify"),
    ):
        asyncio.run(ask(running.base))


def test_a_snapshot_reads_like_a_transcript(run: Runner) -> None:
    """Of a test that records, and of one that replays; the list of the SDK's events is one, too."""
    with serving(weather()) as running:
        run.test(
            f"""
import asyncio
import pytest
from tests.live.test_steps import ask

pytestmark = pytest.mark.filterwarnings("ignore")

def test_weather(interactions, snapshot_steps):
    heard = asyncio.run(ask({running.base!r}))
    assert interactions == snapshot_steps
    assert interactions.interactions == snapshot_steps
    assert heard == snapshot_steps(name="heard")
"""
        )
        run.record("--snapshot-update").assert_outcomes(passed=1)
    run.replay().assert_outcomes(passed=1)
    snapshots = sorted(run.pytester.path.rglob("*.steps.txt"))
    texts = {path.name: path.read_text("utf-8") for path in snapshots}
    assert TURNS.format(city="Paris") in texts.values()


EMULATED = """
import asyncio
import pytest
from google import genai

pytestmark = pytest.mark.filterwarnings("ignore")
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}

async def answers(*questions):
    client = genai.Client()
    begun = await client.aio.interactions.create(model="gemini-3.5-flash", input="Be brief.", tools=[WEATHER])
    async with client.aio.interactions.connect(begun.id) as live:
        for question in questions:
            await live.send(question)
            calls = [event.step async for event in until_usage(live) if is_call(event)]
            for call in calls:
                result = {"type": "function_result", "name": call.name, "call_id": call.id, "result": "sunny"}
                await live.send({"event_type": "input", "content": [result]})
                [event async for event in until_usage(live)]
        await live.complete()
        [event async for event in live.receive()]

def is_call(event):
    return event.event_type == "step.start" and event.step.type == "function_call"

async def until_usage(live):
    async for event in live.receive():
        yield event
        if getattr(event, "usage", None):
            break

def test_talk(interactions, snapshot_steps):
    asyncio.run(answers("What is the weather?", "Thank you"))
    assert interactions == snapshot_steps
    assert interactions.usage["total_tokens"] == sum(turn.usage["total_tokens"] for turn in interactions.interactions)
    assert [call.turn for call in interactions.calls] == [2]
"""


CONVERSATION = """\
turn 1: completed
  thought
  model_output: Yes.
turn 2: requires_action
  user_input: What is the weather?
  thought
  function_call get_weather#1
    {}
turn 3: completed
  function_result get_weather#1: sunny
  thought
  model_output: It is sunny.
turn 4: completed
  user_input: Thank you
  thought
  model_output: Any time.
"""


def test_a_conversation_that_begins_over_http_goes_on(run: Runner) -> None:
    """As one conversation, recorded from the emulator, and played with that gone."""
    run.emulator.on(input="Be brief.").reply(text="Yes.")
    run.emulator.on(operation="live", result_of="get_weather").reply(text="It is sunny.")
    run.emulator.on(operation="live", input="Thank you").reply(text="Any time.")
    run.test(EMULATED)
    run.record("--snapshot-update").assert_outcomes(passed=1)
    (snapshot,) = run.pytester.path.rglob("*.steps.txt")
    assert snapshot.read_text("utf-8") == CONVERSATION
    run.replay().assert_outcomes(passed=1)
