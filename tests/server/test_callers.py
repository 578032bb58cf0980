"""Who may call the two servers, and in which form: no open proxy, no web page, no foreign host name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.responses import Response

from pytest_interactions import OptionError
from pytest_interactions.server import ReplayServer
from pytest_interactions.server.serving import Serving
from pytest_interactions.server.upstream import Upstream
from tests.cassette.clients import KEY, MODEL
from tests.server.raw import error, send
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from pytest_interactions.server.emulator import Emulator

BODY = json.dumps({"model": MODEL, "input": "Hello"})


class Listener:
    """A server that answers everything, and says what it was asked; `url` is where it is."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.hosts: set[str] = set()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        self.targets.append(scope["raw_path"].decode() + (f"?{query}" if query else ""))
        self.hosts.add(dict(scope["headers"])[b"host"].decode())
        await Response(b"{}", media_type="application/json")(scope, receive, send)


@pytest.fixture
def api() -> Iterator[Listener]:
    """What stands for the API."""
    listener = Listener()
    with Serving(listener, name="api") as serving:
        listener.url = serving.url
        yield listener


@contextmanager
def _recording(path: Path, upstream: str) -> Iterator[ReplayServer]:
    with use_cassette(path, record_mode="once") as cassette, ReplayServer(cassette, upstream=upstream) as server:
        yield server


@pytest.fixture(params=["replay", "emulator"])
def server(request: pytest.FixtureRequest, tmp_path: Path, emulator: Emulator) -> Iterator[Any]:
    """Either of the two servers."""
    if request.param == "emulator":
        yield emulator
    else:
        with _recording(tmp_path / "c.yaml", emulator.url) as server:
            yield server


_NO_PATHS = ["@{evil}/v1beta/x", "x@{evil}/y", "0@{evil}?z", "http://{evil}/x", "*", "{evil}", "?@{evil}", ".{evil}/x"]
_NO_TARGETS = [
    "/a b",
    "/\xe9",
    "/x\tHost:",
    "/x#@{evil}/",
    "/x?y#z",
    "/..//{evil}",
    "/%2e%2e/x",
    "/a/./x",
    "/a%2f..%2fx",
]


@pytest.mark.parametrize("base", ["", "/base/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_target_that_is_no_path_is_refused(
    base: str, method: str, api: Listener, emulator: Emulator, tmp_path: Path
) -> None:
    """Targets in which a host could stand are a 400 of the API's shape while recording, and nothing is sent."""
    evil = emulator.url.removeprefix("http://")
    with _recording(tmp_path / "c.yaml", api.url + base) as server:
        for target in (*_NO_PATHS, *_NO_TARGETS):
            line = f"{method} {target.format(evil=evil)} HTTP/1.1"
            answer = send(server.url, f"{line}\nhost: localhost\nx-goog-api-key: {KEY}")
            assert error(answer)[0] == 400, line
            assert KEY.encode() not in answer[2]
    assert emulator.requests == []
    assert api.targets == []


def test_a_tunnel_is_refused(server: Any) -> None:
    """CONNECT is a 400, with a host or a path as its target."""
    for target in ("example.com:443", "/v1beta/interactions"):
        assert error(send(server.url, f"CONNECT {target} HTTP/1.1\nhost: localhost"))[0] == 400


@pytest.mark.parametrize("target", [*_NO_PATHS, *_NO_TARGETS])
def test_the_emulator_refuses_the_same(target: str, emulator: Emulator) -> None:
    """A target that is no path is a 400 of the API's shape, not a traceback."""
    line = f"GET {target.format(evil='example.com')} HTTP/1.1"
    assert error(send(emulator.url, f"{line}\nhost: localhost"))[0] == 400
    assert emulator.requests == []


@pytest.mark.parametrize("base", ["", "/base/"])
def test_what_a_path_looks_like_never_changes_where_it_is_sent(
    base: str, api: Listener, emulator: Emulator, tmp_path: Path
) -> None:
    """Paths that resemble a host go to the API as they are, below its own path."""
    evil = emulator.url.removeprefix("http://")
    targets = [
        f"//{evil}/x",
        f"/\\{evil}/x",
        f"/@{evil}/x",
        f"/%40{evil}",
        f"/;@{evil}?u=@{evil}",
        "/%0d%0ahost:%20x",
        "/[",
    ]
    with _recording(tmp_path / "c.yaml", api.url + base) as server:
        for target in targets:
            assert send(server.url, f"GET {target} HTTP/1.1\nhost: localhost")[0] == 200
    came = [target.replace("%5C", "\\") for target in api.targets]  # as older versions of httpx write it
    assert came == [base.rstrip("/") + target for target in targets]
    assert api.hosts == {api.url.removeprefix("http://")}
    assert emulator.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@host",
        "https://host/?x=1",
        "https://host/#x",
        "https://host:99999",
        "https://h o:x/",
        "ftp://x",
    ],
)
def test_an_upstream_is_a_scheme_a_host_and_a_path(url: str) -> None:
    """An address of the API with anything else in it is an error that shows no password."""
    with pytest.raises(OptionError, match="is not a URL like https") as raised:
        Upstream(url)
    assert "secret" not in str(raised.value)


