"""Large media in files beside the cassette: named by their digest, and put back in when a recording is played.

In the cassette a reference replaces the payload. Both are where the API has base64, in a field `data`.
"""

from __future__ import annotations

import binascii
import errno
import mimetypes
import os
import re
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_interactions.api import base64_text
from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.api.exchange import Exchange, Message
from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import disk

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

_M = TypeVar("_M", bound=Message)

_DIRECTORY: Final = ".media"
#: The beginning of a reference to a media file.
PREFIX: Final = b"pytest-interactions-media:"
_REFERENCE: Final = re.compile(re.escape(PREFIX) + rb"([0-9a-f]{32})(-urlsafe)?(\.[a-z0-9]{1,8})")
_MEANT: Final = re.compile(rb'"data"\s*:\s*"' + re.escape(PREFIX) + rb'([^"]*)"')
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}")
_NAME: Final = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{1,8}")
_FIELD: Final = re.compile(rb'"data"\s*:\s*"')
_MIME: Final = re.compile(rb'"mime_type"\s*:\s*"([a-z]+/(?:x-)?([\w.+-]+))[;"]')
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_TO_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_CHUNK: Final = 3 * 2**16  # bytes of a file turned into base64 at once; a multiple of 3, which needs no padding

#: Directories that have media of any cassette, to which a push may move those that are beside one.
KEPT: Final[set[Path]] = set()

# Python's own table, not the machine's, so that every machine makes the same recording.
_TYPES: Final = mimetypes.MimeTypes()


def directory_of(cassette: Path) -> Path:
    """Return the directory of the media of the cassette at this path: `<test>.media` beside the file itself."""
    cassette = disk.target(cassette)
    name = cassette.stem if cassette.suffix in {".yaml", ".yml", ".json"} else cassette.name
    return cassette.with_name(name + _DIRECTORY)


def is_directory(path: Path) -> bool:
    """Return whether a directory is named as one of media is."""
    return path.suffix == _DIRECTORY


def is_name(name: str) -> bool:
    """Return whether this package put a file of this name into a media directory."""
    return _NAME.fullmatch(name) is not None


def extract(exchange: Exchange, threshold: int) -> tuple[Exchange, dict[str, bytes]]:
    """Return the exchange with references to all payloads of more than `threshold` bytes, and these by file name."""
    files: dict[str, bytes] = {}

    def refer(payload: bytes, around: bytes) -> bytes | None:
        if len(payload) <= threshold * 4 // 3:
            return None
        decoded, urlsafe = _decoded(payload)
        if decoded is None:
            return None
        name = hex_digest(decoded, IN_MEDIA_NAME) + _suffix(around)
        files[name] = decoded
        return PREFIX + (name.replace(".", "-urlsafe.") if urlsafe else name).encode()

    request, response = _rewritten(exchange.request, refer), _rewritten(exchange.response, refer)
    if not files:
        return exchange, files
    return replace(exchange, request=request, response=response), files


def normalised(body: bytes) -> bytes:
    """Return `body` with the digest in place of each payload and each reference, so that both match."""

    def refer(payload: bytes, _: bytes) -> bytes | None:
        reference = _REFERENCE.fullmatch(payload)
        if reference:
            return PREFIX + reference[1]
        decoded, _urlsafe = _decoded(payload)
        return None if decoded is None else PREFIX + hex_digest(decoded, IN_MEDIA_NAME).encode()

    return _replaced(body, refer)


def references(text: str) -> set[str]:
    """Return the names of the media files to which the text of a cassette refers."""
    return references_in(text.encode("utf-8", "surrogatepass"))


def references_in(data: bytes) -> set[str]:
    """Return the same of the bytes of such a text."""
    matches = _REFERENCE.finditer(data) if PREFIX in data else ()
    return {(reference[1] + reference[3]).decode() for reference in matches}


def is_misspelt(body: bytes) -> bool:
    """Return whether a body has a reference to a media file that is none."""
    if PREFIX not in body:
        return False
    return any(not _REFERENCE.fullmatch(PREFIX + meant[1]) for meant in _MEANT.finditer(body))


def inlined(message: _M, directory: Path) -> _M:
    """Return the message with its media in it again; raise as `chunks` does."""
    return message.with_body(b"".join(chunks(message.body, directory))) if PREFIX in message.body else message


