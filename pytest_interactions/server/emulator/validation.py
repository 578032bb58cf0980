"""The checks of requests, which refuse them in the API's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.json_values import compact
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from typing import Any

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.wire import Received

#: The fields of a create request, each with the JSON types it takes (google-genai 3.4: CreateModelInteraction and
#: CreateAgentInteraction).
_FIELDS: dict[str, tuple[type, ...]] = {
    "agent": (str,),
    "agent_config": (dict,),
    "background": (bool,),
    "cached_content": (str,),
    "continuation_token": (str,),
    "environment": (str, dict),
    "generation_config": (dict,),
    "input": (str, dict, list),
    "labels": (dict,),
    "model": (str,),
    "previous_interaction_id": (str,),
    "response_format": (dict, list),
    "response_mime_type": (str,),
    "response_modalities": (list,),
    "safety_settings": (list,),
    "service_tier": (str,),
    "store": (bool,),
    "stream": (bool,),
    "system_instruction": (str,),
    "tools": (list,),
    "webhook_config": (dict,),
}
#: What the emulator reads inside of these fields, with the types it takes there. All else in them may be anything.
_INSIDE: dict[str, Any] = {
    "environment": (str, {"environment_id": str}),
    "generation_config": {
        "max_output_tokens": int,
        "thinking_summaries": str,
        "tool_choice": (str, {"allowed_tools": {"mode": str, "tools": [str]}}),
    },
    "response_format": ([{"type": str, "mime_type": str}], {"type": str, "mime_type": str}),
    "response_modalities": [str],
    "webhook_config": {"uris": [str], "user_metadata": dict},
    "tools": [{"name": str, "description": str, "parameters": dict, "allowed_tools": [{"tools": [str]}]}],
}
_TOOLS = (
    "code_execution",
    "computer_use",
    "file_search",
    "function",
    "google_maps",
    "google_search",
    "mcp_server",
    "retrieval",
    "tool_search",
    "url_context",
)
_FAMILIES = ("gemini-", "gemma-", "lyria-", "veo-", "imagen-")
#: The API keys that the emulator refuses. It accepts any other.
BAD_KEYS = ("YOUR_API_KEY", "bad-key")


def key_of(received: Received) -> str:
    """Return the key that a request has, or its token; `""` if it has none."""
    headers = received.headers
    # An auth token is given as `Token auth_tokens/…`, an OAuth token as `Bearer …`.
    login = headers.get("authorization", "").removeprefix("Bearer ").removeprefix("Token ")
    return headers.get("x-goog-api-key") or received.query.get("key") or received.query.get("access_token") or login


def check_key(received: Received) -> None:
    """Check that a request has an API key, and not one that is plainly wrong.

    Raises:
        ApiError: It has none, or a wrong one.
    """
    key = key_of(received)
    if not key and "upload_id" not in received.query:  # the id of an upload stands for a key
        raise ApiError(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). Please use API"
            " Key or other form of API consumer identity to call this API.",
        )
    if key in BAD_KEYS:
        raise ApiError(400, "API key not valid. Please pass a valid API key.")


def check_create(received: Any) -> Json:
    """Return the body of a create request, without its nulls.

    Raises:
        ApiError: `received` is no such body.
    """
    if not isinstance(received, dict):
        raise ApiError(400, "Invalid JSON payload received. Expected an object.")
    body: Json = {key: value for key, value in received.items() if value is not None}
    check_text(body)
    _check_kinds(body)
    if ("model" in body) == ("agent" in body):
        raise ApiError(400, "Exactly one of 'model' and 'agent' must be given.")
    if "input" not in body and "continuation_token" not in body:
        raise ApiError(400, "Missing required parameter 'input'.")
    model = body.get("model", "gemini-").removeprefix("models/")
    if not model.startswith(_FAMILIES):
        raise ApiError(404, f"Model '{model}' not found.")
    if body.get("background") and model.startswith("gemini-2"):
        # These words have been seen in real traffic.
        raise ApiError(400, f"Model '{model}' does not support background interactions.")
    if body.get("background") and body.get("store") is False:
        raise ApiError(400, "Background interactions require 'store' to be true.")
    return body


def check_text(value: Any) -> None:
    """Check that JSON holds whole characters only.

    Raises:
        ApiError: Half of a character stands alone, which no UTF-8 can say.
    """
    try:
        compact(value).encode()
    except UnicodeEncodeError:
        raise ApiError(400, "Invalid JSON payload received. A text has a lone surrogate.") from None


def _fits(value: Any, shape: Any) -> bool:
    """Return whether JSON has a shape: a type, one of several shapes, a list of one, or fields that may be missing."""
    match shape:
        case tuple():
            return any(_fits(value, each) for each in shape)
        case list():
            return isinstance(value, list) and all(_fits(item, shape[0]) for item in value)
        case dict():
            fields = isinstance(value, dict) and [(value.get(name), each) for name, each in shape.items()]
            return fields is not False and all(field is None or _fits(field, each) for field, each in fields)
        case _:
            return isinstance(value, shape)


def _check_kinds(body: Json) -> None:
    """Raise `ApiError` for unknown fields, and for fields and tools of a wrong kind."""
    for key, value in body.items():
        if key not in _FIELDS:
            raise ApiError(400, f"Unknown parameter '{key}'.")
        if not isinstance(value, _FIELDS[key]):
            raise ApiError(400, f"Invalid value at '{key}': {type(value).__name__}.")
    for tool in body.get("tools", []):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in _TOOLS or (kind == "function" and not isinstance(tool.get("name"), str)):
            raise ApiError(400, f"Invalid value at 'tools': {tool!r}.")
    for key, shape in _INSIDE.items():
        if key in body and not _fits(body[key], shape):
            raise ApiError(400, f"Invalid value at '{key}': a field in it has another type than it must have.")
