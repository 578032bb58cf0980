"""A recorded response as it is played: its chunks, their pace, and its end.

Each client, and the replay server, waits, sends and raises in its own way; there is no network I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.json_text import minified
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.errors import CassetteFormatError, InteractionsError
from pytest_interactions.files import media
from pytest_interactions.redaction.headers import is_for_caches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    from pytest_interactions.api.exchange import Exchange, Headers, Response
    from pytest_interactions.cassette.dialogue import Dialogue
    from pytest_interactions.cassette.pacing import Pacing, Pause
    from pytest_interactions.cassette.uses import Use
    from pytest_interactions.options import Options

#: If the app left a recorded stream, the replay waits so many seconds at the end for the app to leave again: by a
#: timeout, another task, or a client in another process. A reader that is still there afterwards reads on.
READS_ON: Final = 5.0

#: What a client gets that has waited for as long as it waits.
_LATE: Final = Cut(by="connection", error="ReadTimeout", message="The read operation timed out")
_DATES: Final = {"date", "expires"}


class Ending(Enum):
    """The end of a recorded response: complete, broken by the connection, or left by the app."""

    COMPLETE = auto()
    BROKEN = auto()
    LEFT = auto()


@dataclass(eq=False, slots=True, kw_only=True)  # frozen, it would take as long to make as to find
class Tape:
    """One recorded response, to be played once.

    Attributes:
        exchange: The recorded exchange.
        options: The options, of which `chunking` counts here.
        directory: The directory of the media files to which the body refers.
        remember: A function that takes each of our errors, as the app may swallow it.
        read_too_far: A function that makes the error for a response that is read further than it was recorded.
        lost_patience: A function to call if the client did not wait for the exchange.
        use: The app's use of the response, which is to be told of its end.
        pacing: When its parts are due; `None` if they are all due at once.
        dialogue: The messages of a WebSocket that it opens; `None` for any other response.
    """

    exchange: Exchange
    options: Options
    directory: Path
    remember: Callable[[Any], Any]
    read_too_far: Callable[[Exchange], InteractionsError]
    lost_patience: Callable[[], None]
    use: Use
    pacing: Pacing | None = None
    dialogue: Dialogue | None = None

    @property
    def response(self) -> Response:
        """Return the recorded response; its status is 0 if there was no answer at all."""
        return self.exchange.response

    def pause(self, patience: float | None) -> Pause | None:
        """Return the wait for what comes next, the head or the chunk that was taken last; `None` if there is none.

        Args:
            patience: The seconds for which the client waits, as it was told to; `None` if it waits for ever.
        """
        return None if self.pacing is None else self.pacing.pause(patience)

    def pause_at_end(self, patience: float | None) -> Pause | None:
        """Return the wait for what the response ends with, if it is not complete."""
        if self.pacing is None or self.ending is Ending.COMPLETE:
            return None
        return self.pacing.at_end(patience)

    def late(self, broken: Callable[[Cut], Exception]) -> Exception:
        """Return the error for a client that has waited too long; `broken` makes its own exception."""
        self.lost_patience()
        self.left()
        return broken(_LATE)

    @property
    def hangs(self) -> bool:
        """Return whether what the response ends with never comes."""
        return self.pacing is not None and self.pacing.hangs

    @property
    def promised(self) -> int | None:
        """Return the length that was promised of a body of which less came; `None` if none was, or nobody knows it."""
        response, cut = self.response, self.exchange.cut
        if cut is None or response.is_stream or "content-length" in response.headers:
            return None
        return cut.expected(len(response.body))

    @property
    def ending(self) -> Ending:
        """Return how the response ended."""
        cut = self.exchange.cut
        if cut is None:
            return Ending.COMPLETE
        return Ending.LEFT if cut.by == "app" else Ending.BROKEN

    @property
    def lingers(self) -> float:
        """Return the seconds to wait at the end, so that the app can leave the response as it did before."""
        return READS_ON if self.ending is Ending.LEFT and not self.use.is_closed else 0.0

    @property
    def closed_by(self) -> Cut | None:
        """Return the error that the app got as it closed the response while it was read; `None` if it did not."""
        cut = self.exchange.cut
        return cut if cut is not None and cut.error and self.ending is Ending.LEFT else None

    def error(self, broken: Callable[[Cut], Exception]) -> Exception:
        """Return the error for the end of an incomplete response; `broken` makes the client's own exception.

        Raises:
            StreamEndedError: The cassette has closed.
        """
        self.use.check()
        self.left()
        cut = self.exchange.cut
        if cut is not None and self.ending is Ending.BROKEN:
            return broken(cut)
        error: InteractionsError = self.remember(self.read_too_far(self.exchange))
        return error

    def left(self) -> None:
        """Take note that the app reads no further."""
        self.use.is_over = True

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers to play, one pair for each value."""
        response = self.response
        headers: list[tuple[str, str]] = []
        for name, values in _as_of_now(response.headers).items():
            headers += [(name, value) for value in values]
        if "content-type" not in response.headers and response.body:  # some recorders strip all headers
            if response.is_stream:
                headers.append(("content-type", "text/event-stream"))
            elif response.body[:1] in b"{[":
                headers.append(("content-type", "application/json"))
        return headers

    def chunks(self) -> Iterator[bytes]:
        """Yield the chunks of the replay of the body with its media.

        Raises:
            CassetteFormatError: A media file is missing or was altered.
            StreamEndedError: The cassette has closed.
        """
        try:
            chunks = _cut_up(self.response, self.options.chunking, self.directory)
            chunk = next(chunks, None)
            while chunk is not None:
                self.use.check()
                self.use.thread = get_ident()
                following = next(chunks, None)
                if following is None and self.ending is Ending.COMPLETE:
                    self.left()  # an app may know by this one that no more is to come
                if self.pacing is not None:
                    self.pacing.took(chunk)
                yield chunk
                chunk = following
            if self.ending is Ending.COMPLETE:
                self.left()  # of an empty one
        except CassetteFormatError as error:
            raise self.remember(error) from None

    def on_one_line(self) -> Self:
        """Return the tape with JSON on one line, as the API writes it; a cassette has it on many, for its readers."""
        response = self.response
        is_whole = self.exchange.cut is None  # of one that broke off, the cut tells how many bytes came
        is_laid_out = is_whole and not response.is_stream and response.body.startswith((b"{\n", b"[\n"))
        if not is_laid_out or response.json() is NOT_JSON:
            return self
        return replace(self, exchange=replace(self.exchange, response=response.with_body(minified(response.body))))


def _as_of_now(headers: Headers) -> Headers:
    """Return the headers of a response that a cache may keep as if it had come now, or else it would be stale."""
    if "date" not in headers or not is_for_caches(headers):
        return headers
    recorded = _date(headers["date"][0])
    if recorded is None:
        return headers
    since = datetime.now(UTC) - recorded

    def moved(value: str) -> str:
        date = _date(value)
        return value if date is None else format_datetime(date + since, usegmt=True)

    return {name: list(map(moved, values)) if name in _DATES else values for name, values in headers.items()}


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None


def _cut_up(response: Response, chunking: str | int, directory: Path) -> Iterator[bytes]:
    """Yield a body's chunks: one for each event (`"event"`), a single one (`"whole"`), or so many bytes each."""
    body = response.body
    if chunking == "event" and not response.is_stream:
        # A single chunk, unless there are media, which need not be in memory as a whole.
        yield from media.chunks(body, directory) if media.PREFIX in body else [body]
        return
    body = media.inlined(response, directory).body
    if isinstance(chunking, int):
        yield from (body[start : start + chunking] for start in range(0, len(body), chunking))
    else:
        yield from sse.split(body) if chunking == "event" else [body]
