"""The cassettes of a server: a single one, or a directory from which the path of a request chooses."""

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

#: The suffixes of cassette files.
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
# The first segment of the API's own paths.
_API: Final = re.compile(r"v\d+\w*|upload|download")


class Cassettes(Protocol):
    """The cassettes of one server."""

    def find(self, path: str) -> Route:
        """Return the cassette for a path as it was sent; raise an `InteractionsError` if there is none."""
        ...

    def cassettes(self) -> list[Cassette]:
        """Return the cassettes that were opened."""
        ...


class OneCassette:
    """One cassette for all paths."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def find(self, path: str) -> Route:
        """Return the cassette."""
        return Route(self._cassette, "", path)

    def cassettes(self) -> list[Cassette]:
        """Return the cassette."""
        return [self._cassette]


class CassetteDirectory:
    """The cassettes of a directory, each named by the first segment of a path and opened at its first request."""

    def __init__(self, directory: Path, open_at: Callable[[Path], Cassette]) -> None:
        self._directory = directory
        self._open_at = open_at
        self._opened: dict[Path, Cassette] = {}
        self._lock = Lock()

    def find(self, path: str) -> Route:
        """Return the cassette that the path's first segment names.

        Raises:
            OptionError: The segment names no cassette, or one outside the directory.
            CassetteFormatError: The file exists and is no cassette.
        """
        segment, slash, rest = path.removeprefix("/").partition("/")
        name = unquote(segment)
        if not rest or _API.fullmatch(name):
            raise OptionError(
                f"the path {path} names no cassette: this server serves all cassettes of a directory, so a path "
                "begins with the name of one, as in /weather/v1beta/interactions."
            )
        file = named_cassette(self._directory, name)
        with self._lock:
            if file not in self._opened:
                self._opened[file] = self._open_at(file)
        return Route(self._opened[file], f"/{segment}", slash + rest)

    def cassettes(self) -> list[Cassette]:
        """Return the cassettes that were opened."""
        return list(self._opened.values())
