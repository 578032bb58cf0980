"""What a replay puts in place of other people's names, and that it does nothing once no replay is in force."""

from __future__ import annotations

import _socket
import asyncio
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import aiohttp
import httpcore
import httpx
import httpx2
import pytest
import requests
import urllib3

from pytest_interactions import NetworkBlockedError
from pytest_interactions.clients import context, isolation, waiting
from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.replacing import OnceImported, Replaced, Replacements
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


def test_the_first_puts_the_patches_on_and_the_last_takes_them_off_in_any_order() -> None:
    log: list[str] = []

    @contextmanager
    def patch(name: str) -> Iterator[None]:
        log.append(f"+{name}")
        yield
        log.append(f"-{name}")

    things: InForce[str] = InForce(lambda: [patch("a"), patch("b")])
    one, two = things.hold("one"), things.hold("two")
    seen = [(things.innermost, *log)]
    for step in (one.__enter__, two.__enter__, partial(one.__exit__, *[None] * 3), partial(two.__exit__, *[None] * 3)):
        step()
        seen.append((things.innermost, *log))
    on, off = ("+a", "+b"), ("+a", "+b", "-b", "-a")
    assert seen == [(None,), ("one", *on), ("two", *on), ("two", *on), (None, *off)]


def test_a_patch_that_fails_takes_the_others_off_and_leaves_nothing_in_force() -> None:
    log: list[str] = []

    @contextmanager
    def patch() -> Iterator[None]:
        try:
            yield
        finally:
            log.append("off")

    things: InForce[str] = InForce(lambda: [patch(), mock.patch.object(socket, "no_such_name", 1)])
    with pytest.raises(AttributeError, match="no_such_name"), things.hold("one"):
        pass
    assert things.innermost is None
    assert log == ["off"]


def _originals() -> list[tuple[Any, str, Any]]:
    replaced = [each for each in (*isolation._patches(), *waiting._watching()) if isinstance(each, Replaced)]
    return [(each.holder, each.name, getattr(each.holder, each.name)) for each in replaced]


def test_whoever_keeps_a_replaced_function_gets_the_original_once_no_replay_is_in_force(tmp_path: Path) -> None:
    """A module that was first imported in a replay has `from time import sleep` for ever."""
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    originals = _originals()
    with use_cassette(tmp_path / "c.yaml"):
        kept = {f"{place.__name__}.{name}": getattr(place, name) for place, name, _ in originals}
        assert all(kept[f"{place.__name__}.{name}"] is not original for place, name, original in originals)
    assert [getattr(place, name) for place, name, _ in originals] == [original for *_, original in originals]

    began = time.monotonic()
    kept["time.sleep"](0.01)
    assert asyncio.run(kept["asyncio.sleep"](0.01, "result")) == "result"
    assert asyncio.run(kept["asyncio.tasks.sleep"](0, "other")) == "other"
    assert time.monotonic() - began >= 0.02
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as tcp, socket.socket() as other:
        kept["socket.bind"](tcp, ("127.0.0.1", 0))
        kept["socket.connect"](tcp, server.getsockname())
        assert kept["socket.connect_ex"](other, server.getsockname()) == 0
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as udp:
        receiver.bind(("127.0.0.1", 0))
        assert kept["socket.sendto"](udp, b"abc", receiver.getsockname()) == 3
        assert kept["socket.sendmsg"](udp, [b"abcd"], [], 0, receiver.getsockname()) == 4
    assert kept["socket.gethostbyname"]("127.0.0.1") == "127.0.0.1"
    assert kept["_socket.gethostbyname"]("192.0.2.1") == "192.0.2.1"
    for module in ("socket", "_socket"):
        assert kept[f"{module}.gethostbyname_ex"]("192.0.2.1")[2] == ["192.0.2.1"]
    assert kept["_socket.getaddrinfo"]("192.0.2.1", 80, type=socket.SOCK_STREAM)[0][4] == ("192.0.2.1", 80)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    kept["SSLContext.load_default_certs"](context)
    assert context.cert_store_stats()["x509_ca"] > 0
    kept["SSLContext.set_default_verify_paths"](context)
    with pytest.raises(FileNotFoundError):
        kept["SSLContext.load_verify_locations"](context, cafile="none.pem")


