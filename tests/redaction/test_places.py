from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from google.genai import __version__
from google.genai._gaos.types.interactions.interaction import Interaction

from pytest_interactions.api.exchange import Response
from pytest_interactions.redaction.places import PLACES
from pytest_interactions.redaction.signatures import redact_signature
from tests.redaction.support import JSON, SIGNATURE, URL, answer, post, redactor

SECRET = "s3cret of this place"
#: Every step of the API that is signed, as SDK 3.4 has them, and one of no type known today.
SIGNED: list[dict[str, Any]] = [
    {"type": "thought", "summary": [{"type": "text", "text": "hm"}]},
    {"type": "function_call", "id": "1", "name": "f", "arguments": {"signature": "mine", "token": "t"}},
    {"type": "code_execution_call", "id": "2", "arguments": {"code": "1", "language": "python"}},
    {"type": "code_execution_result", "call_id": "2", "result": "1"},
    {"type": "google_search_call", "id": "3", "arguments": {"queries": ["a"]}},
    {"type": "google_search_result", "call_id": "3", "result": [{"search_suggestions": "<b>a</b>"}]},
    {"type": "google_maps_call", "id": "4", "arguments": {"queries": ["a"]}},
    {"type": "google_maps_result", "call_id": "4", "result": []},
    {"type": "url_context_call", "id": "5", "arguments": {"urls": ["https://example.com/?signature=a"]}},
    {"type": "url_context_result", "call_id": "5", "result": [{"url": "https://example.com", "status": "success"}]},
    {"type": "file_search_call", "id": "6"},
    {"type": "file_search_result", "call_id": "6"},
    {"type": "retrieval_call", "id": "7", "arguments": {"queries": ["a"]}},
    {"type": "retrieval_result", "call_id": "7"},
    {"type": "processing_call", "id": "8"},
    {"type": "processing_result", "call_id": "8"},
    {"type": "tool_search_call", "id": "9", "arguments": {"query": "a"}},
    {"type": "tool_search_result", "call_id": "9", "result": []},
    {"type": "mcp_server_tool_call", "id": "10", "name": "n", "server_name": "s", "arguments": {}},
    {"type": "mcp_server_tool_result", "call_id": "10", "result": {"signature": "mine"}},
    {"type": "telepathy_call", "id": "11"},
]
NAMES = [step["type"] for step in SIGNED]
#: Those that the SDK has a type for: not the last one, nor before version 3 those about searches for tools.
KNOWN = [step for step in SIGNED[:-1] if __version__ >= "3." or not step["type"].startswith("tool_search")]


def walk_to(path: str, value: Any) -> Any:
    """A document with `value` at a path of the table; `[*]` is a list of one, `*` a field of any name."""
    for segment in reversed(path.replace("[*]", ".[*]").split(".")):
        value = [value] if segment == "[*]" else {"Any-Name" if segment == "*" else segment: value}
    return value


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_each_place_of_the_table_is_redacted(place: Any) -> None:
    """For every row, the value at its path goes, in requests and in responses; "" and null stay."""
    path = place.path.replace("<steps>", "steps[*].").replace("<config>", "").replace("<environment>", "environment.")
    path = path.replace("<credential>", "").replace("<tool>", "tools[*].")
    *outer, name = path.split(".")
    around = {name: SECRET} | ({"type": place.types[0]} if place.types else {}) | dict.fromkeys(place.beside[:1], "x")
    extra = around if not outer else {}
    uri = "https://login.example/x" if place.beside else URL
    placed = walk_to(".".join(outer), around) if outer else around
    for document in (placed, placed | {"more": [SECRET]}):
        changed = redactor().request(replace(post(document), uri=uri))
        assert changed.json() == redactor().response(answer(document), uri).json() != document
        assert changed.json().get("more") == document.get("more")
        assert changed.body.count(SECRET.encode()) == len(document.get("more", []))
        assert redactor().request(changed) is changed
    for nothing in ("", None):
        request = post(walk_to(path, nothing) | {key: value for key, value in extra.items() if key != name})
        assert redactor().request(request) is request


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("tools[*].headers.*", ""),
        ("tools[*].exa_ai_search_config.api_key", ""),
        ("tools[*].parallel_ai_search_config.api_key", ""),
        ("tools[*].mcp_servers[*].streamable_http_transport.headers.*", ""),
        ("interaction.tools[*].headers.*", ""),
        ("agents[*].tools[*].headers.*", ""),
        ("triggers[*].interaction.tools[*].headers.*", ""),
        ("environment.network.allowlist[*].transform.*", ""),
        ("environment.network.allowlist[*].transform[*].*", ""),
        ("environment.env.*", ""),
        ("environment.env.*.value", ""),
        ("base_environment.env.*", ""),
        ("agents[*].base_environment.env.*", ""),
        ("env.*", ""),
        ("environments[*].env.*", ""),
        ("token", "bearer_token"),
        ("client_secret", "oauth2"),
        ("value", "environment_variable"),
        ("key", "replicated"),
        ("refresh_token", ""),
        ("access_token", ""),
        ("id_token", ""),
        ("new_signing_secret", ""),
        ("secret", ""),
        ("signing_secrets[*].truncated_secret", ""),
        ("webhooks[*].signing_secrets[*].truncated_secret", ""),
    ],
)
def test_a_secret_is_redacted_wherever_the_api_has_one(path: str, type_: str) -> None:
    """In each resource, as its documentation names the fields."""
    changed = redactor().response(answer(walk_to(path, SECRET) | {"type": type_})).json()
    assert changed == walk_to(path, "REDACTED") | {"type": type_}


