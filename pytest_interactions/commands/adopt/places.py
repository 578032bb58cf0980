"""The places of a test's cassettes: where pytest-recording has them, and where this package's plugin looks."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.commands.adopt.ids import ids_of, old_file_name
from pytest_interactions.commands.adopt.static import UnknownValueError, request_at, returned, value_of
from pytest_interactions.commands.adopt.suite import DEFAULT, DIRECTORY
from pytest_interactions.naming import cassette_path, named_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.commands.adopt.project import Project
    from pytest_interactions.commands.adopt.suite import Function, Mark, Module, Test

#: The suffixes of the cassettes of vcrpy's two serializers.
SUFFIXES: Final = (".yaml", ".yml", ".json")


class Places:
    """The places of all cassettes of a suite.

    Args:
        project: The project.
        fixture: Finds the fixture of a name that a module's tests get.
    """

    def __init__(self, project: Project, fixture: Callable[[Module, str], tuple[Module, Function] | None]) -> None:
        self._project = project
        self._fixture = fixture
        self._olds: dict[str, set[Path]] = {}
        self._directories: dict[Path, Path] = {}

    def directory(self, module: Module) -> Path:
        """Return the directory of a module's old cassettes.

        Raises:
            UnknownValueError: The fixture that says so can't be read.
        """
        if module.path not in self._directories:
            found = self._fixture(module, DIRECTORY)
            value: Any = module.path.parent / "cassettes" / module.path.stem
            if found is not None:
                where, function = found
                request = request_at(module.path, self._project.root)
                value = returned(function, {**where.names, "request": request, "pytestconfig": request.config})
            if not isinstance(value, str | Path):
                raise UnknownValueError
            self._directories[module.path] = self._project.root / value
        return self._directories[module.path]

    def named(self, mark: Mark, module: Module) -> list[tuple[str, Path]]:
        """Return the names that a mark gives to cassettes, each with the old file; and remember them.

        Raises:
            UnknownValueError: A name can't be read.
        """
        found = []
        for argument in mark.arguments:
            value = value_of(argument, module.names)
            if not isinstance(value, str) or not _simple(value).strip("./ "):
                raise UnknownValueError
            old = Path(os.path.normpath(self.directory(module) / value))
            if mark.kind == DEFAULT:  # pytest-recording adds the suffix to this one
                with_suffix = (Path(f"{old}{suffix}") for suffix in SUFFIXES)
                old = old if old.suffix in SUFFIXES else next(filter(Path.exists, with_suffix), Path(f"{old}.yaml"))
            found.append((value, old))
            self._olds.setdefault(_simple(value), set()).add(old)
        return found

    def name(self, value: str, module: Module) -> str:
        """Return the name of a named cassette here: its own or, where two have it, with the module's path before it."""
        simple = _simple(value)
        if len(self._olds[simple]) == 1:
            return simple
        return f"{module.path.relative_to(self._project.root).with_suffix('').as_posix()}/{simple}"

    def named_path(self, name: str) -> Path:
        """Return the new path of a named cassette.

        Raises:
            OptionError: The name can't be used.
        """
        return named_cassette(self._project.cassettes, name)

    def own(self, test: Test) -> Iterator[tuple[Path, str]]:
        """Yield each old file of a test's own, with the name of the test that it is of."""
        plain = old_file_name(test.old_name)
        told: dict[str, list[str]] = {}
        for each in ids_of(test.parametrized, test.module.names):
            told.setdefault(old_file_name(f"{test.old_name}[{each}]"), []).append(f"{test.name}[{each}]")
        for file in self.files(self.directory(test.module)):
            if file.stem == plain:
                yield file, test.name
            elif file.stem in told:
                yield from ((file, name) for name in told[file.stem])
            elif file.stem.startswith(f"{plain}[") and file.stem.endswith("]"):
                yield file, test.name + file.stem.removeprefix(plain)

    def files(self, directory: Path) -> list[Path]:
        """Return the cassettes in a directory."""
        if not directory.is_dir():
            return []
        return sorted(file for file in directory.iterdir() if file.suffix in SUFFIXES and file.is_file())

    def own_path(self, test: Test, name: str) -> Path:
        """Return the new path of a cassette of a test's own."""
        return cassette_path(self._project.cassettes, self._project.root, test.module.path, name)


def _simple(value: str) -> str:
    """Return a cassette's name without its suffix; of one outside of the directory the last part."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        path = PurePosixPath(path.name)
    return str(path.with_suffix("")) if path.suffix in SUFFIXES else str(path)