def whole(exchange: Exchange, directory: Path) -> Exchange:
    """Return the exchange with its media in it again; raise as `chunks` does."""
    request, response = inlined(exchange.request, directory), inlined(exchange.response, directory)
    if request is exchange.request and response is exchange.response:
        return exchange
    return replace(exchange, request=request, response=response)


def chunks(body: bytes, directory: Path) -> Iterator[bytes]:
    """Yield `body` with its media in it again, of which a part at a time is in memory.

    Raises:
        CassetteFormatError: A media file is missing or was altered; that it was altered is known when it was read.
    """
    done = 0
    for reference in _REFERENCE.finditer(body) if PREFIX in body else ():
        yield body[done : reference.start()]
        for piece in pieces(directory / (reference[1] + reference[3]).decode()):
            encoded = binascii.b2a_base64(piece, newline=False)
            yield encoded.translate(_TO_URLSAFE) if reference[2] else encoded
        done = reference.end()
    yield body[done:]


def pieces(file: Path) -> Iterator[bytes]:
    """Yield the bytes of a media file, a part at a time; raise as `chunks` does."""
    found = sha256()
    try:
        for piece in _pieces(file):
            found.update(piece)
            yield piece
    except OSError as error:
        raise CassetteFormatError(
            f"{file}: this media file of the cassette can't be read: {error.strerror}. Restore it, or record again."
        ) from None
    if found.hexdigest()[:IN_MEDIA_NAME] != file.stem:
        raise CassetteFormatError(
            f"{file}: this media file of the cassette was altered since it was recorded. Restore it, or record again."
        )


def _pieces(file: Path) -> Iterator[bytes]:
    for place in (file, *(kept / file.name for kept in KEPT)):
        with suppress(FileNotFoundError):
            yield from disk.pieces(place, _CHUNK)
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))


def delete(directory: Path, keep: Container[str] = ()) -> None:
    """Delete the media files of `directory` but those to `keep`, and the directory if it is empty then."""
    is_ours = directory.is_dir() and not directory.is_symlink()
    for file in list(directory.iterdir()) if is_ours else ():
        if disk.is_temporary(file.name) or (is_name(file.name) and file.name not in keep):
            file.unlink()
    with suppress(OSError):  # it does not exist, or there are files in it
        directory.rmdir()


def _rewritten(message: _M, refer: Callable[[bytes, bytes], bytes | None]) -> _M:
    body = _replaced(message.body, refer)
    return message if body is message.body else message.with_body(body)


def _replaced(body: bytes, refer: Callable[[bytes, bytes], bytes | None]) -> bytes:
    """Return `body` with the text of each field `data` replaced; `refer` takes it and the text around it."""
    if b'"data"' not in body:
        return body
    parts, done, place = [], 0, 0
    while (key := _FIELD.search(body, place)) is not None:
        start = key.end()
        end = body.find(b'"', start)
        if end < 0:
            break
        new = refer(body[start:end], body[max(0, key.start() - 200) : key.start()] + body[end : end + 200])
        if new is not None:
            parts += [body[done:start], new]
            done = end
        place = end
    return b"".join([*parts, body[done:]]) if parts else body


def _decoded(payload: bytes) -> tuple[bytes | None, bool]:
    """Return the decoded `payload`, if it would encode back to the same text, and whether it is in the URL alphabet."""
    urlsafe = b"-" in payload or b"_" in payload
    plain = payload.translate(_URLSAFE) if urlsafe else payload
    if (urlsafe and (b"+" in payload or b"/" in payload)) or len(plain) % 4 or not plain:
        return None, urlsafe
    decoded = base64_text.decoded(plain)
    if decoded is None:
        return None, urlsafe
    # Several spellings of the last characters decode to the same bytes; encoding gives back only the usual one.
    tail = binascii.b2a_base64(decoded[(len(decoded) - 1) // 3 * 3 :], newline=False)
    return (decoded, urlsafe) if plain.endswith(tail) else (None, urlsafe)


def _suffix(around: bytes) -> str:
    """Return the suffix for the type that is declared beside the data; `.bin` if there is no usable one."""
    declared = _MIME.search(around)
    if declared is None:
        return ".bin"
    suffix = _TYPES.guess_extension(declared[1].decode(), strict=False) or f".{declared[2].decode()}"
    return suffix if _SUFFIX.fullmatch(suffix) else ".bin"
