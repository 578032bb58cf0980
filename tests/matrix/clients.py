"""Each client, asked for the same things in its own way."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import httpx
import httpx2
import requests
import urllib3
from aiohttp import compression_utils
from google import genai
from httpx._decoders import SUPPORTED_DECODERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PATIENCE = 10.0
KEY = "test-key-that-is-long-enough"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, and how its answer is read: whole, or the first `lines` of a stream (`None` means all of them)."""

    path: str
    method: str = "GET"
    data: bytes | None = None
    form: dict[str, str] | None = None
    file: bytes | None = None
    timeout: float = PATIENCE
    streamed: bool = False
    lines: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with it."""
        return {"content-type": "application/octet-stream"} if self.data else {}


class Client(Protocol):
    """A client library: `ask` makes one call, `at_once` many of them in eight threads, or as tasks.

    `environment` is to be set meanwhile.
    """

    environment: dict[str, str]

    def ask(self, url: str, call: Call) -> Any:
        """Make one call and return what an app sees of its answer."""
        ...

    def at_once(self, url: str, calls: list[Call]) -> list[Any]:
        """Make all calls at once."""
        ...


class Sync:
    """A client that blocks."""

    def __init__(self, **environment: str) -> None:
        self.environment = environment

    def ask(self, url: str, call: Call) -> Any:
        raise NotImplementedError

    def at_once(self, url: str, calls: list[Call]) -> list[Any]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda call: self.ask(url, call), calls))


class Async:
    """A client that awaits."""

    def __init__(self, **environment: str) -> None:
        self.environment = environment

    async def aask(self, url: str, call: Call) -> Any:
        raise NotImplementedError

    def ask(self, url: str, call: Call) -> Any:
        return asyncio.run(self.aask(url, call))

    def at_once(self, url: str, calls: list[Call]) -> list[Any]:
        async def gather() -> list[Any]:
            return await asyncio.gather(*(self.aask(url, call) for call in calls))

        return asyncio.run(gather())


def _httpx_arguments(url: str, call: Call) -> dict[str, Any]:
    files = {"file": ("name.bin", call.file)} if call.file else None
    return {
        "method": call.method,
        "url": url + call.path,
        "content": call.data,
        "data": call.form,
        "files": files,
        "headers": call.headers,
    }


class Httpx(Sync):
    """httpx or httpx2."""

    def __init__(self, http: Any) -> None:
        super().__init__()
        self._http = http

    def ask(self, url: str, call: Call) -> Any:
        with (
            self._http.Client(follow_redirects=True, timeout=call.timeout) as client,
            client.stream(**_httpx_arguments(url, call)) as response,
        ):
            if call.streamed:
                return list(islice(response.iter_lines(), call.lines))
            response.read()
            return response.status_code, str(response.url.path), response.content


class AsyncHttpx(Async):
    """httpx or httpx2, async."""

    def __init__(self, http: Any) -> None:
        super().__init__()
        self._http = http

    async def aask(self, url: str, call: Call) -> Any:
        async with (
            self._http.AsyncClient(follow_redirects=True, timeout=call.timeout) as client,
            client.stream(**_httpx_arguments(url, call)) as response,
        ):
            if call.streamed:
                return await _first(response.aiter_lines(), call.lines)
            await response.aread()
            return response.status_code, str(response.url.path), response.content


async def _first(lines: AsyncIterator[Any], count: int | None) -> list[Any]:
    read: list[Any] = []
    async for line in lines:
        read.append(line)
        if len(read) == count:
            break
    return read


class Requests(Sync):
    """requests."""

    def ask(self, url: str, call: Call) -> Any:
        with requests.request(
            call.method,
            url + call.path,
            data=call.data or call.form,
            files={"file": ("name.bin", call.file)} if call.file else None,
            headers=call.headers,
            timeout=call.timeout,
            stream=call.streamed,
        ) as response:
            if call.streamed:
                return list(islice(response.iter_lines(), call.lines))
            return response.status_code, urllib.parse.urlsplit(response.url).path, response.content


class Urllib3(Sync):
    """urllib3."""

    def ask(self, url: str, call: Call) -> Any:
        fields = {"file": ("name.bin", call.file)} if call.file else call.form
        content: dict[str, Any] = {"body": call.data} if call.data else {"fields": fields} if fields else {}
        if fields:
            content["encode_multipart"] = bool(call.file)
        with urllib3.PoolManager(retries=urllib3.Retry(connect=0, read=0, redirect=5), timeout=call.timeout) as pool:
            headers = call.headers | urllib3.util.make_headers(accept_encoding=True)
            response = pool.request(
                call.method, url + call.path, preload_content=not call.streamed, headers=headers, **content
            )
            if call.streamed:
                read = list(islice(_lines(response.stream()), call.lines))
                response.close()
                return read
            return response.status, str(response.geturl()).removeprefix(url), response.data


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield from chunk.splitlines()


class Urllib(Sync):
    """urllib.request, which asks for no compression."""

    def ask(self, url: str, call: Call) -> Any:
        data, headers = call.data, call.headers
        if call.form:
            data = urllib.parse.urlencode(call.form).encode()
        if call.file:
            data, headers["content-type"] = urllib3.encode_multipart_formdata({"file": ("name.bin", call.file)})
        request = urllib.request.Request(url + call.path, data=data, headers=headers, method=call.method)
        try:
            with urllib.request.urlopen(request, timeout=call.timeout) as response:
                if call.streamed:
                    return list(islice(response, call.lines))
                return response.status, urllib.parse.urlsplit(response.url).path, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, "", error.read()


class Aiohttp(Async):
    """aiohttp."""

    async def aask(self, url: str, call: Call) -> Any:
        data: Any = call.data or call.form
        if call.file:
            data = aiohttp.FormData()
            data.add_field("file", call.file, filename="name.bin")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=call.timeout, sock_read=call.timeout)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(call.method, url + call.path, data=data, headers=call.headers) as response,
        ):
            if call.streamed:
                return await _first(aiter(response.content), call.lines)
            return response.status, response.url.path, await response.read()


# --- google-genai ---


class Genai(Sync):
    """google-genai's interactions; a call's path is the prompt."""

    def ask(self, url: str, call: Call) -> Any:
        with _sdk(url, call) as client:
            if call.streamed:
                events = client.interactions.create(model="m", input=call.path, stream=True)
                return [event.model_dump() for event in islice(events, call.lines)]
            return client.interactions.create(model="m", input=call.path).model_dump()


class AsyncGenai(Async):
    """google-genai's interactions, async."""

    async def aask(self, url: str, call: Call) -> Any:
        with _sdk(url, call) as client:
            async with client.aio as aio:
                if call.streamed:
                    events = await aio.interactions.create(model="m", input=call.path, stream=True)
                    return [event.model_dump() for event in await _first(events, call.lines)]
                return (await aio.interactions.create(model="m", input=call.path)).model_dump()


