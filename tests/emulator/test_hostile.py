"""Requests that no well-behaved client sends: each gets the API's own error, and never a 500."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_interactions.server.emulator import Emulator, schema

if TYPE_CHECKING:
    from pathlib import Path

OK: dict[str, Any] = {"model": "gemini-3.5-flash", "input": "Hello"}
_JSON_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def _function(**more: Any) -> dict[str, Any]:
    return {"input": "Hello", "tools": [{"type": "function", "name": "hello", **more}]}


def _structured(given: Any) -> dict[str, Any]:
    return {"response_format": {"mime_type": "application/json", "schema": given}}


def _step(kind: str, **keys: Any) -> dict[str, Any]:
    return {"input": [{"type": kind, **keys}]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": {"type": "text"}}, "there is a text without 'text' in 'content'"),
        ({"input": [{"type": "text", "text": 1}]}, "there is a text without 'text' in 'content'"),
        ({"input": [{"type": []}]}, "each element needs a 'type'"),
        ({"input": [{"type": "image", "mime_type": 1}]}, "there is a 'mime_type' that is no text"),
        ({"input": "\ud800"}, "a lone surrogate"),
        ({"labels": {"\udfff": "x"}}, "a lone surrogate"),
        (_step("user_input", content=[1]), "there is an element that is no object in 'content'"),
        (_step("user_input", content={"text": "x"}), "each element of 'content' needs a 'type'"),
        (_step("function_result", call_id="c", result=["x"]), "there is an element that is no object in 'result'"),
        (_step("function_result", call_id=[], result="x"), "the 'call_id' of a step must be a text"),
        (_step("function_call", id={}, name="f", arguments={}), "the 'id' of a step must be a text"),
        (_step("thought", summary="x"), "the 'summary' of a step must be a list"),
        ({"generation_config": {"max_output_tokens": "3"}}, "Invalid value at 'generation_config'"),
        ({"generation_config": {"tool_choice": {"allowed_tools": []}}}, "Invalid value at 'generation_config'"),
        ({"environment": {"environment_id": []}}, "Invalid value at 'environment'"),
        ({"response_format": ["x"]}, "Invalid value at 'response_format'"),
        ({"response_modalities": [[]]}, "Invalid value at 'response_modalities'"),
        (_function(name=None), "Invalid value at 'tools'"),
        (_function(description=1), "Invalid value at 'tools'"),
        (_function(parameters=[]), "Invalid value at 'tools'"),
        (_function(parameters={"properties": []}), "The given schema is invalid at $.properties"),
        (
            _function(parameters={"properties": {"a": {"enum": 1}}}),
            "The given schema is invalid at $.properties.a.enum",
        ),
        (_structured({"$schema": []}), "The given schema is invalid"),
        (_structured({"type": "string", "minLength": 10**9}), "a text of more than 100000 characters"),
        (_structured({"type": "array", "minItems": 10**9}), "it goes on without an end"),
        (_structured({"type": "string", "pattern": "("}), "The given schema is invalid at $.pattern"),
        (_structured({"type": "number", "minimum": 1e300, "multipleOf": 1e-300}), "The emulator can't make a value"),
        (_structured({"const": "x", "not": {"$ref": "http://127.0.0.1:9/x"}}), "The emulator can't make a value"),
        (
            _structured(
                {
                    "$ref": "#/$defs/a0",
                    "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(30)},
                }
            ),
            "it goes on without an end",
        ),
    ],
)
def test_what_has_a_wrong_shape_is_a_400(rest: httpx.Client, fields: Any, message: str) -> None:
    """A value of a wrong type, at a place that the emulator reads, is refused with its place."""
    answer = rest.post("/v1/interactions", content=json.dumps(OK | fields))
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"generation_config": {"tool_choice": None, "max_output_tokens": None}},
        {"generation_config": {"tool_choice": {"allowed_tools": None}}, **_function(parameters=None)},
        {"generation_config": {"tool_choice": {"allowed_tools": {"tools": None}}}, **_function(description=None)},
        {"tools": [{"type": "mcp_server", "allowed_tools": None}]},
        {"tools": [{"type": "mcp_server", "allowed_tools": [{"tools": None}]}]},
        {"input": [{"type": "image", "mime_type": None, "data": "aGk="}]},
        {"input": [{"type": "user_input", "content": "a text"}, {"type": "thought", "signature": ""}]},
        {"input": [{"type": "user_input", "content": {"type": "text", "text": "a part"}}]},
        _structured(_JSON_SCHEMA | {"$schema": "http://json-schema.org/draft-07/schema#"}),
    ],
)
def test_a_null_or_a_short_form_is_none_of_these(rest: httpx.Client, fields: Any) -> None:
    """What a client spells out as null, or writes shorter, is answered."""
    assert rest.post("/v1/interactions", json=OK | fields).status_code == 200


def test_a_schema_makes_nobody_read_or_ask_for_anything(rest: httpx.Client, tmp_path: Path) -> None:
    """What a schema refers to outside of itself is not looked up, be it a file or another server's."""
    file = tmp_path / "schema.json"
    file.write_text('{"type": "integer"}')
    with Emulator() as other:
        for place in (file.as_uri(), f"{other.url}/schema.json"):
            answer = rest.post("/v1/interactions", json=OK | _structured({"const": "x", "not": {"$ref": place}}))
            assert answer.status_code == 400
        assert other.requests == []


