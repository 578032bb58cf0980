"""Other tools that answer requests of httpx: what they answer is none of the cassette's, in every mode."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
import pytest
import vcr

from pytest_interactions import CassetteMissError
from pytest_interactions.files import storage
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

    _Mock = Callable[[str], AbstractContextManager[object]]

OTHER = "http://other.example/x"


@contextmanager
def _respx(answer: str) -> Iterator[None]:
    respx = pytest.importorskip("respx", reason="respx is not installed")
    with respx.mock(assert_all_mocked=False) as router:
        route = router.get(OTHER).respond(text=answer)
        router.route(host="127.0.0.1").pass_through()
        yield
        assert route.called


@contextmanager
def _transport(answer: str) -> Iterator[None]:
    """As pytest_httpx does it, and others that put themselves before the transport."""
    real, real_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle(transport: Any, request: Any) -> Any:
        return httpx.Response(200, text=answer) if request.url.host == "other.example" else real(transport, request)

    async def handle_async(transport: Any, request: Any) -> Any:
        if request.url.host == "other.example":
            return httpx.Response(200, text=answer)
        return await real_async(transport, request)

    with mock.patch.object(httpx.HTTPTransport, "handle_request", handle):
        with mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", handle_async):
            yield


def _sync(url: str) -> tuple[list[str], list[str]]:
    events: list[str] = []
    extensions = {"trace": lambda name, _: events.append(name)}
    with httpx.Client() as client:
        found = client.get(OTHER).text
        answers = [client.post(url, json={"n": n}, extensions=extensions if n else {}).status_code for n in range(3)]
    return [found, *map(str, answers)], events


async def _async(url: str) -> tuple[list[str], list[str]]:
    events: list[str] = []

    async def trace(name: str, _: Any) -> None:
        events.append(name)

    async with httpx.AsyncClient() as client:
        found = (await client.get(OTHER)).text
        sent = [await client.post(url, json={"n": n}, extensions={"trace": trace} if n else {}) for n in range(3)]
    return [found, *(str(response.status_code) for response in sent)], events


@pytest.mark.parametrize("order", ["the mock inside", "the cassette inside"])
@pytest.mark.parametrize("ask", [_sync, lambda url: asyncio.run(_async(url))], ids=["sync", "async"])
@pytest.mark.parametrize("tool", [_respx, _transport])
def test_what_a_mock_answers_is_neither_recorded_nor_replayed(
    tool: _Mock, ask: Callable[[str], tuple[list[str], list[str]]], order: str, emulator: Emulator, tmp_path: Path
) -> None:
    """The mock is asked each time, its answer may change, and what it lets through is recorded and replayed."""
    url = f"{emulator.url}/v1beta/interactions"
    for mode, answer in (("once", "old"), ("none", "new")):
        contexts = [tool(answer), use_cassette(tmp_path / "c.yaml", record_mode=mode)]
        first, second = contexts if order == "the cassette inside" else contexts[::-1]
        with first, second:
            found, events = ask(url)
            assert found == [answer, "403", "403", "403"]
            assert bool(events) == (mode == "once")  # the network's, which a replay has not
        emulator.stop()
    assert [e.request.uri for e in storage.load(tmp_path / "c.yaml").exchanges] == [url] * 3


@pytest.mark.parametrize("ask", [_sync, lambda url: asyncio.run(_async(url))], ids=["sync", "async"])
def test_a_miss_beneath_a_mock_is_the_app_s_error(ask: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    with pytest.raises(CassetteMissError), _transport("any"), use_cassette(tmp_path / "c.yaml"):
        ask("http://127.0.0.1:9/v1beta/interactions")


def test_a_connection_that_breaks_beneath_a_mock_is_recorded(tmp_path: Path) -> None:
    """A mock's own exception is its answer, and is not."""

    def fail(request: Any) -> Any:
        raise httpx.ConnectError("mocked", request=request)

    for mode in ("once", "none"):
        with _transport("any"), use_cassette(tmp_path / "c.yaml", record_mode=mode) as cassette:
            with pytest.raises(httpx.ConnectError):
                httpx.post("http://127.0.0.1:9/v1beta/interactions", json={})
            assert len(cassette.exchanges) == 1
    with mock.patch.object(httpx.HTTPTransport, "handle_request", lambda _, request: fail(request)):
        with use_cassette(tmp_path / "d.yaml", record_mode="once"), pytest.raises(httpx.ConnectError, match="mocked"):
            httpx.get(OTHER)
    assert not (tmp_path / "d.yaml").exists()


def test_vcrpy_around_a_cassette_gets_nothing_of_it(emulator: Emulator, tmp_path: Path) -> None:
    url = f"{emulator.url}/v1beta/interactions"
    with vcr.use_cassette(str(tmp_path / "theirs.yaml")) as theirs:
        with use_cassette(tmp_path / "ours.yaml", record_mode="once"):
            httpx.post(url, json={})
        assert len(theirs) == 0
    assert len(storage.load(tmp_path / "ours.yaml").exchanges) == 1
