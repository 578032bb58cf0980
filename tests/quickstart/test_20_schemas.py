"""Next: structured output with enums and types that refer to themselves."""

from __future__ import annotations

import enum
from typing import Any, Literal

from google import genai
from pydantic import BaseModel, TypeAdapter


class Instrument(enum.Enum):
    PERCUSSION = "Percussion"
    STRING = "String"
    WOODWIND = "Woodwind"


class Employee(BaseModel):
    name: str
    role: Literal["engineer", "manager"]
    instrument: Instrument
    reports: list[Employee]


def answer(client: Any, question: str, schema: Any) -> Any:
    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input=question,
        response_format={"type": "text", "mime_type": "application/json", "schema": TypeAdapter(schema).json_schema()},
    )
    return TypeAdapter(schema).validate_json(interaction.output_text)


def test_enum(interactions: Any, snapshot_steps: Any) -> None:
    """The answer is one of the choices."""
    assert isinstance(answer(genai.Client(), "What type of instrument is an oboe?", Instrument), Instrument)
    assert interactions == snapshot_steps


def test_recursive_types(interactions: Any, snapshot_steps: Any) -> None:
    """A tree ends somewhere, and a choice inside of it is one."""
    boss = answer(genai.Client(), "Who works in the band?", Employee)
    assert boss.reports
    assert interactions == snapshot_steps
