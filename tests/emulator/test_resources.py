"""Agents, credentials, decisions, triggers, voices and tokens: what they remember, show, hide and refuse."""

from __future__ import annotations

import base64
import io
import wave
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from pytest_interactions.server.emulator import Emulator

AGENT = "antigravity-preview-05-2026"
BEARER = {"id": "login", "type": "bearer_token", "token": "s3cret"}
TRIGGER = {"interaction": {"agent": AGENT, "input": "Go"}, "schedule": "0 9 * * *", "time_zone": "UTC"}
VOICE = {"type": "prompted", "prompted": {"input": "A deep voice"}}
NOUL = {"type": "noul", "instructions": "Is it wet?"}


def make(rest: httpx.Client, path: str, body: Any) -> dict[str, Any]:
    """Create a resource."""
    answer = rest.post(f"/v1beta/{path}", json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the message of an error."""
    return answer.status_code, answer.json()["error"]["message"]


# --- what is the same for all ---


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("agents", [], "Invalid JSON payload received. Expected an object."),
        ("agents", {"name": "x"}, "Unknown parameter 'name'."),
        ("agents", {"tools": "x"}, "Invalid value at 'tools': str."),
        ("agents", {"id": ""}, "Invalid value at 'id': ''."),
        ("agents", {"id": "a/b"}, "Invalid value at 'id': 'a/b'."),
        ("agents", {"tools": [1]}, "Invalid value at 'tools': 1."),
        ("agents", {"id": "\ud800"}, "Invalid JSON payload received. A text has a lone surrogate."),
        ("credentials", {"id": "x", "type": None}, "Missing required parameter 'type'."),
        ("credentials", {"id": "x", "type": "y"}, "Invalid value at 'type': 'y'."),
        ("credentials", {"id": "x", "type": "oauth2", "client_id": "y"}, "Missing required parameter 'client_secret'."),
        ("environments", {"mode": "x"}, "Invalid value at 'mode': 'x'."),
        ("triggers", {**TRIGGER, "interaction": {"agent": AGENT}}, "Missing required parameter 'input'."),
        ("voices", {"store": True}, "Missing required parameter 'voice'."),
        ("voices", {"voice": VOICE}, "Invalid value at 'store': it must be true for a voice of type 'prompted'."),
        (
            "voices",
            {"voice": {"type": "prebuilt"}},
            "Invalid value at 'type': a voice of type 'prebuilt' can't be created.",
        ),
        ("voices", {"voice": {"type": "replicated"}}, "Missing required parameter 'voice.replicated'."),
        ("webhooks", {"uri": "x", "subscribed_events": ["y"]}, "Invalid value at 'subscribed_events': 'y'."),
        (
            "decisions",
            {"model": "m", "input": "x", "questions": {}},
            "Invalid value at 'questions': at least one is needed.",
        ),
        (
            "decisions",
            {"model": "m", "input": "x", "questions": {"a": 1}},
            "Invalid value at 'questions.a': it needs a 'type', one of noul, choice and score.",
        ),
        (
            "decisions",
            {"model": "m", "input": "x", "questions": {"a": {"type": "choice", "criteria": {"b": "c"}}}},
            "Invalid value at 'questions.a.criteria': at least two are needed.",
        ),
        (
            "decisions",
            {"model": "m", "input": "x", "questions": {"a": {"type": "score", "criteria": {"b": "c", "d": "e"}}}},
            "Invalid value at 'questions.a.criteria': at least two are needed.",
        ),
    ],
)
def test_what_is_wrong_is_refused(rest: httpx.Client, path: str, body: Any, message: str) -> None:
    import json

    answer = rest.post(f"/v1beta/{path}", content=json.dumps(body), headers={"content-type": "application/json"})
    assert refusal(answer) == (400, message)


def test_a_list_has_pages(rest: httpx.Client) -> None:
    for number in range(5):
        make(rest, "agents", {"id": f"agent-{number}"})
    pages: list[list[str]] = []
    token: str | None = ""
    while token is not None:
        page = rest.get("/v1beta/agents", params={"page_size": 2, "page_token": token}).json()
        pages.append([agent["id"] for agent in page["agents"]])
        token = page.get("next_page_token")
    assert pages == [["agent-0", "agent-1"], ["agent-2", "agent-3"], ["agent-4"]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page_size": "x"}, "Invalid value at 'page_size': 'x'."),
        ({"page_size": "-1"}, "Invalid value at 'page_size': '-1'."),
        ({"page_size": "9" * 10}, f"Invalid value at 'page_size': '{'9' * 10}'."),
        ({"page_token": "x"}, "Invalid value at 'page_token': 'x'."),
        ({"page_token": "eHg="}, "Invalid value at 'page_token': 'eHg='."),
    ],
)
def test_a_page_that_is_none_is_refused(rest: httpx.Client, query: dict[str, str], message: str) -> None:
    assert refusal(rest.get("/v1beta/agents", params=query)) == (400, message)


def test_a_name_is_given_once(rest: httpx.Client) -> None:
    make(rest, "agents", {"id": "mine"})
    assert refusal(rest.post("/v1beta/agents", json={"id": "mine"})) == (409, "Agent 'mine' already exists.")
    assert rest.post("/v1beta/agents", json={}).json()["id"].startswith("agent-")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_is_not_there_is_not_found(rest: httpx.Client, method: str) -> None:
    assert refusal(rest.request(method, "/v1beta/triggers/x", json={})) == (404, "Trigger 'x' not found.")


def test_what_is_deleted_is_gone(rest: httpx.Client) -> None:
    name = make(rest, "agents", {})["id"]
    assert rest.delete(f"/v1beta/agents/{name}").json() == {}
    assert refusal(rest.get(f"/v1beta/agents/{name}")) == (404, f"Agent '{name}' not found.")


def test_a_mask_says_what_is_changed(rest: httpx.Client) -> None:
    name = make(rest, "triggers", TRIGGER)["id"]
    changes = {"display_name": "Daily", "status": "paused"}
    path = f"/v1beta/triggers/{name}"
    changed = rest.patch(path, params={"update_mask": "display_name"}, json=changes).json()
    assert (changed["display_name"], changed["status"]) == ("Daily", "active")
    wrong = rest.patch(path, params={"update_mask": "schedule,status"}, json=changes)
    assert refusal(wrong) == (400, "Invalid value at 'update_mask': 'schedule' can't be changed.")
    assert refusal(rest.patch(path, json={"schedule": "x"})) == (400, "Unknown parameter 'schedule'.")


def test_what_has_no_changes_can_not_be_changed(rest: httpx.Client) -> None:
    name = make(rest, "agents", {})["id"]
    assert rest.patch(f"/v1beta/agents/{name}", json={}).status_code == 405


def test_a_script_answers_for_other_resources_too(emulator: Emulator, rest: httpx.Client) -> None:
    """It lets one fail, or sets fields of the answer."""
    emulator.on(operation="agents.list").reply(error=429, times=1)
    emulator.on(operation="agents.list").reply(fields={"agents": [{"id": "scripted"}]})
    assert rest.get("/v1beta/agents").status_code == 429
    assert rest.get("/v1beta/agents").json() == {"agents": [{"id": "scripted"}]}


def test_the_same_requests_make_the_same_resources(rest: httpx.Client) -> None:
    from pytest_interactions.server.emulator import Emulator

    with Emulator.steady() as other:
        paths: tuple[Any, ...] = (
            ("agents", {}),
            ("environments", {"mode": "self_hosted"}),
            ("voices", {"voice": VOICE, "store": True}),
        )
        for path, body in paths:
            assert make(rest, path, body) == rest.post(f"{other.url}/v1beta/{path}", json=body).json()


# --- agents ---


def test_an_interaction_has_what_its_agent_has(rest: httpx.Client) -> None:
    """The agent's environment, unless the request names another; the agent's tools are checked as a request's."""
    make(rest, "agents", {"id": "mine", "base_agent": AGENT, "base_environment": "env-1", "system_instruction": "Be."})
    body = {"agent": "mine", "input": "Hello"}
    assert make(rest, "interactions", body)["environment_id"] == "env-1"
    assert make(rest, "interactions", {**body, "environment": "env-2"})["environment_id"] == "env-2"
    assert make(rest, "interactions", body)["agent"] == "mine"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("interactions", {"agent": "nobody", "input": "Hello"}),
        ("agents", {"base_agent": "nobody"}),
        ("triggers", {**TRIGGER, "interaction": {"agent": "nobody", "input": "Go"}}),
    ],
)
def test_an_unknown_agent_is_refused(rest: httpx.Client, path: str, body: Any) -> None:
    assert refusal(rest.post(f"/v1beta/{path}", json=body)) == (404, "Agent 'nobody' not found.")


