"""The use that an app makes of a response, be that recorded or played."""

from __future__ import annotations

from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.errors import InteractionsError


class Use:
    """The use that an app makes of one response.

    Attributes:
        request: The redacted request.
        is_awaited: Whether somebody waits for the response, or for more of it.
        is_over: Whether the response has ended, or was left.
        is_closed: Whether its cassette has closed before that.
        asks: Tells whether somebody waits whom the client library alone knows of.
        refuse: Gives the error to the app that outlives its cassette, where the client library reads by itself.
        thread: The thread that waited last.
    """

    def __init__(self, request: Request, outlived: Callable[[Request], InteractionsError]) -> None:
        """Begin to wait for the answer to `request`.

        `outlived` makes the error of a response that is read on when the cassette has closed.
        """
        self.request = request
        self.is_awaited = True
        self.is_over = self.is_closed = False
        self.asks: Callable[[], bool] = bool
        self.refuse: Callable[[InteractionsError], object] = bool
        self.thread = get_ident()
        self._outlived = outlived

    @property
    def is_unfinished(self) -> bool:
        """Return whether it can't end as it is: somebody waits for something."""
        return not self.is_over and (self.is_awaited or self.asks())

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Wait for the response, or for more of it, inside the block.

        Raises:
            StreamEndedError: The cassette has closed, before or meanwhile.
        """
        __tracebackhide__ = True
        self.check()
        self.thread, self.is_awaited = get_ident(), True
        try:
            yield
        finally:
            self.is_awaited = False
        self.check()

    def check(self) -> None:
        """Raise `StreamEndedError` if the cassette closed before the response had ended."""
        __tracebackhide__ = True
        if self.is_closed:
            raise self._outlived(self.request)

    def close(self) -> None:
        """Let nobody use the rest of it: its cassette closes."""
        if not self.is_over:
            self.is_over = self.is_closed = True
            self.refuse(self._outlived(self.request))
