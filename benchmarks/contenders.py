"""Each contender in force: the same request, asked of a cassette or of a mock written by hand."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import httpx2

from benchmarks.material import CASSETTER_MATCH_ON, URL, VCR_MATCH_ON, Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


class _Mock(httpx2.MockTransport):
    """httpx2's own mock, out of reach of vcrpy, which replaces the method of its class."""

    handle_request = httpx2.MockTransport.handle_request


def mock(traffic: Sequence[Pair]) -> httpx2.MockTransport:
    """A mock as one writes it by hand: it parses the body, finds its answer, and makes sure that all of it is so."""
    answers = {_text(asked): (asked, json.dumps(answered).encode()) for asked, answered in traffic}

    def handle(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        expected, answered = answers[_text(body)]
        assert body == expected  # noqa: S101 - this is how a mock checks
        return httpx2.Response(200, content=answered, headers={"content-type": "application/json"})

    return _Mock(handle)


def blind_mock(traffic: Sequence[Pair]) -> httpx2.MockTransport:
    """A mock that does not look at the body at all: it answers in the order of `traffic`, over and over."""
    answers = cycle([json.dumps(answered).encode() for _, answered in traffic])

    def handle(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=next(answers), headers={"content-type": "application/json"})

    return _Mock(handle)


def ask(client: httpx2.Client, body: dict[str, Any]) -> str:
    """What everyone is asked to do: send the request, and read the answer."""
    answered: dict[str, Any] = client.post(URL, json=body).json()
    return str(answered["id"])


@contextmanager
def ours(path: Path) -> Iterator[None]:
    """Our cassette, replaying."""
    from pytest_interactions import use_cassette

    with use_cassette(path, unplayed="ignore"):
        yield


@contextmanager
def vcrpy(path: Path) -> Iterator[None]:
    """A cassette of vcrpy, replaying, the body matched."""
    import vcr

    with vcr.use_cassette(str(path), record_mode="none", match_on=VCR_MATCH_ON):
        yield


@contextmanager
def cassetter(path: Path) -> Iterator[None]:
    """A cassette of cassetter, replaying, the body matched."""
    from cassetter import use_cassette

    with use_cassette(path, record_mode="none", match_on=CASSETTER_MATCH_ON, intercept=["httpx2"]):
        yield


CASSETTES: Final[dict[str, Callable[[Path], AbstractContextManager[None]]]] = {
    "ours": ours,
    "vcrpy": vcrpy,
    "cassetter": cassetter,
}


def _text(body: dict[str, Any]) -> str:
    asked = body["input"]
    return str(asked if isinstance(asked, str) else asked[-1]["content"][0]["text"])
