"""What a recording has finished, on the disk while it goes on: a process that is killed loses nothing.

The journals of `test.yaml` are in `.test.yaml.journal/`: one for each process that records it, beside a lock that its
process holds for as long as it lives.
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

_HEAD: Final = "version: 1\ninteractions:\n"
_END: Final = "# finished\n"  # no line of an exchange begins so
_SUFFIX: Final = ".journal"
_BESIDE: Final = ".failed.journal"


def beside(path: Path) -> Path:
    """Where a re-recording is put that must not take the place of the cassette at `path`."""
    return path.with_name(f"{path.stem}.failed.yaml")


class Journal:
    """The finished exchanges of one recording; on the disk from the first one on.

    Args:
        path: The cassette.
        gate: Sees the text of each exchange before the disk does, and may refuse it. When it has learnt of a secret,
            which may be in what is there, all is written anew.
        replaces: Whether the recording takes the place of one that is there.
    """

    def __init__(self, path: Path, gate: Gate, *, replaces: bool) -> None:
        self._path = _directory(path) / (uuid4().hex + (_BESIDE if replaces else _SUFFIX))
        self._gate = gate
        self._turn = Lock()
        self._file: BufferedWriter | None = None
        self._usable = True
        self._known: object = None
        self._exchanges: list[Exchange] = []

    @cached_property
    def _lock(self) -> FileLock:
        return _lock(self._path)  # made when it is needed: a test that replays needs none

    @real_files()
    def add(self, exchange: Exchange) -> None:
        """Write down an exchange; one that holds a secret, or can't be written, is left to the end of the recording."""
        known, item = self._gate.known, self._item(exchange)
        with self._turn:
            if not self._usable:
                return
            self._exchanges.append(exchange)
            try:
                if self._file is not None and known is not self._known:
                    self._write_anew(self._file)
                elif item:
                    self._write(item)
            except OSError:
                self._usable = False  # what follows a broken item could not be read
            self._known = known

    def leave(self) -> None:
        """Leave it on the disk, to be recovered: the recording could not be put anywhere."""
        with self._turn:
            self._usable = False
            if self._file is not None:
                self._file.close()
                self._lock.release()

    def discard(self) -> None:
        """Take it off the disk: the recording is in its cassette, or must not be kept."""
        with self._turn:
            self._usable = False
            if self._file is not None:
                self._file.close()
                self._path.unlink(missing_ok=True)
                _release(self._lock, self._path.parent)

    def _item(self, exchange: Exchange) -> bytes:
        """What is written of an exchange; nothing where the gate refuses it."""
        parsed_once = exchange.unparsed()  # and forgotten, as its values may be many times as large
        item = exchange_text(parsed_once)
        with suppress(SecretLeakError):
            self._gate.check(0, parsed_once, item)
            return (item + _END).encode()
        return b""

    def _write_anew(self, old: BufferedWriter) -> None:
        old.close()  # some systems replace no file that is open
        try:
            with storage.replacing(self._path) as new:
                new.write(_HEAD.encode())
                new.writelines(self._item(self._gate.redact_again(exchange)) for exchange in self._exchanges)
        except OSError:
            self._path.unlink(missing_ok=True)  # it may hold what is known as a secret now
            raise
        self._file = self._path.open("ab")

    def _write(self, item: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._file = self._path.open("xb")
            self._file.write(_HEAD.encode())
        self._file.write(item)
        self._file.flush()  # to the system: it outlives this process there


@real_files()
def recover(path: Path, gate: Gate, *, media_threshold: int) -> list[str]:
    """Put what killed processes recorded for a cassette into it, or beside it if it was to take its place.

    Args:
        path: The cassette, whether it exists or not.
        gate: As `storage.save` has it.
        media_threshold: As `storage.save` has it.

    Returns:
        What was done, for whoever ran this.

    Raises:
        CassetteWriteError: As `storage.save` raises it.
    """
    try:
        files = sorted(_directory(path).iterdir())
    except OSError:
        return []
    notes = []
    for journal in (file for file in files if file.suffix == _SUFFIX):
        with _abandoned(journal) as is_abandoned, suppress(CassetteFormatError):  # which is raised when it is read
            if is_abandoned:
                notes.append(_recover(journal, path, gate, media_threshold))
                journal.unlink()
    return notes


def _recover(journal: Path, path: Path, gate: Gate, media_threshold: int) -> str:
    text, _, _unfinished = journal.read_bytes().rpartition(_END.encode())
    exchanges = storage.loads(text, journal).exchanges if text else []
    target = beside(path) if journal.name.endswith(_BESIDE) else path
    with storage.locked(path):
        old = _contents(target) if target == path else storage.Contents(incomplete=True)
        if _holds(old.exchanges, [media.extract(exchange, media_threshold)[0] for exchange in exchanges]):
            return f"{target}: holds all that a killed process had recorded"
        old.exchanges += exchanges
        try:
            storage.save(target, old, gate, media_threshold=media_threshold)
        except SecretLeakError as leak:
            return f"what a killed process had recorded could not be recovered: {leak}"
        # It is as old as what is in it: a file of this very run is one to go on with.
        written = journal.stat().st_mtime_ns
        os.utime(target, ns=(written, written))
    return f"{target}: recovered what a killed process had recorded, exchanges: {len(exchanges)}"


def _contents(path: Path) -> storage.Contents:
    try:
        return storage.load(path)
    except CassetteNotFoundError:
        return storage.Contents(incomplete=True)


def _holds(exchanges: list[Exchange], found: list[Exchange]) -> bool:
    rest = list(exchanges)
    for exchange in found:
        if exchange not in rest:
            return False
        rest.remove(exchange)
    return True


@contextmanager
def _abandoned(journal: Path) -> Iterator[bool]:
    """Say whether the process of this journal is gone; if so, no other takes it up inside."""
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
    # Not bound to a thread: a server's thread writes what the test's own discards.
    return FileLock(journal.with_suffix(".lock"), thread_local=False)


def _release(lock: FileLock, directory: Path) -> None:
    """Let a lock go, and remove its file, and the directory if it was the last."""
    lock.release()
    with suppress(OSError):  # another process has just taken it, or has a journal of its own there
        Path(lock.lock_file).unlink()
        directory.rmdir()
