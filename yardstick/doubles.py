"""Doubles of the SDK's tests, put on the wire: each is told of a request, and what it answers goes over HTTP.

On replay a double is told of the requests as before, as tests look at what it was told. Its answers are thrown away:
the SDK gets those of the cassette.
"""

from __future__ import annotations

import inspect
import io
import json
from contextvars import ContextVar
from email.message import Message
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from yardstick.wire import ASKS_FOR, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from yardstick.wire import Wire

_HOP_BY_HOP: Final = {"content-length", "transfer-encoding", "connection", "content-encoding"}
#: Which answer of the wire the requests of this context get.
_EXPECTED: Final[ContextVar[str]] = ContextVar("_EXPECTED")


def put_on(wire: Wire) -> None:
    """Put the doubles that tests will make on the wire: of an HTTP client's `send`, and of the SDK's `create`."""
    from google.genai._gaos import interactions

    doubled: dict[tuple[Any, str], Any] = {(kind, "send"): _sender for kind in [*_clients(), *_subclasses()]}
    for kind in _clients():
        kind.send = _redirected(kind.send, wire)
    for kind in (interactions.Interactions, interactions.AsyncInteractions):
        doubled[kind, "create"] = _creator
    patches: Any = mock._patch  # which all patches of unittest.mock are
    enter = patches.__enter__

    def enter_on_the_wire(patch: Any) -> Any:
        double = enter(patch)
        stand_in = doubled.get((patch.target, patch.attribute)) if inspect.isclass(patch.target) else None
        if stand_in is not None:
            setattr(patch.target, patch.attribute, stand_in(double, patch.temp_original, wire))
        return double

    patches.__enter__ = enter_on_the_wire


def _clients() -> list[Any]:
    import httpx
    import httpx2

    return [httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient]


def _subclasses() -> list[Any]:
    """The SDK's own of these, some of which have a `send` that calls theirs."""
    from google.genai import _api_client

    names = ("AsyncHttpxClient", "AsyncHttpx2Client")
    return [getattr(_api_client, name) for name in names if hasattr(_api_client, name)]


def address_api_clients(wire: Wire) -> None:
    """Let the client that the SDK's tests of all other APIs share ask the wire, where it would ask the real API."""
    from google.genai import _replay_api_client

    kind: Any = _replay_api_client.ReplayApiClient
    begin = kind.__init__

    def begin_there(self: Any, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        if not self.vertexai:
            self._http_options.base_url = f"http://127.0.0.1:{wire.port}/"

    kind.__init__ = begin_there


# --- an HTTP client's `send` ---


def _sender(double: Any, send: Callable[..., Any], wire: Wire) -> Callable[..., Any]:
    """What takes the place of `send`: it asks the double, and then the wire for the same."""

    def sent(client: Any, request: Any, **options: Any) -> Any:
        answer = double(request, **options)
        return _sent(answer, client, request, options)

    async def async_sent(client: Any, request: Any, **options: Any) -> Any:
        answer = double(request, **options)
        answer = await answer if inspect.isawaitable(answer) else answer
        given = _sent(answer, client, request, options)
        return await given if inspect.isawaitable(given) else given

    def _sent(answer: Any, client: Any, request: Any, options: dict[str, Any]) -> Any:
        if not isinstance(getattr(answer, "status_code", None), int):
            return answer  # no response, so nothing that a server could send
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _HOP_BY_HOP]
        expected = wire.put(Answer(answer.status_code, headers, answer.read()))
        token = _EXPECTED.set(expected)
        try:
            return send(client, _elsewhere(request, wire, expected), **options)
        finally:
            _EXPECTED.reset(token)

    return async_sent if inspect.iscoroutinefunction(send) else sent


def _elsewhere(request: Any, wire: Wire, expected: str) -> Any:
    """The same request to the wire."""
    url = request.url.copy_with(scheme="http", host="127.0.0.1", port=wire.port)
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    headers.append((ASKS_FOR, expected))
    return type(request)(
        request.method, url, headers=headers, content=request.content, extensions=dict(request.extensions)
    )


# --- the SDK's `create`, one hop ---


