"""What stands on http.client fails on replay as it failed: refused, not answered, not trusted, by a proxy."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from tests.clients.odd_server import Server, server
from tests.clients.stdlib import outcome, twice
from tests.support import program, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Get = Callable[[str], Any]

__all__ = ["server"]


PATIENCE = 0.3  # seconds; the tests' servers answer sooner, or never


def _requests(url: str) -> Any:
    return requests.get(url, timeout=PATIENCE).text


def _urllib3(url: str) -> Any:
    with urllib3.PoolManager(timeout=PATIENCE, retries=False) as pool:
        return pool.request("GET", url).data


def _retrying(url: str) -> Any:
    with urllib3.PoolManager(timeout=PATIENCE, retries=urllib3.Retry(2, backoff_factor=0)) as pool:
        return pool.request("GET", url).data


def _urllib(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=PATIENCE).read()


def _http_client(url: str) -> Any:
    kind = http.client.HTTPSConnection if url.startswith("https") else http.client.HTTPConnection
    connection = kind(url.split("/")[2], timeout=PATIENCE)
    try:
        connection.request("GET", "/" + url.split("/", 3)[3])
        return connection.getresponse().read()
    finally:
        connection.close()


CLIENTS: dict[str, Get] = {
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib3-retrying": _retrying,
    "urllib": _urllib,
    "http.client": _http_client,
}


@pytest.fixture(params=CLIENTS)
def get(request: pytest.FixtureRequest) -> Any:
    """One client's way of asking for something, without patience."""
    return CLIENTS[request.param]


def _refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}/x"


def _same(tmp_path: Path, server: Server, story: Callable[[], Any]) -> Any:
    """What `story` comes to without a cassette, in a recording, and on replay: the same each time."""
    bare = outcome(story)
    live, replayed = twice(tmp_path, server, lambda: outcome(story))
    assert live == bare
    assert replayed == live
    return live


@pytest.mark.parametrize("path", ["hangup", "reset", "garbage", "silence"])
def test_a_request_without_an_answer_fails_again(path: str, get: Get, server: Server, tmp_path: Path) -> None:
    """So do those that the server hangs up on, resets, answers with another protocol, or lets wait."""
    kind, *_ = _same(tmp_path, server, lambda: get(f"{server.url}/{path}"))
    assert issubclass(kind, Exception)
    assert "code: 0" in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_refused_is_refused_again(scheme: str, get: Get, server: Server, tmp_path: Path) -> None:
    url = f"{scheme}://{_refused()}"
    assert "refused" in str(_same(tmp_path, server, lambda: get(url)))


def test_a_connection_that_takes_too_long_does_so_again(get: Get, server: Server, tmp_path: Path) -> None:
    """The queue of a server that accepts nobody is full, so that nothing answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as waiting:
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        assert "timed out" in str(_same(tmp_path, server, lambda: get(url)))


def test_tls_that_takes_too_long_does_so_again(get: Get, server: Server, tmp_path: Path) -> None:
    """A server that does not speak TLS, and waits, is no other error for being recorded."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/x"
        assert "timed out" in str(_same(tmp_path, server, lambda: get(url)))


def test_a_name_that_is_unknown_is_unknown_again(
    get: Get, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "Name or service not known" in str(_same(tmp_path, server, lambda: get("http://api.example/x")))


CUTS = {
    "ConnectError: [Errno 111] Connection refused": (urllib3.exceptions.NewConnectionError, ConnectionRefusedError),
    "ConnectError: no route": (urllib3.exceptions.ProtocolError, OSError),
    "ConnectTimeout: timed out": (urllib3.exceptions.ConnectTimeoutError, TimeoutError),
    "ReadTimeout: timed out": (urllib3.exceptions.ReadTimeoutError, TimeoutError),
    "ReadError: [SSL: TLSV1_ALERT] alert": (urllib3.exceptions.SSLError, ssl.SSLError),
    "ReadError: [Errno 113] No route to host": (urllib3.exceptions.ProtocolError, OSError),
    "RemoteProtocolError: Server disconnected without sending a response.": (
        urllib3.exceptions.ProtocolError,
        http.client.RemoteDisconnected,
    ),
    "RemoteProtocolError: illegal status line": (urllib3.exceptions.ProtocolError, ConnectionResetError),
    "ConnectionResetError: [Errno 104] reset": (urllib3.exceptions.ProtocolError, ConnectionResetError),
    "BrokenPipeError: [Errno 32] Broken pipe": (urllib3.exceptions.ProtocolError, BrokenPipeError),
    "type: a word of Python": (urllib3.exceptions.ProtocolError, ConnectionResetError),
}


@pytest.mark.parametrize("cut", CUTS)
def test_what_another_client_recorded_fails_in_the_client_s_own_way(cut: str, tmp_path: Path) -> None:
    """The failures of httpx, say, are those that urllib3 and http.client would meet."""
    name, message = cut.split(": ", 1)
    (tmp_path / "c.yaml").write_text(
        "version: 1\ninteractions:\n"
        "- request: {method: GET, uri: 'http://api.example/x', headers: {}, body: ''}\n"
        "  response: {status: {code: 0, message: ''}, headers: {}, body: {string: ''}}\n"
        f"  cut: {{by: connection, error: {name}, message: '{message}'}}\n"
    )
    for get, kind in zip((_urllib3, _http_client), CUTS[cut], strict=True):
        with use_cassette(tmp_path / "c.yaml"):
            assert outcome(get, "http://api.example/x")[0] is kind


def test_an_upload_that_breaks_off_breaks_off_again(server: Server, tmp_path: Path) -> None:
    """http.client's app sees that its request can't be sent."""

    def story() -> Any:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/hangup", b"line\n" * 4_000_000, {"content-length": "0"})
            return connection.getresponse().read()
        finally:
            connection.close()

    live, replayed = twice(tmp_path, server, lambda: outcome(story)[0])
    assert issubclass(live, ConnectionError)
    assert issubclass(replayed, ConnectionError)


def test_a_request_that_is_not_all_sent_waits_in_vain_again(server: Server, tmp_path: Path) -> None:
    def story() -> Any:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)
        try:
            connection.request("POST", "/echo/x", b"1234", {"content-length": "10"})
            return connection.getresponse().read()
        finally:
            connection.close()

    assert _same(tmp_path, server, story)[0] is TimeoutError


