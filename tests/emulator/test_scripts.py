"""Scripts, in Python and as YAML."""

from __future__ import annotations

import json
import traceback
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from google.genai import _interactions as errors

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

MODEL = "gemini-3.5-flash"
CALL = {"type": "function_call", "id": "c1", "name": "book", "arguments": {"seat": "4A"}}
OUTPUT = {"type": "model_output"}
HELLO: dict[str, Any] = {"type": "user_input", "content": "Hello"}
SIGNED = CALL | {"signature": "aGk="}
RESULT: dict[str, Any] = {"type": "function_result", "call_id": "c1", "result": "x"}


def ask(rest: httpx.Client, text: Any = "Hello", **more: Any) -> dict[str, Any]:
    """Create an interaction, and return its JSON."""
    body = {"model": MODEL, "input": text, **more}
    answer: dict[str, Any] = rest.post("/v1/interactions", json=body).json()
    return answer


def said(answer: dict[str, Any]) -> str:
    """Return the text of the last step."""
    text: str = answer["steps"][-1]["content"][0]["text"]
    return text


def test_first_rule_that_matches(emulator: Emulator, rest: httpx.Client) -> None:
    """The first rule that matches and is not used up answers; without one the emulator does by itself."""
    emulator.on(input="WEATHER").reply(text="Sunny.", times=1)
    emulator.on(input="weather").reply(text="Cloudy.")
    emulator.on(input="unfinished")
    answers = [ask(rest, text) for text in ("The weather?", "The weather?", "unfinished")]
    assert [said(answer) for answer in answers] == ["Sunny.", "Cloudy.", "You said: unfinished"]


@pytest.mark.parametrize(
    ("when", "body", "matches"),
    [
        ({"model": MODEL}, {}, True),
        ({"model": MODEL}, {"model": f"models/{MODEL}"}, True),
        ({"model": MODEL}, {"model": "gemini-3.1-flash"}, False),
        ({"agent": "a"}, {}, False),
        ({"stream": False}, {}, True),
        ({"stream": True}, {}, False),
        ({"tool": "book"}, {"tools": [{"type": "function", "name": "book"}]}, True),
        ({"tool": "google_maps"}, {"tools": [{"type": "google_maps"}]}, True),
        ({"tool": "book"}, {}, False),
        (
            {"result_of": "book"},
            {"input": [HELLO, SIGNED, {"type": "function_result", "name": "book", "call_id": "c1", "result": ""}]},
            True,
        ),
        ({"result_of": "book"}, {}, False),
        ({"operation": "get"}, {}, False),
    ],
)
def test_conditions(
    emulator: Emulator, rest: httpx.Client, when: dict[str, Any], body: dict[str, Any], matches: bool
) -> None:
    """Each condition compares with its own part of the request."""
    emulator.on(**when).reply(text="Scripted.")
    answer = rest.post("/v1/interactions", json={"model": MODEL, "input": "Hello", **body}).json()
    assert (said(answer) == "Scripted.") is matches


def test_steps(emulator: Emulator, client: Any) -> None:
    """Scripted steps are the answer, and a function call among them asks for action."""
    emulator.on().reply(steps=[CALL])
    interaction = client.interactions.create(model=MODEL, input="Book")
    (step,) = interaction.steps or []
    assert (step.type, interaction.status) == ("function_call", "requires_action")


def test_steps_as_a_stream(emulator: Emulator, client: Any) -> None:
    """Scripted steps stream like any others, and those with nothing to tell have no deltas."""
    call = {"type": "processing_call", "id": "p1"}
    said = {"type": "user_input", "content": [{"type": "text", "text": "Hi"}]}
    emulator.on().reply(steps=[{"type": "thought"}, said, call, CALL])
    events = list(client.interactions.create(model=MODEL, input="Book", stream=True))
    starts = [event.step.type for event in events if event.event_type == "step.start"]
    deltas = [event.delta.type for event in events if event.event_type == "step.delta"]
    assert starts == ["thought", "user_input", "processing_call", "function_call"]
    assert deltas == ["text", "arguments_delta"]


def test_error_once(emulator: Emulator, client: Any) -> None:
    """An error answered once is retried by the SDK, which then succeeds."""
    emulator.on().reply(error=503, retry_after=0, times=1)
    assert client.interactions.create(model=MODEL, input="Hello").status == "completed"
    assert len(emulator.requests) == 2


