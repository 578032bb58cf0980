"""WebSockets of the websockets library: recorded as they are live, and played with no server."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import vcr
import yaml
from websockets.asyncio.client import connect as connect_in_loop
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect

from pytest_interactions import CassetteMissError, CassetteNotFoundError, StreamEndedError, UnplayedError
from pytest_interactions.cassette import dialogue
from tests.live.talk import PATH, Server, event, server, serving, talk, talk_in_loop, text
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

__all__ = ["server", "talk"]

TALKS = {
    "messages": ("one", "two", "three"),
    "text and bytes": ("text", b"bytes", b"\x00\xff" * 40, '{"json": [1, 2]}', b'{"json": true}\n'),
    "strange texts": (
        "",
        " ",
        "\n",
        "line\nline\n",
        "a\r\nb\r",
        "\x7f\u2028\x85",
        "- sent: 'x'",
        "🙂 ünicode",
        "data: x",
    ),
    "in pieces": ("pieces", ["p", "q"], b"end"),
    "a break": ("one", "break"),
    "a close by the server": ("one", "close"),
    "a message too large": ("one", "large"),
}


#: What the library wants to be told by who opens a connection without a block, since version 17.
DIRECT: Any = {"legacy": True} if "legacy" in inspect.signature(connect).parameters else {}


def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the patience of a replay end soon."""
    monkeypatch.setattr(dialogue, "PATIENCE", 0.05)


@pytest.mark.parametrize("name", TALKS)
def test_a_talk_is_played_as_it_was_live(name: str, talk: Any, server: Server, path: Path) -> None:
    """Messages and the end are the same live, recorded and played with the server gone, and no socket is opened."""
    messages = TALKS[name]
    live = talk(server.url, *messages)
    with use_cassette(path, record_mode="once"):
        assert talk(server.url, *messages) == live
    server.stop()
    with sockets() as seen, use_cassette(path):
        assert talk(server.url, *messages) == live
    assert not seen


def test_what_one_client_recorded_is_played_to_the_other(server: Server, path: Path) -> None:
    """A cassette does not say which of the library's clients recorded it."""
    messages = ("one", b"two", "close")
    with use_cassette(path, record_mode="once"):
        live = talk_in_loop(server.url, *messages)
    server.stop()
    from tests.live.talk import talk_in_thread

    with use_cassette(path):
        assert talk_in_thread(server.url, *messages) == live


