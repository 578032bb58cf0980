"""The common part of the commands that know a store: their arguments, and the cassettes of a project's tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.files import disk, media
from pytest_interactions.files.notes import is_candidate
from pytest_interactions.files.storage import SUFFIXES
from pytest_interactions.store.project import Project

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

_REDACTED = ".redacted"  # at the end of the name of a recording without what the gate refused


def store_argument(parser: ArgumentParser) -> None:
    """Declare the store, which the ini file names otherwise."""
    parser.add_argument("--store", metavar="URL", help="the store (default: interactions_store of the ini file)")


def project_of(options: Namespace) -> Project:
    """Return the project of the working directory; the errors are those of `Project.at`."""
    return Project.at(Path.cwd(), options.store)


def recordings(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the cassettes at some paths, and below those that are directories, without what waits for review."""
    for path in paths:
        if path.exists():
            yield from filter(_is_recording, files_in(path.absolute(), _may_be, gone))


def gone(error: OSError) -> None:
    """Bear that a directory has gone meanwhile, as another push has taken out what was in it; raise any other error."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _may_be(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return path.suffix in SUFFIXES if path.is_file() else path.is_dir() and not path.is_symlink()


def is_recording(name: str) -> bool:
    """Return whether a file of this name is a cassette, and none that waits for review."""
    path = Path(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix in SUFFIXES and not hidden and _is_recording(path)


def _is_recording(path: Path) -> bool:
    return not (is_candidate(path) or path.stem.endswith(_REDACTED))


def media_of(cassette: Path, *, in_tree: bool) -> list[str]:
    """Return the names of the media to which a cassette refers, those that are beside it, or the others."""
    beside = media.directory_of(cassette)
    names = sorted(media.references_in(disk.read(cassette)))
    return [name for name in names if (beside / name).is_file() is in_tree]


def counted(count: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def in_kib(size: int) -> str:
    """Return a number of bytes as it is shown."""
    return f"{size / 1024:,.1f} KiB"
