"""What is sent of an answer that a script lets go wrong, and when. Nothing is sent here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import SWITCHED, Exchange, Request, Response
from pytest_interactions.api.websocket import Frame, body_of, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.pacing import Pacing
    from pytest_interactions.faults import Effects

_ANY: Final = Request(method="POST", uri="")


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent of an answer.

    Attributes:
        status: The HTTP status; 0 if nothing is sent.
        chunks: Its events, or its body; at least one if there is a head, as that goes with it.
        cut: What its connection ends with; `None` if the answer is complete, as far as its client can tell.
        pacing: When its parts are due; `None` if all of it is due at once.
        hangs: Whether its end never comes.
    """

    status: int
    chunks: Sequence[bytes]
    cut: Cut | None = None
    pacing: Pacing | None = None
    hangs: bool = False

    @property
    def promised(self) -> int | None:
        """Return the length that the head promises of a body of which less comes; `None` if it promises none."""
        return None if self.cut is None else self.cut.expected(sum(map(len, self.chunks)))

    def wait(self, chunk: bytes) -> float:
        """Return the seconds to wait before a chunk, which is the next to be sent."""
        if self.pacing is None:
            return 0.0
        self.pacing.took(chunk)
        return self.pacing.pause(None).seconds

    def wait_at_end(self) -> float:
        """Return the seconds to wait before the connection breaks."""
        return 0.0 if self.pacing is None else self.pacing.at_end(None).seconds


def sent(status: int, headers: Mapping[str, str], chunks: Sequence[bytes], effects: Effects) -> Sent:
    """Return what is sent of an answer, of which as much goes wrong as can: what can't does nothing.

    Args:
        status: Its HTTP status.
        headers: Its headers.
        chunks: Its events, or its body.
        effects: What goes wrong with it; an `error` is the answer already.
    """
    if not (_names(effects) or effects.delay or effects.events_delay):
        return Sent(status, chunks)
    from pytest_interactions.api.faults.altering import delays_of
    from pytest_interactions.cassette.pacing import Pacing

    response = Response(
        status=status, headers={name: [value] for name, value in headers.items()}, body=b"".join(chunks)
    )
    whole = Exchange(request=_ANY, response=response)
    due = Pacing(whole, 0.0, delays_of(effects)).due
    applied, exchange = _altered(effects, whole, due)
    delays = delays_of(applied)
    pacing = Pacing(exchange, 0.0, delays)
    return Sent(exchange.response.status, _chunks(exchange.response), exchange.cut, pacing, delays.hangs)


def said(messages: Iterable[str], effects: Effects) -> Sequence[Item]:
    """Return what the server says on a WebSocket instead of these messages, as far as its events go wrong."""
    frames = [Frame(sent=False, data=message) for message in messages]
    wrong = effects.model_copy(update={"cut_after": None})  # which the connection is for, as it comes again
    if not _names(wrong):
        return frames
    opened = Response(status=SWITCHED, body=body_of(frames))
    _, exchange = _altered(wrong, Exchange(request=_ANY, response=opened), lambda _: 0.0)
    return read(exchange.response.body)


def _names(effects: Effects) -> list[str]:
    """Return the keys of what is done to an answer, in the order in which it is; none of an answer that is an error."""
    return [] if effects.ending == "error" else [*effects.changes, *filter(None, [effects.ending])]


def _altered(effects: Effects, whole: Exchange, due: Callable[[int], float]) -> tuple[Effects, Exchange]:
    """Return those of the effects that an answer can have, and what they make of it."""
    from pytest_interactions.api.faults.altering import altered
    from pytest_interactions.api.faults.parts import NotAlterableError

    none: dict[str, Any] = dict.fromkeys(_names(effects))
    late = effects.events_delay if whole.response.is_stream else 0.0
    applied, exchange = effects.model_copy(update={**none, "events_delay": late}), whole
    for name in none:
        more = applied.model_copy(update={name: getattr(effects, name)})
        with suppress(NotAlterableError):
            exchange = altered(more, whole, due).exchange
            applied = more
    return applied, exchange


def _chunks(response: Response) -> Sequence[bytes]:
    if not response.status:
        return []
    return (sse.split(response.body) if response.is_stream else [response.body]) or [b""]
