"""The HTTP surface of the Interactions API."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route, Router

from pytest_interactions.server.emulator import behaviour, streaming
from pytest_interactions.server.emulator.behaviour import Turn
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.script import Reply
from pytest_interactions.server.emulator.state import Record, interaction_id
from pytest_interactions.server.emulator.wire import Answer, Received

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_interactions.server.emulator.script import Rule
    from pytest_interactions.server.emulator.state import Json, Store

_JSON = "application/json"
_JSON_ERROR = "application/json; charset=UTF-8"
_SSE = "text/event-stream"
_BACKGROUND = ("queued", "in_progress")
_UNFINISHED = ("queued", "in_progress")
_BARE_ERROR = (
    b'[{"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}]'
)


class Api:
    """The routes, over a store and a script."""

    def __init__(self, store: Store, rules: list[Rule], requests: list[Received]) -> None:
        self._store = store
        self._rules = rules
        self._requests = requests

    def app(self) -> ASGIApp:
        """The ASGI application."""
        router = Router(
            [
                Route("/{version}/interactions", self._create, methods=["POST"]),
                Route("/{version}/interactions/{name}", self._get, methods=["GET"]),
                Route("/{version}/interactions/{name}", self._delete, methods=["DELETE"]),
                Route("/{version}/interactions/{name}/cancel", self._cancel, methods=["POST"]),
            ]
        )

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            received = Received(
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                headers=dict(request.headers),
                body=await request.body(),
            )
            self._requests.append(received)
            scope["state"]["received"] = received
            try:
                await router(scope, receive, send)
            except ApiError as error:
                await self._failure(error)(scope, receive, send)

        return serve

    # What each route does. Each answers with an ASGI app.

    async def _create(self, request: Request) -> Any:
        received: Received = request.scope["state"]["received"]
        body = received.json
        if not isinstance(body, dict):
            raise ApiError(400, "Invalid JSON payload received.")
        previous = (
            self._store.find(body["previous_interaction_id"]) if body.get("previous_interaction_id") else None
        )
        turn = self._turn(body, received, previous)
        reply = next(filter(None, (rule.take(turn) for rule in self._rules)), Reply())
        if reply.failure:
            return self._failure(reply.failure, reply)
        record = self._record(turn, reply, previous)
        if turn.stream:
            return self._stream(record, reply)
        return self._unary(self._view(record), reply)

    async def _get(self, request: Request) -> Any:
        record = self._store.find(request.path_params["name"])
        if record.statuses:
            record.statuses.popleft()
        return self._unary(self._view(record), Reply())

    async def _delete(self, request: Request) -> Any:
        self._store.delete(request.path_params["name"])
        return self._unary({}, Reply())

    async def _cancel(self, request: Request) -> Any:
        record = self._store.find(request.path_params["name"])
        record.statuses.clear()
        record.resource = record.resource | {"status": "cancelled", "steps": []}
        return self._unary(self._view(record), Reply())

    # How a request becomes an interaction.

    def _turn(self, body: Json, received: Received, previous: Record | None) -> Turn:
        steps = as_steps(body.get("input"))
        start = max(
            (
                n + 1
                for n, step in enumerate(steps)
                if step["type"] in ("thought", "model_output", "function_call")
            ),
            default=0,
        )
        return Turn(
            request=body,
            inputs=steps[start:],
            history=[*(self._store.history(previous) if previous else []), *steps[:start]],
            draw=self._store.draw(body),
            stream=body.get("stream") is True or received.query.get("alt") == "sse",
        )

    def _record(self, turn: Turn, reply: Reply, previous: Record | None) -> Record:
        request = turn.request
        steps = (
            reply.steps
            if reply.steps is not None
            else (
                [behaviour.thought(turn.draw), behaviour.say("".join(reply.text))]
                if reply.text is not None
                else behaviour.answer(turn)
            )
        )
        token = turn.draw.token()
        root = previous.root if previous else token
        now = self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        stored = request.get("store") is not False
        waiting = any(step["type"] == "function_call" for step in steps)
        status = reply.status or ("requires_action" if waiting else "completed")
        resource = {
            **({"id": interaction_id(root, token)} if stored else {}),
            "status": status,
            "usage": usage(turn, steps),
            "created": now,
            "updated": now,
            "service_tier": "standard",
            "steps": steps,
            "object": "interaction",
            **{key: request[key] for key in ("model", "agent") if key in request},
        }
        record = Record(
            resource=resource, inputs=turn.inputs, root=root, previous=request.get("previous_interaction_id")
        )
        if request.get("background"):
            record.statuses.extend(reply.statuses or _BACKGROUND)
        if stored:
            self._store.add(record)
        return record

    def _view(self, record: Record) -> Json:
        resource = record.resource
        if record.status not in _UNFINISHED:
            return resource | {"status": record.status}
        shown = ("id", "created", "updated", "object", "model", "agent")
        return {"id": resource.get("id"), "status": record.status} | {
            k: resource[k] for k in shown if k in resource
        }

    # How an answer is written.

    def _unary(self, value: Json, reply: Reply) -> Answer:
        return Answer(200, self._headers(_JSON), [_dump(value)], reply.delivery)

    def _failure(self, error: ApiError, reply: Reply | None = None) -> Answer:
        headers = self._headers(_JSON_ERROR)
        if error.retry_after is not None:
            headers.append(("retry-after", f"{error.retry_after:g}"))
        return Answer(error.status, headers, [_dump(error.body)], (reply or Reply()).delivery)

    def _stream(self, record: Record, reply: Reply) -> Answer:
        chunks = [*map(streaming.encode, streaming.events(record.resource, reply.deltas)), streaming.DONE]
        if reply.stop_after is not None:
            chunks = chunks[: reply.stop_after]
        if reply.bare_error_after is not None:
            chunks = [*chunks[: reply.bare_error_after], _BARE_ERROR]
        if reply.error_event_after is not None:
            chunks = [*chunks[: reply.error_event_after], streaming.encode({"event_type": "error"})]
        return Answer(200, self._headers(_SSE), chunks, reply.delivery)

    def _headers(self, content_type: str) -> list[tuple[str, str]]:
        return [
            ("content-type", content_type),
            ("vary", "Origin"),
            ("vary", "X-Origin"),
            ("vary", "Referer"),
            ("date", format_datetime(self._store.now(), usegmt=True)),
            ("server", "scaffolding on HTTPServer2"),
            ("x-xss-protection", "0"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-content-type-options", "nosniff"),
            ("server-timing", "gfet4t7; dur=1148"),
            ("alt-svc", 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'),
        ]


def as_steps(value: Any) -> list[Json]:
    """The input of a request, in any form that the API takes it, as steps."""
    if isinstance(value, str):
        value = {"type": "text", "text": value}
    items = value if isinstance(value, list) else [value]
    if all(
        "content" not in item and not str(item.get("type")).endswith(("_result", "_call", "thought"))
        for item in items
    ):
        return [{"type": "user_input", "content": items}]
    return [
        item | {"content": [{"type": "text", "text": item["content"]}]}
        if isinstance(item.get("content"), str)
        else item
        for item in items
    ]


def usage(turn: Turn, steps: Iterable[Json]) -> Json:
    """Token counts: four characters to a token."""
    inputs = max(1, len(turn.prompt) // 4)
    output = sum(len(behaviour.text_of(step)) // 4 + 1 for step in steps if step["type"] != "thought")
    thoughts = 47
    return {
        "total_tokens": inputs + output + thoughts,
        "total_input_tokens": inputs,
        "input_tokens_by_modality": [{"modality": "text", "tokens": inputs}],
        "total_cached_tokens": 0,
        "total_output_tokens": output,
        "total_tool_use_tokens": 0,
        "total_thought_tokens": thoughts,
    }


def _dump(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
