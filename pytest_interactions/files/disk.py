"""Files on the disk: read if they are files and not too large, replaced in one step, and locked by their directory."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import contextmanager, suppress
from threading import local
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

from pytest_interactions.api.bounds import BODIES_IN_A_FILE, LARGEST_BODY, larger, mebibytes
from pytest_interactions.errors import TooLargeError
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO
    from pathlib import Path

if sys.platform != "win32":  # pragma: no branch - there filelock takes its place
    import fcntl

#: The bytes that a file may have, where no option says otherwise.
LARGEST_FILE: Final = LARGEST_BODY * BODIES_IN_A_FILE
#: The bytes of the longest name that file systems take, and of what is added to a cassette's.
LONGEST_NAME: Final = 255 - len(".redacted")
_KINDS: Final = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a directory",
}
_BEGUN: Final = 80  # bytes of a file's name in that of its temporary
_TEMPORARY: Final = ".tmp"
_TEMPORARY_NAME: Final = re.compile(rf"\..*\.[0-9a-f]{{32}}{re.escape(_TEMPORARY)}", re.DOTALL)


def read(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a file.

    A named pipe or a device, which may never end, is not read.

    Raises:
        OSError: There is no such file, it can't be opened, or it is no file.
        TooLargeError: It has more than `limit` bytes; the message names it.
    """
    with _opened(path, limit) as file:
        data = file.readall()
        if len(data) > limit:  # it has grown meanwhile
            raise _too_large(path, limit, len(data))
    return data


def pieces(path: Path, size: int) -> Iterator[bytes]:
    """Yield the bytes of a file, `size` at a time; the errors are those of `read`."""
    with real_files():
        opened = _opened(path, LARGEST_FILE)
    with opened as file:
        while piece := file.read(size):
            yield piece


def _opened(path: Path, limit: int) -> FileIO:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _check(os.fstat(handle), path, limit)
    except BaseException:
        os.close(handle)
        raise
    return open(handle, "rb", buffering=0)  # noqa: PTH123 - a handle, not a path; who asks closes it


def _check(status: os.stat_result, path: Path, limit: int) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(kind, 'no file')}", str(path))
    if status.st_size > limit:
        raise _too_large(path, limit, status.st_size)


def _too_large(path: Path, limit: int, size: int) -> TooLargeError:
    return TooLargeError(f"{path}: it has more than {mebibytes(limit)}. To read it, {larger(size)}")


def target(path: Path) -> Path:
    """Return the file itself, of a path that may be a link to it: a link stays one when its file is replaced."""
    return real(path) if path.is_symlink() else path


def real(path: Path) -> Path:
    """Return a path without links, the same by whatever path it is reached; links in a circle stay."""
    return type(path)(os.path.realpath(path))


def not_a_link(path: Path) -> None:
    """Delete `path` if it is a link, so that what is written there goes nowhere else."""
    if path.is_symlink():
        path.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` in one step at the end; make the directory if needed.

    Raises:
        OSError: The directory can't be written; `path` is as it was.
    """
    path = target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def staged(path: Path, pieces: Iterable[bytes], at: int | None = None) -> Iterator[Callable[[], None]]:
    """Write a new file beside `path`, and yield a function that puts it in its place in one step.

    If it is not called, the new file is gone at the end. All that may fail for want of room fails before. With `at`,
    the file has that time, in nanoseconds.

    Raises:
        OSError: The directory can't be written, or `path` is a directory; `path` is as it was.
    """
    path = target(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        with temporary.open("xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if at is not None:
            os.utime(temporary, ns=(at, at))

        def put() -> None:
            temporary.replace(path)

        yield put
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_begun(path)}{uuid4().hex}{_TEMPORARY}")


def _begun(path: Path) -> str:
    return f".{path.name.encode()[:_BEGUN].decode(errors='ignore')}."


def temporaries(path: Path) -> list[Path]:
    """Return what killed processes have left of `replacing(path)`; whoever asks must hold the lock of `path`."""
    path = target(path)
    begun = _begun(path)
    with suppress(OSError):
        return [file for file in path.parent.iterdir() if file.name.startswith(begun) and is_temporary(file.name)]
    return []


def is_temporary(name: str) -> bool:
    """Return whether `replacing` makes files of this name."""
    return _TEMPORARY_NAME.fullmatch(name) is not None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes, and other threads, from writing `path` or anything else in its directory.

    The lock is the directory's own, whatever the path to it and whoever owns it, so that no file is needed. Where the
    file system has no locks, as some of a network have not, this waits for nobody. Nor does a thread wait for itself.
    """
    directory = real(target(path).parent)
    if directory in _HELD.directories:
        yield
        return
    with _locked(directory), _HELD.with_(directory):
        yield


class _Held(local):
    """The directories that this thread has locked."""

    def __init__(self) -> None:
        self.directories: set[Path] = set()

    @contextmanager
    def with_(self, directory: Path) -> Iterator[None]:
        self.directories.add(directory)
        try:
            yield
        finally:
            self.directories.discard(directory)


_HELD: Final = _Held()


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    release = None
    with suppress(OSError):  # whoever writes there will say what is the matter
        directory.mkdir(parents=True, exist_ok=True)
        release = lock(directory, wait=True)
    try:
        yield
    finally:
        if release is not None:
            release()


def lock(path: Path, *, wait: bool) -> Callable[[], None] | None:
    """Lock a file or a directory for as long as this process lives, or until the returned function is called.

    Args:
        path: A file or a directory; a file that replaces it later is another.
        wait: Whether to wait until it is free; `None` is returned else.

    Raises:
        OSError: There is no such file or directory, or it can't be read.
    """
    if sys.platform == "win32":  # pragma: no cover - which has no locks of directories
        return _lock_by_a_file(path, wait=wait)
    handle = os.open(path, os.O_RDONLY)

    def release() -> None:
        with suppress(OSError):  # at once, though a forked child has the handle too
            fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # there are no locks on this file system
        pass
    return release


def _lock_by_a_file(path: Path, *, wait: bool) -> Callable[[], None] | None:
    import filelock

    held = filelock.FileLock(f"{path}.lock", thread_local=False)  # which Windows deletes when it is released
    try:
        held.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        return None
    return held.release
