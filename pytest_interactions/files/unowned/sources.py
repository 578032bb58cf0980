"""The sources of a project: what they mention, and which tests they may define though pytest has not collected them.

A test may exist on another system alone; a script, a notebook, or a program in another language may name a cassette.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import BytesAhoCorasick

from pytest_interactions.errors import TooLargeError
from pytest_interactions.files import disk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# Directories in which nobody keeps sources: those of version control and of environments, and those that tools make.
_NOT_ENTERED: Final = re.compile(r"\.(?:git|hg|svn|venv.*|tox|nox|\w+_cache)|__pycache__|node_modules|site-packages")
_ENVIRONMENT: Final = "pyvenv.cfg"
_LARGEST: Final = 2**20  # bytes of a source; what is larger is data
# Reports on tests, and what tools write: they tell of tests that are gone.
_REPORTS: Final = frozenset({".ambr", ".csv", ".html", ".lock", ".log", ".map", ".svg", ".xml"})
_ENDS: Final = frozenset(b"\"'`\\")
_BEGINS: Final = _ENDS | frozenset(b"/")
_IN_NAME: Final = re.compile(rb"[\w.-]")
_SUFFIX: Final = re.compile(rb"\.(?:ya?ml|json|steps\.txt)\b")
_DIRECTORY_ENDS: Final = re.compile(rb"/?(?![\w/.-])")
# Words of a module whose tests, or whose parameters, depend on where it runs.
_CONDITIONS: Final = re.compile(r"\b(?:platform|os\.name|version_info|environ|getenv|find_spec|importorskip)\b")
_NUMBER: Final = re.compile(r"\.\d+\Z")
_CLASS_CASSETTE: Final = ".class_interactions"


def walk(top: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield the directories of a project, as `os.walk` does; links to directories are not followed."""
    for directory, directories, files in os.walk(top):
        if _ENVIRONMENT in files:
            directories.clear()
        else:
            directories[:] = sorted(name for name in directories if not _NOT_ENTERED.fullmatch(name))
            yield Path(directory), directories, sorted(files)


def mentions(names: Collection[str], directories: Collection[str], sources: Iterable[Path]) -> dict[str, Path]:
    """Return which of some names stand in a source, each with the first that has it.

    Args:
        names: The names of files without their suffix; they count with one, or as the end of a quoted text.
        directories: The paths of directories; they count as a whole.
        sources: The files to look through.
    """
    found: dict[str, Path] = {}
    patterns = [name.encode(errors="surrogateescape") for name in (*names, *directories)]
    if not patterns:
        return found
    search = BytesAhoCorasick(patterns)
    for source in sources:
        data = _read(source) or b""
        for number, start, end in search.find_matches_as_indexes(data, overlapping=True):
            name = [*names, *directories][number]
            is_meant = _is_file(data, start, end) if number < len(names) else _is_directory(data, start, end)
            if is_meant:
                found.setdefault(name, source)
    return found


def _read(path: Path) -> bytes | None:
    """Return the bytes of a source; `None` if it can't be read, or is no text."""
    if path.suffix in _REPORTS:
        return None
    try:
        data = disk.read(path, _LARGEST)
    except (OSError, TooLargeError):
        return None
    return None if b"\0" in data else data


def _is_file(data: bytes, start: int, end: int) -> bool:
    before, after = data[start - 1 : start], data[end : end + 1]
    if _SUFFIX.match(data, end):
        return _IN_NAME.match(before) is None
    return before != b"" and before[0] in _BEGINS and after != b"" and after[0] in _ENDS


def _is_directory(data: bytes, start: int, end: int) -> bool:
    return _IN_NAME.match(data[start - 1 : start]) is None and _DIRECTORY_ENDS.match(data, end) is not None


class Module:
    """A test file that was collected, for which a name may be of a test that is not there now.

    Args:
        path: The file.
        tests: The names of the tests that were collected of it, `[Class.]test[params]`.
        others: Files that may have a say in the parameters of its tests: each conftest.py above it.
    """

    def __init__(self, path: Path, tests: Iterable[str], others: Iterable[Path]) -> None:
        data = _read(path)
        text = (data or b"").decode(errors="replace")
        self._is_known = data is not None
        self._words = _words(text)
        self._defined = frozenset(_defined(text))
        self._of_params = "\n".join([text, *((_read(other) or b"").decode(errors="replace") for other in others)])
        self._ids: dict[str, list[str]] = defaultdict(list)
        for test in tests:
            head, _, params = test.partition("[")
            self._ids[head].append(params)
        self._classes = {name.partition(".")[0] for name in self._ids if "." in name}

    def may_own(self, name: str) -> bool:
        """Return whether a test of this name, which was not collected, may exist elsewhere.

        It may if its name stands in the file and no test of that name was collected; if the name of its class does, and
        nothing of the class was; and if the file, or one that has a say in its parameters, asks where it runs, and all
        words of the parameters stand there.
        """
        if not self._is_known:
            return True
        head, _, params = name.removesuffix(_CLASS_CASSETTE).partition("[")
        head = head if head in self._ids or head in self._defined else _NUMBER.sub("", head)
        if head in self._ids:
            return self._may_have(params.partition("]")[0])
        first, _, _ = head.partition(".")
        is_class_absent = head != first and first not in self._classes
        if head in self._defined or (is_class_absent and first in self._words):
            return True
        last = head.rpartition(".")[2]
        return last in self._words and all(each.rpartition(".")[2] != last for each in self._defined)

    def _may_have(self, params: str) -> bool:
        words = _words(params)
        return bool(words) and words <= _words(self._of_params) and _CONDITIONS.search(self._of_params) is not None


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _defined(text: str) -> Iterator[str]:
    """Yield the names of the functions and classes of a Python file, with those of the classes around them."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    yield from _defined_in(tree, "")


def _defined_in(node: ast.AST, around: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{around}{child.name}"
            yield name
            yield from _defined_in(child, f"{name}." if isinstance(child, ast.ClassDef) else around)
        else:
            yield from _defined_in(child, around)
