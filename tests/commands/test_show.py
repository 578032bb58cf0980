"""The command `show`."""

from __future__ import annotations

import json
import re
import sys
import warnings
from pathlib import Path

import pytest

from tests.api.test_transcript import NEXT, TURN
from tests.commands.showing import API, STREAM, cassette, exchange, show
from tests.support import real_traffic


@pytest.fixture
def weather(tmp_path: Path) -> Path:
    """A cassette of two turns, a poll, an error and a stream that the app left."""
    parameters = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = {"type": "function", "name": "get_weather", "parameters": parameters, "description": "Tells it."}
    tools = [function, {"type": "google_search"}, "odd"]
    agent = {"id": "robot", "system_instruction": "Be\nbrief.", "base_environment": {"env": {"A": "secret"}}}
    usage = {"total_input_tokens": 1000, "total_output_tokens": 5, "total_thought_tokens": 0}
    first = {**TURN, "model": "gemini-3.5-flash", "usage": usage}
    return cassette(
        tmp_path / "weather.yaml",
        exchange({"input": "How is it?", "model": "gemini-3.5-flash", "tools": tools}, first),
        exchange(["odd"], {**first, "usage": {**usage, "total_input_tokens": 1001}}, uri=f"{API}/v1_a"),
        exchange({"input": "x", "tools": "odd"}, {"error": {"code": "invalid_request"}}, status=400),
        exchange(
            {"input": NEXT["steps"][:2], "previous_interaction_id": "v1_a", "agent": "robot"},
            {**NEXT, "agent": "robot", "usage": {"total_output_tokens": 2}},
        ),
        exchange({"input": "Bye"}, STREAM, cut="app"),
        exchange({}, "fine", uri="https://me:secret@example.com/a/very-long-name-of-a-thing?q=1", status=500),
        exchange(agent, {"id": "robot"}, uri=API.replace("interactions", "agents")),
    )


def test_a_cassette_is_shown_as_its_transcript(weather: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was used, each exchange, and what was said, with the question that opened it."""
    assert show(weather) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:7] == [
        str(weather),
        "  recorded: 2026-01-01T00:00:00Z",
        "  model: gemini-3.5-flash",
        "  agent: robot",
        "  tools: get_weather, google_search",
        "  tokens: 1,001 in, 7 out",
        f"  size: {weather.stat().st_size:,} bytes",
    ]
    assert [re.sub(r"[\d,]+ bytes", "N bytes", line) for line in lines[7:17]] == [
        "  POST /interactions: 200, N bytes",
        "  POST /interactions/v1_a: 200, N bytes",
        "  POST /interactions: 400, N bytes, invalid_request",
        "  POST /interactions: 200, N bytes",
        "  POST /interactions: 200, stream, N bytes, left by the app",
        "  POST example.com/a/very-long-name-o…: 500, N bytes",
        "  POST generativelanguage.googleapis.com/v1beta/agents: 200, N bytes",
        "    system_instruction",
        "      Be",
        "      brief.",
    ]
    assert lines[17:27] == [
        "turn 1: requires_action   (1,001 in, 5 out)",
        "  tool get_weather(city: string): Tells it.",
        "  tool google_search",
        '  tool "odd"',
        "  user_input: How is it?",
        "  thought: Let me see.",
        "  function_call get_weather#1",
        '    city = "Paris"',
        "    days[0] = 1",
        '    days[1].part = "noon"',
    ]
    assert lines[32:35] == ["turn 2: completed   (2 out)", "  agent: robot", "  model: none"]


def test_programs_get_json(weather: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` is one array with all that is known of each cassette."""
    assert show("--json", "--each", weather, weather) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == second
    assert first["path"] == str(weather)
    assert first["tokens"] == {"in": 1001, "out": 7, "thought": 0}
    assert (first["models"], first["agents"]) == (["gemini-3.5-flash"], ["robot"])
    assert first["exchanges"][4] == {
        "method": "POST",
        "url": "/interactions",
        "status": 200,
        "streamed": True,
        "request_bytes": len(b'{"input": "Bye"}'),
        "response_bytes": len(STREAM),
        "turn": 3,
        "cut": "app",
    }
    assert first["exchanges"][2]["error"] == "invalid_request"
    assert [turn["status"] for turn in first["turns"]] == ["requires_action", "completed", None]
    assert [turn["changed"] for turn in first["turns"]] == [["model", "tools"], ["agent", "model", "tools"], ["agent"]]
    assert first["turns"][0]["setting"]["tools"][1] == {"type": "google_search"}
    assert first["turns"][1]["tokens"] == {"out": 2}
    assert "secret" not in json.dumps(first)


def test_a_directory_is_shown_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All cassettes below it are shown in order; one that can't be read is named, the rest is shown."""
    cassette(tmp_path / "b" / "late.yaml", exchange({}, {}, date="Mon, 10 Aug 2026"), incomplete=True)
    cassette(tmp_path / "a.yml")
    (tmp_path / "c.yaml").write_text("nothing: here\n")
    (tmp_path / "notes.txt").write_text("no cassette")
    (tmp_path / "b" / "around").symlink_to(tmp_path)
    assert show(tmp_path) == 2
    printed = capsys.readouterr()
    assert [line for line in printed.out.splitlines() if "yml" in line or "yaml" in line] == [
        str(tmp_path / "a.yml"),
        str(tmp_path / "b" / "late.yaml"),
    ]
    assert "\n\n" in printed.out
    assert "recorded: Mon, 10 Aug 2026" in printed.out
    assert "incomplete: the test that recorded it failed" in printed.out
    assert printed.err.startswith(f"pytest-interactions: {tmp_path / 'c.yaml'}:1: ")


def test_a_directory_without_cassettes_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to show is most likely the wrong directory."""
    assert show(tmp_path) == 2
    assert capsys.readouterr().err == f"pytest-interactions: {tmp_path}: there are no cassettes in this directory.\n"


def test_a_missing_cassette_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that is not there is an error of one line."""
    assert show(tmp_path / "gone.yaml") == 2
    assert "gone.yaml: no such cassette" in capsys.readouterr().err


def test_colour_changes_no_word(
    weather: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coloured text on a terminal is the plain text, with colours."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show("--no-color", weather)
    plain = capsys.readouterr().out
    assert "\x1b[" not in plain
    assert show(weather) == 0
    coloured = capsys.readouterr().out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_without_rich_there_is_no_colour(
    weather: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colour is an extra: where rich isn't installed, the text is plain."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert show(weather) == 0
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.parametrize("form", ["--each", "--json", "--text"])
def test_all_real_cassettes_are_shown(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever recorded them, they are shown in each form without a warning, and behave as they do themselves."""
    directory = real_traffic("")
    cassettes = list(Path(directory).rglob("*.yaml"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert show(form, directory) == 0
        printed = capsys.readouterr().out
        for path in cassettes:
            assert show(path, path) == 0
    if form == "--json":
        assert [report["turns"][0]["status"] for report in json.loads(printed)]
    else:
        assert printed.count("turn 1: ") == len(cassettes)
    assert capsys.readouterr().out == "the same behaviour\n" * len(cassettes)
