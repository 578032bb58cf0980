"""Next: reasoning, with the summaries of thoughts."""

from __future__ import annotations

from typing import Any

from google import genai

PUZZLE = "Alice, Bob and Carol each live in a different house: red, green or blue. Who lives where?"


def test_thoughts(interactions: Any, snapshot_steps: Any) -> None:
    """The summary is a part of the thought, which has a signature and is counted by itself."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input=PUZZLE,
        generation_config={"thinking_level": "high", "thinking_summaries": "auto"},
    )

    thoughts = [step for step in interaction.steps if step.type == "thought"]
    assert all(thought.signature for thought in thoughts)
    assert "".join(part.text for thought in thoughts for part in thought.summary).startswith("**Reading the request**")
    assert interaction.usage.total_thought_tokens > 0
    assert interactions == snapshot_steps


def test_streamed_thoughts(interactions: Any, snapshot_steps: Any) -> None:
    """They come before the answer."""
    client = genai.Client()

    stream = client.interactions.create(
        model="gemini-3.5-flash",
        input=PUZZLE,
        generation_config={"thinking_level": "low", "thinking_summaries": "auto"},
        stream=True,
    )
    kinds = [event.delta.type for event in stream if event.event_type == "step.delta"]

    assert kinds[:2] == ["thought_summary", "thought_signature"]
    assert set(kinds[2:]) == {"text"}
    assert interactions == snapshot_steps


def test_thoughts_in_a_history(interactions: Any, snapshot_steps: Any) -> None:
    """The client sends the thoughts of a conversation back just as they came."""
    client = genai.Client()

    history: list[Any] = [{"type": "user_input", "content": [{"type": "text", "text": PUZZLE}]}]
    config = {"thinking_summaries": "auto"}
    for question in ("And who lives in the middle?", "How sure are you?"):
        turn = client.interactions.create(
            model="gemini-3.5-flash", store=False, input=history, generation_config=config
        )
        history += [step.model_dump() for step in turn.steps]
        history.append({"type": "user_input", "content": [{"type": "text", "text": question}]})
    last = client.interactions.create(model="gemini-3.5-flash", store=False, input=history, generation_config=config)

    assert last.status == "completed"
    assert interactions == snapshot_steps
