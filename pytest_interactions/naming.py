"""Where a test's cassette is: names that every file system takes, never outside the cassette directory."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Final

from pytest_interactions.api.digests import IN_FILE_NAME, hex_digest
from pytest_interactions.errors import OptionError

# What Windows refuses in a name, and what a shell or a URL would trip over in none of the usual ones.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST: Final = 180  # bytes: file systems take 255, and a temporary name is a little longer


def cassette_path(directory: Path, rootpath: Path, test_file: Path, test: str) -> Path:
    """The cassette of one test.

    Args:
        directory: The cassette directory.
        rootpath: pytest's rootdir.
        test_file: The test's file.
        test: `[Class.]test[params]`.
    """
    inside = test_file.is_relative_to(rootpath)
    below = (test_file.relative_to(rootpath) if inside else Path(os.path.relpath(test_file, rootpath))).with_suffix("")
    parts = [safe(part) for part in below.parts if part not in {"..", below.anchor}]
    return directory.joinpath(*parts, f"{safe(test)}.yaml")


def named_cassette(directory: Path, name: str) -> Path:
    """The cassette that a test chose by its `name`, which may have directories in it.

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
    """A file name for `name`: itself where it can be, else changed and with a digest, so that two never meet."""
    changed = _UNSAFE.sub("-", unicodedata.normalize("NFC", name)).rstrip(". ")
    if _RESERVED.fullmatch(changed):
        changed = f"_{changed}"
    if len(changed.encode()) > _LONGEST:
        changed = changed.encode()[:_LONGEST].decode(errors="ignore")
    if changed == name:
        return name
    return f"{changed}-{hex_digest(name, IN_FILE_NAME)}"
