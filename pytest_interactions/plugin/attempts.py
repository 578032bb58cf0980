"""The attempts at a test that has a cassette: what became of each, and its recording saved at its very end."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.errors import InteractionsError
from pytest_interactions.plugin import failures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.cassette.cassette import Cassette


@dataclass(eq=False)
class Use:
    """A cassette that is used by a test, or by all tests of a wider scope.

    Attributes:
        user: The test or the wider fixture, as a summary names it.
        cassette: The cassette.
        outcomes: What became of the phases and subtests of the tests that use it.
        is_over: Whether the scope has ended, so that the recording is to be saved.
    """

    user: str
    cassette: Cassette
    outcomes: list[str] = field(default_factory=list)
    is_over: bool = False

    @property
    def outcome(self) -> str:
        """Return what became of it as a whole."""
        return "failed" if "failed" in self.outcomes else self.outcomes[-1] if self.outcomes else "interrupted"


#: Of a test: its cassette's use.
USE: Final = pytest.StashKey[Use]()
#: Of a test: the uses of wider scopes that it takes part in.
WIDER: Final = pytest.StashKey[list[Use]]()
#: Of a test: what its wider fixtures were refused.
REFUSED: Final = pytest.StashKey[list[InteractionsError]]()
#: Of a session: the uses that are not saved.
UNSAVED: Final = pytest.StashKey[list[Use]]()
#: Of a session: what its summary tells.
NOTES: Final = pytest.StashKey[list[str]]()
#: Of a session: the names of headers that were not recorded.
LEFT_OUT: Final = pytest.StashKey[set[str]]()
#: Of a session: what speaks against cassettes that were replayed, by their paths.
DOUBTS: Final = pytest.StashKey[dict[str, list[str]]]()
_OUTCOMES: Final = pytest.StashKey[list[str]]()


def begin(item: pytest.Item, cassette: Cassette) -> None:
    """Take note of the cassette that was opened for an attempt."""
    item.stash[USE] = Use(item.nodeid, cassette, item.stash.setdefault(_OUTCOMES, []))
    register(item.config, item.stash[USE])


def register(config: pytest.Config, use: Use) -> None:
    """Take note of a cassette that was opened; it is to be saved."""
    config.stash[UNSAVED].append(use)
    config.stash[NOTES].extend(use.cassette.recovered)


def start_over(item: pytest.Item) -> None:
    """Forget an attempt that failed, with its recordings and notes: pytest-rerunfailures and others make another."""
    attempt = item.stash.get(USE, None)
    if attempt is not None:
        attempt.cassette.withdraw()
        notes = item.config.stash[NOTES]
        notes[:] = [note for note in notes if not note.startswith(f"{item.nodeid} ")]


@contextmanager
def plainly() -> Iterator[None]:
    """Raise an error without what led to it."""
    try:
        yield
    except InteractionsError as error:
        raise error from None


def note(item: pytest.Item, report: pytest.TestReport, shown: InteractionsError | None) -> None:
    """Remember what became of a phase or a subtest; tell a failing one what its app was refused, besides `shown`."""
    if report.when == "setup":
        item.stash.setdefault(_OUTCOMES, []).clear()
    if report.when == "call" or not report.passed:
        for outcomes in (item.stash.setdefault(_OUTCOMES, []), *(use.outcomes for use in item.stash.get(WIDER, []))):
            outcomes.append(report.outcome)
    if report.failed and report.when == "call":
        told = f"{shown}\n{report.longreprtext}"
        unsaid = [str(failure) for failure in _failures(item) if str(failure).splitlines()[0] not in told]
        report.sections += [("interactions: what the app was refused", text) for text in dict.fromkeys(unsaid)]
        findings = [finding for cassette in _cassettes(item) for finding in cassette.findings()]
        if findings:
            report.sections.append(("interactions: what the API would refuse", "\n".join(findings)))


def _failures(item: pytest.Item) -> list[InteractionsError]:
    return [failure for cassette in _cassettes(item) for failure in cassette.failures]


def _cassettes(item: pytest.Item) -> list[Cassette]:
    uses = [item.stash[USE]] if USE in item.stash else []
    return [use.cassette for use in [*uses, *item.stash.get(WIDER, [])]]


def known_failures(item: pytest.Item) -> list[InteractionsError]:
    """Return the errors that other tests have met in a wider cassette, before this one is called."""
    return [failure for use in item.stash.get(WIDER, []) for failure in use.cassette.failures]


def raise_swallowed(item: pytest.Item, known: list[InteractionsError]) -> None:
    """Raise the first error that an app has met and swallowed since it began, besides those that are `known`."""
    met = [*_failures(item), *item.stash.get(REFUSED, [])]
    swallowed = next((error for error in met if not any(error is each for each in known)), None)
    if swallowed is not None:
        swallowed.add_note("The app went on after this error, as if nothing had happened.")
        raise swallowed from None


def settle(use: Use) -> None:
    """Wait for what is unfinished at the end of a scope; what has failed is over."""
    from pytest_interactions.clients.context import settle

    if use.outcome == "passed":
        settle(use.cassette)


def save(item: pytest.Item, report: pytest.TestReport) -> None:
    """Finish what has ended with a test, as the last part of the teardown that `report` is of."""
    unsaved = item.config.stash[UNSAVED]
    ended = [use for use in unsaved if use.is_over or use is item.stash.get(USE, None)]
    for last in [*(partial(_finish, item.config, use) for use in ended), partial(_judge, item)]:
        raised = (KeyboardInterrupt, pytest.exit.Exception)
        call = pytest.CallInfo.from_call(last, "teardown", raised)
        ours = pytest.TestReport.from_item_and_call(item, call)
        failures.shorten(item, call, ours)
        if ours.failed and report.passed:
            report.outcome, report.longrepr = ours.outcome, ours.longrepr
        elif ours.failed:
            report.sections.append(("interactions", ours.longreprtext))


def _judge(item: pytest.Item) -> None:
    """Fail a test that passed though a wider fixture of it swallowed what it was refused."""
    refused = item.stash.get(REFUSED, [])
    if refused and item.stash.get(_OUTCOMES, []) == ["passed"]:
        raise refused[0] from None


def save_rest(config: pytest.Config) -> None:
    """Finish what no teardown has finished, as the run was interrupted."""
    unsaved = config.stash[UNSAVED]
    while unsaved:
        left = unsaved.pop()
        left.outcomes = []
        try:
            _save(config, left)
        except InteractionsError as error:
            config.stash[NOTES].append(f"{left.user}: {error}")


def _finish(config: pytest.Config, use: Use) -> None:
    """Save, and fail a test that passed though it should not have; one that failed already is not failed twice."""
    config.stash[UNSAVED].remove(use)
    _save(config, use)
    try:
        problem = use.cassette.problem() if use.outcome == "passed" else None
    except Warning as warning:  # where the user makes errors of warnings
        pytest.fail(str(warning), pytrace=False)
    if problem is not None:
        raise problem from None


def _save(config: pytest.Config, use: Use) -> None:
    notes, cassette = config.stash[NOTES], use.cassette
    account = cassette.account
    with plainly():
        written = cassette.close(failed=use.outcome != "passed" or bool(cassette.failures))
    if written is not None:
        config.stash[LEFT_OUT].update(account.left_out)
    if written is not None and written != cassette.path:
        notes.append(f"{use.user} did not pass, so its cassette is as it was; the new recording is {written}")
    elif written is not None and account.left_over:
        notes.append(
            f"{use.user} did not ask for {account.left_over} exchanges that its cassette still holds, which fails its "
            "replay; record mode rewrite drops them"
        )
    doubts = account.doubts()
    if doubts:
        config.stash[DOUBTS][str(cassette.path)] = doubts
    if cassette.sleeps.idle:
        notes.append(
            f"{use.user} slept {cassette.sleeps.seconds:.1f} s while it replayed; skip it with fast_forward = true"
        )


def tell_left_out(config: pytest.Config) -> None:
    """Note which headers were not recorded: only who knows the app can tell whether it reads one."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        names = ", ".join(sorted(left_out))
        config.stash[NOTES].append(
            f"headers of responses that were not recorded: {names}; if the app reads one, name it in keep_headers"
        )
