"""A run as Markdown: a table of its tests, and the details of those that failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_interactions.report import writing

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.report.model import Run


def _markdown(run: Run, directory: Path) -> str:
    path = directory / "report.md"
    writing.write(path, run)
    return path.read_text("utf-8")


def test_failures_snapshots_and_candidates_follow_the_table(page: Path, tmp_path: Path) -> None:
    """Transcripts are folded; tests that passed are in the table alone."""
    run: Run = json.loads(page.with_suffix(".json").read_text("utf-8"))
    text = _markdown({**run, "ended": "stopping after 2 failures"}, tmp_path)
    assert text.startswith(
        "### `trips`: 2 failed, 6 passed, 1 xfailed, 1 skipped\n\nEnded early: `stopping after 2 failures`\n"
    )
    lines = text.split("\n")
    assert "| passed | `test_trips.py::test_formats_a_price` |  |  |  |  |" in lines
    row = next(line for line in lines if line.startswith("| failed | `test_trips.py::test_books_a_trip` | 2 |"))
    assert "| `find_trains` `find_flights` |" in row
    assert [line for line in lines if line.startswith("#### ")] == [
        "#### `test_trips.py::test_books_a_trip`",
        "#### `test_trips.py::test_compares_prices`",
    ]
    assert "`snapshot __snapshots__/test_trips/test_books_a_trip.steps.txt`:" in lines
    assert "+  function_call find_trains#1" in lines
    accept = "pytest-interactions review --accept cassettes/test_trips/test_books_a_trip.failed.yaml"
    assert f"A new recording waits. To accept it: `{accept}`" in lines
    assert "<details><summary><code>cassettes/test_trips/test_books_a_trip.yaml, exchanges: 2</code></summary>" in lines


def test_nothing_recorded_becomes_markdown_or_html(page: Path, tmp_path: Path) -> None:
    """A bar ends no cell, ticks no code, a line no block; what is not printable is escaped."""
    run: Run = json.loads(page.with_suffix(".json").read_text("utf-8"))
    test = next(each for each in run["tests"] if each["outcome"] == "failed")
    hostile = "a | b ``` `c` <b>\n# x\u202e @someone"
    test["id"] = hostile
    test["phases"] = [{**each, "name": hostile, "lines": [("error", hostile)]} for each in test["phases"]]
    text = _markdown({**run, "title": hostile, "tests": [test]}, tmp_path)
    told = "a | b ``` `c` <b>\\n# x\\u202e @someone"
    assert f"| failed | ````{told.replace('|', chr(92) + '|')}```` |" in text
    assert f"#### ````{told}````\n" in text
    assert f"\n````text\n{told}\n````\n" in text
    assert hostile not in text
