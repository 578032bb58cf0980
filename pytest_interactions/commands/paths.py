"""The files in a folder, for `show`, `scan` and `redact`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def files_in(path: Path, wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield `path` itself if it is no folder, else the wanted files at any depth below it, in order.

    Args:
        path: A file or a folder.
        wanted: Decides on each file and each folder below `path`; an unwanted folder is not entered.
    """
    if not path.is_dir():
        yield path
        return
    for child in sorted(path.iterdir()):
        if wanted(child):
            yield from files_in(child, wanted)
