"""httpcore without httpx's own transports: nothing of it is recorded, so it is refused, and loudly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpcore
import httpcore2
import httpx
import httpx2
import pytest
import vcr

from pytest_interactions import UnsupportedClientError
from pytest_interactions.files import storage
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


def _pool(core: Any, url: str) -> int:
    with core.ConnectionPool() as pool:
        return int(pool.request("GET", url).status)


def _async_pool(core: Any, url: str) -> int:
    async def ask() -> int:
        async with core.AsyncConnectionPool() as pool:
            return int((await pool.request("GET", url)).status)

    return asyncio.run(ask())


def _connection(core: Any, url: str) -> int:
    with core.HTTPConnection(core.URL(url).origin) as connection:
        return int(connection.request("GET", url).status)


def _transport(core: Any, url: str) -> int:
    """A transport of the app's own, as for a retry or a log of its own."""
    http = httpx if core is httpcore else httpx2

    class Transport(http.BaseTransport):  # type: ignore[misc,name-defined]
        def handle_request(self, request: Any) -> Any:
            return http.Response(_pool(core, str(request.url)))

    with http.Client(transport=Transport()) as client:
        return int(client.get(url).status_code)


@pytest.fixture
def url(emulator: Emulator) -> str:
    return f"{emulator.url}/v1beta/interactions/none?key=any"


@pytest.mark.parametrize("core", [httpcore, httpcore2])
@pytest.mark.parametrize("ask", [_pool, _async_pool, _connection, _transport])
@pytest.mark.parametrize("mode", ["once", "none"])
def test_it_is_refused_where_the_cassette_would_answer(
    mode: str, ask: Callable[[Any, str], int], core: Any, emulator: Emulator, tmp_path: Path
) -> None:
    """The app may swallow the error, and the block fails all the same."""
    url = f"{emulator.url}/v1beta/interactions/none?key=any"
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\nmetadata: {incomplete: true}\n")
    host = emulator.url.removeprefix("http://")
    with pytest.raises(UnsupportedClientError, match=f"to {host} .* by httpcore itself, .*allowed_hosts='{host}'"):
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            with pytest.raises(UnsupportedClientError):
                ask(core, url)
    assert emulator.requests == []
    with use_cassette(tmp_path / "c.yaml", record_mode=mode, allowed_hosts="127.0.0.1"):
        assert ask(core, url) == 404
    assert ask(core, url) == 404


@pytest.mark.parametrize("core", [httpcore, httpcore2])
def test_a_pool_s_method_that_was_kept_sends_once_no_cassette_is_in_force(core: Any, url: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    with use_cassette(tmp_path / "c.yaml"):
        handle = core.ConnectionPool.handle_request
    with core.ConnectionPool() as pool:
        headers = {"host": core.URL(url).origin.host}
        response = handle(pool, core.Request("GET", url, headers=headers))
        response.read()
        assert response.status == 404


def test_httpx_goes_through_a_proxy_that_is_none_of_the_cassette_s(emulator: Emulator, tmp_path: Path) -> None:
    """What a transport sends to a proxy is its own business, recorded or let through."""
    for number, hosts in enumerate(([], ["far.example"])):
        path = tmp_path / f"{number}.yaml"
        with use_cassette(path, record_mode="once", allowed_hosts=hosts), httpx.Client(proxy=emulator.url) as client:
            assert client.get("http://far.example/v1beta/interactions/none").status_code == 400  # it is no proxy
        assert path.exists() == (not hosts)


def test_another_recorder_inside_sends_what_it_records(url: str, tmp_path: Path) -> None:
    """It has taken httpx over, and what it sends by the real transport is its own."""
    with use_cassette(tmp_path / "ours.yaml", record_mode="once"):
        with vcr.use_cassette(str(tmp_path / "theirs.yaml")) as theirs:
            assert httpx.get(url).status_code == 404
    assert len(theirs) == 1
    assert not (tmp_path / "ours.yaml").exists()


def test_what_httpx_s_transports_send_is_recorded_as_ever(url: str, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        assert [httpx.get(url).status_code, httpx2.get(url).status_code] == [404, 404]
    assert len(storage.load(tmp_path / "c.yaml").exchanges) == 2
