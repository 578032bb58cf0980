"""The cassette's file as it was found, and what the record mode makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.files import storage
from pytest_interactions.files.real import real_files
from pytest_interactions.options import RecordMode

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class AppliedMode:
    """What was there when a cassette was opened.

    Attributes:
        path: The cassette.
        seen: The file's `storage.signature`; `None` where there was none.
        old: What the file held.
        starts_over: Whether nothing of what was there counts.
        plays: Whether recordings are replayed.
        replaces: Whether what is recorded takes the place of what was there.
        records: Whether a request without a recording is sent and recorded. In mode `once` that goes on in the run
            that made the file, and after a first recording whose test failed.
    """

    path: Path
    seen: tuple[int, int, int] | None
    old: storage.Contents
    starts_over: bool
    plays: bool
    replaces: bool
    records: bool

    @classmethod
    @real_files()
    def at(cls, path: Path, mode: RecordMode, *, begun: int | None) -> Self:
        """Open the file at `path` in a run that began at `begun`, in nanoseconds as the times of files tell it.

        Raises:
            CassetteFormatError: The file exists and is no cassette, and is not to be replaced.
        """
        seen = storage.signature(path)
        this_run = begun is not None and seen is not None and seen[0] >= begun
        try:
            old = storage.load(path)
        except CassetteNotFoundError:
            old = storage.Contents()
        except CassetteFormatError:
            if mode is not RecordMode.REWRITE or this_run:
                raise
            old = storage.Contents()
        starts_over = mode is RecordMode.REWRITE and not this_run
        plays = mode is not RecordMode.ALL and not starts_over
        goes_on = seen is None or this_run or old.incomplete
        return cls(
            path=path,
            seen=seen,
            old=old,
            starts_over=starts_over,
            plays=plays,
            replaces=not plays and seen is not None,
            records=goes_on if mode is RecordMode.ONCE else mode is not RecordMode.NONE,
        )
