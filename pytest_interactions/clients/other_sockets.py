"""WebSockets of libraries that open sockets of their own, and of which no message is recorded: refused.

Each is refused where it is about to connect, in its user's own call. A Unix socket, and a stream that leads to no
network, pass: what is behind one is no API.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Request
from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.api.paths import split
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.replacing import Replacements

    Refuse = Callable[[str, str], None]

_TCP: Final = {socket.AF_INET, socket.AF_INET6}


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that refuse them, each in place once its library is imported."""

    def refuse(client: str, uri: str) -> None:
        __tracebackhide__ = True
        _refuse(cassettes.innermost, client, uri)

    for name, patch in _LIBRARIES.items():
        yield OnceImported(name, partial(patch, refuse))


def _refuse(cassette: Answering | None, client: str, uri: str) -> None:
    """Refuse a WebSocket that `client` is about to open to `uri`, if it is the cassette's; no URI is the library's."""
    __tracebackhide__ = True
    url = split(uri)
    if cassette is None or not url.hostname or cassette.passes(url.hostname, url.port or DEFAULT_PORTS.get(url.scheme)):
        return
    cassette.refuse_socket(Request(method="GET", uri=uri), client)


# --- websocket-client: its functions and its app all come here ---


def _websocket_client(refuse: Refuse, module: Any, patches: Replacements) -> None:
    def checked(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def connect(self: Any, url: str, **options: Any) -> Any:
            __tracebackhide__ = True
            given = options.get("socket")
            if given is None or _is_tcp(given):
                refuse("websocket-client", url)
            return real(self, url, **options)

        return connect

    patches.enter_context(Replaced(module.WebSocket, "connect", checked))


# --- trio-websocket: all its ways but that by a stream come to one function, and each makes a connection ---


def _trio_websocket(refuse: Refuse, module: Any, patches: Replacements) -> None:
    from trio_websocket import _impl

    def connecting(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        async def connect_websocket(
            nursery: Any, host: str, port: int, resource: str, *, use_ssl: Any, **options: Any
        ) -> Any:
            __tracebackhide__ = True
            refuse("trio-websocket", f"{'wss' if use_ssl else 'ws'}://{_in_url(host)}:{port}{resource}")
            return await real(nursery, host, port, resource, use_ssl=use_ssl, **options)

        return connect_websocket

    def making(real: Callable[..., None]) -> Callable[..., None]:
        @wraps(real)
        def init(self: Any, stream: Any, *args: Any, **options: Any) -> None:
            __tracebackhide__ = True
            below = _socket_below(stream)
            if "host" in options and _is_tcp(below):  # a server's connection has none
                scheme = "wss" if hasattr(stream, "transport_stream") else "ws"
                with _closed_if_refused(below):
                    refuse("trio-websocket", f"{scheme}://{options['host']}{options.get('path')}")
            real(self, stream, *args, **options)

        return init

    for each in (module, _impl):
        patches.enter_context(Replaced(each, "connect_websocket", connecting))
    patches.enter_context(Replaced(_impl.WebSocketConnection, "__init__", making))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _closed_if_refused(found: Any) -> Iterator[None]:
    """Close a socket that the library has opened for a connection that is not made, as nobody else would."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException:
        found.close()
        raise


def _socket_below(stream: Any) -> Any:
    """Return what is below a stream of trio's: a socket, if any."""
    while hasattr(stream, "transport_stream"):
        stream = stream.transport_stream
    return getattr(stream, "socket", None)


def _is_tcp(found: Any) -> bool:
    return getattr(found, "family", None) in _TCP


# --- websockets: its client for trio, and the one that it had before ---


def _websockets_trio(refuse: Refuse, module: Any, patches: Replacements) -> None:
    def checked(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        async def open_connection(self: Any, nursery: Any) -> Any:
            __tracebackhide__ = True
            is_unix = self.open_tcp_stream_kwargs.get("unix")
            if not is_unix and (self.stream is None or _is_tcp(_socket_below(self.stream))):
                refuse("websockets.trio.client", self.uri)
            return await real(self, nursery)

        return open_connection

    patches.enter_context(Replaced(module.connect, "open_connection", checked))


def _websockets_legacy(refuse: Refuse, module: Any, patches: Replacements) -> None:
    def checked(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        async def connect(self: Any) -> Any:
            __tracebackhide__ = True
            if self._create_connection.func.__name__ != "create_unix_connection":
                refuse("websockets.legacy.client", self._uri)
            return await real(self)

        return connect

    patches.enter_context(Replaced(module.Connect, "__await_impl__", checked))


# --- tornado: its function comes to this class ---


def _tornado(refuse: Refuse, module: Any, patches: Replacements) -> None:
    def checked(real: Callable[..., None]) -> Callable[..., None]:
        @wraps(real)
        def init(self: Any, request: Any, *args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            refuse("tornado", request.url)
            real(self, request, *args, **kwargs)

        return init

    patches.enter_context(Replaced(module.WebSocketClientConnection, "__init__", checked))


_LIBRARIES: Final[dict[str, Callable[[Refuse, Any, Replacements], None]]] = {
    "tornado.websocket": _tornado,
    "trio_websocket": _trio_websocket,
    "websocket": _websocket_client,
    "websockets.legacy.client": _websockets_legacy,
    "websockets.trio.client": _websockets_trio,
}
