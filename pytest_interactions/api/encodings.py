"""The content-encodings of HTTP bodies: gzip, deflate, and br and zstd where a library for them is installed."""

from __future__ import annotations

import sys
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.api.exchange import Headers

#: Headers that say how a body is framed on its connection.
FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_LIBRARIES: Final = ("httpx", "httpx2")  # each knows zstd by another library
_GZIP: Final = zlib.MAX_WBITS | 16  # the format, as zlib names it

#: The most bytes that a body in a file may be decoded to: a few more of them may be a gigabyte, made to do harm.
MOST: Final = 2**28


def stored(
    headers: Headers, body: bytes, *, whole: bool, members: bool = True, most: int | None = None
) -> tuple[Headers, bytes]:
    """Return the headers and the body of a response as a cassette holds them: decoded, and without framing.

    The length that is promised of a body that the answer has not, as that to a HEAD, stays. The arguments and the
    error are those of `decode`.
    """
    headers, body = decode(headers, body, whole=whole, members=members, most=most)
    promises = whole and not body and headers.get("content-length") != ["0"]
    framing = {"transfer-encoding"} if promises else FRAMING
    return {name: values for name, values in headers.items() if name not in framing}, body


def decode(
    headers: Headers, body: bytes, *, whole: bool, members: bool = True, most: int | None = None
) -> tuple[Headers, bytes]:
    """Return the headers and the body of a response without its content-encodings.

    Both are returned as they came if nobody here knows the encoding, or the body is damaged: the client of a replay is
    to meet what it met.

    Args:
        headers: The response's headers.
        body: The bytes that came over the wire.
        whole: Whether that is all of them; else what can be decoded is returned.
        members: Whether the client reads gzip on where a part of it ends, as all do but httpx.
        most: The most bytes to decode it to.

    Raises:
        ValueError: It would be more than `most` bytes.
    """
    encodings = headers.get("content-encoding")
    if not encodings or not body or not "".join(encodings).isascii():  # as the names of all encodings are
        return headers, body
    for decoded, is_damaged in _readings(body, encodings, members=members, most=most):
        if most is not None and len(decoded) > most:
            raise _too_large(most)
        if decoded and decoded != body and not (is_damaged and whole):
            return {name: values for name, values in headers.items() if name != "content-encoding"}, decoded
    return headers, body


def _too_large(most: int) -> ValueError:
    return ValueError(f"its body is compressed, and larger than {most} bytes without that")


def _readings(
    body: bytes, encodings: Sequence[str], *, members: bool, most: int | None
) -> Iterator[tuple[bytes, bool]]:
    """Yield what each library makes of a body, and whether it is damaged; first those that are imported already."""
    if members and [encoding.lower() for encoding in encodings] == ["gzip"]:
        yield _unzipped(body, most)
        return
    for library in sorted(_LIBRARIES, key=lambda name: name not in sys.modules):
        try:
            yield _decoded(library, body, encodings)
        except MemoryError:
            if most is None:
                raise
            raise _too_large(most) from None


def _unzipped(body: bytes, most: int | None) -> tuple[bytes, bool]:
    """Return what is in all parts of gzip; of more than `most` bytes, one more than these."""
    pieces: list[bytes] = []
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            pieces.append(member.decompress(body, 0 if most is None else max(most - sum(map(len, pieces)), 0) + 1))
        except zlib.error:
            return b"".join(pieces), not pieces  # after a part of it, other bytes are passed over
        if not member.eof:
            return b"".join(pieces), True
        body = member.unused_data
    return b"".join(pieces), False


def _decoded(library: str, body: bytes, encodings: Sequence[str]) -> tuple[bytes, bool]:
    """Return what httpx makes of a body: the same body if it does not know the encoding."""
    try:
        http = import_module(library)
    except ImportError:  # httpx2, which is not required
        return body, False
    headers = [("content-encoding", value) for value in encodings]
    pieces: list[bytes] = []
    try:
        pieces.extend(http.Response(200, headers=headers, stream=http.ByteStream(body)).iter_bytes())
    except http.DecodingError:
        return b"".join(pieces), True
    return b"".join(pieces), False
