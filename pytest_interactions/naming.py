"""The paths of cassettes: names that every file system takes, never outside the cassette directory."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Final

from pytest_interactions.api.digests import IN_FILE_NAME, hex_digest
from pytest_interactions.errors import OptionError

# Windows refuses these characters in a name, and UTF-8 can't encode the last of them.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST: Final = 180  # bytes: file systems take 255, and a temporary name is a little longer


def cassette_path(directory: Path, rootpath: Path, test_file: Path, test: str) -> Path:
    """Return the path of one test's cassette.

    Args:
        directory: The cassette directory.
        rootpath: pytest's rootdir.
        test_file: The test's file.
        test: `[Class.]test[params]`.
    """
    is_below = test_file.is_relative_to(rootpath)
    relative = test_file.relative_to(rootpath) if is_below else Path(os.path.relpath(test_file, rootpath))
    parts = [safe(part) for part in relative.with_suffix("").parts if part not in {"..", relative.anchor}]
    return directory.joinpath(*parts, f"{safe(test)}.yaml")


def named_cassette(directory: Path, name: str) -> Path:
    """Return the path of the cassette that a test names; the name may have directories in it.

    Raises:
        OptionError: The name leads out of the cassette directory, or is none.
    """
    if not name.strip("/ "):
        raise OptionError(f"{name!r} can't be a cassette's name: give a text such as 'weather' or 'shared/weather'.")
    path = Path(os.path.normpath(directory / name))
    if directory not in path.parents:
        raise OptionError(
            f"the cassette name {name!r} leads out of the cassette directory {directory}. Choose a name inside it, or "
            "another directory with the option cassette_dir."
        )
    parts = path.relative_to(directory).parts
    last = parts[-1].removesuffix(".yaml").removesuffix(".yml")
    return directory.joinpath(*map(safe, parts[:-1]), f"{safe(last)}.yaml")


def safe(name: str) -> str:
    """Return `name` if every file system takes it, else a changed one with a digest, so that no two names meet."""
    changed = _UNSAFE.sub("-", unicodedata.normalize("NFC", name)).rstrip(". ")
    if _RESERVED.fullmatch(changed):
        changed = f"_{changed}"
    if len(changed.encode()) > _LONGEST:
        changed = changed.encode()[:_LONGEST].decode(errors="ignore")
    if changed == name:
        return name
    return f"{changed}-{hex_digest(name, IN_FILE_NAME)}"
