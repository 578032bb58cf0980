"""Runs all benchmarks, or those named, and writes what they found: `results.md` and `growth.png`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.report import excerpt, page, put_between

if TYPE_CHECKING:
    from benchmarks.report import Section

#: One module for each question, in the order of the page.
_QUESTIONS: Final = (
    "per_request",
    "lookup",
    "clients",
    "suites",
    "sdk",
    "media",
    "conversation",
    "recording",
    "recording_cost",
    "first_event",
    "pacing",
    "live",
    "startup",
    "opening",
    "reviewing",
    "store",
    "servers",
    "redaction",
)
#: Those that run only when named, and write a page of their own.
_APART: Final = ("comparison",)
_HERE: Final = Path(__file__).parent


def main() -> int:
    """Run, say what is going on, and write the page and the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = f"of {', '.join(_QUESTIONS)} (default: all), {', '.join(_APART)}"
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=known)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller files, for development")
    chosen = parser.parse_args()
    unknown = set(chosen.questions) - {*_QUESTIONS, *_APART}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    sections = []
    for name in chosen.questions or _QUESTIONS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
            section: Section = import_module(f"benchmarks.{name}").run(Path(scratch), quick=chosen.quick)
        sections.append(section)
        _say(f"{name}: {time.monotonic() - begun:.0f} s")
        for target in section.targets:
            _say(f"  {'met   ' if target.met else 'MISSED'} {target.aim}: {target.found}")
    text = page(sections, quick=chosen.quick)
    if chosen.quick or chosen.questions:  # a part, or an estimate: not to be kept
        _say(f"\n{text}")
        return 0
    from benchmarks.plot import draw

    (_HERE / "results.md").write_text(text, encoding="utf-8")
    draw(sections, _HERE / "growth.png")
    shown = _HERE.parent / "docs" / "performance.md"
    shown.write_text(put_between("benchmarks", excerpt(text), shown.read_text("utf-8")), encoding="utf-8")
    _say(f"written: {_HERE / 'results.md'}, growth.png and the tables in {shown.name}")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
