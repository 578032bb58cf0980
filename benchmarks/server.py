"""A server for recordings, in a process of its own, so that it takes no time from whom it answers.

Run as `python -m benchmarks.server`, it prints its port. The headers of a request say how it is answered.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.material import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What every stream ends with.
DONE = b"event: done\ndata: [DONE]\n\n"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "


def streamed(events: int, *, first: float = 0.0, gap: float = 0.0) -> dict[str, str]:
    """The headers that ask for a stream: `events` text deltas, seconds before the first and between all."""
    return {"x-events": str(events), "x-first": str(first), "x-gap": str(gap)}


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run the server, or the module and its arguments that are given; its base URL."""
    command = [sys.executable, "-m", *(arguments or ("benchmarks.server",))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own modules
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def _serve() -> None:
    server = await asyncio.start_server(_connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - this is how it says so
    await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    number = 0
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().lower().split("\r\n")[1:-2]
            headers = dict(line.split(": ", 1) for line in lines)
            await reader.readexactly(int(headers.get("content-length", "0")))
            number += 1
            if "x-events" in headers:
                await _stream(writer, headers)
            else:
                body = json.dumps(answer(number)).encode()
                writer.write(_HEAD + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _stream(writer: asyncio.StreamWriter, headers: dict[str, str]) -> None:
    writer.write(_HEAD + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(float(headers["x-first"]))
    for event in events(int(headers["x-events"])):
        await _chunk(writer, encoded(event))
        await asyncio.sleep(float(headers["x-gap"]))
    await _chunk(writer, DONE)
    await _chunk(writer, b"")


def events(deltas: int) -> list[dict[str, Any]]:
    """The events of a stream with so many text deltas."""
    interaction = answer(0)
    return [
        {"event_type": "interaction.created", "interaction": interaction | {"status": "in_progress", "steps": []}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        *(
            {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": f"word {number} "}}
            for number in range(deltas)
        ),
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "interaction": interaction},
    ]


def encoded(event: dict[str, Any]) -> bytes:
    """An event as it is sent."""
    return f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n".encode()


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
    await writer.drain()


if __name__ == "__main__":
    asyncio.run(_serve())
