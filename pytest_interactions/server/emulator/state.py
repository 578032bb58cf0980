"""The emulator's memory, and the source of its ids, signatures and timestamps."""

from __future__ import annotations

import base64
import hashlib
import json
import string
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.lint.memory import Memory
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.hops import Rest

#: The signature that the real API gives a thought it skipped, seen after function results.
SKIPPED_THOUGHT = "CiRlMjQ4MzBhNy01Y2Q2LTQyZmUtOTk4Yi1lZTUzOWU3MmI5YzM="
_WEB_SAFE = string.ascii_letters + string.digits + "_-"


def written(time: datetime) -> str:
    """Return a time in UTC as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Draw:
    """A source of values that look random and depend only on a key and on the name of the value."""

    def __init__(self, *key: str | int) -> None:
        self._key = hashlib.shake_256(f"{json.dumps(key)}/".encode())  # read once, as it may be large

    def bytes(self, name: str, size: int) -> bytes:
        """Return `size` bytes for the thing called `name`."""
        drawn = self._key.copy()
        drawn.update(name.encode())
        return drawn.digest(size)

    def text(self, name: str, size: int, alphabet: str = string.ascii_lowercase + string.digits) -> str:
        """Return `size` characters of `alphabet` for the thing called `name`."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.bytes(name, size))

    def token(self) -> str:
        """Return half of an interaction id: 23 characters, as in real ones."""
        return self.text("id", 23, _WEB_SAFE)

    def uuid(self, name: str) -> str:
        """Return a UUID of version 4 for the thing called `name`."""
        return str(uuid.UUID(bytes=self.bytes(name, 16), version=4))

    def signature(self, name: str) -> str:
        """Return a thought's signature: the base64 of a length-prefixed message, as in real ones."""
        payload = b"\x01\x0c9\xd6\xc7" + self.bytes(f"signature {name}", 128)
        length = len(payload)
        return base64.b64encode(b"\x0a" + bytes([length & 0x7F | 0x80, length >> 7]) + payload).decode()


def interaction_id(root: str, token: str) -> str:
    """Return an id in the API's form. All ids of a conversation begin with the same half, `root`."""
    halves = ((10, root), (18, token))
    message = b"".join(bytes([tag, len(half)]) + half.encode() for tag, half in halves)
    return "v1_" + base64.urlsafe_b64encode(message).decode().rstrip("=")


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Recent(OrderedDict[_Key, _Value]):
    """A dict that forgets the key that was used longest ago once it has more than `most`; for `None`, it forgets none.

    What was got or set by its key was used.
    """

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self._most = most

    def __getitem__(self, key: _Key) -> _Value:
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value

    def __setitem__(self, key: _Key, value: _Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if self._most is not None and len(self) > self._most:
            self.popitem(last=False)


@dataclass(kw_only=True)
class Record:
    """A stored interaction: its final form, its inputs, and the statuses that it still passes through.

    It is live while a WebSocket may bring more inputs; `request` is the body that asked for it, without its input.
    `deltas` are the pieces of its text in a stream, if a script gives them; `checkpoint` is a token from which the
    stream goes on, should it break.
    """

    resource: Json
    inputs: list[Json]
    root: str
    previous: str | None
    deltas: list[str] | None = None
    checkpoint: str | None = None
    statuses: deque[str] = field(default_factory=deque)
    webhook_config: Json = field(default_factory=dict)
    request: Json = field(default_factory=dict)
    is_live: bool = False

    @property
    def status(self) -> str:
        """Return the status that an answer shows now."""
        return self.statuses[0] if self.statuses else str(self.resource["status"])

    def advance(self) -> None:
        """Go on to the next status. Polls do that, and not time, so that no test depends on time."""
        if self.statuses:
            self.statuses.popleft()

    def cancel(self) -> None:
        """Cancel background work, or a live interaction.

        Raises:
            ApiError: The work has ended.
        """
        if not self.statuses and not self.is_live:
            raise ApiError(400, f"Interaction '{self.resource['id']}' is {self.status} and can't be cancelled.")
        steps = self.resource["steps"] if self.is_live else []  # what was said is said
        self.statuses.clear()
        self.is_live = False
        self.resource = self.resource | {"status": "cancelled", "steps": steps}


class Store:
    """The interactions of one emulator, with its clock and its seed."""

    def __init__(self, seed: int, clock: Callable[[], datetime], keep: int | None = None) -> None:
        """Remember the `keep` interactions that were used last, and all of them for `None`."""
        self.keep = keep
        self._seed = seed
        self._clock = clock
        self._seen: Recent[bytes, int] = Recent(keep)
        self._records: Recent[str, Record] = Recent(keep)
        self._rests: Recent[str, Rest] = Recent(keep)
        #: What was handed out, whether it is stored or not.
        self.handed_out = Memory(keep)

    def draw(self, request: Json) -> Draw:
        """Return the source of a request's ids, which depend on how often it came and not on other requests."""
        key = json.dumps(request, sort_keys=True)
        request_id = fingerprint(key.encode())  # not the request itself, as that may be large
        times = self._seen[request_id] = self._seen.get(request_id, 0) + 1
        return Draw(self._seed, key, times)

    def now(self) -> datetime:
        """Return the emulator's time, in UTC."""
        return self._clock().astimezone(UTC)

    def timestamp(self) -> str:
        """Return the emulator's time as the API writes it."""
        return written(self.now())

    def add(self, record: Record) -> None:
        """Store an interaction."""
        self._records[record.resource["id"]] = record

    def find(self, name: str) -> Record:
        """Return the interaction called `name`.

        Raises:
            ApiError: There is none.
        """
        if name not in self._records:
            raise ApiError(404, f"Interaction '{name}' not found.")
        return self._records[name]

    def delete(self, name: str) -> None:
        """Forget an interaction.

        Raises:
            ApiError: There is none called `name`.
        """
        del self._records[self.find(name).resource["id"]]

    def keep_rest(self, token: str, rest: Rest) -> None:
        """Store the rest of an answer by the token that stands for it."""
        self._rests[token] = rest

    def rest(self, token: str) -> Rest:
        """Return the rest of an answer.

        Raises:
            ApiError: The token stands for none.
        """
        if token not in self._rests:
            raise ApiError(400, "Invalid value at 'continuation_token': no interaction gave this token.")
        return self._rests[token]

    def history(self, record: Record) -> list[Json]:
        """Return the stored steps of the conversation up to `record`, inputs included."""
        turns = deque([[*record.inputs, *record.resource["steps"]]])
        while record.previous is not None and record.previous in self._records:
            record = self._records[record.previous]
            turns.appendleft([*record.inputs, *record.resource["steps"]])
        return list(chain.from_iterable(turns))
