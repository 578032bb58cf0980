"""The command `show` of two cassettes: how their behaviour differs."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from pytest_interactions.files.storage import load
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.compare import compare, compared_lines
from pytest_interactions.report.content import report_of
from tests.api.test_transcript import TURN
from tests.commands.showing import API, cassette, exchange, show

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

Json = dict[str, Any]


def tool(name: str) -> Json:
    """A function without parameters."""
    return {"type": "function", "name": name}


def answer(text: str = "Fine.", **more: Any) -> Json:
    """An answer of the model."""
    return {
        "status": "completed",
        "steps": [{"type": "model_output", "content": [{"type": "text", "text": text}]}],
    } | more


ASKED: Json = {"input": "How is it?", "model": "m", "system_instruction": "Be brief.", "tools": [tool("a"), tool("b")]}


def two(tmp_path: Path, old: list[Json], new: list[Json]) -> tuple[Path, Path]:
    """Two cassettes."""
    return cassette(tmp_path / "old.yaml", *old), cassette(tmp_path / "new.yaml", *new)


def test_the_same_behaviour_is_said_to_be_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids, times, signatures, repeated requests and the way of the answer do not matter."""
    other = json.loads(json.dumps(TURN).replace("v1_a", "v1_z").replace("2026", "2027").replace("c2ln", "c2lu"))
    stream = f"data: {json.dumps({'event_type': 'interaction.completed', 'interaction': other})}\n\n".encode()
    old, new = two(
        tmp_path,
        [exchange(ASKED, TURN), exchange({}, {}, uri=f"{API}/v1_a/cancel")],
        [
            exchange(ASKED, {"error": {"code": "unavailable"}}, status=503),
            exchange({**ASKED, "stream": True}, stream),
            exchange({}, {}, uri=f"{API}/v1_z/cancel"),
        ],
    )
    assert show(old, new) == 0
    assert capsys.readouterr().out == "the same behaviour\n"
    assert show("--json", old, new) == 0
    assert json.loads(capsys.readouterr().out) == {"same": True, "facts": {}, "diff": []}


def test_another_behaviour_is_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of both files, and status 1."""
    old, new = two(tmp_path, [exchange(ASKED, answer())], [exchange(ASKED, answer("Bad."))])
    assert show(old, new) == 1
    diff = [
        f"--- {old}",
        f"+++ {new}",
        "@@ -1,3 +1,3 @@",
        " turn 1: completed",
        "   user_input: How is it?",
        "-  model_output: Fine.",
        "+  model_output: Bad.",
    ]
    assert capsys.readouterr().out.splitlines() == diff
    assert show("--json", old, new) == 1
    assert json.loads(capsys.readouterr().out) == {"same": False, "facts": {}, "diff": diff}


def test_what_differs_beside_the_steps_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each fact; they alone make no other behaviour."""
    usage = {"total_input_tokens": 1204, "total_output_tokens": 7, "total_thought_tokens": 3}
    less = {"total_input_tokens": 1502, "total_output_tokens": 7}
    changed = {
        "input": "How is it?",
        "agent": "robot",
        "system_instruction": "Be brief. And\nkind.",
        "tools": [tool("b"), {"type": "google_search"}],
        "store": False,
    }
    old, new = two(
        tmp_path,
        [exchange(ASKED, answer(model="m", usage=usage))],
        [exchange(changed, answer(agent="robot", usage=less))],
    )
    assert show(old, new) == 0
    assert capsys.readouterr().out.splitlines() == [
        "model: m -> none",
        "agent: none -> robot",
        'system_instruction: "Be brief." -> "Be brief. And\\nkind."',
        "tools: a() -> google_search",
        "store: none -> false",
        "tokens: 1,204 in, 3 thought -> 1,502 in",
        "the same behaviour",
    ]
    assert show("--json", old, new) == 0
    assert json.loads(capsys.readouterr().out)["facts"]["model"] == ["m", ""]


def test_a_long_instruction_is_told_from_where_it_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One short line, however long the texts are."""
    long = "Be brief. " * 50
    sent = [{**ASKED, "system_instruction": f"{long}{end}"} for end in ("Meow.", "Woof.")]
    assert show(*two(tmp_path, [exchange(sent[0], answer())], [exchange(sent[1], answer())])) == 0
    (line, _) = capsys.readouterr().out.splitlines()
    assert line == 'system_instruction: ..."Be brief. Be brief. Meow." -> ..."Be brief. Be brief. Woof."'


def test_latency_is_compared_where_both_are_known(tmp_path: Path) -> None:
    """It is no behaviour, and is told if it can be."""
    path = cassette(tmp_path / "c.yaml", exchange(ASKED, answer()))
    contents, reports = load(path), []
    for seconds in (None, 0.5, 0.25):
        contents.exchanges[0].seconds = seconds
        reports.append(report_of(path, contents, Redactor(secrets=Secrets())))
    untimed, slow, fast = reports
    assert [line.text for line in compared_lines(compare(slow, fast))] == [
        "latency: 0.50 s -> 0.25 s",
        "the same behaviour",
    ]
    assert compare(untimed, fast)["facts"] == compare(fast, untimed)["facts"] == compare(fast, fast)["facts"] == {}


def test_other_exchanges_count_by_what_was_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that no client repeats, a deletion, another host: their method, address and status, not the bodies."""
    elsewhere = "https://example.com/weather"
    old, new = two(
        tmp_path,
        [exchange(ASKED, answer()), exchange({}, "cold", uri=elsewhere), exchange({}, {}, uri=f"{API}/v1_a")],
        [
            exchange(ASKED, answer()),
            exchange({}, "warm", uri=elsewhere),
            exchange({}, {"error": {"message": "No such thing."}}, uri=f"{API}/v1_b", status=404),
        ],
    )
    assert show(old, new) == 1
    assert [line for line in capsys.readouterr().out.splitlines() if re.match(r"[-+]\w", line)] == [
        "-POST /interactions/…: 200",
        "+POST /interactions/…: 404, No such thing.",
    ]


def test_without_interactions_there_is_nothing_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To say that they are the same would be wrong."""
    old, new = two(tmp_path, [exchange(ASKED, answer())], [exchange({}, "fine", uri="https://example.com/")])
    assert show(old, new) == 2
    assert capsys.readouterr().err == (
        f"pytest-interactions: {new}: there is no interaction in it, so no behaviour to compare.\n"
    )


def test_only_two_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, three files, and two with --each, are shown one after the other; a file that is missing is an error."""
    old, new = two(tmp_path, [exchange(ASKED, answer())], [exchange(ASKED, answer("Bad."))])
    for shown, *arguments in ((2, "--each", old, new), (3, old, new, old), (4, tmp_path, tmp_path)):
        assert show(*map(str, arguments)) == 0
        assert capsys.readouterr().out.count("turn 1: completed\n") == shown
    assert show(old, tmp_path / "gone.yaml") == 2
    assert "gone.yaml: no such cassette" in capsys.readouterr().err


def test_a_diff_has_colours_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gone and what came are told apart; the words are the same."""
    old, new = two(tmp_path, [exchange(ASKED, answer())], [exchange(ASKED, answer("Bad."))])
    show(old, new)
    plain = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert show(old, new) == 1
    coloured = capsys.readouterr().out
    assert "\x1b[31m-  model_output: Fine." in coloured
    assert "\x1b[32m+  model_output: Bad." in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
