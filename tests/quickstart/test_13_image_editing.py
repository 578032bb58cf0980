"""Next: images that are made from images."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from google import genai

SAMPLE = base64.b64encode((Path(__file__).parent / "sample.jpg").read_bytes()).decode()
PICTURE = {"type": "image", "data": SAMPLE, "mime_type": "image/jpeg"}
MODEL = "gemini-3.1-flash-image"


def test_edited_image(interactions: Any, snapshot_steps: Any) -> None:
    """The picture goes with the wish; the next wish is about the edited one, which the server knows."""
    client = genai.Client()

    first = client.interactions.create(
        model=MODEL,
        input=[PICTURE, {"type": "text", "text": "Remove the background"}],
        response_format={"type": "image", "aspect_ratio": "16:9", "image_size": "1K"},
    )
    second = client.interactions.create(model=MODEL, input="Now make it warmer", previous_interaction_id=first.id)

    assert [each.output_image.mime_type for each in (first, second)] == ["image/png"] * 2
    assert interactions == snapshot_steps


def test_edited_image_without_server_state(interactions: Any, snapshot_steps: Any) -> None:
    """The client sends the edited picture back with its thought's signature, and a second one as a style."""
    client = genai.Client()

    history: list[Any] = [{"type": "user_input", "content": [PICTURE, {"type": "text", "text": "Add a hat"}]}]
    first = client.interactions.create(model=MODEL, input=history, store=False)
    history += [step.model_dump() for step in first.steps]
    wish = {"type": "text", "text": "Now in the style of this picture"}
    history.append({"type": "user_input", "content": [wish, PICTURE]})
    second = client.interactions.create(model=MODEL, input=history, store=False)

    assert second.output_image.data
    assert interactions == snapshot_steps
