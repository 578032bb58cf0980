"""Hostile and heavy callers of the local servers: each function returns how many cases there were, and the failed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.files import layout
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY: Final = "torture-key-4f1c9e77aa"
_MODEL: Final = "gemini-3.5-flash"
_PAGE: Final = "http://localhost:5173"
_BAD: Final = 400
_REFUSED: Final = 403
_ERROR: Final = 500
_MB: Final = 1 << 20
_WARM: Final = 2500  # requests after which all that is kept has the size that it will have
_GROWTH: Final = 0.1  # kB a request that a process may grow
_STRAY: Final = 1500  # kB by which it may, be it asked for nothing
_PATIENCE: Final = 60.0  # seconds for a miss, of which it takes 1 where nobody else works

#: Targets that are no path, with a host that must not be asked. Each is a 400.
_NO_PATHS: Final = (
    "@{evil}/v1beta/x",
    "x@{evil}/y",
    "0@{evil}?z",
    "http://{evil}/x",
    "https://key@{evil}/",
    "*",
    "{evil}",
    "?@{evil}",
    ".{evil}/x",
    ":80@{evil}/",
    "/x#@{evil}/",
    "/..//{evil}/x",
    "/%2e%2e/%2f{evil}",
    "/a b",
    "/\xe9",
    "/x\tHost: {evil}",
)
#: Paths that look like hosts. They go where all paths go.
_PATHS: Final = (
    "//{evil}/x",
    "///{evil}",
    "/\\{evil}/x",
    "/@{evil}/x",
    "/%40{evil}/x",
    "/;@{evil}/x?u=http://{evil}",
    "/%0d%0aHost:%20{evil}",
    "/[",
    "/:80@{evil}",
    "/http://{evil}/x",
    "/%00",
)
#: What a browser sends for a page, with whether it is let in.
_PAGES: Final = (
    ("origin: https://evil.example", False),
    ("origin: null", False),
    ("origin: http://localhost:1", False),
    (f"origin: {_PAGE}.evil.example", False),
    (f"origin: {_PAGE}\r\norigin: https://evil.example", False),
    ("origin: https://evil.example\r\ncontent-type: text/plain", False),
    ("sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors", False),
    ("sec-fetch-site: same-site", False),
    ("x-harmless: 1", True),
    ("sec-fetch-mode: cors", True),
    ("sec-fetch-site: none", True),
    (f"origin: {_PAGE}\r\nsec-fetch-site: same-site", True),
)
#: Host names, with whether they are the server's.
_HOSTS: Final = (
    ("evil.example", False),
    ("127.0.0.1.evil.example", False),
    ("localhost@evil.example", False),
    ("2130706433", False),
    ("8.8.8.8", False),
    ("localhost:x", False),
    ("localhost", True),
    ("LOCALHOST:1", True),
    ("127.0.0.1", True),
    ("[::1]", True),
    ("app.localhost", True),
)
_NO_HTTP: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nno header\r\n\r\n",
    b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    b"POST /v1beta/interactions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
)


class _Tally:
    """The cases so far, and the failed ones."""

    def __init__(self) -> None:
        self.cases = 0
        self.failed: list[str] = []

    def count(self, ok: object, case: str) -> None:
        self.cases += 1
        if not ok:
            self.failed.append(case)

    def result(self) -> tuple[int, list[str]]:
        return self.cases, self.failed


class _Listener:
    """A server that answers everything with `{}`, and keeps the `Host` of all that it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.asked.append(self.headers["host"])
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET  # noqa: N815 - the name that is looked for

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Server:
    """One of the two servers, in a process of its own: `url`, and what is before the API's paths in it."""

    def __init__(self, *arguments: str, prefix: str = "") -> None:
        code = "import sys; from pytest_interactions.commands import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, *arguments]
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it is closed with the server
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True)  # noqa: S603 - our own
        assert self.process.stdout is not None  # noqa: S101 - for the type checker
        self.url = self.process.stdout.readline().strip()
        self.prefix = prefix

    def resident(self) -> int:
        """Return the process's size in memory, in bytes; 0 where the system does not tell."""
        path = Path(f"/proc/{self.process.pid}/statm")
        return int(path.read_text().split()[1]) * 4096 if path.exists() else 0

    def said(self) -> str:
        """Return what it has printed on its standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()
        self.errors.close()


def open_proxy() -> tuple[int, list[str]]:
    """Ask for other hosts in all ways; each must be refused in the API's shape, or stay with the API."""
    tally = _Tally()
    with tempfile.TemporaryDirectory() as directory, _Listener() as api, _Listener() as evil, ExitStack() as stack:
        for name, server in _each_server(stack, Path(directory), f"http://{api.host}"):
            for method in ("GET", "POST", "CONNECT"):
                for target, is_path in [*((each, False) for each in _NO_PATHS), *((each, True) for each in _PATHS)]:
                    line = f"{method} {server.prefix if is_path else ''}{target.format(evil=evil.host)}"
                    status, body = _send(server.url, f"{line} HTTP/1.1", f"x-goog-api-key: {_KEY}")
                    refused = status == _BAD and _is_error(body)
                    fine = status < _ERROR if is_path and method != "CONNECT" else refused
                    tally.count(fine and not evil.asked and _KEY not in body, f"{name}: {line!r}: {status} {body[:80]}")
                    evil.asked.clear()
        tally.count(set(api.asked) == {api.host}, f"the API was asked as {sorted(set(api.asked) - {api.host})}")
        tally.count(len(api.asked) >= len(_PATHS), "no path reached the API")
    return tally.result()


