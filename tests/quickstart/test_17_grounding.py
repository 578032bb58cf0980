"""Next: answers that are grounded, with citations and suggestions."""

from __future__ import annotations

from typing import Any

from google import genai


def test_citations_in_place(interactions: Any, snapshot_steps: Any) -> None:
    """A citation tells which bytes of the text it is about; the suggestions to show are no behaviour."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="What is the capital of France?",
        tools=[{"type": "google_search"}],
    )

    (text,) = interaction.steps[-1].content
    (citation,) = text.annotations
    assert text.text.encode()[citation.start_index : citation.end_index].decode() == text.text
    searches = [step for step in interaction.steps if step.type == "google_search_result"]
    assert 'class="chip"' in searches[0].result[0].search_suggestions
    assert interactions == snapshot_steps


def test_streamed_citations(interactions: Any, snapshot_steps: Any) -> None:
    """They come after the text, and the snapshot is the same."""
    client = genai.Client()

    stream = client.interactions.create(
        model="gemini-3.5-flash", input="What is the capital of France?", tools=[{"type": "google_search"}], stream=True
    )
    kinds = [event.delta.type for event in stream if event.event_type == "step.delta"]

    assert kinds[-1] == "text_annotation_delta"
    assert interactions == snapshot_steps


def test_maps_and_pages(interactions: Any, snapshot_steps: Any) -> None:
    """Several tools of the API's own, in one turn."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Which café is described on https://example.com/cafes?",
        tools=[{"type": "google_maps"}, {"type": "url_context"}],
    )

    kinds = [step.type for step in interaction.steps]
    assert kinds[1:5] == ["google_maps_call", "google_maps_result", "url_context_call", "url_context_result"]
    assert interactions == snapshot_steps