def test_a_picture_that_claims_to_be_huge_is_no_error(rest: httpx.Client) -> None:
    """A picture of more pixels than a library would open is one that the model can't read."""
    from base64 import b64encode

    from pytest_interactions.server.emulator.png import png

    data = bytearray(png([[0, 0]], [(0, 0, 0)]))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    picture = {"type": "image", "mime_type": "image/png", "data": b64encode(data).decode()}
    answer = rest.post("/v1/interactions", json=OK | {"input": [picture]}).json()
    assert "no picture that I can read" in answer["steps"][-1]["content"][0]["text"]


@pytest.mark.parametrize(
    "body",
    ["[]", "[1]", '{"file": [1]}', '{"file": {"name": 1}}', '{"file": {"mimeType": 1}}', '"x"', '{"a": "\\ud800"}'],
)
def test_an_upload_of_a_wrong_shape(rest: httpx.Client, body: str) -> None:
    """An upload that begins with something else than the description of a file is a 400; with nothing, it begins."""
    start = {"x-goog-upload-command": "start"}
    answer = rest.post("/upload/v1beta/files", content=body, headers=start)
    assert answer.status_code == (200 if body == "[]" else 400)
    assert answer.status_code == 200 or answer.json()["error"]["code"] == "invalid_request"
    for nothing in ("", "{}", '{"file": null}'):
        assert rest.post("/upload/v1beta/files", content=nothing, headers=start).status_code == 200


def test_a_method_that_a_path_has_not(rest: httpx.Client) -> None:
    """A wrong method, and a slash too many, are errors in the API's shape."""
    for method, path, status in (("PUT", "/v1/interactions", 405), ("POST", "/v1/interactions/", 404)):
        answer = rest.request(method, path, json=OK, follow_redirects=False)
        assert answer.status_code == status
        assert answer.json()["error"]["code"]


def test_an_interaction_that_goes_on_and_is_not_stored(emulator: Emulator, rest: httpx.Client) -> None:
    """A scripted status of work that goes on is shown without an id if nothing was stored."""
    emulator.on().reply(text="x", status="in_progress")
    answer = rest.post("/v1/interactions", json=OK | {"store": False})
    assert answer.status_code == 200
    assert answer.json()["status"] == "in_progress"
    assert "id" not in answer.json()


