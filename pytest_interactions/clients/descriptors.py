"""Descriptors for a client that waits for its socket where there is none: they say what it would."""

from __future__ import annotations

import socket


class Descriptors:
    """The descriptors of one connection, each made when it is first asked for."""

    def __init__(self) -> None:
        self._readable: socket.socket | None = None
        self._silent: tuple[socket.socket, ...] = ()

    @property
    def asks(self) -> bool:
        """Return whether the client has asked for the readable one, and not read from it yet."""
        return self._readable is not None

    def readable(self) -> int:
        """Return one from which something can be read at once."""
        if self._readable is None:
            self._readable, other = socket.socketpair()
            other.close()
        return self._readable.fileno()

    def silent(self) -> int:
        """Return one from which nothing can be read, as on a connection that stays open."""
        self._silent = self._silent or socket.socketpair()
        return self._silent[0].fileno()

    def ask_no_more(self) -> None:
        """Close the readable one."""
        if self._readable is not None:
            self._readable.close()
            self._readable = None

    def close(self) -> None:
        """Close all."""
        self.ask_no_more()
        for each in self._silent:
            each.close()
        self._silent = ()
