"""Many callers, slow ones, ones that leave, and ones that speak no HTTP: the servers go on, silent and small."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import CassetteMissError
from pytest_interactions.cassette import closest, differences, matching
from pytest_interactions.files import storage
from pytest_interactions.server import ReplayServer, connections
from pytest_interactions.server.emulator import Emulator
from tests.cassette.clients import KEY, MODEL, _post
from tests.server.raw import connect, error, received, send
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Request
    from tests.server.conftest import Served

STREAM = json.dumps({"model": MODEL, "input": "Count", "stream": True}).encode()


@pytest.fixture(params=["emulator", "record", "replay"])
def server(request: pytest.FixtureRequest, served: Served) -> Iterator[Any]:
    """The emulator, or a server that records it, or one that replays what it said."""
    if request.param == "emulator":
        yield served.emulator
        return
    with served.record() as server:
        if request.param == "record":
            yield server
            return
        httpx.post(f"{server.url}/v1beta/interactions", content=STREAM, headers=_HEADERS).raise_for_status()
    with suppress(CassetteMissError), served.replay(unplayed="ignore") as server:
        yield server


_HEADERS = {"x-goog-api-key": KEY, "content-type": "application/json"}


@pytest.fixture(autouse=True)
def _says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is printed or logged, whatever the callers do."""
    yield
    assert capfd.readouterr() == ("", "")
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def _request(url: str, body: bytes, *more: str) -> bytes:
    head = ["POST /v1beta/interactions HTTP/1.1", f"host: {url[7:]}", f"x-goog-api-key: {KEY}", *more]
    head += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


@pytest.mark.parametrize("serve", ["emulator", "record"])
def test_two_hundred_streams_at_once(serve: str, served: Served) -> None:
    """Two hundred clients that are all connected at once, and all in the middle of a stream, each get theirs."""
    with ExitStack() as stack:
        server: Any = served.emulator if serve == "emulator" else stack.enter_context(served.record())
        clients = [stack.enter_context(connect(server.url)) for _ in range(200)]
        for number, client in enumerate(clients):
            body = json.dumps({"model": MODEL, "input": f"prompt {number}", "stream": True}).encode()
            client.sendall(_request(server.url, body))
        for number, client in enumerate(clients):
            status, _, content = received(client)
            assert status == 200
            assert f"prompt {number}".encode() in content.replace(b'"}', b"").replace(b'"text":"', b"")
            assert content.endswith(b"data: [DONE]\n\n")


def test_slow_readers_hold_nobody_up(emulator: Emulator) -> None:
    """Clients that read nothing of large answers do not stop others, nor the end of the server."""
    emulator.on(input="Much").reply(text=["x" * 40_000] * 200)
    with ExitStack() as stack:
        body = json.dumps({"model": MODEL, "input": "Much", "stream": True}).encode()
        for _ in range(10):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", int(emulator.url.rpartition(":")[2])))
            client.sendall(_request(emulator.url, body))
        slow = stack.enter_context(connect(emulator.url))
        slow.sendall(_request(emulator.url, body))
        assert httpx.request(**_post(emulator.url, "Hello"), timeout=60).status_code == 200
        assert received(slow)[2].count(b"event: step.delta") >= 200
        emulator.stop()


_PARTS = [b"", b"P", b"POST /v1beta/interactions HTTP/1.1\r\nhost: local"]


def test_clients_that_leave_at_any_time_harm_nobody(server: Any) -> None:
    """Clients that go away before, in and after their request, or in an answer, leave no trace; others are served."""
    whole = _request(server.url, STREAM)
    parts = [*_PARTS, whole[:-5], whole]
    for _ in range(20):
        for part in parts:
            with connect(server.url) as client:
                client.sendall(part)
        with connect(server.url) as client:
            client.sendall(whole)
            client.recv(10)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leave by a reset
    assert send(server.url, "GET /v1beta/interactions/none?key=k HTTP/1.1\nhost: localhost")[0] == 404


