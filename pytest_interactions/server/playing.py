"""A recorded WebSocket as it is played to a caller."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from pytest_interactions.api.websocket import Closed, Frame, written
from pytest_interactions.cassette.tape import READS_ON
from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.dialogue import Dialogue
    from pytest_interactions.server.cassettes import OnItsWay
    from pytest_interactions.server.sockets import Caller


class Changed:
    """Comes among what a caller says when another recording is played to it than before."""


class Playing:
    """One recorded WebSocket and its caller."""

    def __init__(self, caller: Caller, dialogue: Dialogue, on_its_way: OnItsWay) -> None:
        self._caller = caller
        self._dialogue = dialogue
        self._on_its_way = on_its_way
        self._due: float | None = None  # when what comes next is due, by the loop's clock
        loop = asyncio.get_running_loop()
        dialogue.changed = partial(loop.call_soon_threadsafe, caller.change)

    async def to_its_end(self) -> None:
        """Play until one of both sides ends the connection; what is no answer to the recording closes it."""
        try:
            while await self._go_on():
                ...
        except InteractionsError as error:  # the cassette remembers it
            await self._caller.turn_away(error)
        finally:
            self._dialogue.left()

    async def _go_on(self) -> bool:
        """Do what is next; return whether the connection stands then."""
        dialogue = self._dialogue
        if dialogue.is_due:
            said = await self._caller.hear(self._pause())
            return await self._tell() if said is None else self._take(said)
        if dialogue.failed is not None:
            return await self._fail(dialogue.failed)
        if dialogue.break_off is not None:
            await self._caller.break_off()
            return False
        return self._take(await self._awaited())

    def _pause(self) -> float:
        """Return the seconds until what comes next is due; no time passes if the test skips waiting."""
        if self._dialogue.options.fast_forward:
            return 0.0
        now = asyncio.get_running_loop().time()
        if self._due is None:
            self._due = now + self._dialogue.pause()
        return max(0.0, self._due - now)

    async def _tell(self) -> bool:
        self._due = None
        items = self._dialogue.take()
        for item in items:
            await self._caller.say(item)
        return not any(isinstance(item, Closed) for item in items)

    async def _fail(self, how: Closed) -> bool:
        """Let the app's library close the connection, as it could not take what came when this was recorded.

        What it could not take is in no recording that was made inside the app, so it may need help.
        """
        said = await self._caller.hear(READS_ON)
        if said is not None:
            return self._take(said)
        await self._caller.say(how)
        return False

    def _take(self, said: Item | Cut | Changed) -> bool:
        if isinstance(said, Changed):
            self._due = None
            return True
        if not isinstance(said, Frame):
            return False
        self._dialogue.say(written(said))
        return True

    async def _awaited(self) -> Item | Cut | Changed:
        """Return what the caller says, which is to say something before anything comes."""
        # If it has said all, nobody need wait for it at the end of its test.
        self._on_its_way.hangs = not self._dialogue.unsaid()
        said = await self._caller.hear(self._dialogue.patience)
        self._on_its_way.hangs = False
        if said is None:
            raise self._dialogue.lost_patience()
        return said
