"""Refused requests: the status, the code and the words of the errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

OK = {"model": "gemini-3.5-flash", "input": "Hello"}


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ([], 400, "invalid_request", "Invalid JSON payload received"),
        (OK | {"inputs": "x"}, 400, "invalid_request", "Unknown parameter 'inputs'."),
        ({"input": "x"}, 400, "invalid_request", "Exactly one of 'model' and 'agent' must be given."),
        ({"model": "gemini-3.5-flash"}, 400, "invalid_request", "Missing required parameter 'input'."),
        (OK | {"model": "gpt"}, 404, "not_found", "Model 'gpt' not found."),
        (OK | {"previous_interaction_id": "v1_x"}, 404, "not_found", "Interaction 'v1_x' not found."),
        (
            OK | {"model": "models/gemini-2.5-flash", "background": True},
            400,
            "invalid_request",
            "Model 'gemini-2.5-flash' does not support background interactions.",
        ),
        (OK | {"background": True, "store": False}, 400, "invalid_request", "require 'store' to be true"),
        (OK | {"tools": {}}, 400, "invalid_request", "Invalid value at 'tools': dict."),
        (OK | {"tools": [1]}, 400, "invalid_request", "Invalid value at 'tools': 1."),
        (OK | {"tools": [{"google_search": {}}]}, 400, "invalid_request", "Invalid value at 'tools'"),
        (OK | {"tools": [{"type": "function"}]}, 400, "invalid_request", "Invalid value at 'tools'"),
        (OK | {"input": [1]}, 400, "invalid_request", "each element needs a 'type'"),
        (OK | {"input": [{"type": "function_result"}]}, 400, "invalid_request", "needs 'call_id'"),
        (
            OK | {"input": [{"type": "user_input", "content": "x"}, {"type": "talk"}]},
            400,
            "invalid_request",
            "unknown type 'talk'",
        ),
    ],
)
def test_wrong_requests(rest: httpx.Client, body: Any, status: int, code: str, message: str) -> None:
    """A wrong request gets an error in the API's own form."""
    answer = rest.post("/v1/interactions", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert message in answer.json()["error"]["message"]
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


def test_null_is_nothing(rest: httpx.Client) -> None:
    """A field that is null counts as not given, since JavaScript clients send such fields."""
    assert rest.post("/v1/interactions", json=OK | {"previous_interaction_id": None}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 403),
        ({"x-goog-api-key": "YOUR_API_KEY"}, "", 400),
        ({}, "?key=bad-key", 400),
        ({}, "?key=fine", 200),
        ({"authorization": "Bearer fine"}, "", 200),
    ],
)
def test_keys(emulator: Emulator, headers: dict[str, str], query: str, status: int) -> None:
    """A request needs a key, in any of its places; the documentation's placeholder is none."""
    answer = httpx.post(f"{emulator.url}/v1/interactions{query}", json=OK, headers=headers)
    assert answer.status_code == status


def test_unknown_path(rest: httpx.Client) -> None:
    """A path that the API does not have is not found."""
    assert rest.get("/v1/nothing").status_code == 404


def test_no_json(rest: httpx.Client) -> None:
    """A body that is not JSON is refused."""
    assert rest.post("/v1/interactions", content=b"{").status_code == 400


@pytest.mark.parametrize(
    ("levels", "body", "status"),
    [
        (190, OK | {"labels": {"of": "DEEP"}}, 200),
        (190, OK | {"response_format": {"mime_type": "application/json", "schema": "DEEP"}}, 400),
        (190, OK | {"tools": [{"type": "function", "name": "hello", "parameters": "DEEP"}]}, 400),
        (500, OK | {"labels": {"of": "DEEP"}}, 400),
        (500, OK | {"response_format": {"mime_type": "application/json", "schema": "DEEP"}}, 400),
        (100_000, OK | {"input": "DEEP"}, 400),
        (100_000, "DEEP", 400),
    ],
)
def test_deep_json(rest: httpx.Client, levels: int, body: Any, status: int) -> None:
    """A body that is nested too deeply to be walked gets the API's 400, and so does such a schema."""
    deep = '{"items":' * levels + "{}" + "}" * levels
    answer = rest.post("/v1/interactions", content=json.dumps(body).replace('"DEEP"', deep))
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] == "invalid_request"


def test_headers(rest: httpx.Client) -> None:
    """Answers have the headers of real ones: three vary lines, the server's name and timing, gzip."""
    answer = rest.post("/v1/interactions", json=OK)
    assert answer.headers.get_list("vary") == ["Origin", "X-Origin", "Referer"]
    assert answer.headers["server"] == "scaffolding on HTTPServer2"
    assert answer.headers["server-timing"].startswith("gfet4t7; dur=")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["date"] == "Tue, 09 Jun 2026 12:01:25 GMT"


def test_no_gzip_unasked(rest: httpx.Client) -> None:
    """A client that does not take gzip gets none."""
    answer = rest.post("/v1/interactions", json=OK, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.json()["status"] == "completed"
