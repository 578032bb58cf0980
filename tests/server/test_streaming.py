"""Streams through the server: passed on as they come, cut where they were cut, replayed event by event."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import StreamEndedError
from pytest_interactions.api.exchange import Cut
from pytest_interactions.files import clock, storage
from pytest_interactions.server import ReplayServer
from pytest_interactions.server.emulator import Emulator, Hold
from tests.cassette.clients import MODEL, _post, sdk
from tests.clients.paced_server import Clock, paced, written
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Served


def test_the_first_event_comes_before_the_api_sends_the_second(served: Served) -> None:
    """While recording, the client holds event 1 while the API still stands before event 2."""
    gate = Hold(before=1)
    served.emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    with served.record() as server, httpx.stream(**_post(server.url, "Count", stream=True)) as response:
        lines = response.iter_lines()
        assert next(lines) == "event: interaction.created"
        gate.wait_reached()
        assert served.emulator.requests[0].events_sent == 1
        gate.release()
        assert list(lines)[-2:] == ["data: [DONE]", ""]


def test_a_stream_is_passed_on_byte_for_byte(served: Served) -> None:
    """What a client gets through the recording server is what the API sent, and on replay what redaction left of it."""
    with Emulator.steady() as direct, Emulator.steady() as recorded:
        sent = httpx.request(**_post(direct.url, "Count", stream=True)).content
        served.emulator = recorded
        with served.record() as server:
            assert httpx.request(**_post(server.url, "Count", stream=True)).content == sent
        with served.replay() as server:
            replayed = httpx.request(**_post(server.url, "Count", stream=True))
    [exchange] = storage.load(served.path).exchanges
    assert replayed.content == exchange.response.body
    assert replayed.headers["content-type"] == "text/event-stream"
    signature = re.compile(r'(?<="signature":")[^"]+')
    assert signature.sub("", replayed.text) == signature.sub("", sent.decode())


def test_replayed_events_are_chunks_of_their_own(served: Served) -> None:
    """Each recorded event is one chunk for the client, or so many bytes as the option `chunking` says."""
    served.emulator.on(input="Count").reply(text=["1", "2"])
    with served.record() as server:
        httpx.request(**_post(server.url, "Count", stream=True))
    for chunking, longest in (("event", None), (7, 7)):
        with (
            served.replay(chunking=chunking) as server,
            httpx.stream(**_post(server.url, "Count", stream=True)) as response,
        ):
            chunks = list(response.iter_raw())
        if longest is None:
            assert all(chunk.endswith(b"\n\n") for chunk in chunks)
            assert len(chunks) == b"".join(chunks).count(b"\n\n")
        else:
            assert {len(chunk) for chunk in chunks[:-1]} == {longest}


def test_replayed_events_keep_the_pace(served: Served) -> None:
    """With a pace, the events of a stream come that many seconds apart."""
    served.emulator.on(input="Count").reply(text=["1"])
    with served.record() as server:
        count = httpx.request(**_post(server.url, "Count", stream=True)).content.count(b"\n\n")
    start = time.monotonic()
    with served.replay(pace=0.01) as server:
        httpx.request(**_post(server.url, "Count", stream=True))
    assert time.monotonic() - start >= 0.01 * (count - 1)


def test_a_client_that_leaves_ends_the_stream_at_the_api(served: Served) -> None:
    """A client that goes away mid-stream stops the API, is no failure, and replays as far as it read."""
    gate = Hold(before=3)
    served.emulator.on(input="Count").reply(text=[str(n) for n in range(40)], hold=gate)
    request = _post("", "Count", stream=True)
    seen = []
    for serve in (served.record, served.replay):
        with serve() as server, httpx.stream(**request | {"url": server.url + request["url"]}) as response:
            lines = response.iter_lines()
            seen.append([next(lines) for _ in range(6)])
            if serve == served.record:
                response.close()
                assert served.emulator.requests[0].disconnected.wait(5)
    assert seen[0] == seen[1]
    [exchange] = storage.load(served.path).exchanges
    assert exchange.cut is not None
    assert exchange.cut.by == "app"


@pytest.mark.parametrize("recorded", [True, False])
def test_a_client_that_leaves_before_the_answer_leaves_there_on_replay(recorded: bool, served: Served) -> None:
    """Its request is kept without an answer, unless a hook wants no record of it; a closed server waits for nobody."""
    gate = Hold()
    served.emulator.on(input="Wait").reply(text="1", hold=gate)
    options = {} if recorded else {"before_record_request": lambda _: None}
    for serve in (served.record, served.replay) if recorded else (served.record,):
        with serve(**options) as server, pytest.raises(httpx.ReadTimeout):
            httpx.request(**_post(server.url, "Wait"), timeout=0.2)
    gate.release()
    if recorded:
        [exchange] = storage.load(served.path).exchanges
        assert (exchange.response.status, exchange.cut) == (0, Cut(by="app"))
    assert served.path.exists() == recorded


def test_a_client_that_reads_on_is_found_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that wants more of a stream than was recorded gets a broken connection, and the test can't pass."""
    monkeypatch.setattr("pytest_interactions.cassette.tape.READS_ON", 0.05)
    gate = Hold(before=2)
    served.emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    with served.record() as server, httpx.stream(**_post(server.url, "Count", stream=True)) as response:
        lines = response.iter_lines()
        first = [next(lines) for _ in range(6)]
    seen: list[str] = []
    with pytest.raises(StreamEndedError, match="recorded only up to here"), served.replay() as server:
        with (
            httpx.stream(**_post(server.url, "Count", stream=True)) as response,
            pytest.raises(httpx.RemoteProtocolError),
        ):
            seen.extend(response.iter_lines())
    assert seen[:6] == first


def test_a_broken_connection_breaks_again_at_the_same_event(served: Served) -> None:
    """An API that dies after 8 of 16 events gives the client 8 events and a broken connection, both times."""
    served.emulator.on(input="Count").reply(text=[str(n) for n in range(9)], cut_after=8)
    outcomes = []
    for serve in (served.record, served.replay):
        events: list[str] = []
        with serve() as server, sdk(server.url) as client, pytest.raises(Exception, match="peer closed") as error:
            stream = client.interactions.create(model=MODEL, input="Count", stream=True)
            events.extend(event.event_type for event in stream)
        outcomes.append((events, type(error.value)))
    assert len(outcomes[0][0]) == 8
    assert outcomes[1] == outcomes[0]


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_each_event_has_the_time_when_it_came_from_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """To the server, that is, and not to the client, which may read slowly."""
    events = [b"event: a\ndata: 1\n\n", b"event: b\ndata: 2\n\n", b"event: done\ndata: [DONE]\n\n"]
    watch = Clock()
    monkeypatch.setattr(clock, "seconds", watch.seconds)

    def send(write: Callable[[bytes], Any]) -> None:
        for number, data in enumerate(written(events, coding)):
            with watch.at(number / 4):
                write(data)

    with (
        paced(send) as url,
        use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette,
        ReplayServer(cassette, upstream=url) as server,
    ):
        assert httpx.get(f"{server.url}/v1beta/interactions/1", timeout=5).content == b"".join(events)
    (exchange,) = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.times == (0.0, 0.25, 0.5, 0.75)
