"""WebSockets through the replay server: recorded as they pass, played with the API gone, and ended as they ended."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from pytest_interactions import CassetteMissError, CassetteNotFoundError
from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.server import playing
from tests.accepting import accepting, refusing
from tests.live.talk import PATH, event, serving, talk, talk_in_loop, talk_in_thread, text
from tests.server.sockets import items, live, recorded, served
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.talk import Server

__all__ = ["talk"]  # a fixture


# --- both ways ---


def test_messages_pass_both_ways_and_replay_with_the_api_gone(path: Path, api: Server, talk: Any) -> None:
    """Texts, bytes and messages in pieces come to both clients the same, and so does the API's close."""
    said = []
    messages = (text("Hello, 世界"), b"\x00\xff", b'{"text": "in bytes"}', "", "pieces", "large", "close")
    with served(path, api.base) as server:
        said.append(talk(live(server.url), *messages, max_size=None))
    api.stop()
    with served(path) as server:
        said.append(talk(live(server.url), *messages, max_size=None))
    assert said[0][:5] == [*messages[:4], "abc"]
    assert said[0][-1][1].startswith("received 4001 (private use) enough")
    assert said[1] == said[0]


def test_the_recorded_address_is_that_of_the_api(path: Path, api: Server) -> None:
    """The cassette has the address of the API with the query, and no header of the server's own connection."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url, f"{PATH}?key=AIza&alt=sse"), "a")
    exchange = recorded(path)
    assert exchange.request.uri == f"ws{api.base.removeprefix('http')}{PATH}?key=REDACTED&alt=sse"
    assert exchange.request.headers == exchange.response.headers == {}


def test_what_one_way_in_records_replays_through_the_other(path: Path, api: Server) -> None:
    """A WebSocket recorded through the server replays in process, and the other way round."""
    with served(path, api.base) as server:
        assert talk_in_thread(live(server.url), "a", "b") == ["a", "b"]
    with use_cassette(path):
        assert talk_in_thread(api.url, "a", "b") == ["a", "b"]
    with use_cassette(path, record_mode="rewrite"):
        assert talk_in_thread(api.url, "c") == ["c"]
    api.stop()
    with served(path) as server:
        assert talk_in_thread(live(server.url), "c") == ["c"]


def test_each_message_comes_before_the_next_is_sent(path: Path) -> None:
    """While recording, the app has the API's first message when the API has not sent the second, and has its answer."""
    seen = threading.Event()

    def api(connection: Any) -> None:
        connection.send("1")
        assert seen.wait(10)
        connection.send(connection.recv())

    with serving(api) as running, served(path, running.base) as server, connect(live(server.url)) as app:
        assert app.recv() == "1"
        seen.set()
        app.send("2")
        assert app.recv() == "2"
    assert items(path)[:3] == [Frame(False, "1"), Frame(True, "2"), Frame(False, "2")]


def test_a_thousand_messages_each_way(path: Path, api: Server) -> None:
    """A thousand messages are recorded and replayed in their order, sent one by one or all at once."""
    messages = [text(f"message {number}") for number in range(1000)]

    def at_once(url: str) -> list[Any]:
        with connect(url) as app:
            for message in messages:
                app.send(message)
            return [app.recv() for _ in messages]

    with served(path, api.base) as server:
        assert talk_in_thread(live(server.url), *messages) == messages
    with served(path) as server:
        assert talk_in_thread(live(server.url), *messages) == messages
    with served(path, api.base, record_mode="rewrite") as server:
        assert at_once(live(server.url)) == messages
    with served(path) as server:
        assert at_once(live(server.url)) == messages


def test_two_connections_at_once_have_each_their_own(path: Path, api: Server) -> None:
    """Connections that are open at once, opened by equal handshakes, are told apart by what each says."""

    def both(url: str, *, turned: bool) -> list[Any]:
        with connect(url) as one, connect(url) as other:
            names = {one: "one", other: "other"}
            for app in (other, one) if turned else (one, other):
                app.send(names[app])
            return [one.recv(), other.recv()]

    with served(path, api.base) as server:
        assert both(live(server.url), turned=False) == ["one", "other"]
    for turned in (False, True):
        with served(path) as server:
            assert both(live(server.url), turned=turned) == ["one", "other"]


