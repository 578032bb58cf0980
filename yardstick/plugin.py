"""The pytest plugin of one run of the SDK's tests: as they are, with the doubles on the wire, recorded, or replayed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from yardstick import doubles
from yardstick.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN: Final = pytest.StashKey[str]()
_found: dict[str, dict[str, Any]] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Put the doubles on the wire, but in the run of the tests as they are."""
    run = config.stash[_RUN] = os.environ["YARDSTICK_RUN"]
    wire_port, own_port = map(int, os.environ["YARDSTICK_PORTS"].split())
    wire = Wire(wire_port, silent=run == "replay")
    if os.environ["YARDSTICK_SUITE"] != "interactions":  # which looks at the addresses of the real API
        doubles.address_api_clients(wire)
    if run != "alone":
        doubles.put_on(wire)
        doubles.serve_at(own_port, replays=run == "replay")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark all tests as ours where they are recorded or replayed, before our plugin looks."""
    if config.stash[_RUN] in {"record", "replay"}:
        for item in items:
            item.add_marker(pytest.mark.interactions)
    return (yield)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that can't be imported here."""
    if report.failed:
        _found[f"{report.nodeid}::*"] = {"outcome": "not imported", "exchanges": 0, "error": _last(report.longreprtext)}


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note the outcome, what there was to record, and the error."""
    report: pytest.TestReport = yield  # type: ignore[assignment] # what a wrapper is sent
    fact = _found.setdefault(_name(item), {"outcome": "passed", "exchanges": 0, "error": ""})
    if not report.passed and fact["outcome"] != "failed":
        fact |= {"outcome": report.outcome, "error": _last(report.longreprtext)}
    cassette = getattr(item, "funcargs", {}).get("interactions")
    if cassette is not None and report.when == "call":
        fact["exchanges"] = len(cassette.exchanges)
    return report  # type: ignore[return-value] # and passes on


def _name(item: pytest.Item) -> str:
    _, _, file = item.path.as_posix().rpartition("/genai/tests/")
    return f"{file}::{item.nodeid.partition('::')[2]}"


def _last(text: str) -> str:
    """The first line of what was raised, without what differs from run to run."""
    raised = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return raised[0][:300] if raised else text.strip()[-300:]


def pytest_sessionfinish() -> None:
    """Write what was noted."""
    Path(os.environ["YARDSTICK_FOUND"]).write_text(json.dumps(_found, indent=1), "utf-8")
