"""Digests that stand for texts and data that are too long, or secret."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The numbers of hexadecimal digits in cassettes, snapshots and file names. Changing one changes these files.
IN_SIGNATURE: Final = 31  # makes the placeholder of a signature 48 characters long, which is base64
IN_MEDIA_NAME: Final = 32
IN_TICKET: Final = 16
IN_HEADER: Final = 16
IN_CASSETTE: Final = 16
IN_SNAPSHOT: Final = 12
IN_FILE_NAME: Final = 8


def hex_digest(data: bytes | str, digits: int) -> str:
    """Return the first `digits` hexadecimal digits of the SHA-256 of `data`; a text counts as UTF-8."""
    return sha256(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data).hexdigest()[:digits]


def hex_digest_of(parts: Iterable[bytes], digits: int) -> str:
    """Return what `hex_digest` returns of all parts joined, which may be large, without joining them."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:digits]


def fingerprint(data: bytes) -> bytes:
    """Return 20 bytes that stand for `data` in memory; no file depends on them."""
    return blake2b(data, digest_size=20).digest()