# --- host names ---


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "app.localhost", "[::1]:80", "127.9.9.9", "localhost."]
)
def test_this_machine_s_own_names_are_answered(host: str, server: Any) -> None:
    """A caller may use any name of the loopback network, whatever the port."""
    answer = send(server.url, f"DELETE /v1beta/interactions/none?key=k HTTP/1.1\nhost: {host}")
    assert error(answer) == (404, "Interaction 'none' not found.")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:x", "a b", "x@localhost", "8.8.8.8", "2130706433"]
)
def test_a_foreign_name_is_refused(host: str, server: Any, emulator: Emulator) -> None:
    """A name that a site may have made lead here is a 403 that says how to let it in; nothing reaches the server."""
    status, message = error(send(server.url, f"GET /v1beta/interactions/x HTTP/1.1\nhost: {host}"))
    assert status == 403
    assert "--allow-host" in message
    assert repr(host) in message
    assert emulator.requests == []


def test_http_1_0_needs_no_host(server: Any) -> None:
    """A caller that names no host has reached the server by its address."""
    assert send(server.url, "DELETE /v1beta/interactions/none?key=k HTTP/1.0")[0] == 404


@pytest.mark.parametrize(
    ("given", "host", "link"),
    [
        ("evil.example", "localhost:1", "http://localhost:{port}/"),
        ("box", "box:9000", "http://box:9000/"),
        ("localhost:9000", "localhost:9000", "http://localhost:9000/"),
        ("*.test", "a.test", "http://a.test/"),
    ],
)
def test_links_have_a_name_that_was_let_in(given: str, host: str, link: str, server: Any) -> None:
    """An upload's next address has the name that was let in, and the port only if the name is not the server's own."""
    server.allow_host(given)
    _, headers, _ = send(
        server.url,
        f"POST /upload/v1beta/files?key=k HTTP/1.1\nhost: {host}\nx-goog-upload-command: start\ncontent-length: 0",
    )
    port = server.url.rpartition(":")[2]
    assert headers["x-goog-upload-url"].startswith(link.format(port=port) + "upload/v1beta/files?upload_id=")


def test_a_header_of_a_proxy_changes_nothing(server: Any) -> None:
    """What `X-Forwarded-*` says is not believed: links stay, and a connection that is to break does."""
    _, headers, _ = send(
        server.url,
        "POST /upload/v1beta%0d%0ax:y/files?key=k HTTP/1.1\nhost: localhost\nx-goog-upload-command: start\n"
        "content-length: 0\nx-forwarded-for: 8.8.8.8\nx-forwarded-proto: https\nx-forwarded-host: evil.example",
    )
    assert headers["x-goog-upload-url"].startswith("http://localhost:")
    assert "/v1beta%0d%0ax:y/files?" in headers["x-goog-upload-url"]


# --- web pages ---

_PAGE = "http://localhost:5173"


