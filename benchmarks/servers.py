"""What the emulator and the replay server take to answer, beside mocks written by hand: without and with their stack.

Run as `python -m benchmarks.servers WHO PATH UPSTREAM`, it is one of them, and prints its port.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from contextlib import ExitStack
from functools import partial
from http.client import HTTPResponse
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.material import answer, question
from benchmarks.measure import in_turns, ratio
from benchmarks.recording import STREAMS, at_once
from benchmarks.report import Section, duration, times
from benchmarks.server import DONE, encoded, events, serving, streamed
from pytest_interactions import use_cassette
from pytest_interactions.server import ReplayServer
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

_BARE: Final = "bare server"
_STACK: Final = "mock of starlette"
_OURS: Final = ("emulator", "replay server")
_PATH: Final = "/v1beta/interactions"
_HEADERS: Final = {"x-goog-api-key": "a-key-for-everyone"}
_ASKED: Final = question(0, 200)
_STREAMED: Final = _HEADERS | streamed(20)
#: The emulator streams this in 20 deltas.
_STEPS: Final = [{"type": "model_output", "content": [{"type": "text", "text": "a " * 120}]}]


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask servers in other processes, in turns."""
    path, rounds = scratch / "servers.yaml", 1 if quick else 7
    with ExitStack() as stack:
        bare = stack.enter_context(serving())
        with use_cassette(path, record_mode="once"):  # all that the replay server will be asked for
            _measure({_BARE: bare}, rounds)
            with _client(bare) as client:  # for the row whose client is a socket, of which no cassette knows
                for _ in range(rounds * _TURNS * _IN_A_ROW):
                    _request(client)
        others = (_STACK, *_OURS)
        urls = {name: stack.enter_context(serving("benchmarks.servers", name, str(path), bare)) for name in others}
        return _section(_measure({_BARE: bare} | urls, rounds))


