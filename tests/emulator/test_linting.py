"""What the emulator refuses as the real API does, and what it only warns of, by what it has handed out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai
from google.genai import _interactions as errors

from pytest_interactions.api.lint.kinds import INVALID
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "gemini-3.5-flash"
TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
QUESTION = {"type": "user_input", "content": [{"type": "text", "text": "The weather in Paris and in Rome"}]}
COUNT = "Please ensure that the number of function response parts is equal"
HEADER = "x-interactions-lint"
Steps = list[dict[str, Any]]


def ask(client: Any, steps: Any, **more: Any) -> Any:
    """Create an interaction with the SDK, which stores nothing unless told otherwise."""
    body = {"model": MODEL, "tools": [TOOL], "store": False} | more
    return client.interactions.create(input=steps, **body)


def history(client: Any, **more: Any) -> Steps:
    """Return a question, the answer with two calls, and their results."""
    answer = ask(client, [QUESTION], **more)
    if more.get("stream"):
        from pytest_interactions import fold

        answer = fold(list(answer))
    steps: Steps = [copy.deepcopy(QUESTION), *(step.model_dump(exclude_none=True) for step in answer.steps)]
    return steps + [
        {"type": "function_result", "call_id": step["id"], "name": step["name"], "result": "Sunny"}
        for step in steps
        if step["type"] == "function_call"
    ]


def _remove(place: int) -> Callable[[Steps], object]:
    return lambda steps: steps.pop(place)


def _set(place: int, **fields: Any) -> Callable[[Steps], object]:
    return lambda steps: steps[place].update(fields)


def _swap(one: int, other: int) -> Callable[[Steps], object]:
    def swap(steps: Steps) -> None:
        steps[one], steps[other] = steps[other], steps[one]

    return swap


REFUSED: dict[str, tuple[Callable[[Steps], object], str]] = {
    "a lost signature": (_set(1, signature=""), INVALID),
    "an altered signature": (_set(1, signature="aGVsbG8="), INVALID),
    "a dropped thought": (_remove(1), INVALID),
    "a call by hand": (
        lambda steps: steps.__setitem__(
            slice(1, None),
            [
                {"type": "function_call", "id": "x", "name": "weather", "arguments": {"city": "Oslo"}},
                {"type": "function_result", "call_id": "x", "name": "weather", "result": "Rain"},
            ],
        ),
        INVALID,
    ),
    "a history that begins with a call": (
        lambda steps: steps.__delitem__(slice(2)),
        "Please ensure that function call turn comes immediately after a user turn",
    ),
    "a missing result": (_remove(-1), COUNT),
    "a second result": (lambda steps: steps.append(steps[-1]), COUNT),
    "results without calls": (
        lambda steps: steps.__delitem__(slice(1, 4)),
        "Please ensure that function response turn comes immediately after a function call turn.",
    ),
    "a result without a name": (lambda steps: steps[-1].pop("name"), "Missing name in content of type function_result"),
}
WARNED: dict[str, tuple[Callable[[Steps], object], str]] = {
    "a changed call": (_set(2, arguments={"city": "Oslo"}), "call-changed at input[2].arguments"),
    "a repeated step": (lambda steps: steps.insert(1, steps[1]), "step-repeated at input[2]"),
    "another order": (_swap(1, 2), "steps-reordered at input[2]"),
    "another call's id": (_set(-1, call_id="weather"), "result-of-unknown-call at input[5].call_id"),
    "another function's name": (_set(-1, name="clock"), "result-name at input[5].name"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("change", REFUSED)
def test_what_the_real_api_refuses_is_refused_in_its_words(client: Any, change: str, stream: bool) -> None:
    """The SDK raises its own error for a bad request, whether the history came in a stream or not."""
    steps = history(client, stream=stream)
    mutate, words = REFUSED[change]
    mutate(steps)
    with pytest.raises(errors.BadRequestError, match=words):
        ask(client, steps)


def test_what_the_sdk_itself_would_not_send_is_refused_too(client: Any, rest: httpx.Client) -> None:
    """Clients of one's own send results of other forms; the error's body is the real API's, with the place."""
    steps = history(client)
    for result, message in (
        ([{"sky": "blue"}], "The 'type' parameter is required at 'input[5].result[0]'."),
        (22, "'result' must be a Struct, FunctionResultSubcontent[], or string"),
    ):
        steps[-1]["result"] = result
        answer = post(rest, input=steps, store=False)
        assert answer.json() == {"error": {"message": message, "code": "invalid_request"}}
        assert answer.status_code == 400
    steps = history(client)
    steps[0]["content"].append({"type": "thought", "signature": "aGk="})
    answer = post(rest, input=steps, store=False)
    assert answer.json()["error"]["message"] == "User turns cannot contain thought blocks."


def post(rest: httpx.Client, **body: Any) -> httpx.Response:
    """Create an interaction over HTTP, to see the headers of the answer."""
    return rest.post("/v1beta/interactions", json={"model": MODEL, "tools": [TOOL]} | body)


