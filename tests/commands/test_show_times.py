"""The command `show`: when the first token of a streamed turn came, and the gaps between its events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from pytest_interactions.files.layout import dumps
from pytest_interactions.report.text import pace_text
from tests.api.test_conversation import exchange
from tests.api.test_latency import CREATED, TEXT, THOUGHT, stream

if TYPE_CHECKING:
    from tests.support import Runner

DONE = {"event_type": "interaction.completed", "interaction": {"id": "1", "status": "completed"}}
CALL = (CREATED, THOUGHT, TEXT, TEXT, DONE)
TIMES = (0.1, 0.3, 0.35, 0.412, 0.45, 1.7)
TOLD = "first token after 0.41 s, gaps of 0.056 s (median), the longest 1.25 s before event 5"


def _shown(capsys: pytest.CaptureFixture[str], *arguments: Path | str) -> str:
    assert main(["show", *map(str, arguments)]) == 0
    return capsys.readouterr().out


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    """A cassette of an upload and of a streamed call."""
    upload = exchange({"a": 1}, {}, uri="https://h/upload")
    path = tmp_path / "c.yaml"
    path.write_text(dumps([upload, stream(*CALL, times=TIMES, seconds=1.71)]))
    return path


def test_a_streamed_turn_tells_of_its_first_token_and_its_gaps(
    cassette: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below its status, with the event that the longest gap was before."""
    lines = _shown(capsys, cassette).splitlines()
    place = lines.index("turn 1: completed   (1.71 s)")
    assert lines[place + 1] == f"  {TOLD} of exchange 2"


def test_markdown_tells_the_same(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has the same transcript."""
    assert f"  {TOLD} of exchange 2\n" in _shown(capsys, cassette, "--markdown")


def test_json_has_the_figures(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the turn, and of each exchange."""
    (report,) = json.loads(_shown(capsys, cassette, "--json"))
    gaps = {"median": 0.056, "longest": 1.25, "before_event": 5}
    assert report["turns"][0]["first_token"] == report["exchanges"][1]["first_token"] == 0.412
    assert report["turns"][0]["gaps"] == {**gaps, "exchange": 2}
    assert report["exchanges"][1]["gaps"] == gaps
    assert "gaps" not in report["exchanges"][0]


def test_what_lasts_has_no_times(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are other ones at the next recording, so git's textconv and a comparison do without them."""
    assert "first token" not in _shown(capsys, cassette, "--text")
    other = cassette.with_name("other.yaml")
    other.write_text(cassette.read_text().replace("2: 100 200", "2: 100 900"))
    assert main(["show", str(cassette), str(other)]) == 0
    assert "first token" not in capsys.readouterr().out


def test_what_is_not_known_is_not_told(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As of a cassette that was recorded by an earlier version, or a call without `stream`."""
    cassette.write_text(cassette.read_text().replace("2: 100 200", "1: 100 200"))
    assert "first token" not in _shown(capsys, cassette)


def test_one_event_has_no_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first token alone."""
    path = tmp_path / "c.yaml"
    path.write_text(dumps([stream(CREATED, times=(0.1, 0.3))]))
    assert "  first token after 0.30 s\n" in _shown(capsys, path)
    assert pace_text({}) == ""


def test_a_snapshot_of_steps_has_no_times(run: Runner) -> None:
    """It holds for a slow recording as for a quick one."""
    run.emulator.on(input="Count").reply(text=["1", "2"], events_delay=0.01)
    run.test(
        """
def test_it(interactions, snapshot_steps):
    from google import genai
    client = genai.Client()
    list(client.interactions.create(model="gemini-3.5-flash", input="Count", stream=True))
    assert interactions == snapshot_steps
"""
    )
    run.record("--snapshot-update").assert_outcomes(passed=1)
    (cassette,) = Path().glob("cassettes/**/*.yaml")
    assert "  events:\n    1: " in cassette.read_text()
    (snapshot,) = Path().glob("__snapshots__/**/*.txt")
    assert snapshot.read_text() == "turn 1: completed\n  thought\n  model_output: 12\n"
    cassette.write_text(cassette.read_text().replace("    1: ", "    1: 9"))
    run.replay().assert_outcomes(passed=1)
