"""The attempts at a test that has a cassette: what became of each, and its recording saved at its very end."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.errors import InteractionsError
from pytest_interactions.options import Differing
from pytest_interactions.plugin import storms, summary, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.snapshot import StepsAssertion


class Use:  # a dataclass takes longer to make, at each start of pytest
    """A cassette that is used by a test, or by all tests of a wider scope.

    Attributes:
        user: The test or the wider fixture, as a summary names it.
        cassette: The cassette.
        outcomes: What became of the phases and subtests of the tests that use it.
        is_over: Whether the scope has ended, so that the recording is to be saved.
        snapshots: The test's assertions on snapshots of steps.
    """

    def __init__(self, user: str, cassette: Cassette, outcomes: list[str] | None = None) -> None:
        self.user = user
        self.cassette = cassette
        self.outcomes = [] if outcomes is None else outcomes
        self.is_over = False
        self.snapshots: list[StepsAssertion] = []

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
#: Of a session: the tests that failed, or did not judge their snapshots, by their ids.
FAILED: Final = pytest.StashKey[set[str]]()
_OUTCOMES: Final = pytest.StashKey[list[str]]()
#: Of a test: the errors that are told: those that others have met in a wider cassette, and its own of earlier phases.
_KNOWN: Final = pytest.StashKey[list[InteractionsError]]()


def begin(item: pytest.Item, cassette: Cassette) -> None:
    """Take note of the cassette that was opened for an attempt."""
    item.stash[USE] = Use(item.nodeid, cassette, item.stash.setdefault(_OUTCOMES, []))
    register(item.config, item.stash[USE])


def register(config: pytest.Config, use: Use) -> None:
    """Take note of a cassette that was opened; it is to be saved."""
    config.stash[UNSAVED].append(use)
    config.stash[NOTES].extend(use.cassette.recovered)


def take_part(item: pytest.Item, users: list[Use]) -> None:
    """Take note that a test takes part in the uses of wider scopes, from now on."""
    item.stash[WIDER] = users
    item.stash[_KNOWN] = [error for use in users for error in use.cassette.failures]


def start_over(item: pytest.Item) -> None:
    """Forget an attempt that failed, with its recordings and notes: pytest-rerunfailures and others make another."""
    attempt = item.stash.get(USE, None)
    if attempt is not None:
        attempt.cassette.withdraw()
        if attempt.outcome != "passed":
            summary.withdraw(item.config, attempt.cassette)
        notes = item.config.stash[NOTES]
        notes[:] = [note for note in notes if not note.startswith(f"{item.nodeid} ")]


@contextmanager
def plainly() -> Iterator[None]:
    """Raise an error without what led to it."""
    try:
        yield
    except InteractionsError as error:
        raise error from None


def note(item: pytest.Item, report: pytest.TestReport) -> None:
    """Remember what became of a phase or a subtest; tell all of a failing one if pytest is asked for all."""
    if report.when == "setup":
        item.stash.setdefault(_OUTCOMES, []).clear()
    if report.when == "call" or not report.passed:
        for outcomes in (item.stash.setdefault(_OUTCOMES, []), *(use.outcomes for use in item.stash.get(WIDER, []))):
            outcomes.append(report.outcome)
    if report.failed and (USE in item.stash or item.stash.get(WIDER, [])):
        item.config.stash[FAILED].add(item.nodeid)
    if report.failed and report.when == "call":
        from pytest_interactions.plugin import failures

        if failures.is_wanted_whole(item.config):
            told = report.longreprtext
            unsaid = [str(error) for error in met(item) if str(error).splitlines()[0] not in told]
            report.sections += [("interactions: what the app was refused", text) for text in dict.fromkeys(unsaid)]
        from pytest_interactions.plugin.sections import sections

        report.sections += sections(_cassettes(item))
    if report.when == "call" or report.failed:  # what comes after is told of what it meets itself
        item.stash[_KNOWN] = [*item.stash.get(_KNOWN, []), *met(item)]


def _cassettes(item: pytest.Item) -> list[Cassette]:
    uses = [item.stash[USE]] if USE in item.stash else []
    return [use.cassette for use in [*uses, *item.stash.get(WIDER, [])]]


def met(item: pytest.Item) -> list[InteractionsError]:
    """Return the errors that a test's app has met so far, whatever it has made of them."""
    known = item.stash.get(_KNOWN, [])
    errors = [error for cassette in _cassettes(item) for error in cassette.failures]
    return [error for error in [*errors, *item.stash.get(REFUSED, [])] if not any(error is each for each in known)]


@contextmanager
def called(item: pytest.Item) -> Iterator[None]:
    """Fail a test that passes its call though its app has met one of our errors, and swallowed it."""
    try:
        yield
    except pytest.skip.Exception:  # such as by an app's caller that takes our error for an outage
        if not met(item):
            raise
    in_subtest, of_unittest = "failed" in item.stash.get(_OUTCOMES, []), getattr(item, "_excinfo", None)
    swallowed = [] if in_subtest or of_unittest else met(item)
    if swallowed:
        swallowed[0].add_note("The app caught this error and went on, so the test fails.")
        raise swallowed[0] from None