def test_the_file_has_a_frame_an_item_and_is_vcrpys(talk: Any, server: Server, path: Path) -> None:
    """A person reads JSON, a frame an item; plain vcrpy loads the file, and sees the handshake as an exchange."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, text("Hello"), b'{\n  "setup": {}\n}\n', b"\x00\xff", "close")
    [item] = yaml.safe_load(path.read_text("utf-8"))["interactions"]
    assert item["response"]["status"]["code"] == 101
    assert item["response"]["body"] == {"string": ""}
    said = '{"event_type":"input","content":[{"type":"text","text":"Hello"}]}'
    setup, data = '{\n  "setup": {}\n}\n', '{"data": "AP8="}'
    assert item["frames"] == [
        {"sent": said},
        {"received": said},
        {"sent": setup, "form": "binary"},
        {"received": setup, "form": "binary"},
        {"sent": data, "form": "bytes"},
        {"received": data, "form": "bytes"},
        {"sent": "close"},
        {"closed": '{"by": "server", "code": 4001, "reason": "enough"}'},
    ]
    with vcr.use_cassette(str(path), record_mode="none") as cassette:
        assert cassette.requests[0].uri == server.url
        assert cassette.responses[0]["status"]["code"] == 101


@pytest.mark.parametrize("client", ["threads", "asyncio"])
def test_a_message_arrives_before_the_server_sends_the_next_one(client: str, path: Path) -> None:
    """While it is recorded, the app has each message at once: the server waits until it says so."""

    def in_turn(connection: Any) -> None:
        for number in range(3):
            connection.send(f"{number}")
            assert connection.recv() == f"got {number}"

    def say_so(connection: Any) -> list[Any]:
        seen = []
        for _ in range(3):
            seen.append(connection.recv())
            connection.send(f"got {seen[-1]}")
        return seen

    async def say_so_in_loop(connection: Any) -> list[Any]:
        seen = []
        for _ in range(3):
            seen.append(await connection.recv())
            await connection.send(f"got {seen[-1]}")
        return seen

    from tests.live.talk import TALKS as CLIENTS

    function: Any = say_so if client == "threads" else say_so_in_loop
    with serving(in_turn) as running:
        with use_cassette(path, record_mode="once"):
            assert CLIENTS[client](running.url, function) == [["0", "1", "2"]]
    with use_cassette(path):
        assert CLIENTS[client](running.url, function) == [["0", "1", "2"]]


# --- what the app says ---


@pytest.mark.parametrize(
    "said",
    [
        ('{"content": [{"text": "Hello", "type": "text"}], "event_type": "input"}',),
        (text("Hello").encode(),),
        (text("Hello").replace('"input"', '"input","metadata":null'),),
    ],
    ids=["order and space", "bytes", "a null"],
)
def test_what_says_the_same_is_the_same_message(said: tuple[Any], talk: Any, server: Server, path: Path) -> None:
    """Messages are compared as bodies are: the order of fields, white space and spelt-out defaults do not matter."""
    with use_cassette(path, record_mode="once"):
        live = talk(server.url, text("Hello"))
    with use_cassette(path):
        assert talk(server.url, *said) == live


@pytest.mark.parametrize(
    ("recorded", "played", "shown"),
    [
        ((text("Hello"),), (text("Hallo"),), ["frame 1 of 3", 'content[0].text: "Hello" -> "Hallo"']),
        (("one", "two"), ("one", "deux"), ["frame 3 of 5", 'body: "two" -> "deux"']),
        ((b"\x00\xfe",), (b"\x00\xff",), ["frame 1 of 3", 'data: "']),
        (("one",), ("one", "two"), ["The app had sent all of the 1 messages", '"two"']),
        ((b"\x00",), ("AA==",), ["frame 1 of 3"]),
    ],
    ids=["a field", "a text", "bytes", "one more", "text for bytes"],
)
def test_a_changed_or_additional_message_is_a_miss(  # noqa: PLR0917 - a table
    recorded: Any, played: Any, shown: list[str], talk: Any, server: Server, path: Path
) -> None:
    """The app's call raises a miss that names the frame and what differs, and how to record again; nothing is sent."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, *recorded)
    with pytest.raises(CassetteMissError) as error, use_cassette(path):
        talk(server.url, *played)
    for part in [*shown, str(path), f"{path}", "record_mode='rewrite'"]:
        assert part in str(error.value)


def test_a_swallowed_miss_fails_at_the_end(talk: Any, server: Server, path: Path) -> None:
    """An app that goes on after a miss does not pass, and whatever it does with the connection tells of it again."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one", "two")

    def ask(connection: Any) -> None:
        for call in (lambda: connection.send("other"), lambda: connection.send("two"), connection.recv):
            with pytest.raises(CassetteMissError, match="frame 3 of 5"):
                call()

    async def ask_in_loop(connection: Any) -> None:
        for call in (lambda: connection.send("other"), lambda: connection.send("two"), connection.recv):
            with pytest.raises(CassetteMissError, match="frame 3 of 5"):
                await call()

    with pytest.raises(CassetteMissError, match="frame 3 of 5"), use_cassette(path):
        talk(server.url, "one", ask_in_loop if talk is talk_in_loop else ask)


def test_a_message_that_is_missing_fails_the_test(talk: Any, server: Server, path: Path) -> None:
    """The app that leaves before it has said all is told which frame it left out; `unplayed` lets it pass."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one", "two", "three")
    with pytest.raises(UnplayedError) as error, use_cassette(path):
        talk(server.url, "one")
    assert "2 of 3 messages" in str(error.value)
    assert 'frame 3 of 7: to /interactions/live: "two"' in str(error.value)
    with use_cassette(path, unplayed="ignore"):
        talk(server.url, "one")
    with pytest.warns(UserWarning, match="2 of 3 messages"), use_cassette(path, unplayed="warn"):
        talk(server.url, "one")


