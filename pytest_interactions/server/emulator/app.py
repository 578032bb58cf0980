"""The HTTP surface of the Interactions API."""

from __future__ import annotations

import re
from collections import deque
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.routing import Route, Router, WebSocketRoute

from pytest_interactions.api import streaming
from pytest_interactions.api.answers import in_seconds
from pytest_interactions.api.json_values import compact
from pytest_interactions.server.connections import address, body_of
from pytest_interactions.server.emulator import interactions, resumed
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.files import Files
from pytest_interactions.server.emulator.linting import check_history, remember, warning
from pytest_interactions.server.emulator.live.handshake import Live, Older
from pytest_interactions.server.emulator.resources.operations import Call, Operation, Resources
from pytest_interactions.server.emulator.script import Reply
from pytest_interactions.server.emulator.validation import check_create, check_key
from pytest_interactions.server.emulator.wire import Answer, Received

if TYPE_CHECKING:
    from collections.abc import MutableSequence, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.script import Rule
    from pytest_interactions.server.emulator.state import Record, Store
    from pytest_interactions.server.emulator.turn import Turn

_NO_REPLY = Reply()
# Vertex AI has the same below a project: /v1beta1/projects/P/locations/L/interactions.
_IN_A_PROJECT: Final = re.compile(r"(/v\d+\w*)/projects/[^/]+/locations/[^/]+(?=/)", re.ASCII)
#: The headers of every answer, as seen in real traffic.
_ALWAYS = [
    ("vary", "Origin"),
    ("vary", "X-Origin"),
    ("vary", "Referer"),
    ("server", "scaffolding on HTTPServer2"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("server-timing", "gfet4t7; dur=1148"),
    ("alt-svc", 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'),
]


class Api:
    """The routes of the API over a store and a script; each request is appended to `requests`."""

    def __init__(self, store: Store, rules: Sequence[Rule], requests: MutableSequence[Received]) -> None:
        self._store = store
        self._rules = rules
        self._requests = requests
        self._files = Files(store)
        self.resources = Resources(store)
        self._live = Live(self.resources, store, self._reply, self._failure)
        self._older = Older(store, self._reply, self._failure)

    def app(self) -> ASGIApp:
        """Return the ASGI application."""
        interaction = "/{version}/interactions/{name}"
        router = Router(
            [
                WebSocketRoute("/{version}/interactions/live", self._live),
                WebSocketRoute("/ws/{method:path}", self._older),
                Route("/{version}/interactions", self._create, methods=["POST"]),
                Route(interaction, self._get, methods=["GET"]),
                Route(interaction, self._delete, methods=["DELETE"]),
                Route(f"{interaction}/cancel", self._cancel, methods=["POST"]),
                Route("/upload/{version}/files", self._upload, methods=["POST", "PUT"]),
                Route("/{version}/files", self._list_files, methods=["GET"]),
                Route("/{version}/files/{name}", self._get_file, methods=["GET"]),
                Route("/{version}/files/{name}", self._delete_file, methods=["DELETE"]),
                *map(self._route, self.resources.operations()),
            ],
            default=_not_found,
            redirect_slashes=False,
        )

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            received = scope["state"]["received"] = await self._received(scope, receive)
            self._requests.append(received)
            if below := _IN_A_PROJECT.match(scope["path"]):
                scope["path"] = below[1] + scope["path"][below.end() :]
            scope["app"] = self  # so that starlette raises an error for a wrong method
            try:
                check_key(received)
                await router(scope, receive, send)
            except ApiError as error:
                await self._failure(error)(scope, receive, send)
            except HTTPException as error:
                await self._failure(ApiError(error.status_code, error.detail))(scope, receive, send)

        return serve

    async def _received(self, scope: Scope, receive: Receive) -> Received:
        head = HTTPConnection(scope)
        is_socket = scope["type"] == "websocket"  # whose handshake has always the same method, and no body
        if is_socket:
            scope["path"] = f"/{scope['path'].lstrip('/')}"  # @google/genai begins it with two slashes
        return Received(
            method="GET" if is_socket else scope["method"],
            path=scope["path"],
            query=dict(head.query_params),
            headers=dict(head.headers),
            body=b"" if is_socket else await body_of(Request(scope, receive)),
            messages=[] if self._store.keep is None else deque(maxlen=0),
        )

    async def _create(self, request: Request) -> Answer:
        received: Received = request.scope["state"]["received"]
        body = self.resources.agents.applied(check_create(received.json))
        stream = body.get("stream") is True or received.query.get("alt") == "sse"
        if "continuation_token" in body:
            warnings = warning(check_history(received, body, self._store))
            record = interactions.go_on(body, self._store)
            remember(received, record, self._store)
            shown = interactions.as_shown(record)
            return self._stream(record, headers=warnings) if stream else self._json(shown, warnings)
        turn = interactions.understand(body, self._store, stream=stream)
        warnings = warning(check_history(received, body, self._store))
        reply = self._reply("create", turn)
        if reply.failure:
            return self._failure(reply.failure, reply)
        record = interactions.create(turn, reply, self._store)
        remember(received, record, self._store)
        if "environment_id" in record.resource:
            self.resources.environments.made_by_interaction(record.resource["environment_id"])
        background = bool(body.get("background"))
        if stream:
            answer = self._stream(record, reply, warnings, with_ids=background)
        else:
            answer = self._json(interactions.as_shown(record), warnings, reply=reply)
        if background:
            answer.then = partial(self.resources.deliveries.schedule, record, reply.deliveries)
        return answer

    async def _get(self, request: Request) -> Answer:
        reply = self._reply("get")
        if reply.failure:
            return self._failure(reply.failure, reply)
        record = self._store.find(request.path_params["name"])
        query = request.query_params
        if query.get("stream") == "true" or query.get("alt") == "sse":
            return self._stream(record, reply, with_ids=True, after=query.get("last_event_id"))
        record.advance()
        with_input = query.get("include_input") == "true"
        return self._json(interactions.as_shown(record, with_input=with_input), reply=reply)

    async def _delete(self, request: Request) -> Answer:
        reply = self._reply("delete")
        if reply.failure:
            return self._failure(reply.failure, reply)
        self._store.delete(request.path_params["name"])
        return self._json({}, reply=reply)

    async def _cancel(self, request: Request) -> Answer:
        reply = self._reply("cancel")
        if reply.failure:
            return self._failure(reply.failure, reply)
        record = self._store.find(request.path_params["name"])
        record.cancel()
        return self._json(interactions.as_shown(record), reply=reply)

    async def _upload(self, request: Request) -> Answer:
        path = request.scope["raw_path"].decode("latin-1")  # not decoded further, as it goes into a header
        value, headers = self._files.upload(request.scope["state"]["received"], address(request.scope), path)
        return self._json(value, headers)

    async def _list_files(self, _request: Request) -> Answer:
        return self._json(self._files.all())

    async def _get_file(self, request: Request) -> Answer:
        return self._json(self._files.get(request.path_params["name"]))

    async def _delete_file(self, request: Request) -> Answer:
        self._files.delete(request.path_params["name"])
        return self._json({})

    def _route(self, operation: Operation) -> Route:
        async def answer(request: Request) -> Answer:
            reply = self._reply(operation.name)
            if reply.failure:
                return self._failure(reply.failure, reply)
            result = await operation.answer(Call(request))
            if result.content is not None:
                return Answer(200, self._headers(result.content_type), [result.content], reply, reply.hold)
            return self._json(result.value | (reply.fields or {}), result.headers, reply=reply)

        start = "/upload" if operation.is_upload else ""
        return Route(f"{start}/{{version}}/{operation.path}", answer, methods=[operation.method])

    def _reply(self, operation: str, turn: Turn | None = None) -> Reply:
        """Return the first scripted reply that matches, or one that changes nothing."""
        return next(filter(None, (rule.take(operation, turn) for rule in self._rules)), _NO_REPLY)

    def _json(self, value: Json, headers: Sequence[tuple[str, str]] = (), *, reply: Reply = _NO_REPLY) -> Answer:
        return Answer(200, [*self._headers("application/json"), *headers], [compact(value).encode()], reply, reply.hold)

    def _failure(self, error: ApiError, reply: Reply = _NO_REPLY) -> Answer:
        headers = self._headers("application/json; charset=UTF-8")
        if error.retry_after is not None:
            headers.append(("retry-after", in_seconds(error.retry_after)))
        return Answer(error.status, headers, [compact(error.body).encode()], reply, reply.hold)

    def _stream(
        self,
        record: Record,
        reply: Reply = _NO_REPLY,
        headers: Sequence[tuple[str, str]] = (),
        *,
        with_ids: bool = False,
        after: str | None = None,
    ) -> Answer:
        record.statuses.clear()
        events = list(streaming.events(record.resource, record.deltas, record.checkpoint))
        if with_ids:
            events = resumed.after(streaming.identified(events), after)
        chunks = [*map(streaming.encode, events), streaming.DONE]
        return Answer(200, [*self._headers("text/event-stream"), *headers], chunks, reply, reply.hold)

    def _headers(self, content_type: str) -> list[tuple[str, str]]:
        date = format_datetime(self._store.now(), usegmt=True)
        return [("content-type", content_type), ("date", date), *_ALWAYS]


async def _not_found(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ApiError(404, f"Method not found: {scope.get('method', 'GET')} {scope['path']}")
