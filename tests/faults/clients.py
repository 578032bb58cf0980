"""The clients that people use, each asking for an interaction, as JSON or as a stream."""

from __future__ import annotations

import asyncio
import http.client
import json
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import requests
import trio
import urllib3
from google import genai

from tests.cassette.clients import KEY, MODEL

#: Asks a base URL, for a stream or not, with a time-out in seconds; returns the text of the answer.
Ask = Callable[[str, bool, float], Any]

PROMPT: Final = "Count to three, please, and say a few words about each of the numbers while you are at it"


def _path(stream: bool) -> str:
    return "/v1beta/interactions" + "?alt=sse" * stream


def _json(stream: bool) -> dict[str, Any]:
    return {"model": MODEL, "input": PROMPT} | ({"stream": True} if stream else {})


def _headers() -> dict[str, str]:
    return {"x-goog-api-key": KEY, "content-type": "application/json"}


def _post(url: str, stream: bool) -> dict[str, Any]:
    return {"method": "POST", "url": url + _path(stream), "headers": _headers(), "json": _json(stream)}


def _of_httpx(library: Any) -> Ask:
    def ask(url: str, stream: bool, timeout: float) -> Any:
        with library.Client(timeout=timeout) as client, client.stream(**_post(url, stream)) as response:
            return "".join(response.iter_text())

    return ask


async def _read_httpx(library: Any, url: str, stream: bool, limit: float) -> str:
    async with library.AsyncClient(timeout=limit) as client, client.stream(**_post(url, stream)) as response:
        return "".join([text async for text in response.aiter_text()])


def _of_async_httpx(library: Any) -> Ask:
    return lambda url, stream, timeout: asyncio.run(_read_httpx(library, url, stream, timeout))


def _of_trio(url: str, stream: bool, timeout: float) -> Any:
    return trio.run(_read_httpx, httpx, url, stream, timeout)


def _of_requests(url: str, stream: bool, timeout: float) -> Any:
    with requests.request(**_post(url, stream), timeout=timeout, stream=stream) as response:
        return "".join(response.iter_content(None, decode_unicode=True)) if stream else response.text


def _of_urllib3(url: str, stream: bool, timeout: float) -> Any:
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        response = pool.request(**_post(url, stream), preload_content=not stream)
        return b"".join(response.stream()).decode() if stream else response.data.decode()


def _of_urllib(url: str, stream: bool, timeout: float) -> Any:
    data = json.dumps(_json(stream)).encode()
    request = urllib.request.Request(url + _path(stream), data=data, headers=_headers(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def _of_http_client(url: str, stream: bool, timeout: float) -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        connection.request("POST", _path(stream), json.dumps(_json(stream)), _headers())
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _of_aiohttp(url: str, stream: bool, timeout: float) -> Any:
    async def ask() -> str:
        limits = aiohttp.ClientTimeout(sock_read=timeout, sock_connect=timeout)
        async with aiohttp.ClientSession(timeout=limits) as session, session.request(**_post(url, stream)) as response:
            return await response.text()

    return asyncio.run(ask())


def _sdk(url: str, timeout: float) -> Any:
    options: Any = {"base_url": url, "timeout": int(timeout * 1000), "retry_options": {"attempts": 1}}
    return genai.Client(api_key=KEY, http_options=options)


def _of_genai(url: str, stream: bool, timeout: float) -> Any:
    with _sdk(url, timeout) as client:
        if not stream:
            return client.interactions.create(model=MODEL, input=PROMPT).model_dump_json()
        return "".join(map(_told, client.interactions.create(model=MODEL, input=PROMPT, stream=True)))


def _of_async_genai(url: str, stream: bool, timeout: float) -> Any:
    async def ask() -> str:
        async with _sdk(url, timeout).aio as client:
            if not stream:
                return str((await client.interactions.create(model=MODEL, input=PROMPT)).model_dump_json())
            events = await client.interactions.create(model=MODEL, input=PROMPT, stream=True)
            return "".join([_told(event) async for event in events])

    return asyncio.run(ask())


def _told(event: Any) -> str:
    """Return an event as text; the SDK passes on what it can't read as it came."""
    return event if isinstance(event, str) else str(event.model_dump_json())


CLIENTS: Final[dict[str, Ask]] = {
    "httpx": _of_httpx(httpx),
    "httpx-async": _of_async_httpx(httpx),
    "httpx-trio": _of_trio,
    "httpx2": _of_httpx(httpx2),
    "httpx2-async": _of_async_httpx(httpx2),
    "requests": _of_requests,
    "urllib3": _of_urllib3,
    "urllib": _of_urllib,
    "http.client": _of_http_client,
    "aiohttp": _of_aiohttp,
    "genai": _of_genai,
    "genai-async": _of_async_genai,
}
