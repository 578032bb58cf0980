"""The attempts at a test that has a cassette: what became of each, and its recording saved at its very end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.cassette.cassette import Cassette

CASSETTE: Final[pytest.StashKey[Cassette]] = pytest.StashKey()
#: Of a session: the cassettes of the tests that are not over.
UNSAVED: Final[pytest.StashKey[dict[pytest.Item, Cassette]]] = pytest.StashKey()
#: Of a session: what its summary tells.
NOTES: Final = pytest.StashKey[list[str]]()
_OUTCOMES: Final = pytest.StashKey[list[str]]()


def begin(item: pytest.Item, cassette: Cassette) -> None:
    """Take note of the cassette that was opened for an attempt."""
    item.stash[CASSETTE] = item.config.stash[UNSAVED][item] = cassette
    item.config.stash[NOTES].extend(cassette.recovered)


def start_over(item: pytest.Item) -> None:
    """Forget an attempt that failed, with its recordings and notes: pytest-rerunfailures and others make another."""
    cassette = item.stash.get(CASSETTE, None)
    if cassette is not None:
        cassette.withdraw()
        notes = item.config.stash[NOTES]
        notes[:] = [note for note in notes if not note.startswith(f"{item.nodeid} ")]


@contextmanager
def plainly() -> Iterator[None]:
    """Fail a test with an error's own words alone: neither a traceback nor what led to it."""
    try:
        yield
    except InteractionsError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def note(item: pytest.Item, report: pytest.TestReport) -> None:
    """Remember what became of a phase or a subtest, and tell a failing one what its app was refused."""
    if report.when == "setup":
        item.stash[_OUTCOMES] = []
    if report.when == "call" or not report.passed:
        item.stash.setdefault(_OUTCOMES, []).append(report.outcome)
    cassette = item.stash.get(CASSETTE, None)
    if report.failed and report.when == "call" and cassette is not None:
        told = report.longreprtext
        unsaid = [str(failure) for failure in cassette.failures if str(failure).splitlines()[0] not in told]
        report.sections += [("interactions: what the app was refused", text) for text in dict.fromkeys(unsaid)]


def save(item: pytest.Item, report: pytest.TestReport) -> None:
    """Finish what is not finished, as the last part of the teardown that `report` is of."""
    cassette = item.config.stash[UNSAVED].pop(item, None)
    if cassette is None:
        return
    raised = (KeyboardInterrupt, pytest.exit.Exception)
    call = pytest.CallInfo.from_call(lambda: _finish(item, cassette), when="teardown", reraise=raised)
    ours = pytest.TestReport.from_item_and_call(item, call)
    if not ours.failed:
        return
    if report.passed:
        report.outcome, report.longrepr = ours.outcome, ours.longrepr
    else:
        report.sections.append(("interactions", ours.longreprtext))


def save_rest(config: pytest.Config) -> None:
    """Finish what no teardown has finished, as the run was interrupted."""
    unsaved = config.stash[UNSAVED]
    while unsaved:
        item, cassette = unsaved.popitem()
        item.stash[_OUTCOMES] = []
        try:
            _finish(item, cassette)
        except pytest.fail.Exception as error:
            config.stash[NOTES].append(f"{item.nodeid}: {error}")


def _finish(item: pytest.Item, cassette: Cassette) -> None:
    """Save, and fail a test that passed though it should not have; one that failed already is not failed twice."""
    outcomes = item.stash.get(_OUTCOMES, [])
    outcome = "failed" if "failed" in outcomes else outcomes[-1] if outcomes else "interrupted"
    notes = item.config.stash[NOTES]
    with plainly():
        written = cassette.close(failed=outcome != "passed" or bool(cassette.failures))
    if written is not None and written != cassette.path:
        notes.append(f"{item.nodeid} did not pass, so its cassette is as it was; the new recording is {written}")
    elif written is not None and cassette.left_over:
        notes.append(
            f"{item.nodeid} did not ask for {cassette.left_over} exchanges that its cassette still holds, which fails "
            "its replay; record mode rewrite drops them"
        )
    if cassette.sleeps.idle:
        notes.append(
            f"{item.nodeid} slept {cassette.sleeps.seconds:.1f} s while it replayed; skip it with fast_forward = true"
        )
    problem = cassette.problem() if outcome == "passed" else None
    if problem is not None:
        pytest.fail(str(problem), pytrace=False)
