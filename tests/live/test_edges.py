"""What is rare on a WebSocket: pieces that are read one by one, ends at odd moments, what is dropped, and waits."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect as connect_in_loop
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import connect

from pytest_interactions import CassetteFormatError, CassetteMissError, StreamEndedError, UnplayedError
from pytest_interactions.cassette import dialogue
from tests.live.talk import Server, event, server, serving, talk, talk_in_loop, talk_in_thread, text
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["server", "talk"]


def _pieces(talk: Any) -> Any:
    """What reads a message piece by piece, for one of both clients."""

    def read(connection: Any) -> list[Any]:
        connection.send("pieces")
        return ["".join(connection.recv_streaming())]

    async def read_in_loop(connection: Any) -> list[Any]:
        await connection.send("pieces")
        return ["".join([piece async for piece in connection.recv_streaming()])]

    return read_in_loop if talk is talk_in_loop else read


def test_a_message_is_read_piece_by_piece(talk: Any, server: Server, path: Path) -> None:
    """Its pieces are another matter in a replay, the message is the same; and an end is told there too."""
    with use_cassette(path, record_mode="once"):
        assert talk(server.url, _pieces(talk)) == [["abc"]]
    with use_cassette(path):
        assert talk(server.url, _pieces(talk)) == [["abc"]]
    with pytest.raises(CassetteMissError), use_cassette(path):
        talk(server.url, lambda connection: _other(connection, talk))


def _other(connection: Any, talk: Any) -> Any:
    async def ask_in_loop() -> None:
        with pytest.raises(CassetteMissError):
            await connection.send("other")
        async for _ in connection.recv_streaming():
            pass

    if talk is talk_in_loop:
        return ask_in_loop()
    with pytest.raises(CassetteMissError):
        connection.send("other")
    return list(connection.recv_streaming())


def test_a_connection_that_breaks_while_a_message_comes_in_pieces_is_the_librarys_own_error(
    talk: Any, server: Server, path: Path
) -> None:
    """The library's exception comes to who reads the pieces."""

    def broken(connection: Any) -> Any:
        connection.send("break")
        with pytest.raises(ConnectionClosedError):
            list(connection.recv_streaming())
        return "broken"

    async def broken_in_loop(connection: Any) -> Any:
        await connection.send("break")
        with pytest.raises(ConnectionClosedError):
            async for _ in connection.recv_streaming():
                pass
        return "broken"

    function: Any = broken_in_loop if talk is talk_in_loop else broken
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert talk(server.url, function) == ["broken"]


def test_an_app_says_something_after_the_end(talk: Any, server: Server, path: Path) -> None:
    """It gets the library's own exception, live and in a replay."""

    def late(connection: Any) -> Any:
        for call in (connection.recv, lambda: connection.send("more")):
            with pytest.raises(ConnectionClosed) as error:
                call()
        return str(error.value)

    async def late_in_loop(connection: Any) -> Any:
        for call in (connection.recv, lambda: connection.send("more")):
            with pytest.raises(ConnectionClosed) as error:
                await call()
        return str(error.value)

    function: Any = late_in_loop if talk is talk_in_loop else late
    ends = []
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            ends.append(talk(server.url, "close", function, answers=0))
    assert ends[0] == ends[1]
    assert "4001" in ends[0][0]


def test_the_address_of_a_server_that_is_gone_is_known(talk: Any, server: Server, path: Path) -> None:
    """Logs show it."""

    def address(connection: Any) -> Any:
        return connection.remote_address

    async def address_in_loop(connection: Any) -> Any:
        return connection.remote_address

    function: Any = address_in_loop if talk is talk_in_loop else address
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert talk(server.url, function) == [("127.0.0.1", server.port)]


def test_an_app_breaks_its_own_connection(server: Server, path: Path) -> None:
    """It shuts the socket, as older versions of the library do."""

    def shut(connection: Any) -> Any:
        connection.socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(ConnectionClosedError):
            connection.recv()
        return "shut"

    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert talk_in_thread(server.url, "one", shut) == ["one", "shut"]


