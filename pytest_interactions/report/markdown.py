"""What is shown of cassettes as Markdown, for pull requests: the lines of the terminal, in GitHub's dialect.

What was recorded stands in code alone: there it becomes no link, no mention, no heading and no HTML.
"""

from __future__ import annotations

import re
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.compare import compared_lines
from pytest_interactions.report.text import INCOMPLETE, head_facts, lines_of_exchanges_and_turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.json_values import Json

_TICKS: Final = re.compile("`+")
_SHORTEST_FENCE: Final = 3


def reports_markdown(reports: Sequence[Json]) -> Iterator[str]:
    """Yield the lines of reports, one after the other; of several, each transcript is folded."""
    for number, report in enumerate(reports):
        yield from [""] * (number > 0)
        yield f"### {code(report['path'])}"
        yield ""
        yield from (f"- {name}: {code(fact)}" for name, fact in head_facts(report).items())
        yield from [f"- {INCOMPLETE}"] * report["incomplete"]
        yield ""
        transcript = fenced(line.text for line in lines_of_exchanges_and_turns(report))
        yield from folded(_summary(report), transcript) if len(reports) > 1 else transcript


def comparison_markdown(comparison: Json, paths: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a comparison of the cassettes at two paths."""
    yield f"### {code(paths[0])} → {code(paths[1])}"
    yield ""
    facts = len(comparison["facts"])
    lines = [line.text for line in compared_lines(comparison)]
    yield from (f"- {code(line)}" for line in islice(lines, facts))
    yield from [""] * (facts > 0)
    yield from ["The same behaviour."] if comparison["same"] else fenced(lines[facts:], "diff")


def code(text: str) -> str:
    """Return a text as code on one line, whatever is in it."""
    line = on_one_line(text)
    ticks = "`" * (1 + max(map(len, _TICKS.findall(line)), default=0))
    needs_space = line.startswith("`") or line.endswith("`") or not line
    return f"{ticks} {line} {ticks}" if needs_space else f"{ticks}{line}{ticks}"


def fenced(lines: Iterable[str], language: str = "text") -> Iterator[str]:
    """Yield lines as a block of code, whose fence is longer than any in them."""
    block = list(lines)
    longest = max((len(ticks) for line in block for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    yield f"{fence}{language}"
    yield from block
    yield fence


def folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that are folded below a summary, which is shown as code: elsewhere a name may be a mention."""
    yield f"<details><summary><code>{escape(on_one_line(summary))}</code></summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"


def _summary(report: Json) -> str:
    turns = report["turns"]
    ends = str(turns[-1]["status"] or "no status") if turns else ""
    return ", ".join(filter(None, (_counted(len(turns), "turn"), _counted(len(report["exchanges"]), "exchange"), ends)))


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"
