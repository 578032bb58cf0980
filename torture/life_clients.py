"""The clients of the programs: each can ask, and can begin a stream, which comes with a way to close it."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

KEY: Final = "a-key-that-is-long-enough"
MODEL: Final = "gemini-3.5-flash"
#: Prompts, which tell the server how to answer.
QUICK, SLOW, NEVER, HELD = "quick", "slow", "never", "held"


def url() -> str:
    """Return the address of the API."""
    return os.environ.get("GOOGLE_GEMINI_BASE_URL") or os.environ["TORTURE_URL"]


def _post(prompt: str) -> dict[str, Any]:
    stream = prompt == HELD
    return {
        "method": "POST",
        "url": f"{url()}/v1beta/interactions" + ("?alt=sse" if stream else ""),
        "headers": {"x-goog-api-key": KEY},
        "json": {"model": MODEL, "input": prompt} | ({"stream": True} if stream else {}),
    }


def httpx_ask(prompt: str, *, name: str = "httpx") -> Any:
    """Ask through httpx, or through the library of that name."""
    http: Any = import_module(name)
    with http.Client(timeout=60) as client:
        return client.request(**_post(prompt)).json()["id"]


def httpx_stream(prompt: str, *, name: str = "httpx") -> tuple[Iterator[Any], Callable[[], None]]:
    """Stream through httpx, or through the library of that name."""
    http: Any = import_module(name)
    client = http.Client(timeout=60)
    response = client.send(client.build_request(**_post(prompt)), stream=True)
    return response.iter_lines(), response.close


def _sdk() -> Any:
    options: Any = {"base_url": url(), "timeout": 60_000, "retry_options": {"attempts": 1}}
    return import_module("google.genai").Client(api_key=KEY, http_options=options)


def genai_ask(prompt: str) -> Any:
    """Ask through the SDK."""
    with _sdk() as client:
        return client.interactions.create(model=MODEL, input=prompt).id


def genai_stream(prompt: str) -> tuple[Iterator[Any], Callable[[], None]]:
    """Stream through the SDK."""
    client = _sdk()
    stream = client.interactions.create(model=MODEL, input=prompt, stream=True)
    stream.client = client  # so that it lives as long
    return iter(stream), stream.close


def requests_ask(prompt: str) -> Any:
    """Ask through requests."""
    return import_module("requests").request(**_post(prompt), timeout=60).json()["id"]


def requests_stream(prompt: str) -> tuple[Iterator[Any], Callable[[], None]]:
    """Stream through requests."""
    response = import_module("requests").request(**_post(prompt), timeout=60, stream=True)
    return response.iter_content(64), response.close


async def aiohttp_ask(prompt: str) -> Any:
    """Ask through aiohttp."""
    async with import_module("aiohttp").ClientSession() as session, session.request(**_post(prompt)) as response:
        return (await response.json())["id"]


async def aiohttp_stream(prompt: str) -> tuple[AsyncIterator[Any], Callable[[], Any]]:
    """Stream through aiohttp."""
    session = import_module("aiohttp").ClientSession()
    response = await session.request(**_post(prompt))

    async def close() -> None:
        response.close()
        await session.close()

    return aiter(response.content), close


async def httpx_async_ask(prompt: str) -> Any:
    """Ask through httpx, and await it."""
    async with import_module("httpx").AsyncClient(timeout=60) as client:
        return (await client.request(**_post(prompt))).json()["id"]


async def httpx_async_stream(prompt: str) -> tuple[AsyncIterator[Any], Callable[[], Any]]:
    """Stream through httpx, and await it."""
    client = import_module("httpx").AsyncClient(timeout=60)
    response = await client.send(client.build_request(**_post(prompt)), stream=True)
    return response.aiter_lines(), response.aclose


async def genai_async_ask(prompt: str) -> Any:
    """Ask through the SDK, and await it."""
    async with _sdk().aio as client:
        return (await client.interactions.create(model=MODEL, input=prompt)).id


async def genai_async_stream(prompt: str) -> tuple[AsyncIterator[Any], Callable[[], Any]]:
    """Stream through the SDK, and await it."""
    client = _sdk().aio
    stream = await client.interactions.create(model=MODEL, input=prompt, stream=True)
    stream.client = client
    return aiter(stream), stream.close


SYNC: Final[dict[str, tuple[Any, Any]]] = {
    "httpx": (httpx_ask, httpx_stream),
    "httpx2": (partial(httpx_ask, name="httpx2"), partial(httpx_stream, name="httpx2")),
    "requests": (requests_ask, requests_stream),
    "genai": (genai_ask, genai_stream),
}
ASYNC: Final[dict[str, tuple[Any, Any]]] = {
    "httpx-async": (httpx_async_ask, httpx_async_stream),
    "aiohttp": (aiohttp_ask, aiohttp_stream),
    "genai-async": (genai_async_ask, genai_async_stream),
}
