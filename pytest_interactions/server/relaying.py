"""A WebSocket between a caller and the API: each message goes on as it comes, and is recorded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.clients.websockets.tap import broken, closed
from pytest_interactions.errors import InteractionsError
from pytest_interactions.server.proxy import end

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from pytest_interactions.cassette.listening import Listening
    from pytest_interactions.server.sockets import Caller


class Relay:
    """One WebSocket. What is heard on it goes to `listening`, unless nobody wants a record."""

    def __init__(self, caller: Caller, connection: ClientConnection, listening: Listening | None) -> None:
        self._caller = caller
        self._connection = connection
        self._listening = listening
        self._is_over = False

    async def to_its_end(self) -> None:
        """Pass messages on both ways, until one of both sides ends the connection; then end the other side's so."""
        both = [asyncio.ensure_future(way()) for way in (self._to_api, self._to_caller)]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for way in both:
            await end(way)

    async def _to_api(self) -> None:
        while isinstance(said := await self._caller.hear(), Frame):
            try:
                if self._listening is not None:
                    self._listening.say(said.data)
            except InteractionsError as error:  # the cassette remembers it
                self._end(Cut(by="app"))
                await self._caller.turn_away(error)
                return
            with suppress(ConnectionClosed):  # which the other way tells
                await self._connection.send(said.data)
        if isinstance(said, Closed):
            self._end(said)
            await self._connection.close(said.code, said.reason)  # type: ignore[arg-type] # no code is sent as none
        else:
            self._end(Cut(by="app"))

    async def _to_caller(self) -> None:
        try:
            while True:
                data = await self._connection.recv()
                if self._listening is not None and not self._is_over:
                    self._listening.hear(data)
                await self._caller.say(Frame(sent=False, data=data))
        except ConnectionClosed as error:
            await self._end_as(error)

    async def _end_as(self, error: ConnectionClosed) -> None:
        # What is recorded is so before the caller is told, as it may end this process then.
        if error.rcvd is not None:
            item = closed(error.rcvd, by_app=False)
            self._end(item)
            await self._caller.say(item)
        else:
            self._end(broken(self._connection))
            await self._caller.break_off()

    def _end(self, ending: Closed | Cut) -> None:
        """Keep how the connection has ended; the side that did so first counts."""
        if self._is_over:
            return
        self._is_over = True
        if self._listening is None:
            return
        if isinstance(ending, Closed):
            self._listening.close(ending)
        self._listening.end(ending if isinstance(ending, Cut) else None)