@pytest.mark.parametrize("change", WARNED)
def test_what_only_the_documentation_forbids_is_answered_with_a_warning(
    client: Any, rest: httpx.Client, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A header says what and where, of a plain answer and of a stream, and the log says what to do."""
    steps = history(client)
    mutate, words = WARNED[change]
    mutate(steps)
    for stream in (False, True):
        answer = post(rest, input=steps, store=False, stream=stream)
        assert (answer.status_code, answer.headers[HEADER]) == (200, words)
    assert caplog.messages[0].startswith(words.partition(" at ")[2])
    assert {record.name for record in caplog.records} >= {"pytest_interactions.emulator"}


def test_what_is_sent_back_as_it_was_received_has_no_warning(client: Any, rest: httpx.Client) -> None:
    """Neither on the client's history nor on the server's, in a stream or not, with results in any order."""
    steps = history(client)
    for sent in (steps, [*steps[:4], *steps[:3:-1]], [steps[0], *steps[1:3], steps[4], steps[3], steps[5]]):
        answer = post(rest, input=sent, store=False)
        assert (answer.status_code, HEADER in answer.headers) == (200, False)
    first = ask(client, [QUESTION], store=True)
    results = [
        {"type": "function_result", "call_id": step.id, "name": step.name, "result": "Sunny"}
        for step in first.steps[1:]
    ]
    answer = post(rest, input=results[::-1], previous_interaction_id=first.id)
    assert (answer.status_code, HEADER in answer.headers) == (200, False)


def test_signatures_that_changed_places_are_warned_of(client: Any, rest: httpx.Client) -> None:
    """In a conversation without calls, each thought has a signature of its own."""
    steps: Steps = []
    for text in ("Hello", "How are you?"):
        steps.append({"type": "user_input", "content": [{"type": "text", "text": text}]})
        steps += [step.model_dump(exclude_none=True) for step in ask(client, steps).steps]
    steps.append(QUESTION)
    steps[1]["signature"], steps[4]["signature"] = steps[4]["signature"], steps[1]["signature"]
    warned = post(rest, input=steps, store=False).headers[HEADER]
    assert warned == "signature-moved at input[1].signature; signature-moved at input[4].signature"


def test_a_transcript_of_texts_alone_is_answered_and_warned_of(client: Any, rest: httpx.Client) -> None:
    """The documentation asks for the thoughts too, though the API is known to answer without them."""
    hello = {"type": "user_input", "content": [{"type": "text", "text": "Hello"}]}
    output = ask(client, [hello]).steps[-1].model_dump(exclude_none=True)
    answer = post(rest, input=[hello, output, QUESTION], store=False)
    assert (answer.status_code, answer.headers[HEADER]) == (200, "thought-dropped at input[1]")


def test_partial_results_of_a_stored_turn_are_refused(client: Any) -> None:
    """The server knows which calls wait for a result."""
    first = ask(client, [QUESTION], store=True)
    call = first.steps[1]
    result = {"type": "function_result", "call_id": call.id, "name": call.name, "result": "Sunny"}
    with pytest.raises(errors.BadRequestError, match=COUNT):
        ask(client, [result], store=True, previous_interaction_id=first.id)


def test_another_key_is_warned_of(client: Any, emulator: Emulator) -> None:
    """An interaction of another key, and steps that were handed out to another, may be of another project."""
    first = ask(client, [QUESTION], store=True)
    steps = history(client)
    with httpx.Client(base_url=emulator.url, headers={"authorization": "Bearer other"}) as rest:
        continued = post(rest, input="And now?", previous_interaction_id=first.id)
        resent = post(rest, input=steps, store=False)
    assert continued.headers[HEADER] == "another-key at previous_interaction_id"
    assert "another-key at input[1]; another-key at input[2]" in resent.headers[HEADER]
    assert continued.status_code == resent.status_code == 200


def test_a_history_that_the_emulator_no_longer_remembers_is_not_judged() -> None:
    """One that runs for days keeps what was handed out last, and has no opinion on the rest."""
    with Emulator(keep=1) as emulator, genai.Client(api_key="any", http_options={"base_url": emulator.url}) as client:
        steps = history(client)
        steps[1]["signature"] = "aGVsbG8="
        with pytest.raises(errors.BadRequestError, match=INVALID):
            ask(client, steps)
        ask(client, "Hello")
        assert ask(client, steps).status == "completed"


def test_scripted_calls_may_have_the_same_id_each_time(emulator: Emulator, client: Any) -> None:
    """A script that gives each answer the same call ids makes a conversation that is right."""
    call = {"type": "function_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
    emulator.on(input="weather").reply(steps=[call], times=2)
    steps: Steps = []
    for _ in range(2):
        steps.append(QUESTION)
        steps += [step.model_dump(exclude_none=True) for step in ask(client, steps).steps]
        steps.append({"type": "function_result", "call_id": "c1", "name": "weather", "result": "Sunny"})
    assert ask(client, steps).status == "completed"
