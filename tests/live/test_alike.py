"""WebSockets that begin alike: what tells which recording is whose comes later than their first messages."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect as connect_in_loop
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pytest_interactions import CassetteMissError
from pytest_interactions.cassette import dialogue
from tests.live.talk import serving
from tests.server.sockets import live, served
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path


def greeting(connection: Any) -> None:
    """Speak first."""
    connection.send("ready")
    for message in connection:
        connection.send(f"answer to {message}")


def setting_up(connection: Any) -> None:
    """Confirm a set-up, which all have in common, then answer."""
    for message in connection:
        connection.send("ready" if message == "setup" else f"answer to {message}")


SERVERS: dict[str, Any] = {"a greeting": greeting, "a set-up": setting_up}


@pytest.mark.parametrize("kind", SERVERS)
async def test_connections_are_told_apart_by_what_comes_after_an_equal_beginning(kind: str, path: Path) -> None:
    """Each task gets its own answer, in whatever order they begin."""
    begun = asyncio.Event()

    async def ask(url: str, name: str) -> Any:
        async with connect_in_loop(url) as connection:
            if kind == "a set-up":
                await connection.send("setup")
            assert await connection.recv() == "ready"
            if name == "a":
                begun.set()
            await begun.wait()  # so that all have begun when the first one differs
            await connection.send(name)
            return await connection.recv()

    async def app(url: str, names: str) -> dict[str, Any]:
        begun.clear()
        return dict(zip(names, await asyncio.gather(*(ask(url, name) for name in names)), strict=True))

    with serving(SERVERS[kind]) as running, use_cassette(path, record_mode="once"):
        heard = await app(running.url, "abcd")
    for names in ("abcd", "dcba", "bdac"):
        with use_cassette(path) as replay:
            assert await app(running.url, names) == heard
            assert replay.all_played
    with pytest.raises(CassetteMissError, match='-> "e"'), use_cassette(path):
        await app(running.url, "ae")


@pytest.mark.parametrize("kind", SERVERS)
def test_threads_of_a_pool_get_each_its_own(kind: str, path: Path) -> None:
    """Nobody knows in which order they open their connections."""

    def ask(url: str, number: int) -> Any:
        with connect(url) as connection:
            if kind == "a set-up":
                connection.send("setup")
            connection.recv()
            connection.send(f"{number}")
            return connection.recv()

    def app(url: str) -> list[Any]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda number: ask(url, number), range(8)))

    with serving(SERVERS[kind]) as running, use_cassette(path, record_mode="once"):
        heard = app(running.url)
    for _ in range(5):
        with use_cassette(path):
            assert app(running.url) == heard


def test_one_that_has_ended_gives_its_recording_to_one_that_goes_on(path: Path) -> None:
    """A short talk and a long one begin alike: in a replay, the short one may have had the long one's."""

    def say(url: str, *words: str) -> list[Any]:
        with connect(url) as connection:
            heard = []
            for word in words:
                connection.send(word)
                heard.append(connection.recv())
            return heard

    with serving(setting_up) as running, use_cassette(path, record_mode="once"):
        said = say(running.url, "setup", "one", "two"), say(running.url, "setup", "one")
    with use_cassette(path) as replay:
        assert (say(running.url, "setup", "one"), say(running.url, "setup", "one", "two")) == said[::-1]
        assert replay.all_played


def test_what_came_in_another_order_is_no_equal_beginning(path: Path) -> None:
    """One has heard what the other recording has behind a message that differs, so it gets a miss."""
    said: list[Any] = []

    def first_or_second(connection: Any) -> None:
        said.append(None)
        if len(said) > 1:
            said.append(connection.recv())
        connection.send("ready")
        said.append(connection.recv())

    def speak(url: str, *words: str) -> Any:
        with connect(url) as connection:
            heard = connection.recv() if len(words) == 1 else None
            for word in words:
                connection.send(word)
            return heard or connection.recv()

    with serving(first_or_second) as running, use_cassette(path, record_mode="once"):
        assert speak(running.url, "a") == speak(running.url, "b", "c") == "ready"
    with pytest.raises(CassetteMissError, match='body: "a" -> "b"'), use_cassette(path, unplayed="ignore"):
        speak(running.url, "b")


