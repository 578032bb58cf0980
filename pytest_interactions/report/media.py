"""Media as a person sees or hears them: told by their first bytes, whatever is said of them."""

from __future__ import annotations

import binascii
import re
import wave
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.digests import IN_SNAPSHOT, hex_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.report.model import Medium

#: The bytes of a medium above which it is named and not shown: a page is one file that somebody opens or sends.
LARGEST: Final = 8 * 1024 * 1024

#: The types of bare samples, and the samples of a second that they have: 24,000 where nothing is said.
_SAMPLES: Final = re.compile(r"audio/(?:l16|pcm)\b", re.IGNORECASE)
_RATE: Final = re.compile(r"rate=([1-9]\d{3,5})\b")
_RATES: Final = (8_000, 16_000, 24_000, 44_100, 48_000)

#: How files begin, each with the type that a browser shows. SVG and HTML are not among them: a page in them could run.
_BEGINNINGS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "image/bmp"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"\xff[\xf1\xf9]"), "audio/aac"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb".{4}ftypM4A", re.DOTALL), "audio/mp4"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)


def media_in(value: Any) -> Iterator[tuple[str, Medium]]:
    """Yield the media at any depth of steps or contents, each with the digest by which a transcript names it."""
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and "type" in value:
            yield _medium(value)
        for item in value.values():
            yield from media_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from media_in(item)


def told(value: Any) -> Any:
    """Return JSON in which each medium is told by its size and digest, as in a transcript, and not by its bytes."""
    if isinstance(value, list):
        return [told(item) for item in value]
    if not isinstance(value, dict):
        return value
    rest = {name: told(item) for name, item in value.items()}
    if isinstance(value.get("data"), str) and "type" in value:
        raw = _raw(value["data"])
        rest["data"] = f"{len(raw):,} bytes, sha256 {hex_digest(raw, IN_SNAPSHOT)}"
    return rest


def shown_type(data: bytes) -> str:
    """Return the media type by which a browser shows data; `""` if it is none that a page may show."""
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(data)), "")


def _medium(part: dict[str, Any]) -> tuple[str, Medium]:
    raw, declared = _raw(part["data"]), str(part.get("mime_type") or "")
    played = _as_wav(raw, part) if _SAMPLES.match(declared) else raw
    kept = len(raw) <= LARGEST
    return hex_digest(raw, IN_SNAPSHOT), {
        "type": shown_type(played),
        "declared": declared,
        "bytes": len(raw),
        "data": binascii.b2a_base64(played, newline=False).decode() if kept else None,
    }


def _as_wav(samples: bytes, part: dict[str, Any]) -> bytes:
    """Return the API's speech as a file that a browser plays: it comes as bare samples of 16 bits."""
    rate, channels = part.get("sample_rate") or part.get("rate"), part.get("channels")
    said = _RATE.search(str(part["mime_type"]))
    with BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(channels if channels in (1, 2) else 1)
            sound.setsampwidth(2)
            sound.setframerate(rate if rate in _RATES else int(said[1]) if said else _RATES[2])
            sound.writeframes(samples)
        return file.getvalue()


def _raw(data: str) -> bytes:
    return decoded(data) or data.encode("utf-8", "backslashreplace")
