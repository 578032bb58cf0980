"""The timeline of a test: the exchanges that it has played and recorded so far, in the order of its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.exchange import Exchange
from pytest_interactions.cassette.recording import Recording

if TYPE_CHECKING:
    from pytest_interactions.cassette.dialogue import Dialogue


class Timeline:
    """What a test has asked for, of which the media in files of their own are left out."""

    def __init__(self) -> None:
        self._entries: list[Exchange | Recording | Dialogue] = []
        self._own: dict[int, Exchange] = {}

    def add(self, entry: Exchange | Recording | Dialogue) -> None:
        """Add an exchange of the file that is played, a recording that begins, or a WebSocket that is played."""
        self._entries.append(entry)

    def exchanges(self) -> list[Exchange]:
        """Return what is finished, to look at it only: exchanges of the file belong to all who use that."""
        entries = [entry if isinstance(entry, Exchange) else entry.exchange for entry in list(self._entries)]
        return [entry for entry in entries if entry is not None]

    def copies(self) -> list[Exchange]:
        """Return the same, which the test may change; of exchanges of the file it gets a copy, the same each time."""
        entries = list(self._entries)
        copies = [entry.exchange if isinstance(entry, Recording) else self._copy(entry) for entry in entries]
        return [copy for copy in copies if copy is not None]

    def _copy(self, entry: Exchange | Dialogue) -> Exchange:
        played = entry if isinstance(entry, Exchange) else entry.exchange
        own = self._own.get(id(played))
        return own or self._own.setdefault(id(played), played.copied())  # another thread may look at it meanwhile
