"""The project's directory as pytest sees it: its rootdir, and this package's options in its ini file."""

from __future__ import annotations

import configparser
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.commands.paths import files_in
from pytest_interactions.errors import OptionError
from pytest_interactions.naming import project_of
from pytest_interactions.options import Options, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: pytest's ini files, the first of which counts, each with the ways to the tables it may have.
_INI_FILES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "pytest.toml": (("pytest",), ()),
    ".pytest.toml": (("pytest",), ()),
    "pytest.ini": (("pytest",), ()),
    ".pytest.ini": (("pytest",), ()),
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
    "tox.ini": (("pytest",),),
    "setup.cfg": (("tool:pytest",),),
}
_MARKS: Final = (*_INI_FILES, "setup.py", ".git")
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
        ini, values = _ini_of(root)
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


def _ini_of(root: Path) -> tuple[Path | None, Mapping[str, Any]]:
    """Return the ini file of a project and its options, as pytest finds them."""
    for name, ways in _INI_FILES.items():
        for way in ways if (root / name).is_file() else ():
            values = _table(root / name, way)
            if values is not None:
                return root / name, values
    return None, {}


def _table(file: Path, way: tuple[str, ...]) -> Mapping[str, Any] | None:
    """Return the table at the end of a way; `None` if there is none."""
    value: Any
    try:
        text = file.read_text("utf-8")
        if file.suffix == ".toml":
            value = tomllib.loads(text)
        else:
            parser = configparser.RawConfigParser()
            parser.read_string(text)
            value = {name: dict(parser[name]) for name in parser.sections()}
    except (configparser.Error, ValueError) as error:
        raise OptionError(f"{file}: can't be read: {str(error).splitlines()[0]}") from None
    for name in way:
        value = value.get(name) if isinstance(value, dict) else None
    return {} if way == () and value is not None else value
