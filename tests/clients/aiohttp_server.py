"""A server for the tests of aiohttp, and the two runs that each of them makes: recorded, and replayed without it."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
    Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(request: web.Request) -> web.Response:
    """Say what was asked."""
    body = await request.read()
    told = {name: request.headers.get(name) for name in ("content-type", "content-length", "transfer-encoding")}
    return web.json_response({"method": request.method, "path": request.path_qs, "body": body.decode("latin-1")} | told)


@asynccontextmanager
async def served(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers by `handler`, in this loop; its base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(answer: Answer) -> AsyncIterator[str]:
    """A server that has read a request's head when it does `answer`, byte for byte, and then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def twice(server: Any, cassette: Path, ask: Callable[[str], Awaitable[Any]], **options: Any) -> tuple[Any, Any]:
    """What `ask` returns when `server` answers it, and when its recording does."""
    async with server as url:
        with use_cassette(cassette, record_mode="once", **options):
            live = await ask(url)
    return live, await again(cassette, ask, **options)


async def again(cassette: Path, ask: Callable[[str], Awaitable[Any]], **options: Any) -> Any:
    """What `ask` returns on replay, without a socket."""
    url = origin(cassette)
    with use_cassette(cassette, **options) as replay, sockets() as opened:
        replayed = await ask(url)
    assert opened == []
    assert replay.all_played
    return replayed


def origin(cassette: Path) -> str:
    """The server that `cassette` was recorded of."""
    found = re.search(r"uri: (https?://[^/\s]+)", cassette.read_text())
    assert found is not None
    return found[1]
