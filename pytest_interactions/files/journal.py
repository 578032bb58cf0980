"""The journal: a recording's finished exchanges on the disk, so that a killed process loses nothing.

Journals are this user's own, outside of any project: what lies in a project may come from anybody. Those of one
cassette are in a directory of their own, one for each process that records it, which locks it for as long as it lives.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.files import disk, layout
from pytest_interactions.files.pace import gaps_of
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedRandom

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate
    from pytest_interactions.redaction.matcher import Matcher

#: The environment variable that names another directory for journals, such as one that outlives a container.
VARIABLE: Final = "PYTEST_INTERACTIONS_JOURNALS"
HEAD: Final = b"# A recording that is under way, or whose process was killed: "
#: The line behind each exchange, which begins as no line of one: how long it took, and when its events came.
END: Final = re.compile(rb"^# finished(?: in (\d+\.\d+) s)?(?:, events: ([\d ]+))?\n", re.MULTILINE)
SUFFIX: Final = ".journal"
BESIDE: Final = ".failed.journal"


def in_tree(path: Path) -> Path:
    """Return where the journals of the cassette at `path` would be if they were in the project, where none is read."""
    return path.with_name(f".{path.name}{SUFFIX}")


def is_in_tree(path: Path) -> bool:
    """Return whether a file is in such a directory; earlier versions had them."""
    return path.parent.name.startswith(".") and path.parent.suffix == SUFFIX and path.suffix in {SUFFIX, ".lock"}


class Journal:
    """The finished exchanges of one recording of `path`, on the disk from the first one on.

    `gate` checks the text of each exchange before it is written. After it has learnt a new secret, the whole journal is
    written anew, as the secret may be in it. `replaces` says whether the recording replaces an existing one.
    """

    def __init__(self, path: Path, gate: Gate, *, replaces: bool) -> None:
        self._cassette = path
        self._name = uuid4().hex + (BESIDE if replaces else SUFFIX)
        self._gate = gate
        self._turn = Lock()
        self._path = Path()
        self._file: BufferedRandom | None = None
        self._size = 0
        #: Where the text of each exchange begins and ends in the file, by the identity of its bodies.
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        self._locks: list[Callable[[], None]] = []
        self._usable = True
        self._known: Matcher | None = None
        self._exchanges: list[Exchange] = []

    @real_files()
    def add(self, exchange: Exchange) -> None:
        """Write an exchange; one that holds a secret, or can't be written, waits for the end of the recording."""
        known, item = self._gate.known, self._item(exchange)
        with self._turn:
            if not self._usable:
                return
            self._exchanges.append(exchange.unparsed())  # its parsed values may be many times as large
            try:
                if self._file is not None and self._may_hold_more(known):
                    self._write_anew(self._file)
                elif item:
                    self._file = self._file or self._begin()
                    self._write(self._file, exchange, item)
                    self._file.flush()  # to the operating system, which outlives this process
            except OSError:
                self._usable = False  # nothing after a broken item could be read
            self._known = known

    def text_of(self, exchange: Exchange) -> bytes:
        """Return the text of an exchange as it was written here; nothing if it was not, or can't be read."""
        with self._turn, suppress(OSError):
            if self._file is not None and self._usable:
                start, end = self._places.get(_bodies(exchange), (0, 0))
                self._file.seek(start)
                return self._file.read(end - start)
        return b""

    def _may_hold_more(self, known: Matcher) -> bool:
        """Return whether something that is known by now, and wasn't, is in the exchanges that were written."""
        if known is self._known or self._known is None:
            return False
        new = known.without(self._known)
        return any(self._gate.may_hold(exchange, new) for exchange in self._exchanges[:-1])

    def leave(self) -> None:
        """Leave the journal on the disk for the next run, as the recording could not be saved."""
        with self._turn:
            self._close()
            self._unlock()

    def discard(self) -> None:
        """Delete the journal, as the recording is in its cassette or must not be kept."""
        with self._turn:
            if self._close():
                try:
                    self._path.unlink(missing_ok=True)  # while it is locked, or another process takes it for an old one
                finally:
                    self._unlock()
                tidy(self._path.parent)

    def _close(self) -> bool:
        """Write no more; return whether there is anything."""
        self._usable = False
        if self._file is None:
            return False
        self._file.close()
        return True

    def _unlock(self) -> None:
        for release in self._locks:
            release()
        self._locks.clear()

    def _item(self, exchange: Exchange) -> bytes:
        """Return the text of an exchange; nothing if the gate refuses it."""
        item = layout.exchange_text(exchange)
        with suppress(SecretLeakError):
            self._gate.check(0, exchange, item)
            return item.encode()
        return b""

    def _write_anew(self, old: BufferedRandom) -> None:
        old.close()  # some systems do not replace an open file
        self._places.clear()
        try:
            with disk.replacing(self._path) as new:
                self._size = new.write(self._head())
                for exchange in self._exchanges:
                    redacted = self._gate.redact_again(exchange).unparsed()
                    if item := self._item(redacted):
                        self._write(new, redacted, item)
                self._lock(Path(new.name))  # before anybody finds it
        except OSError:
            self._path.unlink(missing_ok=True)  # it may hold the new secret
            raise
        self._file = self._path.open("a+b")

    def _lock(self, path: Path) -> None:
        """Lock a file until the end, as a sign that this process lives; raise `FileNotFoundError` if it is gone."""
        release = disk.lock(path, wait=True)
        if release is not None:  # pragma: no branch - who waits for a lock gets it
            self._locks.append(release)
        path.stat()

    def _write(self, file: BinaryIO, exchange: Exchange, item: bytes) -> None:
        took = "" if exchange.seconds is None else f" in {exchange.seconds:.3f} s"
        self._places[_bodies(exchange)] = self._size, self._size + len(item)
        came = f", events: {gaps_of(exchange.times)}" if exchange.times else ""
        self._size += file.write(item) + file.write(f"# finished{took}{came}\n".encode())

    def _begin(self) -> BufferedRandom:
        """Open the journal's file, and lock it; another process may take it for an old one before it is locked."""
        directory = directory_of(self._cassette)
        self._path = directory / self._name
        while True:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch()
            with suppress(FileNotFoundError):
                self._lock(self._path)
                break
        file = self._path.open("a+b")
        self._size = file.write(self._head())
        return file

    def _head(self) -> bytes:
        return HEAD + json.dumps(str(disk.real(self._cassette))).encode() + b"\n"


def _bodies(exchange: Exchange) -> tuple[int, int]:
    return id(exchange.request.body), id(exchange.response.body)


def directory_of(path: Path) -> Path:
    """Return the directory of the journals of one cassette, the same by whatever path it is reached."""
    return home() / hex_digest(os.fsencode(disk.real(path)), IN_MEDIA_NAME)


def home() -> Path:
    """Return the directory in which the journals of all cassettes are."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else _state(os.environ.get("HOME"), os.environ.get("XDG_STATE_HOME"))


@lru_cache(maxsize=1)
def _state(*_of: str | None) -> Path:
    """Return the directory in the user's state, which depends on these variables; each opening of a cassette asks."""
    import platformdirs

    return platformdirs.user_state_path("pytest-interactions", appauthor=False) / "journals"


def tidy(directory: Path) -> None:
    """Delete what killed processes have left of their journals, and the directory if it is empty then."""
    with suppress(OSError):  # another process may be at it
        files = list(directory.iterdir())
        if all(disk.is_temporary(file.name) for file in files):  # those of a process that lives have their journal
            for file in files:
                file.unlink()
            directory.rmdir()
