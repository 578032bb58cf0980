"""What a run says at its end of cassettes that were replayed though they are old, or of models that are no more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.plugin import attempts

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN: Final = 3
_OUTPUT: Final = "interactions_doubts"


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no doubts."""
    config.stash[attempts.DOUBTS] = {}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's doubts to pytest-xdist's controller."""
    output: dict[str, Any] = getattr(session.config, "workeroutput", {})
    output[_OUTPUT] = session.config.stash[attempts.DOUBTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a pytest-xdist worker's doubts to the controller's; several may have replayed the same cassette."""
    node.config.stash[attempts.DOUBTS].update(getattr(node, "workeroutput", {}).get(_OUTPUT, {}))


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(config: pytest.Config) -> None:
    """Let one note of the summary tell of all of them."""
    doubts = config.stash[attempts.DOUBTS]
    if doubts:
        config.stash[attempts.NOTES].append(_told(doubts, f"{config.invocation_params.dir}{os.sep}"))


def _told(doubts: Mapping[str, list[str]], here: str) -> str:
    lines = [f"  {path.removeprefix(here)}: {'; '.join(doubts[path])}" for path in sorted(doubts)]
    more = [f"  ... and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    number = f"{len(lines)} cassettes that were" if len(lines) > 1 else "a cassette that was"
    head = f"{number} replayed may not be what the API answers today; record mode rewrite records again:"
    return "\n".join([head, *lines[:_SHOWN], *more])