def browsers() -> tuple[int, list[str]]:
    """Ask as web pages do, and under other host names: only what was let in may be answered or found in a link."""
    tally = _Tally()
    body = json.dumps({"model": _MODEL, "input": "Hello"})
    with tempfile.TemporaryDirectory() as directory, Emulator() as api, ExitStack() as stack:
        for name, server in _each_server(stack, Path(directory), api.url):
            path = f"{server.prefix}/v1beta/interactions?key={_KEY}"
            for header, allowed in _PAGES:
                status, text = _send(server.url, f"POST {path} HTTP/1.1", header, body=body)
                fine = status < _BAD if allowed else status == _REFUSED and "--allow-origin" in text
                tally.count(fine, f"{name}: {header!r}: {status} {text[:80]}")
            for header in (f"origin: {_PAGE}", "origin: https://evil.example"):
                asks = (
                    f"{header}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: content-type"
                )
                status, _ = _send(server.url, f"OPTIONS {path} HTTP/1.1", asks)
                tally.count((status < _BAD) == (_PAGE in header), f"{name}: preflight, {header!r}: {status}")
            for host, allowed in _HOSTS:
                start = f"POST {server.prefix}/upload/v1beta/files?key={_KEY} HTTP/1.1"
                status, text = _send(server.url, start, "x-goog-upload-command: start", host=host)
                fine = status < _BAD and "evil" not in text if allowed else status == _REFUSED
                tally.count(fine, f"{name}: host {host!r}: {status} {text[:80]}")
    return tally.result()


def load(requests: int) -> tuple[int, list[str]]:
    """Send `requests`, then streams, slow readers, clients that leave and what is no HTTP: all must stay as it was."""
    tally = _Tally()
    with _Server("emulate") as server:
        _grow(tally, server, requests)
        _crowd(tally, server)
        tally.count(server.said() == "", f"the emulator said: {server.said()[:200]}")
    _misses(tally)
    return tally.result()


def _grow(tally: _Tally, server: _Server, requests: int) -> None:
    def ask(numbers: range) -> None:
        with _connected(server.url) as client:
            for number in numbers:
                body = json.dumps({"model": _MODEL, "input": f"prompt {number}", "store": number % 2 == 0})
                client.sendall(_request(server.url, body))
                status, _ = _received(client)
                if status != 200:
                    tally.count(ok=False, case=f"request {number}: {status}")

    ask(range(_WARM))
    before = server.resident()
    ask(range(_WARM, _WARM + requests))
    grown = (server.resident() - before) / 1024
    tally.count(
        grown < _STRAY + requests * _GROWTH, f"{requests} requests: {before >> 10} kB, then {grown:.0f} kB more"
    )


