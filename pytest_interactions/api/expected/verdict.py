"""The four ways in which a trajectory may be as expected, which are those of agentevals' trajectory match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pytest_interactions.api.expected.messages import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_interactions.api.expected.messages import Called, Message

    #: Whether a call that was received is one that was expected, in this order.
    Fits = Callable[[Called, Called], bool]

Match = Literal["strict", "unordered", "subset", "superset"]


def is_as_expected(expected: Sequence[Message], received: Sequence[Message], match: Match, fits: Fits) -> bool:
    """Return whether the messages that were received are as expected.

    Args:
        expected: The messages of the reference.
        received: The messages of the agent's trajectory.
        match: `strict`: the same messages in the same order, with the same calls in each, these in any order.
            `unordered`: the same calls in any order. `subset`: no other calls than expected. `superset`: all calls that
            are expected, and maybe others.
        fits: Whether a call is the one that was expected.
    """
    return _VERDICTS[match](expected, received, fits)


def _strict(expected: Sequence[Message], received: Sequence[Message], fits: Fits) -> bool:
    return len(expected) == len(received) and all(
        old.role == new.role and len(old.calls) == len(new.calls) and _subset([old], [new], fits)
        for old, new in zip(expected, received, strict=True)
    )


def _unordered(expected: Sequence[Message], received: Sequence[Message], fits: Fits) -> bool:
    return _superset(expected, received, fits) and _subset(expected, received, fits)


def _subset(expected: Sequence[Message], received: Sequence[Message], fits: Fits) -> bool:
    found = assigned(calls_of(received), calls_of(expected), lambda new, old: fits(old, new))
    return None not in found


def _superset(expected: Sequence[Message], received: Sequence[Message], fits: Fits) -> bool:
    return None not in assigned(calls_of(expected), calls_of(received), fits)


def assigned(wanted: Sequence[Called], offered: Sequence[Called], fits: Fits) -> list[int | None]:
    """Return for each call that is wanted the index of the first one that fits, each used once; `None` for none."""
    left = dict(enumerate(offered))
    found: list[int | None] = []
    for call in wanted:
        index = next((index for index, other in left.items() if fits(call, other)), None)
        found.append(index)
        if index is not None:
            del left[index]
    return found


_VERDICTS: Final[Mapping[str, Callable[[Sequence[Message], Sequence[Message], Fits], bool]]] = {
    "strict": _strict,
    "unordered": _unordered,
    "subset": _subset,
    "superset": _superset,
}
#: The names of the four ways.
MATCHES: Final = tuple(_VERDICTS)
