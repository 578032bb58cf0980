"""A recorded response as it is played: its chunks, their pace, and its end. No I/O happens here.

Each client, and the replay server, waits, sends and raises in its own way what a tape says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.json_text import minified
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.errors import CassetteFormatError, InteractionsError
from pytest_interactions.files import media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    from pytest_interactions.api.exchange import Cut, Exchange, Response
    from pytest_interactions.options import Options

#: Seconds for which a stream that the app left when it was recorded waits at its end to be left again: by a timeout, by
#: another task, or by a client in another process. Whoever is still there then reads on.
READS_ON: Final = 5.0


class Ending(Enum):
    """How a response ended when it was recorded: as its server meant, by a broken connection, or left by the app."""

    COMPLETE = auto()
    BROKEN = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One recorded response, to be played once.

    Attributes:
        exchange: What was recorded.
        options: How it is played: `chunking` and `pace`.
        directory: Where the media files are that the body refers to.
        remember: Takes each of our errors, as the app may swallow it.
        read_too_far: Makes the error for a response that is read further than it was recorded.
    """

    exchange: Exchange
    options: Options
    directory: Path
    remember: Callable[[Any], Any]
    read_too_far: Callable[[Exchange], InteractionsError]

    @property
    def response(self) -> Response:
        """The recorded response; its status is 0 where there was no answer at all."""
        return self.exchange.response

    @property
    def pace(self) -> float:
        """The seconds between two chunks."""
        return self.options.pace if self.response.is_stream else 0.0

    @property
    def ending(self) -> Ending:
        """How the response ended."""
        cut = self.exchange.cut
        if cut is None:
            return Ending.COMPLETE
        return Ending.LEFT if cut.by == "app" else Ending.BROKEN

    @property
    def lingers(self) -> float:
        """The seconds for which the end waits to be left by the app once more; only a reader that waits reads on."""
        return READS_ON if self.ending is Ending.LEFT else 0.0

    def error(self, broken: Callable[[Cut], Exception]) -> Exception:
        """Return what is raised at the end of a response that is not complete.

        Args:
            broken: Makes the client's own exception for a broken connection.
        """
        cut = self.exchange.cut
        if cut is not None and self.ending is Ending.BROKEN:
            return broken(cut)
        error: InteractionsError = self.remember(self.read_too_far(self.exchange))
        return error

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers to play, one pair a value."""
        response = self.response
        headers = [(name, value) for name, values in response.headers.items() for value in values]
        if "content-type" not in response.headers and response.body:  # some recorders strip all headers
            if response.is_stream:
                headers.append(("content-type", "text/event-stream"))
            elif response.body[:1] in b"{[":
                headers.append(("content-type", "application/json"))
        return headers

    def chunks(self) -> Iterator[bytes]:
        """Cut the body, its media in it, into the chunks of its replay.

        Raises:
            CassetteFormatError: A media file is missing or was altered.
        """
        try:
            yield from _cut_up(self.response, self.options.chunking, self.directory)
        except CassetteFormatError as error:
            raise self.remember(error) from None

    def on_one_line(self) -> Self:
        """Return the same tape with JSON on one line, as the API writes it; cassettes lay it out for their readers."""
        response = self.response
        is_laid_out = not response.is_stream and response.body.startswith((b"{\n", b"[\n"))
        if not is_laid_out or response.json() is NOT_JSON:
            return self
        return replace(self, exchange=replace(self.exchange, response=response.with_body(minified(response.body))))


def _cut_up(response: Response, chunking: str | int, directory: Path) -> Iterator[bytes]:
    """Cut a body: one chunk an event (`"event"`), one in all (`"whole"`), or so many bytes each."""
    body = response.body
    if chunking == "event" and not response.is_stream:
        # One, but for media: these are never put together here.
        yield from media.chunks(body, directory) if media.PREFIX in body else [body]
        return
    body = media.inlined(response, directory).body
    if isinstance(chunking, int):
        yield from (body[start : start + chunking] for start in range(0, len(body), chunking))
    else:
        yield from sse.split(body) if chunking == "event" else [body]