def test_the_order_of_messages_counts(talk: Any, server: Server, path: Path) -> None:
    """An app that says the second thing first gets a miss that says so."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "nothing", text("one"), text("two"), answers=0)
    with pytest.raises(CassetteMissError, match="frame 2 of") as error, use_cassette(path):
        talk(server.url, "nothing", text("two"), text("one"), answers=0)
    assert "It was recorded as frame" in str(error.value)


def _audio(number: int) -> str:
    data = base64.b64encode(bytes([number] * 8)).decode()
    return event("input", content=[{"type": "audio", "data": data, "mime_type": "audio/l16;rate=16000"}])


def _result(name: str) -> str:
    return event("input", content=[{"type": "function_result", "call_id": name, "result": f"of {name}"}])


def _response(name: str) -> str:
    return json.dumps({"toolResponse": {"functionResponses": [{"id": name, "response": {"of": name}}]}})


@pytest.mark.parametrize(
    ("recorded", "played"),
    [
        ([_audio(1), _audio(2), text("stop"), _audio(3)], [text("stop"), _audio(1), _audio(2), _audio(3)]),
        ([_audio(1), text("stop"), _audio(2)], [_audio(1), _audio(2), text("stop")]),
        ([_result("a"), _result("b")], [_result("b"), _result("a")]),
        ([_response("a"), _response("b")], [_response("b"), _response("a")]),
        ([b"\x00\x01", text("x"), b"\x00\x02"], [b"\x00\x01", b"\x00\x02", text("x")]),
    ],
    ids=["sooner", "later", "results", "results of the older API", "bytes"],
)
def test_media_that_stream_and_results_of_calls_may_come_sooner_or_later(
    recorded: list[Any], played: list[Any], talk: Any, server: Server, path: Path
) -> None:
    """When a chunk of audio is sent, or which of two calls ends first, is a matter of time."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, *recorded, answers=0)
    with use_cassette(path):
        talk(server.url, *played, answers=0)


@pytest.mark.parametrize(
    ("recorded", "played"),
    [
        ([_audio(1), _audio(2)], [_audio(2), _audio(1)]),
        ([text("a"), _result("b")], [_result("b"), text("a")]),
        ([_result("a"), _result("a").replace("of", "by")], [_result("a").replace("of", "by"), _result("a")]),
    ],
    ids=["media", "an input before a result", "results of one call"],
)
def test_all_else_keeps_its_order(
    recorded: list[Any], played: list[Any], talk: Any, server: Server, path: Path
) -> None:
    """Chunks of audio keep theirs, and so do messages of which the model sees one before the other."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, *recorded, answers=0)
    with pytest.raises(CassetteMissError), use_cassette(path):
        talk(server.url, *played, answers=0)


def test_in_sequence_nothing_overtakes(talk: Any, server: Server, path: Path) -> None:
    """With `match_on="sequence"`, each message comes in its place."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, _audio(1), text("stop"), answers=0)
    with pytest.raises(CassetteMissError), use_cassette(path, match_on="sequence"):
        talk(server.url, text("stop"), _audio(1), answers=0)


# --- who waits, and who leaves ---