@pytest.mark.parametrize(
    "headers",
    [
        "origin: https://evil.example",
        "origin: null",
        "origin: http://localhost:1",
        f"origin: {_PAGE}\norigin: https://evil.example",
        "sec-fetch-site: cross-site",
        "sec-fetch-site: same-site",
        "origin: https://evil.example\ncontent-type: text/plain",
    ],
)
def test_a_web_page_is_refused(headers: str, server: Any, emulator: Emulator) -> None:
    """A page of any site is a 403 that says how to let it in, be it a post of plain text; the server does nothing."""
    server.allow_origin(_PAGE)
    text = f"POST /v1beta/interactions HTTP/1.1\nhost: localhost\ncontent-length: {len(BODY)}\n{headers}"
    answer = send(server.url, text, BODY.encode())
    status, message = error(answer)
    assert status == 403
    assert "--allow-origin" in message
    assert "access-control-allow-origin" not in answer[1]
    assert emulator.requests == []


@pytest.mark.parametrize(
    "headers",
    ["", "sec-fetch-mode: cors", "sec-fetch-site: none", "sec-fetch-site: same-origin", "origin: http://localhost"],
)
def test_a_program_is_no_page(headers: str, server: Any) -> None:
    """What node's fetch sends, or a person who types an address, or the server's own page, is answered."""
    text = f"POST /v1beta/interactions?key=k HTTP/1.1\nhost: localhost\ncontent-length: {len(BODY)}\n{headers}"
    assert send(server.url, text, BODY.encode())[0] == 200


@pytest.mark.parametrize("allowed", [_PAGE, "http://localhost:*"])
def test_a_page_that_is_let_in_gets_what_its_browser_wants(allowed: str, server: Any) -> None:
    """The preflight, the answer, and an error of an allowed page have the headers that let it read them."""
    server.allow_origin(allowed)
    url = f"{server.url}/v1beta/interactions"
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type, x-goog-api-key"}
    preflight = httpx.options(url, headers={"origin": _PAGE} | asks)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == asks["access-control-request-headers"]
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    key = {"origin": _PAGE, "sec-fetch-site": "same-site", "x-goog-api-key": KEY}
    answer = httpx.post(url, headers=key, content=BODY)
    failed = httpx.get(f"{url}/none", headers=key)
    assert (answer.status_code, failed.status_code) == (200, 404)
    for response in (preflight, answer, failed):
        assert response.headers.get_list("access-control-allow-origin") == [_PAGE]
        assert "x-goog-upload-url" in response.headers["access-control-expose-headers"]
        assert "origin" in response.headers["vary"].lower()


def test_what_the_api_lets_pages_read_is_not_sent_twice(tmp_path: Path) -> None:
    """An allowed page gets the server's own header in the place of the API's, as browsers take no two."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"{}", headers={"access-control-allow-origin": "*"})(scope, receive, send)

    with Serving(app, name="api") as serving, _recording(tmp_path / "c.yaml", serving.url) as server:
        server.allow_origin(_PAGE)
        answer = httpx.get(f"{server.url}/v1beta/x", headers={"origin": _PAGE})
    assert answer.headers.get_list("access-control-allow-origin") == [_PAGE]


# --- errors ---


def _breaking(message: str) -> Any:
    from pytest_interactions.server.callers import Callers

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/late":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(message)

    return Serving(Callers(app, name="the-server", host="127.0.0.1"), name="test")


def test_an_unforeseen_error_is_an_api_error_and_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The caller gets a 500 that names the error's kind and place, the standard error one line; neither its message."""
    with _breaking(f"with {KEY}") as serving:
        answers = [send(serving.url, f"GET /x?key={KEY} HTTP/1.1\nhost: localhost") for _ in range(3)]
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{serving.url}/late")
    status, message = error(answers[0])
    assert status == 500
    assert "ValueError at tests/server/test_callers.py:" in message
    assert answers[1:] == answers[:1] * 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("the-server: an error that nobody has foreseen, answered with status 500: ValueError at ")
    assert KEY not in message + line


def test_an_error_outside_of_the_package_is_told_by_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    """No path of this machine is shown for a module of another package."""
    from pytest_interactions.server.callers import Callers

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        json.loads("{")

    with Serving(Callers(app, name="the-server", host="127.0.0.1"), name="test") as serving:
        status, message = error(send(serving.url, "GET / HTTP/1.1\nhost: localhost"))
    assert status == 500
    assert "JSONDecodeError at decoder.py:" in message
    assert len(capsys.readouterr().err.splitlines()) == 1
