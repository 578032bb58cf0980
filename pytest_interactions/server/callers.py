"""The callers of a local server: who may ask, in which form, and what they are told where something goes wrong."""

from __future__ import annotations

import re
import sys
import traceback
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from pytest_interactions.api.hosts import is_allowed, is_loopback
from pytest_interactions.server.connections import RefusedError, abort, disconnected, failure

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?", re.IGNORECASE)
_SHOWN: Final = 200  # characters of what a caller sent, in a message to it
_ROOM: Final = Path(__file__).parents[2]
# What a page may read of an answer beside what every page may.
_EXPOSED: Final = b"location, retry-after, x-goog-upload-chunk-granularity, x-goog-upload-status, x-goog-upload-url"


class Callers:
    """An ASGI app around the app of a server: it answers requests that must not get there, and the app's errors.

    A request gets there if its target is a path, and if it comes from a program, not from a web page: any page that is
    open in a browser on this machine may send requests to it, and its host's name may lead here.

    Attributes:
        hosts: Names by which the server may be called beside its own, each `name` or `name:port`, or a pattern.
        origins: Web pages that may use the server, such as `http://localhost:5173`, or patterns of them.
    """

    def __init__(self, app: ASGIApp, *, name: str, host: str) -> None:
        """Stand before `app`, which the server called `name` has on the address `host`."""
        self.hosts: list[str] = []
        self.origins: list[str] = []
        self._app = app
        self._name = name
        self._host = host.lower()
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing that a caller does raises an error."""
        answer = _Answer(send)
        try:
            _check_target(scope)
            headers = {name: _header(scope, name) for name in (b"host", b"origin", b"sec-fetch-site")}
            scope["state"]["address"] = f"http://{self._reached(headers[b'host'], scope['server'])}"
            if self._is_page(headers):
                answer.origin = headers[b"origin"]
            if answer.origin and _method(scope) == "OPTIONS":
                await _preflight(scope)(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            ...  # nobody is there to be told anything
        except RefusedError as error:
            await failure(error.status, error.code, str(error))(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - a caller gets an answer whatever happens
            where = self._tell(error)
            try:
                message = f"This server met an error that nobody has foreseen: {where}."
                await failure(500, "internal", message)(scope, receive, answer.send)
            except Exception:  # noqa: BLE001 - the answer had begun, or can't be sent
                abort(scope)
                await _gone(scope, receive)

    def _reached(self, header: str, here: tuple[str, int]) -> str:
        """Return the `host:port` by which the server was called, if that is its own.

        The port is the server's, as a link leads there, unless a `host` that was let in is behind another one.
        """
        given = _HOST.fullmatch(header or _netloc(*here))
        name = given[1].strip("[]").lower().rstrip(".") if given else ""
        if given and is_allowed(name, int(given[2] or 80), self.hosts):
            return header
        if name and (is_loopback(name) or name in (self._host, here[0])):
            return _netloc(name, here[1])
        raise RefusedError(
            403,
            "permission_denied",
            f"This server does not answer to the name {header[:_SHOWN]!r}, as the host of a web page may lead here "
            "under any name. If it is the server's own, begin it with --allow-host NAME, or in a test call "
            "allow_host(NAME) of the fixture.",
        )

    def _is_page(self, headers: dict[bytes, str]) -> bool:
        """Return whether a web page asks that was let in; raise `RefusedError` if another one does."""
        origin, site = headers[b"origin"], headers[b"sec-fetch-site"]
        if origin and any(fnmatchcase(origin, pattern) for pattern in self.origins):
            return True
        if origin == f"http://{headers[b'host']}" or not (origin or site in ("cross-site", "same-site")):
            return False
        page = origin[:_SHOWN] if origin else "another site"
        raise RefusedError(
            403,
            "permission_denied",
            f"A web page of {page} asked, and no page may use this server unless it is let in. If it is the app under "
            "test, begin the server with --allow-origin ORIGIN, such as --allow-origin http://localhost:5173, or in a "
            "test call allow_origin(ORIGIN) of the fixture.",
        )

    def _tell(self, error: Exception) -> str:
        """Say once on the standard error what came from where, and return that; its message may hold a secret."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        file = Path(frame.filename)
        place = file.relative_to(_ROOM) if file.is_relative_to(_ROOM) else file.name
        where = f"{type(error).__name__} at {place}:{frame.lineno}"
        if where not in self._told:
            self._told.add(where)
            sys.stderr.write(f"{self._name}: an error that nobody has foreseen, answered with status 500: {where}\n")
        return where


class _Answer:
    """An answer on its way; a page of `origin`, if one asks, may read it."""

    def __init__(self, send: Send) -> None:
        self.origin = ""
        self._send = send

    async def send(self, message: Message) -> None:
        if self.origin and message["type"] == "http.response.start":
            headers = [each for each in message["headers"] if not each[0].startswith(b"access-control-allow-origin")]
            headers += [
                (b"access-control-allow-origin", self.origin.encode("latin-1")),
                (b"access-control-expose-headers", _EXPOSED),
                (b"vary", b"origin"),
            ]
            message = {**message, "headers": headers}
        await self._send(message)


def _preflight(scope: Scope) -> Response:
    """Return the answer to a browser that asks whether the page may send a request: it may."""
    headers = {
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": _header(scope, b"access-control-request-headers"),
        "access-control-allow-private-network": "true",
        "access-control-max-age": "600",
    }
    return Response(status_code=204, headers=headers)


def _check_target(scope: Scope) -> None:
    """Raise `RefusedError` if the request's target is no path, as it is none in a request to a proxy."""
    is_path = scope["raw_path"].startswith(b"/") and b"#" not in scope["raw_path"] + scope["query_string"]
    if not is_path or _method(scope) == "CONNECT":
        raise RefusedError(400, "invalid_request", "The target of the request is not a path that begins with '/'.")
    if not {".", ".."}.isdisjoint(scope["path"].split("/")):
        raise RefusedError(400, "invalid_request", "The path has '.' or '..' in it.")


async def _gone(scope: Scope, receive: Receive) -> None:
    """Wait until a caller has gone; that of a WebSocket is not waited for, as its end may have been read before."""
    if scope["type"] == "http":
        await disconnected(receive)


def _method(scope: Scope) -> str:
    """Return the method of a request; that of the handshake of a WebSocket is always the same."""
    return str(scope.get("method", "GET"))


def _header(scope: Scope, name: bytes) -> str:
    """Return a header's value, `""` if there is none; of several, what no single one could be."""
    return ", ".join(value.decode("latin-1") for each, value in scope["headers"] if each == name)


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
