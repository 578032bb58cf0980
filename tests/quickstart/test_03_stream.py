"""3. Stream the answer."""

from __future__ import annotations

from typing import Any

from google import genai


def test_stream(interactions: Any, snapshot_steps: Any) -> None:
    """The text comes in deltas, and the snapshot is that of an answer that was not streamed."""
    client = genai.Client()

    stream = client.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works",
        stream=True,
    )
    texts = []
    for event in stream:
        if event.event_type == "step.delta" and event.delta.type == "text":
            texts.append(event.delta.text)

    assert texts == ["AI learns patterns from data, then", " uses those patterns to make predictions."]
    assert interactions == snapshot_steps


async def test_stream_async(interactions: Any, snapshot_steps: Any) -> None:
    """The asynchronous client streams too."""
    client = genai.Client()

    stream = await client.aio.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works",
        stream=True,
    )
    kinds = [event.event_type async for event in stream]

    assert kinds[0] == "interaction.created"
    assert kinds[-1] == "interaction.completed"
    assert interactions == snapshot_steps
