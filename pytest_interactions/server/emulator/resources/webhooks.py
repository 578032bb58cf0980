"""Webhooks, the secrets by which their deliveries are signed, and the requests that deliver an event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Changeable, fields_of
from pytest_interactions.server.emulator.state import Recent, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.kinds import Kind
    from pytest_interactions.server.emulator.state import Draw, Store

#: The events that a webhook may subscribe to.
EVENTS: Final = (
    *("batch.succeeded", "batch.expired", "batch.failed"),
    *("interaction.requires_action", "interaction.completed", "interaction.failed"),
    "video.generated",
)
_STATES: Final = ("enabled", "disabled", "disabled_due_to_failed_deliveries")
_AT_ONCE: Final = "revoke_previous_secrets_immediately"
_LATER: Final = "revoke_previous_secrets_after_h24"
_PREFIX: Final = "whsec_"
_SHOWN: Final = 4  # characters of a secret in its truncated form


class Webhooks(Changeable):
    """The webhooks and their secrets."""

    def __init__(self, kind: Kind, store: Store) -> None:
        super().__init__(kind, store)
        self._secrets: Recent[str, list[str]] = Recent(store.keep)

    def checked(self, given: Json) -> Json:
        """Return the fields, if there are such events."""
        for event in given.get("subscribed_events", []):
            if event not in EVENTS:
                raise ApiError(400, f"Invalid value at 'subscribed_events': {event!r}.")
        return given

    def changed(self, _resource: Json, changes: Json) -> Json:
        """Return the changes, if there are such events and such a state."""
        if changes.get("state", _STATES[0]) not in _STATES:
            raise ApiError(400, f"Invalid value at 'state': '{changes['state']}'.")
        return self.checked(changes)

    def once(self, resource: Json, draw: Draw) -> Json:
        """Return the first secret."""
        return {"new_signing_secret": self._add(resource, draw)}

    def delete(self, name: str) -> Json:
        """Forget the webhook with its secrets."""
        self._secrets.pop(name, None)
        return super().delete(name)

    def rotate(self, name: str, body: Any) -> Json:
        """Return a new secret; those before it go on to sign for a day, or end now."""
        resource = self._stored(name)
        behavior = fields_of(body or {}, {"revocation_behavior": (str,)}).get("revocation_behavior", _LATER)
        if behavior not in (_AT_ONCE, _LATER):
            raise ApiError(400, f"Invalid value at 'revocation_behavior': '{behavior}'.")
        if behavior == _AT_ONCE:
            self._secrets[name] = []
            resource["signing_secrets"] = []
        for secret in resource["signing_secrets"]:
            secret.setdefault("expire_time", written(self.store.now() + timedelta(days=1)))
        return {"secret": self._add(resource, self.store.draw({"rotated": name}))}

    def subscribed(self, event: str) -> list[Json]:
        """Return the webhooks to which an event of this type is delivered."""
        return [each for each in self if event in each["subscribed_events"] and each["state"] == "enabled"]

    def secrets(self, name: str) -> list[str]:
        """Return the secrets that sign what is delivered to a webhook, the newest first."""
        return self._secrets.get(name, [])[::-1]

    def _add(self, resource: Json, draw: Draw) -> str:
        secret = _PREFIX + base64.b64encode(draw.bytes("secret", 32)).decode()
        self._secrets.setdefault(resource["id"], []).append(secret)
        shown = {"truncated_secret": f"{secret[: len(_PREFIX) + _SHOWN]}…"}
        resource["signing_secrets"] = [*resource.get("signing_secrets", []), shown]
        return secret


def signed(
    event: Json, *secrets: str, message_id: str = "msg_1", timestamp: float | None = None
) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of the request that delivers an event, as Standard Webhooks has them.

    Args:
        event: The event.
        secrets: The secrets to sign with, `whsec_…`. Without any, the request is not signed.
        message_id: Tells deliveries of one event from those of another.
        timestamp: The time of the delivery, in seconds since 1970; now if it is missing. Receivers refuse a time that
            is not theirs.
    """
    body = json.dumps(event, ensure_ascii=False).encode()
    sent = str(int(time.time() if timestamp is None else timestamp))
    headers = {"content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": sent}
    if secrets:
        headers["webhook-signature"] = " ".join(_signatures(secrets, f"{message_id}.{sent}.".encode() + body))
    return headers, body


def _signatures(secrets: Iterable[str], message: bytes) -> Iterable[str]:
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix(_PREFIX) + "==")
        yield "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
