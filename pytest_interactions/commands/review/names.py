"""The candidates that are named: by their files, by their cassettes, by directories, or by their tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.files import candidates, decisions
from pytest_interactions.files.notes import cassette_of
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.files.candidates import Candidate


class Names:
    """The search for candidates by their names, each found once; what was begun with them is finished before."""

    def __init__(self, paths: Iterable[Path], complain: Callable[[object], object]) -> None:
        """Look for the candidates of tests below those of `paths` that are directories, or below this one.

        `complain` takes an error of one name; the others are gone through.
        """
        self._directories = [path for path in paths if path.is_dir()] or [Path()]
        self._complain = complain
        self._seen: set[Path] = set()

    def found(self, names: Iterable[str | Path]) -> Iterator[Candidate]:
        """Yield the candidates that are named."""
        for name in names:
            try:
                yield from self._of(name)
            except (CassetteError, OSError) as error:
                self._complain(error)

    def _of(self, name: str | Path) -> Iterator[Candidate]:
        path = Path(name)
        if path.is_dir():
            yield from self._each(_waiting_below(path, self._complain))
        elif "::" in str(name) or path.suffix == ".py":
            yield from self._of_test(str(name))
        else:
            _finish(path)
            yield from self._each([candidates.named(path).name])

    def _each(self, files: Iterable[Path]) -> Iterator[Candidate]:
        for file in files:
            place = candidates.place(file)
            if place in self._seen:
                continue
            self._seen.add(place)
            try:
                yield candidates.named(file)
            except CassetteError as error:
                self._complain(error)

    def _of_test(self, test: str) -> Iterator[Candidate]:
        waiting = [file for path in self._directories for file in _waiting_below(path, self._complain)]
        clean = Secrets.from_environ(os.environ).matcher.redact(test)  # as candidates name it
        found = [file for file in waiting if any(_names(clean, each) for each in _tests_of(file))]
        if not found:
            raise CassetteNotFoundError(
                f"{clean}: no candidate of it waits here; `pytest-interactions review --list` names those that do."
            )
        yield from self._each(found)


def _waiting_below(path: Path, complain: Callable[[object], object]) -> list[Path]:
    """Return the files by which the candidates in a directory are named; what was begun with any is finished before."""
    ours = [file for file in files_in(path, _may_hold) if candidates.is_candidate(file)]
    marks = [file for file in ours if decisions.is_mark(file)]
    for mark in marks:
        try:
            decisions.finish_all(cassette_of(mark))
        except (CassetteError, OSError) as error:
            complain(error)
    return [file for file in ours if candidates.is_waiting(file)]


def _finish(path: Path) -> None:
    cassette = cassette_of(path) if candidates.is_candidate(path) else path
    if decisions.is_pending(cassette):
        decisions.finish_all(cassette)


def _may_hold(path: Path) -> bool:
    return not path.name.startswith(".") and path.name != "node_modules"


def _tests_of(file: Path) -> tuple[str, ...]:
    try:
        return candidates.named(file).tests
    except CassetteError:  # which is told of where it is named itself
        return ()


def _names(name: str, test: str) -> bool:
    """Return whether a name on a command line is that of a test, or of all tests of a file, a class or a function.

    A test's own name begins at pytest's rootdir; the one on the command line where the command was begun, or at `/`.
    """
    file, _, rest = name.partition("::")
    file = file.replace("\\", "/").removeprefix("./")
    its_file, _, its_rest = test.partition("::")
    is_file = f"/{its_file}".endswith(f"/{file}") or f"/{file}".endswith(f"/{its_file}")
    return is_file and (not rest or its_rest == rest or its_rest.startswith((f"{rest}::", f"{rest}[")))