def test_a_handshake_that_was_refused_is_no_recording_to_go_on_with(path: Path) -> None:
    """One that was opened before, or after, had an equal handshake, and no messages."""
    opened: list[Any] = []

    def second_is_refused(connection: Any, _request: Any) -> Any:
        opened.append(connection)
        return connection.respond(503, "later") if len(opened) == 2 else None

    def app(url: str, word: str) -> Any:
        with connect(url) as connection:
            connection.send(word)
            return connection.recv()

    with serving(setting_up, process_request=second_is_refused) as running, use_cassette(path, record_mode="once"):
        assert app(running.url, "a") == "answer to a"
        with pytest.raises(InvalidStatus):
            app(running.url, "a")
        assert app(running.url, "b") == "answer to b"
    with use_cassette(path) as replay:
        assert app(running.url, "a") == "answer to a"
        with pytest.raises(InvalidStatus):
            app(running.url, "a")
        assert app(running.url, "b") == "answer to b"
        assert replay.all_played
    with pytest.raises(CassetteMissError, match='-> "c"'), use_cassette(path, unplayed="ignore"):
        app(running.url, "c")


# --- one whose recording changes while it waits ---


def test_one_whose_loop_has_closed_gives_its_recording_away(path: Path) -> None:
    """Nobody waits there who would have to be told."""
    kept: list[Any] = []

    async def left_open(url: str, *words: str) -> None:
        kept.append(await connect_in_loop(url))
        for word in words:
            await kept[-1].send(word)

    def app(url: str, *words: str) -> Any:
        with connect(url) as connection:
            for word in words:
                connection.send(word)
            return connection.recv()

    def silent_at_first(connection: Any) -> None:
        assert connection.recv() == "x"
        connection.send(f"answer to {connection.recv()}")

    with serving(silent_at_first) as running, use_cassette(path, record_mode="once"):
        assert [app(running.url, "x", word) for word in "yz"] == ["answer to y", "answer to z"]
    with use_cassette(path, unplayed="ignore"):
        asyncio.run(left_open(running.url, "x"))
        assert app(running.url, "x", "y") == "answer to y"


def _both_in_threads(url: str) -> list[Any]:
    has_begun, is_joined = threading.Event(), threading.Event()

    def long() -> Any:
        with connect(url) as connection:
            connection.send("x")
            has_begun.set()
            is_joined.wait(5)
            connection.send("y")
            return connection.recv()

    def short() -> Any:
        has_begun.wait(5)
        with connect(url) as connection:
            connection.send("x")
            is_joined.set()
            return connection.recv()

    with ThreadPoolExecutor(2) as pool:
        return [each.result() for each in [pool.submit(long), pool.submit(short)]]


async def _both_in_loop(url: str) -> list[Any]:
    has_begun, is_joined = asyncio.Event(), asyncio.Event()

    async def long() -> Any:
        async with connect_in_loop(url) as connection:
            await connection.send("x")
            has_begun.set()
            await is_joined.wait()
            await connection.send("y")
            return await connection.recv()

    async def short() -> Any:
        await has_begun.wait()
        async with connect_in_loop(url) as connection:
            await connection.send("x")
            is_joined.set()
            return await connection.recv()

    return list(await asyncio.gather(long(), short()))


BOTH: dict[str, Any] = {"threads": _both_in_threads, "asyncio": lambda url: asyncio.run(_both_in_loop(url))}


@pytest.mark.parametrize("is_served", [False, True], ids=["in process", "through the server"])
@pytest.mark.parametrize("client", BOTH)
def test_who_waits_is_played_the_recording_that_another_one_leaves(
    client: str, is_served: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is late with its second message had the other one's recording, which that gets at once."""
    monkeypatch.setattr(dialogue, "PATIENCE", 2)
    lengths = iter([1, 2])

    def answering(connection: Any) -> None:
        said = [connection.recv() for _ in range(next(lengths))]
        connection.send(f"answer to {said[-1]}")

    def ask(url: str, *words: str) -> Any:
        with connect(url) as connection:
            for word in words:
                connection.send(word)
            return connection.recv()

    with serving(answering) as running, use_cassette(path, record_mode="once"):
        assert [ask(running.url, "x"), ask(running.url, "x", "y")] == ["answer to x", "answer to y"]
    if is_served:
        with served(path, pace=0.3, fast_forward=False) as server:
            heard = BOTH[client](live(server.url))
    else:
        with use_cassette(path, pace=0.3, fast_forward=False):
            heard = BOTH[client](running.url)
    assert heard == ["answer to y", "answer to x"]


def test_what_is_due_no_more_is_not_taken(path: Path) -> None:
    """Between the look at what is due and the taking of it, another thread may have said something."""
    with serving(setting_up) as running, use_cassette(path, record_mode="once"), connect(running.url) as connection:
        connection.send("setup")
        assert connection.recv() == "ready"
    with use_cassette(path) as replay, connect(running.url) as connection:
        ((_, its_dialogue),) = replay.sockets._played
        assert its_dialogue.take() == []
        connection.send("setup")
        assert connection.recv() == "ready"