# --- credentials ---


def test_no_answer_shows_a_credential(rest: httpx.Client) -> None:
    made = make(rest, "credentials", BEARER)
    changed = rest.patch("/v1beta/credentials/login", json={"type": "bearer_token", "token": "n3w"}).json()
    assert made.keys() == {"id", "type", "status", "create_time", "update_time"} == changed.keys()
    assert rest.get("/v1beta/credentials").json() == {"credentials": [changed]}


def test_a_credential_keeps_its_type(rest: httpx.Client) -> None:
    make(rest, "credentials", BEARER)
    changed = rest.patch("/v1beta/credentials/login", json={"type": "oauth2"})
    assert refusal(changed) == (400, "Invalid value at 'type': the credential is a 'bearer_token'.")


# --- decisions ---


def test_decisions_are_probabilities(rest: httpx.Client) -> None:
    """Each adds up to one, the same request has the same answers, and a script may give others."""
    body = {
        "model": "gemini-decision-1",
        "input": "It rains.",
        "questions": {
            "wet": NOUL,
            "where": {"type": "choice", "criteria": {"in": "Inside", "out": "Outside"}},
            "much": {"type": "score", "criteria": ["none", "some", "much"]},
        },
    }
    answers = make(rest, "decisions", body)["answers"]
    assert answers.keys() == body["questions"].keys()  # type: ignore[attr-defined] # it is a dict
    assert answers["wet"]["confidence"] == max(answers["wet"]["noul"], round(1 - answers["wet"]["noul"], 4))
    for name in ("where", "much"):
        assert sum(answers[name]["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert answers["where"]["probabilities"][answers["where"]["choice"]] == answers["where"]["confidence"]
    assert answers["much"]["legend"] == {"0": "none", "1": "some", "2": "much"}
    assert 0 <= answers["much"]["score"] <= 2


# --- triggers ---


def test_a_trigger_runs_its_interaction(rest: httpx.Client) -> None:
    name = make(rest, "triggers", {**TRIGGER, "environment_id": "env-1"})["id"]
    ran = [make(rest, f"triggers/{name}/executions", {}) for _ in range(2)]
    for run in ran:
        assert (run["trigger_id"], run["status"], run["environment_id"]) == (name, "completed", "env-1")
        assert rest.get(f"/v1beta/interactions/{run['interaction_id']}").json()["status"] == "completed"
    assert rest.get(f"/v1beta/triggers/{name}/executions").json() == {"trigger_executions": ran}
    trigger = rest.get(f"/v1beta/triggers/{name}").json()
    assert trigger["previous_interaction_id"] == ran[-1]["interaction_id"]
    assert "last_run_time" in trigger


def test_a_trigger_of_an_interaction_that_is_not_stored_names_none(rest: httpx.Client) -> None:
    unstored = {"agent": AGENT, "input": "Go", "store": False}
    name = make(rest, "triggers", {**TRIGGER, "interaction": unstored})["id"]
    assert "interaction_id" not in make(rest, f"triggers/{name}/executions", {})
    assert "previous_interaction_id" not in rest.get(f"/v1beta/triggers/{name}").json()


def test_an_execution_that_did_not_do_its_work_has_failed(rest: httpx.Client) -> None:
    short = {"model": "gemini-3.5-flash", "input": "Many words", "generation_config": {"max_output_tokens": 1}}
    name = make(rest, "triggers", {**TRIGGER, "interaction": short})["id"]
    assert make(rest, f"triggers/{name}/executions", {})["status"] == "failed"


def test_a_trigger_says_when_it_was_paused_and_went_on(rest: httpx.Client) -> None:
    path = f"/v1beta/triggers/{make(rest, 'triggers', TRIGGER)['id']}"
    assert "last_resume_time" not in rest.patch(path, json={"status": "active"}).json()
    assert "last_pause_time" in rest.patch(path, json={"status": "paused"}).json()
    assert "last_resume_time" in rest.patch(path, json={"status": "active"}).json()
    assert refusal(rest.patch(path, json={"status": "x"})) == (400, "Invalid value at 'status': 'x'.")


# --- voices ---


def test_a_stored_voice_has_an_id_and_a_sample(rest: httpx.Client) -> None:
    made = make(rest, "voices", {"voice": VOICE, "store": True})
    assert made["id"].startswith("voice_")
    assert made["model"] == "gemini-3.8-flash-tts"
    with wave.open(io.BytesIO(base64.b64decode(made["sample_audio"]["data"]))) as sample:
        assert sample.getnframes()
    assert rest.get(f"/v1beta/voices/{made['id']}").json() == made
    designed = make(rest, "voices", {"voice": {**VOICE, "model": "gemini-3.8-flash-lite-tts"}, "store": True})
    assert designed["model"] == "gemini-3.8-flash-lite-tts"


def test_a_voice_that_is_not_stored_has_a_key_alone(rest: httpx.Client) -> None:
    sound = {"data": "AAAA", "mime_type": "audio/wav"}
    voice = {"type": "replicated", "replicated": {"consent_audio": sound, "source_audio": sound}}
    made = make(rest, "voices", {"voice": voice})
    assert made.keys() == {"type", "key"}
    assert made["key"].startswith("voicekey_")
    assert "replicated" not in make(rest, "voices", {"voice": voice, "store": True})


def test_the_apis_own_voices_are_there_and_can_not_be_deleted(rest: httpx.Client) -> None:
    assert rest.get("/v1beta/voices/Kore").json()["type"] == "prebuilt"
    assert refusal(rest.delete("/v1beta/voices/Kore")) == (404, "Voice 'Kore' not found.")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"gender": "male"}, ["Charon", "Fenrir", "Puck"]),
        ({"pitch": ["high", "low"]}, ["Charon", "Leda", "Zephyr"]),
        ({"gender": "male", "pitch": "low"}, ["Charon"]),
        ({"search": "UPBEAT"}, ["Puck"]),
        ({"type": "prompted"}, []),
    ],
)
def test_voices_are_found_by_what_they_are_like(rest: httpx.Client, query: Any, names: list[str]) -> None:
    found = rest.get("/v1beta/voices", params=query).json()["voices"]
    assert [voice["id"] for voice in found] == names


