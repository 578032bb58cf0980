"""Runs of pytest in processes that know nothing of this one's environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support import ASYNCIO, STRICT

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED = ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def nothing() -> dict[str, str]:
    """An environment without a home, keys, projects and credentials."""
    return {name: os.environ[name] for name in _NEEDED if name in os.environ}


def run_with_nothing(
    pytester: pytest.Pytester, *args: str, environ: Mapping[str, str] | None = None
) -> pytest.RunResult:
    """Run the tests of `pytester` in a process with the variables of `environ`, and no others."""
    variables = nothing() | dict(environ or {})
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:recording", *STRICT, *ASYNCIO, *args)
