"""Streams: their events, their pieces, and how they end."""

from __future__ import annotations

import asyncio
import json
import threading
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai
from google.genai import _interactions as errors

from pytest_interactions.api.streaming import split
from pytest_interactions.server.emulator import Hold

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

MODEL = "gemini-3.5-flash"


def stream(rest: httpx.Client, **body: Any) -> list[str]:
    """Return the text of each event of a stream."""
    body = {"model": MODEL, "input": "Hello", "stream": True, **body}
    return rest.post("/v1/interactions", json=body).text.split("\n\n")


def test_events_of_a_text(rest: httpx.Client) -> None:
    """A text streams as the real API streams it: created, update, thought, output in pieces, completed, done."""
    events = stream(rest, input="one two three four five six seven")
    assert [event.split("\n")[0].removeprefix("event: ") for event in events] == [
        "interaction.created",
        "interaction.status_update",
        *("step.start", "step.delta", "step.stop"),
        *("step.start", "step.delta", "step.delta", "step.stop"),
        "interaction.completed",
        "done",
        "",
    ]
    assert events[-2] == "event: done\ndata: [DONE]"
    data = [json.loads(event.split("\n")[1].removeprefix("data: ")) for event in events[:-2]]
    assert data[5] == {"index": 1, "step": {"type": "model_output"}, "event_type": "step.start"}
    assert data[6]["delta"] == {"text": "You said: one two three four", "type": "text"}
    assert "steps" not in data[-1]["interaction"]


def test_alt_sse(rest: httpx.Client) -> None:
    """`?alt=sse` asks for a stream as `stream: true` does."""
    answer = rest.post("/v1beta/interactions?alt=sse", json={"model": MODEL, "input": "Hello"})
    assert answer.headers["content-type"] == "text/event-stream"


def test_unstored_streams_have_an_empty_id(rest: httpx.Client) -> None:
    """With `store: false` the id is there in stream events, and empty."""
    first = json.loads(stream(rest, store=False)[0].split("\n")[1].removeprefix("data: "))
    assert first["interaction"]["id"] == ""


@pytest.mark.parametrize("text", ["", " ", "a", " a  b\n\nc d e f g h ", "é 🎉 " * 20])
def test_pieces_join(text: str) -> None:
    """The pieces of a text join to the text."""
    assert "".join(split(text)) == text


def test_own_pieces(emulator: Emulator, client: Any) -> None:
    """A scripted list of texts is that many deltas, and one text when not streamed."""
    emulator.on(input="count").reply(text=[f"{n} " for n in range(40)])
    events: list[Any] = list(client.interactions.create(model=MODEL, input="Count", stream=True))
    texts = [e.delta.text for e in events if e.event_type == "step.delta" and e.delta.type == "text"]
    assert texts == [f"{n} " for n in range(40)]
    assert client.interactions.create(model=MODEL, input="Count").output_text == "".join(texts)


def test_each_event_is_flushed(emulator: Emulator, rest: httpx.Client) -> None:
    """An event arrives before the server sends the next one, compressed or not."""
    for encoding in ("identity", "gzip"):
        gate = Hold(before=3)
        emulator.on(input="wait").reply(hold=gate, times=1)
        body = {"model": MODEL, "input": "wait", "stream": True}
        headers = {"accept-encoding": encoding}
        with rest.stream("POST", "/v1/interactions", json=body, headers=headers) as answer:
            raw = answer.iter_raw()
            decoder = zlib.decompressobj(wbits=47)  # gzip, by its header
            seen = b""
            while seen.count(b"\n\n") < 3:
                chunk = next(raw)
                seen += decoder.decompress(chunk) if encoding == "gzip" else chunk
            gate.wait_reached()
            assert emulator.requests[-1].events_sent == 3
            gate.release()
            assert sum(1 for _ in raw) > 0


def test_hold_that_is_not_reached() -> None:
    """Waiting for a barrier that the server does not come to ends with an error."""
    with pytest.raises(TimeoutError, match="did not reach event 2"):
        Hold(before=2).wait_reached(0.01)


