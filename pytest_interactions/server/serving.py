"""An ASGI app on a real socket in a thread of its own, the base of both servers of this package."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

import uvicorn
from uvicorn.server import ServerState

from pytest_interactions.server.connections import LARGEST_BODY
from pytest_interactions.server.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from starlette.types import ASGIApp

    from pytest_interactions.server.callers import Callers

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The seconds that an idle connection is kept: longer than clients pause, so that none uses a closing connection.
_KEEP_ALIVE = 600
# The callers that may wait for their connection to be accepted, as many as uvicorn has.
_BACKLOG = 2048


class Serving:
    """The server of one app, which runs in a thread called `name` from its creation until `stop()`.

    The app's `scope["state"]["connections"]` are the server's open connections. The `port` 0 chooses a free one.
    `closing` is awaited in the server's loop when all connections are closed, and `ending` is called before.

    Raises:
        OSError: The port is taken, or the host is not an address of this machine.
    """

    ending: Callable[[], None] | None = None

    def __init__(
        self,
        app: ASGIApp,
        *,
        name: str,
        host: str = "127.0.0.1",
        port: int = 0,
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._config = uvicorn.Config(
            app,
            http="h11",
            ws="none",  # see `Protocol`, which has them
            ws_max_size=LARGEST_BODY,
            ws_per_message_deflate=False,
            ws_ping_interval=None,  # a program that stands in a debugger is no dead one
            lifespan="off",
            log_config=None,
            log_level=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # a caller does not say who it is
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self._config.load()
        self._socket = _listening(host, port)
        self._host = f"[{host}]" if ":" in host else host
        self.port: int = self._socket.getsockname()[1]
        self._closing = closing
        self._loop = asyncio.SelectorEventLoop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        return f"http://{self._host}:{self.port}"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the server's loop, and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """Close all connections and the socket, and wait for the thread; a second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        """Serve as `uvicorn.Server` does, without its signals and its 100 ms ticks, which make stopping slow."""
        state = ServerState()
        server = await self._loop.create_server(
            lambda: Protocol(self._config, state, {"connections": state.connections}),
            sock=self._socket,
            backlog=_BACKLOG,
        )
        await self._over.wait()
        if self.ending is not None:
            self.ending()
        # First accept no more connections, then wait for the last accepted ones: asyncio's server would forget these if
        # it were closed at once.
        self._loop.remove_reader(self._socket)
        while (tasks := asyncio.all_tasks() - {asyncio.current_task()}) or state.connections:
            for connection in list(state.connections):
                connection.transport.abort()
            await (asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED) if tasks else asyncio.sleep(0))
        server.close()
        if self._closing is not None:
            await self._closing()


class Served:
    """The base of classes with a `Serving` and its `Callers`; a `with` block stops it at its end."""

    _serving: Serving
    _callers: Callers

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        return self._serving.url

    def allow_host(self, name: str) -> None:
        """Let callers use another name of this server, `name` or `name:port`; those of this machine are let in."""
        self._callers.hosts.append(name)

    def allow_origin(self, origin: str) -> None:
        """Let the web pages of `origin` use this server, such as `http://localhost:5173` or `http://localhost:*`."""
        self._callers.origins.append(origin)

    def stop(self) -> None:
        """Close all connections and the socket, and wait for the thread; a second call does nothing."""
        self._serving.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket that names TCP as its protocol, which `socket.create_server` leaves out.

    asyncio sets TCP_NODELAY only on connections of such a socket. Without TCP_NODELAY the second answer on a connection
    waits 40 ms for the client to acknowledge the first.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listening.detach())


@contextmanager
def foreground() -> Iterator[Callable[[], None]]:
    """Handle Ctrl-C and SIGTERM, and yield a function that waits for one of them."""
    signalled = threading.Event()
    before = {name: signal.signal(name, lambda *_: signalled.set()) for name in _SIGNALS}

    def wait() -> None:
        while not signalled.wait(0.5):  # in slices, as on Windows a signal does not interrupt a wait
            ...

    try:
        yield wait
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
