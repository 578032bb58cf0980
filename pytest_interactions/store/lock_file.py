"""`cassettes.lock`: which cassette of a project is which object of its store, a line each, in order.

An empty line stands between two cassettes, so that git merges changes to neighbours. What two branches have made of the
same cassette is a conflict in one line, which `pytest-interactions review` settles.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from pytest_interactions.errors import OptionError, StoreError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk, storage
from pytest_interactions.naming import configures_pytest, is_portable
from pytest_interactions.store import merging

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_interactions.store.merging import Conflict, Line, Stages

#: The name of the file, at the top of a project.
NAME: Final = "cassettes.lock"
_OPTION: Final = "interactions_store"
_HEAD: Final = """\
# The cassettes of this project that are in its store: path, digest, bytes, digest of the transcript, headline.
# `pytest-interactions push` writes this file, `pytest-interactions review` settles its conflicts. Commit it.
"""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SIZE: Final = re.compile(r"[0-9]{1,15}")
# A part of a path that is git's or a forge's (`.git`, `.github`), also as Windows or macOS may have it.
_OF_GIT: Final = re.compile("(^|/)(\\.[\u200c\u200d]*g[\u200c\u200d]*i[\u200c\u200d]*t|git~[0-9])", re.IGNORECASE)


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
        headline = on_one_line(self.headline.replace("\t", " "))
        return "\t".join((self.path, self.digest, str(self.size), self.behaviour, headline))


@dataclass(frozen=True)
class LockFile:
    """A lock file as it was read; each line is parsed when it is asked for, and all of them for a cassette without one.

    Attributes:
        path: The file, whether it exists or not.
        conflicts: The cassettes that both sides of a merge have changed; `sides_of` reads one.
        labels: What git calls the two sides.
        is_marked: Whether it is as git leaves a file that it could not merge; there may be no conflict for all that.
    """

    path: Path
    _lines: Mapping[str, Line] = field(default_factory=dict)
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    labels: merging.Labels = merging.UNNAMED
    is_marked: bool = False

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; without one, there are no entries.

        Raises:
            StoreError: It can't be read.
        """
        return cls.reads(_read(path), path)

    @classmethod
    def reads(cls, raw: bytes, path: Path, stages: Stages | None = None) -> Self:
        """Read the bytes of a lock file; errors name `path`.

        Args:
            raw: The bytes.
            path: The path.
            stages: What both sides of a merge have, if it is known.

        Raises:
            StoreError: It is no text.
        """
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise StoreError(f"{path}:{line}: this is no UTF-8 text. Restore the file from git.") from None
        return cls(path, *merging.merged(text, stages))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._lines))

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def find(self, cassette: Path) -> Entry | None:
        """Return the entry of the cassette at a path; `None` if the file names none.

        Raises:
            StoreError: As `entry` does; or none is named, but there is a damaged line, which may be this cassette's.
        """
        name = self.name_of(cassette)
        if name in self:
            return self.entry(name)
        if self._damage is not None:
            raise StoreError(self._damage)
        return None

    @cached_property
    def _damage(self) -> str | None:
        """Return what is said of the first line that can't be read, `None` if all can."""
        for line in self._lines.values():
            try:
                _parsed(self.path, line)
            except StoreError as error:
                return str(error)
        return None

    def entry(self, name: str) -> Entry:
        """Return the entry of a cassette that is in the file.

        Raises:
            StoreError: Its line can't be read, or two branches have recorded it.
        """
        line = self._lines[name]
        if name in self.conflicts:
            raise StoreError(
                f"{self.path}:{line.number}: two branches have recorded {name}, and git could not merge them. "
                "To take one: pytest-interactions review"
            )
        return _parsed(self.path, line)

    def sides_of(self, name: str) -> tuple[Entry, Entry]:
        """Return the entries that both sides have of a cassette in conflict, ours and theirs.

        Raises:
            StoreError: A line can't be read.
        """
        conflict = self.conflicts[name]
        return _parsed(self.path, conflict.ours), _parsed(self.path, conflict.theirs)

    def entries(self) -> list[Entry]:
        """Return all entries, in order; raise as `entry` does."""
        return [self.entry(name) for name in self]

    def name_of(self, cassette: Path) -> str:
        """Return the name that a cassette has, or would have, in this file, composed (NFC) wherever it is listed.

        Raises:
            StoreError: It is not below the file's directory.
        """
        directory = self.path.parent
        if not cassette.is_relative_to(directory):
            raise StoreError(f"{cassette}: it is not below {directory}, whose {NAME} can name only what is below it.")
        return unicodedata.normalize("NFC", cassette.relative_to(directory).as_posix())

    def place_of(self, name: str) -> Path:
        """Return the path of the cassette of this name."""
        return self.path.parent / name


