"""What the server has to say on one WebSocket, said one after the other, each in its time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed
from pytest_interactions.server.emulator.wire import pause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.server.emulator.live.parts import Part
    from pytest_interactions.server.emulator.wire import Received
    from pytest_interactions.server.sockets import Caller


class Outbox:
    """The parts that are still to be said to one caller, and the task that says them."""

    def __init__(self, caller: Caller, received: Received) -> None:
        self._caller = caller
        self._received = received
        self._parts: deque[Part] = deque()
        self._closing: Closed | None = None  # by which the connection ends when there are no more parts
        self._is_over = False  # by the server's will
        self._more = asyncio.Event()
        self._sender = asyncio.ensure_future(self._deliver())

    def say(self, parts: Iterable[Part]) -> None:
        """Say these parts when all before them are said."""
        self._parts.extend(parts)
        self._more.set()

    def close(self, closing: Closed) -> None:
        """Close the connection when all is said."""
        self._closing = closing
        self._more.set()

    def begin_anew(self, closing: Closed, parts: Iterable[Part] = ()) -> None:
        """Say these parts instead of all that is to be said, and close the connection."""
        self._sender.cancel()
        self._parts.clear()
        self.say(parts)
        self.close(closing)
        self._sender = asyncio.ensure_future(self._deliver())

    def kept(self) -> list[Part]:
        """Return the parts that were not said, and that a later connection gets."""
        return [part for part in self._parts if part.is_kept]

    async def end(self) -> None:
        """Say nothing more, as the connection has ended."""
        if self._parts and not self._is_over:
            self._received.disconnected.set()
        self._sender.cancel()
        await asyncio.wait([self._sender])

    async def _deliver(self) -> None:
        while await self._next():
            part = self._parts[0]
            await pause(part.wait, self._caller.gone)
            if part.hold is not None:
                await part.hold.passed(self._caller.gone)
            if self._caller.gone.done():
                return
            self._parts.popleft()
            await self._do(part)

    async def _do(self, part: Part) -> None:
        if isinstance(part.item, Cut):
            self._is_over = True
            await self._caller.break_off()
        elif isinstance(part.item, Closed):
            self._is_over = True
            await self._caller.say(part.item)
        else:
            await self._caller.say(part.item)
            self._received.messages.append(part.item)
            self._received.events_sent += part.events

    async def _next(self) -> bool:
        """Wait until there is something to say; return whether there is, or say the last of all."""
        while not self._parts and self._closing is None and not self._is_over:
            self._more.clear()
            await self._more.wait()
        if not self._parts and self._closing is not None and not self._is_over:
            self._is_over = True
            await self._caller.say(self._closing)
        return not self._is_over
