"""The cassette's file as it was found, and what the record mode makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.files import storage
from pytest_interactions.options import RecordMode

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class AppliedMode:
    """What was there when a cassette was opened.

    Attributes:
        path: The cassette.
        mode: The record mode.
        seen: The file's `storage.signature`; `None` where there was none.
        this_run: Whether the file was written in this very run, so that all its tests record into it.
        old: What the file held.
    """

    path: Path
    mode: RecordMode
    seen: tuple[int, int, int] | None
    this_run: bool
    old: storage.Contents

    @classmethod
    def at(cls, path: Path, mode: RecordMode, *, begun: float | None) -> Self:
        """Open the file at `path` in a run that began at `begun`, as `time.time()` tells it.

        Raises:
            CassetteFormatError: The file exists and is no cassette, and is not to be replaced.
        """
        seen = storage.signature(path)
        this_run = begun is not None and seen is not None and seen[0] >= begun * 1e9
        try:
            old = storage.load(path)
        except CassetteNotFoundError:
            old = storage.Contents()
        except CassetteFormatError:
            if mode is not RecordMode.REWRITE or this_run:
                raise
            old = storage.Contents()
        return cls(path, mode, seen, this_run, old)

    @property
    def starts_over(self) -> bool:
        """Whether nothing of what was there counts."""
        return self.mode is RecordMode.REWRITE and not self.this_run

    @property
    def plays(self) -> bool:
        """Whether recordings are replayed."""
        return self.mode is not RecordMode.ALL and not self.starts_over

    @property
    def replaces(self) -> bool:
        """Whether what is recorded takes the place of what was there."""
        return not self.plays and self.seen is not None

    @property
    def records(self) -> bool:
        """Whether a request without a recording is sent and recorded.

        In mode `once` that goes on in the run that made the file, and after a first recording whose test failed.
        """
        if self.mode is RecordMode.ONCE:
            return self.seen is None or self.this_run or self.old.incomplete
        return self.mode is not RecordMode.NONE
