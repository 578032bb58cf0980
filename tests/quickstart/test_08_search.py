"""8. Use tools: answers grounded in a search."""

from __future__ import annotations

from typing import Any

from google import genai


def test_search_with_citations(interactions: Any, snapshot_steps: Any) -> None:
    """The search leaves its steps, and the answer cites what was found."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Who won the euro 2024?",
        tools=[{"type": "google_search"}],
    )

    citations = []
    for step in interaction.steps:
        if step.type == "model_output":
            for content_block in step.content:
                if content_block.type == "text" and content_block.annotations:
                    for annotation in content_block.annotations:
                        if annotation.type == "url_citation":
                            citations.append(annotation.title)

    assert interaction.output_text == "Spain won Euro 2024, defeating England 2-1 in the final."
    assert citations == ["uefa.com"]
    assert interactions == snapshot_steps
