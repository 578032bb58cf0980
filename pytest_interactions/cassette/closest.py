"""Why a request has no answer: what differs from the closest recorded one, field by field."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.cassette.differences import Difference, Parts, differences, title
from pytest_interactions.cassette.messages import SHOWN, again

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Request

_COUNTED: Final = 1000  # differences, of which the rest is not looked for
_COMPARED: Final = 8 * 1024 * 1024  # bytes of recorded requests that are compared, beside the likeliest one


class Explanation(NamedTuple):
    """Why a request has no answer: all that is known, and in one line what differs."""

    text: str
    headline: str


def explain(  # noqa: PLR0913 - a message is made of all that is known
    live: Request,
    recorded: Sequence[tuple[Request, bool]],
    *,
    cassette: Path,
    same: Sequence[int],
    rerecord: str,
    shown: Callable[[int], Request] | None = None,
    refused: Sequence[str] = (),
) -> Explanation:
    """Say why `live`, which is redacted, has no answer, in a time and a text that large bodies do not make long.

    `recorded` has all recorded requests in order, each with whether it was played. `same` has the numbers of those that
    match `live`; all of them were played. `shown` returns the request with a number as it may be shown: redacted.
    `refused` says what the API would refuse in `live`.
    """
    lines = [f"{cassette} has no recording that answers this request.", "", f"  {title(live)}", ""]
    if not recorded:
        headline = "the cassette holds no exchange"
        lines.append("The cassette holds no exchange.")
    elif same:
        times = len(same) + 1
        headline = f"asked for {times} times, {len(same)} recorded: {title(live)}"
        played = f"{len(same)} recorded" if len(same) > 1 else "one recorded"
        lines.append(f"The app asked for it {times} times, with {played} (exchange {_numbers(same)}), already played.")
    else:
        number, differences = _closest(live, recorded, shown or (lambda number: recorded[number][0]))
        request, played_before = recorded[number]
        state = "already played" if played_before else "not played yet"
        lines.append(f"The closest of {len(recorded)} recorded: exchange {number + 1} ({state}), {title(request)}")
        shown_of = len(differences) if len(differences) == SHOWN + 1 else SHOWN  # one is no longer than its number
        lines += [f"  {difference.line()}" for difference in differences[:shown_of]]
        headline = "; ".join(difference.brief() for difference in differences[:shown_of])
        if len(differences) > shown_of:
            at_least = "at least " if len(differences) == _COUNTED else ""
            lines.append(f"  ... and {at_least}{len(differences) - shown_of} more")
    if refused:
        lines += ["", "The API would refuse this request:", *(f"  {each}" for each in refused)]
    return Explanation("\n".join([*lines, "", again(rerecord)]), headline)


def _numbers(indices: Sequence[int]) -> str:
    return ", ".join(str(index + 1) for index in indices)


def _closest(
    live: Request, recorded: Sequence[tuple[Request, bool]], shown: Callable[[int], Request]
) -> tuple[int, list[Difference]]:
    """Return the number of the recorded request with the fewest differences, and these; an unplayed one wins a draw.

    What is likely to be close is compared first, until so much was compared that a test would have to wait.
    """
    asked = Parts(live)
    best: tuple[int, bool, int] | None = None
    found: list[Difference] = []
    compared = 0
    for number in _by_likeness(live, [request for request, _ in recorded]):
        request, played = recorded[number]
        compared += len(request.body)
        if best is not None and compared > _COMPARED:
            break
        most = _COUNTED if best is None else min(_COUNTED, best[0] + 1)  # one more says that it is further
        these = list(islice(differences(Parts(shown(number)), asked), most))
        rank = len(these), played, number
        if best is None or rank < best:
            best, found = rank, these
    return (best or (0, False, 0))[2], found


def _by_likeness(live: Request, recorded: Sequence[Request]) -> list[int]:
    """Return the numbers of requests, those first that look like `live` without a look into their bodies."""
    path = title(live)

    def unlikeness(number: int) -> tuple[bool, int]:
        return title(recorded[number]) != path, abs(len(recorded[number].body) - len(live.body))

    return sorted(range(len(recorded)), key=unlikeness)
