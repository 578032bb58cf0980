"""WebSockets of which no message is recorded: they are refused, but where a request would pass the cassette too."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import threading
import urllib.request
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
import trio
import trio_websocket
import websocket
from trio.testing import memory_stream_pair
from websockets.sync.server import unix_serve

from pytest_interactions import UnsupportedClientError, use_cassette
from tests.live.echoing import Echo, echoing
from tests.live.openers import LATE, WAYS
from tests.support import sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support import Runner

    Mode = Literal["once", "none"]

MODES = ("once", "none")
#: One of the older Live API, which is the API's by another path.
OLDER = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


@pytest.fixture(scope="module")
def running() -> Iterator[Echo]:
    """A server for all."""
    with echoing() as echo:
        yield echo


@pytest.fixture
def echo(running: Echo) -> Echo:
    """The same, which nobody has asked yet."""
    running.asked.clear()
    return running


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    """A cassette that may be recorded, and replayed."""
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\ninteractions: []\nmetadata: {incomplete: true}\n")
    return path


@pytest.mark.parametrize("name", [*WAYS, *LATE])
@pytest.mark.parametrize("mode", MODES)
def test_a_websocket_that_is_not_recorded_is_refused(name: str, mode: Mode, echo: Echo, cassette: Path) -> None:
    """It is an error where the app opens it, in each mode, and once more at the end if the app swallows it."""
    say, client = {**WAYS, **LATE}[name]
    told = rf"A WebSocket to 127.0.0.1:{echo.port} was refused, .* opened by {re.escape(client)}, of which"
    with pytest.raises(UnsupportedClientError, match=told):
        with use_cassette(cassette, record_mode=mode):
            with pytest.raises(UnsupportedClientError, match=told):
                say(echo.url())
    assert echo.asked == []
    assert say(echo.url()) == "Hi"


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("mode", MODES)
def test_no_host_is_asked_for(name: str, mode: Mode, cassette: Path) -> None:
    """It is refused before a connection is made, so that a replay says so too, and not that there is no network."""
    say, _ = WAYS[name]
    with pytest.raises(UnsupportedClientError, match=r"to live\.example:443 .*allowed_hosts='live\.example:443'"):
        with use_cassette(cassette, record_mode=mode), sockets() as seen, suppress(UnsupportedClientError):
            say("wss://live.example/chat")
    assert [each for each in seen if "live.example" in each] == []


def test_a_refusal_says_what_to_do(cassette: Path) -> None:
    with pytest.raises(UnsupportedClientError) as refused, use_cassette(cassette):
        websocket.create_connection("wss://live.example:8443/chat?key=secret")
    assert str(refused.value) == (
        "A WebSocket to live.example:8443 was refused, and nothing was sent: it was opened by websocket-client, of "
        "which no message can be recorded or replayed. Open it by websockets.asyncio.client or websockets.sync.client, "
        "or give the app the address of the fixture interactions_server. Or let it through in every mode: "
        "@pytest.mark.interactions(allowed_hosts='live.example:8443')."
    )


@pytest.mark.parametrize("name", [*WAYS, *LATE])
@pytest.mark.parametrize("mode", MODES)
def test_what_passes_the_cassette_goes_on(name: str, mode: Mode, echo: Echo, cassette: Path) -> None:
    """An allowed host, a server of the test's own that is no API, and what a hook wants no record of."""
    say, _ = {**WAYS, **LATE}[name]
    with use_cassette(cassette, record_mode=mode, allowed_hosts=f"127.0.0.1:{echo.port}") as allowed:
        assert say(echo.url()) == "Hi"
    with use_cassette(cassette, record_mode=mode) as beside:
        assert say(echo.url("/chat")) == "Hi"
    with use_cassette(cassette, record_mode=mode, before_record_request=lambda _: None) as dropped:
        assert say(echo.url()) == "Hi"
    assert allowed.exchanges == beside.exchanges == dropped.exchanges == []
    assert len(echo.asked) == 3


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("path", "more"), [(OLDER, {}), ("/chat", {"recorded_hosts": "127.0.0.1"})])
def test_a_server_of_the_tests_own_that_would_be_recorded_is_no_exception(
    name: str, path: str, more: dict[str, Any], echo: Echo, cassette: Path
) -> None:
    """One that stands for the API, and one that is named."""
    say, client = WAYS[name]
    with pytest.raises(UnsupportedClientError, match=client), use_cassette(cassette, record_mode="once", **more):
        say(echo.url(path))
    assert echo.asked == []


@pytest.mark.parametrize("offered", ["WebSocket", "h2c, websocket", "h2c,websocket"])
def test_a_websocket_is_known_among_other_offers(offered: str, echo: Echo, cassette: Path) -> None:
    """In any letters; a request that offers other protocols alone is a request."""
    with pytest.raises(UnsupportedClientError), use_cassette(cassette, record_mode="once"):
        httpx.get(f"http://127.0.0.1:{echo.port}/v1beta/interactions/live", headers={"upgrade": offered})
    assert echo.asked == []


def test_what_is_no_address_is_the_librarys_to_refuse(cassette: Path) -> None:
    with use_cassette(cassette), pytest.raises(ValueError, match="hostname is invalid"):
        websocket.create_connection("ws:///chat")


# --- what leads to no network ---


@contextmanager
def _unix(path: Path) -> Iterator[str]:
    running = unix_serve(lambda each: each.send(each.recv()), str(path))
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield str(path)
    finally:
        running.shutdown()
        thread.join()


