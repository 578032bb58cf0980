"""10. Run a managed agent."""

from __future__ import annotations

from typing import Any

from google import genai


def test_agent(interactions: Any, snapshot_steps: Any) -> None:
    """The agent writes a script, runs it in its environment, and says what came out."""
    client = genai.Client()

    interaction = client.interactions.create(
        agent="antigravity-preview-05-2026",
        input="Write a Python script that generates the first 20 Fibonacci numbers and saves them to fibonacci.txt. "
        "Then read the file and print its contents.",
        environment="remote",
    )

    assert interaction.environment_id
    assert interaction.output_text.rstrip().endswith(" 2584 4181")
    assert interactions == snapshot_steps
