"""Tries all conditions, or those that are named; counts what failed, and fails if anything did."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.report import put_between
from pytest_interactions.escaping import escaped
from torture.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torture.conditions import Condition, Result

_MARK: Final = "torture"
_COLUMNS: Final = ("condition", "command", "cases", "outcome")


def main() -> int:
    """Try the conditions, print each outcome, and return the status."""
    names = [condition.name for condition in CONDITIONS]
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CONDITION", help=f"only these, of: {', '.join(names)}")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--long", action="store_const", const="long", dest="form", help="many more cases, for hours")
    form.add_argument("--quick", action="store_const", const="quick", dest="form", help="few, for development")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks in this file")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="show up to N failures of each condition")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="try other cases than those of seed 0")
    chosen = parser.parse_args()
    if unknown := sorted({*chosen.names} - {*names}):
        parser.error(f"no such condition: {', '.join(unknown)}")
    if chosen.write:
        put_between(_MARK, "", chosen.write.read_text("utf-8"))  # an error now, and not after hours
    results = [
        _tried(condition, chosen.form or "bounded", chosen.seed, chosen.show)
        for condition in CONDITIONS
        if not chosen.names or condition.name in chosen.names
    ]
    if chosen.write:
        page = put_between(_MARK, table(results, long=chosen.form == "long"), chosen.write.read_text("utf-8"))
        chosen.write.write_text(page, encoding="utf-8")
    failures = sum(len(result.failed) for result in results)
    _say(f"conditions: {len(results)}, cases: {sum(result.cases for result in results):,}, failed: {failures:,}")
    return 1 if failures else 0


def _tried(condition: Condition, form: str, seed: int, show: int) -> Result:
    _say(f"{condition.name}: {condition.what}")
    begun = time.monotonic()
    result = condition.run(form, seed)
    _say(f"  cases: {result.cases:,}, {result.outcome}, seconds: {time.monotonic() - begun:.0f}")
    for failure in result.failed[:show]:
        _say(f"  FAILED {failure}")
    return result


def table(results: Sequence[Result], *, long: bool) -> str:
    """Return the results as a table in Markdown."""
    command = "make torture TORTURE=long" if long else "make torture"
    rows = [
        (result.condition.what, f"`{command} CONDITIONS={result.condition.name}`", f"{result.cases:,}", result.outcome)
        for result in results
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (_COLUMNS, ("---", "---", "---:", "---"), *rows))


def _say(text: str) -> None:
    print(escaped(text), flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
