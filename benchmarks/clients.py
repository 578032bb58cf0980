"""What a replayed request costs by the clients that are not httpx, beside a mock of each written by hand."""

from __future__ import annotations

import asyncio
import gc
import io
import json
from contextlib import ExitStack
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import requests
import urllib3

from benchmarks.contenders import CASSETTES
from benchmarks.material import URL, WRITERS, pairs
from benchmarks.report import Section, duration, times

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from benchmarks.material import Pair

    #: Asks each of some questions, and returns the seconds of each and the ids that were answered.
    Ask = Callable[[list[dict[str, Any]]], list[tuple[float, str]]]

_SIZE: Final = 200
_COUNTS: Final = (1, 10, 100, 1000, 10_000)
#: vcrpy takes minutes beyond this many exchanges.
_MOST: Final = 1000
_REQUESTS: Final = 200
_FLOOR: Final = "mock as a socket"
_HEADERS: Final = {"content-type": "application/json"}
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class _Answers:
    """A mock's answers: it parses the body, finds its answer, and makes sure that all of the body is as expected."""

    def __init__(self, traffic: list[Pair]) -> None:
        self._answers = {str(asked["input"]): (asked, json.dumps(answered).encode()) for asked, answered in traffic}

    def __call__(self, body: bytes | str) -> bytes:
        asked = json.loads(body)
        expected, answered = self._answers[asked["input"]]
        assert asked == expected  # noqa: S101 - this is how a mock checks
        return answered


class _Adapter(requests.adapters.BaseAdapter):
    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = answers

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        response = requests.Response()
        response.status_code, response.url, response.request = 200, str(request.url), request
        response.raw = io.BytesIO(self._answers(request.body or b""))
        return response

    def close(self) -> None: ...


class _Connection(urllib3.connection.HTTPSConnection):
    """Stands where urllib3 has its connection."""

    is_verified = True
    answers: _Answers

    def connect(self) -> None: ...

    def request(self, method: str, url: str, body: Any = None, *_: Any, **__: Any) -> None:
        self._answer = self.answers(body), f"{method} {url}"

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        body, url = self._answer
        return urllib3.HTTPResponse(io.BytesIO(body), _HEADERS, status=200, preload_content=False, request_url=url)


class _Socket:
    """Stands where http.client has its socket: the least that is asked of a mock there, and so what no cassette saves.

    It reads of a request no more than where its body begins, and its connection stays open.
    """

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._sent = b""

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, *_: Any) -> io.BytesIO:
        sent, self._sent = self._sent, b""
        body = self._answers(sent.partition(b"\r\n\r\n")[2])
        return io.BytesIO(_HEAD % len(body) + body)

    def settimeout(self, timeout: Any) -> None: ...

    def close(self) -> None: ...


class _OverSocket(urllib3.connection.HTTPSConnection):
    """A connection that is urllib3's own, over such a socket."""

    is_verified = True
    is_connected = True
    answers: _Answers

    def connect(self) -> None:
        self.sock = _Socket(self.answers)