def test_release_twice() -> None:
    """A barrier may be released again."""
    gate = Hold()
    gate.release()
    gate.release()


def test_client_that_leaves(emulator: Emulator, client: Any) -> None:
    """A client that breaks off ends the server's stream, which counts what it had sent."""
    gate = Hold(before=5)
    emulator.on().reply(text=[f"{n}" for n in range(40)], hold=gate)
    stream = client.interactions.create(model=MODEL, input="Count", stream=True)
    for _, _event in zip(range(3), stream, strict=False):
        ...
    gate.wait_reached()
    stream.close()
    request = emulator.requests[-1]
    assert request.disconnected.wait(5)
    assert request.ended.wait(5)
    assert request.events_sent == 5


def test_connection_that_breaks(emulator: Emulator, client: Any) -> None:
    """A connection cut after 8 events gives the client 8 events and its own error."""
    emulator.on().reply(text=[f"{n}" for n in range(16)], cut_after=8)
    seen: list[Any] = []
    with httpx.Client(base_url=emulator.url) as other:
        other.get("/")  # whose connection stays as it is
        events = client.interactions.create(model=MODEL, input="Count", stream=True)
        with pytest.raises(errors.APIConnectionError):
            seen.extend(events)
    assert len(seen) == 8
    assert not emulator.requests[-1].disconnected.is_set()


def test_answer_that_never_begins(emulator: Emulator, rest: httpx.Client) -> None:
    """A unary answer can be cut before it begins."""
    emulator.on().reply(cut_after=0)
    with pytest.raises(httpx.RemoteProtocolError):
        rest.post("/v1/interactions", json={"model": MODEL, "input": "Hello"})


def test_stream_that_stops(emulator: Emulator, rest: httpx.Client) -> None:
    """A stream can end early and clean, without its closing events."""
    emulator.on().reply(stop_after=4)
    assert len(stream(rest)) == 5


def test_bare_error(emulator: Emulator, rest: httpx.Client) -> None:
    """A stream can end as real ones were seen to: with a JSON array that is no event."""
    emulator.on().reply(bare_error_after=2)
    *_, last = stream(rest)
    assert json.loads(last)[0]["error"]["code"] == 503


def test_error_event(emulator: Emulator, client: Any) -> None:
    """A stream can end with an error event that says nearly nothing."""
    emulator.on().reply(error_event_after=2)
    events: list[Any] = list(client.interactions.create(model=MODEL, input="Hello", stream=True))
    assert [event.event_type for event in events] == [
        "interaction.created",
        "interaction.status_update",
        "error",
    ]


def test_delays(emulator: Emulator, rest: httpx.Client) -> None:
    """A delay comes before the answer, and another one between its events."""
    import time

    emulator.on().reply(delay=0.1, events_delay=0.02, stop_after=6)
    start = time.monotonic()
    stream(rest)
    assert time.monotonic() - start >= 0.2


async def test_slow_and_fast_at_once(emulator: Emulator) -> None:
    """A slow answer does not hold up a fast one, and ids do not depend on which was first."""
    gate = Hold()
    emulator.on(input="slow").reply(hold=gate)
    client: Any = genai.Client(api_key="any", http_options={"base_url": emulator.url})
    slow = asyncio.create_task(client.aio.interactions.create(model=MODEL, input="slow"))
    await asyncio.to_thread(gate.wait_reached)
    fast = await client.aio.interactions.create(model=MODEL, input="fast")
    assert not slow.done()
    gate.release()
    assert (await slow).output_text == "You said: slow"
    assert fast.output_text == "You said: fast"
    await client.aio.aclose()


def test_stop_with_a_stream_under_way(emulator: Emulator, rest: httpx.Client) -> None:
    """Stopping ends what is held, and does not wait for the client."""
    gate = Hold(before=1)
    emulator.on().reply(hold=gate)
    body = {"model": MODEL, "input": "Hello", "stream": True}
    with rest.stream("POST", "/v1/interactions", json=body) as answer:
        gate.wait_reached()
        emulator.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    assert emulator.requests[-1].ended.is_set()
    assert not any(thread.name == "interactions-emulator" for thread in threading.enumerate())
