"""What the benchmarks found, as a page that a person reads."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_IN_PAGE: Final = ("## One request", "tests, each with its own cassette")
_PACKAGES: Final = (
    "pytest-interactions",
    "vcrpy",
    "pytest-recording",
    "cassetter",
    "httpx2",
    "google-genai",
    "pytest",
    "syrupy",
)


@dataclass(frozen=True, slots=True)
class Target:
    """What was aimed at, and what came out."""

    aim: str
    found: str
    met: bool


@dataclass(slots=True)
class Section:
    """The answer to one question: a table, the targets, and lines for the plot.

    `lines` are by panel (`requests` or `conversation`), then by label: points `(x, y)`.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)

    def aim(self, aim: str, found: str, *, met: bool) -> None:
        """Hold what was found against what was aimed at."""
        self.targets.append(Target(aim, found, met))


def page(sections: Iterable[Section], *, quick: bool) -> str:
    """All sections as Markdown, the targets first."""
    sections = list(sections)
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    parts = [
        "# Benchmarks",
        (
            "Written by `make benchmark`: medians, all contenders in one run and in turns. A ratio says how many times "
            "as long (or as much) as what it is compared with."
        ),
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}. {versions}.",
    ]
    if quick:
        parts.append("**A quick run, of fewer rounds and smaller files: not for quoting.**")
    aims = [(t.aim, t.found, "met" if t.met else "**missed**") for section in sections for t in section.targets]
    parts += ["## Targets", table(("aim", "found", ""), aims)]
    for section in sections:
        parts += [f"## {section.title}", table(section.columns, section.rows), *section.notes]
    return "\n\n".join(parts) + "\n"


def excerpt(page: str) -> str:
    """What docs/performance.md shows of the page: when and where it was measured, and the tables that matter most."""
    parts = page.strip().split("\n\n")
    tables = [parts[place + 1] for place, part in enumerate(parts) if part.endswith(_IN_PAGE)]
    return "\n\n".join([parts[2], *tables])


def put_between(marks: str, text: str, document: str) -> str:
    """`document` with `text` in place of what stands between `<!-- marks -->` and `<!-- /marks -->`.

    Raises:
        ValueError: The marks are not in the document.
    """
    begin, end = f"<!-- {marks} -->\n", f"\n<!-- /{marks} -->"
    before, _, rest = document.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"there is no {begin.strip()} ... {end.strip()} in the document")
    return f"{before}{begin}{text}{end}{after}"


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as Markdown."""
    head = [columns, tuple("---" for _ in columns)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [*head, *rows])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def times(ratio: float) -> str:
    """A ratio."""
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.0f}×"