def test_an_app_that_waits_where_it_had_spoken_is_told(
    talk: Any, server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server said next came after a message of the app's, so the wait would never end."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one", "two")
    _soon(monkeypatch)
    with pytest.raises(CassetteMissError, match="frame 3 of 5") as error, use_cassette(path):
        talk(server.url, "one", answers=2)
    assert "the app waits for a message" in str(error.value)


def test_an_app_that_waits_longer_than_was_recorded_is_told(
    talk: Any, server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more was recorded, as the app left then: an error says so, not a silent end."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one")
    _soon(monkeypatch)
    with pytest.raises(StreamEndedError, match="recorded only up to here"), use_cassette(path):
        talk(server.url, "one", answers=2)


async def test_a_task_may_wait_while_another_one_closes(server: Server, path: Path) -> None:
    """A task that listens all the time is no app that waits for ever: the other one closes the connection."""

    async def app() -> list[Any]:
        async with connect_in_loop(server.url) as connection:
            heard: list[Any] = []

            async def listen() -> None:
                async for message in connection:
                    heard.append(message)  # noqa: PERF401 - the other task looks at it meanwhile

            listening = asyncio.create_task(listen())
            for message in ("one", "two"):
                await connection.send(message)
            while len(heard) < 2:  # noqa: ASYNC110 - as apps do
                await asyncio.sleep(0.001)
        await listening
        return heard

    with use_cassette(path, record_mode="once"):
        assert await app() == ["one", "two"]
    for fast_forward in (True, False):
        with use_cassette(path, fast_forward=fast_forward):
            assert await app() == ["one", "two"]


def test_an_app_that_leaves_early_is_recorded_so(talk: Any, server: Server, path: Path) -> None:
    """What it did not wait for is not missed, live or in a replay."""

    def leave(connection: Any) -> Any:
        return connection.close(1001, "going")  # which the other client awaits

    with use_cassette(path, record_mode="once") as cassette:
        talk(server.url, "one", "two", leave, answers=0)
    assert '{"by": "app", "code": 1001, "reason": "going"}' in path.read_text("utf-8")
    assert len(cassette.exchanges) == 1
    with use_cassette(path) as replay:
        talk(server.url, "one", "two", leave, answers=0)
    assert replay.all_played


def test_a_connection_that_is_left_open_is_recorded_as_far_as_it_came(server: Server, path: Path) -> None:
    """The test ended before the app closed it: what was said is there, and plays."""
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            connection = connect(server.url, **DIRECT)
            connection.send("one")
            assert connection.recv() == "one"
        with suppress(ConnectionClosed, StreamEndedError):
            connection.close()
    assert "by: app" in path.read_text("utf-8")


@pytest.mark.parametrize("mode", ["once", "none"])
def test_an_app_that_outlives_its_cassette_is_told(mode: str, server: Server, path: Path) -> None:
    """What it says when the cassette has closed is neither recorded nor played."""
    with use_cassette(path, record_mode="once"), connect(server.url) as connection:
        connection.send("one")
        connection.recv()
    if mode == "once":
        path.unlink()
    with use_cassette(path, record_mode=mode):
        connection = connect(server.url, **DIRECT)
        connection.send("one")
        connection.recv()
    with pytest.raises(StreamEndedError, match="has closed"):
        connection.send("two")
    with suppress(ConnectionClosed, StreamEndedError):
        connection.close()


# --- several connections ---


async def test_connections_that_are_opened_at_once_get_each_its_own(path: Path) -> None:
    """Their handshakes are equal, so the first message tells which is which, in whatever order they are opened."""

    async def app(url: str, name: str) -> list[Any]:
        async with connect_in_loop(url) as connection:
            await connection.send(event("interaction.connect", id=name))
            await connection.send(text(name))
            return [await connection.recv() for _ in range(2)]

    with serving() as running:
        with use_cassette(path, record_mode="once"):
            live = await asyncio.gather(*(app(running.url, name) for name in "abc"))
    for order in ("abc", "cba", "bca"):
        with use_cassette(path) as replay:
            played = await asyncio.gather(*(app(running.url, name) for name in order))
            assert dict(zip(order, played, strict=True)) == dict(zip("abc", live, strict=True))
            assert replay.all_played
        assert len(replay.exchanges) == 3


def test_connections_one_after_the_other_play_by_their_first_message(talk: Any, server: Server, path: Path) -> None:
    """A reconnection is a connection of its own."""
    with use_cassette(path, record_mode="once"):
        live = [talk(server.url, name) for name in ("one", "two")]
    with use_cassette(path):
        assert [talk(server.url, name) for name in ("two", "one")] == live[::-1]
    with use_cassette(path):
        assert [talk(server.url, name) for name in ("one", "two")] == live
    with pytest.raises(CassetteMissError), use_cassette(path):
        talk(server.url, "two")
        talk(server.url, "two")


def test_one_connection_more_is_a_miss(talk: Any, server: Server, path: Path) -> None:
    """A handshake that was not recorded is refused as any request is."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one")
    with pytest.raises(CassetteMissError, match="asked for it 2 times"), use_cassette(path):
        talk(server.url, "one")
        talk(server.url, "one")
    with pytest.raises(CassetteNotFoundError), use_cassette(path.with_name("none.yaml")):
        talk(server.url, "one")


def test_a_request_of_http_is_not_answered_by_a_websocket(server: Server, path: Path) -> None:
    """A GET of the same path wants something else."""
    import httpx

    with use_cassette(path, record_mode="once"), connect(server.url) as connection:
        connection.send("one")
    with pytest.raises(CassetteMissError), use_cassette(path, unplayed="ignore"):
        httpx.get(f"{server.base}{PATH}")


def test_tests_that_share_a_cassette_record_each_its_own(run: Runner, server: Server) -> None:
    """Their handshakes are equal, so none is answered by what another test has just recorded."""
    run.pytester.makepyfile(f"""
import pytest
from websockets.sync.client import connect

@pytest.mark.interactions("shared")
@pytest.mark.parametrize("words", ["one", "two", "one"])
def test_talk(words):
    with connect({server.url!r}) as connection:
        connection.send(words)
        assert connection.recv() == words
""")
    run.record().assert_outcomes(passed=3)
    server.stop()
    run.replay().assert_outcomes(passed=3)


def test_it_goes_on_where_a_cassette_ends(talk: Any, server: Server, path: Path) -> None:
    """In `new_episodes`, known connections are played and new ones recorded."""
    with use_cassette(path, record_mode="once"):
        talk(server.url, "one")
    with use_cassette(path, record_mode="new_episodes"):
        assert talk(server.url, "one") == talk(server.url, "one") == ["one"]
    server.stop()
    with use_cassette(path):
        assert talk(server.url, "one") == talk(server.url, "one") == ["one"]


# --- handshakes ---


def _refusing(_: Any, request: Any) -> Response | None:
    if request.path.startswith("/v1beta/nothing"):
        return Response(404, "Not Found", Headers([("content-type", "text/plain"), ("retry-after", "3")]), b"none here")
    if request.path.startswith("/v1beta/moved"):
        return Response(302, "Found", Headers([("location", PATH)]), b"")
    return None


def test_a_handshake_that_is_refused_is_played_so(talk: Any, path: Path) -> None:
    """The status, the headers and the body are those of the server."""
    with serving(process_request=_refusing) as running:
        url = running.url.replace("interactions/live", "nothing/live")
        with use_cassette(path, record_mode="once", recorded_hosts=["127.0.0.1"]), pytest.raises(InvalidStatus) as live:
            talk(url)
    with use_cassette(path), pytest.raises(InvalidStatus) as played:
        talk(url)
    assert played.value.response.status_code == live.value.response.status_code == 404
    assert bytes(played.value.response.body or b"") == b"none here"
    assert played.value.response.headers["retry-after"] == "3"
    assert str(played.value) == str(live.value)


def test_no_server_is_an_error_that_comes_again(talk: Any, path: Path) -> None:
    """Nobody listened when it was recorded; the replay raises the same kind of error."""
    with serving() as running:
        url = running.url
    with use_cassette(path, record_mode="once"), pytest.raises(ConnectionRefusedError) as live:
        talk(url)
    with use_cassette(path), pytest.raises(ConnectionRefusedError) as played:
        talk(url)
    assert played.value.errno == live.value.errno


def test_a_subprotocol_is_chosen_as_it_was(talk: Any, path: Path) -> None:
    """The server's choice holds; one that is offered no more is not chosen."""

    def of(connection: Any) -> Any:
        return connection.subprotocol

    async def of_loop(connection: Any) -> Any:
        return connection.subprotocol

    ask = of_loop if talk is talk_in_loop else of
    with serving(subprotocols=["b"]) as running, use_cassette(path, record_mode="once"):
        assert talk(running.url, ask, subprotocols=["a", "b"]) == ["b"]
    with use_cassette(path):
        assert talk(running.url, ask, subprotocols=["a", "b"]) == ["b"]
    with use_cassette(path):
        assert talk(running.url, ask, subprotocols=["a"]) == [None]


def test_a_redirection_is_followed_in_a_replay(path: Path) -> None:
    """Each hop is an exchange."""
    with serving(process_request=_refusing) as running:
        url = running.url.replace("interactions/live", "moved")
        options: Any = {"recorded_hosts": ["127.0.0.1"]}
        with use_cassette(path, record_mode="once", **options) as cassette:
            live = talk_in_loop(url, "one")
        assert [exchange.response.status for exchange in cassette.exchanges] == [302, 101]
    with use_cassette(path):
        assert talk_in_loop(url, "one") == live == ["one"]


# --- time ---


def test_pings_are_answered_and_not_recorded(path: Path, server: Server) -> None:
    """An app may ping: the answer comes, live and in a replay."""

    def ping(connection: Any) -> bool:
        return bool(connection.ping().wait(5))

    async def ping_in_loop(connection: Any) -> bool:
        return bool(await (await connection.ping()) >= 0)

    from tests.live.talk import talk_in_thread

    for number, (say, function) in enumerate([(talk_in_thread, ping), (talk_in_loop, ping_in_loop)]):
        cassette = path.with_name(f"{number}.yaml")
        with use_cassette(cassette, record_mode="once"):
            assert say(server.url, "one", function) == ["one", True]
        with use_cassette(cassette):
            assert say(server.url, "one", function) == ["one", True]
        assert "ping" not in cassette.read_text("utf-8")


def test_a_pace_holds_between_messages(talk: Any, path: Path) -> None:
    """Messages come so many seconds apart; a replay that skips waiting does not wait."""

    def three(connection: Any) -> None:
        for number in range(3):
            connection.send(str(number))
        list(connection)  # until the app closes, as old versions of the library lose what was not read by then

    def hear(connection: Any) -> list[Any]:
        return [connection.recv() for _ in range(3)]

    async def hear_in_loop(connection: Any) -> list[Any]:
        return [await connection.recv() for _ in range(3)]

    function = hear_in_loop if talk is talk_in_loop else hear
    with serving(three) as running, use_cassette(path, record_mode="once"):
        talk(running.url, function)
    took = {}
    for pace, fast_forward in ((0, False), (0.05, False), (60, True)):
        begun = time.perf_counter()
        with use_cassette(path, pace=pace, fast_forward=fast_forward):
            assert talk(running.url, function) == [["0", "1", "2"]]
        took[pace] = time.perf_counter() - begun
    assert took[0.05] >= 0.15
    assert took[60] < 30


def test_the_recorded_pace_is_kept(talk: Any, path: Path) -> None:
    """A message that came late comes as late in a replay at `pace="recorded"`, and sooner at a factor."""

    def late(connection: Any) -> None:
        connection.send("0")
        time.sleep(0.2)
        connection.send("1")

    def hear(connection: Any) -> float:
        connection.recv()
        begun = time.perf_counter()
        connection.recv()
        return time.perf_counter() - begun

    async def hear_in_loop(connection: Any) -> float:
        await connection.recv()
        begun = time.perf_counter()
        await connection.recv()
        return time.perf_counter() - begun

    function: Any = hear_in_loop if talk is talk_in_loop else hear
    with serving(late) as running, use_cassette(path, record_mode="once"):
        [live] = talk(running.url, function)
    with use_cassette(path, pace="recorded"):
        [played] = talk(running.url, function)
    with use_cassette(path, pace="4x"):
        [fast] = talk(running.url, function)
    assert played >= 0.9 * live
    assert fast < played


def test_a_thousand_messages_are_played_in_order(talk: Any, path: Path) -> None:
    """They come as they were recorded, however fast the app reads."""

    def many(connection: Any) -> None:
        for number in range(1000):
            connection.send(f'{{"number": {number}}}')
        connection.close()

    def hear(connection: Any) -> list[Any]:
        return list(connection)

    async def hear_in_loop(connection: Any) -> list[Any]:
        return [message async for message in connection]

    function: Any = hear_in_loop if talk is talk_in_loop else hear
    with serving(many) as running, use_cassette(path, record_mode="once"):
        live = talk(running.url, function)
    with use_cassette(path):
        played = talk(running.url, function)
    assert played == live
    assert len(played[0]) == 1000
