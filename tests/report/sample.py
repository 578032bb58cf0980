"""A project with an agent whose prompt and tools have changed since it was recorded, and the report of its run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from pytest_interactions.report import writing
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

_TESTS: Final = """
import base64, os
import pytest
from google import genai

CHANGED = "CHANGED" in os.environ
MODEL = "gemini-3.5-flash"
PROMPT = "You plan trips.\\nPrefer trains." if CHANGED else "You plan trips."
PDF = (
    b"%PDF-1.4\\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 120]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\\n"
    b"4 0 obj<</Length 52>>stream\\nBT /F 18 Tf 40 60 Td (Timetable: Paris 9:12) Tj ET\\nendstream endobj\\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\\ntrailer<</Root 1 0 R>>\\n%%EOF\\n"
)

def tool(name, description, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": description, "parameters": parameters}

TOOLS = [
    tool("find_flights", "Finds flights.", to={"type": "string"}),
    tool("find_trains", "Finds trains.", to={"type": "string", "description": "A city" if CHANGED else "The city"}),
]
FOUND = {"options": [{"leaves": "09:12", "price": 84.5, "seat": {"row": 12, "window": True}}], "currency": "EUR"}

def plan(question, tools=TOOLS[:1]):
    client = genai.Client()
    turn = client.interactions.create(model=MODEL, input=question, tools=tools, system_instruction=PROMPT)
    while turn.status == "requires_action":
        calls = [step for step in turn.steps if step.type == "function_call"]
        results = [{"type": "function_result", "name": c.name, "call_id": c.id, "result": FOUND} for c in calls]
        turn = client.interactions.create(model=MODEL, input=results, tools=tools, previous_interaction_id=turn.id)
    return turn.output_text

@pytest.mark.interactions(record_mode="rewrite" if CHANGED else "once")
def test_books_a_trip(interactions, snapshot_steps):
    plan("How do I get to Oslo on Friday?")
    assert interactions == snapshot_steps

def test_compares_prices(interactions):
    assert plan("Is the train to Lyon cheaper?", TOOLS)

@pytest.mark.parametrize("city", ["Rome", "Bergen"])
def test_finds(city, interactions):
    global PROMPT
    PROMPT = "You plan trips."
    assert plan(f"Find a flight to {city}")

def test_tells_a_story(interactions):
    client = genai.Client()
    events = client.interactions.create(model=MODEL, input="Tell me of the sea", stream=True)
    assert len(list(events)) > 5

def test_draws_and_speaks(interactions):
    client = genai.Client()
    client.interactions.create(model="gemini-3-pro-image", input="Draw a city", response_modalities=["image"])
    client.interactions.create(model="gemini-3.1-flash-tts-preview", input="Welcome", response_modalities=["audio"])

def test_reads_a_timetable(interactions):
    document = {"type": "document", "mime_type": "application/pdf", "data": base64.b64encode(PDF).decode()}
    client = genai.Client()
    client.interactions.create(model=MODEL, input=[{"type": "text", "text": "When?"}, document])

@pytest.mark.skip(reason="no rental cars yet")
def test_rents_a_car(interactions): ...

@pytest.mark.xfail(reason="prices in other currencies are open")
def test_converts_prices(): assert 84.5 == 101.2

def test_formats_a_price(): assert f"{84.5:.2f}" == "84.50"
"""


def sample(directory: Path) -> Path:
    """Record the project, change its prompt and a tool, run it again; return that run's page, beside its model."""
    project = directory / "trips"
    project.mkdir(parents=True)
    ini = ["[pytest]", "addopts = --tb=short", "asyncio_default_fixture_loop_scope = function"]
    (project / "pytest.ini").write_text("\n".join(ini))
    (project / "test_trips.py").write_text(_TESTS)
    page, model = directory / "report.html", directory / "report.json"
    with Emulator.steady() as emulator:
        emulator.on(input="Lyon").reply(steps=[_call("find_trains", "Lyon")])
        emulator.on(input="Oslo").reply(steps=[_call("find_flights", "Oslo")], times=1)
        emulator.on(input="Oslo").reply(steps=[_call("find_trains", "Oslo"), _call("find_flights", "Oslo")])
        text = ["The sea ", "was as calm ", "as glass, and a small boat ", "went out ", "before the sun rose."]
        emulator.on(input="of the sea").reply(text=text)
        _pytest(project, emulator.env, "--interactions-record-mode=once", "--snapshot-update")
        _pytest(project, {**emulator.env, "CHANGED": "1"}, f"--interactions-report={model}")
    writing.write(page, json.loads(model.read_text("utf-8")))
    return page


def _call(name: str, city: str) -> dict[str, object]:
    return {"type": "function_call", "id": f"call_{name}", "name": name, "arguments": {"to": city}}


def _pytest(project: Path, environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:recording", *arguments]
    subprocess.run(command, cwd=project, env=os.environ | environment, check=False, capture_output=True)
