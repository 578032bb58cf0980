"""`pytest-interactions review`: the candidates that wait, which are accepted or rejected."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import candidates
from pytest_interactions.files.storage import SUFFIXES
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

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
    parser.add_argument("--accept", nargs="+", type=Path, default=[], metavar="NAME", help="accept these")
    parser.add_argument("--reject", nargs="+", type=Path, default=[], metavar="NAME", help="reject these")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(options: Namespace) -> Status:
    """Accept and reject what is named, or list what waits.

    Raises:
        CassetteError: A name is that of no candidate, or one can't be read or written.
    """
    if not options.accept and not options.reject:
        _list(list(_below(options.paths or [Path()])), as_json=options.json)
        return Status.OK
    gate = Gate(Redactor(secrets=Secrets.from_environ(os.environ)))
    done = []
    for each in _below(options.accept):
        each.accept(gate)
        done.append(_report(each) | {"done": "accepted"})
    for each in _below(options.reject):
        each.reject()
        done.append(_report(each) | {"done": "rejected"})
    if options.json:
        print(json.dumps(done, indent=2))
        return Status.OK
    for report in done:
        accepted = [report["cassette"], *report["snapshots"]]
        changed = f"{', '.join(accepted)} changed" if report["done"] == "accepted" else "it is deleted"
        print(on_one_line(f"{report['candidate']}: {report['done']}; {changed}."))
    return Status.OK


def _list(found: list[Candidate], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_report(each) | {"exchanges": len(each.load().exchanges)} for each in found], indent=2))
        return
    for each in found:
        of = f" of {each.test}" if each.test else ""
        snapshots = "".join(f", {os.path.relpath(path)}" for path in each.snapshots)
        print(on_one_line(f"{each.path}: exchanges{of}: {len(each.load().exchanges)}{snapshots}"))
    if found:
        first = found[0]
        print(f"\nWhat differs:  pytest-interactions show {first.cassette} {first.path}")
        print(f"To accept it:  pytest-interactions review --accept {first.path}")
    else:
        print("No candidate waits.")


def _report(each: Candidate) -> Json:
    snapshots = [os.path.relpath(path) for path in each.snapshots]
    return {"candidate": str(each.path), "cassette": str(each.cassette), "test": each.test, "snapshots": snapshots}


def _below(paths: Iterable[Path]) -> Iterator[Candidate]:
    """Yield the candidates that are named, and those below named directories."""
    for path in paths:
        files = [path] if not path.is_dir() else [file for file in files_in(path, _may_hold) if _is_recording(file)]
        yield from map(candidates.named, files)


def _may_hold(path: Path) -> bool:
    return not path.name.startswith(".") and path.name != "node_modules"


def _is_recording(path: Path) -> bool:
    return candidates.is_candidate(path) and path.suffix in SUFFIXES
