"""An app of ordinary shape: it has bound sleeps before any replay began."""

from __future__ import annotations

import asyncio
import time
from asyncio import sleep as sleep_async
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any

__all__ = ["sleep", "sleep_async"]

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def by_global(seconds: float) -> None:
    sleep(seconds)


def by_default(seconds: float, _nap: Callable[[float], None] = time.sleep) -> None:
    _nap(seconds)


def by_keyword(seconds: float, *, other: int = 0, nap: Callable[[float], None] = time.sleep) -> None:
    nap(seconds + other)


class Napper:
    """Binds one in its class, and one as a default of a method."""

    nap = time.sleep
    later = sleep_async

    def by_class(self, seconds: float) -> None:
        type(self).nap(seconds)
        self.nap(0)  # type: ignore[call-arg,misc] # a function would be a method here, which a built-in one is not

    def by_method(self, seconds: float, _nap: Callable[[float], None] = sleep) -> None:
        _nap(seconds)


class Lazy:
    """Says that it is what it has not loaded, as Django's settings do."""

    @property
    def __class__(self) -> Any:
        raise AssertionError("somebody asked what it is")

    @__class__.setter
    def __class__(self, _: object) -> None: ...


lazy = Lazy()
napper = Napper()
hidden = partial(time.sleep)  # where nobody looks


async def by_global_async(seconds: float) -> None:
    await sleep_async(seconds)


async def by_default_async(seconds: float, _nap: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    await _nap(seconds)
