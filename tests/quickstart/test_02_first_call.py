"""2. Install the SDK and make the first call."""

from __future__ import annotations

import os
from typing import Any

import httpx
from google import genai

ANSWER = "AI learns patterns from data, then uses those patterns to make predictions."


def test_first_call(interactions: Any, snapshot_steps: Any) -> None:
    """One call, one answer."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works in a few words",
    )

    assert interaction.output_text == ANSWER
    assert interactions == snapshot_steps


async def test_first_call_async(interactions: Any, snapshot_steps: Any) -> None:
    """The asynchronous client does the same."""
    client = genai.Client()

    interaction = await client.aio.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works in a few words",
    )

    assert interaction.output_text == ANSWER
    assert interactions == snapshot_steps


def test_first_call_rest(interactions: Any, snapshot_steps: Any) -> None:
    """So does plain HTTP, where the answer is the whole interaction."""
    base_url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")

    response = httpx.post(
        f"{base_url}/v1beta/interactions",
        headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
        json={"model": "gemini-3.5-flash", "input": "Explain how AI works in a few words"},
    )

    interaction = response.json()
    assert interaction["steps"][-1]["content"] == [{"text": ANSWER, "type": "text"}]
    assert interactions == snapshot_steps
