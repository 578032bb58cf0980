"""The contents of cassettes, read once in a process and shared by all who open the same file."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.files import clock, decisions, storage

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.files.storage import Contents

#: The bytes of the files whose contents are kept; parsed, they take some times as many.
MOST_KEPT: Final = 64 * 1024 * 1024
# A file system tells the time of a change in ticks. A file that is changed twice within one shows no difference.
_TICK: Final = 2_000_000_000  # nanoseconds, as FAT has it


@dataclass(slots=True)
class _Kept:
    """What a file held when it had this signature; `is_new` if it may have been changed within the same tick."""

    contents: Contents
    signature: tuple[int, ...]
    digest: bytes
    size: int
    is_new: bool


class _Store:
    """What was read last, as much as there is room for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int], _Kept] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: tuple[Path, int]) -> _Kept | None:
        with self._lock:
            return self._kept.get(key)

    def keep(self, key: tuple[Path, int], kept: _Kept) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._kept[key] = kept
            self._size += kept.size - (before.size if before else 0)
            while self._size > MOST_KEPT:
                self._size -= self._kept.popitem(last=False)[1].size


_STORE: Final = _Store()


def load(path: Path, limit: int) -> Contents:
    """Read a cassette, or return what was read of the same file before; whoever gets it changes nothing of it.

    The arguments and the errors are those of `storage.load`.
    """
    decisions.finish(path)
    signature = storage.signature(path)
    kept = _STORE.get((path, limit))
    if kept is not None and kept.signature == signature and not kept.is_new:
        return kept.contents
    raw = storage.read_bytes(path, limit)
    digest = fingerprint(raw)
    is_same = kept is not None and kept.digest == digest
    contents = kept.contents if kept and is_same else storage.loads(raw, path, limit)
    if signature is not None and signature == storage.signature(path):  # nobody has replaced it meanwhile
        is_new = clock.nanoseconds() - max(signature[:2]) < _TICK
        _STORE.keep((path, limit), _Kept(contents, signature, digest, len(raw), is_new))
    return contents
