"""What the API would refuse of the exchanges of a test: nothing in real traffic, nor in what a client may well do."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.fold import fold
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.lint.check import lint
from pytest_interactions.api.lint.exchanges import found_in, found_in_next
from pytest_interactions.api.lint.kinds import Weight
from pytest_interactions.api.lint.memory import Memory
from pytest_interactions.files import storage
from tests.support import real_traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
MODEL = "gemini-3.5-flash"
SIGNATURE = base64.b64encode(b"\xfb\xff\xfe signed").decode()
ASK: dict[str, Any] = {"type": "user_input", "content": [{"type": "text", "text": "Paris?"}]}
THOUGHT: dict[str, Any] = {"type": "thought", "signature": SIGNATURE}
CALL: dict[str, Any] = {"type": "function_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
RESULT: dict[str, Any] = {"type": "function_result", "call_id": "c1", "name": "weather", "result": "Sunny"}
OUTPUT: dict[str, Any] = {"type": "model_output", "content": [{"type": "text", "text": "It is sunny."}]}
THANKS: dict[str, Any] = {"type": "user_input", "content": "Thanks."}


def exchange(body: Any, answer: Any, *, status: int = 200, method: str = "POST", path: str = "") -> Exchange:
    """An exchange; an answer of bytes is a stream."""
    is_stream = isinstance(answer, bytes)
    return Exchange(
        request=Request(method=method, uri=URL + path, body=b"" if body is None else compact(body).encode()),
        response=Response(
            status=status,
            headers={"content-type": ["text/event-stream" if is_stream else "application/json"]},
            body=answer if is_stream else compact(answer).encode(),
        ),
    )


def asked(*steps: Any, answer: Any = None, status: int = 200, **more: Any) -> Exchange:
    """An exchange that sends these steps and stores nothing."""
    body = {"model": MODEL, "store": False, "input": list(steps)} | more
    return exchange(body, answer or {"status": "completed", "steps": []}, status=status)


def answer(*steps: Any, **more: Any) -> dict[str, Any]:
    """The answer with these steps."""
    return {"status": "completed", "steps": list(steps)} | more


def names(*exchanges: Exchange) -> list[str]:
    """The kinds that are found, with their exchanges and places."""
    return [f"{found.number} {found.finding.name} {found.finding.place}" for found in found_in(exchanges)]


def stream(*signatures: str) -> bytes:
    """The stream of a thought, with its signature in these deltas, and of a call."""
    deltas = [{"type": "thought_signature", "signature": each} for each in signatures]
    events = [
        {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
        *({"event_type": "step.delta", "index": 0, "delta": delta} for delta in deltas),
        {"event_type": "step.start", "index": 1, "step": CALL},
    ]
    return "".join(f"data: {compact(event)}\n\n" for event in events).encode()


FIRST = asked(ASK, answer=answer(THOUGHT, CALL))
SECOND = asked(ASK, THOUGHT, CALL, RESULT, answer=answer({**THOUGHT, "signature": "aGk="}, OUTPUT))


# --- what is right ---


def _recorded() -> Iterator[tuple[str, list[Exchange]]]:
    for file in sorted(real_traffic("").rglob("*.yaml")):
        yield file.name, storage.load(file).exchanges
    for file in real_traffic("braintrust-sdk-javascript").glob("*.json"):
        entries = json.loads(file.read_text("utf-8"))["entries"]
        yield file.name, list(map(_of_braintrust, entries))


def _of_braintrust(entry: dict[str, Any]) -> Exchange:
    request, response = entry["request"], entry["response"]
    body = response["body"]
    value = b"".join(map(_bytes, body["chunks"])) if "chunks" in body else body.get("value")
    sent = request["body"].get("value")
    path = request["url"].partition("/interactions")[2]
    return exchange(sent, value, status=response["status"], method=request["method"], path=path)


def _bytes(chunk: Any) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else base64.b64decode(chunk["base64"])


def test_nothing_is_found_in_real_traffic() -> None:
    """Tool loops, streams, polls, deletions, the schema before May 2026: all was answered, and nothing is found."""
    for name, exchanges in _recorded():
        assert names(*exchanges) == [], name


def _answers(kind: str) -> list[Any]:
    """The answers of one kind in real traffic, streamed ones folded."""
    plain = [json.loads(file.read_text("utf-8")) for file in sorted(real_traffic("vercel-ai").glob(f"{kind}*.json"))]
    streams = sorted(real_traffic("vercel-ai").glob(f"{kind}*.chunks.txt"))
    lines = [[json.loads(line) for line in file.read_text("utf-8").splitlines() if line[:1] == "{"] for file in streams]
    return [*plain, *(fold(events).model_dump() for events in lines)]


def test_real_answers_are_sent_back_whole_without_a_finding() -> None:
    """Of each kind of real answer, a history grows that is right, and a lost signature in it is found."""
    for kind in ("multi-turn-stateless", "tool-call", "google-search", "basic", "structured", "multi-turn-stateful"):
        history: list[Any] = [ASK]
        exchanges = []
        for each in _answers(kind):
            exchanges.append(asked(*history, answer=each))
            calls = [step for step in each["steps"] if step["type"] == "function_call"]
            results = [RESULT | {"call_id": call["id"], "name": call["name"]} for call in calls]
            history += [*each["steps"], *results] if results else [*each["steps"], THANKS]
        assert names(*exchanges, asked(*history)) == [], kind
        thought = next(n for n, step in enumerate(history) if step["type"] == "thought")
        history[thought] = history[thought] | {"signature": ""}
        assert names(*exchanges, asked(*history))[-1].endswith(f"signature-missing input[{thought}].signature"), kind


UNSIGNED: dict[str, Any] = {"type": "thought", "summary": [{"type": "text", "text": "Hm."}]}
RIGHT: dict[str, list[Exchange]] = {
    "a loop": [FIRST, SECOND, asked(ASK, THOUGHT, CALL, RESULT, {**THOUGHT, "signature": "aGk="}, OUTPUT, THANKS)],
    "a result in the user's input": [FIRST, asked(ASK, THOUGHT, CALL, {"type": "user_input", "content": [RESULT]})],
    "results beside words": [
        FIRST,
        asked(ASK, THOUGHT, CALL, {"type": "user_input", "content": [RESULT, *ASK["content"]]}),
    ],
    "the alphabet of URLs": [FIRST, asked(ASK, {**THOUGHT, "signature": "-__-IHNpZ25lZA"}, CALL, RESULT)],
    "a thought that came unsigned": [
        asked(ASK, answer=answer(UNSIGNED, CALL, UNSIGNED)),
        asked(ASK, UNSIGNED, CALL, RESULT),
        asked(ASK, CALL, RESULT),
    ],
    "a window": [FIRST, SECOND, asked(THANKS, answer=answer(OUTPUT)), asked(THANKS, OUTPUT, ASK)],
    "a window from within an answer": [FIRST, SECOND, asked(OUTPUT, THANKS)],
    "texts alone": [FIRST, SECOND, asked(ASK, OUTPUT, THANKS)],
    "no thoughts of earlier turns": [FIRST, SECOND, asked(ASK, CALL, RESULT, OUTPUT, THANKS)],
    "an example by hand": [asked(ASK, CALL, RESULT, {"type": "model_output", "content": "Sunny."}, THANKS)],
    "a call from elsewhere with a stand-in": [
        asked(ASK, {**CALL, "signature": "skip_thought_signature_validator"}, RESULT)
    ],
    "a stand-in, encoded": [
        FIRST,
        asked(
            ASK,
            {**THOUGHT, "signature": base64.b64encode(b"context_engineering_is_the_way_to_go").decode()},
            CALL,
            RESULT,
        ),
    ],
    "a history of another test": [asked(ASK, THOUGHT, CALL, RESULT, OUTPUT, THANKS)],
    "a model that checks nothing": [asked(ASK, CALL, RESULT, model="models/gemini-2.5-flash")],
    "an agent": [asked(ASK, CALL, RESULT, model=None, agent="deep-research")],
    "another model": [FIRST, asked(ASK, THOUGHT, CALL, RESULT, model="gemini-3.8-flash")],
    "an interaction of before": [asked(RESULT, previous_interaction_id="v1_before")],
    "a stored chain that is left": [
        asked(ASK, answer=answer(THOUGHT, CALL, id="v1_a")),
        asked(RESULT, previous_interaction_id="v1_a", answer=answer(OUTPUT, id="v1_b")),
        asked(THANKS, previous_interaction_id="v1_a"),
        asked("Thanks.", previous_interaction_id="v1_b"),
    ],
    "a call that nobody has answered yet": [FIRST, asked(ASK, THOUGHT, CALL)],
    "calls of the server's own tools": [
        asked(ASK, {"type": "mcp_server_tool_call", "id": "m", "name": "n"}, OUTPUT, THANKS),
    ],
    "the same text twice": [
        asked(ASK, answer=answer(THOUGHT, OUTPUT)),
        asked(ASK, THOUGHT, OUTPUT, ASK, answer=answer({**THOUGHT, "signature": "aGk="}, OUTPUT)),
        asked(ASK, {**THOUGHT, "signature": "aGk="}, OUTPUT, ASK),
    ],
    "an answer that is nothing but a thought": [asked(ASK, answer=answer(THOUGHT)), asked(ASK, THOUGHT, THANKS)],
    "a poll": [
        asked(ASK, answer={"id": "v1_a", "status": "in_progress"}, store=True),
        exchange(None, answer(THOUGHT, CALL, id="v1_a"), method="GET", path="/v1_a"),
        exchange(None, {"id": "v1_a", "status": "completed"}, method="GET", path="/v1_a"),
        asked(RESULT, previous_interaction_id="v1_a"),
    ],
    "a token from within a stream": [
        asked(
            ASK,
            answer=b'data: {"event_type":"step.delta","continuation_token":"t1"}\n\n'
            b'data: {"event_type":"interaction.completed","interaction":{"id":"v1_a","continuation_token":"t2"}}\n\n',
        ),
        asked(ASK, continuation_token="t1"),
        asked(ASK, continuation_token="t2", store=True, previous_interaction_id="v1_a"),
    ],
    "calls before and after a limit of tokens": [
        asked(ASK, answer=answer(THOUGHT, CALL, id="v1_a", continuation_token="t"), store=True),
        exchange(
            {"model": MODEL, "previous_interaction_id": "v1_a", "continuation_token": "t"},
            answer({**CALL, "id": "c2"}, id="v1_b"),
        ),
        asked(RESULT, {**RESULT, "call_id": "c2"}, previous_interaction_id="v1_b", store=True),
        asked(ASK, THOUGHT, CALL, {**CALL, "id": "c2"}, RESULT, {**RESULT, "call_id": "c2"}),
    ],
    "a call that is signed though it came unsigned": [
        FIRST,
        asked(ASK, THOUGHT, {**CALL, "signature": "aGk="}, RESULT),
    ],
    "a signature that came in pieces": [
        asked(ASK, answer=stream(SIGNATURE[:8], SIGNATURE[8:])),
        asked(ASK, THOUGHT, CALL, RESULT),
        asked(ASK, {**THOUGHT, "signature": SIGNATURE[8:]}, CALL, RESULT),
    ],
    "a signature that came in pieces before May 2026": [
        asked(
            ASK,
            answer=stream(SIGNATURE[:8], SIGNATURE[8:]).replace(b"step.", b"content.").replace(b'"step"', b'"content"'),
        ),
        asked(ASK, THOUGHT, CALL, RESULT),
    ],
    "a signature that came twice": [asked(ASK, answer=stream(SIGNATURE, SIGNATURE)), asked(ASK, THOUGHT, CALL, RESULT)],
    "a token of before": [asked(ASK, continuation_token="t")],
    "the schema before May 2026": [
        exchange({"model": MODEL, "input": "x"}, {"id": "v1_a", "outputs": [THOUGHT, CALL]}),
        exchange({"model": MODEL, "input": [RESULT], "previous_interaction_id": "v1_a"}, {"outputs": []}),
        exchange({"model": MODEL, "input": [{"role": "user", "content": "x"}, {"role": "model", "content": "y"}]}, {}),
    ],
    "other resources": [
        exchange({"input": [{"type": "function_result"}]}, {}, path="/v1_a/cancel"),
        Exchange(
            request=Request(method="POST", uri="https://x.com/", body=b'"thought"'), response=Response(status=200)
        ),
    ],
    "what is no JSON": [
        Exchange(request=Request(method="POST", uri=URL, body=b'{"thought"'), response=Response(status=200, body=b"[")),
    ],
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_a_client_may_do_is_no_finding(case: str) -> None:
    """Histories that the API takes, or that nothing is known of."""
    assert names(*RIGHT[case]) == []


# --- what is wrong ---


WRONG: dict[str, tuple[list[Exchange], list[str]]] = {
    "a signature that no base64 spells": (
        [FIRST, asked(ASK, {**THOUGHT, "signature": "?"}, CALL, RESULT)],
        ["2 signature-altered input[1].signature"],
    ),
    "a thought's signature on its call": (
        [FIRST, asked(ASK, {**CALL, "signature": SIGNATURE}, RESULT)],
        ["2 signature-moved input[1].signature"],
    ),
    "a hole among the thoughts of earlier turns": (
        [
            asked(ASK, answer=answer(THOUGHT, OUTPUT)),
            asked(
                ASK, THOUGHT, OUTPUT, ASK, answer=answer({**THOUGHT, "signature": "aGk="}, {**OUTPUT, "content": "No."})
            ),
            asked(ASK, THOUGHT, OUTPUT, ASK, {**OUTPUT, "content": "No."}, THANKS),
        ],
        ["3 thought-dropped input[4]"],
    ),
    "a thought at the end of an answer": (
        [asked(ASK, answer=answer(CALL, THOUGHT)), asked(ASK, CALL, RESULT)],
        ["2 thought-dropped input[1]"],
    ),
    "a signature of a stream": (
        [asked(ASK, answer=stream(SIGNATURE)), asked(ASK, {**THOUGHT, "signature": "aGk="}, CALL, RESULT)],
        ["2 signature-altered input[1].signature"],
    ),
    "one of several thoughts of an earlier answer": (
        [
            asked(ASK, answer=answer(THOUGHT, {**THOUGHT, "signature": "aGk="}, OUTPUT)),
            asked(ASK, {**THOUGHT, "signature": "aGk="}, OUTPUT, THANKS),
        ],
        ["2 thought-dropped input[1]"],
    ),
    "a retry that says the same again": (
        [FIRST, asked(ASK, CALL, RESULT, status=500), asked(ASK, CALL, RESULT, status=500)],
        ["2 thought-dropped input[1]"],
    ),
    "one step alone": ([exchange({"model": MODEL, "input": RESULT}, {})], ["1 result-without-call input"]),
    "results of a stored turn in part": (
        [
            asked(ASK, answer=answer(THOUGHT, CALL, {**CALL, "id": "c2"}, id="v1_a")),
            asked(RESULT, previous_interaction_id="v1_a"),
        ],
        ["2 result-missing input"],
    ),
    "a result of another turn than the stored one": (
        [
            asked(ASK, answer=answer(THOUGHT, CALL, id="v1_a")),
            asked({**RESULT, "call_id": "x"}, previous_interaction_id="v1_a"),
        ],
        ["2 result-of-unknown-call input[0].call_id"],
    ),
    "an interaction that was deleted": (
        [
            asked(ASK, answer=answer(OUTPUT, id="v1_a")),
            exchange(None, {}, method="DELETE", path="/v1_a"),
            asked("Thanks.", previous_interaction_id="v1_a", status=404),
        ],
        ["3 previous-deleted previous_interaction_id"],
    ),
    "a deletion that failed": (
        [
            exchange(None, {}, method="DELETE", path="/v1_a", status=500),
            asked("Thanks.", previous_interaction_id="v1_a"),
        ],
        [],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_in_its_place(case: str) -> None:
    """Each with the exchange, the kind and the place."""
    exchanges, expected = WRONG[case]
    assert names(*exchanges) == expected


def test_a_finding_says_what_to_do_and_whether_the_app_was_told() -> None:
    """It is one line, and long or odd ids do not make it more."""
    first, second = found_in([FIRST, asked(ASK, CALL, RESULT), asked(RESULT | {"call_id": 99 * "x\n"}, status=400)])
    assert (first.is_told, second.is_told) == (False, True)
    assert str(first) == (
        "exchange 2, input[1]: the thought of the same answer as this function_call was left out. Send each step back "
        "exactly as it was received, thoughts too. (thought-dropped)"
    )
    (unknown,) = found_in([asked(ASK, {**CALL, "signature": "aGk="}, RESULT | {"call_id": 99 * "x\n"})])
    assert len(str(unknown)) < 220
    assert "\n" not in str(unknown)


def test_a_request_that_was_not_sent_is_judged_by_the_answers_before_it() -> None:
    """As one that no recording answers is."""
    request = asked(ASK, CALL, RESULT).request
    assert [finding.name for finding in found_in_next(request, [FIRST])] == ["thought-dropped"]
    assert [finding.name for finding in found_in_next(request, [])] == ["call-unsigned"]


def test_a_memory_that_is_bounded_forgets_all_of_the_oldest_answer() -> None:
    """Its steps, signatures and tokens; what a newer answer has too stays."""
    memory = Memory(most=1)
    memory.add(answer(THOUGHT, CALL, continuation_token="t"))
    memory.add(answer(CALL))
    assert (memory.has_tokens, memory.signed(base64.b64decode(SIGNATURE))) == (False, [])
    assert [handed.index for handed in memory.find(CALL)] == [0]
    memory.add(answer(OUTPUT))
    assert memory.find(CALL) == []


def test_what_the_api_tolerates_has_its_own_weight() -> None:
    """The emulator tells of it, a test does not."""
    memory = Memory()
    memory.add(answer(THOUGHT, OUTPUT))
    (finding,) = lint({"input": [ASK, OUTPUT, THANKS]}, memory)
    assert (finding.name, finding.weight, finding.error) == ("thought-dropped", Weight.TOLERATED, "")


_JSON = st.recursive(
    st.sampled_from(["", "c1", "a", 1, None, True, "thought", "function_call", "v1_a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "content"]), inner, max_size=3)
    ),
    max_leaves=4,
)
_STEP = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [*{step["type"] for step in (ASK, THOUGHT, CALL, RESULT, OUTPUT)}, "google_search_result"]
        )
    },
    optional=dict.fromkeys(
        ("id", "call_id", "name", "arguments", "result", "content", "signature", "summary", "steps"), _JSON
    ),
)
_BODY = st.fixed_dictionaries(
    {"input": st.lists(_STEP | _JSON, max_size=5) | _JSON},
    optional=dict.fromkeys(
        ("previous_interaction_id", "continuation_token", "store", "background", "model", "id"), _JSON
    )
    | {"steps": st.lists(_STEP | _JSON, max_size=4) | _JSON},
)


@given(st.lists(_BODY, max_size=4))
def test_no_json_is_too_odd_to_be_looked_at(bodies: list[Any]) -> None:
    """Whatever is in a request or an answer, findings are all that comes of it."""
    for found in found_in([exchange(body, {"id": "v1_a", **body}) for body in bodies]):
        assert str(found)


def test_a_bounded_memory_knows_the_calls_before_a_limit_of_tokens() -> None:
    """They are those of the answer that goes on, however soon the one before is forgotten."""
    memory = Memory(most=1)
    memory.add(answer(CALL, id="v1_a", continuation_token="t"))
    memory.add(answer(OUTPUT, id="v1_b"), continues="t")
    assert lint({"model": MODEL, "input": [RESULT], "previous_interaction_id": "v1_b"}, memory) == []
