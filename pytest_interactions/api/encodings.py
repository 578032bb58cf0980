"""The content-encodings of HTTP bodies: gzip, deflate, and br and zstd where a library for them is installed."""

from __future__ import annotations

import sys
import zlib
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.api.bounds import Room
    from pytest_interactions.api.exchange import Headers

#: Headers that say how a body is framed on its connection.
FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_LIBRARIES: Final = ("httpx", "httpx2")  # each knows zstd by another library
_GZIP: Final = zlib.MAX_WBITS | 16  # the format, as zlib names it
# The bytes that are decoded at once, of which none makes more than some 100 MiB: br makes 16 MiB of a few.
_AT_ONCE: Final = {"br": 64, "zstd": 1024}
_AT_ONCE_ELSE: Final = 2**16


def stored(
    headers: Headers, body: bytes, *, whole: bool, members: bool = True, room: Room | None = None
) -> tuple[Headers, bytes]:
    """Return the headers and the body of a response as a cassette holds them: decoded, and without framing.

    The length that is promised of a body that the answer has not, as that to a HEAD, stays. The arguments and the error
    are those of `decode`.
    """
    headers, body = decode(headers, body, whole=whole, members=members, room=room)
    promises = whole and not body and headers.get("content-length") != ["0"]
    framing = {"transfer-encoding"} if promises else FRAMING
    return {name: values for name, values in headers.items() if name not in framing}, body


def decode(
    headers: Headers, body: bytes, *, whole: bool, members: bool = True, room: Room | None = None
) -> tuple[Headers, bytes]:
    """Return the headers and the body of a response without its content-encodings.

    Both are returned as they came if nobody here knows the encoding, or the body is damaged: the client of a replay is
    to meet what it met.

    Args:
        headers: The response's headers.
        body: The bytes that came over the wire.
        whole: Whether that is all of them; else what can be decoded is returned.
        members: Whether the client reads gzip on where a part of it ends, as all do but httpx.
        room: The room for the decoded body; any amount if not given.

    Raises:
        TooLargeError: The room is too small.
    """
    encodings = headers.get("content-encoding")
    if not encodings or not body or not "".join(encodings).isascii():  # as the names of all encodings are
        return headers, body
    for decoded, is_damaged in _readings(body, encodings, members=members, room=room):
        if decoded and decoded != body and not (is_damaged and whole):
            return {name: values for name, values in headers.items() if name != "content-encoding"}, decoded
    return headers, body


def _readings(
    body: bytes, encodings: Sequence[str], *, members: bool, room: Room | None
) -> Iterator[tuple[bytes, bool]]:
    """Yield what each library makes of a body, and whether it is damaged; first those that are imported already."""
    if members and [encoding.lower() for encoding in encodings] == ["gzip"]:
        yield _unzipped(body, room)
        return
    left = room.left if room is not None else 0
    for library in sorted(_LIBRARIES, key=lambda name: name not in sys.modules):
        if room is not None:
            room.left = left  # as only one of them is taken
        yield _decoded(library, body, encodings, room)


def _unzipped(body: bytes, room: Room | None) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            pieces.append(member.decompress(body, 0 if room is None else room.left + 1))
            if room is not None:
                room.take(len(pieces[-1]))
        except zlib.error:
            return b"".join(pieces), not pieces  # after a part of it, other bytes are passed over
        if not member.eof:
            return b"".join(pieces), True
        body = member.unused_data
    return b"".join(pieces), False


def _decoded(library: str, body: bytes, encodings: Sequence[str], room: Room | None) -> tuple[bytes, bool]:
    """Return what httpx makes of a body: the same body if it does not know the encodings."""
    try:
        http = import_module(library)
    except ImportError:  # httpx2, which is not required
        return body, False
    is_damaged = False
    for encoding in reversed(",".join(encodings).lower().split(",")):  # each by itself, so that each is bounded
        body, here = _decoded_once(http, body, encoding.strip(), room)
        is_damaged |= here
    return body, is_damaged


def _decoded_once(http: Any, body: bytes, encoding: str, room: Room | None) -> tuple[bytes, bool]:
    at_once = _AT_ONCE.get(encoding, _AT_ONCE_ELSE)
    compressed = (body[start : start + at_once] for start in range(0, len(body), at_once))
    pieces: list[bytes] = []
    try:
        for piece in http.Response(200, headers={"content-encoding": encoding}, content=compressed).iter_bytes():
            pieces.append(piece)
            if room is not None:
                room.take(len(piece))
    except http.DecodingError:
        return b"".join(pieces), True
    return b"".join(pieces), False


# --- as it comes ---


def decoded_sizes(encodings: Sequence[str], chunks: Sequence[bytes], size: int) -> list[int]:
    """Return how many bytes of a decoded body each chunk of the encoded one brought.

    Args:
        encodings: The values of the header that names the encodings.
        chunks: All that came of the encoded body.
        size: The bytes of the decoded body.

    Returns:
        One number for each chunk; none if nobody here makes so many bytes of them.
    """
    for sizes in _all_sizes(encodings, chunks):
        if sum(sizes) == size:
            return sizes
    return []


def _all_sizes(encodings: Sequence[str], chunks: Sequence[bytes]) -> Iterator[list[int]]:
    named = ",".join(encodings).lower()
    if named == "gzip":
        yield _unzipped_sizes(chunks)
    for library in sorted(_LIBRARIES, key=lambda name: name not in sys.modules):
        with suppress(ImportError):  # httpx2, which is not required
            yield _sizes_by(import_module(library), named, chunks)


def _unzipped_sizes(chunks: Sequence[bytes]) -> list[int]:
    sizes = [0] * len(chunks)
    member = zlib.decompressobj(_GZIP)
    with suppress(zlib.error):  # after a part of it, other bytes are passed over
        for number, chunk in enumerate(chunks):
            rest = chunk
            while rest:
                sizes[number] += len(member.decompress(rest))
                rest = member.unused_data
                member = zlib.decompressobj(_GZIP) if member.eof else member
    return sizes


def _sizes_by(http: Any, encodings: str, chunks: Sequence[bytes]) -> list[int]:
    """Return the sizes by httpx or httpx2, which asks for another chunk when it has decoded the one before."""
    sizes = [0] * len(chunks)
    number = 0

    def coming() -> Iterator[bytes]:
        nonlocal number
        for number, chunk in enumerate(chunks):  # noqa: B007 - it is read below
            yield chunk

    with suppress(http.DecodingError):
        for piece in http.Response(200, headers={"content-encoding": encodings}, content=coming()).iter_bytes():
            sizes[number] += len(piece)
    return sizes
