"""The life of a cassette: in the process that has opened it, until it closes, and what is unfinished then."""

from __future__ import annotations

import threading
from threading import get_ident
from typing import TYPE_CHECKING, Final, NoReturn

from pytest_interactions.cassette import messages
from pytest_interactions.cassette.forks import Process
from pytest_interactions.errors import ForkedError, InteractionsError, StreamEndedError, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.uses import Use

#: The seconds for which the end of a cassette waits for what other threads have begun.
PATIENCE: Final = 5.0
#: The seconds in which a thread that has just begun is expected to have sent its first request.
BEGINNING: Final = 1.0
_TICK: Final = 0.01


class Life:
    """The life of one cassette, and the uses that are made of its responses meanwhile."""

    def __init__(self, cassette: Path) -> None:
        """Begin with the path of the cassette."""
        self._cassette = cassette
        self._uses: list[Use] = []
        self._process = Process()
        self._is_over = False

    @property
    def is_here(self) -> bool:
        """Return whether the cassette was opened in this process, and not in one that this one was forked from."""
        return not self._process.is_another

    @property
    def goes_on(self) -> bool:
        """Return whether the cassette is open, in this process."""
        return self.is_here and not self._is_over

    def add(self, use: Use) -> None:
        """Take note of a use that begins."""
        self._uses.append(use)

    def refuse(self, request: Request) -> NoReturn:
        """Raise the error for a request where the cassette is not open; a forked process leaves it for its parent."""
        __tracebackhide__ = True
        if self.is_here:
            raise UnfinishedError(messages.too_late(request, cassette=self._cassette))
        error = ForkedError(messages.forked(request, cassette=self._cassette))
        self._process.tell(str(error))
        raise error

    def outlived(self, request: Request) -> StreamEndedError:
        """Return the error for a response that is read on when the cassette has closed."""
        return StreamEndedError(messages.read_on(request, cassette=self._cassette))

    def settle(self, for_more: Callable[[float], bool], finished: Callable[[], int]) -> Iterator[InteractionsError]:
        """Wait, for `PATIENCE` at most, until other threads are done, and yield what is wrong then.

        What waits in this thread, as a task of its event loop does, can't go on meanwhile, and is not waited for.

        Args:
            for_more: Tells whether other threads may ask for more, after so many seconds of waiting.
            finished: Counts the exchanges that are to be saved.
        """
        for tick in range(round(PATIENCE / _TICK)):
            if not (self._is_used_elsewhere() or for_more(tick * _TICK)):
                break
            threading.Event().wait(_TICK)  # real time, whatever is done to sleeps
        waiting = [use.request for use in list(self._uses) if use.is_unfinished]
        if waiting:
            yield UnfinishedError(messages.unfinished(waiting, cassette=self._cassette, finished=finished()))
        refused = self._process.told()
        if refused:
            yield ForkedError(refused)

    def _is_used_elsewhere(self) -> bool:
        """Whether a thread that is alive, and not this one, has not come to a response's end."""
        used_by = {use.thread for use in list(self._uses) if not use.is_over} - {get_ident()}
        return not used_by.isdisjoint(thread.ident for thread in threading.enumerate())

    def end(self) -> None:
        """Let nobody use a response any more."""
        self._is_over = True
        for use in list(self._uses):
            use.close()
