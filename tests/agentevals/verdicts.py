"""The ways in which trajectories are compared, and what agentevals and this package say of each pair."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.expected.messages import calls_of, messages_of
from pytest_interactions.api.expected.reference import read, written
from pytest_interactions.api.expected.tolerance import Tolerance
from pytest_interactions.api.expected.verdict import MATCHES, Match, is_as_expected
from tests.agentevals.trajectories import for_agentevals, for_us, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_interactions.api.expected.tolerance import Tolerate

#: The verdicts that the real agentevals has given.
PATH: Final = Path(__file__).parent / "verdicts.json"


class Configuration(NamedTuple):
    """One way to compare.

    Attributes:
        match: The mode.
        tolerate: What we are told.
        mode: agentevals' `tool_args_match_mode`.
        overrides: agentevals' `tool_args_match_overrides`.
    """

    match: Match
    tolerate: Tolerate | None = None
    mode: Any = "exact"
    overrides: Any = None


def _same_city(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return str(one.get("city")).lower() == str(other.get("city")).lower()


def _configurations() -> Mapping[str, Configuration]:
    found: dict[str, Configuration] = {}
    rules = {"get_weather": _same_city, "book": _same_city}
    for match in MATCHES:
        name: Any = match
        found[name] = Configuration(name)
        found[f"{name}, arguments ignored"] = Configuration(name, "ignore", "ignore")
        found[f"{name}, a tool's arguments ignored"] = Configuration(name, ["search"], overrides={"search": "ignore"})
        found[f"{name}, a function"] = Configuration(name, rules, overrides=rules)
    # In its mode `subset`, agentevals gives a call that was received the place of the one that was expected.
    for mode, turned in (("subset", "superset"), ("superset", "subset")):
        found[f"strict, arguments {mode}"] = Configuration("strict", mode, mode)
        found[f"superset, arguments {mode}"] = Configuration("superset", mode, mode)
        found[f"subset, arguments {mode}"] = Configuration("subset", mode, turned)
    return found


CONFIGURATIONS: Final = _configurations()


def is_as_agentevals_says(configuration: Configuration) -> list[bool]:
    """The real agentevals' verdicts on all pairs."""
    from agentevals.trajectory.match import create_trajectory_match_evaluator

    judge = create_trajectory_match_evaluator(
        trajectory_match_mode=configuration.match,
        tool_args_match_mode=configuration.mode,
        tool_args_match_overrides=configuration.overrides,
    )
    asked = [(for_agentevals(received), for_agentevals(expected)) for expected, received in pairs()]
    return [bool(judge(outputs=received, reference_outputs=expected)["score"]) for received, expected in asked]


def ours(configuration: Configuration) -> list[bool]:
    """This package's verdicts on all pairs, both read from their texts."""
    return [_verdict(configuration, *texts) for texts in texts_of_pairs()]


@cache
def texts_of_pairs() -> list[tuple[str, str]]:
    """The texts of all pairs, as a snapshot has them."""
    return [(written(for_us(expected)), written(for_us(received))) for expected, received in pairs()]


def _verdict(configuration: Configuration, old: str, new: str) -> bool:
    expected, received = messages_of(read(old)), messages_of(read(new))
    calls = [*calls_of(expected), *calls_of(received)]
    tolerance = Tolerance(_named_in(configuration.tolerate, {call.name for call in calls}))
    tolerance.learn(calls)
    return is_as_expected(expected, received, configuration.match, tolerance.fits)


def _named_in(tolerate: Any, tools: set[str]) -> Any:
    """What is tolerated of tools that were called: a name that nothing has is an error."""
    if isinstance(tolerate, dict):
        return {name: rule for name, rule in tolerate.items() if name in tools}
    return [name for name in tolerate if name in tools] if isinstance(tolerate, list) else tolerate
