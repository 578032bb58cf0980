"""aiohttp's exceptions, as a cassette keeps them: by name and text."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import client_exceptions
from aiohttp.client_exceptions import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponseError,
    ConnectionTimeoutError,
    ServerFingerprintMismatch,
    SocketTimeoutError,
)
from aiohttp.http_exceptions import HttpProcessingError

from pytest_interactions.api.exchange import Cut, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import ClientRequest

    from pytest_interactions.cassette.recorder import Recording

_OS_ERROR: Final = re.compile(r"\[Errno (-?\d+)\] (.*)", re.DOTALL)
_URL: Final = "{url}"  # stands for the request's in a text, as that may have a key in it


@contextmanager
def unanswered(recording: Recording | None, request: ClientRequest) -> Iterator[None]:
    """Record a request that gets no connection: a response with status 0, which HTTP has not, and what kept it away."""
    try:
        yield
    except (ClientError, TimeoutError, asyncio.CancelledError) as error:
        reason = _reason(error, request)
        if recording is not None and reason is not None:
            recording.finish(Response(status=0), cut(reason, request))
        raise


def _reason(error: BaseException, request: ClientRequest) -> BaseException | None:
    """What the app gets to see of an error that a connector raises; `None` where it is the app's own doing."""
    if isinstance(error, ClientError):
        return error
    if isinstance(error, TimeoutError):
        return ConnectionTimeoutError(f"Connection timeout to host {request.url}")
    return timed_out(request)


def timed_out(request: ClientRequest) -> TimeoutError | None:
    """Return what the app gets where the time for the whole request is over, which aiohttp makes by cancelling."""
    timer = getattr(request, "_timer", None)
    return TimeoutError() if getattr(timer, "_cancelled", False) else None


def cut(error: BaseException, request: ClientRequest) -> Cut:
    """Return what a cassette keeps of `error`."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    # The message of some is no text but what came of a response's head, secrets and all.
    message = getattr(error, "message", "")
    text = message if isinstance(error, HttpProcessingError) else str(cause) if isinstance(message, str) else ""
    return Cut(by="connection", error=type(error).__name__, message=text.replace(str(request.url), _URL))


def raised(recorded: Cut, request: ClientRequest, *, answered: bool) -> Exception:
    """Make the exception that `cut` was made from; another client's become the ones that come nearest."""
    text = recorded.message.replace(_URL, str(request.url))
    if recorded.error == "TimeoutError":
        return TimeoutError()
    if recorded.error == "HttpProcessingError":
        return HttpProcessingError(code=400, message=text)
    kind = getattr(client_exceptions, recorded.error, None)
    if not (isinstance(kind, type) and issubclass(kind, ClientError)) or issubclass(kind, _OF_NO_TEXT):
        timeout = "Timeout" in recorded.error
        kind = SocketTimeoutError if timeout else ClientPayloadError if answered else ClientConnectionError
    return _made(kind, text, request)


# Made from more than a text, and seldom seen: a proxy that refuses, a certificate that is not the expected one.
_OF_NO_TEXT: Final = (ClientResponseError, ServerFingerprintMismatch)


def _made(kind: type[ClientError], text: str, request: ClientRequest) -> Exception:
    if issubclass(kind, ClientConnectorCertificateError):
        return kind(request.connection_key, ssl.SSLCertVerificationError(1, text))
    if issubclass(kind, ClientConnectorSSLError):
        return kind(request.connection_key, ssl.SSLError(1, text))
    if issubclass(kind, ClientConnectorError):
        return kind(request.connection_key, _os_error(text))
    return kind(*_os_error(text).args) if issubclass(kind, ClientOSError) else kind(text or None)


def _os_error(text: str) -> OSError:
    found = _OS_ERROR.fullmatch(text)
    return OSError(int(found[1]), found[2]) if found else OSError(text)
