"""7. Get structured output."""

from __future__ import annotations

from typing import Any, List, Optional  # noqa: UP035 - as the quickstart writes it

from google import genai
from pydantic import BaseModel, Field


class Recipe(BaseModel):
    recipe_name: str = Field(description="Name of the recipe.")
    ingredients: List[str] = Field(description="List of ingredients.")  # noqa: UP006
    prep_time_minutes: Optional[int] = Field(description="Prep time in minutes.")  # noqa: UP045


class Part(BaseModel):
    name: str
    parts: list[Part]


def test_recipe(interactions: Any, snapshot_steps: Any) -> None:
    """The text is JSON that the model class takes."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Give me a recipe for banana bread",
        response_format={
            "type": "text",
            "mime_type": "application/json",
            "schema": Recipe.model_json_schema(),
        },
    )

    recipe = Recipe.model_validate_json(interaction.output_text)
    assert recipe.recipe_name
    assert interactions == snapshot_steps


def test_recursive_schema(interactions: Any, snapshot_steps: Any) -> None:
    """A model class that refers to itself works too."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Take a bicycle apart",
        response_format={"type": "text", "mime_type": "application/json", "schema": Part.model_json_schema()},
    )

    assert Part.model_validate_json(interaction.output_text).parts
    assert interactions == snapshot_steps
