"""aiohttp's exceptions, as a cassette keeps them: by name and text."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from aiohttp import Fingerprint, RequestInfo, client_exceptions
from aiohttp.client_exceptions import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ClientResponseError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
    SocketTimeoutError,
)
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy

from pytest_interactions.api.exchange import Cut, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import ClientRequest

    from pytest_interactions.cassette.recording import Recording

_OS_ERROR: Final = re.compile(r"\[Errno (-?\d+)\] (.*)", re.DOTALL)
_STATUS: Final = re.compile(r"(\d{3}) (.*)", re.DOTALL)
_FINGERPRINT: Final = re.compile(r"((?:[0-9a-f]{2})+) of (.*) port (\d+)")
_URL: Final = "{url}"  # stands for the request's in a text, as that may have a key in it


@contextmanager
def unanswered(recording: Recording | None, request: ClientRequest) -> Iterator[None]:
    """Record a request that gets no connection: a response with status 0, which HTTP has not, and what kept it away."""
    try:
        yield
    except (ClientError, TimeoutError, asyncio.CancelledError) as error:
        reason = _reason(error, request)
        if recording is not None:
            recording.finish(Response(status=0), Cut(by="app") if reason is None else cut(reason, request))
        raise
    except BaseException:
        if recording is not None:
            recording.drop()
        raise
    if recording is not None:
        recording.check()


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
    return Cut(by="connection", error=type(error).__name__, message=_text(error).replace(str(request.url), _URL))


def _text(error: BaseException) -> str:
    """What there is to be known of an error, beside its type and the request."""
    if isinstance(error, ServerFingerprintMismatch):
        return f"{error.got.hex()} of {error.host} port {error.port}"
    message = getattr(error, "message", "")
    if isinstance(error, ClientResponseError):  # whose own text has the proxy's URL, which may have a password in it
        return f"{error.status} {message}"
    if isinstance(error, HttpProcessingError):
        return str(message)
    if not isinstance(message, str):  # but what came of a response's head, secrets and all
        return ""
    return str(getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error)


def raised(recorded: Cut, request: ClientRequest, *, answered: bool) -> Exception:
    """Make the exception that `cut` was made from; another client's become the ones that come nearest."""
    text = recorded.message.replace(_URL, str(request.url))
    if recorded.error == "TimeoutError":
        return TimeoutError()
    if recorded.error == "HttpProcessingError":
        return HttpProcessingError(code=400, message=text)
    kind = getattr(client_exceptions, recorded.error, None)
    made = _made(kind, text, request) if isinstance(kind, type) and issubclass(kind, ClientError) else None
    if made is not None:
        return made
    return _nearest(recorded.error, text, request, answered=answered)


def _nearest(name: str, text: str, request: ClientRequest, *, answered: bool) -> Exception:
    """Aiohttp's exception for what another client has named."""
    if name == "ConnectTimeout":
        return ConnectionTimeoutError(f"Connection timeout to host {request.url}")
    if "Timeout" in name:
        return SocketTimeoutError(text)
    if name == "ConnectError" and _OS_ERROR.fullmatch(text):
        return ClientConnectorError(_first_hop(request), _os_error(text))
    if name == "RemoteProtocolError" and not answered:
        return ServerDisconnectedError()
    return ClientPayloadError(text) if answered else ClientConnectionError(text)


def _made(kind: type[ClientError], text: str, request: ClientRequest) -> Exception | None:
    """An error of that kind; `None` where its text does not tell what it was made from."""
    if issubclass(kind, ClientResponseError):
        return _proxys(text, request)
    if issubclass(kind, ServerFingerprintMismatch):
        return _mismatch(text, request)
    if issubclass(kind, ClientConnectorCertificateError):
        return kind(request.connection_key, ssl.SSLCertVerificationError(1, text))
    if issubclass(kind, ClientConnectorSSLError):
        return kind(request.connection_key, ssl.SSLError(1, text))
    if issubclass(kind, ClientConnectorError):
        return kind(_first_hop(request), _os_error(text))
    return kind(*_os_error(text).args) if issubclass(kind, ClientOSError) else kind(text or None)


def _proxys(text: str, request: ClientRequest) -> ClientHttpProxyError | None:
    """A proxy's refusal to make a tunnel; no other error that has a status comes before a response."""
    found, url = _STATUS.fullmatch(text), request.proxy or request.url
    if found is None:
        return None
    nothing = CIMultiDict[str]()
    asked = RequestInfo(url, "CONNECT", CIMultiDictProxy(nothing), url)
    return ClientHttpProxyError(asked, (), status=int(found[1]), message=found[2], headers=nothing)


def _mismatch(text: str, request: ClientRequest) -> ServerFingerprintMismatch | None:
    """A server whose certificate is not the one that the app expects."""
    found = _FINGERPRINT.fullmatch(text)
    if found is None:
        return None
    expected = request.ssl.fingerprint if isinstance(request.ssl, Fingerprint) else b""
    return ServerFingerprintMismatch(expected, bytes.fromhex(found[1]), found[2], int(found[3]))


def _first_hop(request: ClientRequest) -> Any:
    """Where a request goes first, as an error tells it: to its proxy, if it has one."""
    key, proxy = request.connection_key, request.proxy
    if proxy is None:
        return key
    return SimpleNamespace(host=proxy.host or "", port=proxy.port, is_ssl=key.is_ssl, ssl=key.ssl)


def _os_error(text: str) -> OSError:
    found = _OS_ERROR.fullmatch(text)
    return OSError(int(found[1]), found[2]) if found else OSError(text)