def test_a_function_that_was_kept_is_cut_off_again_by_the_next_replay(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    with use_cassette(tmp_path / "c.yaml"):
        look_up = _socket.getaddrinfo
    with pytest.raises(NetworkBlockedError), use_cassette(tmp_path / "c.yaml"):
        look_up("example.com", 80)


def test_a_thread_that_still_sleeps_when_the_last_replay_ends_wakes_up_as_ever(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    woken: list[str] = []
    asleep = threading.Event()

    def work() -> None:
        asleep.set()
        time.sleep(0.05)
        woken.append("up")

    with use_cassette(tmp_path / "c.yaml"):
        thread = threading.Thread(target=work)
        thread.start()
        asleep.wait()
    thread.join()
    assert woken == ["up"]


@pytest.fixture
def late(emulator: Emulator, tmp_path: Path) -> Callable[[Callable[[str], Any]], Any]:
    """Give a client what it keeps from within a cassette, and let it ask when there is none any more."""

    def ask(send: Callable[[str], Any]) -> Any:
        asked = len(emulator.requests)
        found = send(f"{emulator.url}/v1beta/interactions/none?key=any")
        assert len(emulator.requests) == asked + 1
        return found

    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    return ask


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_transport_s_method_that_was_kept_sends_once_no_cassette_is_in_force(
    library: Any, late: Callable[..., Any], tmp_path: Path
) -> None:
    with use_cassette(tmp_path / "c.yaml"):
        handle = library.HTTPTransport.handle_request
        handle_async = library.AsyncHTTPTransport.handle_async_request

    def send(url: str) -> int:
        with library.HTTPTransport() as transport:
            response = handle(transport, library.Request("GET", url))
            response.read()
            return int(response.status_code)

    async def send_async(url: str) -> int:
        async with library.AsyncHTTPTransport() as transport:
            response = await handle_async(transport, library.Request("GET", url))
            await response.aread()
            return int(response.status_code)

    assert late(send) == 404
    assert late(lambda url: asyncio.run(send_async(url))) == 404


def _replaced() -> Iterator[tuple[Any, str]]:
    """All places whose names are replaced while a cassette is in force."""
    patches = [*context._patches(), *isolation._patches(), *waiting._watching(), *waiting._skipping()]
    with Replacements.entered(patches) as all_of_them:
        found = list(_each(all_of_them))
    return iter(found)


def _each(replacements: Replacements) -> Iterator[tuple[Any, str]]:
    for each in replacements._all:
        if isinstance(each, Replaced):
            yield each.holder, each.name
        elif isinstance(each, OnceImported):
            yield from _each(each._replacements)


def test_all_that_is_replaced_does_what_the_original_does_for_whoever_keeps_it(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every replacement stays in its place here, as in a module that imported it in a replay, and every client asks."""
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    originals = {(place, name): getattr(place, name) for place, name in _replaced()}
    with use_cassette(tmp_path / "c.yaml", fast_forward=True):
        kept = {(place, name): getattr(place, name) for place, name in originals}
    assert all(kept[each] is not originals[each] for each in originals)
    assert {name for _, name in originals} >= {
        "connect",
        "putrequest",
        "handle_request",
        "submit",
        "start",
        "sleep",
        "call_at",
    }
    for (place, name), replacement in kept.items():
        monkeypatch.setattr(place, name, replacement)
    url = f"{emulator.url}/v1beta/interactions/none?key=any"

    async def by_aiohttp() -> int:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await asyncio.sleep(0)
            return response.status

    async def by_async_httpx() -> int:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).status_code

    with httpcore.ConnectionPool() as pool:
        found = [pool.request("GET", url).status]
    found += [requests.get(url).status_code, urllib3.request("GET", url).status]
    found += [httpx.get(url).status_code, httpx2.get(url).status_code]
    found += [asyncio.run(by_aiohttp()), asyncio.run(by_async_httpx())]
    with ThreadPoolExecutor() as threads:
        found.append(threads.submit(lambda: requests.get(url).status_code).result())
    thread = threading.Thread(target=lambda: found.append(httpx.get(url).status_code))
    thread.start()
    thread.join()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url)
    with error.value:
        found.append(error.value.code)
    assert found == [404] * 10
    assert len(emulator.requests) == 10
