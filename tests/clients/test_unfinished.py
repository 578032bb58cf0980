"""What is unfinished when a cassette closes: it is waited for, named, or refused, and on replay as when recording."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trio
import urllib3

from pytest_interactions import AlreadyOpenError, StreamEndedError, UnfinishedError
from pytest_interactions.api.exchange import Cut, Request
from pytest_interactions.cassette import life, tape
from pytest_interactions.files import storage
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import CLIENTS, MODEL, _post, sdk
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

MODES = ("once", "none")


@pytest.fixture
def hold(emulator: Emulator) -> Iterator[Hold]:
    """A barrier after the first events of a stream that answers "Count", and before what answers "Wait"."""
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=["1 ", "2 ", "3"], hold=gate)
    yield gate
    gate.release()


@pytest.fixture
def never(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """A barrier before the answer to "Wait", for which nobody waits long."""
    monkeypatch.setattr(life, "PATIENCE", 0.1)
    gate = Hold()
    emulator.on(input="Wait").reply(text="1", hold=gate)
    yield gate
    gate.release()


# --- other threads ---


@pytest.mark.parametrize("client", CLIENTS)
def test_a_thread_that_nobody_joins_is_waited_for(client: str, emulator: Emulator, tmp_path: Path) -> None:
    """Its request, begun or not, is recorded, and on replay asked for before the cassette judges."""
    emulator.on(input="Hi").reply(text="there", delay=0.1)
    answers: list[Any] = []
    for mode in ("once", "none", "none"):
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            thread = threading.Thread(target=lambda: answers.append(CLIENTS[client](emulator.url, "Hi")))
            thread.start()
        thread.join()
    assert len(answers[0]) == len(answers[1])
    assert answers[1] == answers[2]
    [exchange] = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.cut is None


def test_the_work_of_a_pool_that_nobody_awaits_is_waited_for(emulator: Emulator, tmp_path: Path) -> None:
    """What the pool has not begun is too; the pool's own thread, which stays, is not."""
    emulator.on(input="Hi").reply(text="there", delay=0.1)
    with ThreadPoolExecutor(1) as pool:
        for mode in MODES:
            with use_cassette(tmp_path / "c.yaml", record_mode=mode):
                works = [pool.submit(CLIENTS["httpx"], emulator.url, text) for text in ("Hi", "Hello")]
            assert [work.result()["status"] for work in works] == ["completed", "completed"]
        began = time.monotonic()
        with use_cassette(tmp_path / "d.yaml", record_mode="once"):
            pool.submit(CLIENTS["httpx"], emulator.url, "Hi").result()
        assert time.monotonic() - began < life.PATIENCE