def test_a_subprotocol_is_chosen_as_the_api_chose(path: Path) -> None:
    """The app gets the subprotocol that the API chose, and a key that is offered as one reaches no file."""
    key = "AIzaSyA-" + "k" * 31

    def choose(_: Any, offered: Any) -> Any:
        assert offered == ["realtime", f"key.{key}"]
        return offered[0]

    with serving(subprotocols=["realtime"], select_subprotocol=choose) as api:
        for upstream in (api.base, None):
            with (
                served(path, upstream) as server,
                connect(live(server.url), subprotocols=[Subprotocol("realtime"), Subprotocol(f"key.{key}")]) as app,
            ):
                assert app.subprotocol == "realtime"
                app.send("a")
                assert app.recv() == "a"
    assert key not in path.read_text()


def test_headers_of_the_answer_come_to_the_app(path: Path) -> None:
    """What the API's answer to the handshake says beside, the app is told, live and on replay."""

    def note(_: Any, __: Any, response: Any) -> None:
        response.headers["x-request-id"] = "r1"

    with serving(process_response=note) as api:
        for upstream in (api.base, None):
            with served(path, upstream) as server, connect(live(server.url)) as app:
                assert app.response is not None
                assert app.response.headers["x-request-id"] == "r1"
                app.send("a")
                assert app.recv() == "a"


def test_the_app_s_headers_go_on_and_those_of_its_connection_do_not(path: Path) -> None:
    """The API gets what the app's own connection would bring: its key and its name, and no page's origin."""
    came: list[dict[str, str]] = []

    def note(_: Any, request: Any) -> None:
        came.append({name.lower(): value for name, value in request.headers.raw_items()})

    with serving(process_request=note) as api, served(path, api.base) as server:
        server.allow_origin("http://localhost:5173")
        headers = {"x-goog-api-key": "k" * 20, "origin": "http://localhost:5173"}
        talk_in_thread(live(server.url), "a", additional_headers=headers, user_agent_header="app/1")
    [got] = came
    assert got["x-goog-api-key"] == "k" * 20
    assert got["user-agent"] == "app/1"
    assert got["host"] == api.base.removeprefix("http://")
    assert "origin" not in got
    assert "sec-websocket-extensions" not in got


# --- ends ---


def _told(url: str, *messages: str) -> tuple[int | None, ...]:
    """Send messages, and read until the end; the codes of the close frames that came and went."""
    with connect(url) as app:
        with pytest.raises(ConnectionClosed) as told:
            for message in messages:
                app.send(message)
            while True:
                app.recv()
    return tuple(None if each is None else each.code for each in (told.value.rcvd, told.value.sent))


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1011, "out of order"), (4999, "x" * 123), (None, "")], ids=str
)
def test_the_api_s_close_comes_to_the_app(path: Path, code: int | None, reason: str) -> None:
    """The app is told the code and the reason by which the API has closed, and that there was none."""

    def api(connection: Any) -> None:
        connection.recv()
        connection.close(code, reason)

    with serving(api) as running:
        for upstream in (running.base, None):
            with served(path, upstream) as server:
                assert _told(live(server.url), "a") == (code or 1005, code or 1005)
    assert items(path)[-1] == Closed(False, code, reason)
    assert recorded(path).cut is None


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4002, "done with it"), (None, "")], ids=str)
def test_the_app_s_close_comes_to_the_api(path: Path, code: int | None, reason: str) -> None:
    """The API is told the code and the reason by which the app has closed, which the cassette has as the app's."""
    came: list[Any] = []
    ended = threading.Event()

    def api(connection: Any) -> None:
        try:
            for message in connection:
                connection.send(message)
        except ConnectionClosedError:
            ...
        came.append((connection.protocol.close_rcvd.code, connection.protocol.close_rcvd.reason))
        ended.set()

    with serving(api) as running:
        for upstream in (running.base, None):
            with served(path, upstream) as server, connect(live(server.url)) as app:
                app.send("a")
                assert app.recv() == "a"
                app.close(code, reason)  # type: ignore[arg-type] # without a code, as a page's `close()`
    assert ended.wait(10)
    assert came == [(code or 1005, reason)]
    assert items(path)[-1] == Closed(True, code, reason)


