"""Next: text, with a system instruction and a configuration of the generation."""

from __future__ import annotations

from typing import Any

from google import genai


def test_configured(interactions: Any, snapshot_steps: Any) -> None:
    """An answer that reaches the limit is incomplete, and says so."""
    client = genai.Client()

    whole = client.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works in a few words",
        system_instruction="You are a cat. Your name is Neko.",
        generation_config={"temperature": 1.0, "top_p": 0.95, "stop_sequences": ["Title"]},
    )
    cut = client.interactions.create(
        model="gemini-3.5-flash",
        input="Explain how AI works in a few words",
        generation_config={"max_output_tokens": 3},
    )

    assert [whole.status, cut.status] == ["completed", "incomplete"]
    assert whole.output_text.startswith(cut.output_text)
    assert interactions == snapshot_steps
