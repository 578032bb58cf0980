"""What the emulator remembers, and where its ids, signatures and timestamps come from."""

from __future__ import annotations

import base64
import hashlib
import json
import string
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json

#: The signature that the real API gives a thought it skipped, seen after function results.
SKIPPED_THOUGHT = "CiRlMjQ4MzBhNy01Y2Q2LTQyZmUtOTk4Yi1lZTUzOWU3MmI5YzM="
_WEB_SAFE = string.ascii_letters + string.digits + "_-"


class Draw:
    """Bytes that look random and depend on the seed, the request and a name alone."""

    def __init__(self, *key: str | int) -> None:
        self._key = json.dumps(key)

    def bytes(self, name: str, size: int) -> bytes:
        """`size` bytes for the thing called `name`."""
        return hashlib.shake_256(f"{self._key}/{name}".encode()).digest(size)

    def text(self, name: str, size: int, alphabet: str = string.ascii_lowercase + string.digits) -> str:
        """`size` characters of `alphabet`."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.bytes(name, size))

    def token(self) -> str:
        """Half of an interaction id: 23 characters, as real ones have."""
        return self.text("id", 23, _WEB_SAFE)

    def uuid(self, name: str) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(bytes=self.bytes(name, 16), version=4))

    def signature(self, name: str) -> str:
        """A thought signature: base64 of a length-prefixed message, as real ones are."""
        payload = b"\x01\x0c9\xd6\xc7" + self.bytes(f"signature {name}", 128)
        length = len(payload)
        return base64.b64encode(b"\x0a" + bytes([length & 0x7F | 0x80, length >> 7]) + payload).decode()


def interaction_id(root: str, token: str) -> str:
    """An id as the API makes them: chained interactions share the first half, their conversation's."""
    message = b"".join(bytes([tag, len(half)]) + half.encode() for tag, half in ((10, root), (18, token)))
    return "v1_" + base64.urlsafe_b64encode(message).decode().rstrip("=")


@dataclass(kw_only=True)
class Record:
    """A stored interaction: its final form, what was sent to it, and the statuses it still passes through."""

    resource: Json
    inputs: list[Json]
    root: str
    previous: str | None
    statuses: deque[str] = field(default_factory=deque)

    @property
    def status(self) -> str:
        """The status that an answer shows now."""
        return self.statuses[0] if self.statuses else str(self.resource["status"])

    def advance(self) -> None:
        """Go on to the next status; a poll does that, so that no test depends on time."""
        if self.statuses:
            self.statuses.popleft()

    def cancel(self) -> None:
        """End background work before its time; the API's 400 if it has ended."""
        if not self.statuses:
            raise ApiError(400, f"Interaction '{self.resource['id']}' is {self.status} and can't be cancelled.")
        self.statuses.clear()
        self.resource = self.resource | {"status": "cancelled", "steps": []}


class Store:
    """The interactions of one emulator, and its clock and seed."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self._seed = seed
        self._clock = clock
        self._seen: Counter[bytes] = Counter()
        self._records: dict[str, Record] = {}

    def draw(self, request: Json) -> Draw:
        """The source of this request's ids; the same request again gets others, in any order of requests."""
        key = json.dumps(request, sort_keys=True)
        request_id = fingerprint(key.encode())  # as requests may be large, and there may be many
        self._seen[request_id] += 1
        return Draw(self._seed, key, self._seen[request_id])

    def now(self) -> datetime:
        """The emulator's time, in UTC."""
        return self._clock().astimezone(UTC)

    def timestamp(self) -> str:
        """The emulator's time as the API writes it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, record: Record) -> None:
        """Keep an interaction."""
        self._records[record.resource["id"]] = record

    def find(self, name: str) -> Record:
        """The interaction called `name`; the API's 404 if there is none."""
        if name not in self._records:
            raise ApiError(404, f"Interaction '{name}' not found.")
        return self._records[name]

    def delete(self, name: str) -> None:
        """Forget an interaction."""
        del self._records[self.find(name).resource["id"]]

    def history(self, record: Record) -> list[Json]:
        """All steps of the conversation up to `record`, inputs included, as far as they are stored."""
        turns = []
        current: Record | None = record
        while current:
            turns.append([*current.inputs, *current.resource["steps"]])
            current = self._records.get(current.previous or "")
        return [step for turn in reversed(turns) for step in turn]
