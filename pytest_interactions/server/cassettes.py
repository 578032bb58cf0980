"""Which cassette a request is for: the only one, or the one that its path names."""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote

from pytest_interactions.errors import OptionError
from pytest_interactions.naming import named_cassette
from pytest_interactions.server.proxy import Route

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

#: How the names of cassettes end.
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
# How the paths of the API itself begin.
_API: Final = re.compile(r"v\d+\w*|upload|download")


class Cassettes(Protocol):
    """Where cassettes are."""

    def find(self, path: str) -> Route:
        """The cassette that a path, as it was sent, belongs to; raises an `InteractionsError` if there is none."""
        ...

    def cassettes(self) -> list[Cassette]:
        """Those that were opened."""
        ...


class OneCassette:
    """One cassette for all paths."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def find(self, path: str) -> Route:
        """The cassette."""
        return Route(self._cassette, "", path)

    def cassettes(self) -> list[Cassette]:
        """The cassette."""
        return [self._cassette]


class CassetteDirectory:
    """The cassettes of a directory, each named by the first segment of the path, and opened when first asked for."""

    def __init__(self, directory: Path, open_at: Callable[[Path], Cassette]) -> None:
        self._directory = directory
        self._open_at = open_at
        self._opened: dict[Path, Cassette] = {}
        self._lock = Lock()

    def find(self, path: str) -> Route:
        """The cassette that the path's first segment names.

        Raises:
            OptionError: It names none, or one outside the directory.
            CassetteFormatError: The file exists and is no cassette.
        """
        segment, slash, rest = path.removeprefix("/").partition("/")
        name = unquote(segment)
        if not rest or _API.fullmatch(name):
            raise OptionError(
                f"the path {path} names no cassette: this server serves all cassettes of a directory, so a path "
                "begins with the name of one, as in /weather/v1beta/interactions."
            )
        at = named_cassette(self._directory, name)
        with self._lock:
            if at not in self._opened:
                self._opened[at] = self._open_at(at)
        return Route(self._opened[at], f"/{segment}", slash + rest)

    def cassettes(self) -> list[Cassette]:
        """Those that were asked for."""
        return list(self._opened.values())
