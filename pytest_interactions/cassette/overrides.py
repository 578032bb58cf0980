"""Recorded answers that a test has replaced, to ask what its app makes of others. Nothing of it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.errors import OverrideError
from pytest_interactions.files import media

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.replacing import Override

_ERRORS: Final = 400  # the lowest HTTP status that is one


@dataclass(slots=True)
class _Replaced:
    """An answer in place of a recorded one.

    Attributes:
        n: The number that the test gave, from 1.
        exchange: What is played.
        numbers: The exchanges from 0 for which it stands, which are all of a call of the app.
        times: How many requests get it before the recorded answer; `None` if that is never played.
        played: How many have got it.
    """

    n: int
    exchange: Exchange
    numbers: list[int]
    times: int | None
    played: int = 0

    @property
    def is_error(self) -> bool:
        """Return whether it is an error of HTTP, after which clients send their request again."""
        return self.exchange.response.status >= _ERRORS


class Overrides:
    """The overrides of one cassette.

    Attributes:
        are_any: Whether there are any; nothing else of them is asked as long as there are none.
    """

    def __init__(self, cassette: Path, index: Index, mode: AppliedMode) -> None:
        """Replace answers of the cassette at a path."""
        self._cassette = cassette
        self._index = index
        self._mode = mode
        self._directory = mode.media
        self._all: dict[int, _Replaced] = {}
        self._again: dict[Key, int] = {}
        self.are_any = False

    def add(self, n: int, given: Override) -> None:
        """Replace the answer to the n-th call; see `View.override`.

        Raises:
            OverrideError: It can't be replaced, or not so.
        """
        if self._mode.records or not self._mode.plays:
            raise OverrideError(
                f"override({n}) changes an answer that is replayed, and this test may record or runs live. Run it in "
                "record mode none."
            )
        from pytest_interactions.cassette.replacing import response_of

        numbers = self._numbers(n)
        if numbers[0] in self._all:
            raise OverrideError(f"override({n}): this answer is overridden already. Say all of it in one call.")
        if not self._index.played.isdisjoint(numbers):
            raise OverrideError(
                f"override({n}): this answer was played already. Override it before the app asks for it."
            )
        first = media.whole(self._index.exchanges[numbers[0]], self._directory)
        response = response_of(n, given, first.response, lambda: self._interaction(numbers))
        exchange = replace(first, response=response, cut=None, models=None)
        self.are_any = True
        self._all[numbers[0]] = _Replaced(n, exchange, numbers, given.get("times"))

    def play(self, number: int, key: Key) -> Exchange | None:
        """Return what is played in place of exchange `number` to a request with this key; `None` for no override."""
        replaced = self._all.get(number)
        if replaced is None or replaced.played == replaced.times:
            return None
        replaced.played += 1
        if replaced.is_error:
            self._again[key] = number
        if replaced.times is None:
            self._index.played.update(replaced.numbers)
        elif replaced.played == replaced.times:
            del self._again[key]
            self._index.played.discard(number)  # the recorded answer comes next
        return replaced.exchange

    def again(self, key: Key) -> int | None:
        """Return the number of the exchange whose override answers requests with this key, as it did before."""
        return self._again.get(key)

    def problem(self) -> OverrideError | None:
        """Return the error for overrides that nothing asked for; `None` if there are none."""
        unused = [replaced.n for replaced in self._all.values() if not replaced.played]
        if not unused:
            return None
        listed = ", ".join(f"override({n})" for n in unused)
        return OverrideError(
            f"{self._cassette}: not played: {listed}. The app did not ask for this answer. Take the override away, or "
            "give it the number of an answer that the app asks for. These are the turns that pytest-interactions show "
            "has."
        )

    def _numbers(self, n: Any) -> list[int]:
        """Return the numbers of the exchanges that the n-th call of the cassette took."""
        from pytest_interactions.api.calls import calls_of

        calls = calls_of(self._index.exchanges)
        if not calls:
            raise OverrideError(f"override({n}): {self._cassette} holds no interaction to override. Record it first.")
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= len(calls):
            raise OverrideError(
                f"override({n!r}): there is no such interaction. {self._cassette} has {len(calls)}, numbered from 1 as "
                "in interactions.interactions. These are the turns that pytest-interactions show has."
            )
        if calls[n - 1].turn is not None:
            raise OverrideError(
                f"override({n}): this is a turn of a live interaction, and the messages of a WebSocket can't be "
                f"overridden. Change a copy of {self._cassette}, or say with a fault how its connection ends."
            )
        places = {id(exchange): number for number, exchange in enumerate(self._index.exchanges)}
        return [places[id(exchange)] for exchange in calls[n - 1].exchanges]

    def _interaction(self, numbers: list[int]) -> Json:
        """Return what came of a call, as the test may change it."""
        from pytest_interactions.api.calls import calls_of

        (call,) = calls_of(media.whole(self._index.exchanges[number], self._directory) for number in numbers)
        return call.interaction.model_dump()