def test_an_app_reads_slowly(path: Path) -> None:
    """More comes than the library holds for it: nothing is lost, and nothing comes sooner than it may."""

    def many(connection: Any) -> None:
        for number in range(200):
            connection.send(str(number) * 500)

    async def slow(connection: Any) -> list[Any]:
        heard = []
        for _ in range(200):
            heard.append(await connection.recv())
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return heard

    def slow_in_thread(connection: Any) -> list[Any]:
        time.sleep(0.05)
        return [connection.recv() for _ in range(200)]

    for name, say, function in (("a", talk_in_loop, slow), ("b", talk_in_thread, slow_in_thread)):
        cassette = path.with_name(f"{name}.yaml")
        with serving(many) as running, use_cassette(cassette, record_mode="once"):
            live = say(running.url, function)
        with use_cassette(cassette):
            assert say(running.url, function) == live


def test_a_message_that_a_hook_drops_is_no_matter(talk: Any, server: Server, path: Path) -> None:
    """It is not recorded, and not looked for."""

    def without_notes(response: dict[str, Any]) -> dict[str, Any] | None:
        body: bytes = response["body"]["string"]
        kept = [each for each in body.split(b"\n\n") if each and b"note" not in each]
        response["body"]["string"] = b"".join(each + b"\n\n" for each in kept)
        return response

    options: Any = {"before_record_response": without_notes}
    with use_cassette(path, record_mode="once", **options):
        talk(server.url, "note 1", "one", "note 2")
    assert "note" not in path.read_text("utf-8")
    with use_cassette(path, **options):
        assert talk(server.url, "note 3", "one", answers=0) == []


def test_a_media_file_that_is_gone_is_named(talk: Any, server: Server, path: Path) -> None:
    """The app is told where it reads the message."""
    data = base64.b64encode(bytes(range(256)) * 8).decode()
    message = event("input", content=[{"type": "audio", "data": data, "mime_type": "audio/wav"}])
    with use_cassette(path, record_mode="once", media_threshold=100):
        talk(server.url, message)
    for file in path.with_name("c.media").iterdir():
        file.unlink()
    for pace in (0, 0.01):
        with pytest.raises(CassetteFormatError, match="media file of the cassette can't be read"):
            with use_cassette(path, pace=pace, fast_forward=False):
                talk(server.url, message)


def test_an_app_that_leaves_before_all_is_due_is_let_go(talk: Any, path: Path) -> None:
    """What would have come later is not waited for at the end."""

    def three(connection: Any) -> None:
        for number in range(3):
            connection.send(str(number))

    def first(connection: Any) -> Any:
        return connection.recv()

    async def first_in_loop(connection: Any) -> Any:
        return await connection.recv()

    function: Any = first_in_loop if talk is talk_in_loop else first
    with serving(three) as running, use_cassette(path, record_mode="once"):
        assert talk(running.url, function) == ["0"]
    begun = time.perf_counter()
    with use_cassette(path, pace=0.1, fast_forward=False):
        assert talk(running.url, function) == ["0"]
    assert time.perf_counter() - begun < 5


async def test_an_app_that_listens_with_a_limit_gets_its_own_time_out(server: Server, path: Path) -> None:
    """It waited in vain when it was recorded, and does so again."""

    async def app() -> list[Any]:
        async with connect_in_loop(server.url) as connection:
            await connection.send("nothing")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.05)
            await connection.send("one")
            return [await connection.recv()]

    with use_cassette(path, record_mode="once"):
        assert await app() == ["one"]
    for fast_forward in (True, False):
        with use_cassette(path, fast_forward=fast_forward):
            assert await app() == ["one"]


