"""The use that an app makes of a response, be that recorded or played."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

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

    def awaited(self) -> AbstractContextManager[None]:
        """Wait for the response, or for more of it, inside the block.

        Raises:
            StreamEndedError: The cassette has closed, before or meanwhile.
        """
        return _Awaited(self)

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


class _Awaited:
    """The block of `Use.awaited`; one is entered for each chunk, so it is no generator, which takes 3 times as long."""

    __slots__ = ("_use",)

    def __init__(self, use: Use) -> None:
        self._use = use

    def __enter__(self) -> None:
        __tracebackhide__ = True
        use = self._use
        use.check()
        use.thread, use.is_awaited = get_ident(), True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        self._use.is_awaited = False
        if kind is None:
            self._use.check()
