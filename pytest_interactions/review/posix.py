"""Single keys of a terminal of POSIX, with the signals that concern it."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import tty
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMES: Final = {
    b"\x03": "ctrl-c",
    b"\x04": "ctrl-d",
    b"\r": "enter",
    b"\n": "enter",
    b"\x1b": "escape",
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
}
# What a key begins with that sends more, a name of a terminal's or a character of UTF-8, and the seconds in which the
# rest comes. Escape is a key itself, so that it is not waited for long; half of a character is none.
_BEGUN: Final = (
    (re.compile(rb"\x1b(?:O|\[[\d;]*)?"), 0.05),
    (re.compile(rb"[\xc0-\xff]|[\xe0-\xff].|[\xf0-\xff]..", re.DOTALL), 1.0),
)
_ESCAPE: Final = b"\x1b"
_OF_NAMES: Final = (b"[", b"O")
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_OTHERS: Final = (signal.SIGINT, signal.SIGWINCH, signal.SIGTSTP)


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Yield a function that waits for a key and returns its name; the terminal is as it was at the end.

    Signals are heard while a key is waited for, and at no other time, so that nothing is left half done: a resize and
    an interruption are keys, a suspension lasts until the process goes on, and any other ends it.
    """
    with ExitStack() as put_back:
        yield _Keys(put_back).next


class _Keys:
    """The keys of a terminal whose mode is changed, and the signals that wake whoever waits for one."""

    def __init__(self, put_back: ExitStack) -> None:
        self._file = sys.stdin.fileno()
        self._kept = b""
        self._mode = termios.tcgetattr(self._file)
        self._heard, told = os.pipe()
        for end in (self._heard, told):
            os.set_blocking(end, False)
            put_back.callback(os.close, end)
        put_back.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(told, warn_on_full_buffer=False))
        for number in (*_ENDING, *_OTHERS):
            put_back.callback(signal.signal, number, signal.signal(number, _ignore))
        put_back.callback(self._restore)
        self._begin()

    def next(self) -> str:
        """Return the name of the next key: a character, or a name of more than one."""
        ready, _, _ = select.select([self._file, self._heard], [], [], 0 if self._kept else None)
        if self._heard in ready:
            return [self._signal(number) for number in os.read(self._heard, 64)][-1]
        return self._key()

    def _signal(self, number: int) -> str:
        if number in _ENDING:
            raise SystemExit(128 + number)
        if number == signal.SIGTSTP:
            self._suspend()
        return "ctrl-c" if number == signal.SIGINT else "redraw"

    def _suspend(self) -> None:
        """Stop until somebody has this process go on, with the terminal as it was meanwhile."""
        self._restore()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._begin()

    def _key(self) -> str:
        data = self._kept or self._read()
        self._kept = b""
        while self._has_more(data) and (more := self._read()):
            if data == _ESCAPE and more not in _OF_NAMES:  # another key, that came at once
                self._kept = more
                break
            data += more
        if not data:  # the terminal is gone
            raise SystemExit(128 + signal.SIGHUP)
        return _NAMES.get(data) or data.decode(errors="replace")

    def _has_more(self, data: bytes) -> bool:
        seconds = next((seconds for begun, seconds in _BEGUN if begun.fullmatch(data)), None)
        return seconds is not None and bool(select.select([self._file], [], [], seconds)[0])

    def _read(self) -> bytes:
        return os.read(self._file, 1)

    def _begin(self) -> None:
        tty.setcbreak(self._file, termios.TCSADRAIN)

    def _restore(self) -> None:
        with suppress(termios.error):  # it is gone
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._mode)


def _ignore(*_: Any) -> None:
    """Leave a signal to whoever waits for a key, who is woken by it."""
