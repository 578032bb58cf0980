"""Plants secrets in bodies that are no UTF-8: in other character sets, compressed, and in media."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import brotli
import zstandard

from attack import readers
from attack.draw import words
from attack.judge import Item, Planted
from attack.places import API, ELSEWHERE, answering, asking, received, sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from attack.values import Secret
    from pytest_interactions.api.exchange import Exchange

_UNICODE: Final = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
_EBCDIC: Final = bytes(range(256)).decode("cp037")
_TYPES: Final = ("text/plain", "application/json", "text/csv", "text/html")
_MEDIA: Final = (
    ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"IEND\xaeB`\x82"),
    ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"\n%%EOF\n"),
    ("application/octet-stream", b"\x7fELF\x02\x01\x01\0", b"\0\0"),
    ("audio/wav", b"RIFF\x24\x08\0\0WAVEfmt ", b"\0\0"),
)
_COMPRESSED: Final[dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]]] = {
    "gzip": (lambda raw: gzip.compress(raw, mtime=0), gzip.decompress),
    "deflate": (zlib.compress, zlib.decompress),
    "br": (brotli.compress, brotli.decompress),
    "zstd": (zstandard.compress, zstandard.decompress),
}


def unicode(dice: Random, secret: Secret, family: str) -> Planted:
    """Plant a secret in a text in UTF-16 or UTF-32, which is declared or not."""
    return _in_charset(dice, secret, f"{family}, in UTF-16 or UTF-32", dice.choice(_UNICODE))


def ebcdic(dice: Random, secret: Secret, family: str) -> Planted:
    """Plant a secret in a text in a declared character set, in which letters are other bytes; some it may lack."""
    if any(char not in _EBCDIC for char in secret.shown):
        return unicode(dice, secret, family)
    return _in_charset(dice, secret, f"{family}, in EBCDIC", "cp037", declared=True)


def compressed(dice: Random, secret: Secret, family: str) -> Planted:
    """Plant a secret in a body that is compressed on its way."""
    name = dice.choice(list(_COMPRESSED))
    pack, unpack = _COMPRESSED[name]
    whole = (
        json.dumps({"input": f"{words(dice, 9)} {secret.shown}\n"})
        if dice.randrange(2)
        else f"{words(dice, 9)}\n{secret.shown}\n"
    )
    kind = "application/json" if whole.startswith("{") else "text/plain"
    body, in_request = pack(whole.encode()), dice.randrange(2) == 0
    exchange = asking(body, API, kind) if in_request else answering(body, kind)
    (exchange.request if in_request else exchange.response).headers["content-encoding"] = [name]
    side = "request" if in_request else "response"
    row = f"{family}, in a compressed {side}"
    return Planted(row, f"{secret.kind}, {name}", secret.value, exchange, lambda item: _unpacked(item, side, unpack))


def media(dice: Random, secret: Secret, family: str) -> Planted:
    """Plant a secret in the bytes of a picture or the like, which are a body, or in base64 in one."""
    kind, begin, end = dice.choice(_MEDIA)
    noise = [dice.randbytes(dice.randint(3, 60)) + b"\0" for _ in range(2)]
    raw = begin + noise[0] + secret.shown.encode() + b"\0" + noise[1] + end
    row = f"{family}, in media"
    if dice.randrange(2) == 0:
        exchange = answering(raw, kind, ELSEWHERE) if dice.randrange(2) else asking(raw, ELSEWHERE, kind)
        return Planted(row, f"{secret.kind}, {kind}", secret.value, exchange, _bodies)
    part = {"type": "image", "mime_type": kind, "data": base64.b64encode(raw).decode()}
    in_request = dice.randrange(2) == 0
    document: dict[str, Any] = (
        {"input": [part]} if in_request else {"steps": [{"type": "model_output", "content": [part]}]}
    )
    body = json.dumps(document).encode()
    exchange = asking(body) if in_request else answering(body)
    read = sent if in_request else received
    return Planted(
        row, f"{secret.kind}, {kind} in base64", secret.value, exchange, lambda item: readers.base64s(read(item))
    )


def _in_charset(dice: Random, secret: Secret, row: str, charset: str, *, declared: bool = False) -> Planted:
    kind = dice.choice(_TYPES)
    line = f"{words(dice, 6)} é? {secret.shown}\r\n" if charset != "cp037" else f"{words(dice, 6)}, {secret.shown}"
    whole = json.dumps({"a": line}, ensure_ascii=False) if kind == "application/json" else line
    body = whole.encode(charset, "replace")
    content_type = f"{kind}; charset={charset}" if declared or dice.randrange(2) else kind
    exchange = _either(dice, body, content_type)
    described = f"{secret.kind}, {charset}, {content_type}"
    return Planted(row, described, secret.value, exchange, lambda item: _decoded(item, charset))


def _either(dice: Random, body: bytes, content_type: str) -> Exchange:
    if dice.randrange(2):
        return answering(body, content_type, ELSEWHERE)
    return asking(body, ELSEWHERE, content_type)


def _bodies(item: Item) -> Iterator[str]:
    yield sent(item)
    yield received(item)


def _decoded(item: Item, charset: str) -> Iterator[str]:
    for body in _bodies(item):
        raw = body.encode("utf-8", "surrogateescape")
        for text in (raw.decode(charset, "replace"), raw[1:].decode(charset, "replace"), body):
            yield text
            yield readers.unescaped(text)


def _unpacked(item: Item, side: str, unpack: Callable[[bytes], bytes]) -> Iterator[str]:
    body = sent(item) if side == "request" else received(item)
    with suppress(
        OSError, ValueError, zlib.error, brotli.error, zstandard.ZstdError
    ):  # it may not be compressed any more
        body = unpack(body.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
    yield body
    yield readers.unescaped(body)
