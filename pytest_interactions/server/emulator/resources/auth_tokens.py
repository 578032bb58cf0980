"""Tokens that let a browser or a phone take part in one interaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import fields_of
from pytest_interactions.server.emulator.state import Recent, written

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Store

_HEX: Final = "0123456789abcdef"
_LIFETIME: Final = timedelta(minutes=30)


class AuthTokens:
    """The tokens that were given and not taken back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._given: Recent[tuple[str, str], bool] = Recent(store.keep)

    def create(self, interaction: str, body: Any) -> Json:
        """Return a new token for the interaction of this id.

        Raises:
            ApiError: There is none.
        """
        given = fields_of(body or {}, {"expire_time": (str,)})
        self._store.find(interaction)
        token = self._store.draw({"auth_token": interaction}).text("token", 64, _HEX)
        self._given[interaction, token] = True
        expires = given.get("expire_time") or written(self._store.now() + _LIFETIME)
        return {"auth_token": f"auth_tokens/{token}", "expires_at": expires}

    def delete(self, interaction: str, token: str) -> Json:
        """Take a token back.

        Raises:
            ApiError: It was not given.
        """
        if (interaction, token) not in self._given:
            raise ApiError(404, "Auth token not found.")
        del self._given[interaction, token]
        return {}
