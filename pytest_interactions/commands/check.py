"""`pytest-interactions check`: damage to cassettes, and what killed processes have left beside them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.findings import for_each_file, read, size_argument
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteError, TooLargeError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk, journal, layout, media, storage
from pytest_interactions.files.storage import DEFAULT_THRESHOLD, SUFFIXES
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths, and whether anything is done."""
    parser.description = (
        "Look for cassettes that are damaged, or that were edited since they were recorded, and for files that killed "
        "recordings have left. Exits 1 if there are any."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="cassettes, or directories of them")
    parser.add_argument(
        "--fix", action="store_true", help="take edits as they are, save what was recovered, delete what is left over"
    )
    size_argument(parser)


def run(options: Namespace) -> Status:
    """Check cassettes, and print a line for each finding."""
    check = _Check(fix=options.fix, max_size=options.max_size)
    status = for_each_file(options.paths, check.file, failure="can't be read", hidden=True)
    return max([status, *map(check.recordings_below, dict.fromkeys(options.paths))])


class _Check:
    """The check of one file after the other; with `fix`, what is found is put right as far as that is safe."""

    def __init__(self, *, fix: bool, max_size: int) -> None:
        self._fix = fix
        self._max_size = max_size
        self._gate = Gate(Redactor(secrets=Secrets.from_environ(os.environ)))
        self._references: dict[Path, set[str]] = {}

    def file(self, path: Path) -> Status:
        """Check a file, if it is a cassette by its name, or what only a recording can have left."""
        if self._is_left_over(path):
            # Whoever writes a cassette, or its media, holds the lock of the directory in which the cassette is.
            with disk.locked(path.parent if media.is_directory(path.parent) else path):
                self._references.clear()  # which may have changed before the lock was there
                left = path.exists() and self._is_left_over(path)
                if left and self._fix:
                    path.unlink()
                    with suppress(OSError):  # there is more in it
                        path.parent.rmdir()
            if left:
                done = "deleted" if self._fix else "--fix deletes it"
                return self._found(f"{path}: left over from a recording; {done}.")
        if path.suffix in SUFFIXES and not path.name.startswith("."):
            return self._cassette(path)
        return Status.OK

    def recordings_below(self, path: Path) -> Status:
        """Check what killed processes have recorded of cassettes at `path` or below, which need not exist."""
        statuses = [Status.OK]
        for cassette in journal.cassettes():
            if cassette.is_relative_to(disk.real(path)):
                notes = journal.recover(cassette, self._gate, media_threshold=DEFAULT_THRESHOLD, merges=self._fix)
                statuses += map(self._found, notes)
        return max(statuses)

    def _found(self, line: str) -> Status:
        print(on_one_line(line))
        return Status.OK if self._fix else Status.FOUND

    def _cassette(self, path: Path) -> Status:
        try:
            storage.load(path, self._max_size)
        except TooLargeError:
            raise
        except CassetteError as error:
            problem = self._refused(path) if self._fix else error
            if problem is None:
                return self._found(f"{path}: taken as it is, with new marks.")
            print(problem)
            return Status.FOUND
        return Status.OK

    def _refused(self, path: Path) -> CassetteError | None:
        """Take a cassette as it was edited; return what speaks against it, such as damage that no edit can mean."""
        with disk.locked(path):
            try:
                raw = storage.read_bytes(path, self._max_size)
                contents = storage.loads(raw, path, self._max_size, edited=True)
            except CassetteError as error:
                return error
            with disk.replacing(path) as file:
                file.write(
                    layout.dumps(contents.exchanges, incomplete=contents.incomplete, origin=contents.origin).encode()
                )
        return None

    def _is_left_over(self, path: Path) -> bool:
        """Return whether a file is of no use to anybody: a temporary one, a medium of no cassette, an old journal."""
        if disk.is_temporary(path.name) or journal.is_in_tree(path):
            return True
        is_medium = media.is_directory(path.parent) and media.is_name(path.name)
        return is_medium and path.name not in self._used(path.parent)

    def _used(self, directory: Path) -> set[str]:
        """Return the names of the media to which any file refers that may be the cassette of a directory of media."""
        if directory not in self._references:
            beside = [file for file in directory.parent.iterdir() if file.is_file()]
            texts = [read(file, self._max_size) for file in beside if media.directory_of(file) == directory]
            self._references[directory] = set().union(*map(media.references, texts))
        return self._references[directory]
