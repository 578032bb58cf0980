"""Requests for the other resources that no well-behaved client sends: none is a 500, and none is kept for ever."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_interactions.server.emulator import Emulator
from tests.emulator.test_environments import content, upload
from tests.emulator.test_hostile import _ODD, _places
from tests.emulator.test_resources import BEARER, NOUL, TRIGGER, make
from tests.emulator.test_webhooks import hook, work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.webhook_app import App

SOUND = {"data": "AAAA", "mime_type": "audio/wav"}
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
CHOICE = {"type": "choice", "instructions": "x", "criteria": {"a": "b", "c": "d"}}
SCORE = {"type": "score", "instructions": "x", "criteria": ["a", "b"]}
#: A request to create each kind of resource.
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("agents", {"tools": [TOOL], "base_environment": {"type": "remote"}, "system_instruction": "x"}),
    ("credentials", BEARER),
    ("credentials", {"id": "e", "type": "environment_variable", "value": "v", "injection_location": ["header"]}),
    ("decisions", {"model": "m", "input": "x", "questions": {"a": NOUL, "b": CHOICE, "c": SCORE}}),
    (
        "environments",
        {
            "mode": "self_hosted",
            "custom_config": {"a": "b"},
            "sources": [{"type": "inline", "target": "a", "content": "YQ==", "encoding": "base64"}],
        },
    ),
    ("triggers", {**TRIGGER, "environment_id": "e"}),
    ("voices", {"voice": {"type": "prompted", "prompted": {"input": "x"}}, "store": True}),
    ("voices", {"voice": {"type": "replicated", "replicated": {"consent_audio": SOUND, "source_audio": SOUND}}}),
    ("webhooks", {"uri": "http://127.0.0.1:9/", "subscribed_events": ["interaction.failed"], "name": "n"}),
    ("webhooks/{}:rotateSigningSecret", {"revocation_behavior": "revoke_previous_secrets_immediately"}),
    ("webhooks/{}:ping", {}),
    ("interactions/{}/auth_tokens", {"expire_time": "2026-06-09T13:00:00Z"}),
]


@pytest.fixture
def loose() -> Iterator[httpx.Client]:
    """A client of an emulator that takes any number of resources."""
    with Emulator.steady() as emulator, httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "any"}) as rest:
        yield rest


@given(st.sampled_from(WHOLE), st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_for_a_resource_is_a_500(loose: httpx.Client, whole: tuple[str, Any], data: st.DataObject) -> None:
    """Nor is what is done with the resource afterwards."""
    path, body = copy.deepcopy(whole)
    for _ in range(data.draw(st.integers(1, 2))):
        places = _places(body)
        container, key = places[data.draw(st.integers(0, len(places) - 1))] if places else (body, "x")
        container[key] = copy.deepcopy(data.draw(_ODD))
    text = json.dumps(body)
    if "{}" in path:
        kind = path.partition("/")[0]
        made = dict(WHOLE)[kind] if kind == "webhooks" else {"model": "gemini-3.5-flash", "input": "x"}
        path = path.format(make(loose, kind, made)["id"])
    answer = loose.post(f"/v1beta/{path}", content=text)
    assert answer.status_code in (200, 400, 404, 409)
    if answer.status_code == 200 and answer.json().get("id"):
        one = f"/v1beta/{path}/{answer.json()['id']}"
        if path == "agents":
            loose.post("/v1beta/interactions", json={"agent": answer.json()["id"], "input": "x"}).raise_for_status()
        if path == "triggers":
            assert loose.post(f"{one}/executions").status_code in (200, 400, 404)
        assert loose.patch(one, content=text).status_code in (200, 400, 404, 405)
        assert loose.get(one).json().keys() >= {"id"}
        loose.delete(one).raise_for_status()


def test_a_uri_that_no_request_may_have_is_a_problem_of_its_delivery(
    emulator: Emulator, rest: httpx.Client, app: App
) -> None:
    hook(rest, f"{app.uri} x")
    work(rest)
    (delivered,) = emulator.wait_delivered()
    assert delivered.status is None
    assert delivered.problem


def test_a_server_that_runs_long_forgets_resources_that_were_used_longest_ago() -> None:
    """With what belongs to them: files, secrets, deliveries."""
    with Emulator(keep=2) as emulator, httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "any"}) as rest:
        environments = [make(rest, "environments", {})["id"] for _ in range(3)]
        assert [rest.get(f"/v1beta/environments/{name}").status_code for name in environments] == [404, 200, 200]
        for name in environments[1:]:
            upload(rest, name, "a.txt", b"x")
            assert content(rest, name, "a.txt").content == b"x"
        hooks = [hook(rest, "http://127.0.0.1:9/")["id"] for _ in range(3)]
        for name in [*hooks[1:], hooks[1]]:
            make(rest, f"webhooks/{name}:ping", {})
        assert len(emulator.deliveries) == 2
