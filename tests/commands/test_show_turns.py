"""The command `show`: what each turn was asked with, and what it cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_interactions.files.storage import Contents
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.content import report_of
from pytest_interactions.report.text import lasting_lines, report_lines, seconds_text
from tests.api.test_conversation import exchange
from tests.commands import showing

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

Json = dict[str, Any]
KEY = "hidden0K3y7Xq9ZpL2mN8vB"
CAT: Json = {"system_instruction": "Be a cat.", "model": "m"}


def report(tmp_path: Path, *calls: tuple[Json, Json], seconds: tuple[float | None, ...] = ()) -> Json:
    """The report on a cassette of calls, each a request and an answer, which took so long."""
    path = tmp_path / "c.yaml"
    path.write_text("")
    exchanges = [exchange({"input": "Hi", **sent}, {"status": "completed", **answer}) for sent, answer in calls]
    for each, took in zip(exchanges, seconds, strict=False):
        each.seconds = took
    return report_of(path, Contents(exchanges), Redactor(secrets=Secrets()))


def settings(report: Json) -> list[str]:
    """The lines with turns and settings."""
    lines = [line.text for line in lasting_lines(report)]
    return [line for line in lines if not line.strip().startswith(("user_input", "model: "))]


def test_what_a_turn_took_is_beside_its_status(tmp_path: Path) -> None:
    """Seconds and tokens; the sum of the seconds is in the head, and each exchange has its own."""
    usage = {"usage": {"total_input_tokens": 1204, "total_output_tokens": 88, "total_thought_tokens": 40}}
    found = report(tmp_path, ({}, usage), ({}, {}), seconds=(0.912, 1234.5))
    lines = [line.text for line in report_lines(found)]
    assert "  latency: 1,235.41 s" in lines
    assert "turn 1: completed   (0.91 s, 1,204 in, 88 out, 40 thought)" in lines
    assert "turn 2: completed   (1,234.50 s)" in lines
    assert "  POST /interactions: 200, 23 bytes, 1,234.50 s" in lines
    assert (found["seconds"], found["turns"][0]["seconds"]) == (1235.412, 0.912)
    assert found["exchanges"][1]["seconds"] == 1234.5


def test_what_is_not_known_is_not_shown(tmp_path: Path) -> None:
    """A turn that nobody timed has no seconds, and then the whole has none."""
    found = report(tmp_path, ({}, {}), ({}, {}), seconds=(0.5, None))
    lines = [line.text for line in report_lines(found)]
    assert "turn 1: completed   (0.50 s)" in lines
    assert "turn 2: completed" in lines
    assert not [line for line in lines if "latency" in line]
    assert "seconds" not in found
    assert "seconds" not in found["turns"][1]


def test_short_times_have_more_digits() -> None:
    """A local server's answers take milliseconds."""
    assert [seconds_text(seconds) for seconds in (None, 0, 0.0042, 0.0999, 0.1, 61)] == [
        *("", "0.000 s", "0.004 s", "0.100 s", "0.10 s", "61.00 s")
    ]


def test_a_setting_is_shown_where_it_changes(tmp_path: Path) -> None:
    """In the first turn, where it differs from the turn before, and where it is gone."""
    dog = {**CAT, "system_instruction": "Be a dog."}
    assert settings(report(tmp_path, (CAT, {}), (CAT, {}), (dog, {}), ({"model": "m"}, {}))) == [
        "turn 1: completed",
        "  system_instruction: Be a cat.",
        "turn 2: completed",
        "turn 3: completed",
        "  system_instruction: Be a dog.",
        "turn 4: completed",
        "  system_instruction: none",
    ]


def test_a_conversation_is_compared_with_itself(tmp_path: Path) -> None:
    """Where two go on in turns, a turn is compared with the one that it continues."""
    dog = {**CAT, "system_instruction": "Be a dog."}
    assert settings(
        report(
            tmp_path,
            (CAT, {"id": "v1_cat"}),
            (dog, {"id": "v1_dog"}),
            ({**CAT, "previous_interaction_id": "v1_cat"}, {"id": ""}),
            ({**dog, "previous_interaction_id": "v1_dog"}, {}),
        )
    ) == [
        "turn 1: completed",
        "  system_instruction: Be a cat.",
        "turn 2: completed",
        "  system_instruction: Be a dog.",
        "turn 3: completed",
        "turn 4: completed",
    ]


def test_the_model_is_shown_in_the_head_and_where_it_changes(tmp_path: Path) -> None:
    """The first turn need not repeat it."""
    lines = [
        line.text
        for line in report_lines(report(tmp_path, ({"model": "a"}, {"model": "a"}), ({"model": "b"}, {"model": "b"})))
    ]
    assert [line for line in lines if "model: " in line] == ["  model: a, b", "  model: b"]


def test_a_secret_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of a cassette that another recorder has written, in no form; sizes are those of what is recorded."""
    monkeypatch.setenv("SOME_API_KEY", "hidden-in-the-environment")
    server = {"type": "mcp_server", "name": "m", "url": f"https://u:hidden@h/mcp?key={KEY}", "headers": {"a": "hidden"}}
    sent = {
        "input": "Is it hidden-in-the-environment, or hidden-in-a-header?",
        "agent": "a",
        "tools": [server],
        "environment": {"type": "remote", "env": {"KEY": {"value": "hidden"}}},
    }
    found = showing.exchange(sent, {"status": "completed", "model": "hidden-in-the-environment"})
    found["request"]["headers"] = {"x-goog-api-key": ["hidden-in-a-header"]}
    path = showing.cassette(tmp_path / "c.yaml", found)
    for form in ("--each", "--text", "--json"):
        assert showing.show(form, path) == 0
        printed = capsys.readouterr().out
        assert "hidden" not in printed.replace("test_a_secret_is_not_shown", "")
        if form != "--json":
            assert "  tool mcp_server m (https://h/mcp)" in printed
            assert '  environment: env.KEY.value="REDACTED" type="remote"' in printed
    assert json.loads(printed)[0]["exchanges"][0]["request_bytes"] == len(json.dumps(sent))
