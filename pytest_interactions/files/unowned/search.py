"""The search for files that nobody owns: cassettes, their media and snapshots; what is in doubt counts as owned."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.files import candidates, disk, media, storage
from pytest_interactions.files.unowned.sources import Module, mentions, walk
from pytest_interactions.naming import cassette_path, safe
from pytest_interactions.redaction.placeholders import REDACTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytest_interactions.files.unowned.owned import Directory, Owned

CASSETTE: Final = "cassette"
MEDIA: Final = "media"
SNAPSHOT: Final = "snapshot"
#: A cassette that is not in the tree, but in a store.
STORED: Final = "stored cassette"
#: The end of the name of a snapshot of this package's.
STEPS: Final = ".steps.txt"
_CLEANED: Final = ".redacted"
_OTHERS: Final = ("", ".json")  # of cassettes that are none of a test's, and not looked for
_HEAD: Final = 4096  # bytes in which a cassette says that it is one
# Its first key: the one that this package writes first, with the other, or the one that vcrpy does.
_CASSETTE: Final = re.compile(
    rb"(?:\s|---|#[^\n]*\n)*\{?\s*['\"]?(?:interactions['\"]?\s*:|version['\"]?\s*:.*['\"]?interactions['\"]?\s*:)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned:
    """A file, or the directory of a cassette's media, that nobody owns.

    Attributes:
        kind: `CASSETTE`, `MEDIA`, `SNAPSHOT` or `STORED`.
        path: The file or the directory.
        top: The directory of cassettes or snapshots in which it is.
        files: How many files it is.
        size: The bytes of these.
        signature: What changes when somebody writes it.
    """

    kind: str
    path: Path
    top: Path
    files: int
    size: int
    signature: object


def unowned(owned: Owned, used: Collection[Path] = (), stored: Collection[Path] = ()) -> list[Unowned]:
    """Return what nobody owns of the cassettes, media and snapshots of a suite.

    Args:
        owned: What the tests own.
        used: Cassettes that were used otherwise.
        stored: The paths of cassettes that are in a store.
    """
    return _Search(owned, used, stored).found()


@dataclass(frozen=True, slots=True)
class _File:
    """A file that no collected test owns by its name.

    Attributes:
        path: The file, or the directory of media.
        kind: What it is.
        top: The directory of cassettes or snapshots in which it is.
        place: The test file to which it belongs by its place, without suffix.
        name: The name of its test, if it is a test's; by it a source may mention it.
    """

    path: Path
    kind: str
    top: Path
    place: Path
    name: str
    files: list[Path] = field(default_factory=list)  # that test files may be, by `place`

    @property
    def directory(self) -> str:
        """Return the path of its directory by which a source may mention that; nothing for that of all cassettes."""
        if self.kind == SNAPSHOT or self.path.parent == self.top:
            return ""
        return self.path.parent.relative_to(self.top.parent).as_posix()


class _Search:
    def __init__(self, owned: Owned, used: Collection[Path], stored: Collection[Path]) -> None:
        self._owned = owned
        self._stored = stored
        mine = [*owned.cassettes, *used]
        self._mine = {os.path.realpath(path) for path in mine} | {_place(path) for path in mine}
        self._modules: dict[Path, Module] = {}

    def found(self) -> list[Unowned]:
        """Return what nobody owns, by its path."""
        files = [*self._cassettes(), *self._snapshots()]
        left = self._without(files, {_cassette(file) for file in files if self._has_owner(file)})
        names = list(dict.fromkeys(file.name for file in left))
        directories = list(dict.fromkeys(file.directory for file in left if file.directory))
        said = mentions(names, directories, self._texts)
        left = self._without(left, {_cassette(file) for file in left if file.name in said or file.directory in said})
        return sorted(map(_measured, left), key=lambda each: (each.path.parent, each.path.stem, each.kind))

    @staticmethod
    def _without(files: list[_File], owned: set[str]) -> list[_File]:
        """Return the files but for those at some places, and those to which a link at one of these leads."""
        owned = owned | {os.path.realpath(path) for path in owned}
        return [file for file in files if _cassette(file) not in owned]

    # --- what there is ---

    def _cassettes(self) -> Iterator[_File]:
        seen: set[str] = set()
        for directory in self._owned.directories:
            real = disk.real(directory.path)
            if str(real) in seen or not real.is_relative_to(disk.real(directory.project)):
                continue
            seen.add(str(real))
            stored = ((path, STORED) for path in self._stored if path.is_relative_to(directory.path))
            for path, kind in chain(_recorded(directory.path), stored):
                name = _name(path)
                if _place(path.with_name(f"{name}.yaml")) in self._mine or _place(path) in self._mine:
                    continue
                place = directory.project / path.parent.relative_to(directory.path)
                yield _File(path, kind, directory.path, place, name, self._files_of(directory, path.parent))

    def _files_of(self, directory: Directory, parent: Path) -> list[Path]:
        """Return the test files whose cassettes are in a directory or above it."""
        return [file for each in (parent, *parent.parents) for file in self._places.get((directory.path, each), ())]

    @cached_property
    def _places(self) -> dict[tuple[Path, Path], list[Path]]:
        """Return the sources by the directories of the cassettes that they have if they are test files."""
        places: dict[tuple[Path, Path], list[Path]] = {}
        for directory in self._owned.directories:
            names = {name for _, names, _ in walk(directory.path) for name in names}
            for file in (*self._sources, *self._owned.tests):
                if safe(file.stem) in names:
                    place = cassette_path(directory.path, directory.project, file, "_").parent
                    places.setdefault((directory.path, place), []).append(file)
        return places

    def _snapshots(self) -> Iterator[_File]:
        tops = {path.parent for path in self._owned.snapshots}
        if self._owned.snapshot_directory:
            tops |= {each for each in self._directories if each.name == self._owned.snapshot_directory}
        for path in sorted(path for top in tops for path in top.glob(f"*/*{STEPS}") if not path.parent.is_symlink()):
            name = path.name.removesuffix(STEPS)
            if any(_is_snapshot_of(name, test) for test in self._owned.snapshots.get(path.parent, ())):
                continue
            beside = path.parents[2]
            files = [file for file in beside.glob("*.*") if file.stem == path.parent.name and file.is_file()]
            yield _File(path, SNAPSHOT, path.parents[1], beside / path.parent.name, name, files)

    @cached_property
    def _sources(self) -> list[Path]:
        tops = {_repository(self._owned.root), *(each.project for each in self._owned.directories)}
        outer = [top for top in tops if not any(top.is_relative_to(other) and top != other for other in tops)]
        return [directory / file for top in sorted(outer) for directory, _, files in walk(top) for file in files]

    @cached_property
    def _directories(self) -> set[Path]:
        return {
            above for directory in {file.parent for file in self._sources} for above in (directory, *directory.parents)
        }

    @property
    def _texts(self) -> list[Path]:
        """Return the sources but for what is judged: recordings, and snapshots."""
        tops = [each.path for each in self._owned.directories]
        return [
            file
            for file in self._sources
            if not file.name.endswith(STEPS)
            and not (file.suffix in storage.SUFFIXES and any(file.is_relative_to(top) for top in tops))
        ]

    # --- whose it is ---

    def _has_owner(self, file: _File) -> bool:
        """Return whether a test may own a file that was not collected, or that was not asked for."""
        if not self._is_in_scope(file.place) or REDACTED in file.path.name:
            return True
        return any(each not in self._owned.tests or self._module(each).may_own(file.name) for each in file.files)

    def _is_in_scope(self, place: Path) -> bool:
        return not self._owned.scope.isdisjoint((place, *place.parents))

    def _module(self, file: Path) -> Module:
        if file not in self._modules:
            above = [
                directory / "conftest.py" for directory in file.parents if directory.is_relative_to(self._owned.root)
            ]
            others = filter(Path.is_file, above)
            self._modules[file] = Module(file, self._owned.tests[file], others)
        return self._modules[file]


def _recorded(top: Path) -> Iterator[tuple[Path, str]]:
    """Yield the cassettes below a directory, and the directories of media that have none; links are not followed."""
    for directory, directories, files in walk(top):
        for path in (directory / file for file in files):
            if path.suffix in storage.SUFFIXES and not path.name.startswith(".") and _is_cassette(path):
                yield path, CASSETTE
        for path in [directory / name for name in directories]:
            if media.is_directory(path) and not path.is_symlink():
                directories.remove(path.name)
                if not any(path.with_suffix(suffix).is_file() for suffix in _OTHERS):
                    yield path, MEDIA


def _is_cassette(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _CASSETTE.match(file.read(_HEAD)) is not None
    except OSError:
        return False


def _name(path: Path) -> str:
    """Return the name of a cassette without what its candidates, and its media, add to it."""
    name = path.with_name(f"{path.stem}.yaml")
    if candidates.is_candidate(name):
        return name.stem.rpartition(".")[0]
    return name.stem.removesuffix(_CLEANED)


def _cassette(file: _File) -> str:
    """Return the place of the cassette to which a file belongs."""
    return _place(file.path) if file.kind == SNAPSHOT else _place(file.path.with_name(f"{file.name}.yaml"))


def _place(path: Path) -> str:
    """Return a path of which only the last part may be a link."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - many, and pathlib is slow


def _is_snapshot_of(name: str, test: str) -> bool:
    """Return whether a test may have written a snapshot of this name: its only one, one of several, or a named one."""
    return name == test or name.startswith((f"{test}.", f"{test}["))


def _repository(directory: Path) -> Path:
    """Return the repository in which a directory is, or the directory."""
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _measured(file: _File) -> Unowned:
    if file.kind == STORED:
        return Unowned(kind=STORED, path=file.path, top=file.top, files=1, size=0, signature=None)
    files = [each for each in file.path.iterdir() if each.is_file()] if file.kind == MEDIA else [file.path]
    return Unowned(
        kind=file.kind,
        path=file.path,
        top=file.top,
        files=len(files),
        size=sum(each.lstat().st_size for each in files),
        signature=storage.signature(file.path),
    )
