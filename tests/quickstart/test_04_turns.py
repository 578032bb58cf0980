"""4. Conversations of several turns."""

from __future__ import annotations

from typing import Any

from google import genai


def test_history_on_the_server(interactions: Any, snapshot_steps: Any) -> None:
    """The server remembers what the id stands for."""
    client = genai.Client()

    interaction1 = client.interactions.create(
        model="gemini-3.5-flash",
        input="I have 2 dogs in my house.",
    )
    interaction2 = client.interactions.create(
        model="gemini-3.5-flash",
        input="How many paws are in my house?",
        previous_interaction_id=interaction1.id,
    )

    assert interaction2.output_text.startswith("There are 8 paws in your house")
    assert interactions == snapshot_steps


def test_history_in_the_client(interactions: Any, snapshot_steps: Any) -> None:
    """With `store=False` the client resends all steps, thoughts included, just as they came."""
    client = genai.Client()

    history: list[Any] = [{"type": "user_input", "content": [{"type": "text", "text": "I have 2 dogs in my house."}]}]

    interaction1 = client.interactions.create(
        model="gemini-3.5-flash",
        store=False,
        input=history,
    )

    for step in interaction1.steps:
        history.append(step.model_dump())

    history.append({"type": "user_input", "content": [{"type": "text", "text": "How many paws are in my house?"}]})

    interaction2 = client.interactions.create(
        model="gemini-3.5-flash",
        store=False,
        input=history,
    )

    assert interaction2.steps[-1].content[0].text.startswith("There are 8 paws in your house")
    assert interactions == snapshot_steps