class AiohttpGenai(Async):
    """google-genai's async models, which it asks by aiohttp."""

    async def aask(self, url: str, call: Call) -> Any:
        with _sdk(url, call) as client:
            async with client.aio as aio:
                if call.streamed:
                    events = await aio.models.generate_content_stream(model="m", contents=call.path)
                    return [chunk.text for chunk in await _first(events, call.lines)]
                return (await aio.models.generate_content(model="m", contents=call.path)).text


@contextmanager
def _sdk(url: str, call: Call) -> Iterator[Any]:
    options: Any = {"base_url": url, "timeout": int(call.timeout * 1000), "retry_options": {"attempts": 1}}
    client = genai.Client(api_key=KEY, http_options=options)
    try:
        yield client
    finally:
        client.close()


CLIENTS: dict[str, Client] = {
    "httpx": Httpx(httpx),
    "httpx-async": AsyncHttpx(httpx),
    "httpx2": Httpx(httpx2),
    "httpx2-async": AsyncHttpx(httpx2),
    "requests": Requests(),
    "urllib3": Urllib3(),
    "urllib": Urllib(),
    "aiohttp": Aiohttp(),
}
SDKS: dict[str, Client] = {
    "genai-httpx2": Genai(GOOGLE_GENAI_HTTP_CLIENT="httpx2"),
    "genai-httpx": Genai(GOOGLE_GENAI_HTTP_CLIENT="httpx"),
    "genai-async-httpx2": AsyncGenai(GOOGLE_GENAI_HTTP_CLIENT="httpx2"),
    "genai-async-httpx": AsyncGenai(GOOGLE_GENAI_HTTP_CLIENT="httpx"),
    "genai-aiohttp": AiohttpGenai(),
}

AIOHTTP_KNOWS_ZSTD = getattr(compression_utils, "HAS_ZSTD", False)  # since 3.13
_HTTPX_KNOWS_ZSTD = "zstd" in SUPPORTED_DECODERS  # since 0.27.1
#: The encodings that clients don't know, and so don't ask for.
UNKNOWN: dict[str, set[str]] = {
    "urllib": {"gzip", "deflate", "br", "zstd"},
    **({} if AIOHTTP_KNOWS_ZSTD else {"aiohttp": {"zstd"}, "genai-aiohttp": {"zstd"}}),
    **(
        {}
        if _HTTPX_KNOWS_ZSTD
        else {name: {"zstd"} for name in (*CLIENTS, *SDKS) if name.endswith(("httpx", "httpx-async"))}
    ),
}
