"""A real server that sends a stream piece by piece, at moments that its test knows."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import brotli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Clock:
    """A clock that stands still until it is set; who sets it may wait until somebody has looked at it."""

    def __init__(self) -> None:
        self.now = 100.0
        self._looks = 0
        self._looked = Condition()

    def seconds(self) -> float:
        """Return the time."""
        with self._looked:
            self._looks += 1
            self._looked.notify_all()
            return self.now

    @contextmanager
    def at(self, since_begin: float) -> Iterator[None]:
        """Set the clock, do what the block does, and wait until somebody has looked."""
        with self._looked:
            self.now, before = 100.0 + since_begin, self._looks
        yield
        with self._looked:
            assert self._looked.wait_for(lambda: self._looks > before, timeout=5)


class _Flushed:
    """An encoder of pieces, each of which can be decoded when it has come."""

    def __init__(self, wbits: int) -> None:
        self._encoder = zlib.compressobj(wbits=wbits)

    def piece(self, data: bytes) -> bytes:
        return self._encoder.compress(data) + self._encoder.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._encoder.flush()


class _Brotli:
    def __init__(self) -> None:
        self._encoder = brotli.Compressor()

    def piece(self, data: bytes) -> bytes:
        return bytes(self._encoder.process(data) + self._encoder.flush())

    def end(self) -> bytes:
        return bytes(self._encoder.finish())


class _Members:
    """Each piece is a whole gzip file."""

    def piece(self, data: bytes) -> bytes:
        return gzip.compress(data)

    def end(self) -> bytes:
        return b""


class _Plain:
    def piece(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


CODINGS: dict[str, Callable[[], Any]] = {
    "": _Plain,
    "gzip": lambda: _Flushed(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Flushed(zlib.MAX_WBITS),
    "br": _Brotli,
    "gzip in members": _Members,
}
FRAMINGS = ("chunked", "length", "close")


def written(pieces: Sequence[bytes], coding: str = "", framing: str = "chunked") -> list[bytes]:
    """What the server sends: the head, then each piece in its encoding and framing, of which the last has the end."""
    coder = CODINGS[coding]()
    encoded = [coder.piece(piece) for piece in pieces]
    encoded[-1] += coder.end()
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    head += f"content-encoding: {coding.split(maxsplit=1)[0]}\r\n" if coding else ""
    if framing == "length":
        head += f"content-length: {sum(map(len, encoded))}\r\n"
    elif framing == "close":
        head += "connection: close\r\n"
    else:
        head += "transfer-encoding: chunked\r\n"
        encoded = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in encoded]
        encoded[-1] += b"0\r\n\r\n"
    return [f"{head}\r\n".encode(), *encoded]


class _Handler(StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)
        self.server.send(self.wfile.write)


class _Server(ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, send: Callable[[Callable[[bytes], Any]], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.send = send


@contextmanager
def paced(send: Callable[[Callable[[bytes], Any]], None]) -> Iterator[str]:
    """A server that answers by `send`, which gets the function that writes to the connection; its address."""
    server = _Server(send)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