def test_a_connection_that_breaks_breaks_again(path: Path, api: Server) -> None:
    """The app is told of no close frame, after all that came before, live and on replay."""
    for upstream in (api.base, None):
        with served(path, upstream) as server, connect(live(server.url)) as app:
            app.send("a")
            assert app.recv() == "a"
            app.send("break")
            with pytest.raises(ConnectionClosedError) as told:
                app.recv()
            assert told.value.rcvd is None
    cut = recorded(path).cut
    assert cut is not None
    assert cut.by == "connection"
    assert items(path)[-1] == Frame(True, "break")


def test_an_app_that_goes_without_a_word_is_recorded_as_far_as_it_came(path: Path) -> None:
    """The API's connection ends with the app's, and the recording says that the app has left it."""
    ended = threading.Event()

    def api(connection: Any) -> None:
        connection.send(connection.recv())
        with pytest.raises(ConnectionClosedError):
            connection.recv()
        ended.set()

    def leave(url: str) -> None:
        with connect(url) as app:
            app.send("a")
            assert app.recv() == "a"
            app.socket.shutdown(socket.SHUT_RDWR)

    with serving(api) as running, served(path, running.base) as server:
        leave(live(server.url))
        assert ended.wait(10)
    assert recorded(path).cut == Cut(by="app")
    assert len(items(path)) == 2
    with served(path) as server:
        leave(live(server.url))


def test_what_is_open_at_the_test_s_end_is_recorded_as_left(path: Path, api: Server) -> None:
    """A connection that nobody has closed ends with the server, and what was said on it is kept."""
    for upstream in (api.base, None):
        with ExitStack() as after:
            with served(path, upstream) as server:
                app = after.enter_context(connect(live(server.url)))
                app.send("a")
                assert app.recv() == "a"
            with pytest.raises(ConnectionClosedError):
                app.recv()
    assert recorded(path).cut == Cut(by="app")


def test_an_app_may_leave_earlier_than_it_did(path: Path, api: Server) -> None:
    """An app that has said all that it said before may go before it has heard all."""
    with served(path, api.base) as server:
        assert talk_in_thread(live(server.url), "a", "b") == ["a", "b"]
    with served(path) as server, connect(live(server.url)) as app:
        app.send("a")
        app.send("b")


