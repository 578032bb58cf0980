"""The demo: recording, replay, redaction and snapshots on the eleven sections of the API's quickstart.

Each section is recorded against the emulator. Then the emulator is stopped, and each section is replayed at the real
API's address with the network refused. A section holds if the app sees the same values both times, if no cassette has
one of the secrets among them, and if the steps are those of a snapshot that comes with the package.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.transcript import render
from pytest_interactions.clients.context import use_cassette
from pytest_interactions.demo.clients import connect_to
from pytest_interactions.demo.sections import SECTIONS, Section
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_interactions.demo.sections import Connect

_REAL = "https://generativelanguage.googleapis.com"
_SNAPSHOTS = Path(__file__).parent / "snapshots"
#: A key in the shape of a real one. It is in two parts because a scanner of source code would take it for real.
_KEY = "AIza" + "SyDemo-0123456789_abcdefghijklmnopq"


@dataclass
class _Outcome:
    """The result of one section; times are in seconds."""

    section: Section
    cassette: Path
    answers: list[Any] = field(default_factory=list)
    exchanges: int = 0
    recorded: float = 0.0
    replayed: float = 0.0
    secrets: set[str] = field(default_factory=set)
    problem: str = ""

    def line(self) -> str:
        """Return the outcome in one line."""
        title = f"{self.section.number:2}  {self.section.title:30}"
        if self.problem:
            return f"{title}FAILED: {self.problem}"
        facts = (
            _counted(self.exchanges, "exchange"),
            f"recorded in {self.recorded * 1000:3.0f} ms, replayed in {self.replayed * 1000:2.0f} ms",
            f"{_counted(len(self.secrets), 'secret')} redacted",
            "steps as expected",
        )
        return title + ", ".join(facts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def run(directory: Path | None = None, *, sections: Sequence[Section] = SECTIONS, update: bool = False) -> bool:
    """Record, replay and compare the sections; print a line for each and a summary.

    Args:
        directory: The directory of the cassettes; by default a new temporary one, which stays.
        sections: The sections; by default all.
        update: Write the expected snapshots instead of comparing with them.

    Returns:
        True if every section holds.
    """
    directory = directory or Path(tempfile.mkdtemp(prefix="interactions-demo-"))
    outcomes = [_Outcome(section, directory / f"{section.name}.yaml") for section in sections]
    with _progress(2 * len(outcomes)) as (say, advance):
        with Emulator.steady() as emulator:
            client, connect = connect_to(emulator.url, _KEY)
            say(f"Recording with {client} against the emulator at {emulator.url}")
            for outcome in outcomes:
                _attempt(outcome, partial(_record, outcome, connect))
                advance()
        say("The emulator is stopped; replaying with the network refused")
        _, connect = connect_to(_REAL, "no key is needed")
        for outcome in outcomes:
            _attempt(outcome, partial(_replay, outcome, connect, update=update))
            advance()
            say(outcome.line())
    return _sum_up(outcomes, directory)


def _attempt(outcome: _Outcome, part: Callable[[], None]) -> None:
    """Do one part of a section, unless an earlier part failed; an error becomes the section's problem."""
    if outcome.problem:
        return
    try:
        part()
    except Exception as error:  # noqa: BLE001 - the section's line reports any error
        outcome.problem = f"{type(error).__name__}: {error}".splitlines()[0]


def _record(outcome: _Outcome, connect: Connect) -> None:
    start = time.perf_counter()
    with use_cassette(outcome.cassette, record_mode="rewrite") as cassette:
        outcome.answers = outcome.section.hold(connect)
        outcome.exchanges = len(cassette.exchanges)
    outcome.recorded = time.perf_counter() - start
    outcome.secrets = {_KEY, *_signatures(outcome.answers)}
    text = outcome.cassette.read_text("utf-8")
    leaked = sum(secret in text for secret in outcome.secrets)
    if leaked:
        outcome.problem = f"{leaked} secrets are in {outcome.cassette}"


def _replay(outcome: _Outcome, connect: Connect, *, update: bool) -> None:
    start = time.perf_counter()
    with use_cassette(outcome.cassette) as cassette:
        answers = outcome.section.hold(connect)
    outcome.replayed = time.perf_counter() - start
    if _unsigned(answers) != _unsigned(outcome.answers):
        outcome.problem = "the replay differs from what was recorded"
        return
    steps = render(behaviour_of(cassette, opening=True))
    expected = _SNAPSHOTS / f"{outcome.section.name}.txt"
    if update:
        expected.write_text(steps, "utf-8", newline="\n")
    elif steps != expected.read_text("utf-8"):
        outcome.problem = f"the steps differ from {expected}"


def _signatures(value: Any) -> Iterator[str]:
    """Yield all thought signatures in an app's answers."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "signature":
                yield member
            else:
                yield from _signatures(member)
    elif isinstance(value, list):
        for item in value:
            yield from _signatures(item)


def _unsigned(value: Any) -> Any:
    """Return an app's answers without the signatures, which are placeholders on replay."""
    if isinstance(value, list):
        return [_unsigned(item) for item in value]
    if isinstance(value, dict):
        return {name: _unsigned(member) for name, member in value.items() if name != "signature"}
    return value


def _sum_up(outcomes: list[_Outcome], directory: Path) -> bool:
    failed = [outcome for outcome in outcomes if outcome.problem]
    exchanges = sum(outcome.exchanges for outcome in outcomes)
    secrets = set[str]().union(*(outcome.secrets for outcome in outcomes))
    print()
    if failed:
        print(f"{len(failed)} of {len(outcomes)} sections failed.")
    else:
        print(f"All {len(outcomes)} sections hold: {exchanges} exchanges recorded, and replayed to the same values.")
        print(f"{len(secrets)} different secrets (a key and thought signatures) are in no cassette.")
    print(f"The cassettes are in {directory}")
    return not failed


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Yield a function that prints a line, and one that moves the bar, which rich draws on a terminal."""
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield print, lambda: None
        return
    console = Console()
    # Where there is no terminal, no bar is begun either: its thread may outlive the output that it draws on.
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield (
            (lambda line: bar.console.print(line, markup=False, highlight=False, soft_wrap=True)),
            (lambda: bar.advance(task)),
        )