_WHOLE: list[dict[str, Any]] = [
    OK | {"stream": True, "tools": [{"type": kind} for kind in ("google_search", "url_context", "code_execution")]},
    OK
    | {
        "tools": [
            {"type": "function", "name": "hello", "description": "say hello", "parameters": _JSON_SCHEMA},
            {"type": "mcp_server", "name": "m", "allowed_tools": [{"tools": ["a"]}]},
        ],
        "generation_config": {"tool_choice": {"allowed_tools": {"mode": "any", "tools": ["hello"]}}},
    },
    OK
    | {
        "input": [
            {"type": "user_input", "content": [{"type": "text", "text": "x"}, {"type": "image", "data": "aGk="}]},
            {"type": "thought", "signature": "aa", "summary": [{"type": "text", "text": "s"}]},
            {"type": "function_call", "id": "c", "name": "f", "arguments": {"a": 1}},
            {"type": "function_result", "call_id": "c", "name": "f", "result": [{"type": "text", "text": "ok"}]},
        ],
        "generation_config": {"max_output_tokens": 1, "thinking_summaries": "auto"},
        "store": False,
    },
    OK | _structured(_JSON_SCHEMA) | {"response_modalities": ["text"]},
    {"agent": "deep-research", "input": "x", "background": True, "environment": {"environment_id": "e"}},
]
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "\ud800",
        [],
        {},
        [[]],
        [{}],
        [None],
        [1],
        "text",
        {"type": "text"},
        {"type": []},
    ]
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each container of JSON with each of its keys."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [each for key, item in entries for each in ((value, key), *_places(item))]


@given(st.sampled_from(_WHOLE), st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_a_500(rest: httpx.Client, whole: dict[str, Any], data: st.DataObject) -> None:
    """Whatever stands in a request at a place where something else should, its answer is no server error."""
    body = copy.deepcopy(whole)
    for _ in range(data.draw(st.integers(1, 2))):
        places = _places(body)
        container, key = places[data.draw(st.integers(0, len(places) - 1))] if places else (body, "input")
        container[key] = copy.deepcopy(data.draw(_ODD))
    assert rest.post("/v1/interactions", content=json.dumps(body)).status_code in (200, 400, 404)


def test_a_server_that_runs_long_forgets_what_was_used_longest_ago() -> None:
    """With a limit, the interactions and files that were used last are kept, conversations as a whole, no requests."""
    with Emulator(keep=3) as emulator, httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "any"}) as rest:

        def create(text: str, **more: Any) -> Any:
            return rest.post("/v1/interactions", json=OK | {"input": text} | more).raise_for_status().json()

        first = create("one")
        second = create("two", previous_interaction_id=first["id"])
        for n in range(5):
            create(f"other {n}")
            third = create("three", previous_interaction_id=second["id"])
            assert "Earlier you said: one; two" in third["steps"][-1]["content"][0]["text"]
            rest.delete(f"/v1/interactions/{third['id']}").raise_for_status()
        for n in range(3):
            create(f"more {n}")
        assert rest.get(f"/v1/interactions/{first['id']}").status_code == 404
        for n in range(5):
            start = {"x-goog-upload-command": "start"}
            link = rest.post("/upload/v1beta/files", headers=start, json={"file": {"name": f"files/{n}"}})
            end = {"x-goog-upload-command": "upload, finalize"}
            rest.post(link.headers["x-goog-upload-url"], headers=end, content=b"x").raise_for_status()
        assert [file["name"] for file in rest.get("/v1beta/files").json()["files"]] == ["files/2", "files/3", "files/4"]
        assert emulator.requests == []


def test_a_text_of_a_great_many_parts_is_a_value_all_the_same() -> None:
    """The limits on schemas leave room for large ones."""
    from pytest_interactions.server.emulator.state import Draw

    wide = {"type": "object", "properties": {f"field {n}": {"type": "string", "minLength": 9} for n in range(5000)}}
    assert len(schema.value_for(wide, Draw(0))) == 5000
