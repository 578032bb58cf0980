"""5. Understand images, sound, video and documents."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from google import genai

SAMPLE = Path(__file__).parent / "sample.jpg"


def test_image_and_sound(interactions: Any, snapshot_steps: Any) -> None:
    """A local image goes as data, a remote sound as its address."""
    client = genai.Client()

    with open(SAMPLE, "rb") as f:
        image_bytes = f.read()
    image_b64 = base64.b64encode(image_bytes).decode("utf-8")

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input=[
            {"type": "text", "text": "Compare this local image and this remote audio file."},
            {"type": "image", "data": image_b64, "mime_type": "image/jpeg"},
            {
                "type": "audio",
                "uri": "https://storage.googleapis.com/generativeai-downloads/data/sample.mp3",
                "mime_type": "audio/mp3",
            },
        ],
    )

    assert "64 x 48 pixels" in interaction.output_text
    assert interactions == snapshot_steps
