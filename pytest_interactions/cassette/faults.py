"""What goes wrong with the answers of one cassette: which fault hits which request, and what comes after it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from secrets import randbelow
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from pytest_interactions.api.delays import Delays
from pytest_interactions.cassette.pacing import Pacing
from pytest_interactions.errors import FaultError
from pytest_interactions.files import media
from pytest_interactions.redaction.google import is_login

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.cassette.uses import Use
    from pytest_interactions.faults import Fault, Storm
    from pytest_interactions.options import Options


class Played(NamedTuple):
    """An exchange to play, with its number, from 0, and what is late in it."""

    number: int
    exchange: Exchange
    delays: Delays | None = None


@dataclass(slots=True, eq=False)
class _Armed:
    """A fault, how often it has hit, and why it did not when it could have."""

    fault: Fault
    hits: int = 0
    why: str = ""

    def reason(self, count: int) -> str:
        """Return why it has hit none of the `count` exchanges."""
        number = self.fault.on.exchange
        if self.why:
            return self.why
        if number is None:
            is_for_any = not self.fault.on.model_dump(exclude_none=True)
            return "nothing recorded was asked for" if is_for_any else "no request looks like what it is for"
        return f"exchange {number} was not asked for" if number <= count else f"there is no exchange {number}"

    @property
    def is_left(self) -> bool:
        return self.fault.times == "all" or self.hits < self.fault.times


class Faults:
    """The faults of one cassette, in the order in which the test has them.

    A request is hit by each that is for it, but by one alone of those that end an answer: the next one hits the next
    request. What was ended may be asked for again, as clients do, and so it may be resumed.

    Attributes:
        are_any: Whether there are any; nothing else of them is asked as long as there are none.
        fired: What has hit, a line each: the number of the exchange, and the fault.
        may_end_early: Whether an answer went wrong, so that an app may have given up.
    """

    def __init__(self, cassette: Path, index: Index, options: Options, directory: Path) -> None:
        """Hold the faults of `options` for the cassette at a path, whose media are in a directory."""
        self._cassette = cassette
        self._index = index
        self._options = options
        self._directory = directory
        self.are_any = bool(options.fault)
        self.fired: list[str] = []
        self.may_end_early = False
        self._armed: list[_Armed] = []
        self._storms: list[Storm] = []
        self._struck: set[int] = set()
        self._hit: dict[Key, int] = {}
        self._wrong: set[int] = set()
        self._late: dict[int, Use] = {}
        self._resumable: dict[str, int] = {}
        if self.are_any:
            self._arm(options.fault)

    def _arm(self, given: Sequence[Any]) -> None:
        from pytest_interactions.faults import Fault

        for each in given:
            if isinstance(each, Fault):
                self._armed.append(_Armed(each))
            else:
                seed = _seed_of_run() if each.storm is None else each.storm
                self._storms.append(each.model_copy(update={"storm": seed}))

    # --- which fault hits which request ---

    def play(self, number: int, exchange: Exchange, request: Request, key: Key) -> Played:
        """Return what is played of exchange `number`, from 0, in answer to a redacted request with this key."""
        if is_login(request):
            return Played(number, exchange)
        self._strike(number, exchange)
        from pytest_interactions.api.faults.looks import is_for

        hitting = [each for each in self._armed if each.is_left and is_for(each.fault.on, number, request)]
        self._wrong.discard(number)
        if not hitting:
            return Played(number, exchange)
        self._hit[key] = number
        whole = replace(exchange, response=media.inlined(exchange.response, self._directory))
        played = Played(number, whole, Delays())
        has_ended = False
        for each in hitting:
            if has_ended and each.fault.ending is not None:
                each.why = f"exchange {number + 1} was ended by another fault each time"
                continue
            after = self._altered(each, played)
            has_ended |= after is not None and each.fault.ending is not None
            played = after or played
        return played

    def _altered(self, armed: _Armed, played: Played) -> Played | None:
        """Return what a fault makes of what is played; `None` if it can't hit that."""
        from pytest_interactions.api.faults.altering import altered, delays_of
        from pytest_interactions.api.faults.parts import NotAlterableError

        fault, number = armed.fault, played.number
        delays = _both(played.delays or Delays(), delays_of(fault))
        pacing = Pacing(played.exchange, self._options.pace, delays)
        try:
            exchange, may_ask_again = altered(fault, played.exchange, pacing.due)
        except NotAlterableError as error:
            armed.why = f"exchange {number + 1} can't be hit by it: {error}"
            return None
        armed.hits += 1
        self.fired.append(f"exchange {number + 1}: {fault}")
        if may_ask_again or fault.changes:
            self._went_wrong(number)
            self._wrong.add(number)
        if may_ask_again:
            self._index.give_back(number)
        return Played(number, exchange, delays)

    def _went_wrong(self, number: int) -> None:
        """Take note that an app may give up, or resume the answer of exchange `number`."""
        from pytest_interactions.cassette.resuming import names_of

        self.may_end_early = True
        self._resumable.update(dict.fromkeys(names_of(self._index.exchanges[number].response), number))

    def _strike(self, number: int, exchange: Exchange) -> None:
        """Let the storms, if there are any, pick a fault for an exchange that is played for the first time."""
        if number in self._struck or not self._storms:
            return
        from pytest_interactions.api.faults.storm import picked
        from pytest_interactions.faults import Fault

        self._struck.add(number)
        for storm, seed in ((each, each.storm or 0) for each in self._storms):
            name = f"{self._cassette.stem}/{number}"
            keys = picked(seed, storm.of, name, media.whole(exchange, self._directory))
            if keys is not None:
                self._armed.append(_Armed(Fault.model_validate({**keys, "on": number + 1})))

    # --- what comes after it ---

    def again(self, key: Key) -> int | None:
        """Return the number of the exchange that went wrong when it answered this key last, or is still to come."""
        number = self._hit.get(key)
        if number is None or number in self._wrong:
            return number
        use = self._late.get(number)
        return number if use is not None and (use.is_awaited or not use.is_over) else None

    def late(self, number: int, use: Use) -> None:
        """Take note of the use of exchange `number`, from 0, which a fault has made late."""
        self._late[number] = use

    def lost_patience(self, number: int) -> None:
        """Take note that a client did not wait for exchange `number`, from 0, which a fault or the pace made late."""
        self._went_wrong(number)
        self._index.give_back(number)

    def resumed(self, request: Request) -> Played | None:
        """Return the rest of an answer that a fault has ended, if a request asks for that; `None` if it does not.

        It asks by the interaction's id, after the last event that it got, or by a token from the stream.
        """
        if not self._resumable:
            return None
        from pytest_interactions.cassette.resuming import asked_for, rest

        number = self._resumable.get(asked_for(request) or "")
        if number is None:
            return None
        self._index.played.add(number)
        recorded = media.whole(self._index.exchanges[number], self._directory)
        response = rest(recorded.response, request)
        return Played(number, replace(recorded, request=request, response=response, seconds=None, times=None))

    # --- the end ---

    @property
    def storms(self) -> list[str]:
        """Return the storms with their seeds, as they are written in an ini file."""
        return list(map(str, self._storms))

    def missed(self) -> list[str]:
        """Return the faults that have hit nothing so far, a line each, with the reason."""
        count = len(self._index.exchanges)
        return [f"{each.fault}: {each.reason(count)}" for each in self._armed if not each.hits]

    def problem(self, redacted: Callable[[str], str]) -> FaultError | None:
        """Return the error for faults that hit nothing; `None` if there are none. It shows them `redacted`."""
        lines = list(map(redacted, self.missed()))
        if not lines:
            return None
        count = len(self._index.exchanges)
        head = f"{self._cassette}: faults that hit nothing, of {count} recorded exchange{'s' * (count != 1)}:"
        again = (
            "Take the fault away, or say by `on` what it is for. pytest-interactions show has the exchanges in order."
        )
        told = "\n".join([head, *(f"  {line}" for line in lines), "", again])
        return FaultError(told, headline=f"hit nothing: {lines[0]}")


@cache
def _seed_of_run() -> int:
    """Return a seed that this run has picked, which is the same in all of pytest-xdist's workers."""
    from pytest_interactions.faults import SEEDS

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return randbelow(SEEDS) if run is None else crc32(run.encode())


def _both(one: Delays, other: Delays) -> Delays:
    breaks = other.breaks_at if one.breaks_at is None else one.breaks_at
    return Delays(one.before + other.before, one.between + other.between, one.hangs or other.hangs, breaks)
