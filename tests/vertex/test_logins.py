"""Each way to log in to Google, recorded with servers on real sockets and replayed where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_interactions.files import storage
from tests.vertex.google import EMAIL, SECRETS, Google, serving, write_files
from tests.vertex.support import run_with_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = (
    *("service", "user", "impersonated", "workload_file", "workload_url", "workload_executable", "workload_aws"),
    *("metadata", "gcloud"),
)
APP = """
import asyncio, json, os, pytest
import google.auth, google.auth.external_account, google.auth.iam, google.oauth2.credentials
from google import genai
from google.auth.transport.requests import Request

KINDS = {kinds}
FILES = os.environ.get("FILES")  # while it is recorded
if FILES:
    google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT = os.environ["SERVER"] + "/token"
    google.auth.iam._IAM_ENDPOINT = os.environ["SERVER"] + "/v1/projects/-/serviceAccounts/{{}}:generateAccessToken"
    google.auth.external_account._CLOUD_RESOURCE_MANAGER = os.environ["SERVER"] + "/v1/projects/"

@pytest.fixture(autouse=True)
def logged_in(request, monkeypatch):
    kind = request.node.callspec.params["kind"]
    if not FILES or kind == "metadata":
        return
    if kind == "gcloud":
        monkeypatch.setenv("CLOUDSDK_CONFIG", FILES)
    else:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", f"{{FILES}}/{{kind}}.json")

def client(**options):
    return genai.Client(vertexai=True, project="my-secret-project-123", location="us-central1", **options)

@pytest.mark.parametrize("kind", KINDS)
def test_sync(kind, interactions):
    sync = client()
    answer = sync.interactions.create(model="gemini-3.5-flash", input="hi")
    assert answer.output_text == "Hello from Vertex AI."

@pytest.mark.parametrize("kind", KINDS)
async def test_async(kind, interactions):
    async with client().aio as aio:
        stream = await aio.interactions.create(model="gemini-3.5-flash", input="hi", stream=True)
        assert [event.event_type async for event in stream][-1] == "interaction.completed"
        answer = await aio.models.generate_content(model="gemini-3.5-flash", contents="hi")
        assert answer.text == "Hello."

@pytest.mark.parametrize("kind", KINDS)
def test_credentials_of_the_apps_own(kind, interactions):
    credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(Request())
    assert credentials.valid
    made = client(credentials=credentials)
    assert made.models.generate_content(model="gemini-3.5-flash", contents="hi").text == "Hello."
"""


@pytest.fixture(scope="module")
def google() -> Iterator[Google]:
    with serving() as server:
        yield server


def test_each_way_to_log_in_is_not_recorded_and_not_needed(
    google: Google, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """A key's file, a user's, gcloud's, a metadata server, other clouds', with and without impersonation."""
    pytester.makepyfile(test_it=APP.format(kinds=KINDS))
    pytester.makeini("[pytest]\nasyncio_mode = auto\n")
    files = write_files(google.url, tmp_path)
    files["user"].with_name("application_default_credentials.json").write_text(files["user"].read_text())
    environ = {
        "FILES": str(tmp_path),
        "SERVER": google.url,
        "HOME": str(tmp_path),
        "GOOGLE_VERTEX_BASE_URL": google.url,
        "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1",
        **{f"GCE_METADATA_{name}": google.host for name in ("HOST", "IP", "ROOT")},
    }
    recording = run_with_nothing(pytester, "--interactions-record-mode=once", environ=environ)
    recording.assert_outcomes(passed=3 * len(KINDS))
    ends = ("/token", "/sts", "/subject", "/role/a-role", "/imds-token", f"{EMAIL}:generateAccessToken", "/project-id")
    assert {end for end in ends if any(path.endswith(end) for path in google.logins)} == set(ends)
    cassettes = list((pytester.path / "cassettes").rglob("*.yaml"))
    assert len(cassettes) == 3 * len(KINDS)
    for cassette in cassettes:
        text = cassette.read_text()
        assert [secret for secret in SECRETS if secret in text] == [], text
        uris = [exchange.request.uri for exchange in storage.load(cassette).exchanges]
        assert len(uris) == 1 + ("async" in cassette.name)
        assert all("/v1beta1/projects/redacted-project/" in uri for uri in uris)
    run_with_nothing(pytester).assert_outcomes(passed=3 * len(KINDS))
    run_with_nothing(pytester, "-k", f"async and {KINDS[1]}").assert_outcomes(passed=1, deselected=3 * len(KINDS) - 1)