def test_error_of_own_words(emulator: Emulator, client: Any) -> None:
    """An error has the status, code and message that the script gives."""
    emulator.on().reply(error=400, code="safety", message="Not that.")
    with pytest.raises(errors.BadRequestError, match="Not that") as caught:
        client.interactions.create(model=MODEL, input="Hello")
    assert caught.value.body == {"error": {"message": "Not that.", "code": "safety"}}


@pytest.mark.parametrize(("status", "code"), [(418, "invalid_request"), (599, "internal"), (429, "resource_exhausted")])
def test_error_without_words(emulator: Emulator, rest: httpx.Client, status: int, code: str) -> None:
    """An error without words has a message and a code all the same."""
    emulator.on().reply(error=status)
    error = ask(rest)["error"]
    assert error["code"] == code
    assert error["message"]


def test_failed_background(emulator: Emulator, rest: httpx.Client) -> None:
    """Background work can fail after statuses of the script's choice."""
    emulator.on().reply(statuses=["in_progress"], status="failed", message="Out of paper.")
    started = ask(rest, background=True)
    ended = rest.get(f"/v1/interactions/{started['id']}").json()
    assert (started["status"], ended["status"], ended["steps"]) == ("in_progress", "failed", [])
    assert ended["errors"] == [{"code": "internal", "message": "Out of paper."}]


def test_request_log(emulator: Emulator, rest: httpx.Client) -> None:
    """The emulator keeps every request for the test to look at."""
    ask(rest, "Hello")
    rest.post("/v1/interactions?key=x", content=b"{")
    first, second = emulator.requests
    assert (first.method, first.path, first.json["input"]) == ("POST", "/v1/interactions", "Hello")
    assert first.headers["x-goog-api-key"] == "any"
    assert (second.query, second.body, second.json) == ({"key": "x"}, b"{", None)


