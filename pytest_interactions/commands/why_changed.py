"""`pytest-interactions why-changed CASSETTE_OR_TEST`: the commits that changed a cassette, and what of it moved."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentTypeError
from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.transcript import Line
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import size_argument
from pytest_interactions.commands.history import History
from pytest_interactions.commands.named import Named
from pytest_interactions.commands.stores import is_recording, project_of, store_argument
from pytest_interactions.commands.versions import AtRevision, Comparer, Now, unknown
from pytest_interactions.errors import CassetteNotFoundError, StoreError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.compare import compared_lines
from pytest_interactions.report.text import writer
from pytest_interactions.store import lock_file
from pytest_interactions.store.recordings import Recordings

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.commands.history import Commit
    from pytest_interactions.commands.versions import Version
    from pytest_interactions.store.project import Project

_SHORT: Final = 10  # digits of a commit's id
_CHANGES: Final = {
    "changed": "the behaviour changed",
    "added": "first recorded",
    "removed": "removed",
    "recorded again": "the same behaviour, recorded again",
    "moved": "the same recording, moved to the store or back into the tree",
}


def arguments(parser: ArgumentParser) -> None:
    """Declare the cassette, and how much of its history is printed."""
    parser.description = (
        "Print the history of one cassette, newest first: each commit that changed its line in cassettes.lock, or its "
        "file in the tree, and what of its behaviour moved then."
    )
    parser.add_argument("cassette", metavar="CASSETTE_OR_TEST", help="a cassette, or a test as pytest has it")
    parser.add_argument("-n", type=_number, dest="count", metavar="N", help="the last N commits alone")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")
    size_argument(parser)
    store_argument(parser)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text} is no number of commits: give 1 or more")
    return int(text)


def run(options: Namespace) -> Status:
    """Print the history; a recording that can't be had any more is said to be so, and is no error.

    Raises:
        InteractionsError: This is in no repository.
        CassetteNotFoundError: What is named is not one cassette, or has no history.
    """
    project = project_of(options)
    history = _Cassette(project, _name(project, options.cassette))
    told = list(history.told(options))
    if not told:
        raise CassetteNotFoundError(f"{history.name}: no commit that is here has changed it.")
    clean = Secrets.from_environ(os.environ).matcher.redact
    if options.json:
        print(clean(json.dumps(told, indent=2)))
    else:
        write = writer(color=sys.stdout.isatty() and not options.no_color)
        for line in _lines(told):
            write(line._replace(text=clean(line.text)))
    if history.repository.is_shallow():
        print("This clone is shallow: what was before is not here. To have it: git fetch --unshallow", file=sys.stderr)
    return Status.OK


def _name(project: Project, word: str) -> str:
    """Return the name of the one cassette that a word names, which may be gone."""
    named = Named(project, [word])
    names = sorted(name for name in Now(project, [project.options.cassette_dir]).names if name in named)
    names = names or [place for place in named.places if is_recording(place)]
    if len(names) != 1:
        found = f"it names {len(names)} cassettes, {names[0]} first" if names else "it names no cassette"
        raise CassetteNotFoundError(f"{word}: {found}; name one.")
    return names[0]


class _Cassette:
    """The commits that have changed one cassette."""

    def __init__(self, project: Project, name: str) -> None:
        self.name, self.repository = name, History(project.root)
        self._project = project
        self._versions: dict[str, Version | None] = {}

    def told(self, options: Namespace) -> Iterator[Json]:
        """Yield what is told of each commit, newest first."""
        comparer = Comparer(Recordings(self._project), options.max_size)
        found = list(islice(self._changes(), options.count))
        comparer.fetch(pair for _, pair in found if not isinstance(pair, StoreError))
        for commit, pair in found:
            told = unknown(self.name, pair) if isinstance(pair, StoreError) else comparer.compare(*pair)
            head = {"commit": commit.id, "date": commit.date, "author": commit.author, "subject": commit.subject}
            yield head | told

    def _changes(self) -> Iterator[tuple[Commit, tuple[Version | None, Version | None] | StoreError]]:
        """Yield the commits in which the cassette is another one than in each of their parents."""
        lock = lock_file.NAME
        changing = {commit.id for commit in self.repository.commits([self.name])}
        if not self._project.options.store_media:
            changing |= self.repository.changing(lock, self.name)
        for commit in self.repository.commits([lock, self.name]):
            if commit.id not in changing:
                continue
            try:
                new = self._version(commit.id)
                olds = [self._version(parent) for parent in commit.parents] or [None]
            except StoreError as error:
                yield commit, error
                continue
            if all(_differ(old, new) for old in olds):
                yield commit, (olds[0], new)

    def _version(self, commit: str) -> Version | None:
        if commit not in self._versions:
            at = AtRevision(self._project, self.repository, commit, commit[:_SHORT], [self.name])
            self._versions[commit] = at.of(self.name)
        return self._versions[commit]


def _differ(old: Version | None, new: Version | None) -> bool:
    if old is None or new is None:
        return old is not new
    return old.digest != new.digest or (old.entry is None) != (new.entry is None)


def _lines(told: list[Json]) -> Iterator[Line]:
    for number, each in enumerate(told):
        yield from [Line("text", "")] * (number > 0)
        head = f"{each['commit'][:_SHORT]} {each['date'][:10]} {each['author']}: {each['subject']}"
        yield Line("title", on_one_line(head))
        known = [each[side] for side in ("old", "new") if each[side]]
        is_told = each["change"] in {"added", "removed"} or (each["change"] == "changed" and not each["diff"])
        headlines = f": {' -> '.join(known)}" if known and is_told else ""
        yield Line("step", on_one_line(f"{_CHANGES[each['change']]}{headlines}"))
        if each["facts"] or each["diff"]:
            yield from compared_lines(each | {"same": False})
        if each["problem"]:
            yield Line("note", on_one_line(f"It can't be shown: {each['problem']}"))
