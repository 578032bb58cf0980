"""All clients that stand on http.client: requests, urllib3, urllib.request, httplib2, botocore, and http.client itself.

A facade stands where such a client has its socket. What the client sends is what is compared and recorded, what comes
back is recorded, or played, byte by byte; framing, decoding, exceptions, retries and redirects remain the client's own.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from functools import partial, wraps
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.clients.beneath import is_vcrpys
from pytest_interactions.clients.http_socket import Facade, connecting, is_connecting, origin_of
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.replacing import Replacements

_VERIFIED: Final = (ssl.CERT_REQUIRED, "CERT_REQUIRED", "REQUIRED")


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring traffic to the cassette in force: each class's own way to connect, and `putrequest`.

    A class of any library but urllib3 and httplib2 that is made later connects in its own way, unless `putrequest`
    comes first.
    """
    connect, known = partial(_connect, cassettes), list(_with_connect())
    yield _Known(known)
    for each in known:
        yield Replaced(each, "connect", connect)
    yield Replaced(HTTPConnection, "putrequest", partial(_putrequest, cassettes))

    def replace(module: Any, patches: Replacements) -> None:
        for each in _with_connect():
            if each.__module__ == module.__name__ and each not in known:
                patches.enter_context(Replaced(each, "connect", connect))

    for name in ("urllib3.connection", "httplib2"):
        yield OnceImported(name, replace)


class _Known(AbstractContextManager[None]):
    """The classes that connect in ways of their own: in place as long as there are no others."""

    def __init__(self, classes: list[type[HTTPConnection]]) -> None:
        self._classes = classes

    @property
    def is_in_place(self) -> bool:
        return list(_with_connect()) == self._classes

    def __exit__(self, *_: object) -> None:
        self._classes = []


def _with_connect() -> Iterator[type[HTTPConnection]]:
    """Yield `http.client`'s connection and what stands on it, as far as it connects in a way of its own."""
    found = [HTTPConnection]
    for each in found:  # which grows meanwhile
        found += [sub for sub in each.__subclasses__() if sub not in found]
        if "connect" in vars(each):
            yield each


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
