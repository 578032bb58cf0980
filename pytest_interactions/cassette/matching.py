"""The key by which a live request finds a recorded one, and the parts of the key."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.hosts import DEFAULT_PORTS, is_loopback
from pytest_interactions.api.json_text import encoded, exact, exact_number
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path, is_resource, socket_path, split
from pytest_interactions.files import media
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.urls import is_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from urllib.parse import SplitResult

    from pytest_interactions.api.exchange import Request

#: The common origin of all addresses of the Gemini API, local servers included.
API_ORIGIN: Final = "gemini-api"

_API_HOSTS: Final = re.compile(
    r"(?:generativelanguage|(?:[a-z0-9-]+-)?aiplatform)(?:\.mtls)?\.googleapis\.com"
    r"|aiplatform\.[a-z0-9-]+\.rep(?:\.mtls)?\.googleapis\.com"
)
_API_PATH: Final = re.compile(r"^(/(?:upload|download))?/v\d+\w*/(?:projects/[^/]+/locations/[^/]+/)?(.*)$")
_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
# To the API these mean the same whether they are spelt out or left out.
_DEFAULT_QUERY: Final = {("alt", "sse"), ("alt", "json"), ("stream", "false"), ("include_input", "false")}
_DEFAULT_BODY: Final[Mapping[str, Any]] = {"stream": False, "background": False, "store": True}
# A null below one of these is the user's own data; elsewhere a client spelt out a default.
_OPAQUE: Final = {"arguments", "result", "parameters", "schema", "response_format"}
_CALLS: Final = {"functionCall", "functionResponse", "function_call", "function_response"}
_OFTEN_JSON: Final = {"", "application/x-www-form-urlencoded"}
# A header that holds a credential and nothing else, such as `Bearer REDACTED`.
_CREDENTIAL: Final = re.compile(rf"(?:\S+ )?{REDACTED}")
# No method of HTTP's, as a GET of the same path wants something else.
_WEBSOCKET: Final = "WEBSOCKET"
# Most values in JSON are one of these, and say the same in one way alone.
_AS_THEY_ARE: Final = {str, int, bool, type(None)}

Key = tuple[Any, ...]


def key_of(request: Request, match_on: Iterable[str]) -> Key:
    """Return a key that two matching requests share; it is hashable, and small whatever the body's size."""
    return tuple(_PARTS[name](request) for name in match_on)


def kind_of(request: Request) -> Key:
    """Return what a request shares with all that do the same to something of its kind, whatever else they say.

    That is its method and its path: of a path of the API without the names in it, of any other, and of a WebSocket,
    which has no names in it, with its origin.
    """
    if not is_api(request) or is_websocket(request):
        return _method(request), _origin(request), _whole_path(request)
    parts = _whole_path(request).removeprefix("/").split("/")
    named = 2 if parts[0] in ("upload", "download") else 1
    for place in range(named, len(parts), 2):
        parts[place] = "*" + "".join(parts[place].partition(":")[1:])
    return request.method, API_ORIGIN, "/".join(parts)


def canonical_query(request: Request) -> list[tuple[str, str]]:
    """Return the query's pairs by name, without those that spell out a default; the values of a name in their order.

    Credentials are left out, as another recorder may have left out what is redacted here, and a replay may have no key.
    A byte that is no UTF-8 is a lone surrogate.
    """
    pairs = parse_qsl(split(request.uri).query, keep_blank_values=True, errors="surrogateescape")
    kept = (pair for pair in pairs if not (_is_credential(*pair) or (is_api(request) and pair in _DEFAULT_QUERY)))
    return sorted(kept, key=itemgetter(0))


def _is_credential(name: str, value: str) -> bool:
    return value == REDACTED or (not value and is_key(name))


def _headers(request: Request) -> Key:
    """Return the headers by name, without credentials, for the reason that `canonical_query` gives."""
    headers = request.headers.items()
    kept = ((name, [value for value in values if not _CREDENTIAL.fullmatch(value)]) for name, values in headers)
    return tuple(sorted((name, tuple(values)) for name, values in kept if values))


def canonical_json(request: Request) -> Any:
    """Return the body's JSON without fields that spell out a default; `NOT_JSON` if it is none, or has a key twice."""
    value = request.json() if _may_be_json(request) else NOT_JSON
    if value is not NOT_JSON and b'"data"' in request.body:  # where media are
        request = request.with_body(media.normalised(request.body))
        value = request.json()
    if value is not NOT_JSON and not request.is_told():
        value = exact(request.body)
    if not isinstance(value, dict):
        return value
    if interaction_path(request.uri) is None:
        contents = value.get("contents")
        return {**value, "contents": _with_numbered_calls(contents)} if isinstance(contents, list) else value
    value = {k: v for k, v in value.items() if not (k in _DEFAULT_BODY and v is _DEFAULT_BODY[k])}
    return _without_nulls(value) if b"null" in request.body else value


def _may_be_json(request: Request) -> bool:
    """Return whether a body is JSON by its header; many clients send JSON with none, or with that of a form."""
    kind = request.content_type
    return kind.endswith("json") or (kind in _OFTEN_JSON and request.body.lstrip()[:1] in (b"{", b"["))


