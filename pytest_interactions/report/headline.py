"""The line that a lock file has of a cassette: what its agent did, in so few words that a pull request can show it."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import IN_CASSETTE, hex_digest
from pytest_interactions.report.text import lasting_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json

_SHOWN: Final = 60  # characters of the last text


def behaviour_of(report: Json) -> str:
    """Return the digest of the transcript of a report, without what differs at each recording."""
    return hex_digest("\n".join(line.text for line in lasting_lines(report)), IN_CASSETTE)


def headline(report: Json) -> str:
    """Return the number of turns, the tools that were called, and how the last text begins; or how it all ended."""
    turns = report["turns"]
    if not turns:
        return _counted(len(report["exchanges"]), "request")
    steps = list(chain.from_iterable(turn["steps"] for turn in turns))
    calls = Counter(_name(step) for step in steps if step["type"].endswith("_call"))
    tools = [name if count == 1 else f"{name} ×{count}" for name, count in calls.items()]  # noqa: RUF001 - for people
    said = next((text for step in reversed(steps) for text in _texts(step)), None)
    end = turns[-1]["status"] if said is None or turns[-1]["status"] != "completed" else f'"{said}"'
    return ", ".join([_counted(len(turns), "turn"), *tools, str(end)])


def _name(step: Json) -> str:
    return str(step.get("call", step["type"].removesuffix("_call"))).partition("#")[0]


def _texts(step: Json) -> Iterator[str]:
    content = step.get("content")
    if step["type"] == "model_output" and isinstance(content, list):
        for part in reversed(content):
            text = " ".join(part["text"].split()) if isinstance(part, dict) and part.get("text") else ""
            if text:
                yield text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
