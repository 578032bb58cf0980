"""What a caller can do with the resources: one table of methods, paths and functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.connections import address
from pytest_interactions.server.emulator.resources import kinds
from pytest_interactions.server.emulator.resources.agents import Agents
from pytest_interactions.server.emulator.resources.auth_tokens import AuthTokens
from pytest_interactions.server.emulator.resources.collection import Changeable
from pytest_interactions.server.emulator.resources.credentials import Credentials
from pytest_interactions.server.emulator.resources.decisions import decide
from pytest_interactions.server.emulator.resources.deliveries import Deliveries
from pytest_interactions.server.emulator.resources.environments import Environments
from pytest_interactions.server.emulator.resources.triggers import Triggers
from pytest_interactions.server.emulator.resources.voices import Voices
from pytest_interactions.server.emulator.resources.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.collection import Collection
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.wire import Received


@dataclass(frozen=True)
class Call:
    """A request for an operation."""

    request: Request

    @property
    def received(self) -> Received:
        """Return the request as it was received."""
        received: Received = self.request.scope["state"]["received"]
        return received

    @property
    def body(self) -> Any:
        """Return the body as JSON; `None` if there is none."""
        return self.received.json

    @property
    def query(self) -> QueryParams:
        """Return the parameters of the URL."""
        return self.request.query_params

    def __getitem__(self, name: str) -> str:
        """Return the part of the path called `name`."""
        value: str = self.request.path_params[name]
        return value


@dataclass(frozen=True, kw_only=True)
class Result:
    """An answer: JSON, or the bytes of a file."""

    value: Json = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Operation:
    """One thing to do: its name in a script, its method, its path below the API's version, and what does it."""

    name: str
    method: str
    path: str
    answer: Callable[[Call], Awaitable[Result]]
    is_upload: bool = False


class Resources:
    """The resources of one emulator."""

    def __init__(self, store: Store) -> None:
        self.agents = Agents(kinds.AGENTS, store)
        self.environments = Environments(kinds.ENVIRONMENTS, store)
        self.webhooks = Webhooks(kinds.WEBHOOKS, store)
        self.deliveries = Deliveries(store, self.webhooks)
        self._store = store
        self._triggers = Triggers(kinds.TRIGGERS, store, self.agents)
        self.tokens = AuthTokens(store)
        self._collections: tuple[Collection, ...] = (
            self.agents,
            Credentials(kinds.CREDENTIALS, store),
            self.environments,
            self._triggers,
            Voices(kinds.VOICES, store),
            self.webhooks,
        )

    def operations(self) -> Iterator[Operation]:
        """Yield the operations; those with the more exact path come first."""
        tokens, triggers, webhooks = self.tokens, self._triggers, self.webhooks
        for name, method, path, answer in (
            (
                "auth_tokens.create",
                "POST",
                "interactions/{name}/auth_tokens",
                lambda call: tokens.create(call["name"], call.body),
            ),
            (
                "auth_tokens.delete",
                "DELETE",
                "interactions/{name}/auth_tokens/{token}",
                lambda call: tokens.delete(call["name"], call["token"]),
            ),
            ("decisions.create", "POST", "decisions", lambda call: decide(self._store, call.body)),
            (
                "triggers.list_executions",
                "GET",
                "triggers/{name}/executions",
                lambda call: triggers.executions(call["name"], call.query),
            ),
            ("triggers.run", "POST", "triggers/{name}/executions", lambda call: triggers.run(call["name"])),
            (
                "webhooks.rotate_signing_secret",
                "POST",
                "webhooks/{name}:rotateSigningSecret",
                lambda call: webhooks.rotate(call["name"], call.body),
            ),
        ):
            yield Operation(name, method, path, _as_json(answer))
        files = "environments/{name}/files/{path:path}"
        yield Operation("webhooks.ping", "POST", "webhooks/{name}:ping", self._ping)
        yield Operation("environments.files.list", "GET", files, self._files)
        yield Operation("environments.files.upload", "PUT", files, self._begin_upload, is_upload=True)
        yield Operation("environments.files.upload", "POST", files, self._upload, is_upload=True)
        for collection in self._collections:
            yield from _of(collection)

    async def _ping(self, call: Call) -> Result:
        await self.deliveries.ping(self.webhooks.get(call["name"]))
        return Result()

    async def _files(self, call: Call) -> Result:
        if call.query.get("alt") == "media":
            content, content_type = self.environments.content(call["name"], call["path"])
            return Result(content=content, content_type=content_type)
        return Result(value=self.environments.files(call["name"], call["path"], call.query))

    async def _begin_upload(self, call: Call) -> Result:
        upload_id = self.environments.begin_upload(call["name"], call["path"], call.received)
        path = call.request.scope["raw_path"].decode("latin-1")  # not decoded further, as it goes into a header
        url = f"{address(call.request.scope)}{path}?upload_id={upload_id}&upload_protocol=resumable"
        return Result(headers=(("x-goog-upload-url", url), ("x-goog-upload-status", "active")))

    async def _upload(self, call: Call) -> Result:
        is_last = "finalize" in call.received.headers.get("x-goog-upload-command", "")
        upload_id = call.query.get("upload_id", "")
        value = self.environments.go_on(upload_id, call.received.body, is_last=is_last)
        return Result(value=value, headers=(("x-goog-upload-status", "final" if is_last else "active"),))


def _as_json(answer: Callable[[Call], Json]) -> Callable[[Call], Awaitable[Result]]:
    async def call(call: Call) -> Result:
        return Result(value=answer(call))

    return call


def _of(collection: Collection) -> Iterator[Operation]:
    """Yield what can be done with every kind of resource."""
    kind = collection.kind
    one = f"{kind.plural}/{{name}}"
    answers: dict[str, tuple[str, str, Callable[[Call], Json]]] = {
        "create": ("POST", kind.plural, lambda call: collection.create(call.body)),
        "list": ("GET", kind.plural, lambda call: collection.list(call.query)),
        "get": ("GET", one, lambda call: collection.get(call["name"])),
        "delete": ("DELETE", one, lambda call: collection.delete(call["name"])),
    }
    if isinstance(collection, Changeable):
        update = collection.update
        answers["update"] = ("PATCH", one, lambda call: update(call["name"], call.body, call.query.get("update_mask")))
    for verb, (method, path, answer) in answers.items():
        yield Operation(f"{kind.plural}.{verb}", method, path, _as_json(answer))
