"""httpcore used directly, or by a transport of the app's own: refused, as its requests would pass the cassette by."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.cassette import messages
from pytest_interactions.clients import beneath
from pytest_interactions.clients.replacing import OnceImported, Replaced
from pytest_interactions.errors import UnsupportedClientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.replacing import Replacements


def patch(cassettes: InForce[Answering], http: Any) -> AbstractContextManager[None]:
    """Return the patch that refuses what reaches the httpcore of `http` (httpx or httpx2) past its transports.

    It takes place once httpcore is imported: the first transport that opens sockets does that.
    """

    def check(request: Any) -> None:
        __tracebackhide__ = True
        if not beneath.is_sending() and beneath.is_ours(http.HTTPTransport.handle_request):
            _refuse(cassettes.innermost, request)

    def replace(core: Any, patches: Replacements) -> None:
        for name in ("ConnectionPool", "HTTPConnection"):
            patches.enter_context(Replaced(getattr(core, name), "handle_request", partial(_checked, check)))
            asynchronous = getattr(core, f"Async{name}")
            patches.enter_context(Replaced(asynchronous, "handle_async_request", partial(_async_checked, check)))

    return OnceImported(http.__name__.replace("httpx", "httpcore"), replace)


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