_NO_HTTP = [
    b"\r\n\r\nGET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 300_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip\r\n\r\nx",
    b"POST /v1beta/interactions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1beta/interactions HTTP/1.1\r\nhost: evil\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
]


@pytest.mark.parametrize("text", _NO_HTTP, ids=lambda text: repr(text[:40]))
def test_what_is_no_http_is_a_400(text: bytes, emulator: Emulator) -> None:
    """Bytes that are no request get the API's own error, and the connection is closed."""
    with connect(emulator.url) as client:
        client.sendall(text)
        answer = received(client)
        while client.recv(4096):  # another such answer, where the bytes are two requests that are none
            ...
    assert error(answer)[0] == 400


def test_what_follows_an_answer_that_has_begun_is_not_answered(emulator: Emulator) -> None:
    """A body that turns out to be no HTTP after a refusal was sent ends the connection, and nothing else."""
    with connect(emulator.url) as client:
        client.sendall(b"POST /x HTTP/1.1\r\nhost: evil\r\ntransfer-encoding: chunked\r\n\r\n")
        assert received(client)[0] == 403
        client.sendall(b"zz\r\n")
        assert client.recv(1000) == b""


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
def test_an_upgrade_is_not_taken_up(upgrade: str, server: Any) -> None:
    """A client that would rather speak another protocol is answered in this one."""
    text = f"GET /v1beta/interactions/none?key=k HTTP/1.1\nhost: localhost\nupgrade: {upgrade}\nconnection: upgrade"
    assert send(server.url, text)[0] == 404


