"""A client that says all that came to it of an answer, and how that ended."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from pytest_interactions.api import sse
from tests.cassette.clients import KEY, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMPT = "Count"
#: Steps in which nothing is secret, so that a recording of them is the same to the letter.
STEPS = [{"type": "model_output", "content": [{"type": "text", "text": "One, two, three, four, five, six, seven."}]}]


@dataclass
class Got:
    """What came: the status, or `None` if nothing came; headers, body, and the error that it ended with."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: type[Exception] | None = None

    @property
    def events(self) -> list[bytes]:
        """Return the pieces of a stream."""
        return sse.split(self.body)


def ask(
    url: str,
    *,
    stream: bool,
    timeout: float | None = 5.0,
    headers: dict[str, str] | None = None,
    into: Got | None = None,
) -> Got:
    """Ask for an interaction, over a connection of its own; the client waits so many seconds for each part."""
    got = Got() if into is None else into
    body: dict[str, Any] = {"model": MODEL, "input": PROMPT} | ({"stream": True} if stream else {})
    sent = {"x-goog-api-key": KEY, "accept-encoding": "identity"} | (headers or {})
    try:
        with (
            httpx.Client(timeout=timeout, headers=sent) as client,
            client.stream("POST", f"{url}/v1beta/interactions", json=body) as response,
        ):
            got.status, got.headers = response.status_code, dict(response.headers)
            for chunk in response.iter_bytes():
                got.body += chunk
    except httpx.TransportError as error:
        got.error = type(error)
    return got


@contextmanager
def waiting(url: str, until: Callable[[Got], Any]) -> Iterator[Got]:
    """Ask for a stream in a thread that waits as long as it takes; begin once what has come is enough."""
    got = Got()
    thread = threading.Thread(target=lambda: ask(url, stream=True, timeout=None, into=got))
    thread.start()
    while not until(got):
        assert thread.is_alive(), got
        time.sleep(0.005)
    yield got
    thread.join(5)
    assert not thread.is_alive()