@pytest.mark.parametrize(
    ("when", "reply", "message"),
    [
        ({"inptu": "x"}, {}, "inptu: unknown key (did you mean 'input'?)"),
        ({}, {"txt": "x"}, "txt: unknown key (did you mean 'text'?)"),
        ({}, {"zzz": "x"}, "zzz: unknown key; known are: text, steps"),
        ({"input": 1}, {}, "input: must be a valid string"),
        ({"operation": "gte"}, {}, "or that of another resource, such as 'agents.get' (did you mean 'get'?)"),
        ({"operation": "agents.gte"}, {}, "such as 'agents.get' (did you mean 'agents.get'?)"),
        ({"operation": None}, {}, "operation: must be 'create', 'get', 'cancel' or 'delete'"),
        ({"stream": 1}, {}, "stream: must be a valid boolean"),
        ({"stream": "true"}, {}, "stream: must be a valid boolean"),
        ({}, {"status": "complete"}, "(did you mean 'completed'?)"),
        ({}, {"statuses": "queued"}, "statuses: must be a valid list"),
        ({}, {"statuses": ["queued", "complete"]}, "statuses.1: must be 'in_progress', "),
        ({}, {"times": True}, "times: must be a valid integer"),
        ({}, {"times": "3"}, "times: must be a valid integer"),
        ({}, {"times": 1.5}, "times: must be a valid integer"),
        ({}, {"stop_after": 2.0}, "stop_after: must be a valid integer"),
        ({}, {"cut_after": -1}, "cut_after: must be greater than or equal to 0"),
        ({}, {"delay": -1}, "delay: must be greater than or equal to 0"),
        ({}, {"delay": True}, "delay: must be a valid number"),
        ({}, {"delay": None}, "delay: must be a valid number"),
        ({}, {"events_delay": float("nan")}, "events_delay: must be a finite number"),
        ({}, {"retry_after": "1"}, "retry_after: must be a valid number"),
        ({}, {"error": 200}, "error: must be greater than or equal to 400"),
        ({}, {"error": 600}, "error: must be less than or equal to 599"),
        ({}, {"error": "503"}, "error: must be a valid integer"),
        ({}, {"text": "a", "error": 500}, "text: can't be the answer beside 'error'"),
        ({}, {"text": "a", "steps": []}, "steps: can't be the answer beside 'text'"),
        ({}, {"text": 1}, "text: must be text or a list of texts"),
        ({}, {"text": ("a", "b")}, "text: must be text or a list of texts"),
        ({}, {"text": ["a", None]}, "text: must be text or a list of texts"),
        ({}, {"message": b"x"}, "message: must be a valid string"),
        ({}, {"hold": 1}, "hold: must be an instance of Hold"),
        ({}, {"steps": [{"type": "functoin_call"}]}, "'functoin_call' (did you mean 'function_call'?)"),
        ({}, {"steps": [{"tpye": "thought"}]}, "steps.0: a step needs 'type' (did you mean 'tpye'?)"),
        ({}, {"steps": [{"type": []}]}, "steps.0: unknown step type '[]'"),
        ({}, {"steps": ["x"]}, "steps.0: must be a mapping"),
        ({}, {"steps": CALL}, "steps: must be a valid list"),
        ({}, {"steps": [{1: 2, "type": "thought"}]}, "steps.0.1.[key]: must be a valid string"),
        (
            {},
            {"steps": [CALL | {"type": "thought"}, {"type": "user_input"}]},
            "steps.1: a 'user_input' step needs 'con",
        ),
        ({}, {"steps": [{"type": "model_output", "content": "x"}]}, "steps.0: 'content' must be a list of objects"),
        ({}, {"steps": [{"type": "model_output", "content": [{}]}]}, "steps.0: 'content' must be a list of objects"),
        ({}, {"steps": [OUTPUT | {"content": [{"type": "text"}]}]}, "steps.0: there is a text without 'text'"),
        ({}, {"steps": [OUTPUT | {"content": [{"type": 1}]}]}, "steps.0: each element of 'content' needs a 'type'"),
        ({}, {"steps": [RESULT | {"result": ["x"]}]}, "steps.0: there is an element that is no object in 'result'"),
        ({}, {"steps": [RESULT | {"call_id": 1}]}, "steps.0: the 'call_id' of a step must be a text"),
        ({}, {"steps": [{"type": "thought", "summary": "x"}]}, "steps.0: the 'summary' of a step must be a list"),
        ({}, {"steps": [RESULT | {"at": date(2026, 6, 9)}]}, "steps.0: must be JSON: write a date, say, in quotation"),
        ({}, {"steps": [RESULT | {"result": float("nan")}]}, "steps.0: must be JSON"),
        ({}, {"steps": [OUTPUT | {"content": [{"type": "text", "text": "\ud800"}]}]}, "steps.0: must be JSON"),
        ({}, {"text": ["a", "\ud800"]}, "text: must be JSON"),
        ({}, {"message": "\ud800"}, "message: must be text that can be written as UTF-8"),
    ],
)
def test_wrong_scripts(emulator: Emulator, when: dict[str, Any], reply: dict[str, Any], message: str) -> None:
    """A wrong key, value or step is refused when it is written, with the near match."""
    with pytest.raises(ScriptError) as caught:
        emulator.on(**when).reply(**reply)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_problem_has_a_line(emulator: Emulator) -> None:
    """The error has a line for each problem, without pydantic's words and without the values, which may be secret."""
    with pytest.raises(ScriptError) as caught:
        emulator.on().reply(times="AIzaSecret", delay="AIzaSecret", txt="AIzaSecret")
    delay, times, txt = str(caught.value).splitlines()
    assert (times, delay) == ("times: must be a valid integer", "delay: must be a valid number")
    assert txt.startswith("txt: unknown key (did you mean 'text'?)")
    assert "AIza" not in "".join(traceback.format_exception(caught.value)).replace('="AIzaSecret"', "")


@pytest.mark.parametrize(
    "keys",
    [
        dict.fromkeys(["text", "steps", "status", "statuses", "error", "message", "retry_after", "times", "hold"]),
        {"delay": 0, "events_delay": 0.0},
    ],
)
def test_keys_that_change_nothing(emulator: Emulator, rest: httpx.Client, keys: dict[str, Any]) -> None:
    """A key that is `None` counts as not given, and a number of seconds may be whole."""
    emulator.on(**dict.fromkeys(["input", "model", "agent", "stream", "tool", "result_of"])).reply(**keys)
    assert said(ask(rest)) == "You said: Hello"


def test_steps_stay_as_given(emulator: Emulator, rest: httpx.Client) -> None:
    """A scripted step is answered with all its keys in their order."""
    step = {"zebra": 1, "content": [{"text": "Hi", "type": "text", "more": None}], "type": "model_output"}
    emulator.on().reply(steps=[step])
    (answered,) = ask(rest)["steps"]
    assert json.dumps(answered) == json.dumps(step)


