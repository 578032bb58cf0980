"""PNG files that are the same bytes on every machine: no library's compression, order of chunks or version matters."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def png(rows: Sequence[Sequence[int]], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """Return a picture whose pixels are numbers of at most 16 colours; a row is an even number of them."""
    size = struct.pack(">II", len(rows[0]), len(rows))
    pixels = b"".join(b"\0" + bytes.fromhex("".join(map("%x".__mod__, row))) for row in rows)  # 0 means no filter
    chunks = {
        b"IHDR": size + bytes([4, 3, 0, 0, 0]),  # 4 bits a pixel, which is a number in the palette
        b"PLTE": bytes(part for colour in palette for part in colour),
        b"IDAT": _stored(pixels),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


def _stored(data: bytes) -> bytes:
    """Return `data` as a zlib stream of one block that is not compressed; it is at most 65535 bytes long."""
    size = len(data)
    return struct.pack("<HBHH", 0x0178, 1, size, size ^ 0xFFFF) + data + struct.pack(">I", zlib.adler32(data))
