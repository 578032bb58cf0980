"""Every client against everything that a server may do: recorded once, and replayed with the server gone."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import StreamEndedError
from tests.matrix.clients import CLIENTS, SDKS, UNKNOWN, Call, Client
from tests.matrix.server import BINARY, serving
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

CALLS = {
    "unary": Call(path="/echo", method="POST", data=b"hello"),
    "stream": Call(path="/stream", streamed=True),
    "early break": Call(path="/stream", streamed=True, lines=1),
    "broken stream": Call(path="/broken", streamed=True),
    "broken unary": Call(path="/broken"),
    "time-out": Call(path="/slow", timeout=0.1),
    **{f"redirect {code}": Call(path=f"/redirect/{code}") for code in (301, 302, 303, 307, 308)},
    **{
        f"redirect {code} of a POST": Call(path=f"/redirect/{code}", method="POST", data=b"hello")
        for code in (301, 302, 303, 307, 308)
    },
    **{name: Call(path=f"/encoded/{name}") for name in ("gzip", "deflate", "br", "zstd")},
    "form": Call(path="/echo", method="POST", form={"a": "1", "b": "ü &="}),
    "multipart": Call(path="/echo", method="POST", file=BINARY),
    "binary": Call(path="/echo", method="POST", data=BINARY),
    "binary answer": Call(path="/binary"),
    "empty": Call(path="/echo", method="POST", data=b""),
    "no content": Call(path="/empty"),
    "head": Call(path="/echo", method="HEAD"),
}
#: The prompt says what is answered.
SDK_CALLS = {
    "unary": Call(path="hello"),
    "stream": Call(path="hello", streamed=True),
    "early break": Call(path="hello", streamed=True, lines=1),
    "broken stream": Call(path="broken", streamed=True),
    "time-out": Call(path="slow", timeout=0.2),
    **{name: Call(path=f"encoded/{name}") for name in ("gzip", "deflate", "br", "zstd")},
}
CELLS = [(name, call, CLIENTS) for name, call in CALLS.items()] + [
    (name, call, SDKS) for name, call in SDK_CALLS.items()
]


@pytest.fixture(autouse=True)
def _environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what selects the library that an SDK uses."""
    for name, value in request.getfixturevalue("client").environment.items():
        monkeypatch.setenv(name, value)


def _seen(client: Client, url: str, call: Call) -> Any:
    """What the app sees: a value, of which the white space of JSON does not count, or the client's own exception."""
    try:
        return _read(client.ask(url, call))
    except StreamEndedError:
        raise
    except Exception as error:
        return type(error)


def _read(answer: Any) -> Any:
    if not isinstance(answer, tuple):
        return answer
    *facts, body = answer
    try:
        return *facts, json.loads(body)
    except ValueError:
        return *facts, body


@pytest.mark.parametrize(
    ("call", "client", "unknown"),
    [
        pytest.param(call, client, UNKNOWN.get(who, set()), id=f"{name}-{who}")
        for name, call, clients in CELLS
        for who, client in clients.items()
    ],
)
def test_a_replay_gives_the_values_and_exceptions_of_the_recording(
    call: Call, client: Client, unknown: set[str], tmp_path: Path
) -> None:
    options: Any = {"record_mode": "once", "keep_headers": ["x-sent-as"]}
    with serving() as url, use_cassette(tmp_path / "c.yaml", **options) as recording:
        live = _seen(client, url, call)
    assert recording.exchanges
    _, is_encoded, encoding = call.path.partition("encoded/")
    if is_encoded:
        sent_as = recording.exchanges[0].response.headers.get("x-sent-as")
        assert sent_as == (None if encoding in unknown else [encoding])
    with use_cassette(tmp_path / "c.yaml"), sockets() as opened:
        replayed = _seen(client, url, call)
    assert replayed == live
    assert opened == []


@pytest.mark.parametrize("client", [*CLIENTS.values(), *SDKS.values()], ids=[*CLIENTS, *SDKS])
def test_a_refused_connection_is_recorded_and_refused_again(client: Client, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        live = _seen(client, url, Call(path="/echo"))
    assert recording.exchanges[0].response.status == 0
    assert issubclass(live, Exception)
    with use_cassette(tmp_path / "c.yaml"), sockets() as opened:
        assert _seen(client, url, Call(path="/echo")) == live
    assert opened == []


@pytest.mark.parametrize("client", [*CLIENTS.values(), *SDKS.values()], ids=[*CLIENTS, *SDKS])
def test_a_stream_that_was_left_early_can_t_be_read_further(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_interactions.cassette.tape.READS_ON", 0.05)
    path = "/stream" if client in CLIENTS.values() else "hello"
    with serving() as url, use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        client.ask(url, Call(path=path, streamed=True, lines=1))
    if recording.exchanges[0].cut is None:  # all of it was there before the app left
        pytest.skip("the whole stream had come with its first event")
    with pytest.raises(StreamEndedError), use_cassette(tmp_path / "c.yaml"):
        client.ask(url, Call(path=path, streamed=True))


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_the_length_that_an_answer_to_a_head_promises_comes_back(client: Client, tmp_path: Path) -> None:
    seen = []
    with serving() as url:
        for mode in ("once", "none"):
            with use_cassette(tmp_path / "c.yaml", record_mode=mode) as cassette:
                client.ask(url, Call(path="/echo", method="HEAD"))
            seen += cassette.exchanges[0].response.headers["content-length"]
    assert seen[0] == seen[1] != "0"


@pytest.mark.parametrize("client", [*CLIENTS.values(), *SDKS.values()], ids=[*CLIENTS, *SDKS])
def test_requests_at_once_are_all_recorded_and_never_go_live_on_replay(client: Client, tmp_path: Path) -> None:
    """24 requests in eight threads, or as tasks: each gets its own answer."""
    is_sdk = client in SDKS.values()
    calls = [Call(path=f"p{n}") if is_sdk else Call(path=f"/echo/{n}", method="POST", data=b"x") for n in range(24)]
    with serving() as url, use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        live = [_read(answer) for answer in client.at_once(url, calls)]
    assert len(recording.exchanges) == 24
    with use_cassette(tmp_path / "c.yaml") as replay, sockets() as opened:
        assert [_read(answer) for answer in client.at_once(url, calls)] == live
    assert replay.all_played
    assert opened == []


@pytest.mark.parametrize("client", [*CLIENTS.values(), *SDKS.values()], ids=[*CLIENTS, *SDKS])
def test_two_cassettes_at_once_get_each_the_requests_of_its_own_thread(client: Client, tmp_path: Path) -> None:
    is_sdk = client in SDKS.values()
    calls = [Call(path=f"p{n}") if is_sdk else Call(path=f"/echo/{n}") for n in range(2)]
    seen: dict[tuple[str, int], Any] = {}
    both = threading.Barrier(2, timeout=20)

    def ask(number: int, mode: str, url: str) -> None:
        with use_cassette(tmp_path / f"{number}.yaml", record_mode=mode) as cassette:
            both.wait()
            seen[mode, number] = _read(client.ask(url, calls[number]))
            both.wait()
            seen[mode, -1 - number] = len(cassette.exchanges)

    with ExitStack() as stack:
        url = stack.enter_context(serving())
        for mode in ("once", "none"):
            threads = [threading.Thread(target=ask, args=(number, mode, url)) for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            stack.close()  # the server is gone for the replay
    for number in range(2):
        assert seen["once", number] == seen["none", number]
        assert seen["once", -1 - number] == seen["none", -1 - number] == 1