def settle(use: Use) -> None:
    """Wait for what is unfinished at the end of a scope; what has failed is over."""
    from pytest_interactions.clients.context import settle

    if use.outcome == "passed":
        settle(use.cassette)


def save(item: pytest.Item, report: pytest.TestReport) -> None:
    """Finish what has ended with a test, as the last part of the teardown that `report` is of."""
    unsaved = item.config.stash[UNSAVED]
    ended = [use for use in unsaved if use.is_over or use is item.stash.get(USE, None)]
    summary.count_refused(item.config, item.stash.get(REFUSED, []))
    for last in [*(partial(_finish, item.config, use) for use in ended), partial(_judge, item)]:
        fail(item, report, last)


def fail(item: pytest.Item, report: pytest.TestReport, last: Callable[[], None]) -> None:
    """Let a report of a teardown fail by the error of its very `last` part, if that raises one."""
    raised = (KeyboardInterrupt, pytest.exit.Exception)
    call = pytest.CallInfo.from_call(last, "teardown", raised)
    ours = pytest.TestReport.from_item_and_call(item, call)
    if not ours.failed:
        return
    from pytest_interactions.plugin import failures

    failures.shorten(item, call, ours)
    if report.passed:
        report.outcome, report.longrepr = ours.outcome, ours.longrepr
    else:
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
    if use.cassette.verification is not None:
        from pytest_interactions.plugin import verifying

        verifying.add(config, use)
    try:
        problem = use.cassette.problem() if use.outcome == "passed" else None
    except Warning as warning:  # where the user makes errors of warnings
        pytest.fail(str(warning), pytrace=False)
    if problem is not None:
        raise problem from None


_PUSH: Final = "recorded into the tree, and not in the store yet: pytest-interactions push"
_PUSH_MEDIA: Final = f"media were {_PUSH}"


def _save(config: pytest.Config, use: Use) -> None:
    notes, cassette = config.stash[NOTES], use.cassette
    account, written = cassette.account, None
    try:
        with plainly():
            written = cassette.close(failed=use.outcome != "passed" or bool(cassette.failures))
    finally:
        summary.count(config, cassette, written)
    if written is not None:
        config.stash[LEFT_OUT].update(account.left_out)
        _note_saved(config, use, written)
    if len(cassette.sequence) and cassette.options.differing is Differing.WARN and use.outcome == "passed":
        notes.append(
            f"{use.user} got answers in sequence to requests that differ from the recorded ones, "
            f"{len(cassette.sequence)} in all; its warning says how"
        )
    storms.note(config, use)
    if cassette.faults.are_any and account.recorded():
        notes.append(f"{use.user} recorded; its faults hit what is replayed, and nothing else")
    if use.snapshots and written in (None, cassette.path) and not cassette.faults.storms:
        notes.extend(filter(None, [waiting.snapshots(config, use)]))
    doubts = account.doubts()
    if doubts:
        config.stash[DOUBTS][str(cassette.path)] = doubts
    if cassette.sleeps.idle:
        notes.append(
            f"{use.user} slept {cassette.sleeps.seconds:.1f} s while it replayed; the option fast_forward skips that"
        )
    if cassette.sleeps.spins:
        notes.append(
            f"{use.user} skipped {cassette.sleeps.count:,} waits within {cassette.sleeps.elapsed:.1f} s: a loop that "
            "waits for time.monotonic() or time.time() to reach a moment spins until then, as fast_forward leaves them "
            "real; count tries instead, or set fast_forward = false"
        )


def _note_saved(config: pytest.Config, use: Use, written: Path) -> None:
    """Note what is left to do with what was written."""
    notes, cassette, account = config.stash[NOTES], use.cassette, use.cassette.account
    if written == cassette.path and cassette.options.store:
        notes.extend([_PUSH] if not cassette.options.store_media else [_PUSH_MEDIA] * cassette.media.is_dir())
    if written != cassette.path:
        test, accept = cassette.redacted(use.user), waiting.recording(config, use, written)
        notes.append(f"{test} did not pass, so its cassette is as it was. {accept}")
    elif account.left_over:
        notes.append(
            f"{use.user} did not ask for {account.left_over} exchanges that its cassette still holds, which fails its "
            "replay; record mode rewrite drops them"
        )


def tell_left_out(config: pytest.Config) -> None:
    """Note which headers were not recorded: only who knows the app can tell whether it reads one."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        names = ", ".join(sorted(left_out))
        config.stash[NOTES].append(
            f"headers of responses that were not recorded: {names}; if the app reads one, name it in keep_headers"
        )
