"""All clients that stand on http.client: requests, urllib3, urllib.request, httplib2, botocore, and http.client itself.

A facade stands where such a client has its socket. What the client sends is what is compared and recorded, what comes
back is recorded, or played, byte by byte; framing, decoding, exceptions, retries and redirects remain the client's own.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import wraps
from http.client import HTTPConnection
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_interactions.clients.beneath import is_vcrpys
from pytest_interactions.clients.http_socket import Facade, connecting, is_connecting, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce

_VERIFIED: Final = (ssl.CERT_REQUIRED, "CERT_REQUIRED", "REQUIRED")


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring traffic to the cassette in force: each class's own way to connect, and `putrequest`.

    A library that is imported later connects in its own way, unless `putrequest` comes first.
    """
    for name in ("urllib3.connection", "httplib2"):
        with suppress(ImportError):
            import_module(name)
    for each in {HTTPConnection: None} | dict.fromkeys(_subclasses(HTTPConnection)):
        if "connect" in vars(each):
            yield mock.patch.object(each, "connect", _connect(cassettes, each.connect))
    yield mock.patch.object(HTTPConnection, "putrequest", _putrequest(cassettes, HTTPConnection.putrequest))


def _subclasses(base: type[HTTPConnection]) -> Iterator[type[HTTPConnection]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


def _connect(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def connect(self: Any) -> None:
        cassette, origin = cassettes.innermost, origin_of(self)
        if cassette is None or is_connecting(self) or cassette.passes(origin.host, origin.port):
            with connecting(self):
                real(self)
            return
        self.sock = Facade(self, cassettes)
        if hasattr(self, "cert_reqs"):  # urllib3's: it warns before it sends, if this is not to be
            self.is_verified = self.cert_reqs in _VERIFIED or bool(self.assert_fingerprint)

    return connect


def _putrequest(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def putrequest(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        if cassettes.innermost is None or is_vcrpys():
            return
        if self.sock is None and not self.auto_open:
            return  # http.client says so when it sends
        if not isinstance(self.sock, Facade):  # none yet, or one that was made before
            self.sock = Facade(self, cassettes, self.sock)
        self.sock.begin()

    return putrequest