def test_a_thread_that_listens_does_not_lose_patience_while_another_one_works(server: Server, path: Path) -> None:
    """It waits as long as something was to be said by the app, and a little longer than that took live."""

    def app() -> list[Any]:
        with connect(server.url) as connection:
            heard: list[Any] = []

            def listen() -> None:
                heard.extend([connection.recv() for _ in range(2)])

            thread = threading.Thread(target=listen)
            thread.start()
            connection.send("one")
            threading.Event().wait(0.1)
            connection.send("two")
            thread.join()
            return heard

    with use_cassette(path, record_mode="once"):
        assert app() == ["one", "two"]
    with use_cassette(path):
        assert app() == ["one", "two"]


def test_many_missing_messages_and_differences_are_counted(server: Server, path: Path) -> None:
    """No message is longer than a person reads."""
    messages = [text(str(number)) for number in range(20)]
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, *messages)
    with pytest.raises(UnplayedError, match="and 12 more"), use_cassette(path):
        talk_in_thread(server.url, messages[0])
    fields = {f"field{number}": number for number in range(30)}
    with use_cassette(path.with_name("d.yaml"), record_mode="once"):
        talk_in_thread(server.url, event("input", **fields))
    changed = event("input", **{name: value + 1 for name, value in fields.items()})
    with pytest.raises(CassetteMissError, match="and 23 more"), use_cassette(path.with_name("d.yaml")):
        talk_in_thread(server.url, changed)


def test_bytes_are_no_text_that_looks_like_them(server: Server, path: Path) -> None:
    """One is a text of JSON, the other one bytes that are written so in the file."""
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, b"\x00\x01")
    with pytest.raises(CassetteMissError, match="One is a text, the other one bytes"), use_cassette(path):
        talk_in_thread(server.url, '{"data": "AAE="}')


def test_a_secret_that_is_not_known_any_more_may_be_another_text(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay has no key: what stands in its place is found, and what differs elsewhere is a miss."""
    secret = "s3cr3t" + "9fQ2vLx7Tz4B"
    monkeypatch.setenv("SOME_LIVE_TOKEN", secret)
    said = event("input", content=[{"type": "text", "text": f"token {secret}"}], list=[1, secret])
    with use_cassette(path, record_mode="once"):
        talk_in_thread(server.url, said, f"plain {secret} text")
    with use_cassette(path):
        talk_in_thread(server.url, said.replace(secret, "none"), "plain none text")
    for other in (said.replace(secret, "none").replace("[1", "[2"), said.replace('"list":', '"more":1,"list":')):
        with pytest.raises(CassetteMissError), use_cassette(path):
            talk_in_thread(server.url, other.replace(secret, "none"))


async def test_a_cassette_that_closes_ends_what_is_played(path: Path) -> None:
    """Who waits for a message then is told that the cassette has closed."""

    def two(connection: Any) -> None:
        for message in "01":
            connection.recv()
            connection.send(message)

    async def begin(url: str) -> Any:
        connection = await connect_in_loop(url)
        await connection.send("x")
        assert await connection.recv() == "0"
        return connection

    with serving(two) as running:
        with use_cassette(path, record_mode="once"):
            connection = await begin(running.url)
            await connection.send("y")
            assert await connection.recv() == "1"
            await connection.close()
        with use_cassette(path, unplayed="ignore"):
            connection = await begin(running.url)
    for call in (connection.recv, lambda: connection.send("y")):
        with pytest.raises(StreamEndedError, match="has closed"):
            await call()
    await connection.close()


def test_the_patience_of_a_replay_is_that_of_the_recording_and_more(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app took a while before it spoke; so long, and `PATIENCE` beyond, nobody says that it does not."""
    monkeypatch.setattr(dialogue, "PATIENCE", 0.02)

    async def app() -> list[Any]:
        async with connect_in_loop(server.url) as connection:
            await connection.send("one")
            await connection.recv()
            listening = asyncio.create_task(connection.recv())
            await asyncio.to_thread(threading.Event().wait, 0.1)
            await connection.send("two")
            return [await listening]

    with use_cassette(path, record_mode="once"):
        assert asyncio.run(app()) == ["two"]
    with use_cassette(path, fast_forward=False):
        assert asyncio.run(app()) == ["two"]
