"""What can be said about one cassette that could be read: each inspection is a function, and one list has them all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_interactions.cassette.age import concerns
from pytest_interactions.commands.reports import Found, Level
from pytest_interactions.files import media
from pytest_interactions.files.candidates import is_candidate
from pytest_interactions.store.project import is_in_a_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from pytest_interactions.files.storage import Contents


@dataclass(frozen=True, slots=True)
class Cassette:
    """A cassette as an inspection sees it: its path, its text, and what that was read as."""

    path: Path
    text: str
    contents: Contents


def incomplete(cassette: Cassette) -> Iterator[Found]:
    """Yield a finding for a first recording whose test failed; a candidate always is one, and says so by its name."""
    if cassette.contents.incomplete and not is_candidate(cassette.path):
        message = (
            "incomplete: the test that recorded it failed; run that test again with record mode 'once' or 'rewrite' "
            "until it passes."
        )
        yield Found(cassette.path, "incomplete", message, level=Level.WARNING)


def missing_media(cassette: Cassette) -> Iterator[Found]:
    """Yield a finding for each media file to which a cassette refers, and which is not there."""
    directory = media.directory_of(cassette.path)
    for name in sorted(media.references(cassette.text)):
        if not ((directory / name).is_file() or is_in_a_store(cassette.path)):
            line = cassette.text.count("\n", 0, cassette.text.find(name.partition(".")[0])) + 1
            message = f"its media file {directory.name}/{name} is missing; restore it, or record again."
            yield Found(cassette.path, "media", message, line)


def line_ends(cassette: Cassette) -> Iterator[Found]:
    """Yield a finding for line ends of Windows, elsewhere; on Windows git may have made them, and takes them back."""
    if os.linesep == "\n" and "\r\n" in cassette.text:
        message = (
            "its lines end in CRLF, so it is slow to read, and a new recording changes each of them; have "
            "`*.yaml text eol=lf` in .gitattributes, and run: git add --renormalize ."
        )
        yield Found(cassette.path, "line-ends", message, level=Level.WARNING)


@dataclass(frozen=True, slots=True)
class Age:
    """The inspection of a cassette's age and of its models, as the options of the same names have them.

    Attributes:
        max_age: The days that a cassette may be old; `None` for any number.
        retired: The names of models and agents that are no more.
        now: The time.
    """

    max_age: float | None
    retired: Collection[str]
    now: datetime

    def __call__(self, cassette: Cassette) -> Iterator[Found]:
        """Yield a finding for each thing that speaks against what a cassette replays."""
        contents = cassette.contents
        origin, exchanges = contents.origin, contents.exchanges
        for each in concerns(origin, exchanges, max_age=self.max_age, retired=self.retired, now=self.now):
            message = f"{each}; run its test with record mode 'rewrite'."
            yield Found(cassette.path, "age", message, level=Level.WARNING)


#: All inspections that need no options, in the order of their findings.
INSPECTIONS: Final[tuple[Callable[[Cassette], Iterator[Found]], ...]] = (incomplete, missing_media, line_ends)