def _websocket_client_on(path: str) -> Any:
    with socket.socket(socket.AF_UNIX) as given:
        given.connect(path)
        connection = websocket.create_connection("ws://any/chat", socket=given)
        connection.send("Hi")
        return connection.recv()


def _trio_websocket_on(path: str) -> Any:
    async def talk() -> Any:
        async with trio.open_nursery() as nursery:
            async with await trio.open_unix_socket(path) as stream:
                connection = await trio_websocket.wrap_client_stream(nursery, stream, "any", "/chat")
                await connection.send_message("Hi")
                said = await connection.get_message()
                await connection.aclose()
        return said

    return trio.run(talk)


def _websockets_trio_on(path: str, *, is_opened: bool = False) -> Any:
    client = pytest.importorskip("websockets.trio.client", reason="websockets has it since version 16")

    async def talk() -> Any:
        given = {"stream": await trio.open_unix_socket(path)} if is_opened else {"unix": True, "path": path}
        async with client.connect("ws://any/chat", **given) as connection:
            await connection.send("Hi")
            return await connection.recv()

    return trio.run(talk)


def _websockets_trio_on_stream(path: str) -> Any:
    return _websockets_trio_on(path, is_opened=True)


def _websockets_legacy_on(path: str) -> Any:
    from websockets.legacy.client import unix_connect

    async def talk() -> Any:
        async with unix_connect(path) as connection:
            await connection.send("Hi")
            return await connection.recv()

    return asyncio.run(talk())


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets here")
@pytest.mark.parametrize(
    "say",
    [
        _websocket_client_on,
        _trio_websocket_on,
        _websockets_trio_on,
        _websockets_trio_on_stream,
        pytest.param(_websockets_legacy_on, marks=pytest.mark.filterwarnings("ignore:websockets.legacy")),
    ],
)
def test_a_unix_socket_is_left_alone(say: Callable[[str], Any], tmp_path: Path, cassette: Path) -> None:
    """A server behind one is none of the cassette's business."""
    with _unix(tmp_path / "s") as path, use_cassette(cassette):
        assert say(path) == "Hi"


def test_a_stream_within_the_process_is_left_alone(cassette: Path) -> None:
    """As an app of the test's is called by."""

    async def talk() -> Any:
        ours, theirs = memory_stream_pair()
        async with trio.open_nursery() as nursery:

            async def serve() -> None:
                request = await trio_websocket.wrap_server_stream(nursery, theirs)
                server = await request.accept()
                await server.send_message(await server.get_message())

            nursery.start_soon(serve)
            connection = await trio_websocket.wrap_client_stream(nursery, ours, "any", "/chat")  # type: ignore[arg-type] # it takes any stream
            await connection.send_message("Hi")
            said = await connection.get_message()
            await connection.aclose()
        return said

    with use_cassette(cassette):
        assert trio.run(talk) == "Hi"


def test_what_is_below_a_stream_with_tls_is_seen(echo: Echo, cassette: Path) -> None:
    """It leads to the network as one without does, and to the port of `wss` where the host names none."""

    async def talk() -> None:
        stream = trio.SSLStream(await trio.open_tcp_stream("127.0.0.1", echo.port), ssl.create_default_context())
        with pytest.raises(UnsupportedClientError, match=r"to live\.example:443 "):
            async with trio.open_nursery() as nursery:
                with pytest.raises(UnsupportedClientError) as refused:
                    await trio_websocket.wrap_client_stream(nursery, stream, "live.example", "/chat")
            raise refused.value
        assert stream.transport_stream.socket.fileno() == -1

    with pytest.raises(UnsupportedClientError), use_cassette(cassette):
        trio.run(talk)
    assert echo.asked == []


# --- around it ---


@pytest.mark.parametrize("mode", MODES)
def test_a_browser_of_the_tests_own_is_driven_on(mode: Mode, cassette: Path, tmp_path: Path) -> None:
    """Its tools talk to it by WebSockets on this machine."""
    from tests.report.browsing import Browser

    browser = Browser(tmp_path / "profile")
    with closing(browser), use_cassette(cassette, record_mode=mode) as used:
        address = browser.driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{address}/json/version") as response:
            told = json.load(response)
        connection = websocket.create_connection(told["webSocketDebuggerUrl"], suppress_origin=True)
        connection.send(json.dumps({"id": 1, "method": "Browser.getVersion"}))
        version = json.loads(connection.recv())["result"]["product"]
        connection.close()
        assert browser.run("return 1 + 1") == 2
    assert version == told["Browser"]
    assert used.exchanges == []


WIDER = """
import os
import websocket
from websockets.sync.client import connect

URL = os.environ["LIVE"]

def by_websocket_client():
    websocket.create_connection(URL).close()

def by_websockets():
    connect(URL).close()

@pytest.fixture(scope="module", params=[by_websocket_client, by_websockets])
def opened(request):
    try:
        request.param()
    except Exception as error:
        print("SWALLOWED", type(error).__name__)

def test_it(opened, interactions):
    ask()
"""


def test_the_guard_of_wider_fixtures_sees_websockets(run: Runner, echo: Echo) -> None:
    """One that no cassette sees is told while the test is recorded, and refused on replay, swallowed or not."""
    run.test(WIDER)
    run.monkeypatch.setenv("LIVE", echo.url())
    result = run.record()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*GET /interactions/live of the module-scoped fixture opened was sent and not*"])
    assert len(echo.asked) == 2
    result = run.replay()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E   UnseenRequestError: GET /interactions/live was refused: no cassette sees*"] * 2)
    assert len(echo.asked) == 2
    run.monkeypatch.setenv("LIVE", echo.url("/chat"))
    run.replay().assert_outcomes(passed=2)
