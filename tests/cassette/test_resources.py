"""Agents, webhooks and the API's other resources in a cassette: recorded and replayed, and no part of the behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import __version__

from pytest_interactions.api.transcript import transcript
from pytest_interactions.server.emulator import Emulator
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*experimental:UserWarning"),
    pytest.mark.skipif(
        tuple(map(int, __version__.split(".")[:2])) < (3, 6),
        reason="the emulator's resources are those of google-genai 3.6",
    ),
]

AGENT = "antigravity-preview-05-2026"


def app(url: str, *, resources: bool) -> bytes:
    """Ask an agent of one's own, with or without a look at all that is around it; return a file of its environment."""
    client: Any = genai.Client(api_key="any", http_options={"base_url": url})
    content = b""
    if resources:
        client.agents.create(id="mine", base_agent=AGENT)
        client.webhooks.create(uri="http://127.0.0.1:9/", subscribed_events=["interaction.completed"])
        environment = client.environments.create().id
        client.environments.files.upload(environment=environment, path="a.bin", file=b"\0\1")
        content = client.environments.files.download(environment=environment, path="a.bin")
        trigger = client.triggers.create(
            interaction={"agent": AGENT, "input": "Go"}, schedule="0 9 * * *", time_zone="UTC"
        )
        client.triggers.run(trigger.id)
        client.triggers.list_executions(trigger.id)
    interaction = client.interactions.create(agent=AGENT, input="Fibonacci")
    if resources:
        token = client.interactions.auth_tokens.create(interaction.id).auth_token
        client.interactions.auth_tokens.delete(interaction.id, token)
        client.agents.list()
    client.interactions.create(model="gemini-3.5-flash", input="And then?", previous_interaction_id=interaction.id)
    client.close()
    return content


def test_other_resources_are_no_interactions(tmp_path: Path) -> None:
    """With them and without them, the interactions, the steps and the snapshot are the same; and all replays."""
    seen = []
    with Emulator.steady() as emulator:
        for resources in (False, True):
            path = tmp_path / f"{resources}.yaml"
            with use_cassette(path, record_mode="once"):
                live = app(emulator.url, resources=resources)
            with use_cassette(path) as cassette:
                assert app(emulator.url, resources=resources) == live
                assert cassette.all_played
                seen.append((len(cassette.interactions), [step.type for step in cassette.steps], transcript(cassette)))
    assert seen[0] == seen[1]
    assert seen[0][0] == 2
    assert live == b"\0\1"