def canonical_text(value: Any) -> bytes:
    """Return the one JSON text of all values that say the same."""
    return encoded(_ordered(value))


def canonical_bytes(request: Request) -> bytes:
    """Return the body; a multipart body gets a fixed boundary, as clients choose one at random."""
    if not request.content_type.startswith("multipart/"):
        return request.body
    boundary = _BOUNDARY.search(request.headers["content-type"][0])
    return request.body.replace((boundary[1] or boundary[2]).encode(), b"boundary") if boundary else request.body


def canonical_path(request: Request) -> str:
    """Return the path; one of the Gemini API without its version and without Vertex's project prefix.

    Of a resource of which a request wants a part, each part counts as one of its own.
    """
    return " ".join([_whole_path(request), *part_of(request)])


def part_of(request: Request) -> list[str]:
    """Return the part that a request wants of a resource, such as `bytes=0-99`, if it does not want all of it."""
    return request.headers.get("range", [])


def _whole_path(request: Request) -> str:
    interactions = interaction_path(request.uri)
    if interactions is not None:
        return interactions
    path = split(request.uri).path
    if not is_api(request):
        return path
    api_path = _API_PATH.match(path)
    return f"{api_path[1] or ''}/{api_path[2]}" if api_path else socket_path(path) or path


def is_api(request: Request) -> bool:
    """Return whether the request goes to the Gemini API, or to a local server that may stand for it."""
    return _origin(request) == API_ORIGIN


def is_websocket(request: Request) -> bool:
    """Return whether the request opens a WebSocket."""
    return split(request.uri).scheme in ("ws", "wss")


def is_beside(request: Request, bases: Iterable[str | None]) -> bool:
    """Return whether the request goes to this machine, and not to what stands for the API there.

    Its path is none of the API's, below no prefix either, and its address is none of the base URLs that are set.
    """
    url = split(request.uri)
    if not is_loopback(url.hostname or "") or is_resource(url.path):
        return False
    addresses = [split(base) for base in bases if base]
    return (url.hostname, _port(url)) not in [(address.hostname, _port(address)) for address in addresses]


def _origin(request: Request) -> str:
    if interaction_path(request.uri) is not None:
        return API_ORIGIN
    url = split(request.uri)
    host = url.hostname or ""
    if _API_HOSTS.fullmatch(host) or (is_loopback(host) and _is_of_api(url.path)):
        return API_ORIGIN
    return f"{url.scheme}://{host}:{_port(url)}"


def _method(request: Request) -> str:
    return _WEBSOCKET if is_websocket(request) else request.method


def _is_of_api(path: str) -> bool:
    """Return whether a path is one of the API's, below no prefix."""
    return (_API_PATH.match(path) is not None and is_resource(path)) or socket_path(path) is not None


def _port(url: SplitResult) -> int | None:
    return url.port or DEFAULT_PORTS.get(url.scheme)


def _body(request: Request) -> bytes:
    if not request.body:
        return b""
    value = canonical_json(request)
    if value is NOT_JSON:
        return fingerprint(canonical_bytes(request))
    return fingerprint(canonical_text(value))


def _ordered(value: Any) -> Any:
    """Return the same for what says the same: fields by name, and an int for a float that is whole."""
    if isinstance(value, dict):
        return {n: i if type(i := value[n]) in _AS_THEY_ARE else _ordered(i) for n in sorted(value)}
    if isinstance(value, list):
        return [item if type(item) in _AS_THEY_ARE else _ordered(item) for item in value]
    return exact_number(repr(value)) if isinstance(value, float) and value.is_integer() else value


def _with_numbered_calls(contents: list[Any]) -> list[Any]:
    """Return the history that generateContent is sent, with a number for each id of a call.

    An id does no more than to link a call with its result, and where the API gives none, some clients draw one.
    """
    numbers: dict[str, int] = {}

    def numbered(name: str, item: Any) -> Any:
        if name not in _CALLS or not isinstance(item, dict) or not isinstance(item.get("id"), str):
            return item
        return {**item, "id": numbers.setdefault(item["id"], len(numbers))}

    def of_part(part: Any) -> Any:
        return {name: numbered(name, item) for name, item in part.items()} if isinstance(part, dict) else part

    return [
        {**content, "parts": list(map(of_part, content["parts"]))}
        if isinstance(content, dict) and isinstance(content.get("parts"), list)
        else content
        for content in contents
    ]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v if k in _OPAQUE else _without_nulls(v) for k, v in value.items() if v is not None or k in _OPAQUE}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


_PARTS: Final[Mapping[str, Callable[[Request], Any]]] = {
    "method": _method,
    "origin": _origin,
    "path": canonical_path,
    "query": lambda request: tuple(canonical_query(request)),
    "body": _body,
    "scheme": lambda request: split(request.uri).scheme,
    "host": lambda request: split(request.uri).hostname,
    "port": lambda request: _port(split(request.uri)),
    "uri": lambda request: request.uri,
    "headers": _headers,
}
