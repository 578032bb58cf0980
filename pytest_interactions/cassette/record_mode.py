"""The record mode, applied to the cassette's file as it was when the cassette was opened."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError, OptionError
from pytest_interactions.files import disk, shared, storage
from pytest_interactions.files.journal import in_tree
from pytest_interactions.files.real import real_files
from pytest_interactions.files.recovery import recover
from pytest_interactions.options import LIVE, RecordMode

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.options import Options
    from pytest_interactions.redaction.gate import Gate
    from pytest_interactions.store.found import Found


def _check_writable(path: Path) -> None:
    """Refuse a path under which nothing could be saved, before anything is paid for."""
    if len(os.fsencode(path.name)) > disk.LONGEST_NAME:
        raise OptionError(
            f"{path}: the name has more than {disk.LONGEST_NAME} bytes, so no recording could be saved. Choose a "
            "shorter one."
        )
    if path.is_symlink() and not path.exists() and disk.real(path).suffix not in storage.SUFFIXES:
        raise CassetteFormatError(f"{path}: this link leads to no cassette. Delete it, or have it lead to one.")


def _loaded(path: Path, file: Path, limit: int) -> storage.Contents:
    """Read the cassette at `path`, which is in `file`; errors name both."""
    try:
        return shared.load(file, limit)
    except CassetteFormatError as error:
        if file == path:
            raise
        raise type(error)(str(error).replace(str(file), f"{path} ({file})", 1), line=error.line) from None


@dataclass(frozen=True, slots=True)
class AppliedMode:
    """The record mode's decisions, and the file on which they are based.

    Attributes:
        path: The cassette's file.
        signature: The file's `storage.signature`; `None` if there was no file.
        old: The contents of the file.
        media: The directory in which the media of these are.
        starts_over: Whether the recording starts from nothing.
        plays: Whether recordings are replayed.
        replaces: Whether the recording replaces an existing one.
        records: Whether a request without a recording is sent and recorded. Mode `once` does so in the run that made
            the file, and after a first recording whose test failed.
        keeps: Whether what is recorded is written.
        reference: What a live run is compared with; `None` if there is no file, or nothing is compared.
        begun: The start of this run, in nanoseconds as the times of files tell it.
        is_made_now: Whether other tests of this run have made the file, which this one goes on to record into.
    """

    path: Path
    signature: tuple[int, ...] | None
    old: storage.Contents
    media: Path
    starts_over: bool
    plays: bool
    replaces: bool
    records: bool
    keeps: bool = True
    reference: storage.Contents | None = None
    begun: int | None = None
    is_made_now: bool = False

    def is_of_this_run(self, path: Path) -> bool:
        """Return whether a file was written since this run began."""
        found = storage.signature(path)
        return self.begun is not None and found is not None and found[0] >= self.begun

    @classmethod
    @real_files()
    def at(cls, path: Path, mode: RecordMode, found: Found, *, begun: int | None, limit: int) -> Self:
        """Open the cassette at `path` in a run that began at `begun`, in nanoseconds as the times of files tell it.

        The `limit` is that of `storage.load`; `found` says where it is read.

        Raises:
            CassetteFormatError: The file exists, is no cassette and must not be replaced.
            OptionError: The file could not be written, as its name is too long.
        """
        if mode in LIVE:
            reference = None
            with suppress(CassetteNotFoundError):
                reference = _loaded(path, found.file, limit) if mode is RecordMode.VERIFY else None
            return cls(
                path,
                None,
                storage.Contents(),
                media=found.media,
                starts_over=False,
                plays=False,
                replaces=False,
                records=True,
                keeps=False,
                reference=reference,
            )
        if mode is not RecordMode.NONE:
            _check_writable(path)
        signature = storage.signature(found.file)
        this_run = begun is not None and signature is not None and signature[0] >= begun
        starts_over = mode is RecordMode.REWRITE and not this_run
        old = storage.Contents()
        try:
            with suppress(CassetteNotFoundError):
                old = _loaded(path, found.file, limit)
        except CassetteFormatError:
            # What a link leads to is written only if it is a cassette: it may be anything of the user's.
            if not starts_over or path.is_symlink():
                raise
        plays = mode is not RecordMode.ALL and not starts_over
        goes_on = signature is None or this_run or old.incomplete
        records = goes_on if mode is RecordMode.ONCE else mode is not RecordMode.NONE
        return cls(
            path=path,
            signature=signature,
            old=old,
            media=found.media,
            starts_over=starts_over,
            plays=plays,
            replaces=not plays and signature is not None,
            records=records,
            begun=begun,
            is_made_now=records and this_run and not old.incomplete,
        )


def recovered(path: Path, gate: Gate, options: Options) -> list[str]:
    """Put what killed processes have recorded in its place, if the record mode may, and return a note on each."""
    if options.record_mode in LIVE:
        return []
    merges = options.record_mode is not RecordMode.NONE
    notes = recover(path, gate, media_threshold=options.media_threshold, merges=merges)
    planted = in_tree(path)
    if os.path.lexists(planted):
        notes.append(f"{planted}: it was not read, as anybody may have put it there. Delete it.")
    return notes
