"""What the cassettes of a run did, in one line at its end; before it begins, what they may do if that is no replay."""

from __future__ import annotations

import os
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.clients import blocks
from pytest_interactions.escaping import on_one_line
from pytest_interactions.options import KEYS, RecordMode
from pytest_interactions.plugin import early_key, verifying

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.errors import InteractionsError
    from pytest_interactions.plugin.tally import Tally

#: What a header names if it is set, never its value.
_CREDENTIALS: Final = (*KEYS, "GOOGLE_APPLICATION_CREDENTIALS")
_NO_KEY: Final = f"no key is set ({', '.join(KEYS)})"
_MOST: Final = 3  # cassettes that are named as the slowest or the largest

#: Of a session: what each test's cassette did, by the cassette, and what else was done, by an object of its own.
_TALLIES: Final = pytest.StashKey[dict[object, "Tally"]]()
#: Of a session: the cassettes of `use_cassette` blocks that have ended, if somebody wants to know them.
BLOCKS: Final = pytest.StashKey[list["Cassette"]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing, and take note of `use_cassette` blocks."""
    config.stash[_TALLIES] = {}
    run: list[blocks.Listener] = [partial(_ended, config), partial(verifying.add_block, config)]
    blocks.RUNS.append(run)
    config.add_cleanup(partial(blocks.RUNS.remove, run))


# --- while tests run ---


def _ended(config: pytest.Config, cassette: Cassette, written: Path | None) -> None:
    count(config, cassette, written)
    config.stash.get(BLOCKS, []).append(cassette)


def count(config: pytest.Config, cassette: Cassette, written: Path | None) -> None:
    """Count what a cassette did that is closed, and for which the file `written` was, if any was."""
    if config.get_verbosity() >= 0:  # else nothing will be printed
        from pytest_interactions.plugin.tally import tally_of

        details = config.get_verbosity() > 0
        config.stash[_TALLIES][cassette] = tally_of(cassette, written, details=details)


def withdraw(config: pytest.Config, cassette: Cassette) -> None:
    """Count no recordings of a failed attempt, which are taken back; what it played was played."""
    tally = config.stash[_TALLIES].get(cassette)
    if tally is not None:
        tally.recorded, tally.new, tally.waiting = 0, [], []


def count_refused(config: pytest.Config, errors: list[InteractionsError]) -> None:
    """Count requests that were refused where no cassette is."""
    if errors:
        from pytest_interactions.plugin.tally import Tally, refused

        config.stash[_TALLIES][object()] = Tally(refused=refused(errors))


# --- at the end ---


def total(config: pytest.Config) -> Tally:
    """Return what all cassettes of this run did, those of pytest-xdist's workers too if they were added."""
    from pytest_interactions.plugin.tally import Tally

    tally = Tally()
    for each in list(config.stash[_TALLIES].values()):
        tally.add(each)
    return tally


def handed_over(config: pytest.Config) -> dict[str, Any]:
    """Return what the cassettes of a pytest-xdist worker did, for its controller; nothing if it had none."""
    return vars(total(config)) if config.stash[_TALLIES] else {}


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Add what a worker has handed over, if that is anything."""
    if output:
        from pytest_interactions.plugin.tally import Tally

        config.stash[_TALLIES][object()] = Tally(**output)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    """Print what the cassettes did, below all that others print and above pytest's last line."""
    yield
    if not config.stash[_TALLIES] or config.get_verbosity() < 0:
        return
    tally = total(config)
    did = list(_told(tally))
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
    if round(tally.skipped, 1):
        yield f"{tally.skipped:,.1f} s of waiting skipped", {}


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