@pytest.mark.parametrize(
    "path",
    [
        "steps[*].signature",
        "steps[*].thought_signature",
        "interaction.outputs[*].signature",
        "input[*].content[*].signature",
        "step.signature",
        "delta.thought_signature",
        "content.signature",
        "contents[*].parts[*].thought_signature",
        "candidates[*].content.parts[*].thought_signature",
    ],
)
def test_a_signature_is_replaced_wherever_the_api_has_one(path: str) -> None:
    """In today's schema, in earlier ones and in that of generateContent."""
    changed = redactor().response(answer(walk_to(path, SIGNATURE))).json()
    assert changed == walk_to(path, redact_signature(SIGNATURE))


def test_a_place_of_one_type_is_none_for_others() -> None:
    """A field called `token` or `value` is a credential's only in a credential."""
    request = post({"type": "something_else", "token": "a", "value": "b", "client_secret": "c", "key": "d"})
    assert redactor().request(request) is request
    others = {"token": "a", "value": "b", "key": "c"}
    secret = dict.fromkeys(["client_secret", "refresh_token", "access_token", "id_token", "secret"], "d")
    changed = redactor().request(post({"type": "oauth2"} | others | secret)).json()
    assert changed == {"type": "oauth2"} | others | dict.fromkeys(secret, "REDACTED")


@pytest.mark.parametrize(
    "config",
    [
        {"tools": [{"type": "mcp_server", "url": "u", "headers": {"Authorization": "Bearer x", "X-Key": "y"}}]},
        {"tools": [{"type": "retrieval", "exa_ai_search_config": {"api_key": "x", "custom_config": {"api_key": 1}}}]},
        {"environment": {"type": "remote", "env": {"A": "x", "B": {"value": "y"}, "C": {"credential": "id"}}}},
        {"environment": {"network": {"allowlist": [{"domain": "d", "transform": {"Authorization": "x"}}]}}},
        {"environment": {"network": {"allowlist": [{"domain": "d", "transform": [{"A": "x"}, {"B": "y"}]}]}}},
    ],
    ids=["MCP headers", "Exa", "env", "transform", "transforms"],
)
def test_a_configuration_is_redacted_wherever_one_stands(config: dict[str, Any]) -> None:
    """In a request, a resource, a stream's event, an agent's definition and a trigger's interaction alike."""
    once = redactor().request(post(config)).json()
    assert once != config
    for wrap in (
        lambda inner: inner | {"id": "v1_x", "status": "completed"},
        lambda inner: {"interaction": inner, "event_type": "interaction.completed"},
        lambda inner: {"agents": [inner]},
        lambda inner: {"triggers": [{"interaction": inner}]},
    ):
        assert redactor().response(answer(wrap(config))).json() == wrap(once)


def test_the_names_of_headers_and_variables_stay() -> None:
    """Only values are secret; the diff still shows which were sent."""
    changed = redactor().request(post({"tools": [{"type": "mcp_server", "headers": {"Authorization": "Bearer x"}}]}))
    assert changed.json() == {"tools": [{"type": "mcp_server", "headers": {"Authorization": "REDACTED"}}]}


