"""What the verified tests of a run have spent: live requests and tokens, in all of its processes together."""

from __future__ import annotations

import struct
from threading import Lock
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_RECORD: Final = struct.Struct("<qq")


class Budget:
    """What was spent, as records in a file that each process appends to, so that no request is counted twice."""

    def __init__(self, shared: Path | None = None) -> None:
        """Begin with nothing spent; the processes of a run have the file `shared` together."""
        self._shared = shared
        self._lock = Lock()
        self._file: IO[bytes] | None = None

    def spend(self, requests: int, tokens: int) -> tuple[int, int]:
        """Add to what was spent, and return both sums up to there, of which no other process has the same."""
        with self._lock:
            file = self._opened()
            file.write(_RECORD.pack(requests, tokens))
            end = file.tell()
            file.seek(0)
            records = list(_RECORD.iter_unpack(file.read(end)))
        return sum(each for each, _ in records), sum(each for _, each in records)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            from tempfile import TemporaryFile

            from pytest_interactions.files.real import real_files

            with real_files():  # without a buffer, so that a record is appended in one step
                new = TemporaryFile if self._shared is None else self._shared.open
                self._file = new("a+b", buffering=0)
        return self._file

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


#: The budgets of the runs of pytest in this process, of which one may be inside of another; at first, of no run.
BUDGETS: Final[list[Budget]] = [Budget()]
