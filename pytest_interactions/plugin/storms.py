"""What a run says at its end of the storms that its tests were in, by which seeds they are the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.plugin.attempts import Use

_SHOWN: Final = 5
_OUTPUT: Final = "interactions_storms"
#: Of a session: the storms, each with what it hit of each test.
_STORMS: Final = pytest.StashKey[dict[str, dict[str, list[str]]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[_STORMS] = {}


def note(config: pytest.Config, use: Use) -> None:
    """Take note of the storms that a test was in."""
    faults = use.cassette.faults
    for storm in faults.storms:
        config.stash[_STORMS].setdefault(storm, {})[use.user] = list(map(use.cassette.redacted, faults.fired))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's storms to pytest-xdist's controller."""
    output: dict[str, Any] = getattr(session.config, "workeroutput", {})
    output[_OUTPUT] = session.config.stash[_STORMS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the storms of a worker of pytest-xdist to the controller's."""
    for storm, tests in getattr(node, "workeroutput", {}).get(_OUTPUT, {}).items():
        node.config.stash[_STORMS].setdefault(storm, {}).update(tests)


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(config: pytest.Config) -> None:
    """Let a note of the summary tell of each."""
    from pytest_interactions.plugin.attempts import NOTES

    config.stash[NOTES].extend("\n".join(_told(*each)) for each in config.stash[_STORMS].items())


def _told(storm: str, tests: Mapping[str, list[str]]) -> Iterator[str]:
    hit = {test: fired for test, fired in sorted(tests.items()) if fired}
    yield (
        f"a storm hit {len(hit)} of {len(tests)} test{'s' * (len(tests) != 1)}. The same again with the option "
        f"fault = '{storm}'{':' * bool(hit)}"
    )
    for test in list(hit)[:_SHOWN]:
        yield f"  {test}: {'; '.join(hit[test])}"
    if len(hit) > _SHOWN:
        yield f"  ... and {len(hit) - _SHOWN} more"