class _Transport(asyncio.Transport):
    def write(self, data: Any) -> None: ...

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class _Protocol(aiohttp.client_proto.ResponseHandler):
    def __init__(self, body: bytes, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._answer = _HEAD % len(body) + body
        self.connection_made(_Transport())
        self.force_close()

    def start_timeout(self) -> None:
        self._loop.call_soon(self.data_received, self._answer)


class _Connector(aiohttp.TCPConnector):
    """Stands where aiohttp has its connections."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = answers

    async def connect(self, req: Any, *_: Any, **__: Any) -> aiohttp.connector.Connection:
        loop = asyncio.get_running_loop()
        protocol = _Protocol(self._answers(req.body._value), loop)  # noqa: SLF001 - a mock looks where it can
        self._acquired.add(protocol)
        return aiohttp.connector.Connection(self, req.connection_key, protocol, loop)


def _requests(answers: _Answers | None, *, over_socket: bool = False) -> Ask:
    def ask(questions: list[dict[str, Any]]) -> list[tuple[float, str]]:
        with requests.Session() as session:
            if answers and over_socket:
                adapter = requests.adapters.HTTPAdapter()
                _put(adapter.poolmanager, _OverSocket, answers)
                session.mount("https://", adapter)
            elif answers:
                session.mount("https://", _Adapter(answers))
            return _timed(lambda question: session.post(URL, json=question, timeout=5).json(), questions)

    return ask


def _urllib3(answers: _Answers | None, *, over_socket: bool = False) -> Ask:
    def ask(questions: list[dict[str, Any]]) -> list[tuple[float, str]]:
        with urllib3.PoolManager() as pool:
            if answers:
                _put(pool, _OverSocket if over_socket else _Connection, answers)
            return _timed(lambda question: pool.request("POST", URL, json=question).json(), questions)

    return ask


def _put(pool: urllib3.PoolManager, kind: type[urllib3.connection.HTTPSConnection], answers: _Answers) -> None:
    """Have a pool use connections of that kind."""
    connection = type("Mock", (kind,), {"answers": answers})
    mocked = type("MockPool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": connection})
    pool.pool_classes_by_scheme = {"https": mocked}


def _aiohttp(answers: _Answers | None) -> Ask:
    async def all_of_them(questions: list[dict[str, Any]]) -> list[tuple[float, str]]:
        async with aiohttp.ClientSession(connector=_Connector(answers) if answers else None) as session:

            async def post(question: dict[str, Any]) -> Any:
                # Not as json=, which vcrpy records as it is and so finds in no file but its own.
                body = json.dumps(question, separators=(",", ":")).encode()
                async with session.post(URL, data=body, headers={"content-type": "application/json"}) as response:
                    return await response.json()

            return [await _atimed(post(question)) for question in questions]

    return lambda questions: asyncio.run(all_of_them(questions))


def _timed(post: Callable[[dict[str, Any]], Any], questions: list[dict[str, Any]]) -> list[tuple[float, str]]:
    answers = []
    for question in questions:
        begun = perf_counter()
        answer = post(question)
        answers.append((perf_counter() - begun, answer["id"]))
    return answers


async def _atimed(work: Awaitable[Any]) -> tuple[float, str]:
    begun = perf_counter()
    answer = await work
    return perf_counter() - begun, answer["id"]


_CLIENTS: Final[dict[str, Callable[[_Answers | None], Ask]]] = {
    "requests": _requests,
    "urllib3": _urllib3,
    "aiohttp": _aiohttp,
}
#: The floor: all that these do over a socket. The mock of aiohttp is there already.
_OVER_SOCKET: Final[dict[str, Callable[[_Answers | None], Ask]]] = {
    "requests": partial(_requests, over_socket=True),
    "urllib3": partial(_urllib3, over_socket=True),
}


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask by each client, over ours, vcrpy's and a mock, in turns."""
    section = Section("Other clients", ("client", "exchanges", "mock", _FLOOR, "ours", "vcrpy"))
    for client in _CLIENTS:
        ratios: dict[int, float] = {}
        for count in _COUNTS[:3] if quick else _COUNTS:
            figures = _measure(client, scratch, pairs(count, _SIZE), rounds=2 if quick else 5)
            mocked = figures.pop("mock")
            cells = {name: f"{duration(seconds)} ({times(seconds / mocked)})" for name, seconds in figures.items()}
            shown = [cells.get(name, "—") for name in (_FLOOR, "ours", "vcrpy")]
            section.rows.append((client, f"{count:,}", duration(mocked), *shown))
            ratios[count] = figures["ours"] / mocked
        worst = max(ratios, key=lambda number: ratios[number])
        found = f"{times(min(ratios.values()))} to {times(ratios[worst])} (at {worst:,} exchanges)"
        section.aim(f"a request by {client} costs at most 2× the mock's", found, met=ratios[worst] <= 2)
        grown = ratios[max(ratios)] / ratios[10]
        aim = f"a request by {client} costs at {max(ratios):,} exchanges at most 1.3× of what it does at 10"
        section.aim(aim, times(grown), met=grown <= 1.3)
        section.lines.setdefault("clients", {})[client] = sorted(ratios.items())
    section.notes.append(
        f"Each client's `post` of {_SIZE} B in the recorded order, by one session. A mock stands in place of requests' "
        "adapter, urllib3's connection or aiohttp's connector. The first two so skip what http.client does to write a "
        "request and to read an answer's head, which it does by the email package; over ours it does that, as over a "
        f"socket. “{_FLOOR}” is the floor of that: the same mock as a socket, all else the client's own."
    )
    return section


def _measure(client: str, scratch: Path, traffic: list[Pair], rounds: int) -> dict[str, float]:
    """Return the median seconds of one request, by contender."""
    mocks = {"mock": _CLIENTS[client]} | ({_FLOOR: _OVER_SOCKET[client]} if client in _OVER_SOCKET else {})
    cassettes = ["ours"] + (["vcrpy"] if len(traffic) <= _MOST else [])
    names = [*mocks, *cassettes]
    samples: dict[str, list[float]] = {name: [] for name in names}
    for name in cassettes:
        WRITERS[name](scratch / f"{name}.yaml", traffic)
    asked = traffic[:_REQUESTS]
    for _ in range(rounds):
        for name in names:
            gc.collect()
            with ExitStack() as stack:
                if name in cassettes:
                    stack.enter_context(CASSETTES[name](scratch / f"{name}.yaml"))
                ask = mocks.get(name, _CLIENTS[client])(_Answers(traffic) if name in mocks else None)
                answers = ask([question for question, _ in asked])
            if [answered for _, answered in answers] != [answer["id"] for _, answer in asked]:
                raise RuntimeError(f"{client} over {name} got other answers")
            samples[name] += [seconds for seconds, _ in answers]
    return {name: median(seconds) for name, seconds in samples.items()}
