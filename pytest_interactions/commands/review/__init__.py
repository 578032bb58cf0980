"""`pytest-interactions review`: the candidates and conflicts that wait, looked at one by one, accepted or rejected."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.review.conflicts import to_go_on
from pytest_interactions.commands.review.names import Names
from pytest_interactions.errors import CassetteError, InteractionsError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk
from pytest_interactions.files.candidates import Candidate
from pytest_interactions.naming import shown
from pytest_interactions.review import terminal
from pytest_interactions.review.conflicts import Conflict, fetch
from pytest_interactions.review.proposal import Proposals
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.review.proposal import Waiting

_INCOMPLETE = "They stay marked incomplete until their tests pass in record mode once, which records what is missing."


def arguments(parser: ArgumentParser) -> None:
    """Declare what is looked through, and what becomes of it."""
    parser.description = (
        "Go through the candidates that wait: new recordings of tests that failed, each beside its cassette, and new "
        "snapshots. On a terminal each is shown and decided by one key; elsewhere, and with --list, they are listed. "
        "Accepting a candidate puts its recording in the cassette's place and its snapshots in theirs, in one step; "
        "rejecting deletes it. Conflicts of cassettes.lock, of a test that two branches have recorded, wait too: "
        "accepting one takes theirs, rejecting keeps ours. "
        "A NAME is a candidate, its cassette, a test, or a directory with all that wait below it."
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="where to look (default: .)")
    parser.add_argument("--accept", nargs="+", default=[], metavar="NAME", help="accept these")
    parser.add_argument("--reject", nargs="+", default=[], metavar="NAME", help="reject these")
    parser.add_argument(
        "--list", action="store_true", help="list what waits; after --accept and --reject, what is left"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs, with all that would change")
    parser.add_argument("--no-color", action="store_true", help="use no colours")


def run(options: Namespace) -> Status:
    """Decide on what is named, list what waits, or go through it; the standard error names what can't be.

    Raises:
        InteractionsError: Something is to be accepted and to be rejected.
    """
    review = _Review(options.paths or [Path()], told_to=sys.stderr if options.json else sys.stdout)
    if options.accept or options.reject:
        review.decide(options.accept, options.reject)
        _print(review, options, _done)
        review.tell_what_is_left()
    elif not (options.list or options.json) and terminal.is_there():
        return review.look(color=not (options.no_color or os.environ.get("NO_COLOR")))
    if options.list or not (options.accept or options.reject):
        review.report(whole=options.json)
        _print(review, options, _listed)
    if options.json:
        print(json.dumps(review.reports, indent=2))
    return review.status


class _Review:
    """The candidates one after the other: an error of one does not stop the others."""

    def __init__(self, paths: list[Path], told_to: TextIO) -> None:
        self.status = Status.OK
        self.reports: list[Json] = []
        self._paths = paths
        self._told_to = told_to
        self._decided: list[Waiting] = []
        self._proposals = Proposals()

    def look(self, *, color: bool) -> Status:
        """Go through what waits on the terminal, and say what became of it."""
        from pytest_interactions.review.interactive import Review, summary

        found = list(self._named(self._paths))
        if not found:
            print("No candidate waits.")
            return self.status
        fetch(found)
        review = Review(found, self._proposals)
        with terminal.opened(color=color) as opened:
            review.run(opened)
        told = review.told()
        for line in summary(told):
            print(on_one_line(line))
        if any(map(_has_recording, told.get("accepted", ()))):
            print(_INCOMPLETE)
        self._decided = found
        self.tell_what_is_left()
        return self.status

    def report(self, *, whole: bool) -> None:
        """Report what waits: with all that it would change, or its names alone."""
        found = list(self._named(self._paths))
        if whole:
            fetch(found)
        for each in found:
            try:
                self.reports.append(self._proposals.of(each).told if whole else self._listed(each))
            except CassetteError as error:
                self._complain(error)

    def _listed(self, each: Waiting) -> Json:
        exchanges = len(each.load().exchanges) if isinstance(each, Candidate) and each.has_recording else 0
        return self._proposals.names(each) | {"exchanges": exchanges}

    def decide(self, accept: list[str], reject: list[str]) -> None:
        """Accept and reject what is named, unless something is named for both.

        Raises:
            InteractionsError: Something is named for both; nothing is decided.
        """
        accepted, rejected = (list(self._named(names)) for names in (accept, reject))
        both = [str(each.name) for each in accepted if each.path in {other.path for other in rejected}]
        if both:
            raise InteractionsError(f"{both[0]}: it is to be accepted and to be rejected; nothing was decided.")
        self._decide(accepted, lambda each: each.accept(), "accepted")
        self._decide(rejected, lambda each: each.reject(), "rejected")
        self._decided = [*accepted, *rejected]

    def tell_what_is_left(self) -> None:
        """Say of each lock file that had conflicts whether it has some still, and how to go on."""
        for path in dict.fromkeys(each.lock.path for each in self._decided if isinstance(each, Conflict)):
            left = len(LockFile.read(path).conflicts)
            self._tell(f"{shown(path, Path.cwd())}: {f'conflicts left: {left:,}' if left else 'no conflict is left'}.")
            if not left:
                self._tell(to_go_on(path))

    def _decide(self, found: list[Waiting], do: Callable[[Waiting], None], word: str) -> None:
        for each in found:
            try:
                do(each)
            except CassetteError as error:
                self._complain(error)
            except OSError as error:
                named = Path(error.filename or each.cassette)
                place = each.cassette if disk.is_temporary(named.name) else named
                self._complain(f"{place}: can't be written: {error.strerror}.")
            else:
                self.reports.append(self._proposals.names(each) | {"done": word})

    def _named(self, names: Iterable[str | Path]) -> Iterator[Waiting]:
        return Names(self._paths, self._complain, self._tell).found(names)

    def _tell(self, text: str) -> None:
        print(on_one_line(text), file=self._told_to)

    def _complain(self, error: object) -> None:
        print(f"pytest-interactions: {on_one_line(str(error))}", file=sys.stderr)
        self.status = Status.FAILED


def _print(review: _Review, options: Namespace, told: Callable[[list[Json]], Iterator[str]]) -> None:
    if options.json:
        return
    lines = list(told(review.reports))
    if not lines and review.status is Status.OK:  # else the standard error says what is the matter
        lines = ["No candidate waits."]
    for line in lines:
        print(on_one_line(line))


def _listed(reports: list[Json]) -> Iterator[str]:
    waiting = [report for report in reports if "done" not in report]
    for report in waiting:
        if "conflict" in report:
            yield f"{report['candidate']}: conflict: {_sides(report['conflict'])}"
            continue
        of = f" of {', '.join(report['tests'])}" if report["tests"] else ""
        exchanges = f": exchanges{of}: {report['exchanges']}" if report["exchanges"] else f": snapshots{of}"
        snapshots = "".join(f", {path}" for path in report["snapshots"])
        yield f"{report['candidate']}{exchanges}{snapshots}"
    if not waiting:
        return
    candidate = shlex.quote(waiting[0]["candidate"])
    yield ""
    yield f"To look at it, and decide:  pytest-interactions review {candidate}"
    yield f"For programs, all of it:    pytest-interactions review --json {candidate}"
    yield f"To accept it:               pytest-interactions review --accept {candidate}"


def _sides(conflict: Json) -> str:
    sides = ((side, conflict[side]) for side in ("ours", "theirs"))
    return "; ".join(f"{side} ({told['branch']}): {told['headline']}" for side, told in sides)


def _has_recording(report: Json) -> bool:
    return "conflict" not in report and report["candidate"].endswith(".yaml")


def _done(reports: list[Json]) -> Iterator[str]:
    for report in reports:
        if "conflict" in report:
            side = "theirs" if report["done"] == "accepted" else "ours"
            told = report["conflict"][side]
            yield f"{report['candidate']}: {report['done']}; {side} ({told['branch']}): {told['headline']}"
            continue
        recording = [report["cassette"]] if _has_recording(report) else []
        accepted = f"accepted; changed: {', '.join([*recording, *report['snapshots']])}."
        yield f"{report['candidate']}: {accepted if report['done'] == 'accepted' else 'rejected.'}"
    if any(report["done"] == "accepted" and _has_recording(report) for report in reports):
        yield _INCOMPLETE
