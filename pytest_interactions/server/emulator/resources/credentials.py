"""Managed credentials, of which no answer shows more than that they exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Changeable
from pytest_interactions.server.emulator.resources.kinds import CREDENTIAL_TYPES

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json


class Credentials(Changeable):
    """The managed credentials."""

    def checked(self, given: Json) -> Json:
        """Return the fields, if they are those of a credential of their type."""
        kind = given["type"]
        if kind not in CREDENTIAL_TYPES:
            raise ApiError(400, f"Invalid value at 'type': '{kind}'.")
        for key in CREDENTIAL_TYPES[kind]:
            if key not in given:
                raise ApiError(400, f"Missing required parameter '{key}'.")
        return given

    def changed(self, resource: Json, changes: Json) -> Json:
        """Return the changes, if they are to a credential of its type."""
        if changes.get("type", resource["type"]) != resource["type"]:
            raise ApiError(400, f"Invalid value at 'type': the credential is a '{resource['type']}'.")
        return changes
