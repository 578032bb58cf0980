"""Agents vary: with the option `samples`, a test runs live several times until its behaviour is the recorded one.

It holds as soon as one run does. Otherwise the differences that all runs share decide on it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from pytest_interactions.errors import InteractionsError
from pytest_interactions.options import RecordMode
from pytest_interactions.plugin import attempts, opening, scopes, verifying

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.options import Options
    from pytest_interactions.report.verified import Verdict

#: A fixture whose reports go out at once, so that a run can't be taken back.
_BY_ITSELF: Final = "subtests"


class _Sample(NamedTuple):
    """One run of a test: its reports, and the verdict on it; `None` if it used no cassette."""

    reports: list[pytest.TestReport]
    verdict: Verdict | None

    @property
    def holds(self) -> bool:
        """Return whether all of it went well, or nothing is known of it."""
        return not any(report.failed for report in self.reports)

    @property
    def has_drifted(self) -> bool:
        """Return whether it failed by what differs from the recording alone."""
        return self.verdict is not None and self.verdict.outcome == "drifted"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test several times if that is wanted, and report once."""
    samples = _samples(item)
    if samples == 1:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports(item, nextitem, samples):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _samples(item: pytest.Item) -> int:
    """Return how often a test may be run: more than once only if it is verified by a cassette of its own."""
    names = getattr(item, "fixturenames", ())
    mode = item.config.stash[opening.GIVEN][1].get("record_mode", RecordMode.VERIFY)
    if mode != RecordMode.VERIFY or opening.FIXTURE not in names or _BY_ITSELF in names:
        return 1
    options = _options(item)
    return options.samples if options is not None and options.record_mode is RecordMode.VERIFY else 1


def _options(item: pytest.Item) -> Options | None:
    """Return a test's options, as far as they can be known so early; `None` if they are wrong: its fixture says so."""
    config: Mapping[str, Any] = {}
    with suppress(InteractionsError):  # it asks for other fixtures
        config = opening.static_config(item)
    with suppress(InteractionsError):
        return opening.options(item, config)
    return None


def _reports(item: pytest.Item, nextitem: pytest.Item | None, samples: int) -> list[pytest.TestReport]:
    """Run a test until one run holds, and return the reports on it as a whole."""
    seen: list[_Sample] = []
    for number in range(1, samples + 1):
        last = number == samples
        seen.append(_run(item, nextitem if last else _Again(item)))
        if last or seen[-1].holds or item.session.shouldstop or item.session.shouldfail:
            rest = [] if last else _end(item, nextitem)
            return [*_whole(item, seen), *rest]
        _forget(item)
    raise AssertionError  # pragma: no cover - the last one returns


def _run(item: pytest.Item, nextitem: Any) -> _Sample:
    from _pytest.runner import runtestprotocol  # pytest-rerunfailures and others do the same: there is no public way

    item.config.stash[verifying.VERDICTS].pop(item.nodeid, None)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    return _Sample(reports, item.config.stash[verifying.VERDICTS].get(item.nodeid))


class _Again:
    """The same test, as the one that comes next: only what is a test's own ends before it, and is made anew."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item, name)

    def listchain(self) -> list[Any]:
        """Return the collectors that are needed, and this."""
        return [*self._item.listchain()[:-1], self]


def _forget(item: pytest.Item) -> None:
    """Let pytest make what it keeps for a test anew: an instance of its class."""
    if getattr(item, "_instance", None) is not None:
        del item._instance  # type: ignore[attr-defined]  # noqa: SLF001 - as pytest-rerunfailures does
        item._obj = None  # type: ignore[attr-defined]  # noqa: SLF001 - too


def _end(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """End the wider fixtures that a run has left for one more, and return a report if that fails."""

    def end() -> None:
        with scopes.ending(item):
            item.session._setupstate.teardown_exact(nextitem)  # noqa: SLF001 - there is no public way

    call = pytest.CallInfo.from_call(end, "teardown", (pytest.exit.Exception, KeyboardInterrupt))
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return [report] if report.failed else []


# --- one verdict on all runs ---


def _whole(item: pytest.Item, seen: Sequence[_Sample]) -> list[pytest.TestReport]:
    """Return the reports on all runs of a test, and note the verdict on them."""
    failed = [each for each in seen if not (each.holds or each.has_drifted)]
    last = seen[-1] if seen[-1].holds or not failed else failed[-1]
    if last.verdict is None:
        return last.reports
    from pytest_interactions.report.verified import worst

    verdicts = [each.verdict for each in seen if each.verdict is not None]
    found = _counted(verdicts)
    verdict = item.config.stash[verifying.VERDICTS][item.nodeid] = replace(
        last.verdict,
        samples=len(seen),
        requests=sum(each.requests for each in verdicts),
        tokens=sum(each.tokens for each in verdicts),
        findings=found,
        severity=worst(found),
    )
    if last.has_drifted:
        _decide(item, last, verdict, [each for each in found if each["samples"] == len(seen)])
    return last.reports


def _counted(verdicts: Sequence[Verdict]) -> list[Json]:
    """Return the findings of several runs, each once with the number of runs that it was in, the worst first."""
    from pytest_interactions.api.drift.kinds import Severity
    from pytest_interactions.report.verified import identity

    together: dict[Any, Json] = {}
    for verdict in verdicts:
        for key, finding in {identity(each): each for each in verdict.findings}.items():
            known = together.get(key, {"samples": 0})
            together[key] = finding | {"samples": known["samples"] + 1}
    return sorted(together.values(), key=lambda each: -Severity(each["severity"]).rank)


def _decide(item: pytest.Item, last: _Sample, verdict: Verdict, shared: Sequence[Json]) -> None:
    """Let what all runs share fail the test, or let it pass: the report on its last teardown says so."""
    from pytest_interactions.report.verified import Outcome, told

    verification = item.stash[attempts.USE].cassette.verification
    assert verification is not None  # noqa: S101 - the verdict is its own
    failing = [each for each in shared if verification.fails(each["severity"])]
    error = verification.error_for([f"{each['severity']}: {told(each, verdict.samples)}" for each in failing])
    report = last.reports[-1]
    report.outcome, report.longrepr = "passed", None
    if error is None:
        verdict.outcome = Outcome.HOLDS.value
    else:
        attempts.fail(item, report, partial(_raise, error))


def _raise(error: InteractionsError) -> None:
    raise error from None
