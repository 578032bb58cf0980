"""11. Work in the background."""

from __future__ import annotations

import time
from typing import Any

import pytest
from google import genai


@pytest.mark.interactions(fast_forward=True)
def test_background(interactions: Any, snapshot_steps: Any) -> None:
    """The loop polls until the work is done; on replay it need not wait."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Write a detailed analysis of the impact of artificial intelligence on modern healthcare.",
        background=True,
    )
    print(f"Started background task: {interaction.id}")
    print(f"Status: {interaction.status}")

    # Poll for completion
    while True:
        result = client.interactions.get(interaction.id)
        print(f"Status: {result.status}")
        if result.status == "completed":
            print(f"\nResult:\n{result.output_text}")
            break
        if result.status == "failed":
            print(f"Failed: {result.error}")
            break
        time.sleep(5)

    assert [each.response.json()["status"] for each in interactions.exchanges] == ["queued", "in_progress", "completed"]
    assert [each.status for each in interactions.interactions] == ["completed"]
    assert interactions == snapshot_steps
