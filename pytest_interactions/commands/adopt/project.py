"""The project's directory as pytest sees it: its rootdir, and this package's options in its ini file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_interactions.commands.paths import files_in
from pytest_interactions.errors import OptionError
from pytest_interactions.ini_file import INI_FILES, ini_of
from pytest_interactions.naming import project_of
from pytest_interactions.options import Options, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARKS: Final = (*INI_FILES, "setup.py", ".git")
_USED: Final = ("cassette_dir", "keep_headers", "redact")
_FOREIGN: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages"})
_FLAGS: Final = ("--record-mode", "--block-network", "--disable-recording", "--allowed-hosts")


@dataclass(frozen=True, slots=True)
class Project:
    """A project: pytest's rootdir, its ini file if there is one, and those options that say where cassettes are."""

    root: Path
    ini: Path | None
    options: Options

    @classmethod
    def at(cls, path: Path) -> Project:
        """Return the project whose directory is `path`.

        Raises:
            OptionError: `path` is no directory, or a part of a larger project; or the ini file can't be used.
        """
        path = path.resolve()
        if not path.is_dir():
            raise OptionError(f"{path}: this is no directory; give the one that pytest runs in.")
        root = project_of(path) or path
        ini, values = ini_of(root)
        if root != path:
            there = ini or next(file for name in _MARKS if (file := root / name).exists())
            raise OptionError(
                f"{path} is a part of the project {root} ({there.name} is there), whose fixtures and cassettes belong "
                f"together; adopt it as a whole: pytest-interactions adopt {root}"
            )
        given = {name: values[key] for name in _USED if (key := f"interactions_{name}") in values}
        return cls(path, ini, resolve((str(ini), given)))

    @property
    def cassettes(self) -> Path:
        """Return the directory of this package's cassettes."""
        return self.root / self.options.cassette_dir

    def python_files(self) -> Iterator[Path]:
        """Yield the project's own Python files."""
        for path in files_in(self.root, self._is_own):
            if path.is_file():  # and no link to nowhere
                yield path

    def flags(self) -> Iterator[tuple[int, str]]:
        """Yield the line and the name of each flag of pytest-recording's in the ini file."""
        for number, line in enumerate(self.ini.read_text("utf-8").splitlines() if self.ini else (), 1):
            yield from ((number, flag) for flag in _FLAGS if flag in line)

    def _is_own(self, path: Path) -> bool:
        if path.is_dir():
            is_foreign = path.name.startswith(".") or path.name in _FOREIGN or (path / "pyvenv.cfg").exists()
            return not is_foreign and not path.is_symlink()
        return path.suffix == ".py"
