"""The cassettes that are named on a command line: by their paths, by directories, or by the tests that own them."""

from __future__ import annotations

import os
import shlex
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.collecting import collected
from pytest_interactions.errors import CassetteNotFoundError
from pytest_interactions.naming import shown
from pytest_interactions.store import lock_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.store.project import Project


class Named:
    """The cassettes of a project that some words name, by their names in its lock file, whether they exist or not.

    Attributes:
        places: The names of cassettes, and of directories of them.
    """

    def __init__(self, project: Project, words: Sequence[str], *, holding: bool = False) -> None:
        """Find them: a word is a test, as pytest has it, or a path.

        Args:
            project: The project.
            words: The words.
            holding: Whether a directory that holds the directory of cassettes stands for it, and not for its tests.

        Raises:
            InteractionsError: pytest can't collect the tests, or one is of another project that lies in this one.
        """
        tests = [word for word in words if "::" in word or word.endswith(".py") or _is_of_tests(word, project, holding)]
        paths = {Path(word).absolute() for word in words if word not in tests}
        if tests:
            paths |= collected(tests, parts=True).cassettes
        inside = sorted(path for path in map(_normal, paths) if path.is_relative_to(project.root))
        for path in inside:
            _expect_no_other(path, project)
        self.places = [path.relative_to(project.root).as_posix() for path in inside]
        self._places = frozenset(self.places)

    def __contains__(self, name: str) -> bool:
        return not self._places.isdisjoint((".", *accumulate(name.split("/"), "{}/{}".format)))


def _expect_no_other(path: Path, project: Project) -> None:
    """Raise `CassetteNotFoundError` if another lock file than the project's is nearer to a path."""
    lock = lock_file.nearest(path / lock_file.NAME)
    if lock and lock.parent != project.root and lock.parent.is_relative_to(project.root):
        where = shown(lock.parent, Path.cwd())
        raise CassetteNotFoundError(
            f"{shown(path, Path.cwd())}: it is of the project {where}, which has a lock file of its own. Go there: "
            f"cd {shlex.quote(where)}"
        )


def _is_of_tests(word: str, project: Project, holding: bool) -> bool:
    """Return whether a word is a directory of tests, and none of cassettes."""
    path, cassettes = _normal(Path(word).absolute()), project.cassettes
    return path.is_dir() and not (path.is_relative_to(cassettes) or (holding and cassettes.is_relative_to(path)))


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))
