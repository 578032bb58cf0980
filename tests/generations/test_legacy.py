"""The API as it was before May 2026 (`outputs`, `content.*`): recorded, replayed, redacted, folded and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import fold
from pytest_interactions.commands import main
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.generations.server import SIGNATURE, spellings
from tests.scripted_server import Answer, Asked, scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

CALL = {"type": "function_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}}
RESULT = {"type": "function_result", "call_id": "c1", "name": "get_weather", "result": "sunny"}
THOUGHT = {"type": "thought", "signature": SIGNATURE, "summary": [{"type": "text", "text": "Hm."}]}
SAID = {"type": "text", "text": "It is sunny."}
WHOLE = {"id": "v1_a", "object": "interaction", "model": "gemini-3-pro-preview", "role": "model"}
WEATHER: list[Any] = [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}]


def _events() -> list[Any]:
    """A stream of before May."""

    def content(index: int, begun: dict[str, Any], *deltas: dict[str, Any]) -> list[Any]:
        return [
            {"event_type": "content.start", "index": index, "content": begun},
            *({"event_type": "content.delta", "index": index, "delta": delta} for delta in deltas),
            {"event_type": "content.stop", "index": index},
        ]

    return [
        {"event_type": "interaction.start", "interaction": {**WHOLE, "id": "v1_c", "status": "in_progress"}},
        *content(
            0,
            {"type": "thought"},
            {"type": "thought_summary", "content": THOUGHT["summary"][0]},
            {"type": "thought_signature", "signature": SIGNATURE},
        ),
        *content(1, {"type": "text"}, {"type": "text", "text": "It is "}, {"type": "text", "text": "sunny."}),
        {"event_type": "interaction.complete", "interaction": {**WHOLE, "id": "v1_c", "status": "completed"}},
        b"data: [DONE]\n\n",
    ]


def answer(asked: Asked) -> Answer:
    """Call the function first; then say what came of it, as a stream if that is asked for."""
    request = json.loads(asked.body)
    if request.get("stream"):
        return Answer(_events())
    if request["input"] == "Weather?":
        return Answer({**WHOLE, "status": "requires_action", "outputs": [THOUGHT, CALL]})
    return Answer({**WHOLE, "id": "v1_b", "status": "completed", "outputs": [THOUGHT, SAID]})


def app(url: str, spelling: str = SIGNATURE) -> list[Any]:
    """Ask, send the history as turns with the signature as it came or in another spelling, and ask for a stream."""
    with httpx.Client(base_url=f"{url}/v1beta") as client:

        def ask(**body: Any) -> httpx.Response:
            return client.post("/interactions", json={"model": "gemini-3-pro-preview", "tools": WEATHER, **body})

        first = ask(input="Weather?").json()
        came = first["outputs"][0]["signature"]
        thought = {**THOUGHT, "signature": spelling if came == SIGNATURE else came}
        turns = [
            {"role": "user", "content": "Weather?"},
            {"role": "model", "content": [thought, CALL]},
            {"role": "user", "content": [RESULT]},
        ]
        second = ask(input=turns, store=False).json()
        stream = ask(input="Again?", stream=True).text
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    return [first["outputs"][1], second["outputs"][1], fold(events).outputs[1].model_dump()]  # type: ignore[index]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A cassette of `app`."""
    path = tmp_path / "c.yaml"
    with scripted(answer) as server, use_cassette(path, record_mode="once"):
        assert app(server.url) == [CALL, SAID, SAID]
    return path


def test_it_replays_without_a_server(recorded: Path) -> None:
    """Unary and streamed, with the history of turns that was sent again."""
    with use_cassette(recorded) as replay:
        assert app("https://generativelanguage.googleapis.com") == [CALL, SAID, SAID]
    assert replay.all_played


@pytest.mark.parametrize("spelling", spellings())
def test_no_signature_stays_and_its_link_holds(spelling: str, tmp_path: Path) -> None:
    """A thought's of an output, of a delta and of a turn are one, however the app writes it."""
    path = tmp_path / "c.yaml"
    with scripted(answer) as server, use_cassette(path, record_mode="once"):
        app(server.url, spelling)
    text = path.read_text("utf-8")
    assert not any(each in text for each in spellings())
    assert scan(text, Secrets()) == []
    assert len({word for word in text.replace("\\", "").split('"') if word.startswith("redactedSignature")}) == 1
    with use_cassette(path):
        app("https://generativelanguage.googleapis.com")


def test_its_steps_are_those_of_today(recorded: Path) -> None:
    """A snapshot does not tell whether the API was asked before or after it changed."""
    with use_cassette(recorded) as replay:
        app("https://generativelanguage.googleapis.com")
    assert [each.status for each in replay.interactions] == ["requires_action", "completed", "completed"]
    assert [step.type for step in replay.steps] == [
        *("user_input", "thought", "function_call", "function_result", "thought", "model_output"),
        *("user_input", "thought", "model_output"),
    ]


def test_it_is_shown(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command that shows any cassette."""
    assert main(["show", str(recorded)]) == 0
    shown = capsys.readouterr().out
    assert "get_weather" in shown
    assert shown.count("It is sunny.") == 2