def test_a_thread_that_asks_for_nothing_is_no_failure(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a while is it waited for; a daemon not at all, and on replay none, as all was played."""
    monkeypatch.setattr(life, "PATIENCE", 0.1)
    over = threading.Event()
    for daemon in (False, True):
        for mode in MODES:
            with use_cassette(tmp_path / f"{daemon}.yaml", record_mode=mode):
                thread = threading.Thread(target=over.wait, daemon=daemon)
                thread.start()
                CLIENTS["httpx"](emulator.url, "Hello")
            assert thread.is_alive()
    over.set()


@pytest.mark.parametrize("client", ["httpx", "requests", "aiohttp"])
def test_a_daemon_whose_request_is_on_its_way_is_waited_for(client: str, emulator: Emulator, tmp_path: Path) -> None:
    gate = Hold()
    emulator.on(input="Hi").reply(text="there", hold=gate)
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            threading.Thread(target=CLIENTS[client], args=(emulator.url, "Hi"), daemon=True).start()
            if mode == "once":
                gate.wait_reached()
                threading.Timer(0.05, gate.release).start()
    assert len(storage.load(tmp_path / "c.yaml").exchanges) == 1


@pytest.mark.parametrize("client", ["httpx", "requests", "aiohttp"])
def test_a_request_that_stays_open_fails_the_recording_and_is_named(
    client: str, emulator: Emulator, never: Hold, tmp_path: Path
) -> None:
    """What had finished is kept as that of a failed test, and the thread gets no answer that nobody records."""
    path, outcome = tmp_path / "c.yaml", list[str]()

    def ask() -> None:
        try:
            CLIENTS[client](emulator.url, "Wait")
        except StreamEndedError as error:
            outcome.append(str(error))

    with pytest.raises(UnfinishedError) as caught, use_cassette(path, record_mode="once"):
        CLIENTS[client](emulator.url, "Hello")
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        never.wait_reached()
    assert str(caught.value) == (
        f'{path}: at its end somebody still waits for the response to:\n  POST /interactions, input: "Wait"\n\n'
        "Join the thread, or await the task, that has sent it (and close a stream that is not read to its end), inside "
        "the `with use_cassette(...)` block or the test. What had finished is kept, "
        "exchanges: 1."
    )
    never.release()
    thread.join()
    assert outcome[0].startswith(f"{path} has closed, and the response to POST {emulator.url}/v1beta/interactions is ")
    contents = storage.load(path)
    assert contents.incomplete
    # requests had sent, and did not get as far as an answer: that is kept as left by the app, for a later run.
    assert [exchange.request.json()["input"] for exchange in contents.exchanges if not exchange.cut] == ["Hello"]


def test_nothing_is_said_to_be_saved_where_nothing_is(emulator: Emulator, never: Hold, tmp_path: Path) -> None:
    with pytest.raises(UnfinishedError) as caught, use_cassette(tmp_path / "c.yaml", record_mode="off"):
        CLIENTS["httpx"](emulator.url, "Hello")
        waiting = _waiting(emulator.url)
        never.wait_reached()
    assert str(caught.value).endswith("or the test.")
    never.release()
    waiting.join()


def _waiting(url: str) -> threading.Thread:
    """A daemon that asks, and gets no answer any more."""
    ask = CLIENTS["httpx"]
    thread = threading.Thread(target=pytest.raises, args=(StreamEndedError, ask, url, "Wait"), daemon=True)
    thread.start()
    return thread


def test_a_connection_that_breaks_after_the_close_changes_nothing(
    emulator: Emulator, never: Hold, tmp_path: Path
) -> None:
    with pytest.raises(UnfinishedError), use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        ask = CLIENTS["httpx"]
        thread = threading.Thread(target=pytest.raises, args=(httpx.TransportError, ask, emulator.url, "Wait"))
        thread.start()
        never.wait_reached()
    emulator.stop()
    thread.join()
    assert cassette.exchanges == []


def test_a_failed_block_waits_for_nothing(emulator: Emulator, never: Hold, tmp_path: Path) -> None:
    """It raises its own error, and saves what it has."""
    with pytest.raises(ZeroDivisionError), use_cassette(tmp_path / "c.yaml", record_mode="once"):
        CLIENTS["httpx"](emulator.url, "Hello")
        waiting = _waiting(emulator.url)
        never.wait_reached()
        raise ZeroDivisionError
    assert storage.load(tmp_path / "c.yaml").incomplete
    never.release()
    waiting.join()


def test_a_stream_that_another_thread_reads_is_waited_for(emulator: Emulator, tmp_path: Path) -> None:
    """Between its events too, when nobody waits for the next; on replay as well."""
    emulator.on(input="Count").reply(text=["1 ", "2 ", "3"], events_delay=0.01)
    seen: dict[str, list[str]] = {}
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode, pace=0.01):
            began, lines = threading.Event(), seen.setdefault(mode, [])

            def read(began: threading.Event = began, lines: list[str] = lines) -> None:
                with httpx.stream(**_post(emulator.url, "Count", stream=True)) as response:
                    for line in response.iter_lines():
                        began.set()
                        time.sleep(0.002)
                        lines.append(line)

            thread = threading.Thread(target=read, daemon=True)
            thread.start()
            began.wait()
        thread.join()
    assert len(seen["once"]) == len(seen["none"])
    assert [lines[-2] for lines in seen.values()] == ["data: [DONE]"] * 2


# --- tasks of the event loop that closes the cassette ---


@pytest.mark.parametrize("client", ["httpx", "aiohttp"])
async def test_a_task_that_nobody_awaits_fails_the_recording_at_once(
    client: str, emulator: Emulator, tmp_path: Path
) -> None:
    """It can't go on while its loop closes the cassette, so it is not waited for, and gets no answer afterwards."""
    gate = Hold()
    emulator.on(input="Wait").reply(text="1", hold=gate)

    async def ask() -> object:
        post = _post(emulator.url, "Wait")
        if client == "httpx":
            async with httpx.AsyncClient() as http:
                return await http.request(**post)
        async with aiohttp.ClientSession() as session, session.request(**post) as response:
            return response

    began = time.monotonic()
    with pytest.raises(UnfinishedError, match="POST /interactions"):
        with use_cassette(tmp_path / "c.yaml", record_mode="once"):
            task = asyncio.create_task(ask())
            await asyncio.to_thread(gate.wait_reached)
    assert time.monotonic() - began < life.PATIENCE
    gate.release()
    with pytest.raises(StreamEndedError, match="has closed"):
        await task


@pytest.mark.parametrize("client", ["httpx", "aiohttp"])
async def test_a_task_that_waits_for_more_of_a_stream_fails_the_cassette(
    client: str, emulator: Emulator, hold: Hold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording, and on replay too, as the task would then wait for what was not recorded."""
    monkeypatch.setattr(tape, "READS_ON", 0.5)
    post = _post(emulator.url, "Count", stream=True)
    for mode in MODES:
        began = asyncio.Event()

        async def read(began: asyncio.Event = began) -> None:
            if client == "httpx":
                async with httpx.AsyncClient() as http, http.stream(**post) as response:
                    async for _ in response.aiter_lines():
                        began.set()
            else:
                async with aiohttp.ClientSession() as session, session.request(**post) as live:
                    async for _ in live.content:
                        began.set()

        with pytest.raises(UnfinishedError, match="close a stream that is not read to its end"):
            with use_cassette(tmp_path / "c.yaml", record_mode=mode):
                task = asyncio.create_task(read())
                await began.wait()
                await asyncio.sleep(0.1)  # until it waits for what does not come
        hold.release()
        with pytest.raises(StreamEndedError, match=r"has closed|recorded only up to here"):
            await task


@pytest.mark.parametrize("client", ["httpx", "httpx2", "aiohttp"])
def test_a_task_that_the_end_of_its_loop_cancels_is_cancelled_on_replay(
    client: str, emulator: Emulator, never: Hold, tmp_path: Path
) -> None:
    """What a task waited for when it was cancelled is recorded as given up, and waited for again."""
    post = _post(emulator.url, "Wait")

    async def ask() -> None:
        if client == "aiohttp":
            async with aiohttp.ClientSession() as session, session.request(**post):
                pass
        else:
            async with {"httpx": httpx, "httpx2": httpx2}[client].AsyncClient() as http:
                await http.request(**post)

    async def leave(mode: str) -> None:
        tasks.append(asyncio.create_task(ask()))
        await (asyncio.to_thread(never.wait_reached) if mode == "once" else asyncio.sleep(0.05))

    tasks: list[asyncio.Task[None]] = []
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            asyncio.run(leave(mode))
    assert [task.cancelled() for task in tasks] == [True, True]
    [exchange] = storage.load(tmp_path / "c.yaml").exchanges
    assert (exchange.response.status, exchange.cut) == (0, Cut(by="app"))


# --- after the close ---


def _events(url: str) -> Iterator[Any]:
    client = sdk(url)
    yield from client.interactions.create(model=MODEL, input="Count", stream=True)


def _lines(http: Any, url: str) -> Iterator[str]:
    client = http.Client()
    yield from client.send(client.build_request(**_post(url, "Count", stream=True)), stream=True).iter_lines()


STREAMS: dict[str, Callable[[str], Iterator[Any]]] = {
    "genai": _events,
    "httpx": lambda url: _lines(httpx, url),
    "httpx2": lambda url: _lines(httpx2, url),
    "requests": lambda url: requests.request(**_post(url, "Count", stream=True), stream=True, timeout=9).iter_lines(),
    "urllib3": lambda url: (
        urllib3.PoolManager().request(**_post(url, "Count", stream=True), preload_content=False).stream(16)
    ),
}


@pytest.mark.parametrize("client", STREAMS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_stream_is_not_read_on_after_its_cassette(
    client: str, emulator: Emulator, hold: Hold, tmp_path: Path
) -> None:
    """What was read is what is recorded; more is refused, when recording and on replay."""
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            stream = STREAMS[client](emulator.url)
            next(stream)
        hold.release()
        with pytest.raises(StreamEndedError, match=r"has closed, and the response to POST .* is read on"):
            list(stream)
    [exchange] = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.cut == Cut(by="app")
    assert b"interaction.created" in exchange.response.body


async def test_an_async_stream_is_not_read_on_after_its_cassette(
    emulator: Emulator, hold: Hold, tmp_path: Path
) -> None:
    for mode in MODES:
        async with httpx.AsyncClient() as client, aiohttp.ClientSession() as session:
            with use_cassette(tmp_path / "c.yaml", record_mode=mode):
                post = _post(emulator.url, "Count", stream=True)
                response = await client.send(client.build_request(**post), stream=True)
                lines = response.aiter_lines()
                live = await session.request(**post)
                await anext(lines)
                await live.content.readline()
            hold.release()
            for rest in (lines, live.content):
                with pytest.raises(StreamEndedError, match="has closed"):
                    [line async for line in rest]
            await response.aclose()
            live.close()


def test_a_request_that_comes_too_late_is_refused(tmp_path: Path) -> None:
    """Code that got the cassette while it was open, and asks it when it has closed, is told."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        pass
    asked = Request(method="POST", uri="https://generativelanguage.googleapis.com/v1beta/interactions?key=k")
    with pytest.raises(UnfinishedError, match=r"^POST /interactions was refused: it was begun inside of .*c\.yaml"):
        cassette.answer(asked)
    options: Any = {"record_mode": "once", "before_record_request": lambda _: None}
    with use_cassette(tmp_path / "d.yaml", **options) as indifferent:
        pass
    assert indifferent.answer(asked) is None


def test_what_another_tool_raises_while_a_request_is_sent_is_no_open_request(
    emulator: Emulator, tmp_path: Path
) -> None:
    def trace(*_: object) -> None:
        raise ZeroDivisionError

    async def atrace(*_: object) -> None:
        raise ZeroDivisionError

    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.request(**_post(emulator.url, "Hi"), extensions={"trace": atrace})

    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        with httpx.Client() as client, pytest.raises(ZeroDivisionError):
            client.request(**_post(emulator.url, "Hi"), extensions={"trace": trace})
        with pytest.raises(ZeroDivisionError):
            asyncio.run(ask())
    assert not (tmp_path / "c.yaml").exists()


# --- closed by somebody else ---


def _outcome(stream: Iterator[Any]) -> str:
    """The name of the error that a stream ends with."""
    try:
        list(stream)
    except Exception as error:
        return type(error).__name__
    return "read all"


@pytest.mark.parametrize("http", [httpx, httpx2])
def test_a_stream_that_another_thread_closes_fails_its_reader_as_it_did(
    http: Any, emulator: Emulator, hold: Hold, tmp_path: Path
) -> None:
    outcomes = []
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode), http.Client() as client:
            request = client.build_request(**_post(emulator.url, "Count", stream=True))
            response = client.send(request, stream=True)
            closing = threading.Timer(0.1, response.close)
            closing.start()
            threading.Timer(0.2, hold.release).start()
            outcomes.append(_outcome(response.iter_lines()))
            closing.join()
    assert outcomes == ["ReadError", "ReadError"]


@pytest.mark.parametrize("client", ["requests", "urllib3"])
def test_one_of_http_client_too(client: str, emulator: Emulator, hold: Hold, tmp_path: Path) -> None:
    """Whoever closes it waits until the reader has what it waits for, so the reader gets that first."""
    outcomes = []
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            post = _post(emulator.url, "Count", stream=True)
            if client == "requests":
                response: Any = requests.request(**post, stream=True, timeout=9)
                stream = response.iter_content(None)
            else:
                response = urllib3.PoolManager().request(**post, preload_content=False)
                stream = response.stream()
            closing = threading.Timer(0.1, response.close)
            closing.start()
            threading.Timer(0.2, hold.release).start()
            first = next(stream)
            outcomes.append(_outcome(stream))
            closing.join()
            assert first.startswith(b"event: interaction.created")
    assert outcomes[0] == outcomes[1] != "read all"


def test_on_replay_a_stream_that_nobody_closes_is_read_too_far(
    emulator: Emulator, hold: Hold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that has closed it from another thread, and does so no more, is told."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once"), httpx.Client() as client:
        request = client.build_request(**_post(emulator.url, "Count", stream=True))
        response = client.send(request, stream=True)
        threading.Timer(0.1, response.close).start()
        threading.Timer(0.2, hold.release).start()
        _outcome(response.iter_lines())
    monkeypatch.setattr(tape, "READS_ON", 0.01)
    for client_name in ("httpx", "requests"):
        with pytest.raises(StreamEndedError, match="recorded only up to here"), use_cassette(tmp_path / "c.yaml"):
            list(STREAMS[client_name](emulator.url))


@pytest.mark.usefixtures("hold")
@pytest.mark.parametrize("http", [httpx, httpx2])
def test_a_stream_is_not_read_on_once_it_was_closed(http: Any, emulator: Emulator, tmp_path: Path) -> None:
    """The client says so in its own words, live and on replay, and the cassette has nothing against it."""
    outcomes = []
    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode), http.Client() as client:
            with client.stream(**_post(emulator.url, "Count", stream=True)) as response:
                lines = response.iter_lines()
                next(lines)
            outcomes.append(_outcome(lines))
    assert outcomes == ["ReadError", "ReadError"]


