"""What the cassettes of a run did, in one line at its end; before it begins, what they may do if that is no replay."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.clients import blocks
from pytest_interactions.errors import (
    CassetteMissError,
    CassetteNotFoundError,
    ForkedError,
    NetworkBlockedError,
    PlaceholderError,
    SeveralCassettesError,
    UnseenRequestError,
    UnsupportedClientError,
)
from pytest_interactions.escaping import on_one_line
from pytest_interactions.options import KEYS, RecordMode
from pytest_interactions.plugin import early_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.errors import InteractionsError

#: The errors of requests that were not sent.
_REFUSALS: Final = (
    CassetteMissError,
    CassetteNotFoundError,
    ForkedError,
    NetworkBlockedError,
    PlaceholderError,
    SeveralCassettesError,
    UnseenRequestError,
    UnsupportedClientError,
)
#: What a header names if it is set, never its value.
_CREDENTIALS: Final = (*KEYS, "GOOGLE_APPLICATION_CREDENTIALS")
_NO_KEY: Final = f"no key is set ({', '.join(KEYS)})"
_MOST: Final = 3  # cassettes that are named as the slowest or the largest


@dataclass(kw_only=True)
class Tally:
    """What cassettes did; tallies add up, and what pytest-xdist sends between processes can hold one.

    Attributes:
        replayed: How many recorded exchanges were played, each once for a test.
        recorded: How many exchanges were recorded and saved.
        refused: How many requests were refused.
        tokens: How many tokens the answers that were played had cost.
        new: The cassettes that were not there before.
        waiting: The recordings that wait beside a cassette.
        seconds: Cassettes, each with the seconds that its answers took when they were recorded.
        sizes: Cassettes, each with the bytes of its file.
    """

    replayed: int = 0
    recorded: int = 0
    refused: int = 0
    tokens: int = 0
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


#: Of a session: what each test's cassette did, by the cassette, and what else was done, by an object of its own.
_TALLIES: Final = pytest.StashKey[dict[object, Tally]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing, and take note of `use_cassette` blocks."""
    config.stash[_TALLIES] = {}
    listener = partial(_count_block, config)
    blocks.LISTENERS.append(listener)
    config.add_cleanup(partial(blocks.LISTENERS.remove, listener))


# --- while tests run ---


def count(config: pytest.Config, cassette: Cassette, written: Path | None) -> None:
    """Count what a cassette did that is closed, and for which the file `written` was, if any was."""
    config.stash[_TALLIES][cassette] = _of(config, cassette, written)


def withdraw(config: pytest.Config, cassette: Cassette) -> None:
    """Count no recordings of a failed attempt, which are taken back; what it played was played."""
    tally = config.stash[_TALLIES].get(cassette, Tally())
    tally.recorded, tally.new, tally.waiting = 0, [], []


def count_refused(config: pytest.Config, errors: list[InteractionsError]) -> None:
    """Count requests that were refused where no cassette is."""
    if errors:
        config.stash[_TALLIES][object()] = Tally(refused=_refused(errors))


def _count_block(config: pytest.Config, cassette: Cassette, written: Path | None) -> None:
    config.stash[_TALLIES][object()] = _of(config, cassette, written)  # in one step, as threads have blocks too


def _of(config: pytest.Config, cassette: Cassette, written: Path | None) -> Tally:
    if config.get_verbosity() < 0:  # nothing will be printed
        return Tally()
    from pytest_interactions.api.usage import total_tokens

    account, path = cassette.account, str(cassette.path)
    replayed, added = account.replayed(), account.added() if written is not None else []
    tally = Tally(
        replayed=len(replayed),
        recorded=len(added),
        refused=_refused(cassette.failures),
        tokens=total_tokens(replayed),
        new=[path] if written == cassette.path and account.is_new else [],
        waiting=[str(written)] if written not in (None, cassette.path) else [],
    )
    if config.get_verbosity() > 0 and cassette.path.exists():
        tally.seconds.append((path, sum(exchange.seconds or 0 for exchange in [*replayed, *added])))
        tally.sizes.append((path, cassette.path.stat().st_size))
    return tally


def _refused(errors: list[InteractionsError]) -> int:
    return sum(isinstance(error, _REFUSALS) for error in errors)


# --- at the end ---


def total(config: pytest.Config) -> Tally:
    """Return what all cassettes of this run did, those of pytest-xdist's workers too if they were added."""
    tally = Tally()
    for each in list(config.stash[_TALLIES].values()):
        tally.add(each)
    return tally


def handed_over(config: pytest.Config) -> dict[str, Any]:
    """Return what the cassettes of a pytest-xdist worker did, for its controller."""
    return asdict(total(config))


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Add what a worker has handed over."""
    config.stash[_TALLIES][object()] = Tally(**output)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    """Print what the cassettes did, below all that others print and above pytest's last line."""
    yield
    tally = total(config)
    did = list(_told(tally)) if config.get_verbosity() >= 0 else []
    if did:
        terminalreporter.ensure_newline()
        for number, (text, markup) in enumerate(did):
            terminalreporter.write(", " if number else "interactions: ")
            terminalreporter.write(text, **markup)
        terminalreporter.write("\n")
        for line in _most(config, tally):
            terminalreporter.write_line(line)


def _told(tally: Tally) -> Iterator[tuple[str, dict[str, bool]]]:
    """Yield what is told, each with its colour; what did not happen is left out."""
    if tally.replayed:
        yield f"{tally.replayed:,} replayed", {"green": True}
    if tally.recorded:
        new, waiting = len(set(tally.new)), len(set(tally.waiting))
        more = [_several(new, "new cassette")] * (new > 0)
        more += [f"{waiting} wait{'s' * (waiting == 1)} for review"] * (waiting > 0)
        yield f"{tally.recorded:,} recorded" + f" ({', '.join(more)})" * bool(more), {"yellow": True}
    if tally.refused:
        yield f"{tally.refused:,} refused", {"red": True}
    if tally.tokens:
        yield f"{_several(tally.tokens, 'token')} not spent", {}


def _most(config: pytest.Config, tally: Tally) -> Iterator[str]:
    """Yield which cassettes took longest to record, as far as that is known, and which are largest."""
    for title, figures, shown in (
        ("slowest to record", tally.seconds, lambda seconds: f"{seconds:.1f} s"),
        ("largest", tally.sizes, _size),
    ):
        of_each = dict(sorted(figures, key=itemgetter(1)))  # of several figures for one cassette, the highest
        highest = [(path, figure) for path, figure in of_each.items() if round(figure, 1)][-1 : -_MOST - 1 : -1]
        if highest:
            yield f"interactions, {title}: " + ", ".join(
                f"{_path(config, path)} ({shown(figure)})" for path, figure in highest
            )


def _several(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"  # noqa: PLR2004 - a megabyte


def _path(config: pytest.Config, name: str) -> str:
    path, here = Path(name), config.invocation_params.dir
    return on_one_line(str(path.relative_to(here) if path.is_relative_to(here) else path))


# --- at the beginning ---


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say in which record mode the run is, if it is more than a replay, and whether there is a key for it."""
    from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY

    mode = early_key.option(config, "record_mode") or RecordMode.NONE
    if mode == RecordMode.NONE:
        return None
    found = [name for name in _CREDENTIALS if os.environ.get(name, "") not in ("", PLACEHOLDER_KEY)]
    keys = f"{' and '.join(found)} {'is' if len(found) == 1 else 'are'} set"
    return f"interactions: record mode {mode}, {keys if found else _NO_KEY}"
