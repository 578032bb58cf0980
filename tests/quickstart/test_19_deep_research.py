"""Next: deep research, which plans, works in the background, and is read as a stream that breaks every ten minutes."""

from __future__ import annotations

from typing import Any

from google import genai

AGENT = "deep-research-pro-preview-12-2025"
#: The real API ends a stream after 600 s by an error without an event's frame.
SCRIPT = (({"agent": AGENT, "stream": True}, {"bare_error_after": 6}), ({"operation": "get"}, {"stop_after": 3}))


def test_planned_research(interactions: Any, snapshot_steps: Any) -> None:
    """The agent proposes a plan, and begins when it is told to."""
    client = genai.Client()
    config: Any = {"type": "deep-research", "collaborative_planning": True, "thinking_summaries": "auto"}

    plan = client.interactions.create(
        agent=AGENT, input="How did the euro begin?", agent_config=config, background=True
    )
    while plan.status in ("queued", "in_progress"):
        plan = client.interactions.get(plan.id)
    report = client.interactions.create(
        agent=AGENT, input="Go ahead", agent_config=config, background=True, previous_interaction_id=plan.id
    )
    while report.status in ("queued", "in_progress"):
        report = client.interactions.get(report.id)

    assert [turn.status for turn in interactions.interactions] == ["completed"] * 2
    assert plan.output_text.startswith("Here is my plan")
    assert interactions == snapshot_steps


def test_streamed_research(interactions: Any, snapshot_steps: Any) -> None:
    """Each stream ends early and is resumed by its last event; all of them are one turn."""
    client = genai.Client()

    events: list[Any] = []
    stream = client.interactions.create(agent=AGENT, input="Who won the euro 2024?", background=True, stream=True)
    while True:
        events += [event for event in stream if event.event_type != "error"]
        if events[-1].event_type == "interaction.completed":
            break
        stream = client.interactions.get(events[0].interaction.id, stream=True, last_event_id=events[-1].event_id)

    assert len(interactions.exchanges) > 3
    assert len(interactions.interactions) == 1
    assert interactions == snapshot_steps