def _measure(urls: dict[str, str], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Ask all servers for everything, round by round; seconds by what was asked for, then by server."""
    found: dict[str, dict[str, list[float]]] = {what: {name: [] for name in urls} for what in _ROWS}
    with ExitStack() as stack:
        clients = {name: stack.enter_context(_client(url)) for name, url in urls.items()}
        for what, ask in [*_ROWS.items()] * rounds:
            asks = {name: partial(ask, client) for name, client in clients.items()}
            for name, seconds in in_turns(asks, rounds=_TURNS).items():
                found[what][name] += seconds
    return found


def _client(url: str | httpx2.URL) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers=_HEADERS, verify=False)


def _request(client: httpx2.Client) -> float:
    begun = perf_counter()
    client.post(_PATH, json=_ASKED).raise_for_status().json()
    return perf_counter() - begun


def _first_request(client: httpx2.Client) -> float:
    with _client(client.base_url) as fresh:
        return _request(fresh)


def _stream(client: httpx2.Client, *, whole: bool = True) -> float:
    begun = perf_counter()
    with client.stream("POST", _PATH, json=_ASKED | {"stream": True}, headers=_STREAMED) as events:
        lines = events.raise_for_status().iter_lines()
        next(lines)
        first = perf_counter() - begun
        for _ in lines:
            pass
    return perf_counter() - begun if whole else first


def _in_a_row(ask: Callable[[httpx2.Client], float], client: httpx2.Client) -> float:
    """Ask ten times without a pause; the median."""
    return median(ask(client) for _ in range(_IN_A_ROW))


def _in_two_parts(client: httpx2.Client) -> float:
    """The same by a client that writes a head and a body apart, and sets no TCP_NODELAY, as some languages' do."""
    url, body = client.base_url, json.dumps(_ASKED).encode()
    lines = [f"POST {_PATH} HTTP/1.1", f"host: {url.host}:{url.port}", *map(": ".join, _HEADERS.items())]
    head = "\r\n".join([*lines, "content-type: application/json", f"content-length: {len(body)}", "", ""]).encode()
    with socket.create_connection((url.host, url.port)) as connection:

        def ask(_: httpx2.Client) -> float:
            begun = perf_counter()
            for part in (head, body):
                connection.sendall(part)
            with HTTPResponse(connection) as response:
                response.begin()
                json.loads(response.read())
            return perf_counter() - begun

        return _in_a_row(ask, client)


_TURNS: Final = 3
_IN_A_ROW: Final = 10
_REPEATED: Final = "a repeated request, kept alive"
_PARTED: Final = "a repeated request, its head and body written apart"
_ROWS: Final[dict[str, Callable[[httpx2.Client], float]]] = {
    "the first request on a connection": partial(_in_a_row, _first_request),
    _REPEATED: partial(_in_a_row, _request),
    _PARTED: _in_two_parts,
    "a repeated stream: its first event": partial(_in_a_row, partial(_stream, whole=False)),
    "a repeated stream: all of it": partial(_in_a_row, _stream),
    f"{STREAMS} streams at once": lambda client: asyncio.run(at_once(str(client.base_url.join(_PATH)), _STREAMED)),
}


def _section(found: dict[str, dict[str, list[float]]]) -> Section:
    others = (_STACK, *_OURS)
    section = Section("The local servers", ("", _BARE, *others))
    ratios = {name: {what: ratio(f[name], f[_BARE]) for what, f in found.items()} for name in others}
    for what, figures in found.items():
        cells = [f"{duration(median(figures[name]))} ({times(ratios[name][what])})" for name in others]
        section.rows.append((what, duration(median(figures[_BARE])), *cells))
    for name in _OURS:
        by = {what: each for what, each in ratios[name].items() if what != _PARTED}  # which the mocks wait in
        for what in (_REPEATED, _PARTED):
            seconds = median(found[what][name])
            section.aim(f"{what}, to the {name} takes at most 1.5 ms", duration(seconds), met=seconds <= 1.5e-3)
        worst = max(by, key=lambda what: by[what])
        aim = f"whatever the {name} is asked for takes at most 3× as long as from the bare server"
        section.aim(aim, f"{times(min(by.values()))} to {times(by[worst])} ({worst})", met=by[worst] <= 3)
    section.notes.append(
        "Asked by httpx2, whose own time is in all figures, with each server in a process of its own. The bare server "
        "is asyncio and as little HTTP as will do; the mock of starlette has what both of ours stand on, starlette and "
        "uvicorn, and no more; the replay server plays what was recorded of the bare server, and the emulator "
        "answers about as much by a script, gzipped, as the client accepts that. Repeated: the median of ten in a row "
        "on one kept connection, as an idle one hides what waits for an acknowledgement. A stream is 20 deltas, with "
        f"no pause. {STREAMS} streams: each on a new connection, by `asyncio.gather`."
    )
    return section


def _serve_mock() -> None:
    """A mock as one writes it with starlette, on a socket of the kind that ours has."""

    async def create(request: Request) -> Response:
        asked = await request.json()
        if not asked.get("stream"):
            return JSONResponse(answer(0))
        chunks = [*map(encoded, events(int(request.headers["x-events"]))), DONE]
        return StreamingResponse(iter(chunks), media_type="text/event-stream")

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - this is how it says so
    app = Starlette(routes=[Route(_PATH, create, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, http="h11", loop="asyncio", log_level="critical")).run([listening])


def _serve(who: str, path: str, upstream: str) -> None:
    with ExitStack() as stack:
        server: Emulator | ReplayServer
        if who == "emulator":
            server = stack.enter_context(Emulator())
            server.on().reply(steps=_STEPS)
        elif who == _STACK:
            _serve_mock()
        else:
            cassette = stack.enter_context(use_cassette(path))
            server = stack.enter_context(ReplayServer(cassette, upstream=upstream))
        print(server.url.rpartition(":")[2], flush=True)  # noqa: T201 - this is how it says so
        threading.Event().wait()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
