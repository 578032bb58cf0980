"""6. Generate an image."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from google import genai
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def test_generated_image(interactions: Any, snapshot_steps: Any, tmp_path: Path) -> None:
    """The image comes as data, and is one."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.1-flash-image",
        input="Generate an image of a futuristic city skyline at sunset",
    )

    with open(tmp_path / "generated_image.png", "wb") as f:
        f.write(base64.b64decode(interaction.output_image.data))

    with Image.open(tmp_path / "generated_image.png") as image:
        assert image.format == "PNG"
    assert interactions == snapshot_steps
