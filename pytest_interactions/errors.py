"""All errors that a user of this package can meet.

Each message names the file, the place and what to do next, and never holds a secret.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_interactions.escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.frames import Frame


class InteractionsError(Exception):
    """The base of all errors of this package; a message shows unprintable characters as escapes.

    Attributes:
        frames: The frames of the user's own code in which it was raised.
    """

    frames: tuple[Frame, ...] = ()
    _headline = ""

    _brief = ""

    def __init__(self, message: str = "", *, headline: str = "", brief: str = "") -> None:
        from pytest_interactions.frames import users_own

        super().__init__(escaped(message))
        self._headline = escaped(headline)
        self._brief = escaped(brief)
        self.frames = users_own(sys._getframe(1))  # noqa: SLF001 - what `inspect` returns too, without its searches

    @property
    def headline(self) -> str:
        """Return one line that says what differs; the first line of the message if there is no better one."""
        return self._headline or str(self).partition("\n")[0]

    @property
    def brief(self) -> str:
        """Return the message in some ten lines, if it has many more."""
        return self._brief or str(self)


class OptionError(InteractionsError, ValueError):
    """An option, a record mode or a cassette name that can't be used."""


class CassetteError(InteractionsError):
    """The base of all errors of a cassette."""


class CassetteNotFoundError(CassetteError):
    """A request in a test that has no cassette yet, in a record mode that forbids recording one."""


class CassetteFormatError(CassetteError):
    """An existing cassette file that can't be read; it is never overwritten.

    Attributes:
        line: The line on which that shows, from 1; `None` if it shows on none.
    """

    def __init__(self, message: str = "", *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class SnapshotFormatError(InteractionsError):
    """A snapshot of steps that can't be read as a reference; the message names its line."""


class TooLargeError(CassetteFormatError):
    """A file that is larger than the bound, or would be if it were unpacked."""


class StoreError(CassetteError):
    """A store of cassettes, or the lock file that says what is in it, that can't be used; nothing was lost."""


class CassetteMissError(CassetteError):
    """A request that no recording in the cassette answers."""


class UnplayedError(CassetteError):
    """The end of a test that did not ask for all recorded exchanges."""


class DifferingError(CassetteError):
    """The end of a test whose requests differ from the recordings that answered them in sequence."""


class OverrideError(CassetteError, ValueError):
    """An override of a recorded answer that can't be used, or that nothing asked for."""


class FaultError(CassetteError):
    """The end of a test with a fault that hit nothing."""


class DifferingWarning(UserWarning):
    """The end of such a test, with `differing = warn`."""


class StaleError(CassetteError):
    """The end of a test that replayed what is older than `max_age` or of a retired model, with `stale = fail`."""


class DriftError(CassetteError):
    """The end of a test whose live run differs from its recording, in record mode `verify`."""


class BudgetError(CassetteError):
    """A live request beyond `max_requests` or `max_tokens`, in record mode `verify`; it was not sent."""


class LintError(CassetteError):
    """The end of a test that sent what the API would refuse, with `lint = error`."""


class LintWarning(UserWarning):
    """The end of a test that sent what the API would refuse."""


class StreamEndedError(CassetteError):
    """A replayed stream that is read further than it was recorded, or one that is read on when its cassette closed."""


class UnfinishedError(CassetteError):
    """The end of a cassette while somebody waits for a response; what had finished is saved."""


class ForkedError(CassetteError):
    """A request of a forked process through its parent's cassette; it was not sent."""


class AlreadyOpenError(CassetteError):
    """A cassette that is open already in this process, and is to be recorded by one of the two."""


class CassetteWriteError(CassetteError):
    """A cassette that can't be written; the message says where the recording was kept, if `is_kept`."""

    def __init__(self, message: str = "", *, is_kept: bool = True) -> None:
        super().__init__(message)
        self.is_kept = is_kept


class SecretLeakError(CassetteError):
    """A secret in the text about to be written; the message says where, never what."""


class PlaceholderError(InteractionsError):
    """A live request with a redaction placeholder in it; it was not sent."""


class NetworkBlockedError(InteractionsError):
    """A connection during replay to a host other than loopback."""


class UnseenRequestError(InteractionsError):
    """A request to the API by a fixture that no cassette is around, in a test that replays; it was not sent."""


class UnsupportedClientError(InteractionsError):
    """A client that can't be recorded, or a WebSocket, would pass the cassette by; nothing was sent."""


class SeveralCassettesError(InteractionsError):
    """Several cassettes are in force at once, and code outside of each of them sent a request."""


class MissingExtraError(InteractionsError, ImportError):
    """A part of this package that needs an extra that is not installed."""


class ScriptError(InteractionsError, ValueError):
    """An emulator script that can't be used; the message names its line."""


def closest(word: Any, names: Iterable[Any]) -> str | None:
    """Return the name that `word` may have meant; `None` if it resembles none of `names`."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(str(word), map(str, names), n=1)), None)
