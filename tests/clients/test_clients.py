"""Every client records against a real server and replays without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import CassetteMissError
from tests.cassette.clients import CLIENTS, KEY
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture(params=CLIENTS)
def ask(request: pytest.FixtureRequest) -> Any:
    """One client's way of asking."""
    return CLIENTS[request.param]


def test_a_client_gets_the_same_values_three_times(ask: Any, emulator: Emulator, tmp_path: Path) -> None:
    """What a client gets while recording, it gets on replay, with the server gone and no socket opened."""
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once") as recording:
        first = [ask(emulator.url, "Hello"), ask(emulator.url, "Goodbye")]
    assert len(recording.exchanges) == len(emulator.requests) == 2
    emulator.stop()
    with use_cassette(cassette) as replay, sockets() as opened:
        second = [ask(emulator.url, "Hello"), ask(emulator.url, "Goodbye")]
    assert opened == []
    assert _unsigned(second) == _unsigned(first)
    assert first[0] != first[1]
    assert replay.all_played
    assert [e.request.json() for e in replay.exchanges] == [e.request.json() for e in recording.exchanges]
    assert KEY not in cassette.read_text()


def test_a_client_never_gets_the_answer_to_another_prompt(ask: Any, emulator: Emulator, tmp_path: Path) -> None:
    """A prompt that was not recorded is an error in every client's own way, never another prompt's answer."""
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"):
        ask(emulator.url, "Hello")
    with pytest.raises(CassetteMissError, match=r'input: "Hello" -> "Help"'), use_cassette(cassette):
        ask(emulator.url, "Help")


def _unsigned(value: Any) -> Any:
    """The value with each signature blanked: redaction replaces them, and the SDK shows them as they come."""
    if isinstance(value, dict):
        return {k: "" if k == "signature" and v else _unsigned(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_unsigned(item) for item in value]
    if isinstance(value, str) and '"signature":"' in value:
        before, _, after = value.partition('"signature":"')
        return before + after.partition('"')[2]
    return value