@pytest.mark.parametrize("step", SIGNED, ids=NAMES)
def test_each_signed_step_is_redacted_wherever_steps_stand(step: dict[str, Any]) -> None:
    """In `steps`, in a resent history, in `include_input`, in deltas, and in the schemas of earlier times."""
    signed = step | {"signature": SIGNATURE}
    clean = step | {"signature": redact_signature(SIGNATURE)}
    for wrap in (
        lambda inner: {"steps": [{"type": "model_output"}, inner]},
        lambda inner: {"input": [inner, inner]},
        lambda inner: {"input": inner},
        lambda inner: {"id": "v1_x", "input": [inner], "steps": [inner]},
        lambda inner: {"outputs": [inner]},
        lambda inner: {"input": [{"role": "model", "content": [inner]}]},
        lambda inner: {"event_type": "step.start", "index": 0, "step": inner},
        lambda inner: {"event_type": "step.delta", "index": 0, "delta": inner},
        lambda inner: {"event_type": "interaction.completed", "interaction": {"steps": [inner]}},
    ):
        changed = redactor().response(answer(wrap(signed))).json()
        assert changed == wrap(clean)
        again = answer(changed)
        assert redactor().response(again) is again


def test_the_sdk_reads_each_redacted_step_as_its_own_type() -> None:
    """The placeholder is a signature that the SDK's models accept."""
    steps = [step | {"signature": SIGNATURE + str(n)} for n, step in enumerate(KNOWN)]
    body = redactor().response(answer({"id": "v1_x", "status": "completed", "steps": steps})).body
    parsed = Interaction.model_validate(json.loads(body)).steps or []
    assert [step.type for step in parsed] == [step["type"] for step in KNOWN]
    assert not [step for step in parsed if type(step).__name__.startswith("Unknown")]


def test_a_signature_becomes_a_short_one_of_its_own() -> None:
    """Valid base64 under 100 bytes even for 3 MB; equal for equal, different for different; "" stays ""."""
    large = base64.b64encode(b"a thought" * 350_000).decode()
    short = redact_signature(large)
    assert len(short) < 100
    assert base64.b64decode(short, validate=True)
    assert short == redact_signature(large) == redact_signature(short)
    assert short != redact_signature(large + "A")
    assert redact_signature("") == ""
    assert redact_signature(short + short) == short + short
    for other in ("redactedSignature", "redactedSignature" + "g" * 31, short + "+", short[:-1]):
        assert redact_signature(other) not in {other, short}
    assert len(redact_signature("half a character: \ud83d")) == 48
    changed = redactor().response(answer({"steps": [{"type": "thought", "signature": large}]}))
    assert changed.json() == {"steps": [{"type": "thought", "signature": short}]}


SCHEMA = {
    "type": "object",
    "properties": {
        name: {"type": "string", "description": f"a {name}"}
        for name in ("token", "signature", "api_key", "headers", "env", "secret", "key", "value")
    },
    "required": ["token", "signature"],
}


@pytest.mark.parametrize(
    "document",
    [
        {"tools": [{"type": "function", "name": "sign", "parameters": SCHEMA}]},
        {"response_format": SCHEMA, "input": "Hello"},
        {"response_format": [{"type": "text", "schema": SCHEMA}]},
        {
            "steps": [
                {
                    "type": "function_call",
                    "arguments": {"signature": SIGNATURE, "token": "a", "env": {"A": "b"}, "headers": {"A": "b"}},
                }
            ]
        },
        {"input": [{"type": "function_result", "call_id": "1", "result": {"signature": SIGNATURE, "secret": "a"}}]},
        {"input": [{"type": "function_result", "result": [{"type": "text", "signature": SIGNATURE}]}]},
        {"id": "v1_ChdXZ0JOYXBx", "previous_interaction_id": "v1_ChdXZ0JOYXBxRERM", "environment": "env-id"},
        {"steps": [{"type": "model_output", "content": [{"type": "text", "text": "Use a Bearer token: env, key="}]}]},
        {"steps": [{"type": "thought", "signature": 7}], "key": 8, "environment": {"env": {"A": 9}}},
        {"environment": {"network": "disabled"}, "input": None, "steps": "?", "tools": [1, [], None]},
        ["steps", {"signature": "a"}],
    ],
)
def test_what_belongs_to_the_user_is_left_alone(document: Any) -> None:
    """Schemas, arguments, results, ids and text are no secrets, whatever the names in them."""
    request, response = post(document), answer(document)
    assert redactor().request(request) is request
    assert redactor().response(response) is response


def test_other_apis_spellings_are_known() -> None:
    """The thoughts of generateContent, and field names in the camel case that Google's APIs also accept."""
    document = {
        "candidates": [{"content": {"parts": [{"thoughtSignature": SIGNATURE, "functionCall": {"args": {}}}]}}],
        "tools": [{"exaAiSearchConfig": {"apiKey": "x"}}],
    }
    changed = redactor().response(Response(status=200, headers=dict(JSON), body=json.dumps(document).encode())).json()
    assert changed["candidates"][0]["content"]["parts"][0]["thoughtSignature"] == redact_signature(SIGNATURE)
    assert changed["tools"] == [{"exaAiSearchConfig": {"apiKey": "REDACTED"}}]
