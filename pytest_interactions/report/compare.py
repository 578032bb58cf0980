"""Two cassettes compared by behaviour: what the agent did, without what differs at each recording."""

from __future__ import annotations

from difflib import unified_diff
from itertools import chain
from typing import TYPE_CHECKING

from pytest_interactions.api.setting import fact_text, tool_text
from pytest_interactions.api.transcript import Line, lines_of_turn
from pytest_interactions.cassette.differences import Difference
from pytest_interactions.errors import InteractionsError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.text import IN_HEAD, other_lines, seconds_text, tokens_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json

#: The answers after which a client repeats its request by itself: how often is the server's doing on that day.
_REPEATED = (408, 409, 429)
_SERVERS_ERROR = 500


def compare(old: Json, new: Json) -> Json:
    """Return how two reports differ.

    Returns:
        `same` says whether the behaviour is the same; `facts` has what differs else, by name, each as a list of the old
        and the new text; `diff` has the lines of a unified diff of the transcripts.

    Raises:
        InteractionsError: One holds no interaction.
    """
    for report in (old, new):
        if not report["turns"]:
            raise InteractionsError(f"{report['path']}: there is no interaction in it, so no behaviour to compare.")
    return compared(old, new)


def compared(old: Json, new: Json) -> Json:
    """Return the same of any two reports; of one without an interaction, its other requests alone are compared."""
    before, after = (on_one_line(report["path"]) for report in (old, new))
    diff = list(unified_diff(behaviour_lines(old), behaviour_lines(new), before, after, lineterm=""))
    return {"same": not diff, "facts": facts_of(old, new), "diff": diff}


def compared_lines(comparison: Json) -> Iterator[Line]:
    """Yield the lines of a comparison."""
    yield from fact_lines(comparison["facts"])
    for number, line in enumerate(comparison["diff"]):
        if number < 2:  # noqa: PLR2004 - the names of both
            yield Line("title", line)
        else:
            yield Line({"+": "added", "-": "removed", "@": "turn"}.get(line[0], "text"), line)
    if comparison["same"]:
        yield Line("text", "the same behaviour")


def fact_lines(facts: Json) -> Iterator[Line]:
    """Yield the lines of the facts of a comparison."""
    for name, (old, new) in facts.items():
        yield Line("note", on_one_line(_fact_line(name, old, new)))


def behaviour_lines(report: Json) -> list[str]:
    """Return the lines of a report that tell behaviour: what an app would notice, without what a server repeats."""
    kept = [each for each in report["exchanges"] if "turn" in each or not is_repeated(each["status"])]
    others = other_lines({**report, "exchanges": kept}, bodies=False)
    turns = (lines_of_turn(number, turn) for number, turn in enumerate(report["turns"], 1))
    return [line.text for line in chain(others, *turns)]


def is_repeated(status: int) -> bool:
    """Return whether a client repeats its request by itself after an answer with this status."""
    return status in _REPEATED or status >= _SERVERS_ERROR


# --- facts ---


def facts_of(old: Json, new: Json) -> Json:
    """Return what differs in two reports beside the steps, by name, each as a list of the old and the new text."""
    return dict(_facts(old, new))


def _facts(old: Json, new: Json) -> Iterator[tuple[str, list[str]]]:
    """Yield what differs beside the steps, with the texts of both; of a list only what the other one has not."""
    settings = [[turn["setting"] for turn in report["turns"]] for report in (old, new)]
    yield from _fact("model", old["models"], new["models"])
    yield from _fact("agent", old["agents"], new["agents"])
    for name in dict.fromkeys(chain(*chain(*settings))):
        if name not in IN_HEAD:
            yield from _fact(name, *(list(_texts(name, each)) for each in settings))
    counted = old["tokens"].items() ^ new["tokens"].items()
    labels = [label for label in {**old["tokens"], **new["tokens"]} if label in dict(counted)]
    yield from _fact("tokens", *([tokens_text(_only(labels, each["tokens"]))] for each in (old, new)))
    if "seconds" in old and "seconds" in new:
        yield from _fact("latency", *([seconds_text(each["seconds"])] for each in (old, new)))


def _fact(name: str, old: list[str], new: list[str]) -> Iterator[tuple[str, list[str]]]:
    gone, come = [text for text in old if text not in new], [text for text in new if text not in old]
    if gone or come:
        yield name, ["; ".join(dict.fromkeys(gone)), "; ".join(dict.fromkeys(come))]


def _texts(name: str, settings: Iterable[Json]) -> Iterator[str]:
    for value in [setting[name] for setting in settings if name in setting]:
        if name == "tools" and isinstance(value, list):
            yield from map(tool_text, value)
        else:
            yield value if isinstance(value, str) else fact_text(name, value)


def _only(labels: list[str], tokens: dict[str, int]) -> dict[str, int]:
    return {label: tokens.get(label, 0) for label in labels}


def _fact_line(name: str, old: str, new: str) -> str:
    if name == "system_instruction":  # which may be long, and is then told from where it differs
        return Difference(name, old, new).line()
    return f"{name}: {old or 'none'} -> {new or 'none'}"
