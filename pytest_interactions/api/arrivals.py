"""When the events of a stream came, of what is known of its bytes. No I/O happens here.

A client marks how many bytes have come by when. The bytes of a connection are not those of a body: heads, framing and
encodings are between them. So each layer makes marks in what it yields of the marks in what it gets.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.api import sse
from pytest_interactions.api.encodings import decoded_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Exchange, Headers


class Mark(NamedTuple):
    """How many bytes have come by a moment, in seconds since the request."""

    seconds: float
    size: int


def behind(marks: Sequence[Mark], head: int) -> list[Mark]:
    """Return the marks in what follows a head of so many bytes; the first is that of the moment when the head came."""
    return [Mark(seconds, size - head) for seconds, size in marks if size >= head]


def decoded(headers: Headers, encoded: bytes, body: bytes, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks in a decoded `body` of those in the `encoded` one; none if nobody knows.

    A body that could not be decoded is the encoded one itself.
    """
    if encoded == body:
        return list(marks)
    ends = [mark.size for mark in marks]
    chunks = [encoded[start:end] for start, end in pairwise([0, *ends])]
    sizes = decoded_sizes(headers.get("content-encoding", []), chunks, len(body))
    return [Mark(mark.seconds, size) for mark, size in zip(marks, accumulate(sizes), strict=False)]


def times_of(body: bytes, marks: Sequence[Mark]) -> tuple[float, ...] | None:
    """Return when the head of a stream came, then when the end of each piece did that `sse.split` makes of its body.

    The times are in seconds since the request, to the millisecond. There are none if the marks are not of all of the
    body.
    """
    if not marks or marks[-1].size < len(body):
        return None
    rest = iter(marks)
    mark = next(rest)
    times = [mark.seconds]
    for end in accumulate(map(len, sse.split(body))):
        while mark.size < end:
            mark = next(rest)
        times.append(mark.seconds)
    return tuple(round(seconds, 3) for seconds in times)


def fitting_times(exchange: Exchange) -> tuple[float, ...] | None:
    """Return the times of a stream if they are those of its events; an edit may have changed the number of these."""
    times = exchange.times
    return times if times and len(times) == len(sse.split(exchange.response.body)) + 1 else None
