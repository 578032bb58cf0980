"""What cassettes did, counted: it adds up, and what pytest-xdist sends between processes can hold it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from pytest_interactions import errors
from pytest_interactions.api.usage import total_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

#: The errors of requests that were not sent.
_REFUSALS: Final = (
    errors.CassetteMissError,
    errors.CassetteNotFoundError,
    errors.ForkedError,
    errors.NetworkBlockedError,
    errors.PlaceholderError,
    errors.SeveralCassettesError,
    errors.UnseenRequestError,
    errors.UnsupportedClientError,
)


@dataclass(kw_only=True)
class Tally:
    """What cassettes did.

    Attributes:
        replayed: How many recorded exchanges were played, each once for a test.
        recorded: How many exchanges were recorded and saved.
        refused: How many requests were refused.
        tokens: How many tokens the answers that were played had cost.
        skipped: The seconds of waiting that were skipped.
        new: The cassettes that were not there before.
        waiting: The recordings that wait beside a cassette.
        seconds: Cassettes, each with the seconds that its answers took when they were recorded.
        sizes: Cassettes, each with the bytes of its file.
    """

    replayed: int = 0
    recorded: int = 0
    refused: int = 0
    tokens: int = 0
    skipped: float = 0.0
    new: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    seconds: list[tuple[str, float]] = field(default_factory=list)
    sizes: list[tuple[str, float]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what other cassettes did."""
        for each in fields(self):
            both = getattr(self, each.name)
            both += getattr(other, each.name)
            setattr(self, each.name, both)


def tally_of(cassette: Cassette, written: Path | None, *, details: bool) -> Tally:
    """Return what a cassette did that is closed, and for which the file `written` was, if any was.

    With `details`, it has what took long and what is large.
    """
    account, path = cassette.account, str(cassette.path)
    replayed, added = account.replayed(), account.added() if written is not None else []
    tally = Tally(
        replayed=len(replayed),
        recorded=len(added),
        refused=refused(cassette.failures),
        tokens=total_tokens(replayed),
        skipped=cassette.sleeps.seconds if cassette.sleeps.skip else 0.0,
        new=[path] if written == cassette.path and account.is_new else [],
        waiting=[str(written)] if written not in (None, cassette.path) else [],
    )
    if details and cassette.file.exists():
        tally.seconds.append((path, sum(exchange.seconds or 0 for exchange in [*replayed, *added])))
        tally.sizes.append((path, cassette.file.stat().st_size))
    return tally


def refused(met: Iterable[errors.InteractionsError]) -> int:
    """Return how many of these errors are requests that were not sent."""
    return sum(isinstance(error, _REFUSALS) for error in met)
