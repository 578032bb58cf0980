"""What urllib3 makes of a connection that fails: it puts an exception of its own around Python's."""

from __future__ import annotations

import socket
import ssl
import sys
from typing import Any


def exceptions_of(connection: Any) -> Any:
    """The exceptions of the urllib3 that the connection is of, which may be some library's own copy, if it is one's."""
    for each in type(connection).__mro__:
        if each.__module__.endswith("urllib3.connection"):
            return sys.modules[each.__module__.removesuffix("connection") + "exceptions"]
    return None


def cause_of(error: BaseException) -> BaseException:
    """Python's own exception, where urllib3 has put one of its own around it."""
    inner = error.__cause__ or error.__context__
    return inner if inner is not None and type(error).__module__.endswith("urllib3.exceptions") else error


def unconnected(connection: Any, error: Exception) -> Exception:
    """The exception of a connection that can't be made, as its class raises it: urllib3's puts one of its own around.

    It lets some pass as they are: those of TLS and tunnels, and of a request that can't be sent.
    """
    urllib3 = exceptions_of(connection)
    if urllib3 is None or not isinstance(error, OSError) or isinstance(error, (ssl.SSLError, BrokenPipeError)):
        return error
    found: Exception = error
    if isinstance(error, TimeoutError):
        message = f"Connection to {connection.host} timed out. (connect timeout={connection.timeout})"
        found = urllib3.ConnectTimeoutError(connection, message)
    elif isinstance(error, socket.gaierror) and hasattr(urllib3, "NameResolutionError"):
        found = urllib3.NameResolutionError(connection.host, connection, error)
    elif error.errno is not None:
        found = urllib3.NewConnectionError(connection, f"Failed to establish a new connection: {error}")
    return found
