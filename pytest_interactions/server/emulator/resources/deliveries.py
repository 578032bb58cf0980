"""Events on their way to the app under test: which, where to, when, and what the app answered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import h11

from pytest_interactions.api.hosts import is_loopback
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.webhooks import signed
from pytest_interactions.server.emulator.state import Draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.webhooks import Webhooks
    from pytest_interactions.server.emulator.state import Record, Store

#: The event that tells of the end of an interaction, by its final status.
_EVENTS: Final = {
    "completed": "interaction.completed",
    "requires_action": "interaction.requires_action",
    "failed": "interaction.failed",
}
_PATIENCE: Final = 10.0  # seconds for the app to answer
_READ: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """One delivery of an event.

    Attributes:
        uri: Where it was sent.
        headers: The headers that were sent.
        event: The event, which was the body.
        status: The HTTP status that the app answered; `None` if it did not answer.
        problem: Why it did not; empty if it did.
    """

    uri: str
    headers: dict[str, str]
    event: Json
    status: int | None
    problem: str = ""


class Deliveries:
    """The deliveries of one emulator."""

    def __init__(self, store: Store, webhooks: Webhooks) -> None:
        self._store = store
        self._webhooks = webhooks
        self._changed = threading.Condition()
        self._running: set[asyncio.Task[Any]] = set()
        #: The deliveries that are over, in this order.
        self.done: deque[Delivered] = deque(maxlen=store.keep)

    def schedule(self, record: Record, delays: Sequence[float]) -> None:
        """Let an interaction end by itself, and deliver that so many seconds from now, once for each delay.

        An interaction whose end no webhook waits for goes on as if there were no webhooks.
        """
        if record.resource["status"] in _EVENTS and self._receivers(record, _EVENTS[record.resource["status"]]):
            for delay in delays:
                task = asyncio.ensure_future(self._later(record, delay))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Give up what is on its way, or still to come."""
        for task in self._running:
            task.cancel()

    def wait(self, count: int, timeout: float) -> list[Delivered]:
        """Return the first `count` deliveries, once they are over.

        Raises:
            TimeoutError: They are not, after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.done) >= count, timeout):
                raise TimeoutError(f"{len(self.done)} of {count} deliveries were made within {timeout} s")
            return list(self.done)[:count]

    async def interaction(self, record: Record, age: float = 0.0) -> list[Delivered]:
        """Let an interaction end, and deliver that to each webhook that is subscribed, or that its request names.

        Raises:
            ApiError: There is no event for its end.
        """
        status = record.resource["status"]
        if status not in _EVENTS:
            raise ApiError(400, f"Interaction '{record.resource['id']}' is {status}, for which there is no event.")
        record.statuses.clear()
        data: Json = {"id": record.resource["id"]}
        for error in record.resource.get("errors", [])[:1]:
            data |= {"error_code": error["code"], "error_message": error["message"]}
        kind = _EVENTS[status]
        event = {"type": kind, "version": "v1", "timestamp": self._store.timestamp(), "data": data}
        return [
            await self._send(uri, event | more, secrets, age) for uri, secrets, more in self._receivers(record, kind)
        ]

    async def ping(self, webhook: Json) -> Delivered:
        """Deliver a test event to a webhook."""
        event = {"type": "ping", "version": "v1", "timestamp": self._store.timestamp(), "data": {"id": webhook["id"]}}
        return await self._send(webhook["uri"], event, self._webhooks.secrets(webhook["id"]), 0.0)

    async def _later(self, record: Record, delay: float) -> None:
        await asyncio.sleep(delay)
        if record.resource["status"] in _EVENTS:  # it may have been cancelled meanwhile
            await self.interaction(record)

    def _receivers(self, record: Record, event: str) -> list[tuple[str, Sequence[str], Json]]:
        """Return where an event goes, with the secrets to sign it with, and what it says besides.

        The API signs for a URL of the request with a key of Google's own, which nobody else has.
        """
        config = record.webhook_config
        if config.get("uris"):
            more = {"user_metadata": config["user_metadata"]} if "user_metadata" in config else {}
            return [(uri, (), more) for uri in config["uris"]]
        return [(each["uri"], self._webhooks.secrets(each["id"]), {}) for each in self._webhooks.subscribed(event)]

    async def _send(self, uri: str, event: Json, secrets: Iterable[str], age: float) -> Delivered:
        # The same event to the same place has the same id, by which a receiver knows that it has it already.
        message_id = "msg_" + Draw(event["type"], event["data"]["id"], uri).text("message", 27)
        headers, body = signed(event, *secrets, message_id=message_id, timestamp=time.time() - age)
        status, problem = None, ""
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await _post(uri, headers, body)
        except TimeoutError:
            problem = f"no answer within {_PATIENCE:g} s"
        except (OSError, ValueError, h11.ProtocolError) as error:
            problem = str(error)
        delivered = Delivered(uri=uri, headers=headers, event=event, status=status, problem=problem)
        with self._changed:
            self.done.append(delivered)
            self._changed.notify_all()
        return delivered


async def _post(uri: str, headers: dict[str, str], body: bytes) -> int:
    """Send a request, and return the status of the answer.

    Raises:
        ValueError: `uri` is no URL of this machine, beyond which nothing is delivered.
        OSError: There is no connection.
        h11.ProtocolError: `uri` has a character that no request may have, or the answer is no HTTP.
    """
    parts = urlsplit(uri)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise ValueError(f"the emulator delivers to http://127.0.0.1 and http://localhost alone, not to {uri}")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        connection = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"host": parts.netloc, "content-length": str(len(body)), "connection": "close"}
        request = h11.Request(method="POST", target=target, headers=[*own.items(), *headers.items()])
        for part in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(part) or b"")
        while not isinstance(event := connection.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_READ))
        return event.status_code
    finally:
        writer.close()
