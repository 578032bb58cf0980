"""`pytest-interactions review`: the candidates that wait, which are accepted or rejected."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.review.names import Names
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.naming import shown

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.files.candidates import Candidate


def arguments(parser: ArgumentParser) -> None:
    """Declare what is looked through, and what becomes of it."""
    parser.description = (
        "List the candidates that wait: new recordings of tests that failed, each beside its cassette, with the "
        "snapshots that belong to it. Accepting one puts it in the cassette's place, and its snapshots in theirs; "
        "rejecting deletes it. A NAME is a candidate, its cassette, or a directory with all that wait below it."
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="where to look (default: .)")
    parser.add_argument("--accept", nargs="+", default=[], metavar="NAME", help="accept these")
    parser.add_argument("--reject", nargs="+", default=[], metavar="NAME", help="reject these")
    parser.add_argument("--list", action="store_true", help="list what waits, on a terminal too")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(options: Namespace) -> Status:
    """Accept and reject what is named, or list what waits; the standard error names what can't be."""
    paths = options.paths or [Path()]
    review = _Review(paths)
    if not options.accept and not options.reject:
        waiting = [review.listed(each) for each in review.names.found(paths)]
        _print(waiting, options, _listed)
        return review.status
    done = [review.done(each, each.accept, "accepted") for each in review.names.found(options.accept)]
    done += [review.done(each, each.reject, "rejected") for each in review.names.found(options.reject)]
    _print(done, options, _done)
    return review.status


class _Review:
    """The candidates one after the other: an error of one does not stop the others."""

    def __init__(self, paths: list[Path]) -> None:
        self.status = Status.OK
        self.names = Names(paths, self._complain)

    def listed(self, each: Candidate) -> Json:
        """Return what is listed of a candidate."""
        try:
            return _report(each) | {"exchanges": len(each.load().exchanges) if each.has_recording else 0}
        except CassetteError as error:
            self._complain(error)
            return {}

    def done(self, each: Candidate, do: Callable[[], None], word: str) -> Json:
        """Accept or reject a candidate, and return what is told of that."""
        try:
            do()
        except CassetteError as error:
            self._complain(error)
        except OSError as error:
            self._complain(f"{each.cassette}: can't be written: {error.strerror}.")
        else:
            return _report(each) | {"done": word}
        return {}

    def _complain(self, error: object) -> None:
        print(f"pytest-interactions: {on_one_line(str(error))}", file=sys.stderr)
        self.status = Status.FAILED


def _print(reports: list[Json], options: Namespace, told: Callable[[list[Json]], Iterator[str]]) -> None:
    reports = [report for report in reports if report]
    if options.json:
        print(json.dumps(reports, indent=2))
    else:
        for line in told(reports):
            print(line)


def _listed(reports: list[Json]) -> Iterator[str]:
    for report in reports:
        of = f" of {', '.join(report['tests'])}" if report["tests"] else ""
        snapshots = "".join(f", {path}" for path in report["snapshots"])
        yield on_one_line(f"{report['candidate']}: exchanges{of}: {report['exchanges']}{snapshots}")
    if not reports:
        yield "No candidate waits."
        return
    old, new = (on_one_line(shlex.quote(reports[0][name])) for name in ("cassette", "candidate"))
    yield ""
    yield f"What differs:  pytest-interactions show {old} {new}"
    yield f"To accept it:  pytest-interactions review --accept {new}"


def _done(reports: list[Json]) -> Iterator[str]:
    for report in reports:
        accepted = f"accepted; changed: {', '.join([report['cassette'], *report['snapshots']])}."
        yield on_one_line(f"{report['candidate']}: {accepted if report['done'] == 'accepted' else 'rejected.'}")
    if not reports:
        yield "No candidate waits."
    elif any(report["done"] == "accepted" for report in reports):
        yield "They stay marked incomplete until their tests pass in record mode once, which records what is missing."


def _report(each: Candidate) -> Json:
    snapshots = [shown(path, Path.cwd()) for path in map(Path.absolute, each.snapshots)]
    return {
        "candidate": str(each.name),
        "cassette": str(each.cassette),
        "tests": list(each.tests),
        "snapshots": snapshots,
    }
