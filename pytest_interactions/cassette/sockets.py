"""The recorded WebSockets that a cassette plays: which is whose, and what their apps did not say."""

from __future__ import annotations

import warnings
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING

from pytest_interactions.api import sse
from pytest_interactions.cassette.dialogue import Dialogue, Script
from pytest_interactions.cassette.said import Said
from pytest_interactions.options import Unplayed
from pytest_interactions.redaction.redactor import placeholder_in

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.faults import Faults
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.refusals import Refusals
    from pytest_interactions.cassette.uses import Use
    from pytest_interactions.errors import InteractionsError, UnplayedError
    from pytest_interactions.options import Options


class Sockets:
    """The WebSockets of one cassette."""

    def __init__(  # noqa: PLR0913 - it is made of parts of a cassette
        self,
        index: Index,
        filters: Filters,
        refusals: Refusals,
        options: Options,
        *,
        directory: Path,
        mode: AppliedMode,
        faults: Faults,
        failures: list[InteractionsError],
    ) -> None:
        """Play those that `index` has; errors go to `failures`, as apps may swallow them."""
        self._index = index
        self._filters = filters
        self._refusals = refusals
        self._options = options
        self._directory = directory
        self._mode = mode
        self._faults = faults
        self._failures = failures
        self._lock = RLock()
        self._played: list[tuple[int, Dialogue]] = []

    def begin(self, number: int, exchange: Exchange, use: Use) -> Dialogue:
        """Begin to play the exchange with a number in the index, of which this may be an altered copy."""
        dialogue = Dialogue(
            script=Script.of(exchange),
            options=self._options,
            directory=self._directory,
            use=use,
            kept=partial(self._filters.keep_messages, request=exchange.request),
            changes=self._changes,
            missed=self._refusals.missed_message,
            waits=self._refusals.awaited_message,
            remember=self._remember,
            lock=self._lock,
            ends_early=exchange is not self._index.exchanges[number],
        )
        use.is_awaited = False
        self._played.append((number, dialogue))
        return dialogue

    def _remember(self, error: InteractionsError) -> InteractionsError:
        self._failures.append(error)
        return error

    def _changes(self, dialogue: Dialogue, said: Said) -> list[Dialogue]:
        """Have a dialogue follow the recording that goes on with a message, if any does; return those that were moved.

        Several connections may have been opened at once, and only their messages tell them apart. Until these differ,
        a dialogue may have begun with any recording of an equal handshake and the same beginning.
        """
        place = next(place for place, (_, each) in enumerate(self._played) if each is dialogue)
        for other in self._of_equal_handshakes(self._played[place][0]):
            holder = next((held for held, (number, _) in enumerate(self._played) if number == other), None)
            its = None if holder is None else self._played[holder][1]
            script = Script.of(self._index.exchanges[other]) if its is None else its.script
            passed = dialogue.passed_in(script, said)
            if passed is not None and (its is None or self._leaves(its, dialogue.script)):
                self._swap(place, other, holder)
                dialogue.follow(script, passed)
                return [dialogue] if its is None else [dialogue, its]
        return []

    def _of_equal_handshakes(self, number: int) -> list[int]:
        request = self._filters.redact_request(self._index.exchanges[number].request.unparsed())
        numbers = [] if request is None else self._index.numbers(self._filters.key(request))
        return [each for each in numbers if each != number and self._index.exchanges[each].response.has_messages]

    @staticmethod
    def _leaves(dialogue: Dialogue, script: Script) -> bool:
        """Have a dialogue follow another script instead of its own; return whether it can."""
        passed = dialogue.passed_in(script)
        if passed is not None:
            dialogue.follow(script, passed)
        return passed is not None

    def _swap(self, place: int, other: int, holder: int | None) -> None:
        """Give a dialogue the exchange with the number `other`, and its own to whoever held that."""
        number, dialogue = self._played[place]
        if holder is None:
            self._index.give_back(number)
            self._index.played.add(other)
        else:
            self._played[holder] = number, self._played[holder][1]
        self._played[place] = other, dialogue

    def check(self, message: bytes, request: Request) -> None:
        """Check the event of what an app is about to send on the live WebSocket that `request` has opened.

        Raises:
            PlaceholderError: It carries a placeholder of redaction, which only replay can answer.
        """
        __tracebackhide__ = True
        event = next(iter(sse.decode(message)))
        where = placeholder_in(Said(event, request.uri).request) if self._mode.keeps else None
        if where is not None:
            raise self._remember(self._refusals.placeholder(request, where))

    def problem(self) -> UnplayedError | None:
        """Return the error for what apps did not say that they had said once; `None` if it is a warning at most.

        The app that a fault has hit may give up, whatever it said then.
        """
        missing = next(((each, each.unsaid()) for _, each in self._played if each.unsaid()), None)
        if missing is None or self._options.unplayed is Unplayed.IGNORE or self._faults.may_end_early:
            return None
        error = self._refusals.unsaid(missing[0].script, missing[1])
        if self._options.unplayed is Unplayed.WARN:
            warnings.warn(str(error), stacklevel=3)
            return None
        return error
