"""The whole output of pytest for each failure, as a person sees it."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

# Imported late by the tests; a pytest run inside a test would forget them, and import them anew.
import aiohttp  # noqa: F401
import pytest
import requests  # noqa: F401
from google import genai  # noqa: F401
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from pytest_interactions.cassette import life
from pytest_interactions.redaction.secrets import of_this_run
from pytest_interactions.server.emulator import Hold
from tests.failures.expectations import EXPECTATIONS
from tests.failures.scenarios import SCENARIOS, Scenario
from tests.support import ASYNCIO, node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syrupy.assertion import SnapshotAssertion

    from pytest_interactions.server.emulator import Emulator

_ALL = SCENARIOS | EXPECTATIONS
_MOST = 15  # lines between the name of a test and the next section
_VOLATILE = (
    (r"^(platform|plugins|asyncio|cachedir|hypothesis|\d workers).*\n", ""),
    (r"^=+ (.+ in) \d+\.\d+s( \(.+\))? =+$", r"===== \1 0.12s ====="),
    (r"in \d+\.\d+s", "in 0.12s"),
    (r"\bmax_size=18\d\d\b", "max_size=1878"),  # the milliseconds of a recording have one digit or three
    (r"127\.0\.0\.1:\d+/v1(beta)?/", "127.0.0.1:8123/v1/"),
    (r"pytest-interactions-\w+/", "pytest-interactions-abcdefgh/"),
    (r"\[gw\d\] .*", "[gw0] the worker's Python"),
    (r"[ \t]+$", ""),
)


class _Text(SingleFileSnapshotExtension):
    """A file of what a terminal shows."""

    _write_mode = WriteMode.TEXT
    file_extension = "output"  # `txt` would find the snapshots of steps, too


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The file of the test's output."""
    return snapshot.use_extension(_Text)


class _Runs:
    """The two runs of a scenario."""

    def __init__(self, pytester: pytest.Pytester, emulator: Emulator, patch: pytest.MonkeyPatch) -> None:
        self._pytester, self._emulator, self._patch = pytester, emulator, patch
        self._gate = Hold()
        patch.setenv("COLUMNS", "120")
        patch.delenv("CI", raising=False)

    def of(self, scenario: Scenario) -> pytest.RunResult:
        """Record the scenario's test, change it, and return how it fails then."""
        if scenario.needs:
            node()
        self._emulator.on(input="Wait").reply(text="late", hold=self._gate)
        self._patch.setattr("pytest.gate", self._gate, raising=False)
        self._patch.setattr(life, "PATIENCE", 0.2)
        self._write(scenario, dict.fromkeys(re.findall(r"(?<=if )[A-Z]+\b", scenario.test), "False"))
        if scenario.is_recorded:
            self._run("once", "--snapshot-update")
        scenario.between(self._pytester.path)
        self._write(scenario, scenario.instead)
        try:
            return self._run(scenario.mode, *scenario.args)
        finally:
            self._gate.release()

    def _write(self, scenario: Scenario, instead: Mapping[str, str]) -> None:
        source = scenario.app + scenario.test
        shutil.rmtree(self._pytester.path / "__pycache__", ignore_errors=True)
        for before, after in instead.items():
            source = source.replace(before, after)
        self._pytester.makepyfile(test_it=source)

    def _run(self, mode: str, *args: str) -> pytest.RunResult:
        with self._patch.context() as patch:
            for name, value in self._emulator.env.items() if mode else ():
                patch.setenv(name, value)
            mode = mode or "none"
            wanted = ("-p", "no:cacheprovider", "-p", "no:recording", f"--interactions-record-mode={mode}", *ASYNCIO)
            return self._pytester.runpytest_inprocess(*wanted, *args)


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="the output is held as pytest 9 has it")
@pytest.mark.parametrize("name", _ALL)
def test_a_failure_reads_in_ten_lines(
    name: str,
    golden: SnapshotAssertion,
    pytester: pytest.Pytester,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a person sees of a failure is as it was read and found good, and short."""
    monkeypatch.setattr(of_this_run(), "found_variables", set())  # of other tests of this process
    scenario = _ALL[name]
    result = _Runs(pytester, emulator, monkeypatch).of(scenario)
    result.assert_outcomes(**scenario.ends)
    output = result.stdout.str().replace(f"{pytester.path}{os.sep}", "").replace(str(pytester.path), "ROOT")
    for pattern, replacement in _VOLATILE:
        output = re.sub(pattern, replacement, output, flags=re.MULTILINE)
    assert output == golden
    assert max(_lengths(output), default=0) <= _MOST


def _lengths(output: str) -> list[int]:
    """Return the number of lines between the name of each test and the next section."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    return [
        len(part.strip().splitlines())
        for part in re.findall(r"^_+ .+ _+\n(.*?)(?=^[=_-]+ )", plain, re.MULTILINE | re.DOTALL)
    ]
