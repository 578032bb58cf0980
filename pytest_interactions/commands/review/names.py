"""What is named: candidates by their files, and these and conflicts by cassettes, by directories, or by tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.review.conflicts import conflicts, locks_of, settled
from pytest_interactions.errors import CassetteError, CassetteNotFoundError, OptionError
from pytest_interactions.files import candidates, decisions
from pytest_interactions.files.notes import cassette_of
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.review.conflicts import Conflict
    from pytest_interactions.review.proposal import Waiting


class Names:
    """The search for what waits by its names, each found once; what was begun with it is finished before."""

    def __init__(
        self, paths: Iterable[Path], complain: Callable[[object], object], tell: Callable[[str], object]
    ) -> None:
        """Look for what waits of tests below those of `paths` that are directories, or below this one.

        `complain` takes an error of one name; the others are gone through. `tell` takes what was settled on the way.
        """
        self._directories = [path for path in paths if path.is_dir()] or [Path()]
        self._complain = complain
        self._tell = tell
        self._seen: set[Path] = set()

    def found(self, names: Iterable[str | Path]) -> Iterator[Waiting]:
        """Yield what is named."""
        for name in names:
            try:
                yield from self._of(name)
            except (CassetteError, OptionError, OSError) as error:
                self._complain(error)

    def _of(self, name: str | Path) -> Iterator[Waiting]:
        path = Path(name)
        if path.is_dir():
            yield from self._once(self._conflicts(path))
            yield from self._each(_waiting_below(path, self._complain))
        elif "::" in str(name) or path.suffix == ".py":
            yield from self._of_test(str(name))
        else:
            found = list(self._conflicts(path))
            yield from self._once(found)
            _finish(path)
            if not found or _waits(path):
                yield from self._each([candidates.named(path).name])

    def _conflicts(self, path: Path) -> Iterator[Conflict]:
        """Yield the conflict of a cassette, or those of all in a directory."""
        place = Path(os.path.normpath(path.absolute()))
        for file in locks_of(path, _may_hold):
            for conflict in conflicts(settled(file, self._tell), self._complain):
                if conflict.path.is_relative_to(place):
                    yield conflict

    def _once(self, found: Iterable[Conflict]) -> Iterator[Conflict]:
        for conflict in found:
            if conflict.path not in self._seen:
                self._seen.add(conflict.path)
                yield conflict

    def _each(self, files: Iterable[Path]) -> Iterator[Waiting]:
        for file in files:
            place = candidates.place(file)
            if place in self._seen:
                continue
            self._seen.add(place)
            try:
                yield candidates.named(file)
            except CassetteError as error:
                self._complain(error)

    def _of_test(self, test: str) -> Iterator[Waiting]:
        waiting = [file for path in self._directories for file in _waiting_below(path, self._complain)]
        clean = Secrets.from_environ(os.environ).matcher.redact(test)  # as candidates name it
        found = [file for file in waiting if any(_names(clean, each) for each in _tests_of(file))]
        both = [each for path in self._directories for each in self._conflicts(path)]
        in_conflict = [each for each in both if any(_names(clean, name) for name in each.tests)]
        if not found and not in_conflict:
            raise CassetteNotFoundError(
                f"{clean}: no candidate of it waits here; `pytest-interactions review --list` names those that do."
            )
        yield from self._once(in_conflict)
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


def _waits(path: Path) -> bool:
    try:
        return bool(candidates.named(path))
    except CassetteNotFoundError:
        return False


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
