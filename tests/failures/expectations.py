"""Tests that fail as they say what must happen, or what if something else does; see `scenarios`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.failures.scenarios import SDK, Scenario

if TYPE_CHECKING:
    from pathlib import Path

_AGENT: Final = (
    SDK
    + """
import pytest

TOOL = {"type": "function", "name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}

def agent(prompt, instruction="Be kind."):
    client = genai.Client()
    more = {"model": MODEL, "tools": [TOOL], "system_instruction": instruction}
    turn = client.interactions.create(input=prompt, **more)
    while turn.status == "requires_action":
        results = [
            {"type": "function_result", "name": step.name, "call_id": step.id, "result": "sunny"}
            for step in turn.steps
            if step.type == "function_call"
        ]
        turn = client.interactions.create(input=results, previous_interaction_id=turn.id, **more)
    return turn.output_text
"""
)


def _edit(path: Path, old: str, new: str) -> None:
    """Edit the test's snapshot by hand."""
    [snapshot] = path.glob("__snapshots__/**/*.txt")
    text = snapshot.read_text("utf-8")
    assert old in text
    snapshot.write_text(text.replace(old, new), "utf-8")


EXPECTATIONS: Final = {
    "sequence": Scenario(
        app=_AGENT,
        test="""
@pytest.mark.interactions(match_on="sequence")
def test_agent():
    assert "sunny" in agent("The weather in Paris?", "PARIS is where you live.")
""",
        ends={"passed": 1, "errors": 1},
    ),
    "sequence_of_many": Scenario(
        app=_AGENT,
        test="""
@pytest.mark.interactions(match_on="sequence")
def test_agent():
    for number in range(5):
        agent(f"PARIS {number}?")
""",
        ends={"passed": 1, "errors": 1},
    ),
    "sequence_in_a_failing_test": Scenario(
        app=_AGENT,
        test="""
@pytest.mark.interactions(match_on="sequence", differing="warn")
def test_agent():
    assert "PARIS" in agent("The weather in Paris?", "PARIS is where you live.") or not FAILS
""",
        instead={"PARIS": "OSLO", "FAILS": "True"},
    ),
    "calls": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions):
    agent("The weather in Paris?")
    assert [call.name for call in interactions.calls] == ["get_weather"]
    assert interactions.calls[0].arguments == {"city": "PARIS"} or not FAILS
""",
        instead={"FAILS": "True"},
    ),
    "match": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions, snapshot_steps):
    agent("The weather in Paris?")
    assert interactions == snapshot_steps(match="superset")
""",
        instead={},
        between=lambda path: _edit(path, '"Paris"', '"Oslo"'),
    ),
    "match_unreadable": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions, snapshot_steps):
    agent("The weather in Paris?")
    assert interactions == snapshot_steps(match="superset")
""",
        instead={},
        between=lambda path: _edit(path, '"Paris"', "Paris"),
    ),
    "tolerate_unknown": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions, snapshot_steps):
    agent("The weather in Paris?")
    assert interactions == snapshot_steps(match="strict", tolerate=["NAME"])
""",
        instead={"NAME": "get_wether.city"},
        is_recorded=True,
        between=lambda path: _edit(path, '"Paris"', '"Oslo"'),
    ),
    "override_too_far": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions):
    if OVERRIDES:
        interactions.override(3, status=500)
    assert agent("The weather in Paris?")
""",
        instead={"if OVERRIDES": "if True"},
    ),
    "override_unplayed": Scenario(
        app=_AGENT,
        test="""
@pytest.mark.interactions(unplayed="ignore")
def test_agent(interactions):
    if OVERRIDES:
        interactions.override(2, status=500)
    else:
        assert agent("The weather in Paris?")
""",
        instead={"if OVERRIDES": "if True"},
        ends={"passed": 1, "errors": 1},
    ),
    "override_while_recording": Scenario(
        app=_AGENT,
        test="""
def test_agent(interactions):
    if OVERRIDES:
        interactions.override(1, status=500)
    assert agent("The weather in Paris?")
""",
        instead={"if OVERRIDES": "if True"},
        mode="rewrite",
    ),
}
