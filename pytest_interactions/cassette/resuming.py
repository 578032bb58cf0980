"""The rest of an answer that a fault has ended, for a client that asks for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from pytest_interactions.api import answers, sse
from pytest_interactions.api.fold import fold, payloads
from pytest_interactions.api.paths import interaction_path, split

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Request, Response
    from pytest_interactions.api.models import Interaction

_TOKENS: Final = re.compile(rb'"continuation_token"\s*:\s*"([^"\\]+)"')


def names_of(response: Response) -> list[str]:
    """Return the names by which an answer may be resumed: tokens in its stream, and the interaction's id."""
    tokens = [token.decode("utf-8", "replace") for token in _TOKENS.findall(response.body)]
    value = {"id": _folded(response).id} if response.is_stream else response.unparsed().json()
    name = value.get("id") if isinstance(value, dict) else None
    return [*tokens, name] if isinstance(name, str) and name else tokens


def _folded(response: Response) -> Interaction:
    return fold(each for event in sse.decode(response.body) for each in payloads(event))


def asked_for(request: Request) -> str | None:
    """Return by which name a request asks for the rest of an answer; `None` if it asks for something else."""
    path = interaction_path(request.uri) or ""
    if request.method == "GET":
        return path.removeprefix("/interactions/") if path.startswith("/interactions/") else None
    body = request.unparsed().json() if path == "/interactions" else None
    token = body.get("continuation_token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else None


def rest(response: Response, request: Request) -> Response:
    """Return the answer to a request that goes on with a recorded answer.

    A token brings all of it once more. An interaction's id brings the interaction, or where a stream is asked for, the
    events after the last one that came.
    """
    if request.method != "GET":
        return response
    query = parse_qs(split(request.uri).query)
    if query.get("stream", [""])[-1] != "true" and "sse" not in query.get("alt", []):
        return answers.unary(response, _folded(response).model_dump()) if response.is_stream else response
    events = sse.decode(response.body)
    last = query.get("last_event_id", [""])[-1]
    ids = [value.get("event_id") if isinstance(value := event.json(), dict) else None for event in events]
    start = ids.index(last) + 1 if last in ids else 0
    return response.with_body(b"".join(event.raw for event in events[start:]))