def _crowd(tally: _Tally, server: _Server) -> None:
    """Have 200 streams at once, beside clients that read nothing, that leave, and that speak no HTTP."""
    with ExitStack() as stack:
        much = json.dumps({"model": _MODEL, "input": "word " * 200_000, "stream": True})
        for _ in range(20):  # which read nothing
            stack.enter_context(_connected(server.url)).sendall(_request(server.url, much))
        clients = [stack.enter_context(_connected(server.url)) for _ in range(200)]
        for number, client in enumerate(clients):
            body = json.dumps({"model": _MODEL, "input": f"prompt-{number}-", "stream": True})
            client.sendall(_request(server.url, body))
        for number in range(200):
            with _connected(server.url) as leaving:
                leaving.sendall(_request(server.url, much)[: number * 97])
        for text in _NO_HTTP:
            with _connected(server.url) as odd:
                odd.sendall(text)
                status, body = _received(odd)
                tally.count(status == _BAD and _is_error(body), f"{text[:40]!r}: {status} {body[:80]}")
        for number, client in enumerate(clients):
            status, body = _received(client)
            fine = status < _BAD and f"prompt-{number}-" in body and body.endswith("data: [DONE]\n\n")
            tally.count(fine, f"stream {number}: {status} {body[-80:]!r}")


def _misses(tally: _Tally) -> None:
    """Ask a cassette of 301 exchanges for what it has not, in large bodies."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "c.yaml")
        path.write_text(layout.dumps([_exchange(number) for number in range(301)]))
        with _Server("serve", str(path)) as server:
            for body in (
                {"model": _MODEL, "input": "a " * (4 * _MB)},
                {f"field {n}": n for n in range(200_000)},
                {"model": _MODEL, "input": [{"type": "text", "text": str(n)} for n in range(100_000)]},
            ):
                start = time.monotonic()
                with _connected(server.url) as client:
                    client.sendall(_request(server.url, json.dumps(body)))
                    status, text = _received(client)
                took = time.monotonic() - start
                fine = status == 404 and "The closest of 301" in text and len(text) < 5000
                tally.count(fine and took < _PATIENCE, f"a miss: {status}, {took:.1f} s, {len(text)} characters")


def _exchange(number: int) -> Exchange:
    kind = {"content-type": ["application/json"]}
    uri = "https://generativelanguage.googleapis.com/v1beta/interactions"
    body = json.dumps({"model": _MODEL, "input": f"prompt {number}"}).encode()
    request = Request(method="POST", uri=uri, headers=kind, body=body)
    return Exchange(request=request, response=Response(status=200, reason="OK", headers=kind, body=b"{}"))


def _each_server(stack: ExitStack, directory: Path, upstream: str) -> Iterator[tuple[str, _Server]]:
    """Yield each kind of server: of a cassette that records, of a directory, with an API below a path, the emulator."""
    record = ("--record-mode", "new_episodes", "--allow-origin", _PAGE)
    for name, arguments, prefix in (
        ("serve FILE", ("serve", str(directory / "c.yaml"), "--upstream", upstream, *record), ""),
        ("serve DIRECTORY", ("serve", str(directory / "all"), "--upstream", upstream, *record), "/talk"),
        ("serve FILE, a path", ("serve", str(directory / "d.yaml"), "--upstream", f"{upstream}/", *record), ""),
        ("emulate", ("emulate", "--allow-origin", _PAGE), ""),
    ):
        yield name, stack.enter_context(_Server(*arguments, prefix=prefix))


@contextmanager
def _connected(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=120) as client:
        yield client


def _request(url: str, body: str) -> bytes:
    head = ["POST /v1beta/interactions HTTP/1.1", f"host: {urlsplit(url).netloc}", f"x-goog-api-key: {_KEY}"]
    head += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body.encode()


def _send(url: str, line: str, header: str, *, body: str = "", host: str = "localhost") -> tuple[int, str]:
    """Send a request, and return the status of its answer with its body."""
    head = [line, f"host: {host}", header, f"content-length: {len(body)}", "connection: close", "", ""]
    with _connected(url) as client:
        client.sendall("\r\n".join(head).encode("latin-1") + body.encode())
        return _received(client)


def _received(client: socket.socket) -> tuple[int, str]:
    """Return the status of an answer, and its link if it has one, else its body; what is none has the status 0."""
    try:
        answer = HTTPResponse(client)
        answer.begin()
        text = answer.read().decode()
    except (OSError, HTTPException) as error:
        return 0, repr(error)
    return answer.status, answer.getheader("x-goog-upload-url") or text


def _is_error(body: str) -> bool:
    try:
        told: Any = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and set(told) == {"error"} and "Traceback" not in body