@pytest.mark.parametrize("inside", [True, False])
def test_an_app_s_library_that_can_t_take_a_message_fails_again(
    path: Path, api: Server, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that is too large for the app closes the connection by the library's own code, live and on replay."""

    def told(url: str) -> int | None:
        with pytest.raises(ConnectionClosed) as error, connect(url, max_size=100_000) as app:
            app.send("large")
            app.recv()
        return next(each.code for each in (error.value.sent, error.value.rcvd) if each is not None)

    if inside:
        with use_cassette(path, record_mode="once"):
            assert told(api.url) == 1009
    else:
        with served(path, api.base) as server:
            assert told(live(server.url)) == 1009
    monkeypatch.setattr(playing, "READS_ON", 0.1 if inside else 30)
    with served(path) as server:
        assert told(live(server.url)) == 1009


# --- handshakes that open nothing ---


def _refused(url: str) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused, connect(url):
        ...
    return refused.value


def test_a_refused_handshake_is_refused_again(path: Path) -> None:
    """The app gets the API's status, headers and words, live and on replay."""
    body = json.dumps({"error": {"code": "unauthenticated", "message": "No key."}})

    def refuse(connection: Any, _: Any) -> Any:
        response = connection.respond(401, body)
        response.headers["retry-after"] = "7"
        del response.headers["content-type"]
        response.headers["content-type"] = "application/json; charset=UTF-8"
        return response

    with serving(process_request=refuse) as api:
        for upstream in (api.base, None):
            with served(path, upstream) as server:
                response = _refused(live(server.url)).response
                assert response.status_code == 401
                assert response.headers["retry-after"] == "7"
                assert response.headers["content-type"] == "application/json; charset=UTF-8"
                assert json.loads(response.body or b"") == json.loads(body)
    assert recorded(path).response.status == 401
    with serving(process_request=refuse) as api:
        with served(path, api.base, record_mode="rewrite", before_record_request=lambda _: None) as server:
            assert _refused(live(server.url)).response.status_code == 401


def test_a_redirect_is_the_app_s_to_follow(path: Path) -> None:
    """A handshake that is sent elsewhere is recorded as that; a link to the API's own host leads to the server."""

    def elsewhere(connection: Any, request: Any) -> Any:
        if request.path != PATH:
            return None
        response = connection.respond(307, "")
        response.headers["location"] = "/v1beta/interactions/live2"
        return response

    with serving(process_request=elsewhere) as moved:
        for upstream in (moved.base, None):
            with served(path, upstream) as server:
                # The library's client for threads follows none before version 16.
                assert talk_in_loop(live(server.url), "a") == ["a"]


@pytest.mark.parametrize("hook", [None, lambda _: None], ids=["recorded", "kept out"])
def test_an_unreachable_api_is_said_to_be(path: Path, hook: Any) -> None:
    """An API that can't be reached is a 502 that names it, without the key; nothing is recorded."""
    address = refusing()
    with served(path, address, before_record_request=hook) as server:
        refused = _refused(live(server.url, f"{PATH}?key=AIzaSyA-{'k' * 31}"))
    assert refused.response.status_code == 502
    message = json.loads(refused.response.body or b"")["error"]["message"]
    assert message.startswith(f"{address} gave no answer that could be recorded: ")
    assert "kkk" not in message
    assert not path.exists()


def test_an_api_that_speaks_no_http_is_a_502(path: Path) -> None:
    """What answers the handshake with something else is said to give no answer; nothing is recorded."""

    def speak(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"SSH-2.0\r\n\r\n")

    with accepting(speak) as address:
        with served(path, address) as server:
            assert _refused(live(server.url)).response.status_code == 502
    assert not path.exists()


@pytest.mark.parametrize("hook", [None, lambda _: None], ids=["recorded", "kept out"])
def test_an_app_that_does_not_wait_for_the_handshake_is_recorded_as_that(path: Path, hook: Any) -> None:
    """An app that goes while the API makes it wait leaves nothing behind but that it gave up."""
    begun, gone = threading.Event(), threading.Event()

    def wait(connection: socket.socket) -> None:
        begun.set()
        connection.recv(65536)
        connection.recv(65536)
        gone.set()
        connection.close()

    with accepting(wait) as address, served(path, address, before_record_request=hook) as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as app:
            app.sendall(_HANDSHAKE)
            assert begun.wait(10)
        assert gone.wait(10)
    if hook is None:
        assert (recorded(path).response.status, recorded(path).cut) == (0, Cut(by="app"))
    else:
        assert not path.exists()


_HANDSHAKE = (
    f"GET {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


def test_a_handshake_without_a_recording_is_an_api_error(path: Path, api: Server) -> None:
    """It gets a 404 in the API's own shape, and the test that owns the cassette fails."""
    with pytest.raises(CassetteNotFoundError), served(path) as server:
        refused = _refused(live(server.url))
        assert refused.response.status_code == 404
        assert json.loads(refused.response.body or b"")["error"]["code"] == "not_found"
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a")
    with pytest.raises(CassetteMissError, match="asked for it 2 times"), served(path) as server:
        talk_in_thread(live(server.url), "a")
        refused = _refused(live(server.url))
        assert refused.response.status_code == 404
        assert "already played" in json.loads(refused.response.body or b"")["error"]["message"]


def test_what_a_hook_keeps_out_passes_and_is_not_recorded(path: Path, api: Server) -> None:
    """A WebSocket that `before_record_request` wants no record of is the API's all the same, whoever closes it."""
    with served(path, api.base, before_record_request=lambda _: None) as server:
        assert talk_in_thread(live(server.url), "a", b"b") == ["a", b"b"]
        assert talk_in_thread(live(server.url), "a", "close")[-1][1].startswith("received 4001")
    assert not path.exists()


def test_the_mode_off_keeps_nothing(path: Path, api: Server) -> None:
    """In record mode `off` messages pass, and no file is made."""
    with served(path, api.base, record_mode="off") as server:
        assert talk_in_thread(live(server.url), "a") == ["a"]
    assert not path.exists()


def test_new_episodes_play_what_is_recorded_and_record_the_rest(path: Path, api: Server) -> None:
    """A WebSocket that is asked for once more is recorded; the one before it is played."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a")
    for upstream, mode in ((api.base, "new_episodes"), (None, "none")):
        with served(path, upstream, record_mode=mode) as server:
            assert talk_in_thread(live(server.url), "a") == ["a"]
            assert talk_in_thread(live(server.url), "b") == ["b"]


def test_the_fault_of_a_handshake(path: Path, api: Server) -> None:
    """A fault hits the handshake, as that is the request: the app gets an answer that opens nothing."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a")
    with served(path, fault={"error": 429, "retry_after": 3}, fast_forward=True) as server:
        refused = _refused(live(server.url))
        assert refused.response.status_code == 429
        assert refused.response.headers["retry-after"] == "3"
        assert talk_in_thread(live(server.url), "a") == ["a"]


@pytest.mark.parametrize("told", [{"delay": 0.2}, {"delay": 30}])
def test_a_late_handshake(path: Path, api: Server, told: dict[str, Any]) -> None:
    """A delay holds the handshake up, unless no time is to pass."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a")
    start = time.monotonic()
    with served(path, fault=told, fast_forward=told["delay"] > 1) as server:
        assert talk_in_thread(live(server.url), "a") == ["a"]
    assert min(told["delay"], 0.2) * (told["delay"] < 1) <= time.monotonic() - start < 10


def test_an_app_that_does_not_wait_for_a_late_handshake(path: Path, api: Server) -> None:
    """It goes, and the server is there for the next one."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a")
    with served(path, fault={"delay": 30, "times": 1}, unplayed="ignore") as server:
        with pytest.raises(TimeoutError), connect(live(server.url), open_timeout=0.1):
            ...
        assert httpx.get(f"{server.url}/healthz").text == "ok\n"


def test_a_message_that_breaks_the_connection_by_a_fault(path: Path, api: Server) -> None:
    """A fault that counts messages breaks the connection after them."""
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), "a", "b", "c")
    fault = {"cut_after": 2}
    with served(path, fault=fault, unplayed="ignore") as server, connect(live(server.url)) as app:
        for message in ("a", "b"):
            app.send(message)
            assert app.recv() == message
        with pytest.raises(ConnectionClosedError):
            app.recv()


def test_times_pass_as_the_pace_says(path: Path) -> None:
    """Messages come as many seconds apart as the option `pace` says, whatever the app says meanwhile."""
    count = 6

    def api(connection: Any) -> None:
        connection.recv()
        for number in range(count):
            connection.send(event("step.delta", index=number))

    def told(url: str) -> float:
        with connect(url) as app:
            app.send("a")
            start = time.monotonic()
            assert [json.loads(app.recv())["index"] for _ in range(count)] == list(range(count))
            return time.monotonic() - start

    with serving(api) as running, served(path, running.base) as server:
        told(live(server.url))
    with served(path, pace=0.02) as server:
        assert told(live(server.url)) >= count * 0.02
    with served(path, pace=30, fast_forward=True) as server:
        assert told(live(server.url)) < 10
