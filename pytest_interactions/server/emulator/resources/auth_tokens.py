"""Tokens that let a browser or a phone take part in one interaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import fields_of
from pytest_interactions.server.emulator.state import Recent, written

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Store

#: How a token begins, where it stands for a key.
PREFIX: Final = "auth_tokens/"
_HEX: Final = "0123456789abcdef"
_LIFETIME: Final = timedelta(minutes=30)


class AuthTokens:
    """The tokens that were given and not taken back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._given: Recent[tuple[str, str], datetime] = Recent(store.keep)

    def create(self, interaction: str, body: Any) -> Json:
        """Return a new token for the interaction of this id.

        Raises:
            ApiError: There is none.
        """
        given = fields_of(body or {}, {"expire_time": (str,)})
        self._store.find(interaction)
        token = self._store.draw({"auth_token": interaction}).text("token", 64, _HEX)
        wanted = given.get("expire_time")
        expires = self._store.now() + _LIFETIME if wanted is None else _time(wanted)
        self._given[interaction, token] = expires
        return {"auth_token": f"{PREFIX}{token}", "expires_at": wanted or written(expires)}

    def interaction_of(self, token: str) -> str:
        """Return the id of the interaction that a token, `auth_tokens/…`, lets its owner take part in.

        Raises:
            ApiError: It was not given, or was taken back, or its time is over.
        """
        name = token.removeprefix(PREFIX)
        for (interaction, given), expires in list(self._given.items()):
            if given == name and self._store.now() < expires:
                return interaction
        raise ApiError(401)

    def delete(self, interaction: str, token: str) -> Json:
        """Take a token back.

        Raises:
            ApiError: It was not given.
        """
        if (interaction, token) not in self._given:
            raise ApiError(404, "Auth token not found.")
        del self._given[interaction, token]
        return {}


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, "Invalid value at 'expire_time': it is no time as in RFC 3339.") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
