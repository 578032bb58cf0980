"""A replay needs no network, no key and no time."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING

import pytest
import urllib3

from pytest_interactions import NetworkBlockedError
from pytest_interactions.clients.isolation import Isolation, isolated, placeholder_key
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


def _unexpected(error: NetworkBlockedError) -> None:
    pytest.fail(str(error))


def _replay(
    *allowed: str, report: Callable[[NetworkBlockedError], object] = _unexpected
) -> AbstractContextManager[None]:
    return isolated(Isolation(allowed=allowed, report=report))


def test_a_socket_to_another_host_is_refused_and_reported() -> None:
    """Connecting, sending and looking up name the host and the way to allow it."""
    reported: list[NetworkBlockedError] = []
    with _replay(report=reported.append), socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for call in (
            lambda: socket.create_connection(("example.com", 80)),
            lambda: tcp.connect(("192.0.2.1", 80)),
            lambda: tcp.connect_ex(("192.0.2.1", 80)),
            lambda: udp.sendto(b"x", ("192.0.2.1", 53)),
            lambda: udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53)),
            lambda: socket.gethostbyname("example.com"),
            lambda: socket.getaddrinfo(b"example.com", 80),
        ):
            with pytest.raises(NetworkBlockedError, match=r"(example\.com|192\.0\.2\.1).*allowed_hosts='"):
                call()
    assert len(reported) == 7


async def test_asyncio_connections_are_refused() -> None:
    """An event loop's connections are refused as well."""
    with _replay(report=lambda _: None), pytest.raises(NetworkBlockedError, match=r"192\.0\.2\.1"):
        await asyncio.open_connection("192.0.2.1", 80)


def test_loopback_unix_sockets_and_allowed_hosts_pass(emulator: Emulator, tmp_path: Path) -> None:
    """What stays on this machine, and what was allowed, is let through; an allowed name allows its addresses."""
    port = int(emulator.url.rpartition(":")[2])
    with _replay("*.invalid"), socket.socket(socket.AF_UNIX) as server:
        socket.create_connection(("127.0.0.1", port)).close()
        socket.create_connection(("localhost", port)).close()
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo("host.invalid", 80)
        server.bind(str(tmp_path / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))


def test_replays_may_end_in_any_order() -> None:
    """Whichever of two replays ends first, the other is cut off as ever, and nothing is left in force after both."""
    before = socket.socket.connect, socket.gethostbyname, ssl.SSLContext.load_default_certs
    outer, inner, keys = _replay(report=lambda _: None), _replay(), [placeholder_key(), placeholder_key()]
    for context in (outer, inner, *keys):
        context.__enter__()
    for context in (outer, keys[0]):
        context.__exit__(None, None, None)
    assert "placeholder" in os.environ["GEMINI_API_KEY"]
    assert socket.gethostbyname is not before[1]
    for context in (inner, keys[1]):
        context.__exit__(None, None, None)
    after = socket.socket.connect, socket.gethostbyname, ssl.SSLContext.load_default_certs
    assert after == before
    assert "GEMINI_API_KEY" not in os.environ


def test_names_of_this_machine_resolve() -> None:
    """localhost, and the machine's own name, may be looked up both ways."""
    with _replay():
        assert socket.gethostbyname("localhost").startswith("127.")
        assert socket.getaddrinfo(socket.gethostname(), 80, proto=socket.IPPROTO_TCP)


def test_certificates_are_loaded_only_where_a_host_is_allowed() -> None:
    """A replay makes TLS contexts without CAs, but not if it may connect somewhere."""
    with _replay():
        assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    with _replay("example.com"):
        assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 0


def test_a_swallowed_refusal_fails_the_replay(tmp_path: Path) -> None:
    """Code that catches the refusal and falls back is found out at the end."""
    path = tmp_path / "c.yaml"
    path.write_text("interactions: []\n")
    with pytest.raises(NetworkBlockedError), use_cassette(path):
        try:
            socket.create_connection(("example.com", 80))
        except Exception:
            fallback = True
    assert fallback


def test_the_guard_is_gone_after_the_replay() -> None:
    """Leaving puts the real functions back."""
    before = socket.socket.connect, socket.gethostbyname
    with _replay():
        assert socket.gethostbyname is not before[1]
    assert (socket.socket.connect, socket.gethostbyname) == before


@pytest.mark.parametrize("name", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_a_key_that_is_there_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The placeholder is set only where neither variable is, and is gone afterwards."""
    with placeholder_key():
        assert "placeholder" in os.environ["GEMINI_API_KEY"]
    assert "GEMINI_API_KEY" not in os.environ
    monkeypatch.setenv(name, "mine")
    with placeholder_key():
        assert [os.environ.get(n) for n in ("GEMINI_API_KEY", "GOOGLE_API_KEY")].count("mine") == 1
        assert "placeholder" not in os.environ.get("GEMINI_API_KEY", "")


def test_an_app_may_change_the_placeholder() -> None:
    """A key that the app itself sets, or takes away, is not touched at the end."""
    with placeholder_key():
        os.environ["GEMINI_API_KEY"] = "the app's"
    assert os.environ.pop("GEMINI_API_KEY") == "the app's"


def test_an_empty_key_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that was there without a value is so again."""
    monkeypatch.setenv("GEMINI_API_KEY", "")
    with placeholder_key():
        assert os.environ["GEMINI_API_KEY"]
    assert os.environ["GEMINI_API_KEY"] == ""


def test_a_key_in_a_url_is_not_logged(emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Vcrpy's stubs would log it."""
    caplog.set_level("DEBUG")
    with use_cassette(tmp_path / "c.yaml", record_mode="once"), urllib3.PoolManager() as pool:
        pool.request("GET", f"{emulator.url}/v1beta/interactions/none?key=secret-key-1234")
    assert "secret-key-1234" not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("vcr"))
    assert "secret-key-1234" not in (tmp_path / "c.yaml").read_text()


def test_urllib_replays_too(emulator: Emulator, tmp_path: Path) -> None:
    """The standard library's client is played what it got, and a broken recording breaks it where it reads."""
    path = tmp_path / "c.yaml"
    url = f"{emulator.url}/v1beta/interactions/none"

    def answer() -> tuple[int, bytes]:
        try:
            urllib.request.urlopen(urllib.request.Request(url, headers={"x-goog-api-key": "k" * 20}))
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        raise AssertionError("it was found")

    with use_cassette(path, record_mode="once"):
        status, body = answer()
    assert status == 404
    with use_cassette(path):
        assert json.loads(answer()[1]) == json.loads(body)
    edit(path, "  digest:", "  cut:\n    by: connection\n    message: it broke\n  digest:")
    with use_cassette(path), pytest.raises(ConnectionResetError, match="it broke"):
        answer()
