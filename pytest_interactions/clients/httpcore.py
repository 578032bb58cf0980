"""httpcore used directly, or by a transport of the app's own: refused, as its requests would pass the cassette by."""

from __future__ import annotations

import importlib
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.cassette import messages
from pytest_interactions.clients import beneath
from pytest_interactions.clients.replacing import Replaced
from pytest_interactions.errors import UnsupportedClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce


def patches(cassettes: InForce[Answering], http: Any) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that refuse what reaches the httpcore of `http` (httpx or httpx2) past its transports."""
    core = importlib.import_module(http.__name__.replace("httpx", "httpcore"))

    def check(request: Any) -> None:
        __tracebackhide__ = True
        if not beneath.is_sending() and beneath.is_ours(http.HTTPTransport.handle_request):
            _refuse(cassettes.innermost, request)

    for name in ("ConnectionPool", "HTTPConnection"):
        yield Replaced(getattr(core, name), "handle_request", partial(_checked, check))
        yield Replaced(getattr(core, f"Async{name}"), "handle_async_request", partial(_async_checked, check))


def _checked(check: Callable[[Any], None], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def handle_request(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        check(request)
        with beneath.sending(request):  # a pool sends through connections, and to proxies
            return real(self, request)

    return handle_request


def _async_checked(check: Callable[[Any], None], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def handle_async_request(self: Any, request: Any) -> Any:
        __tracebackhide__ = True
        check(request)
        with beneath.sending(request):
            return await real(self, request)

    return handle_async_request


def _refuse(cassette: Answering | None, request: Any) -> None:
    __tracebackhide__ = True
    host = request.url.host.decode()
    port = request.url.port or DEFAULT_PORTS.get(request.url.scheme.decode())
    if cassette is not None and not cassette.passes(host, port):
        raise cassette.failed_with(UnsupportedClientError(messages.unsupported("httpcore", host, port)))
