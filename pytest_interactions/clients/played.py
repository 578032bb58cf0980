"""A tape, written as the bytes of HTTP/1.1 that its client would receive. No I/O happens here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_interactions.clients.chunks import CHUNKED, LAST, chunk
from pytest_interactions.clients.failures import IncompleteChunk, InvalidChunkLength
from pytest_interactions.clients.wire import has_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.cassette.tape import Tape

_MORE_EXPECTED: Final = re.compile(r"(\d+) more expected")
_BREAK: Final = re.compile(r"[\r\n]+[ \t]*")
_NO_FOLD: Final = re.compile(r"\r(?!\n[ \t])|(?<!\r)\n|\n(?![ \t])")  # a line break after which no value goes on


def pieces(tape: Tape, method: str) -> Iterator[bytes]:
    """Write a recorded response as http.client receives it: the head, then the body's chunks.

    One that is not complete is chunked, so that all of it reaches the app before what it ended with does; but one that
    was too short for its content-length, or for one of its chunks, is so again.
    """
    chunks = filter(None, tape.chunks())
    cut = tape.exchange.cut
    promised = _MORE_EXPECTED.search(cut.message) if cut else None
    if not has_body(method, tape.response.status):
        yield _head(tape)
    elif promised is None and (tape.response.is_stream or cut):
        yield _head(tape, CHUNKED)
        yield from _chunked(tape, chunks)
    else:
        first, *others = *chunks, b""
        length = len(first) + sum(map(len, others)) + int(promised[1] if promised else 0)
        yield _head(tape, f"content-length: {length}") + first
        yield from others


def _chunked(tape: Tape, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Write the chunks of a body, and what it ended with, as far as that is seen in its bytes."""
    cut = tape.exchange.cut
    in_chunk = IncompleteChunk.counts(cut) if cut else None
    if in_chunk:
        yield from _broken_off(chunks, *in_chunk)
        return
    yield from map(chunk, chunks)
    if cut is None:
        yield LAST
    elif cut.error == InvalidChunkLength.__name__:
        yield cut.message.encode("latin-1", "replace") + b"\r\n"


def _broken_off(chunks: Iterable[bytes], begun: int, missing: int) -> Iterator[bytes]:
    """Write a body whose last `begun` bytes are the beginning of a chunk, of which so many are `missing`."""
    body = list(chunks)
    whole = max(0, sum(map(len, body)) - begun)
    rest = b"".join(body)[whole:]
    for each in body:
        if whole > 0:
            yield chunk(each[:whole])
        whole -= len(each)
    yield chunk(rest, missing=missing)


def _head(tape: Tape, *framing: str) -> bytes:
    """Write a head as http.client reads it: in Latin-1, and a value may go on in the next line."""
    status, *headers = _lines(tape, framing)
    lines = [_BREAK.sub(" ", status), *(_NO_FOLD.sub(" ", header) for header in headers)]
    return b"\r\n".join([*map(_in_latin, lines), b"", b""])


def _in_latin(line: str) -> bytes:
    try:
        return line.encode("latin-1")
    except ValueError:  # another client has recorded it, which reads UTF-8
        return line.encode("utf-8", "surrogateescape")


def head(tape: Tape, *framing: str) -> bytes:
    """Return the status line and the headers of a tape's response, with those that frame its body, in UTF-8."""
    lines = [_BREAK.sub(" ", line) for line in _lines(tape, framing)]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def _lines(tape: Tape, framing: Iterable[str]) -> list[str]:
    response = tape.response
    headers = [f"{name}: {value}" for name, value in tape.headers() if name != "transfer-encoding"]
    return [f"HTTP/1.1 {response.status} {response.reason}", *headers, *framing]
