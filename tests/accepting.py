"""Servers that do one thing with each of their connections, which no HTTP server would."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@contextmanager
def accepting(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does `serve` with each connection, one after the other; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                serve(connection)

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def answering(answer: Callable[[socket.socket], object]) -> AbstractContextManager[str]:
    """A server that takes the request of each connection, does `answer` with that, and closes it; its base URL."""

    def serve(connection: socket.socket) -> None:
        with connection:
            asked = b""
            while not asked.endswith(b"}" if asked.startswith(b"POST") else b"\r\n\r\n"):
                if not (more := connection.recv(65536)):  # a slow machine's client has given up
                    break
                asked += more
            answer(connection)

    return accepting(serve)


def refusing() -> str:
    """The base URL of a port at which nobody listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
