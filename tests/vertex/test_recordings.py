"""Recordings of apps on Vertex AI: what expires meanwhile, what fails, and what was recorded before logins were not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import google.oauth2.credentials
import google.oauth2.service_account
import pytest
from google import genai
from google.auth.exceptions import RefreshError, TransportError

from pytest_interactions import PlaceholderError, UnplayedError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.files.layout import dumps
from pytest_interactions.files.storage import load
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.support import use_cassette
from tests.vertex.google import PROJECT, TOKEN, Google, service_account, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG_AGO = dt.datetime(2001, 1, 1)  # noqa: DTZ001 - google-auth's times have no zone
# google-auth has types in parts alone.
ServiceAccount: Any = google.oauth2.service_account.Credentials
User: Any = google.oauth2.credentials.Credentials


@pytest.fixture
def server() -> Iterator[Google]:
    with serving() as server:
        yield server


def _client(url: str, credentials: Any) -> genai.Client:
    options: Any = {"base_url": url}
    return genai.Client(
        vertexai=True, project=PROJECT, location="us-central1", credentials=credentials, http_options=options
    )


def _ask(client: genai.Client) -> str | None:
    return client.interactions.create(model="gemini-3.5-flash", input="hi").output_text


def test_credentials_that_expire_during_a_replay_or_between_are_good_again_afterwards(
    server: Google, tmp_path: Path
) -> None:
    """One client records, replays while its server is gone, and records again with a token of its own."""
    credentials = ServiceAccount.from_service_account_info(
        service_account(server.url), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    with _client(server.url, credentials) as client:
        with use_cassette(tmp_path / "c.yaml", record_mode="once"):
            assert [_ask(client), _ask(client)] == ["Hello from Vertex AI."] * 2
        before = len(server.asked)
        credentials.expiry = LONG_AGO
        with use_cassette(tmp_path / "c.yaml"):
            _ask(client)
            credentials.expiry = LONG_AGO
            _ask(client)
        assert len(server.asked) == before
        assert credentials.token == TOKEN
        credentials.expiry = LONG_AGO
        with use_cassette(tmp_path / "d.yaml", record_mode="once"):
            _ask(client)
    assert server.asked[before:][0] == "/token"
    assert server.authorized[-1] == f"Bearer {TOKEN}"


def test_a_login_that_fails_is_the_apps_while_it_records(tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once"), pytest.raises(RefreshError):
        User(None).refresh(lambda **_: None)


def test_a_login_that_fails_does_no_harm_to_what_is_recorded(server: Google, tmp_path: Path) -> None:
    """Where more may be recorded, the token that is none is not sent, and the error says so."""
    with _client(server.url, User(TOKEN)) as client, use_cassette(tmp_path / "c.yaml", record_mode="once"):
        _ask(client)
    info = service_account("http://127.0.0.1:9")
    credentials = ServiceAccount.from_service_account_info(info, scopes=["x"])
    with pytest.raises(TransportError):
        credentials.refresh(_unreachable)
    with _client(server.url, credentials) as client:
        with use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"):
            credentials.refresh(_unreachable)
            assert _ask(client)
        with (
            pytest.raises(PlaceholderError, match="log in to Google Cloud"),
            use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"),
        ):
            credentials.refresh(_unreachable)
            client.models.generate_content(model="gemini-3.5-flash", contents="something else")
    assert len(server.asked) == 1


def _unreachable(**_: Any) -> None:
    nobody: Any = TransportError
    raise nobody


def _exchange(method: str, uri: str, body: bytes = b"", answer: bytes = b"{}") -> Exchange:
    kind = {"content-type": ["application/json"]}
    return Exchange(
        request=Request(method=method, uri=uri, headers=dict(kind) if body else {}, body=body),
        response=Response(status=200, reason="OK", headers=dict(kind), body=answer),
    )


def test_logins_of_old_recordings_need_not_be_played(tmp_path: Path) -> None:
    """Nor do their projects matter; anything else is missed as ever."""
    uri = f"https://us-central1-aiplatform.googleapis.com/v1beta1/projects/{PROJECT}/locations/us-central1/interactions"
    answer = (
        b'{"id":"v1_a","status":"completed","steps":[{"type":"model_output","content":[{"type":"text","text":"Old"}]}]}'
    )
    exchanges = [
        _exchange("GET", "http://169.254.169.254/"),
        _exchange("GET", "http://metadata.google.internal/computeMetadata/v1/project/project-id"),
        _exchange("POST", "https://oauth2.googleapis.com/token", b'{"grant_type":"refresh_token"}'),
        _exchange("POST", uri, b'{"model":"gemini-3.5-flash","input":"hi"}', answer),
    ]
    path = tmp_path / "c.yaml"
    path.write_text(dumps(exchanges))
    with use_cassette(path), genai.Client(vertexai=True) as client:
        assert _ask(client) == "Old"
    with pytest.raises(UnplayedError, match="1 of 4") as missed, use_cassette(path):
        pass
    assert "/interactions" in str(missed.value)
    assert PROJECT in path.read_text()
    assert len(load(path).exchanges) == 4


def test_a_projects_name_is_no_finding_of_a_scan() -> None:
    """It is taken out of recordings, as it says whose they are; a document may speak of it."""
    text = f'{{"input": "projects/{PROJECT}/locations/us-central1/models/m", "tools": []}}'
    assert scan(text, Secrets()) == []
