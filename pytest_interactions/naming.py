"""The paths of cassettes: names that every file system takes, never outside the cassette directory."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import IN_FILE_NAME, hex_digest
from pytest_interactions.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECTIONS: Final = {"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"}
_MOST_LOOKED_AT: Final = 5000  # directories
_MOST_NAMED: Final = 3  # files
# Windows refuses these characters in a name, and UTF-8 can't encode the last of them.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_OF_CANDIDATES: Final = ".failed"  # at the end of a name, it is that of what waits beside a cassette
_LONGEST: Final = 180  # bytes: file systems take 255, and a temporary name is a little longer


def project_of(directory: Path) -> Path | None:
    """Return the project that a directory of tests belongs to, wherever pytest is run; `None` if nothing tells.

    It is the nearest directory with a pytest configuration, as it is pytest's rootdir if the tests are run alone
    (https://docs.pytest.org/en/stable/reference/customize.html); else the nearest that a project begins in.
    """
    upwards = (directory, *directory.parents)
    return next(filter(configures_pytest, upwards), None) or next(filter(_begins_a_project, upwards), None)


def configures_pytest(directory: Path) -> bool:
    """Return whether there is a pytest configuration in a directory."""
    if any((directory / name).is_file() for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")):
        return True
    return any(_says(directory / name, section) for name, section in _SECTIONS.items())


def _says(path: Path, section: str) -> bool:
    try:
        return section in path.read_text("utf-8", errors="replace")
    except OSError:
        return False


def _begins_a_project(directory: Path) -> bool:
    return any((directory / name).exists() for name in ("pyproject.toml", "setup.py", ".git"))


def namesakes(path: Path, below: Iterable[Path]) -> list[Path]:
    """Return the files that have the name of `path` elsewhere below some directories, some at most."""
    found = dict.fromkeys(file for top in below for file in _cassettes(top) if file.name == path.name)
    return [file for file in found if file != path and file.exists()][:_MOST_NAMED]


@lru_cache(maxsize=8)
def _cassettes(top: Path) -> list[Path]:
    """Return what may be a cassette below a directory; once, as each test of a suite may have none."""
    found = []
    for directory, directories, files in islice(os.walk(top), _MOST_LOOKED_AT):
        directories[:] = [name for name in directories if not name.startswith((".", "__", "node_modules", "venv"))]
        found += [Path(directory, file) for file in files if file.endswith(".yaml")]
    return found


def cassette_path(directory: Path, project: Path, test_file: Path, test: str) -> Path:
    """Return the path of one test's cassette.

    Args:
        directory: The cassette directory.
        project: The project's directory, by which the test's file is named.
        test_file: The test's file.
        test: `[Class.]test[params]`.
    """
    is_below = test_file.is_relative_to(project)
    relative = test_file.relative_to(project) if is_below else Path(os.path.relpath(test_file, project))
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


def shown(path: Path, here: Path) -> str:
    """Return a path as it is shown: from `here` on, and as a whole if it is elsewhere."""
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def is_portable(path: str) -> bool:
    """Return whether every file system takes the names in a relative path with `/` between, but for their lengths."""
    odd = any(not part or part.endswith((".", " ")) or _RESERVED.fullmatch(part) for part in path.split("/"))
    return not (odd or _UNSAFE.search(path.replace("/", "")))


def safe(name: str) -> str:
    """Return `name` if every file system takes it, else a changed one with a digest, so that no two names meet."""
    changed = _UNSAFE.sub("-", unicodedata.normalize("NFC", name)).rstrip(". ")
    if changed.endswith(_OF_CANDIDATES):
        changed = changed.removesuffix(_OF_CANDIDATES) + "-failed"
    if _RESERVED.fullmatch(changed):
        changed = f"_{changed}"
    if len(changed.encode()) > _LONGEST:
        changed = changed.encode()[:_LONGEST].decode(errors="ignore")
    if changed == name:
        return name
    return f"{changed}-{hex_digest(name, IN_FILE_NAME)}"
