"""The figures of a run's tests, by which they are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.report.run import rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.report.model import Run, Test

_HEADLINE: Final = 300  # characters
_DIFFERENCES: Final = 4  # lines of a snapshot


class Row(NamedTuple):
    """A test with the figures by which tests are sorted: `place` is that of the list as it is opened."""

    test: Test
    place: int
    headline: str
    turns: int
    tools: list[str]
    tokens: int
    seconds: float | None


def rows(run: Run) -> list[Row]:
    """Return the tests with their figures: those first that a person looks for first."""
    ordered = sorted(run["tests"], key=rank)
    return [_row(test, place) for place, test in enumerate(ordered)]


def _row(test: Test, place: int) -> Row:
    contents = [traced["content"] for traced in test["cassettes"]]
    called = [step["call"].rpartition("#")[0] for step in _steps(contents) if _is_call(step)]
    known = [content["seconds"] for content in contents if "seconds" in content]
    return Row(
        test,
        place,
        headline=_headline(test)[:_HEADLINE],
        turns=sum(len(content["turns"]) for content in contents),
        tools=list(dict.fromkeys(called)),
        tokens=sum(sum(content["tokens"].values()) for content in contents),
        seconds=sum(known) if known else None,
    )


def _headline(test: Test) -> str:
    """Return what a test came to, in one line; of a snapshot that differs, how it does."""
    differs = [text for change in test["snapshots"] for kind, text in change["lines"] if kind in ("added", "removed")]
    if differs:
        return "snapshot: " + "; ".join(f"{text[:1]} {text[1:].strip()}" for text in differs[:_DIFFERENCES])
    return next((phase["headline"] for phase in test["phases"] if phase["headline"]), "")


def _steps(contents: list[Json]) -> Iterator[Json]:
    for content in contents:
        for turn in content["turns"]:
            yield from turn["steps"]


def _is_call(step: Json) -> bool:
    return str(step.get("type", "")).endswith("_call") and "call" in step
