"""Every error that a user of this package can meet.

Each message names the file, the place and what to do next, and never holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class InteractionsError(Exception):
    """The base of all errors of this package."""


class OptionError(InteractionsError, ValueError):
    """An option, a record mode or a cassette name is not one that can be used."""


class CassetteError(InteractionsError):
    """The base of what can go wrong with a cassette."""


class CassetteNotFoundError(CassetteError):
    """A request was made in a test that has no cassette yet, and the record mode forbids recording one."""


class CassetteFormatError(CassetteError):
    """A cassette file exists and can't be read; it is never overwritten."""


class CassetteMissError(CassetteError):
    """The cassette holds no recording that answers this request."""


class UnplayedError(CassetteError):
    """The test ended and recorded exchanges were not asked for."""


class StreamEndedError(CassetteError):
    """A replayed stream was read further than it was recorded."""


class CassetteWriteError(CassetteError):
    """The cassette could not be written; the message says where the recording was kept."""


class SecretLeakError(CassetteError):
    """The text about to be written holds a secret; the message says where, never what."""


class PlaceholderError(InteractionsError):
    """A live request would have carried a redaction placeholder; it was not sent."""


class NetworkBlockedError(InteractionsError):
    """A socket to a host other than loopback was asked for during replay."""


class UnsupportedClientError(InteractionsError):
    """A client that can't be recorded sent a request that would pass the cassette by; it was not sent."""


class SeveralCassettesError(InteractionsError):
    """Several cassettes are in force at once, and code outside of each of them sent a request."""


class MissingExtraError(InteractionsError, ImportError):
    """A part of this package needs an extra that is not installed."""


class ScriptError(InteractionsError, ValueError):
    """An emulator script can't be used; the message names its line."""


def closest(word: Any, names: Iterable[Any]) -> str | None:
    """Return the name that `word` may have meant; `None` if it resembles none of `names`."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(str(word), map(str, names), n=1)), None)
