"""What must fail a test at its end: what its app has swallowed, and what it did not ask for, or not as it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.cassette import linting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.errors import FaultError, InteractionsError


def problem(cassette: Cassette, asked: Sequence[Exchange]) -> InteractionsError | None:
    """Return the error by which a test fails that passed, with notes on others; `None` if there is none.

    `asked` are the test's exchanges.
    """
    if cassette.failures:
        return cassette.failures[0]
    found = list(_problems(cassette))
    for other in found[1:]:
        found[0].add_note(f"Besides: {other.headline}")
    return found[0] if found else linting.judge(cassette.path, asked, cassette.options.lint)


def _problems(cassette: Cassette) -> Iterator[InteractionsError]:
    found = (
        cassette.overrides.problem(),
        hit_nothing(cassette),
        cassette.sequence.problem(),
        cassette.account.problem(),
        cassette.sockets.problem(),
        None if cassette.verification is None else cassette.verification.error(),
    )
    return filter(None, found)


def hit_nothing(cassette: Cassette) -> FaultError | None:
    """Return the error for faults that hit nothing; `None` if there are none, or as what is recorded is hit by none."""
    return None if cassette.account.recorded() else cassette.faults.problem(cassette.redacted)
