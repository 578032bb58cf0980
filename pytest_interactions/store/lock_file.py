"""`cassettes.lock`: which cassette of a project is which object of its store, a line each, in order.

An empty line stands between two cassettes, so that git merges changes to neighbours. What two branches have made of the
same cassette is a conflict in one line, which `pytest-interactions review` settles.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from pytest_interactions.errors import StoreError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk, storage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

#: The name of the file, at the top of a project.
NAME: Final = "cassettes.lock"
_HEAD: Final = """\
# The cassettes of this project that are in its store: path, digest, bytes, digest of the transcript, headline.
# `pytest-interactions push` writes this file, `pytest-interactions review` settles its conflicts. Commit it.
"""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
# The lines by which git marks a conflict: ours from the first on, their common ancestor (if configured), theirs.
_OURS, _BASE, _THEIRS, _END = _MARKS = "<<<<<<<", "|||||||", "=======", ">>>>>>>"


class Entry(NamedTuple):
    """One cassette: its path from the lock file on, the object that it is, and what is told of it.

    Attributes:
        path: The path, with `/` on all systems.
        digest: The SHA-256 of its bytes, in hexadecimal digits.
        size: Its bytes.
        behaviour: A digest of its transcript without what differs at each recording.
        headline: One line of that transcript for people.
    """

    path: str
    digest: str
    size: int
    behaviour: str
    headline: str

    def line(self) -> str:
        """Return the line of the file."""
        return "\t".join((self.path, self.digest, str(self.size), self.behaviour, on_one_line(self.headline)))


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock file as it was read; each line is parsed when it is asked for.

    Attributes:
        path: The file, whether it exists or not.
        conflicts: What the two sides of a merge have of a cassette, ours and theirs, where both have changed it.
    """

    path: Path
    _lines: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[Entry, Entry]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; without one, there are no entries.

        Raises:
            StoreError: It can't be read.
        """
        try:
            raw = disk.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except OSError as error:
            raise StoreError(f"{path}: can't be read: {error.strerror}.") from None
        return cls.reads(raw, path)

    @classmethod
    def reads(cls, raw: bytes, path: Path) -> Self:
        """Read the bytes of a lock file; errors name `path`.

        Raises:
            StoreError: It is no text.
        """
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise StoreError(f"{path}:{line}: this is no UTF-8 text. Restore the file from git.") from None
        sides = _parted(text)
        both = {name: side for name, side in sides[_OURS].items() if name in sides[_THEIRS]}
        lines = sides[""] | sides[_OURS] | sides[_THEIRS]
        conflicts = {}
        for name, ours in both.items():
            theirs, base = sides[_THEIRS][name], sides[_BASE].get(name)
            if theirs[1] == ours[1] or (base and theirs[1] == base[1]):
                lines[name] = ours
            elif not base or ours[1] != base[1]:
                conflicts[name] = (_parsed(path, *ours), _parsed(path, *theirs))
        return cls(path, lines, conflicts)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def entry(self, name: str) -> Entry:
        """Return the entry of a cassette that is in the file.

        Raises:
            StoreError: Its line can't be read, or two branches have recorded it.
        """
        number, line = self._lines[name]
        if name in self.conflicts:
            raise StoreError(
                f"{self.path}:{number}: two branches have recorded {name}, and git could not merge them. To take one: "
                "pytest-interactions review"
            )
        return _parsed(self.path, number, line)

    def entries(self) -> list[Entry]:
        """Return all entries, in order; raise as `entry` does."""
        return [self.entry(name) for name in self]

    def name_of(self, cassette: Path) -> str:
        """Return the name that a cassette has, or would have, in this file."""
        return cassette.relative_to(self.path.parent).as_posix()

    def place_of(self, name: str) -> Path:
        """Return the path of the cassette of this name."""
        return self.path.parent / name


def is_name(name: str) -> bool:
    """Return whether a cassette of this name can have a line: it leads to no other place, and begins no other line."""
    is_inside = not (name.startswith("/") or ":" in name.partition("/")[0] or ".." in name.split("/") or "\\" in name)
    return is_inside and not name.startswith(("#", *_MARKS)) and "\t" not in name and on_one_line(name) == name


def nearest(path: Path) -> Path | None:
    """Return the lock file of the directory of `path`, or of the nearest one above that has one; `None` if none has."""
    return next((file for parent in path.parents if (file := parent / NAME).is_file()), None)


def naming(cassette: Path) -> Path | None:
    """Return the lock file that names a cassette; `None` if none does, or none that can be read."""
    file = nearest(cassette)
    with suppress(StoreError):
        if file is not None and (lock := shared(file)).name_of(cassette) in lock:
            return file
    return None


_READ: Final[dict[Path, tuple[tuple[int, ...], LockFile]]] = {}


def shared(path: Path) -> LockFile:
    """Read the file once in a process, until it changes; raise as `LockFile.read` does."""
    signature = storage.signature(path)
    known = _READ.get(path)
    if known is not None and known[0] == signature:
        return known[1]
    lock = LockFile.read(path)
    if signature is not None:
        _READ[path] = signature, lock
    return lock


def change(path: Path, put: Iterable[Entry] = (), *, drop: Collection[str] = (), settled: bool = False) -> LockFile:
    """Write the file anew in one step, with some entries put in and some dropped; return what it holds.

    What others have put in since it was read stays. Without entries the file is deleted.

    Args:
        path: The file.
        put: The entries, each in the place of the one of its path.
        drop: The paths whose entries are dropped.
        settled: Whether what is put in settles the file's conflicts.

    Raises:
        StoreError: The file can't be read, or has a conflict that is not settled; it is as it was.
        OSError: It can't be written; it is as it was.
    """
    with disk.locked(path):
        lock, new = LockFile.read(path), {entry.path: entry for entry in put}
        open_ones = [name for name in lock.conflicts if not (settled and (name in new or name in drop))]
        if open_ones:
            lock.entry(open_ones[0])
        kept = {name: lock.entry(name) for name in lock if name not in drop and name not in new}
        entries = kept | new
        lines = [entries[name].line() for name in sorted(entries)]
        if lines:
            with disk.replacing(path) as file:
                file.write("\n".join([_HEAD, "\n\n".join(lines), ""]).encode())
        else:
            path.unlink(missing_ok=True)
    return LockFile.read(path)


def drop(cassette: Path) -> None:
    """Take the line of a cassette out of the lock file that names it; raise as `change` does."""
    file = naming(cassette)
    if file is not None:
        change(file, drop=[LockFile.read(file).name_of(cassette)])


def _parted(text: str) -> dict[str, dict[str, tuple[int, str]]]:
    """Return the lines of each side, with their numbers, by the path that they begin with; those of both by `""`."""
    sides: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    side = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = line[:7]
        if mark == _END:
            side = ""
        elif mark == _OURS or (side and mark in {_BASE, _THEIRS}):
            side = mark
        elif line and not line.startswith("#"):
            sides[side][line.partition("\t")[0]] = number, line.removesuffix("\r")
    return sides


def _parsed(path: Path, number: int, line: str) -> Entry:
    name, *rest = line.split("\t")
    is_entry = len(rest) == len(Entry._fields) - 1 and _DIGEST.fullmatch(rest[0]) and rest[1].isdecimal()
    if not (is_name(name) and is_entry):
        raise StoreError(
            f"{path}:{number}: this is no line of a lock file: a path below its directory, a digest, a size, a digest "
            "and a headline, with tabs between. Restore the line from git, or delete it and push its cassette again."
        )
    return Entry(name, rest[0], int(rest[1]), *rest[2:])