def test_a_body_that_is_too_large_is_a_413(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body over the limit is refused: before it is read if it says how large it is, and else while it is."""
    with connect(server.url) as client:
        client.sendall(
            b"POST /v1beta/interactions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n"
            b"content-length: 300000000\r\n\r\n"
        )
        status, message = error(received(client))
    assert status == 413
    assert "larger than 256 MiB" in message
    monkeypatch.setattr(connections, "LARGEST_BODY", 1 << 20)
    for size, status in ((1 << 20, 400), ((1 << 20) + 1, 413)):
        pieces = (b" " * 1000 for _ in range(size // 1000))
        response = httpx.post(f"{server.url}/v1beta/interactions?key=k", content=_joined(pieces, size % 1000))
        assert response.status_code in (status, 404 if status == 400 else status)


def _joined(pieces: Iterator[bytes], rest: int) -> Iterator[bytes]:
    yield from pieces
    yield b" " * rest


@contextmanager
def _emulate() -> Iterator[tuple[str, int]]:
    code = "import sys; from pytest_interactions.commands import main; sys.exit(main(['emulate']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process.pid
        process.terminate()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="what a process holds is told by Linux alone")
def test_the_emulator_of_the_command_line_does_not_grow() -> None:
    """Two thousand more requests, stored or not, each another one, leave the process as large as it was."""

    def ask(client: httpx.Client, numbers: range) -> None:
        for number in numbers:
            body = {"model": MODEL, "input": f"prompt {number}", "store": number % 2 == 0}
            client.post("/v1beta/interactions", json=body).raise_for_status()

    with _emulate() as (url, pid), httpx.Client(base_url=url, headers={"x-goog-api-key": "k"}) as client:
        ask(client, range(2500))  # until all has the size that it will have
        before = _resident(pid)
        ask(client, range(2500, 4500))
        grown = _resident(pid) - before
    assert grown < 2000 * 1000, f"{grown / 2000:.0f} bytes a request"


# --- misses ---


def _cassette(path: Path, bodies: list[Any]) -> None:
    with Emulator() as emulator, use_cassette(path, record_mode="once"), httpx.Client() as client:
        for body in bodies:
            client.post(f"{emulator.url}/v1beta/interactions?key=k", json=body)


def test_a_miss_costs_its_body_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of a request that is missed is computed once, however many requests were recorded."""
    path = tmp_path / "c.yaml"
    _cassette(path, [{"model": MODEL, "input": str(n)} for n in range(40)])
    seen: list[int] = []
    real = matching.canonical_json

    def counted(request: Request) -> Any:
        seen.append(len(request.body))
        return real(request)

    monkeypatch.setattr(differences, "canonical_json", counted)
    large = {"model": MODEL, "input": "x" * 1_000_000, **{f"field {n}": n for n in range(100_000)}}
    with (
        pytest.raises(Exception, match="has no recording"),
        use_cassette(path) as cassette,
        ReplayServer(cassette) as server,
    ):
        answer = httpx.post(f"{server.url}/v1beta/interactions", json=large, timeout=60)
        assert sorted(seen)[-2] < 1000 < max(seen)
        message = answer.json()["error"]["message"]
        assert "The closest of 40 recorded" in message
        assert "  ... and at least 988 more" in message
        assert len(message) < 3000


def test_only_so_much_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of large requests only those are compared that are likely to be close; the likeliest one always is."""
    path = tmp_path / "c.yaml"
    _cassette(path, [{"model": MODEL, "input": f"{n} " + "word " * 20 * (n + 1)} for n in range(30)])
    shown: list[int] = []
    size = len(storage.load(path).exchanges[12].request.body)
    with pytest.raises(Exception, match="has no recording"), use_cassette(path) as cassette:
        monkeypatch.setattr(closest, "_COMPARED", 0)
        real = cassette._refusals._shown

        def noted(number: int) -> Request:
            shown.append(number)
            request: Request = real(number)
            return request

        monkeypatch.setattr(cassette._refusals, "_shown", noted)
        with ReplayServer(cassette) as server:
            body = {"model": MODEL, "input": "z" * (size - 60)}
            text = httpx.post(f"{server.url}/v1beta/interactions", json=body).json()["error"]["message"]
    assert shown == [12]
    assert "exchange 13 (not played yet)" in text


def test_the_time_of_a_large_miss_is_that_of_its_body(tmp_path: Path) -> None:
    """A body that differs from the recorded one at its end is compared in no time that a person would notice."""
    path = tmp_path / "c.yaml"
    text = "word " * 1_000_000
    _cassette(path, [{"model": MODEL, "input": text + "a"}])
    start = time.monotonic()
    with (
        pytest.raises(Exception, match="has no recording"),
        use_cassette(path) as cassette,
        ReplayServer(cassette) as server,
    ):
        body = {"model": MODEL, "input": text + "b"}
        message = httpx.post(f"{server.url}/v1beta/interactions", json=body, timeout=60).json()["error"]["message"]
    assert 'input: ..."' in message
    assert 'word a" -> ..."' in message
    assert time.monotonic() - start < 30


def test_places_and_addresses_in_a_message_are_short(tmp_path: Path) -> None:
    """A field's name and a path of any length are cut."""
    path = tmp_path / "c.yaml"
    _cassette(path, [{"model": MODEL, "input": "x"}])
    with (
        pytest.raises(Exception, match="has no recording"),
        use_cassette(path) as cassette,
        ReplayServer(cassette) as server,
    ):
        url = f"{server.url}/v1beta/{'long/' * 1000}"
        body = {"model": MODEL, "input": ["x" * 9] * 100_000, "n" * 100_000: 1, "l": [[list(range(100_000))]]}
        message = httpx.post(url, json=body).json()["error"]["message"]
    assert "nnn...: added" in message
    assert len(message) < 3000


def test_two_hundred_clients_get_their_own_answers(served: Served) -> None:
    """Two hundred clients at once record, and replay, each its own stream."""

    def one(number: int) -> bool:
        answer = httpx.request(**_post(url, f"prompt-{number}", stream=True), timeout=60)
        return answer.text.endswith("[DONE]\n\n") and f'prompt-{number}"' in answer.text

    for serve in (served.record, served.replay):
        with serve() as server, ThreadPoolExecutor(200) as pool:
            url = server.url
            assert all(pool.map(one, range(200)))