# --- auth tokens ---


def test_a_token_is_given_for_an_interaction_and_taken_back_once(rest: httpx.Client) -> None:
    interaction = make(rest, "interactions", {"model": "gemini-3.5-flash", "input": "Hello"})["id"]
    tokens = f"interactions/{interaction}/auth_tokens"
    made = make(rest, tokens, {"expire_time": "2026-06-09T13:00:00Z"})
    assert made["expires_at"] == "2026-06-09T13:00:00Z"
    assert rest.post(f"/v1beta/{tokens}").json()["expires_at"] == "2026-06-09T12:31:25Z"
    token = made["auth_token"].removeprefix("auth_tokens/")
    assert rest.delete(f"/v1beta/{tokens}/{token}").json() == {}
    assert refusal(rest.delete(f"/v1beta/{tokens}/{token}")) == (404, "Auth token not found.")
    other = rest.post("/v1beta/interactions/x/auth_tokens", json={})
    assert refusal(other) == (404, "Interaction 'x' not found.")


# --- interactions ---


def test_tier_labels_and_revision_are_as_the_request_says(rest: httpx.Client) -> None:
    """The API tells the first two again, and says nothing of the revision that it was asked for."""
    body = {"model": "gemini-3.5-flash", "input": "Hello", "service_tier": "flex", "labels": {"team": "a"}}
    made = rest.post("/v1beta/interactions", json=body, headers={"api-revision": "2026-05-20"})
    assert made.status_code == 200
    assert (made.json()["service_tier"], made.json()["labels"]) == ("flex", {"team": "a"})
    assert "api-revision" not in made.headers
