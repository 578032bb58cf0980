"""The bodies of responses as they are recorded: without their encodings, and known to be whole."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_interactions.api import sse

if TYPE_CHECKING:
    from collections.abc import Sequence


def closes(body: bytes) -> bool:
    """Return whether a stream's body ends with the event that closes it, so that nothing is missing."""
    return any(event.done for event in sse.decode(body[-200:]))


def decoded(body: bytes, encodings: Sequence[str]) -> bytes:
    """Return `body` without its content-encodings, as far as it can be decoded where it is cut short.

    Args:
        body: The bytes that came over the wire.
        encodings: The values of the content-encoding headers.
    """
    if not encodings:
        return body
    import httpx  # whose decoders know gzip, deflate and, where they are installed, br and zstd

    headers = [("content-encoding", value) for value in encodings]
    pieces: list[bytes] = []
    with suppress(httpx.DecodingError):
        pieces.extend(httpx.Response(200, headers=headers, stream=httpx.ByteStream(body)).iter_bytes())
    return b"".join(pieces)
