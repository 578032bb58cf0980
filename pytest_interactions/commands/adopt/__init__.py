"""`pytest-interactions adopt`: a suite of pytest-recording or vcrpy moves in."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.adopt.moves import Moves, delete
from pytest_interactions.commands.adopt.plain import Plain
from pytest_interactions.commands.adopt.project import Project
from pytest_interactions.commands.adopt.recording import Recording
from pytest_interactions.commands.adopt.sources import Left, Source
from pytest_interactions.commands.adopt.suite import Module
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.progress import progress
from pytest_interactions.files.disk import replacing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

_WORDS = (b"vcr", b"default_cassette")


def arguments(parser: ArgumentParser) -> None:
    """Declare the project and whether to write."""
    parser.description = (
        "Move a suite of pytest-recording or vcrpy over: its cassettes, redacted, to where this plugin looks, its "
        "marks, its configuration, and its calls of vcr.use_cassette. Says what it would do; --write does it. What "
        "can't be translated stays as it is, and is named with what to do."
    )
    parser.add_argument("path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the project (default: .)")
    parser.add_argument("--write", action="store_true", help="do it, where the default is to say what would be done")


def run(options: Namespace) -> Status:
    """Say what is to be done or do it, and name what is left.

    Returns:
        `FOUND` if something is left, to be written or to be done by hand.

    Raises:
        OptionError: The path is no project.
        CassetteError: A cassette can't be written; all old ones are as they were.
    """
    plan = _Plan(Project.at(options.path))
    plan.report()
    if options.write:
        plan.write()
    return plan.summary(written=options.write)


class _Plan:
    """All that is to be done in a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._moves = Moves(project.options)
        self._left: set[Left] = set()
        self._texts: dict[Path, bytes] = {}
        self._modules = {module.path: module for module in self._read()}
        self._recording = Recording(project, self._modules, self._moves)
        self._plain = [Plain(module, project.root) for module in self._modules.values()]
        self._find_cassettes()
        self._recording.plan()
        self._recording.edit()
        for plain in self._plain:
            foreign = (text for path, text in self._texts.items() if path != plain.path)
            plain.translate(self._moves.origins, foreign)
            self._left |= plain.left
        self._left |= self._recording.left
        self._name_the_rest()
        self._changed = [module.source for module in self._modules.values() if module.source.edits]
        moves = [*self._recording.moving(), *((path, path) for plain in self._plain for path in plain.cassettes())]
        self._moving = [
            (old, new) for old, new in dict.fromkeys(moves) if old != new or not self._moves.is_done(old, new)
        ]

    def report(self) -> None:
        """Print what is to be done, in full, and what is left."""
        for source in self._changed:
            self._print_change(source)
        for old, new in self._moving:
            print(f"{self._name(old)} -> {self._name(new)}" if old != new else f"{self._name(old)}: redacted")
        for left in sorted(self._left):
            print(self._moves.redacted(f"{self._name(left.path)}:{left.line}: {left.text}"))
        for path in self._recording.unused():
            print(f"{self._name(path)}: no test that was found plays it, so it stays")

    def write(self) -> None:
        """Write the cassettes, then the files that name them, and delete the old cassettes last."""
        with progress(self._moving, lambda move: self._moves.redacted(str(self._name(move[0])))) as moving:
            for old, new in moving:
                self._moves.write(old, new)
        for source in self._changed:
            with replacing(source.path.resolve()) as file:
                file.write(source.edited())
            source.path.chmod(source.mode)
        gone = {old for old, new in self._moving if old != new}
        delete(sorted(gone - self._recording.needed()), self._project.root)

    def summary(self, *, written: bool) -> Status:
        """Print one line of figures, and return the status."""
        if not (self._moving or self._changed or self._left):
            print("There is nothing to do.")
            return Status.OK
        done = "" if written else "would be "
        cassettes, files = _count(len(self._moving), "cassette"), _count(len(self._changed), "file")
        print(f"\n{cassettes} {done}moved or redacted, {files} {done}rewritten, {len(self._left)} left to you.")
        if not written and (self._moving or self._changed):
            print("Nothing was written yet: --write does it.")
            return Status.FOUND
        return Status.FOUND if self._left else Status.OK

    # --- planning ---

    def _read(self) -> Iterator[Module]:
        for path in self._project.python_files():
            raw = path.read_bytes()
            self._texts[path] = raw
            if any(word in raw for word in _WORDS):
                source = Source.read(path)
                if isinstance(source, Left):
                    self._left.add(source)
                else:
                    yield Module(source)

    def _find_cassettes(self) -> None:
        """Read all cassettes before the first is judged, as one may hold what another shows to be a secret."""
        self._recording.read()
        for plain in self._plain:
            for path in plain.found():
                self._moves.read(path)
        for plain in self._plain:
            plain.problems = {path: text for path in plain.found() if (text := self._moves.problem(path, path))}

    def _name_the_rest(self) -> None:
        """Name what stands around the tests and is pytest-recording's."""
        if not self._recording.tests:
            return
        for module in self._modules.values():
            self._left.update(module.rest())
        for line, flag in self._project.flags():
            text = f"{flag} is a flag of pytest-recording's: take it away with it; ours are --interactions-..."
            self._left.add(Left(self._project.ini or self._project.root, line, text))

    # --- words ---

    def _print_change(self, source: Source) -> None:
        """Print the lines that change, without secrets."""
        before, after = (self._moves.redacted(text).splitlines() for text in (source.text, source.edited_text()))
        print(f"{self._name(source.path)}:")
        for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]:
            print(f"  {line}")

    def _name(self, path: Path) -> Path:
        return path.relative_to(self._project.root) if path.is_relative_to(self._project.root) else path


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
