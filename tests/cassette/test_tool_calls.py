"""The tool calls that a test sees of its cassette: the real SDK over real sockets, recorded and replayed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import ToolCall
from tests.cassette.clients import sdk
from tests.cassette.test_calls import MODEL, both, streamed, streamed_async, unary, unary_async

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.server.emulator import Emulator

WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLS = [
    {"type": "function_call", "id": f"c{number}", "name": "get_weather", "arguments": {"city": city}}
    for number, city in enumerate(["Paris", "Oslo"], 1)
]
RESULTS = [
    {"type": "function_result", "call_id": f"c{number}", "name": "get_weather", "result": {"sky": sky}}
    for number, sky in enumerate(["blue", "grey"], 1)
]
EXPECTED = [
    ToolCall("get_weather", {"city": "Paris"}, {"sky": "blue"}, turn=1),
    ToolCall("get_weather", {"city": "Oslo"}, {"sky": "grey"}, turn=1),
]


def scripted(emulator: Emulator, **more: Any) -> None:
    """Have the emulator call a function twice at once, and answer when it has the results."""
    emulator.on(result_of="get_weather").reply(text="Blue in Paris, grey in Oslo.")
    emulator.on(input="weather").reply(steps=CALLS, **more)


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("ask", [unary, streamed, unary_async, streamed_async])
def test_calls_are_the_same_however_they_came(emulator: Emulator, tmp_path: Path, ask: Any, hops: int) -> None:
    """By each client, streamed or not, in one hop or two, while recording and on replay."""
    scripted(emulator, hops=hops)

    def app() -> None:
        answer = ask(emulator.url, "What is the weather?", tools=[WEATHER])
        last = answer[-1].interaction if isinstance(answer, list) else answer
        ask(emulator.url, RESULTS, tools=[WEATHER], previous_interaction_id=last.id)

    def check(cassette: Cassette, _: Any) -> None:
        assert cassette.calls == EXPECTED

    both(tmp_path / "c.yaml", app, check)


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_a_stateless_conversation_count_once(emulator: Emulator, tmp_path: Path, stream: bool) -> None:
    scripted(emulator)

    def app() -> None:
        first = {"type": "user_input", "content": [{"type": "text", "text": "What is the weather?"}]}
        with sdk(emulator.url) as client:
            create: Any = partial(client.interactions.create, model=MODEL, tools=[WEATHER], store=False, stream=stream)
            for sent in ([first], [first, *CALLS, *RESULTS]):
                answer = create(input=sent)
                list(answer if stream else ())

    def check(cassette: Cassette, _: Any) -> None:
        assert cassette.calls == EXPECTED

    both(tmp_path / "c.yaml", app, check)


def test_usage_is_that_of_all_interactions(emulator: Emulator, tmp_path: Path) -> None:
    def app() -> list[Any]:
        return [unary(emulator.url, prompt).usage for prompt in ("Hello", "Hello again, and again")]

    def check(cassette: Cassette, answers: list[Any]) -> None:
        assert cassette.usage["total_tokens"] == sum(usage.total_tokens for usage in answers) > 0
        assert cassette.usage["total_input_tokens"] == sum(usage.total_input_tokens for usage in answers)

    both(tmp_path / "c.yaml", app, check)
