"""Recordings that answer in their order, whatever else a request says; what it says otherwise is never lost."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.cassette.differences import Parts, differences, title
from pytest_interactions.cassette.messages import MEANWHILE
from pytest_interactions.errors import DifferingWarning
from pytest_interactions.options import SEQUENCE, Differing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.refusals import Refusals
    from pytest_interactions.errors import DifferingError
    from pytest_interactions.options import Options

_COUNTED: Final = 1000  # differences of one request, of which the rest is not looked for


class Differs(NamedTuple):
    """Lines that tell what differs, in the requests of all these exchanges alike.

    Attributes:
        numbers: The exchanges whose answers were played, from 0.
        title: The request of the first of them, as it was recorded.
        lines: What differs in each.
    """

    numbers: tuple[int, ...]
    title: str
    lines: list[str]

    @property
    def head(self) -> str:
        """Return the line above what differs: the numbers of the exchanges from 1, and the request."""
        return f"exchange{'s' * (len(self.numbers) > 1)} {_ranges(self.numbers)}: {self.title}"


class InSequence:
    """The play in sequence of one cassette.

    Attributes:
        is_on: Whether it is on: `match_on` is `sequence`, and nothing may be recorded.
    """

    def __init__(self, index: Index, mode: AppliedMode, *, refusals: Refusals, options: Options) -> None:
        self._index = index
        self._refusals = refusals
        self._options = options
        self.is_on = options.match_on == SEQUENCE and mode.plays and not mode.records
        self._answered: list[tuple[int, Request]] = []

    def take(self, request: Request) -> int | None:
        """Play the next recording of its kind in answer to a redacted request that matches none; return its number.

        `None` means that none is left, or that it is off.
        """
        number = self._index.take_next(request) if self.is_on else None
        if number is not None:
            self._answered.append((number, request.unparsed()))
        return number

    def as_asked(self, exchange: Exchange, request: Request) -> Exchange:
        """Return an exchange as it is played to a request that may differ: with this, and streamed if it asks so."""
        from pytest_interactions.api.answers import as_asked

        return replace(as_asked(exchange, request), request=request)

    def differing(self) -> list[Differs]:
        """Return all that differs between requests and the recordings that answered them, each thing once."""
        recorded = self._refusals.shown(number for number, _ in self._answered)
        found: dict[str, dict[int, None]] = {}
        for number, request in self._answered:
            for line in _lines(recorded[number], request):
                found.setdefault(line, {})[number] = None  # once, though asked again after a fault
        return list(_grouped(found, recorded))

    def problem(self) -> DifferingError | None:
        """Return the error for requests that differ; with `differing = warn` give a warning, and `None`."""
        if not self._answered:
            return None
        error = self._refusals.differing(self.differing(), len(self._answered))
        if self._options.differing is Differing.FAIL:
            return error
        warnings.warn(str(error).removesuffix(MEANWHILE).rstrip(), DifferingWarning, stacklevel=3)
        return None

    def findings(self) -> list[str]:
        """Return what differs so far, as lines for a report."""
        return [line for each in self.differing() for line in (each.head, *(f"  {line}" for line in each.lines))]

    def __len__(self) -> int:
        """Return how many requests were answered though they differ."""
        return len(self._answered)


def _lines(recorded: Request, live: Request) -> Iterator[str]:
    found = list(islice(differences(Parts(recorded), Parts(live)), _COUNTED + 1))
    yield from dict.fromkeys(difference.line() for difference in found[:_COUNTED])
    if not found:
        yield "what is compared beside method, path, query and body"
    if len(found) > _COUNTED:
        yield "... and more"


def _grouped(found: Mapping[str, Iterable[int]], recorded: dict[int, Request]) -> Iterator[Differs]:
    groups: dict[tuple[int, ...], list[str]] = {}
    for line, numbers in found.items():
        groups.setdefault(tuple(sorted(numbers)), []).append(line)
    for group in sorted(groups):
        yield Differs(group, title(recorded[group[0]]), groups[group])


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers from 0 as a person counts them: `1-3, 5`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number:
            ranges[-1][-1] += 1
        else:
            ranges.append([number + 1, number + 1])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