# --- TLS and proxies ---


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of this machine's that nobody has signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, found = str(folder / "key.pem"), str(folder / "certificate.pem")
    subprocess.run(
        [
            *(program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", found),
        ],
        check=True,
        capture_output=True,
    )
    return found, key


@pytest.fixture
def secure(certificate: tuple[str, str]) -> Iterator[Server]:
    """A server that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running = Server(context)
    yield running
    running.stop()


def _trusting(url: str, certificate: str) -> list[Any]:
    context = ssl.create_default_context(cafile=certificate)
    with urllib3.PoolManager(ca_certs=certificate, timeout=5) as pool:
        return [
            requests.get(url, verify=certificate, timeout=5).json()["path"],
            json.loads(pool.request("GET", url).data)["path"],
            b"/echo/x" in urllib.request.urlopen(url, context=context, timeout=5).read(),
        ]


def test_a_server_that_is_trusted_is_recorded_and_played(
    secure: Server, certificate: tuple[str, str], tmp_path: Path
) -> None:
    live, replayed = twice(tmp_path, secure, lambda: _trusting(f"{secure.url}/echo/x", certificate[0]))
    assert live == replayed == ["/echo/x", "/echo/x", True]
    assert (tmp_path / "c.yaml").read_text().count(f"uri: {secure.url}/echo/x") == 3


def test_a_server_that_is_not_trusted_is_so_again(get: Get, secure: Server, tmp_path: Path) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in str(_same(tmp_path, secure, lambda: get(f"{secure.url}/echo/x")))


def _stages(url: str, certificate: str) -> Any:
    """How far a request gets, and what it ends with."""
    context = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection(url.split("/")[2], timeout=5, context=context)
    try:
        connection.request("GET", "/beneath")
        return "sent", *outcome(connection.getresponse)
    finally:
        connection.close()


def _by_urllib(url: str, certificate: str) -> Any:
    return urllib.request.urlopen(url, context=ssl.create_default_context(cafile=certificate), timeout=5).read()


def _by_requests(url: str, certificate: str) -> Any:
    return requests.get(url, verify=certificate, timeout=5).content


@pytest.mark.parametrize("ask", [_stages, _by_urllib, _by_requests])
def test_tls_that_breaks_while_an_answer_is_read_does_so_again(
    ask: Any, secure: Server, certificate: tuple[str, str], tmp_path: Path
) -> None:
    """An alert that comes that late is raised where the answer is read, and not where the request is sent."""
    found = _same(tmp_path, secure, lambda: ask(f"{secure.url}/beneath", certificate[0]))
    assert "SSL" in str(found)
    assert "error: ReadError" in (tmp_path / "c.yaml").read_text()


def test_whoever_does_not_verify_is_warned_as_ever(secure: Server, tmp_path: Path) -> None:
    def story() -> Any:
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            return requests.get(f"{secure.url}/echo/x", verify=False, timeout=5).json()

    live, replayed = twice(tmp_path, secure, story)
    assert live == replayed


def test_a_tunnel_leads_to_the_server_that_is_recorded(
    server: Server, secure: Server, certificate: tuple[str, str], tmp_path: Path
) -> None:
    def story() -> Any:
        proxies = {"https": server.url}
        return requests.get(f"{secure.url}/echo/x", verify=certificate[0], proxies=proxies, timeout=5).json()["path"]

    live, replayed = twice(tmp_path, server, story)
    assert live == replayed == "/echo/x"
    assert f"uri: {secure.url}/echo/x" in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize("target", ["http://api.example/x", "https://api.example/x"])
def test_a_proxy_that_is_not_there_is_missed_again(target: str, server: Server, tmp_path: Path) -> None:
    proxy = f"http://{_refused()}"

    def story() -> Any:
        with urllib3.ProxyManager(proxy, retries=False) as pool:
            pool.request("GET", target)

    assert _same(tmp_path, server, story)[0] is urllib3.exceptions.ProxyError


@pytest.mark.parametrize("path", ["hangup", "silence"])
def test_a_failure_behind_a_proxy_is_the_same(path: str, server: Server, tmp_path: Path) -> None:
    def story() -> Any:
        with urllib3.ProxyManager(server.url, retries=False, timeout=PATIENCE) as pool:
            pool.request("GET", f"http://api.example/{path}")

    server.RequestHandlerClass._http = _behind  # type: ignore[attr-defined]
    _same(tmp_path, server, story)


def _behind(handler: Any, argument: str, body: bytes) -> None:
    getattr(handler, f"_{argument.rpartition('/')[2]}")("", body)
