"""A server that answers the questions of `traffic`. Run as `python -m torture.server`, it prints its port."""

from __future__ import annotations

import asyncio
import json

from torture.traffic import answer, events

_GAP = 0.001  # seconds between events, so that a kill may come between two


async def _serve() -> None:
    server = await asyncio.start_server(_connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - this is how it says so
    await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
            asked = json.loads(await reader.readexactly(int(headers["content-length"])))
            if asked.get("stream"):
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                for event in events(asked):
                    writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                    await writer.drain()
                    await asyncio.sleep(_GAP)
                writer.write(b"0\r\n\r\n")
            else:
                body = answer(asked)
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                writer.write(head + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client was killed
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(_serve())
