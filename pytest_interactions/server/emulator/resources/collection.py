"""Resources that are created, read, listed, changed and deleted, all in the same way."""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.state import Recent
from pytest_interactions.server.emulator.validation import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.datastructures import QueryParams

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.kinds import Fields, Kind
    from pytest_interactions.server.emulator.state import Draw, Store

_PAGE: Final = 50
_LARGEST_PAGE: Final = 1000
_ID: Final = re.compile(r"[\w.-]+", re.ASCII)  # it is a part of paths
_FIRST: Final = "MA=="  # the token of a page is the number of its first item, in base64


class Collection(ABC):
    """The resources of one kind. A kind says how its fields are `checked`, and what is added, for ever or `once`."""

    def __init__(self, kind: Kind, store: Store) -> None:
        self.kind = kind
        self.store = store
        self._resources: Recent[str, Json] = Recent(store.keep)

    def create(self, body: Any) -> Json:
        """Return a new resource, with what only this answer shows.

        Raises:
            ApiError: The body is wrong, or there is a resource with this id.
        """
        given = self.checked(fields_of(body, self.kind.fields, self.kind.required))
        draw = self.store.draw({self.kind.plural: given})
        name = given.get("id", self.kind.prefix + draw.text("id", 12))
        if not _ID.fullmatch(name):
            raise ApiError(400, f"Invalid value at 'id': '{name}'.")
        if name in self._resources:
            raise ApiError(409, f"{self.kind.singular} '{name}' already exists.")
        resource = self._resources[name] = {"id": name, **self.kind.initial, **self._shown(given), **self._times()}
        resource |= self.completed(resource, given, draw)
        return resource | self.once(resource, draw)

    def get(self, name: str) -> Json:
        """Return the resource called `name`.

        Raises:
            ApiError: There is none.
        """
        return self._stored(name)

    def list(self, query: QueryParams) -> Json:
        """Return one page of the resources.

        Raises:
            ApiError: The query does not say which.
        """
        return page(self.kind.plural, self._resources.values(), query)

    def delete(self, name: str) -> Json:
        """Forget the resource called `name`.

        Raises:
            ApiError: There is none.
        """
        del self._resources[self._stored(name)["id"]]
        return {}

    @abstractmethod
    def checked(self, given: Json) -> Json:
        """Return the fields of a request to create a resource.

        Raises:
            ApiError: They do not go together.
        """

    def completed(self, _resource: Json, _given: Json, _draw: Draw) -> Json:
        """Return the fields of a new resource that the API adds."""
        return {}

    def once(self, _resource: Json, _draw: Draw) -> Json:
        """Return the fields of a new resource that only the answer to its creation shows."""
        return {}

    def __contains__(self, name: object) -> bool:
        return name in self._resources

    def __iter__(self) -> Iterator[Json]:
        return iter([*self._resources.values()])

    def _stored(self, name: str) -> Json:
        if name not in self._resources:
            raise ApiError(404, f"{self.kind.singular} '{name}' not found.")
        return self._resources[name]

    def _shown(self, given: Json) -> Json:
        return {key: value for key, value in given.items() if key not in self.kind.written_only}

    def _times(self) -> Json:
        return dict.fromkeys(self.kind.times, self.store.timestamp())


class Changeable(Collection):
    """The resources of a kind that can be changed."""

    def update(self, name: str, body: Any, mask: str | None) -> Json:
        """Change the fields of a resource that `mask` names, or without a mask all that are given, and return it.

        Raises:
            ApiError: The body or the mask is wrong, or there is no such resource.
        """
        resource = self._stored(name)
        given = fields_of(body, self.kind.changes)
        wanted = set(mask.split(",")) if mask else set(given)
        unknown = sorted(wanted - self.kind.changes.keys())
        if unknown:
            raise ApiError(400, f"Invalid value at 'update_mask': '{unknown[0]}' can't be changed.")
        changes = {key: value for key, value in given.items() if key in wanted}
        resource |= self._shown(self.changed(resource, changes))
        resource[self.kind.times[1]] = self.store.timestamp()
        return resource

    @abstractmethod
    def changed(self, resource: Json, changes: Json) -> Json:
        """Return the changes to a resource, with those that follow from them.

        Raises:
            ApiError: They do not fit it.
        """


def fields_of(body: Any, fields: Fields, required: Iterable[str] = ()) -> Json:
    """Return the body of a request, without its nulls.

    Raises:
        ApiError: It is no object, or has a field that is unknown, missing or of a wrong type.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "Invalid JSON payload received. Expected an object.")
    check_text(body)
    given = {key: value for key, value in body.items() if value is not None}
    for key, value in given.items():
        if key not in fields:
            raise ApiError(400, f"Unknown parameter '{key}'.")
        if not isinstance(value, fields[key]):
            raise ApiError(400, f"Invalid value at '{key}': {type(value).__name__}.")
    for key in required:
        if key not in given:
            raise ApiError(400, f"Missing required parameter '{key}'.")
    return given


def page(name: str, items: Iterable[Json], query: QueryParams) -> Json:
    """Return one page of a list called `name`, with the token of the next one if there is one.

    Raises:
        ApiError: `page_size` is no number, or `page_token` was never given.
    """
    listed = list(items)
    size, token = query.get("page_size") or "0", query.get("page_token") or _FIRST
    wanted = _number("page_size", size, size)
    start = _number("page_token", token, (decoded(token) or b"").decode("latin-1"))
    end = start + min(wanted or _PAGE, _LARGEST_PAGE)
    more = {"next_page_token": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(listed) else {}
    return {name: listed[start:end], **more}


def _number(name: str, given: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ApiError(400, f"Invalid value at '{name}': '{given}'.")
    return int(text)
