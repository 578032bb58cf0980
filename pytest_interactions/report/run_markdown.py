"""A run as Markdown, for a pull request or a job's summary: a table of its tests, then those that failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.figures import rows
from pytest_interactions.report.markdown import code, fenced, folded
from pytest_interactions.report.text import lines_of_exchanges_and_turns, seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.report.figures import Row
    from pytest_interactions.report.model import Run, Test, TextLine, Traced, Waiting

_HEAD: Final = ("| outcome | test | turns | tools | tokens | latency |", "| --- | --- | --- | --- | --- | --- |")


#: The outcomes of phases that are told with their lines.
_TOLD = ("failed", "error", "differs")


def run_markdown(run: Run) -> Iterator[str]:
    """Yield the lines of a run."""
    tests = rows(run)
    counts = Counter(row.test["outcome"] for row in tests)
    yield f"### {code(run['title'])}: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}"
    yield ""
    if run["ended"]:
        yield from (f"Ended early: {code(run['ended'])}", "")
    yield from _HEAD
    yield from map(_row, tests)
    for row in tests:
        yield from _detail(row.test)


def _row(row: Row) -> str:
    test = row.test
    cells = (
        test["outcome"],
        _cell(test["id"]),
        str(row.turns or ""),
        " ".join(map(_cell, row.tools)),
        f"{row.tokens:,}" if row.tokens else "",
        seconds_text(row.seconds),
    )
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return a text as code in a table, where a bar would end the cell."""
    return code(text).replace("|", "\\|")


def _detail(test: Test) -> Iterator[str]:
    """Yield what failed in a test, how its snapshots differ, and what waits beside its cassettes."""
    told = [(each["name"], each["lines"]) for each in test["phases"] if each["outcome"] in _TOLD]
    changes = [(f"snapshot {each['path']}", each["lines"]) for each in test["snapshots"]]
    waiting = [each["candidate"] for each in test["cassettes"] if each["candidate"]]
    if not (told or changes or waiting):
        return
    yield from ("", f"#### {code(test['id'])}")
    for name, lines in told:
        yield from ("", f"{code(name)}:", "", *_fenced(lines))
    for name, lines in changes:
        yield from ("", f"{code(name)}:", "", *_fenced(lines, "diff"))
    for candidate in waiting:
        yield from _waiting(candidate, {each["path"] for each in test["snapshots"]})
    for each in test["cassettes"]:
        if not each["content"]["exchanges"]:
            continue
        yield from ("", *folded(_summary(each), _transcript(each)))
        if each["recorded"]:
            yield from ("", *folded(_summary(each["recorded"]), _transcript(each["recorded"])))


def _waiting(candidate: Waiting, shown: set[str]) -> Iterator[str]:
    """Yield how to accept a candidate, and what it would change beside the snapshots that are shown already."""
    what = "A new recording waits. To accept it" if candidate["is_recording"] else "New snapshots wait. To accept them"
    yield from ("", f"{what}: {code(candidate['accept'])}")
    blocks = [candidate["lines"], *(each["lines"] for each in candidate["snapshots"] if each["path"] not in shown)]
    for lines in filter(None, blocks):
        yield from ("", *_fenced(lines, "diff"))


def _summary(traced: Traced) -> str:
    did = f", exchanged in record mode {traced['record_mode']}" if traced["record_mode"] else ""
    return f"{traced['path']}{did}, exchanges: {len(traced['content']['exchanges'])}"


def _transcript(traced: Traced) -> Iterator[str]:
    yield from fenced(line.text for line in lines_of_exchanges_and_turns(traced["content"]))


def _fenced(lines: list[TextLine], language: str = "text") -> Iterator[str]:
    yield from fenced((on_one_line(text) for _, text in lines), language)
