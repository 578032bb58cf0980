"""Sound as WAV files that are the same bytes on every machine."""

from __future__ import annotations

import struct
from typing import Final

#: The samples of a second, if nothing else is asked for.
RATE: Final = 24_000
_BYTES: Final = 2  # of a sample


def wav(samples: bytes, rate: int = RATE) -> bytes:
    """Return samples of 16 bits, of one channel, as a file."""
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * _BYTES, _BYTES, 8 * _BYTES)  # 1 is PCM, and 1 is one channel
    chunks = _chunk(b"fmt ", form) + _chunk(b"data", samples)
    return _chunk(b"RIFF", b"WAVE" + chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data
