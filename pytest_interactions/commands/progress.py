"""Progress of what may take long: a bar on the standard error, if that is a terminal, once a second has passed."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text

_T = TypeVar("_T")

#: The seconds that pass before there is a bar; until then rich is not even imported.
AFTER: Final = 1.0
_WIDTH: Final = 24


@contextmanager
def progress(items: Iterable[_T], name: Callable[[_T], str] = str) -> Iterator[Iterable[_T]]:
    """Yield the items, and show how many are done and which is the current one, for as long as the block is open.

    What is printed meanwhile stands above the bar, and the bar is gone at the end. There is none if the standard error
    is no terminal, or one that can't draw, or is read by a service of continuous integration; nor without rich.

    Args:
        items: What is gone through, once.
        name: Returns what is shown of an item, in which there must be no secret.
    """
    if not _is_wanted():
        yield items
        return
    bar = _Bar(items, name)
    timer = Timer(AFTER, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        timer.join()
        bar.hide()


def _is_wanted() -> bool:
    is_dumb = os.environ.get("TERM", "").lower() in {"dumb", "unknown"}
    return sys.stderr.isatty() and not is_dumb and not os.environ.get("CI")


class _Bar(Generic[_T]):
    """The items as they are gone through, and a view of how far that is, which a thread of rich's draws."""

    def __init__(self, items: Iterable[_T], name: Callable[[_T], str]) -> None:
        self._items, self._name = items, name
        self._done, self._current = 0, ""
        self._total: int | None = None  # until all are listed
        self._live: Any = None

    def __iter__(self) -> Iterator[_T]:
        items = list(self._items)
        self._total = len(items)
        for self._done, item in enumerate(items):
            self._current = self._name(item)
            yield item
        self._done = self._total

    def show(self) -> None:
        """Draw the bar from now on, if rich is installed."""
        with suppress(ImportError):
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                self,
                console=Console(stderr=True, soft_wrap=True),
                refresh_per_second=8,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # else its lines go where they belong, and not above the bar
            )
            self._live.start()

    def hide(self) -> None:
        """Take the bar away, if there is one."""
        if self._live is not None:
            self._live.stop()

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Draw it as it is now; rich asks several times a second."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        count = f"{self._done}/{'?' if self._total is None else self._total}"
        room = options.max_width - _WIDTH - len(count) - 2  # a blank behind the bar, and one behind the count
        line = Table.grid(padding=(0, 1))
        bar = ProgressBar(self._total, self._done, width=_WIDTH)
        line.add_row(bar, count, _end_of(on_one_line(self._current), room))
        yield line


def _end_of(text: str, room: int) -> Text:
    """Return as much of the end of a text as there is room for."""
    from rich.text import Text

    return Text(text if len(text) <= room else f"\N{HORIZONTAL ELLIPSIS}{text[len(text) - room + 1 :]}", no_wrap=True)
