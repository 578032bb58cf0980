"""Next: what is in an image."""

from __future__ import annotations

import base64
import enum
import json
from pathlib import Path
from typing import Any

from google import genai
from pydantic import BaseModel, Field, TypeAdapter

SAMPLE = base64.b64encode((Path(__file__).parent / "sample.jpg").read_bytes()).decode()
PICTURE = {"type": "image", "data": SAMPLE, "mime_type": "image/jpeg"}


class Kind(enum.Enum):
    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    OBJECT = "object"


class Box(BaseModel):
    label: str
    box_2d: list[int] = Field(min_length=4, max_length=4, description="ymin, xmin, ymax, xmax, from 0 to 1000")


def ask(client: Any, question: str, schema: Any) -> Any:
    wanted = {"type": "text", "mime_type": "application/json", "schema": TypeAdapter(schema).json_schema()}
    return client.interactions.create(
        model="gemini-3.5-flash", input=[PICTURE, {"type": "text", "text": question}], response_format=wanted
    )


def test_class_boxes_and_question(interactions: Any, snapshot_steps: Any) -> None:
    """A class is one of an enum, objects are boxes, and a question gets words."""
    client = genai.Client()

    kind = ask(client, "What kind of picture is this?", Kind)
    boxes = ask(client, "Detect the prominent items in the image.", list[Box])
    words = client.interactions.create(
        model="gemini-3.5-flash", input=[PICTURE, {"type": "text", "text": "How large is it?"}]
    )

    assert Kind(json.loads(kind.output_text))
    assert TypeAdapter(list[Box]).validate_json(boxes.output_text)
    assert "64 x 48 pixels" in words.output_text
    assert interactions == snapshot_steps