def is_name(name: str) -> bool:
    """Return whether a cassette of this name can have a line.

    It must be one that every file system takes, and that is a cassette's everywhere: it leads to no other place, into
    nothing of git's or of a forge's, to no hidden file, and begins no other line.
    """
    file = name.rpartition("/")[2]
    is_cassette = file.endswith(storage.SUFFIXES) and not file.startswith(".") and not is_of_git(name)
    is_line = not name.startswith(("#", *merging.MARKS)) and on_one_line(name) == name
    return is_cassette and is_line and is_portable(name)


def is_of_git(path: str) -> bool:
    """Return whether a relative path leads into what is git's or a forge's."""
    return _OF_GIT.search(path) is not None


def top(path: Path) -> Path | None:
    """Return the top of the project with a store that has `path`; `None` if there is none.

    It is the nearest directory above with a lock file, or with a pytest configuration that sets a store: a project of
    its own, that may be below another one.
    """
    return next((each for each in path.parents if (each / NAME).is_file() or _sets_a_store(each)), None)


def nearest(path: Path) -> Path | None:
    """Return the lock file of the project that has `path`; `None` if there is none."""
    found = top(path)
    return file if found is not None and (file := found / NAME).is_file() else None


@lru_cache(maxsize=4096)
def _sets_a_store(directory: Path) -> bool:
    """Return whether a pytest configuration in a directory names a store; read once, as pytest does."""
    if not configures_pytest(directory):
        return False
    from pytest_interactions.ini_file import ini_of  # with parsers, which few need

    with suppress(OptionError):
        return bool(str(ini_of(directory)[1].get(_OPTION, "")).strip())
    return False


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


def change(
    path: Path,
    put: Iterable[Entry] = (),
    *,
    drop: Collection[str] = (),
    settled: bool = False,
    stages: Stages | None = None,
) -> LockFile:
    """Write the file anew in one step, with some entries put in and some dropped; return what it holds.

    What others have put in since it was read stays. Without entries the file is deleted.

    Args:
        path: The file.
        put: The entries, each in the place of the one of its path.
        drop: The paths whose entries are dropped.
        settled: Whether what is put in or dropped settles its conflicts; the other conflicts stay, each marked as git
            marks it. Hunks without a conflict are resolved in any case.
        stages: As `LockFile.reads` has them.

    Raises:
        StoreError: The file can't be read, or has a conflict and none is to be settled; it is as it was.
        OSError: It can't be written; it is as it was.
    """
    with disk.locked(path):
        before = _read(path)
        lock, new = LockFile.reads(before, path, stages), {entry.path: entry for entry in put}
        left = lock.conflicts.keys() - new.keys() - set(drop) if settled else lock.conflicts.keys()
        if left and not settled:
            lock.entry(min(left))
        kept = [name for name in lock if not (name in left or name in new or name in drop)]
        blocks = {name: lock.conflicts[name].hunk(lock.labels) for name in left}
        blocks |= {entry.path: entry.line() for entry in [*map(lock.entry, kept), *new.values()]}
        text = "\n".join([_HEAD, "\n\n".join(blocks[name] for name in sorted(blocks)), ""]).encode()
        if not blocks:
            path.unlink(missing_ok=True)
        elif text != before:
            with disk.replacing(path) as file:
                file.write(text)
        return LockFile.read(path)


def drop(cassettes: Iterable[Path]) -> None:
    """Take the lines of cassettes out of the lock files that name them; raise as `change` does."""
    dropped: dict[Path, set[str]] = {}
    for cassette in cassettes:
        if (file := naming(cassette)) is not None:
            dropped.setdefault(file, set()).add(shared(file).name_of(cassette))
    for file, names in dropped.items():
        change(file, drop=names)


def _read(path: Path) -> bytes:
    try:
        return disk.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise StoreError(f"{path}: can't be read: {error.strerror}.") from None


def _parsed(path: Path, line: Line) -> Entry:
    name, *rest = line.text.split("\t")
    is_entry = len(rest) == len(Entry._fields) - 1 and _DIGEST.fullmatch(rest[0]) and _SIZE.fullmatch(rest[1])
    if not (is_name(name) and is_entry):
        raise StoreError(
            f"{path}:{line.number}: this is no line of a lock file: the path of a cassette below its directory, a "
            "digest, a size, a digest and a headline, with tabs between. Restore the line from git, or delete it and "
            "push its cassette again."
        )
    return Entry(name, rest[0], int(rest[1]), *rest[2:])