@pytest.mark.usefixtures("hold")
@pytest.mark.parametrize("run", [asyncio.run, lambda main: trio.run(lambda: main)], ids=["asyncio", "trio"])
def test_a_stream_that_another_task_closes_fails_its_reader_as_it_did(
    run: Callable[[Any], Any], emulator: Emulator, tmp_path: Path
) -> None:
    import anyio

    outcomes: list[str] = []

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            request = client.build_request(**_post(emulator.url, "Count", stream=True))
            response = await client.send(request, stream=True)

            async def read() -> None:
                try:
                    [line async for line in response.aiter_lines()]
                except Exception as error:
                    outcomes.append(type(error).__name__)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await anyio.sleep(0.1)
                await response.aclose()

    for mode in MODES:
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            run(main())
    assert outcomes == ["ReadError", "ReadError"]


# --- interrupted ---

INTERRUPTED = """
import os, signal, sys, threading
from tests.clients.test_unfinished import STREAMS
from tests.support import use_cassette

client, url, path = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell takes from what it starts beside itself
with use_cassette(path, record_mode="once"):
    stream = STREAMS[client](url)
    next(stream)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    list(stream)
"""


@pytest.mark.usefixtures("hold")
@pytest.mark.parametrize("client", STREAMS)
def test_an_interrupted_stream_is_kept_and_its_process_ends(client: str, emulator: Emulator, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, client, emulator.url, str(tmp_path / "c.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.stderr.rstrip().endswith("KeyboardInterrupt")
    [exchange] = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.cut == Cut(by="app")
    assert b"interaction.created" in exchange.response.body


# --- one path ---


def test_one_path_is_recorded_by_one_cassette_at_a_time(emulator: Emulator, tmp_path: Path) -> None:
    """Opening it once more is an error, by another name of it too; what is replayed may be opened several times."""
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nmetadata: {incomplete: true}\ninteractions: []\n")
    (tmp_path / "link.yaml").symlink_to(path)
    with use_cassette(path, record_mode="once"):
        CLIENTS["httpx"](emulator.url, "Hi")
        for mode, name in (("once", "c.yaml"), ("none", "c.yaml"), ("rewrite", "link.yaml")):
            with pytest.raises(AlreadyOpenError, match=rf"{name} is open already in this process, and is recorded"):
                with use_cassette(tmp_path / name, record_mode=mode):
                    pass
    with use_cassette(path, unplayed="ignore"):
        with pytest.raises(AlreadyOpenError), use_cassette(path, record_mode="rewrite"):
            pass
        with use_cassette(path, record_mode="off"), use_cassette(path):
            CLIENTS["httpx"](emulator.url, "Hi")
    with use_cassette(path, record_mode="rewrite"):
        CLIENTS["httpx"](emulator.url, "Hi")


def test_the_working_directory_may_change_inside(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is that of where the cassette is opened: for its file, its media and its journal."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    emulator.on(input="Hi").reply(text="a long answer " * 9)
    for mode in MODES:
        monkeypatch.chdir(tmp_path)
        with use_cassette("c.yaml", record_mode=mode, media_threshold=1) as cassette:
            monkeypatch.chdir(elsewhere)
            CLIENTS["httpx"](emulator.url, "Hi")
            assert cassette.path == tmp_path / "c.yaml"
    assert {file.name for file in tmp_path.iterdir()} == {"elsewhere", "c.yaml"}
    assert list(elsewhere.iterdir()) == []
