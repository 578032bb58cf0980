"""Answers that are made of others: with another interaction in them, as a stream or as JSON, or with an error."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.error_bodies import code_of, error_body, message_of, older_error_body
from pytest_interactions.api.exchange import Response
from pytest_interactions.api.fold import fold, payloads
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode
from pytest_interactions.api.streaming import DONE, encode, events

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.api.json_values import Json

_STREAM = "text/event-stream"
_JSON = "application/json"


def with_interaction(response: Response, interaction: Json) -> Response:
    """Return a response with another interaction, streamed if it was."""
    return streamed(response, interaction) if response.is_stream else unary(response, interaction)


def streamed(response: Response, interaction: Json) -> Response:
    """Return a response that tells an interaction by the events of a stream."""
    return _typed(response, _STREAM, b"".join([*map(encode, events(interaction)), DONE]))


def unary(response: Response, value: Any) -> Response:
    """Return a response whose body is the JSON of `value`."""
    return _typed(response, _JSON, compact(value).encode("utf-8", "surrogatepass"))


def _typed(response: Response, kind: str, body: bytes) -> Response:
    headers = response.headers if response.content_type == kind else {**response.headers, "content-type": [kind]}
    return replace(response.with_body(body), headers=headers)


def in_seconds(seconds: float) -> str:
    """Return seconds as a header has them: without an exponent, and to the millisecond."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def error(status: int, code: str | None = None, message: str | None = None, *, is_older: bool = False) -> Response:
    """Return the API's error with an HTTP status, as its interactions have it, or its older methods.

    Its code and message are the usual ones where none are given.
    """
    told = message or message_of(status)
    value = older_error_body(status, code, told) if is_older else error_body(code or code_of(status), told)
    body = compact(value).encode()
    return Response(status=status, headers={"content-type": [f"{_JSON}; charset=UTF-8"]}, body=body)


def as_asked(exchange: Exchange, request: Request) -> Exchange:
    """Return an exchange with its answer as `request` asks for it: as a stream, or as JSON.

    Only a whole answer to a request that creates an interaction can be changed; any other stays as it is.
    """
    response = exchange.response
    if exchange.cut is not None or response.status != 200 or interaction_path(request.uri) != "/interactions":  # noqa: PLR2004 - HTTP's success
        return exchange
    sent = request.unparsed().json()
    wants_stream = isinstance(sent, dict) and sent.get("stream") is True
    if wants_stream == response.is_stream:
        return exchange
    if wants_stream:
        answer = response.unparsed().json()
        return replace(exchange, response=streamed(response, answer)) if isinstance(answer, dict) else exchange
    interaction = fold(chain.from_iterable(map(payloads, decode(response.body))))
    return replace(exchange, response=unary(response, interaction.model_dump()))
