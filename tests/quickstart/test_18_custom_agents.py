"""Next: agents of one's own, with an environment and its files."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai

pytestmark = [
    pytest.mark.filterwarnings("ignore:Agents usage is experimental"),
    pytest.mark.skipif(not hasattr(genai.Client, "agents"), reason="this google-genai has no agents"),
]


def test_custom_agent(interactions: Any, snapshot_steps: Any) -> None:
    """It is made once and asked by its id; the snapshot shows what it did, and nothing of how it is kept."""
    client = genai.Client()

    agent = client.agents.create(
        id="fibonacci-writer",
        base_agent="antigravity-preview-05-2026",
        description="Writes numbers to files.",
        system_instruction="Write the Fibonacci numbers that you are asked for to a file.",
    )
    first = client.interactions.create(agent=agent.id, input="The first 20 Fibonacci numbers, please.")
    second = client.interactions.create(agent=agent.id, input="Thank you.", previous_interaction_id=first.id)
    assert agent.id in [each.id for each in client.agents.list().agents]
    client.agents.delete(id=agent.id)

    assert first.output_text.rstrip().endswith(" 2584 4181")
    assert second.status == "completed"
    assert len(interactions.interactions) == 2
    assert interactions == snapshot_steps


def test_unknown_agent(interactions: Any) -> None:
    """The API does not know it, and the SDK says so."""
    client = genai.Client()

    with pytest.raises(Exception, match=r"nobody-knows-me.* not found"):
        client.interactions.create(agent="nobody-knows-me", input="Hello")

    assert [exchange.response.status for exchange in interactions.exchanges] == [404]
    assert interactions.interactions == []
