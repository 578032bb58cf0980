"""The conversion between our exchange and vcrpy's request and response, for vcrpy's stubs and hooks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.encodings import FRAMING, stored
from pytest_interactions.api.exchange import Cut, Exchange, Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import yaml

    from pytest_interactions.api.bounds import Room

_OF_THE_WIRE: Final = FRAMING | {"content-encoding"}


def yaml_reader(mapping: Callable[[Any, yaml.MappingNode], Any]) -> Callable[[str], Any]:
    """Return vcrpy's reader of YAML, which makes no objects of anybody's, with another constructor of mappings."""
    from vcr.serializers import yamlserializer  # which takes half of the time in which a cassette is shown

    reader: Callable[[str], Any] = yamlserializer.with_custom_tags({"tag:yaml.org,2002:map": mapping}).deserialize
    return reader


def from_vcr_request(request: Any) -> Request:
    """Convert vcrpy's request."""
    return Request(
        method=request.method.upper(),
        uri=request.uri,
        headers=headers_of(dict(request.headers)),
        body=bytes_of(request.body),
    )


def to_vcr_request(request: Request) -> Any:
    """Make vcrpy's request, which has one value per header."""
    from vcr.request import Request as VcrRequest

    headers = {name: values[0] for name, values in request.headers.items() if values}
    return VcrRequest(request.method, request.uri, request.body, headers)


def from_vcr_response(response: dict[str, Any]) -> Response:
    """Convert vcrpy's dict, and decode its body."""
    return decoded(_response(response))


def decoded(response: Response, room: Room | None = None) -> Response:
    """Return a response of a cassette with its body decoded; raise `TooLargeError` if there is no `room` for that."""
    if response.headers.keys().isdisjoint(_OF_THE_WIRE):
        return response
    headers, body = stored(response.headers, response.body, whole=True, room=room)
    return replace(response, headers=headers).with_body(body)


def _response(response: Mapping[str, Any]) -> Response:
    return Response(
        status=int(response["status"]["code"]),
        reason=str(response["status"]["message"] or ""),
        headers=headers_of(response["headers"]),
        body=bytes_of(response["body"].get("string")),
    )


def from_vcr_item(item: Mapping[str, Any]) -> Exchange:
    """Convert one item of a cassette's `interactions`, with its body as it is written, be that encoded.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: `item` is not an exchange.
    """
    request, response, cut = item["request"], item["response"], item.get("cut")
    if "status_code" in response:  # vcrpy before 6 had this shape for httpx
        response = {
            "status": {"code": response["status_code"], "message": ""},
            "headers": response["headers"],
            "body": {"string": response["content"]},
        }
    return Exchange(
        request=Request(
            method=str(request["method"]).upper(),
            uri=str(request["uri"]),
            headers=headers_of(request["headers"]),
            body=bytes_of(request["body"]),
        ),
        response=_response(response),
        cut=None if cut is None else Cut(**{name: str(value) for name, value in cut.items()}),
    )


def to_vcr_response(response: Response) -> dict[str, Any]:
    """Make vcrpy's dict, which the caller may change."""
    return {
        "status": {"code": response.status, "message": response.reason},
        "headers": {name: list(values) for name, values in response.headers.items()},
        "body": {"string": response.body},
    }


def hook_request(hook: Callable[[Any], Any], request: Request) -> Request | None:
    """Run a hook that takes vcrpy's request and returns one, or `None`."""
    hooked = hook(to_vcr_request(request))
    return None if hooked is None else from_vcr_request(hooked)


def hook_response(hook: Callable[[Any], Any], response: Response) -> Response | None:
    """Run a hook that takes vcrpy's response and returns one, or `None`."""
    hooked = hook(to_vcr_response(response))
    return None if hooked is None else from_vcr_response(hooked)


def headers_of(headers: dict[str, Any] | None) -> Headers:
    """Return the headers by name in lower case, each with a list of its values."""
    return {
        str(name).lower(): [str(value) for value in (values if isinstance(values, list) else [values])]
        for name, values in (headers or {}).items()
    }


def bytes_of(body: Any) -> bytes:
    """Return the bytes of a body as vcrpy may keep it: text, bytes, `None`, a file, an iterator of chunks, or JSON.

    JSON comes from its aiohttp stub, which keeps the app's `json=` argument.
    """
    if isinstance(body, bytes):
        return body
    if body is None or isinstance(body, str):
        return (body or "").encode()
    if isinstance(body, (dict, list)):
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if hasattr(body, "read"):
        return bytes_of(body.read())
    chunks = body if isinstance(body, Iterable) else [str(body)]  # such as an aiohttp form: any stable text will do
    return b"".join(map(bytes_of, chunks))
