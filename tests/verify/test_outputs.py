"""What a run in record mode `verify` writes: Markdown, JSON, annotations, and one file with pytest-xdist."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.verify.conftest import markdown

if TYPE_CHECKING:
    from tests.verify.conftest import Verifying

TESTS = """
def test_weather(interactions):
    agent()

@pytest.mark.parametrize("name", ["`<img src=x>`|*@all*"])
def test_hello(interactions, name):
    ask()
"""


def test_the_json_has_all_for_programs(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.calls({"city": "Oslo"})
    told = verifying.json()
    weather = next(test for test in told["tests"] if test["test"] == "test_it.py::test_weather")
    assert (told["version"], told["by"].split()[0]) == (1, "pytest-interactions")
    assert told["counts"] == {
        "holds": 1, "drifted": 1, "failed": 0, "not verified": 0, "breaking": 0, "changed": 1, "cosmetic": 0,
        "requests": 3, "tokens": told["counts"]["tokens"], "unjudged": 0,
    }  # fmt: skip
    assert weather["outcome"] == "drifted"
    assert weather["severity"] == "changed"
    assert weather["cassette"] == "cassettes/test_it/test_weather.yaml"
    assert weather["findings"] == [
        {
            "kind": "argument",
            "severity": "changed",
            "turns": [1],
            "is_new": False,
            "step": "function_call get_weather",
            "field": "arguments.city",
            "old": '"Paris"',
            "new": '"Oslo"',
            "text": 'turn 1, function_call get_weather, arguments.city: "Paris" -> "Oslo" (argument)',
            "samples": 1,
        }
    ]


def test_the_markdown_holds_nobodys_markup(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.calls({"city": "<script>alert(1)</script> ``` | [a](b) @all\n# head"})
    verifying.emulator.on(input="Hello").reply(status="incomplete", text="x")
    verifying.verify("--interactions-verify-markdown=verified.md")
    text = markdown(verifying.path)
    assert "\n# head" not in text
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)  # of code
    assert not [word for word in ("<script", "<img", "@all\n", "[a]") if word in outside]
    assert "| test | breaking | changed | cosmetic | outcome |" in text
    assert "<details><summary><code>test_it.py::test_weather: drifted</code></summary>" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 2
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)


def test_files_are_written_where_nothing_differs_and_where_directories_are_missing(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.verify("--interactions-verify-markdown=out/verified.md", "--interactions-verify-json=out/verified.json")
    assert "2 tests verified: 2 hold" in (verifying.path / "out/verified.md").read_text("utf-8")
    assert "<details>" not in (verifying.path / "out/verified.md").read_text("utf-8")
    assert json.loads((verifying.path / "out/verified.json").read_text("utf-8"))["counts"]["holds"] == 2


@pytest.mark.parametrize(("file", "why"), [("-", "is no file"), (".", "is no file"), ("test_it.py/x", "can't be")])
def test_a_file_that_can_not_be_written_is_an_error_before_any_test(verifying: Verifying, file: str, why: str) -> None:
    verifying.run.test(TESTS)
    result = verifying.verify(f"--interactions-verify-json={file}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --interactions-verify-json: *{why}*"])
    assert not verifying.emulator.requests


def test_a_file_that_can_not_be_written_at_the_end_is_noted(verifying: Verifying) -> None:
    verifying.record(TESTS + "\ndef test_late():\n    os.mkdir('verified.json')\n")
    (verifying.path / "verified.json").rmdir()
    result = verifying.run.record("--interactions-verify-json=verified.json", mode="verify")
    result.stdout.fnmatch_lines(["*verified.json could not be written: *"])
    assert result.ret == 0


def test_a_workflow_is_annotated(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.calls({"city": "Oslo"})
    verifying.run.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    verifying.run.monkeypatch.setenv("GITHUB_WORKSPACE", str(verifying.path))
    result = verifying.verify()
    result.stdout.fnmatch_lines(
        ["::error file=cassettes/test_it/test_weather.yaml,title=pytest-interactions%3A drifted::test_it.py::*turn 1*"]
    )
    result = verifying.verify("--interactions-fail-on=never")
    result.stdout.fnmatch_lines(["::notice file=cassettes/test_it/test_weather.yaml,*"])
    result = verifying.verify("--interactions-max-requests=1", "-k", "weather")
    result.stdout.fnmatch_lines(["::warning file=cassettes/test_it/test_weather.yaml,*not sent*"])


def test_workers_write_one_file(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.calls({"city": "Oslo"})
    verifying.run.apart = True
    told = verifying.json("-n2")
    assert {test["test"]: test["outcome"] for test in told["tests"]} == {
        "test_it.py::test_weather": "drifted",
        "test_it.py::test_hello[`<img src=x>`|*@all*]": "holds",
    }


def test_the_terminal_does_not_list_without_end(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.calls({"city": "Paris"}, *({"city": f"Town {number}"} for number in range(60)))
    verifying.verify().stdout.fnmatch_lines(["... and * more; --interactions-verify-json writes all"])
