"""How requests are sent on, and what comes back, where the emulator is too well-behaved to show it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from pytest_interactions import CassetteFormatError
from pytest_interactions.files import storage
from pytest_interactions.server import ReplayServer
from pytest_interactions.server.serving import Serving
from tests.cassette.clients import KEY, MODEL
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.requests import Request


class Api:
    """An API with the habits that are to be tested; `requests` holds the headers of what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        routes = [
            Route("/base/v1beta/{path:path}", self._answer, methods=["GET", "POST", "DELETE", "HEAD"]),
            Route("/v1beta/{path:path}", self._answer, methods=["GET", "POST", "DELETE", "HEAD"]),
        ]
        self.app = Starlette(routes=routes)

    async def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        await request.body()
        answers: dict[str, Any] = {
            "zipped": lambda: Response(gzip.compress(b'{"a": 1}'), headers={"content-encoding": "gzip"}),
            "none": lambda: Response(status_code=204),
            "moved": lambda: RedirectResponse("/base/v1beta/there?x=1", 302),
            "elsewhere": lambda: RedirectResponse("https://example.com/there", 302),
            "odd": lambda: Response(b"{}", 418, {"retry-after": "3", "x-two": "a"}),
            "slow": lambda: StreamingResponse(_slowly(), media_type="text/plain"),
            "late": lambda: StreamingResponse(_late(), media_type="text/event-stream"),
        }
        answer: Response = answers[request.path_params["path"]]()
        return answer


async def _slowly() -> AsyncIterator[bytes]:
    import asyncio

    for piece in (b"one ", b"two"):
        yield piece
        await asyncio.sleep(0.15)


async def _late() -> AsyncIterator[bytes]:
    import asyncio

    yield b"data: 1\n\n"
    yield b"event: done\ndata: [DONE]\n\n"
    await asyncio.sleep(0.2)
    yield b": and on\n\n"


@pytest.fixture
def api() -> Api:
    """The API."""
    return Api()


@pytest.fixture
def api_url(api: Api) -> Iterator[str]:
    """Where it is."""
    with Serving(api.app, name="api") as serving:
        yield serving.url


def _both(path: Path, upstream: str) -> Iterator[ReplayServer]:
    """A server that records, then one that replays."""
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode) as cassette, ReplayServer(cassette, upstream=upstream) as server:
            yield server


def test_an_encoded_answer_is_passed_on_and_recorded_decoded(api_url: str, api: Api, tmp_path: Path) -> None:
    """The API is asked for no encoding; one that zips all the same is understood by the client and the cassette."""
    for server in _both(tmp_path / "c.yaml", api_url):
        response = httpx.get(f"{server.url}/v1beta/zipped", headers={"accept-encoding": "gzip, br"})
        assert response.json() == {"a": 1}
    assert api.requests[0].headers["accept-encoding"] == "identity"
    [exchange] = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.response.json() == {"a": 1}


def test_what_belongs_to_one_connection_stays_there(api_url: str, api: Api, tmp_path: Path) -> None:
    """The API gets the client's headers but for those of its connection, and the path and query as they were sent."""
    headers = {"x-goog-api-key": KEY, "te": "trailers", "proxy-authorization": "x", "x-own": "kept"}
    for server in _both(tmp_path / "c.yaml", api_url):
        httpx.get(f"{server.url}/v1beta/none?a=%2F&b=c%20d", headers=headers)
    [sent] = api.requests
    assert sent.headers["host"] == api_url.removeprefix("http://")
    assert sent.headers["x-goog-api-key"] == KEY
    assert sent.headers["x-own"] == "kept"
    assert not {"te", "proxy-authorization"} & set(sent.headers)
    assert sent.scope["query_string"] == b"a=%2F&b=c%20d"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("DELETE", "none", (204, b"", None)),
        ("GET", "odd", (418, b"{}", "3")),
        ("HEAD", "odd", (418, b"", "3")),
        ("GET", "slow", (200, b"one two", None)),
    ],
)
def test_an_answer_of_any_kind_survives(
    method: str, path: str, expected: tuple[int, bytes, str | None], api_url: str, tmp_path: Path
) -> None:
    """An answer without a body, one with an odd status, one that takes its time: the same live and on replay."""
    for server in _both(tmp_path / "c.yaml", api_url):
        response = httpx.request(method, f"{server.url}/v1beta/{path}")
        assert (response.status_code, response.content, response.headers.get("retry-after")) == expected


def test_links_lead_through_the_server_if_they_lead_to_the_api(api_url: str, tmp_path: Path) -> None:
    """A redirection within the API comes back to the server, without the API's own prefix; any other stays."""
    for server in _both(tmp_path / "c.yaml", f"{api_url}/base/"):
        assert httpx.get(f"{server.url}/v1beta/moved").headers["location"] == f"{server.url}/v1beta/there?x=1"
        assert httpx.get(f"{server.url}/v1beta/elsewhere").headers["location"] == "https://example.com/there"


def test_what_follows_the_last_event_is_recorded_too(api_url: str, tmp_path: Path) -> None:
    """The last event is not kept back for long from a client, and what comes after it is not lost."""
    for server in _both(tmp_path / "c.yaml", api_url):
        answer = httpx.get(f"{server.url}/v1beta/late").content
        assert answer == b"data: 1\n\nevent: done\ndata: [DONE]\n\n: and on\n\n"


def test_the_environment_s_proxy_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API on another machine is reached through the proxy that the environment names, unless it says not to."""
    asked: list[str] = []

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["raw_path"].decode())
        await Response(b"{}", media_type="application/json")(scope, receive, send)

    with Serving(proxy, name="proxy") as serving:
        monkeypatch.setenv("http_proxy", serving.url)
        monkeypatch.setenv("no_proxy", "other.invalid")
        statuses = []
        for host in ("api.invalid", "other.invalid"):
            path = tmp_path / f"{host}.yaml"
            with (
                use_cassette(path, record_mode="once") as cassette,
                ReplayServer(cassette, upstream=f"http://{host}") as server,
                httpx.Client(trust_env=False) as client,
            ):
                answer = client.post(f"{server.url}/v1beta/interactions", json={"model": MODEL, "input": "x"})
                statuses.append(answer.status_code)
    assert statuses == [200, 502]
    assert asked == ["http://api.invalid/v1beta/interactions"]


def test_media_that_go_missing_half_way_break_the_connection(tmp_path: Path) -> None:
    """Where the second of two media files is gone, the client gets no answer that looks whole."""
    import base64
    import json

    images = [base64.b64encode(bytes([n]) * 300).decode() for n in range(2)]

    async def paint(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps([{"data": image, "mime_type": "image/png"} for image in images]).encode()
        await Response(body, media_type="application/json")(scope, receive, send)

    path = tmp_path / "c.yaml"
    with (
        Serving(paint, name="api") as serving,
        use_cassette(path, record_mode="once", media_threshold=100) as cassette,
        ReplayServer(cassette, upstream=serving.url) as server,
    ):
        assert [part["data"] for part in httpx.get(f"{server.url}/v1beta/files/x").json()] == images
    second = json.loads(storage.load(path).exchanges[0].response.body)[1]["data"].rpartition(":")[2]
    (path.with_suffix(".media") / second).unlink()
    with (
        pytest.raises(CassetteFormatError, match="media file"),
        use_cassette(path) as cassette,
        ReplayServer(cassette) as server,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"{server.url}/v1beta/files/x")