def test_yaml(tmp_path: Path) -> None:
    """A YAML script has the keys of the Python one, and steps as the API has them."""
    script = tmp_path / "script.yaml"
    script.write_text(
        """\
- on: {input: weather, stream: false}
  reply:
    text: Sunny.
- reply:
    steps:
      - type: model_output
        content: [{type: text, text: "on, off, yes: words"}]
"""
    )
    import httpx

    with Emulator(script=script) as emulator, httpx.Client(base_url=emulator.url) as rest:
        rest.headers["x-goog-api-key"] = "any"
        assert [said(ask(rest, text)) for text in ("Weather?", "Else")] == ["Sunny.", "on, off, yes: words"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- on: {input: x}\n  reply: {text: a}\n- on: {}\n  reply:\n    txet: b\n",
            ":5: 1.reply.txet: unknown key (did",
        ),
        ("- reply: {text: a}\n  onn: {}\n", ":2: 0.onn: unknown key (did you mean 'on'?)"),
        ("- on: {}\n", ":1: 0.reply: is missing"),
        ("- on: {}\n  repyl: {}\n", ":1: 0.reply: is missing (did you mean 'repyl'?)"),
        ("reply: {}\n", ":1: a script is a list"),
        ("- text\n", ":1: 0: must be a mapping"),
        ("- on: {}\n  reply: text\n", ":2: 0.reply: must be a mapping"),
        ("- on: []\n  reply: {}\n", ":1: 0.on: must be a mapping"),
        ("- reply:\n    1: x\n", ":2: 0.reply.1: Keys must be strings"),
        (
            "- reply:\n    steps:\n      - {type: thought}\n      - type: model_outptu\n",
            ":4: 0.reply.steps.1: unknown step type 'model_outptu' (did you mean 'model_output'?)",
        ),
        (
            "- reply:\n    steps:\n      - type: function_call\n        id: a\n        nmae: f\n",
            ":3: 0.reply.steps.0: a 'function_call' step needs 'name' (did you mean 'nmae'?)",
        ),
        ("- reply:\n    steps:\n      - type: thought\n        1: x\n", ":4: 0.reply.steps.0.1.[key]: must be"),
        ("- reply:\n    steps:\n      - type: thought\n        at: 2026-06-09\n", ":3: 0.reply.steps.0: must be JSON"),
        ("- reply: {status: complete}\n", ":1: 0.reply.status: must be 'in_progress', "),
        ("- reply:\n    text: a\n    error: 500\n", ":2: 0.reply.text: can't be the answer beside 'error'"),
        ("- reply:\n    times: '3'\n", ":2: 0.reply.times: must be a valid integer"),
        ("- on:\n    stream: 1\n  reply: {}\n", ":2: 0.on.stream: must be a valid boolean"),
        ("- reply: {text: [1]}\n", ":1: 0.reply.text: must be text or a list of texts"),
        ("- reply:\n    times: 1\n    times: 2\n", ":3: not YAML: 'times' is there twice"),
        ("- reply:\n    <<:\n      {txt: a}\n", ":3: 0.reply.txt: unknown key"),
        ("- reply: [\n", ":2: not YAML: "),
        ("- reply: \x00\n", ":1: not YAML: "),
        ("- reply: !unknown x\n", ":1: not YAML: could not determine a constructor"),
        ("- reply: {delay: 2026-99-99}\n", ": can't be read: month must be in 1..12"),
        ("[" * 2000 + "]" * 2000, ": can't be read: maximum recursion depth exceeded"),
    ],
)
def test_wrong_yaml(tmp_path: Path, text: str, message: str) -> None:
    """A wrong script file is refused at load, with its line and the near match."""
    script = tmp_path / "script.yaml"
    script.write_text(text)
    with pytest.raises(ScriptError) as caught:
        Emulator(script=script)
    assert str(caught.value).startswith(f"{script}:")
    assert message in str(caught.value)


def test_missing_script(tmp_path: Path) -> None:
    """A script that is not there is named."""
    with pytest.raises(ScriptError, match="can't be read"):
        Emulator(script=tmp_path / "none.yaml")


def test_empty_script(tmp_path: Path) -> None:
    """An empty file scripts nothing."""
    script = tmp_path / "script.yaml"
    script.write_text("# nothing yet\n")
    Emulator(script=script).stop()
