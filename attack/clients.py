"""Sends requests by real clients, one after the other, and reads the answers."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import httpx
import httpx2
import requests
import urllib3
from google import genai
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Request

    #: Sends all requests, to the server whose base URL is given.
    Send = Callable[[Iterator[Request], str], None]


def _headers(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in request.headers.items()}


def _httpx(asked: Iterator[Request], _: str) -> None:
    with httpx.Client() as client:
        for request in asked:
            client.request(request.method, request.uri, headers=_headers(request), content=request.body)


def _httpx2(asked: Iterator[Request], _: str) -> None:
    with httpx2.Client() as client:
        for request in asked:
            client.request(request.method, request.uri, headers=_headers(request), content=request.body)


def _async_httpx2(asked: Iterator[Request], _: str) -> None:
    async def send() -> None:
        async with httpx2.AsyncClient() as client:
            for request in asked:
                ask = client.stream(request.method, request.uri, headers=_headers(request), content=request.body)
                async with ask as response:
                    await response.aread()

    asyncio.run(send())


def _requests(asked: Iterator[Request], _: str) -> None:
    with requests.Session() as session:
        for request in asked:
            session.request(
                request.method,
                request.uri,
                headers=_headers(request),
                data=request.body,
                allow_redirects=False,
                timeout=20,
            )


def _urllib3(asked: Iterator[Request], _: str) -> None:
    with urllib3.PoolManager(retries=False) as pool:
        for request in asked:
            pool.request(request.method, request.uri, headers=_headers(request), body=request.body, redirect=False)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


def _urllib(asked: Iterator[Request], _: str) -> None:
    opener = urllib.request.build_opener(_NoRedirects)
    for request in asked:
        ask = urllib.request.Request(request.uri, request.body, _headers(request), method=request.method)  # noqa: S310
        try:
            with opener.open(ask, timeout=20) as response:
                response.read()
        except urllib.error.HTTPError as error:
            error.read()


def _aiohttp(asked: Iterator[Request], _: str) -> None:
    async def send() -> None:
        async with aiohttp.ClientSession() as session:
            for request in asked:
                url, headers = URL(request.uri, encoded=True), _headers(request)
                ask = session.request(request.method, url, headers=headers, data=request.body, allow_redirects=False)
                async with ask as response:
                    await response.read()

    asyncio.run(send())


def _genai(asked: Iterator[Request], base: str) -> None:
    client = _client(base)
    for request in asked:
        made = client.interactions.create(**_asked(request))
        for _ in made if request.headers.get("accept") else ():
            pass


def _async_genai(asked: Iterator[Request], base: str) -> None:
    async def send() -> None:
        async with _client(base).aio as client:
            for request in asked:
                made = await client.interactions.create(**_asked(request))
                if request.headers.get("accept"):
                    async for _ in made:
                        pass

    asyncio.run(send())


def _client(base: str) -> genai.Client:
    return genai.Client(api_key="AIzaSyD-a0b1c2d3e4f5g6h7i8j9k0l1m2n3o4p5", http_options={"base_url": base})


def _asked(request: Request) -> dict[str, Any]:
    document = json.loads(request.body)
    return {"model": "gemini-3.5-flash", "input": document["input"], "stream": bool(request.headers.get("accept"))}


#: The clients that send any request.
ANY: Final[dict[str, Send]] = {
    "httpx": _httpx,
    "httpx2": _httpx2,
    "httpx2, async": _async_httpx2,
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib": _urllib,
    "aiohttp": _aiohttp,
}
#: Those that send questions to the Interactions API, as a stream if the request accepts that.
SDK: Final[dict[str, Send]] = {"google-genai": _genai, "google-genai, async": _async_genai}