def _redirected(send: Callable[..., Any], wire: Wire) -> Callable[..., Any]:
    """`send`, which goes to the wire where a `create` expects an answer from there."""

    def sent(client: Any, request: Any, **options: Any) -> Any:
        expected = _EXPECTED.get(None)
        if expected is None or ASKS_FOR in request.headers:
            return send(client, request, **options)
        return send(client, _elsewhere(request, wire, expected), **options)

    async def async_sent(client: Any, request: Any, **options: Any) -> Any:
        expected = _EXPECTED.get(None)
        if expected is None or ASKS_FOR in request.headers:
            return await send(client, request, **options)
        return await send(client, _elsewhere(request, wire, expected), **options)

    return async_sent if inspect.iscoroutinefunction(send) else sent


def _creator(double: Any, create: Callable[..., Any], wire: Wire) -> Callable[..., Any]:
    """What takes the place of `create`: it asks the double, and then the wire for the same."""

    def created(resource: Any, *args: Any, **options: Any) -> Any:
        answer = _answer_of(double(*args, **options))
        token = _EXPECTED.set(wire.put(answer))
        try:
            return create(resource, *args, **options)
        finally:
            _EXPECTED.reset(token)

    async def async_created(resource: Any, *args: Any, **options: Any) -> Any:
        answer = await _async_answer_of(double(*args, **options))
        token = _EXPECTED.set(wire.put(answer))
        try:
            return await create(resource, *args, **options)
        finally:
            _EXPECTED.reset(token)

    return async_created if inspect.iscoroutinefunction(create) else created


def _answer_of(given: Any) -> Answer:
    if not hasattr(given, "generator"):
        return _unary(given)
    events: list[Any] = []
    try:
        events.extend(given.generator)
    except Exception:  # noqa: BLE001 - whatever a double breaks by, the wire breaks
        return _stream(events, breaks=True)
    return _stream(events, breaks=False)


async def _async_answer_of(given: Any) -> Answer:
    given = await given if inspect.isawaitable(given) else given
    if not hasattr(given, "generator"):
        return _unary(given)
    events: list[Any] = []
    try:
        async for event in given.generator:
            events.append(event)  # noqa: PERF401 - those before a break are kept
    except Exception:  # noqa: BLE001 - as above
        return _stream(events, breaks=True)
    return _stream(events, breaks=False)


def _unary(given: Any) -> Answer:
    return Answer(200, [("content-type", "application/json")], json.dumps(_plain(given)).encode())


def _stream(events: list[Any], *, breaks: bool) -> Answer:
    texts = [f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n" for event in map(_plain, events)]
    body = "".join(texts) + ("" if breaks else "event: done\ndata: [DONE]\n\n")
    return Answer(200, [("content-type", "text/event-stream")], body.encode(), breaks)


def _plain(given: Any) -> Any:
    return given.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(given, "model_dump") else given


# --- a server in the test's own process ---


def serve_at(port: int, *, replays: bool) -> None:
    """Give the servers of the SDK's fixture `mock_gaos_server` one port; a replay closes them, and tells them all."""
    try:
        from google.genai.tests.gaos import conftest
    except ImportError:  # this version of the SDK has none
        return
    server: Any = conftest._GaosHTTPServer
    handler: Any = conftest._GaosRequestHandler
    begin = server.__init__
    told: list[Any] = []

    def begin_there(self: Any, _: object, handler: Any) -> None:
        begin(self, ("127.0.0.1", port), handler)
        if replays:
            self.server_close()
            told.append(self)

    server.__init__ = begin_there
    if not replays:
        return
    server.serve_forever = lambda self: None  # noqa: ARG005 - what it would serve
    server.shutdown = told.remove

    def tell(request: Any) -> None:
        if not told or request.url.port != port:
            return
        listener = handler.__new__(handler)
        listener.server, listener.command = told[-1], request.method
        listener.path, listener.headers = request.url.raw_path.decode(), Message()
        for name, value in request.headers.multi_items():
            listener.headers[name.title()] = value
        listener.rfile, listener.wfile = io.BytesIO(request.content), io.BytesIO()
        listener.request_version, listener.client_address = "HTTP/1.1", ("127.0.0.1", 0)
        listener.requestline = listener.command
        listener._handle_request()

    for kind in _clients():
        kind.send = _telling(kind.send, tell)


def _telling(send: Callable[..., Any], tell: Callable[[Any], None]) -> Callable[..., Any]:
    """`send`, which tells the server of a request that is not going to reach it."""

    def sent(client: Any, request: Any, **options: Any) -> Any:
        request.read()
        tell(request)
        return send(client, request, **options)

    async def async_sent(client: Any, request: Any, **options: Any) -> Any:
        await request.aread()
        tell(request)
        return await send(client, request, **options)

    return async_sent if inspect.iscoroutinefunction(send) else sent
