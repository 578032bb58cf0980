"""The same behaviour reads the same, in whatever form it comes and however often it is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google import genai
from google.genai import interactions as sdk

from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.fold import fold
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.transcript import transcript
from pytest_interactions.files.storage import load
from tests.api.test_transcript import NEXT, TRANSCRIPT, TURN
from tests.support import real_traffic

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


class Fixture:
    """What a test's fixture looks like to the transcript."""

    def __init__(self, *interactions: Interaction) -> None:
        self.interactions = list(interactions)


async def test_the_same_behaviour_is_the_same_text(emulator: Emulator) -> None:
    """The SDK's objects, sync and streamed, REST JSON, lists of events and the fixture read alike."""
    client = genai.Client(api_key="k", http_options={"base_url": emulator.url})
    ask: dict[str, Any] = {"model": "gemini-3.5-flash", "input": "Explain how AI works in a few words"}
    unary = client.interactions.create(**ask)
    streamed = await client.aio.interactions.create(**ask, stream=True)
    events = [event async for event in streamed]
    client.close()
    await client.aio.aclose()
    rest = json.loads(unary.model_dump_json(exclude_unset=True, exclude={"output_text"}))
    plain_events = [event.model_dump(exclude_unset=True) for event in events]
    texts = {
        "sdk": transcript(unary),
        "sdk events": transcript(events),
        "rest": transcript(rest),
        "events": transcript(plain_events),
        "iterator": transcript(iter(events)),
        "folded": transcript(fold(events)),
        "fixture": transcript(Fixture(Interaction.model_validate(rest).sent(ask))),
    }
    assert set(texts.values()) == {texts["rest"]}
    assert "thought\n  model_output: AI learns" in texts["rest"]
    assert isinstance(unary, sdk.Interaction)


def rerecorded(value: Any) -> Any:
    """`value` with other ids, times, signatures and token counts."""
    if isinstance(value, list):
        return [rerecorded(item) for item in value]
    if not isinstance(value, dict):
        return value
    other: dict[str, Any] = {
        "usage": {"total_tokens": 9},
        "created": "2027",
        "updated": "2027",
        "signature": "b3RoZXI=",
    }
    ids = ("id", "call_id", "previous_interaction_id", "environment_id")
    return {
        key: f"other-{item}" if key in ids else other[key] if key in other else rerecorded(item)
        for key, item in value.items()
    }


def test_recording_the_same_conversation_again_changes_nothing() -> None:
    """Other ids, times, signatures and token counts give the same transcript."""
    for file in real_traffic("vercel-ai").glob("*.json"):
        body = json.loads(file.read_text())
        assert rerecorded(body) != body
        assert transcript(rerecorded(body)) == transcript(body)
    again = [rerecorded(TURN), rerecorded(NEXT)]
    again[0]["steps"][1]["arguments"] = TURN["steps"][1]["arguments"]  # the app's own, whatever they are called
    again[1]["steps"][0]["result"] = NEXT["steps"][0]["result"]
    assert transcript(again) == TRANSCRIPT


def real_interactions() -> list[Interaction]:
    """All interactions of the real traffic."""
    files: list[Path] = sorted(real_traffic("").rglob("*.yaml"))
    found = [interaction for file in files for each in load(file).exchanges for interaction in interactions_of([each])]
    streams = [file.read_text().splitlines() for file in real_traffic("vercel-ai").glob("*.chunks.txt")]
    found += [fold(map(json.loads, stream)) for stream in streams]
    found += [Interaction.model_validate_json(file.read_text()) for file in real_traffic("vercel-ai").glob("*.json")]
    return found


def test_real_traffic_reads_without_what_is_volatile() -> None:
    """No id, signature or timestamp of any real interaction is in its transcript."""
    for interaction in real_interactions():
        text = transcript(interaction)
        assert text.startswith(f"turn 1: {interaction.status}\n")
        hidden = [interaction.id, interaction.created, *(step.signature for step in interaction.steps or [])]
        assert not [each for each in hidden if each and each in text]
