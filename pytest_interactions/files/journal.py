"""The journal: a recording's finished exchanges on the disk, so that a killed process loses nothing.

The journals of `test.yaml` are in `.test.yaml.journal/`, one for each process that records it. Beside each is a lock
that its process holds for as long as it lives.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from filelock import FileLock, Timeout

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError, SecretLeakError
from pytest_interactions.files import media, storage
from pytest_interactions.files.layout import exchange_text
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedWriter

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate
    from pytest_interactions.redaction.matcher import Matcher

_HEAD: Final = b"version: 1\ninteractions:\n"
_END: Final = b"# finished\n"  # no line of an exchange begins like this
_SUFFIX: Final = ".journal"
_BESIDE: Final = ".failed.journal"


def beside(path: Path) -> Path:
    """Return the path for a re-recording that must not replace the cassette at `path`."""
    return path.with_name(f"{path.stem}.failed.yaml")


class Journal:
    """The finished exchanges of one recording of `path`, on the disk from the first one on.

    `gate` checks the text of each exchange before it is written. After it has learnt a new secret, the whole journal is
    written anew, as the secret may be in it. `replaces` says whether the recording replaces an existing one.
    """

    def __init__(self, path: Path, gate: Gate, *, replaces: bool) -> None:
        self._path = _directory(path) / (uuid4().hex + (_BESIDE if replaces else _SUFFIX))
        self._gate = gate
        self._turn = Lock()
        self._file: BufferedWriter | None = None
        self._usable = True
        self._known: Matcher | None = None
        self._exchanges: list[Exchange] = []

    @cached_property
    def _lock(self) -> FileLock:
        return _lock(self._path)  # made late, as a test that replays needs none

    @real_files()
    def add(self, exchange: Exchange) -> None:
        """Write an exchange; one that holds a secret, or can't be written, waits for the end of the recording."""
        known, item = self._gate.known, self._item(exchange)
        with self._turn:
            if not self._usable:
                return
            self._exchanges.append(exchange)
            try:
                if self._file is not None and self._may_hold_more(known):
                    self._write_anew(self._file)
                elif item:
                    self._write(item)
            except OSError:
                self._usable = False  # nothing after a broken item could be read
            self._known = known

    def _may_hold_more(self, known: Matcher) -> bool:
        """Return whether something that is known by now, and wasn't, is in the exchanges that were written."""
        if known is self._known or self._known is None:
            return False
        new = known.without(self._known)
        return any(self._gate.may_hold(exchange, new) for exchange in self._exchanges[:-1])

    def leave(self) -> None:
        """Leave the journal on the disk for the next run, as the recording could not be saved."""
        with self._turn:
            self._usable = False
            if self._file is not None:
                self._file.close()
                self._lock.release()

    def discard(self) -> None:
        """Delete the journal, as the recording is in its cassette or must not be kept."""
        with self._turn:
            self._usable = False
            if self._file is not None:
                self._file.close()
                self._path.unlink(missing_ok=True)
                _release(self._lock, self._path.parent)

    def _item(self, exchange: Exchange) -> bytes:
        """Return the text of an exchange; nothing if the gate refuses it."""
        copy = exchange.unparsed()  # so that its parsed values, which may be many times as large, are not kept
        item = exchange_text(copy)
        with suppress(SecretLeakError):
            self._gate.check(0, copy, item)
            return item.encode() + _END
        return b""

    def _write_anew(self, old: BufferedWriter) -> None:
        old.close()  # some systems do not replace an open file
        try:
            with storage.replacing(self._path) as new:
                new.write(_HEAD)
                new.writelines(self._item(self._gate.redact_again(exchange)) for exchange in self._exchanges)
        except OSError:
            self._path.unlink(missing_ok=True)  # it may hold the new secret
            raise
        self._file = self._path.open("ab")

    def _write(self, item: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._file = self._path.open("xb")
            self._file.write(_HEAD)
        self._file.write(item)
        self._file.flush()  # to the operating system, which outlives this process


@real_files()
def recover(path: Path, gate: Gate, *, media_threshold: int) -> list[str]:
    """Put the recordings of killed processes into their cassette, or beside it if they were to replace it.

    Return a note for the user on each. The arguments and the `CassetteWriteError` are those of `storage.save`.
    """
    try:
        files = sorted(_directory(path).iterdir())
    except OSError:
        return []
    notes = []
    for journal in [file for file in files if file.suffix == _SUFFIX]:
        with _abandoned(journal) as is_abandoned, suppress(CassetteFormatError):  # opening raises it again
            if is_abandoned:
                notes.append(_recover(journal, path, gate, media_threshold))
                journal.unlink()
    return notes


def _recover(journal: Path, path: Path, gate: Gate, media_threshold: int) -> str:
    text, _, _unfinished = journal.read_bytes().rpartition(_END)
    exchanges = storage.loads(text, journal).exchanges if text else []
    target = beside(path) if journal.name.endswith(_BESIDE) else path
    with storage.locked(path):
        old = storage.Contents(incomplete=True)
        if target == path:
            with suppress(CassetteNotFoundError):
                old = storage.load(path)
        if _holds(old.exchanges, [media.extract(exchange, media_threshold)[0] for exchange in exchanges]):
            return f"{target}: holds all that a killed process had recorded"
        old.exchanges += exchanges
        try:
            storage.save(target, old, gate, media_threshold=media_threshold)
        except SecretLeakError as leak:
            return f"what a killed process had recorded could not be recovered: {leak}"
        # The file is as old as the journal: a newer one would pass for a recording of this run.
        written = journal.stat().st_mtime_ns
        os.utime(target, ns=(written, written))
    return f"{target}: recovered what a killed process had recorded, exchanges: {len(exchanges)}"


def _holds(exchanges: list[Exchange], recovered: list[Exchange]) -> bool:
    rest = list(exchanges)
    for exchange in recovered:
        if exchange not in rest:
            return False
        rest.remove(exchange)
    return True


@contextmanager
def _abandoned(journal: Path) -> Iterator[bool]:
    """Yield whether the process of this journal is gone; if so, keep other processes off the journal."""
    lock = _lock(journal)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield journal.exists()
    finally:
        _release(lock, journal.parent)


def _directory(path: Path) -> Path:
    return path.with_name(f".{path.name}{_SUFFIX}")


def _lock(journal: Path) -> FileLock:
    # Not bound to a thread: a server's thread writes the journal that the test's thread discards.
    return FileLock(journal.with_suffix(".lock"), thread_local=False)


def _release(lock: FileLock, directory: Path) -> None:
    """Release a lock and delete its file, and the directory if it is empty then."""
    lock.release()
    with suppress(OSError):  # another process has just taken the lock, or has a journal of its own
        Path(lock.lock_file).unlink()
        directory.rmdir()
