"""How long exchanges took, and when the events of streams came, as the head of a cassette and a journal have it.

Whatever stands there in a file that somebody else has written, what can't be understood is left out and no error.
"""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_interactions.api.exchange import Exchange

_FOREVER: Final = 10.0**9  # seconds
_GAPS: Final = re.compile(r"(?:0|[1-9]\d{0,11})(?: (?:0|[1-9]\d{0,11}))*", re.ASCII)


def read(metadata: Mapping[Any, Any], exchanges: Sequence[Exchange]) -> None:
    """Tell exchanges how long they took, and when their events came, if their file's metadata say so."""
    _read_seconds(metadata.get("seconds"), exchanges)
    events = metadata.get("events")
    for number, gaps in events.items() if isinstance(events, dict) else ():
        place = int(number) if re.fullmatch("[1-9][0-9]{0,8}", str(number)) else 0
        if 0 < place <= len(exchanges) and exchanges[place - 1].response.comes_in_events:
            exchanges[place - 1].times = times_in(gaps)


def _read_seconds(seconds: Any, exchanges: Sequence[Exchange]) -> None:
    if not isinstance(seconds, list) or len(seconds) != len(exchanges):
        return
    for exchange, took in zip(exchanges, seconds, strict=True):
        exchange.seconds = float(took) if type(took) in {int, float} and 0 <= took < _FOREVER else None


def times_in(gaps: Any) -> tuple[float, ...] | None:
    """Return the times that `gaps_of` has written; `None` for anything else. YAML reads a single one as a number."""
    text = str(gaps) if type(gaps) is int else gaps
    if not isinstance(text, str) or not _GAPS.fullmatch(text):
        return None
    times = tuple([milliseconds / 1000 for milliseconds in accumulate(map(int, text.split(" ")))])
    return times if times[-1] < _FOREVER else None


def gaps_of(times: Sequence[float]) -> str:
    """Return the times of a stream as a text: the milliseconds between them, the first one since the request.

    Each time is rounded, and no gap, so that what is rounded does not add up.
    """
    rounded = accumulate((round(seconds * 1000) for seconds in times), max)
    return " ".join(str(later - earlier) for earlier, later in pairwise([0, *rounded]))
