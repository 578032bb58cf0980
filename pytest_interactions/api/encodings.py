"""The content-encodings of HTTP bodies: gzip, deflate, and br and zstd where a library for them is installed."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Headers

_LIBRARIES: Final = ("httpx", "httpx2")  # each knows zstd by another library


def decode(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Return the headers and the body of a response without its content-encodings.

    Of a body that is damaged or cut short, what can be decoded is returned. If that is nothing, or nobody here knows
    the encoding, both are returned as they came: the client of a replay is to meet what it met.
    """
    encodings = headers.get("content-encoding")
    if not encodings or not body:
        return headers, body
    for library in sorted(_LIBRARIES, key=lambda name: name not in sys.modules):  # first what is imported already
        decoded = _decoded(library, body, encodings)
        if decoded and decoded != body:
            return {name: values for name, values in headers.items() if name != "content-encoding"}, decoded
    return headers, body


def _decoded(library: str, body: bytes, encodings: Sequence[str]) -> bytes:
    """Return what httpx makes of a body; the same body if it does not know the encoding."""
    try:
        http = import_module(library)
    except ImportError:  # httpx2, which is not required
        return body
    headers = [("content-encoding", value) for value in encodings]
    pieces: list[bytes] = []
    with suppress(http.DecodingError):
        pieces.extend(http.Response(200, headers=headers, stream=http.ByteStream(body)).iter_bytes())
    return b"".join(pieces)
