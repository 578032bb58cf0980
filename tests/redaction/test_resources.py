"""The secrets of all resources stay out of a cassette, which replays all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from standardwebhooks import Webhook

from pytest_interactions.server.emulator import Emulator, signed
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

AGENT = "antigravity-preview-05-2026"
#: What the app sends and nobody else may read, by what it is.
SENT = {
    name: f"{name}-s3cret-of-this-app"
    for name in (
        *("bearer", "client", "refresh", "value", "rotated"),
        *("config", "nested", "listed", "source", "variable", "header"),
        *("metadata", "deep"),
    )
}
SOUND = {"data": "AAAA", "mime_type": "audio/wav"}
ENVIRONMENT = {
    "custom_config": {"token": SENT["config"], "db": {"url": SENT["nested"], "all": [SENT["listed"]], "port": 1}},
    "sources": [{"type": "inline", "target": "/.env", "content": f"PASSWORD={SENT['source']}"}],
    "network": {"allowlist": [{"domain": "example.com", "transform": {"x-key": SENT["header"]}}]},
}
REMOTE = {"type": "remote", "env": {"DB": {"value": SENT["variable"]}}, **ENVIRONMENT}
HOOK = {"uris": ["http://127.0.0.1:9/"], "user_metadata": {"token": SENT["metadata"], "of": {"deep": SENT["deep"]}}}


def app(url: str) -> dict[str, Any]:
    """Use every resource, and return what the API gave that is secret."""
    with httpx.Client(base_url=f"{url}/v1beta", headers={"x-goog-api-key": "any"}) as client:

        def call(method: str, path: str, body: Any = None) -> Any:
            answer = client.request(method, path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        call("POST", "/credentials", {"id": "a", "type": "bearer_token", "token": SENT["bearer"]})
        oauth = {"client_id": "c", "client_secret": SENT["client"], "refresh_token": SENT["refresh"], "token_url": "u"}
        call("POST", "/credentials", {"id": "b", "type": "oauth2", **oauth})
        variable = {"value": SENT["value"], "injection_location": "header"}
        call("POST", "/credentials", {"id": "c", "type": "environment_variable", **variable})
        call("PATCH", "/credentials/a", {"type": "bearer_token", "token": SENT["rotated"]})
        environment = call("POST", "/environments", {"mode": "self_hosted", **ENVIRONMENT})
        call("GET", f"/environments/{environment['id']}")
        call("GET", "/environments")
        call("POST", "/agents", {"id": "mine", "base_agent": AGENT, "base_environment": REMOTE})
        call("GET", "/agents")
        asked = {"agent": AGENT, "input": "Go", "environment": REMOTE, "webhook_config": HOOK}
        trigger = call("POST", "/triggers", {"interaction": asked, "schedule": "0 9 * * *", "time_zone": "UTC"})
        call("GET", f"/triggers/{trigger['id']}")
        call("GET", "/triggers")
        webhook = call("POST", "/webhooks", {"uri": "http://127.0.0.1:9/", "subscribed_events": []})
        rotated = call("POST", f"/webhooks/{webhook['id']}:rotateSigningSecret", {})
        call("GET", "/webhooks")
        replicated = {"consent_audio": SOUND, "source_audio": SOUND}
        voice = call("POST", "/voices", {"voice": {"type": "replicated", "replicated": replicated}})
        spoken = {"speech_config": [{"voice": voice["key"]}]}
        call("POST", "/interactions", {"model": "gemini-3.8-flash-tts", "input": "Hi", "generation_config": spoken})
        interaction = call("POST", "/interactions", asked)["id"]
        token = call("POST", f"/interactions/{interaction}/auth_tokens", {})["auth_token"]
        call("DELETE", f"/interactions/{interaction}/{token}")
        return {
            "environment_key": environment["environment_key"],
            "signing_secret": webhook["new_signing_secret"],
            "rotated_secret": rotated["secret"],
            "truncated_secret": webhook["signing_secrets"][0]["truncated_secret"],
            "voice_key": voice["key"],
            "auth_token": token.removeprefix("auth_tokens/"),
        }


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[str, Path, dict[str, Any]]:
    """The address that was recorded, the cassette, and what the API gave that is secret."""
    path = tmp_path / "resources.yaml"
    with Emulator.steady() as emulator, use_cassette(path, record_mode="once"):
        return emulator.url, path, app(emulator.url)


def test_no_secret_of_a_resource_is_recorded(recorded: tuple[str, Path, dict[str, Any]]) -> None:
    """Those that the app sends, and those that the API gives, in bodies and in URLs."""
    _, path, given = recorded
    text = path.read_text("utf-8")
    assert [name for name, secret in (SENT | given).items() if secret in text] == []


def test_what_was_recorded_replays(recorded: tuple[str, Path, dict[str, Any]]) -> None:
    """The app goes on with what stands in place of the secrets, and verifies what is signed by it."""
    url, path, _ = recorded
    with use_cassette(path) as cassette:
        given = app(url)
        assert cassette.all_played
    for name in ("signing_secret", "rotated_secret"):
        headers, body = signed({"type": "interaction.completed"}, given[name])
        assert Webhook(given[name]).verify(body, headers) == {"type": "interaction.completed"}
