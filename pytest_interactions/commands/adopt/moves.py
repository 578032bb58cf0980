"""Cassettes on their way: read, redacted, written to their new place, read again, and only then deleted at the old."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from pytest_interactions.api.json_values import NOT_JSON, compact
from pytest_interactions.api.paths import split
from pytest_interactions.errors import CassetteError, CassetteFormatError, CassetteWriteError, SecretLeakError
from pytest_interactions.files import layout, media
from pytest_interactions.files.disk import locked
from pytest_interactions.files.storage import Contents, load, remove, write
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.headers import handed_out
from pytest_interactions.redaction.redactor import Redactor, redaction
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Message
    from pytest_interactions.options import Options


class Moves:
    """The cassettes that are to be moved, or only redacted where they are.

    All are read before the first is redacted, as one may hold what another shows to be a secret.

    Args:
        options: The project's options; the redaction is theirs.
    """

    def __init__(self, options: Options) -> None:
        self._secrets = Secrets.from_environ(os.environ)
        self._redactor = Redactor(secrets=self._secrets, **redaction(options))
        self._threshold = options.media_threshold
        self._found: dict[Path, Contents | str] = {}
        self._redacted: dict[Path, Contents | str] = {}
        self._takes: dict[Path, Path] = {}
        #: The origins of all recorded requests that were read.
        self.origins: set[str] = set()

    def read(self, old: Path) -> None:
        """Read a cassette, and learn its secrets."""
        if old not in self._found:
            self._found[old] = found = _read(old)
            for exchange in found.exchanges if isinstance(found, Contents) else ():
                self.origins.add(_origin(exchange.request.uri))
                self._secrets.learn(exchange.request)
                self._secrets.learn_handed_out(handed_out(exchange.response.headers))

    def problem(self, old: Path, new: Path) -> str:
        """Return why a cassette that was read can't be moved; `""` if it can."""
        contents = self._prepared(old)
        if isinstance(contents, str):
            return contents
        other = self._takes.setdefault(new, old)
        if other != old:
            taken = self._prepared(other)
        elif new != old and new.exists():
            taken = _read(new)
        else:
            return ""
        if not isinstance(taken, str) and _same(contents, taken):
            return ""
        return f"{old} belongs at {new}, where there is another cassette: move one of them away"

    def redacted(self, text: str) -> str:
        """Return a text without the secrets that are known."""
        return self._redactor.text(text)

    def is_done(self, old: Path, new: Path) -> bool:
        """Return whether the new file needs no writing: it is there or, if it is the old one, clean."""
        if new != old:
            return new.exists()
        return self._prepared(old) == self._found[old] and not scan(
            old.read_bytes().decode("utf-8", "surrogateescape"), self._redactor.secrets
        )

    def write(self, old: Path, new: Path) -> None:
        """Write a cassette to its new place.

        Raises:
            CassetteError: It can't be written, or does not replay what the old one does.
        """
        contents = self._prepared(old)
        if isinstance(contents, str) or self.is_done(old, new):
            return
        try:
            with locked(new):
                write(new, contents, Gate(self._redactor), self._threshold)
        except OSError as error:
            raise CassetteWriteError(f"{new}: can't be written: {error.strerror}. {old} is as it was.") from None
        written = _read(new)
        if isinstance(written, str) or not _same(contents, written):
            raise CassetteFormatError(
                f"{new}: does not replay what {old} does: do not use it. Nothing else was changed."
            )

    def _prepared(self, old: Path) -> Contents | str:
        """Return a cassette redacted, or why it can't be moved."""
        if old not in self._redacted:
            found = self._found[old]
            self._redacted[old] = found if isinstance(found, str) else self._clean(old, found)
        return self._redacted[old]

    def _clean(self, old: Path, found: Contents) -> Contents | str:
        gate = Gate(self._redactor)
        exchanges = [gate.redact_again(exchange) for exchange in found.exchanges]
        try:
            for number, exchange in enumerate(exchanges):
                gate.check(number, exchange, layout.exchange_text(exchange.unparsed()))
        except SecretLeakError:
            return f"{old} holds a secret that can't be taken out: see pytest-interactions scan {old}"
        return replace(found, exchanges=exchanges)


def _read(path: Path) -> Contents | str:
    """Return what a file plays, or why it can't be read."""
    try:
        contents = load(path)
        whole = [media.whole(each, media.directory_of(path)) for each in contents.exchanges]
    except CassetteError as error:
        return str(error).splitlines()[0]
    return replace(contents, exchanges=whole)


def delete(olds: Iterable[Path], root: Path) -> None:
    """Delete old cassettes, with the directories that are empty then."""
    for old in olds:
        remove(old)
        with suppress(OSError):  # something else is in it
            for directory in takewhile(lambda each: root in each.parents, old.parents):
                directory.rmdir()


def _same(one: Contents, other: Contents) -> bool:
    """Return whether two cassettes answer the same requests in the same way."""
    return len(one.exchanges) == len(other.exchanges) and all(map(_plays_as, one.exchanges, other.exchanges))


def _plays_as(one: Exchange, other: Exchange) -> bool:
    return (
        replace(one.request, body=b"") == replace(other.request, body=b"")
        and replace(one.response, body=b"") == replace(other.response, body=b"")
        and one.cut == other.cut
        and _says(one.request, other.request)
        and _says(one.response, other.response)
    )


def _says(one: Message, other: Message) -> bool:
    """Return whether two bodies are the same, or JSON that differs in white space and escapes alone."""
    if one.body == other.body:
        return True
    values = one.json(), other.json()
    return NOT_JSON not in values and compact(values[0]) == compact(values[1])


def _origin(uri: str) -> str:
    url = split(uri)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
