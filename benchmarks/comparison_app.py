"""The app of the comparison, and the tests of it that each recorder records and replays.

`benchmarks.comparison` copies this file beside a `conftest.py` whose fixture `recorded` puts a recorder in force. What
a test saw is written to the directory that `FOUND` names.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from google import genai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL: Final = "gemini-3.5-flash"
BASE: Final = os.environ["GOOGLE_GEMINI_BASE_URL"]
URL: Final = f"{BASE}/v1beta/interactions"
_HEADERS: Final = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}

pytestmark = pytest.mark.usefixtures("recorded")


def client() -> genai.Client:
    """The SDK's client, of the API version that all contenders know."""
    return genai.Client(http_options={"api_version": "v1beta"})


def ask(prompt: str) -> str:
    """What the app does: ask, and return the text."""
    sdk = client()
    answer = sdk.interactions.create(model=MODEL, input=prompt)
    return str(answer.output_text)


def events(sdk: genai.Client, prompt: str) -> Iterator[Any]:
    """The events of a stream as they come."""
    yield from cast("Iterator[Any]", sdk.interactions.create(model=MODEL, input=prompt, stream=True))


def body(prompt: str, **more: Any) -> dict[str, Any]:
    """The request for clients other than the SDK."""
    return {"model": MODEL, "input": prompt} | more


def found(name: str, **what: Any) -> None:
    """Keep what a test saw."""
    (Path(os.environ["FOUND"]) / f"{name}.json").write_text(json.dumps(what), encoding="utf-8")


def test_slow_stream() -> None:
    sdk = client()
    for _ in events(sdk, "Say hello"):  # the SDK has been loaded
        pass
    begun = perf_counter()
    times = [perf_counter() - begun for _ in events(sdk, "A slow stream")]
    found("slow_stream", first=times[0], last=times[-1], events=len(times))


def test_chunks() -> None:
    with (
        httpx2.Client(timeout=30) as http,
        http.stream("POST", URL, json=body("Chunks of a slow stream", stream=True), headers=_HEADERS) as answer,
    ):
        chunks = list(answer.iter_bytes())
    found("chunks", chunks=len(chunks), events=b"".join(chunks).count(b"\n\n"))


def test_broken_stream() -> None:
    came, error = 0, ""
    sdk = client()
    try:
        for _ in events(sdk, "A stream that breaks"):
            came += 1
    except Exception as reason:
        error = type(reason).__name__
    found("broken_stream", events=came, error=error)


def test_left_early() -> None:
    begun = perf_counter()
    with (
        httpx2.Client(timeout=30) as http,
        http.stream("POST", URL, json=body("Leave a slow stream", stream=True), headers=_HEADERS) as answer,
    ):
        lines = answer.iter_lines()
        read = [next(lines) for _ in range(3)]
    found("left_early", seconds=perf_counter() - begun, lines=len(read))


def test_secrets() -> None:
    sdk = client()
    for prompt in ("Echo my key", "Think"):
        for _ in events(sdk, f"As a stream: {prompt}"):  # first: to aimock, a longer prompt is the shorter one again
            pass
        ask(prompt)


def test_secrets_of_requests() -> None:
    with httpx2.Client(timeout=30) as http:
        http.post(URL, json=body("One"), headers={"authorization": f"Bearer {os.environ['BEARER']}"})
        http.post(URL, params={"key": os.environ["URL_KEY"]}, json=body("Two"))


def test_prompt() -> None:
    answer = ask(os.environ["PROMPT"])
    found("prompt", answer=answer)


def test_swallowed() -> None:
    try:
        answer = ask(os.environ["PROMPT"])
    except Exception:
        answer = "Sorry."
    found("swallowed", answer=answer)


async def _aio() -> str:
    sdk = client()
    answer = await sdk.aio.interactions.create(model=MODEL, input="Say hello")
    return str(answer.output_text)


async def _aiohttp() -> str:
    async with (
        aiohttp.ClientSession() as http,
        http.post(URL, json=body("Say hello"), headers=_HEADERS) as answer,
    ):
        return text(await answer.json())


def _urllib3() -> str:
    with urllib3.PoolManager() as pool:
        return text(pool.request("POST", URL, json=body("Say hello"), headers=_HEADERS).json())


def _thread() -> str:
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(ask("Say hello")))
    thread.start()
    thread.join()
    return answers[0]


def text(interaction: dict[str, Any]) -> str:
    """The text of an interaction."""
    return str(interaction["steps"][-1]["content"][0]["text"])


CLIENTS: Final[dict[str, Callable[[], str]]] = {
    "google-genai": lambda: ask("Say hello"),
    "google-genai's async client": lambda: asyncio.run(_aio()),
    "httpx2": lambda: text(httpx2.post(URL, json=body("Say hello"), headers=_HEADERS).json()),
    "httpx": lambda: text(httpx.post(URL, json=body("Say hello"), headers=_HEADERS).json()),
    "requests": lambda: text(requests.post(URL, json=body("Say hello"), headers=_HEADERS, timeout=30).json()),
    "urllib3": _urllib3,
    "aiohttp": lambda: asyncio.run(_aiohttp()),
    "a thread": _thread,
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str) -> None:
    answer = CLIENTS[name]()
    found(f"client {name}", answer=answer)
    assert answer == "Hello."
