"""The clients that people use, each asking the API for something in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import requests
import urllib3
from google import genai

#: Asks the API at a base URL with a prompt; returns something comparable.
Ask = Callable[[str, str], Any]

MODEL = "gemini-3.5-flash"
KEY = "test-key-that-is-long-enough"


def sdk(url: str) -> Any:
    """The real SDK, pointed at `url`, without its own retries."""
    # A time-out, as version 2 hands to httpx2, where there is none, the word that httpx has for that.
    options: Any = {"base_url": url, "timeout": 60_000, "retry_options": {"attempts": 1}}
    return genai.Client(api_key=KEY, http_options=options)


def genai_sync(url: str, prompt: str) -> Any:
    with sdk(url) as client:
        return client.interactions.create(model=MODEL, input=prompt).model_dump()


def genai_sync_stream(url: str, prompt: str) -> Any:
    with sdk(url) as client:
        return [e.model_dump() for e in client.interactions.create(model=MODEL, input=prompt, stream=True)]


def genai_async(url: str, prompt: str) -> Any:
    async def ask() -> Any:
        async with sdk(url).aio as client:
            return (await client.interactions.create(model=MODEL, input=prompt)).model_dump()

    return asyncio.run(ask())


def genai_async_stream(url: str, prompt: str) -> Any:
    async def ask() -> Any:
        async with sdk(url).aio as client:
            stream = await client.interactions.create(model=MODEL, input=prompt, stream=True)
            return [event.model_dump() async for event in stream]

    return asyncio.run(ask())


def _post(url: str, prompt: str, *, stream: bool = False) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": f"{url}/v1beta/interactions" + ("?alt=sse" if stream else ""),
        "headers": {"x-goog-api-key": KEY},
        "json": {"model": MODEL, "input": prompt} | ({"stream": True} if stream else {}),
    }


def _unary(http: Any) -> Ask:
    def ask(url: str, prompt: str) -> Any:
        with http.Client() as client:
            return client.request(**_post(url, prompt)).raise_for_status().json()

    return ask


def _stream(http: Any) -> Ask:
    def ask(url: str, prompt: str) -> Any:
        with http.Client() as client, client.stream(**_post(url, prompt, stream=True)) as response:
            return list(response.iter_lines())

    return ask


def _async_unary(http: Any) -> Ask:
    def ask(url: str, prompt: str) -> Any:
        async def post() -> Any:
            async with http.AsyncClient() as client:
                return (await client.request(**_post(url, prompt))).json()

        return asyncio.run(post())

    return ask


def _async_stream(http: Any) -> Ask:
    def ask(url: str, prompt: str) -> Any:
        async def post() -> Any:
            async with http.AsyncClient() as client, client.stream(**_post(url, prompt, stream=True)) as response:
                return [line async for line in response.aiter_lines()]

        return asyncio.run(post())

    return ask


def requests_unary(url: str, prompt: str) -> Any:
    return requests.request(**_post(url, prompt), timeout=5).json()


def urllib3_unary(url: str, prompt: str) -> Any:
    with urllib3.PoolManager() as pool:
        return pool.request(**_post(url, prompt)).json()


def aiohttp_unary(url: str, prompt: str) -> Any:
    async def post() -> Any:
        async with aiohttp.ClientSession() as session, session.request(**_post(url, prompt)) as response:
            return await response.json()

    return asyncio.run(post())


CLIENTS: dict[str, Ask] = {
    "genai": genai_sync,
    "genai-stream": genai_sync_stream,
    "genai-async": genai_async,
    "genai-async-stream": genai_async_stream,
    "httpx": _unary(httpx),
    "httpx-stream": _stream(httpx),
    "httpx-async": _async_unary(httpx),
    "httpx-async-stream": _async_stream(httpx),
    "httpx2": _unary(httpx2),
    "httpx2-stream": _stream(httpx2),
    "httpx2-async": _async_unary(httpx2),
    "httpx2-async-stream": _async_stream(httpx2),
    "requests": requests_unary,
    "urllib3": urllib3_unary,
    "aiohttp": aiohttp_unary,
}
