"""Writes texts in the encodings that secrets are met in, each with the reader that undoes it."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from attack import readers
from attack.draw import text as drawn
from attack.draw import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from attack.values import Secret

# What stands before and after a secret in a text; neither is a part of a key, whatever its format is.
_BEFORE: Final = (
    "",
    "the key is ",
    "KEY=",
    "key: ",
    "(",
    '"',
    "'",
    "\n",
    "\t",
    "> ",
    "[",
    "backup_",
    "a\nb\n",
    "{'k': '",
)
_AFTER: Final = ("", " and so on", '"', "'", ",", ")", "\n", "<", "&", ";", "\r\nDEBUG=1\n", "]", "'}")
_BREAKS: Final = ("\n", "\t", "line\n", "\r\n")
_COLUMNS: Final = (60, 64, 76)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write a text.

    Attributes:
        name: Its name in the table.
        write: Writes a text that has the secret in it.
        read: Yields what a text says in which `write` may have been at work.
        before: What may stand before the secret.
    """

    name: str
    write: Callable[[Random, str], str]
    read: Callable[[str], Iterable[str]]
    before: tuple[str, ...] = _BEFORE

    def spell(self, dice: Random, secret: Secret) -> str:
        """Write a secret, and what stands around it."""
        return self.write(dice, dice.choice(self.before) + secret.shown + dice.choice(_AFTER))


def _json(dice: Random, text: str, levels: int = 1) -> str:
    for _ in range(levels):
        text = json.dumps({dice.choice(("text", "stdout", "k")): text}, ensure_ascii=dice.random() < 0.5)
        text = text.replace("/", "\\/") if dice.randrange(4) == 0 else text
    return text


def _percent(dice: Random, text: str, times: int = 1) -> str:
    for _ in range(times):
        kind = dice.randrange(4)
        if kind == 0:
            text = "".join(f"%{octet:02X}" for octet in text.encode())
        elif kind == 1:
            text = re.sub("%..", lambda escape: escape[0].lower(), quote(text, safe=""))
        else:
            text = quote(text, safe="" if kind == 2 else "/")
    return text


def _entities(dice: Random, text: str) -> str:
    kind = dice.randrange(4)
    if kind == 0:
        return "".join(f"&#{ord(char)};" for char in text)
    if kind == 1:
        return "".join(f"&#x{ord(char):x};" for char in text)
    return html.escape(text) if kind == 2 else html.escape(html.escape(text))


def _units(dice: Random, text: str) -> str:
    raw = text.encode("utf-16-be").hex()
    return "".join(
        f"\\u{raw[i : i + 4].upper() if dice.random() < 0.5 else raw[i : i + 4]}" for i in range(0, len(raw), 4)
    )


def _octets(dice: Random, text: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in text.encode()) if dice.randrange(3) == 0 else _units(dice, text)


def _wide(dice: Random, text: str) -> str:
    """Write base64 of UTF-16, as PowerShell takes commands."""
    return "powershell -EncodedCommand " + base64.b64encode(f"{words(dice, 6)}\n{text}\n".encode("utf-16-le")).decode()


def _repr(dice: Random, text: str) -> str:
    return dice.choice((repr, ascii, lambda text: repr(text.encode()), lambda text: repr({"out": repr(text)})))(text)


def _encoded(dice: Random, text: str) -> str:
    """Write base64 in either alphabet, with a part of a file around the text, so that it has any alignment."""
    raw = f"{words(dice, 6)}{'#' * dice.randrange(3)}\n{text}\n{words(dice, 6)}".encode()
    raw = text.encode() if dice.randrange(5) == 0 else raw
    encoded = (base64.urlsafe_b64encode if dice.randrange(3) == 0 else base64.b64encode)(raw).decode()
    return encoded.rstrip("=") if dice.randrange(3) == 0 else encoded


def _beside(dice: Random, encoded: str) -> str:
    return dice.choice(("", "content: ", '"', "data:text/plain;base64,", "<p>", "it is ")) + encoded


def _wrapped(dice: Random, text: str) -> str:
    raw = f"{words(dice, 40)}{'#' * dice.randrange(60)}\n{text}\n{words(dice, 10)}"
    ending, encoded = dice.choice(("\n", "\r\n")), base64.b64encode(raw.encode()).decode()
    return ending.join(readers.runs(encoded, dice.choice(_COLUMNS))) + dice.choice(("", ending))


def _quoted_printable(dice: Random, text: str) -> str:
    line = f"{drawn(dice, 'abc ', 0, 75)} {text} {words(dice, 8)}"
    written = quopri.encodestring(line.replace("\r", "").encode()).decode()
    return written.replace("\n", dice.choice(("\n", "\r\n")))


def _path(dice: Random, text: str) -> str:
    return f"https://files.example/{dice.choice(('d', 'raw', 'x-1', 'main'))}/{_encoded(dice, text)}"


_FIRST: Final = (
    Spelling("as it is", lambda _, text: text, readers.plain),
    Spelling("in JSON", _json, readers.escapes),
    Spelling("in JSON in JSON", lambda dice, text: _json(dice, text, 2), readers.escapes),
    Spelling("in JSON, three deep", lambda dice, text: _json(dice, text, 3), readers.escapes),
    Spelling("in JSON, after a line break", lambda d, text: _json(d, text, d.randint(1, 3)), readers.escapes, _BREAKS),
    Spelling("percent-encoded", _percent, readers.percents),
    Spelling("percent-encoded twice", lambda dice, text: _percent(dice, text, 2), readers.percents),
    Spelling("in HTML entities", _entities, readers.entities),
    Spelling("in \\u or \\x escapes", _octets, readers.escapes),
    Spelling("in Python's repr", _repr, readers.escapes),
    Spelling("in base64", lambda dice, text: _beside(dice, _encoded(dice, text)), readers.base64s),
    Spelling("in wrapped base64", _wrapped, readers.base64s),
    Spelling("in base64, in a URL's path", _path, readers.base64s),
    Spelling(
        "in base64 of base64",
        lambda dice, text: _encoded(dice, _beside(dice, _encoded(dice, text))),
        readers.twice_base64s,
    ),
    Spelling("in base64 of UTF-16", _wide, readers.wide_base64s),
    Spelling("in quoted-printable", _quoted_printable, readers.quoted_printable),
)


def _composed(outer: Spelling, inner: Spelling) -> Spelling:
    return Spelling(
        "in one encoding in another",
        lambda dice, text: outer.write(dice, inner.write(dice, text)),
        lambda text: (inside for read in outer.read(text) for inside in inner.read(read)),
    )


def nested(dice: Random) -> Spelling:
    """Draw two encodings, one in the other."""
    outer, inner = dice.choice(_FIRST[1:12]), dice.choice(_FIRST[1:12])
    return _composed(outer, inner)


#: All encodings of a text.
SPELLINGS: Final = _FIRST


def folded(dice: Random, secret: Secret) -> str:
    """Break a secret over lines, as mails and terminals do."""
    value = secret.shown
    at = sorted(dice.sample(range(1, len(value)), dice.randint(1, 3)))
    fold = dice.choice(("\n", "\n ", "\r\n\t", "\r\n  "))
    pieces = [value[i:j] for i, j in zip([0, *at], [*at, len(value)], strict=True)]
    return dice.choice(_BEFORE) + fold.join(pieces) + dice.choice(_AFTER)
