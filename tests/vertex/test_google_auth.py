"""What google-auth does for an app while a cassette is open: as ever while it records, nothing on replay."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import google.auth
import google.auth.exceptions
import google.auth.iam
import google.oauth2.credentials
import pytest
from google.auth import _default
from google.auth.aio.credentials import Credentials as AsyncCredentials
from google.auth.transport.requests import Request

from pytest_interactions import use_cassette
from pytest_interactions.clients.isolation import placeholder_project
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY, PROJECT
from tests.vertex.google import EMAIL, TOKEN, serving, write_files

if TYPE_CHECKING:
    from pathlib import Path


# google-auth has types in parts alone.
AUTH: Any = google.auth
SIGNER: Any = google.auth.iam.Signer
LAST: Any = _default._get_gce_credentials


class Own(google.oauth2.credentials.Credentials):
    """Credentials of an app's own, which get another token each time."""

    def refresh(self, request: object) -> None:  # noqa: ARG002 - google-auth's
        self.token = f"{self.token}+"


class OwnAsync(AsyncCredentials):
    """The same, for asynchronous clients."""

    async def refresh(self, request: object) -> None:  # noqa: ARG002 - google-auth's
        self.token = f"{self.token}+"


def test_credentials_of_an_app_get_a_token_that_is_none_and_their_own_back(tmp_path: Path) -> None:
    """Only a recording, or no cassette at all, asks for a new one; what the app has set since stays."""
    own: Any = Own
    credentials, other = own("mine"), own("other")
    with use_cassette(tmp_path / "c.yaml"):
        for each in (credentials, other, credentials):
            each.refresh(None)
        assert (credentials.token, other.token) == (PLACEHOLDER_KEY, PLACEHOLDER_KEY)
        other.token = "set"
    assert (credentials.token, other.token) == ("mine", "set")
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        credentials.refresh(None)
    credentials.refresh(None)
    assert credentials.token == "mine++"


def test_tokens_come_back_though_another_replay_goes_on(tmp_path: Path) -> None:
    """That one gives them its own again, when it needs some."""
    own: Any = Own
    credentials = own("mine")
    with use_cassette(tmp_path / "other.yaml"):
        with use_cassette(tmp_path / "c.yaml"):
            credentials.refresh(None)
        assert credentials.token == "mine"
        credentials.refresh(None)
        assert credentials.token == PLACEHOLDER_KEY
    assert credentials.token == "mine"


def test_asynchronous_credentials_do_the_same(tmp_path: Path) -> None:
    """Those of google-auth's aio."""
    own: Any = OwnAsync
    credentials = own()
    credentials.token = "mine"
    with use_cassette(tmp_path / "c.yaml"):
        asyncio.run(credentials.refresh(None))
        assert credentials.token == PLACEHOLDER_KEY
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        asyncio.run(credentials.refresh(None))
    assert credentials.token == "mine+"


def test_an_app_that_says_what_it_uses_is_told_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of google-genai 3 stands for that of before; a project is named either way."""
    monkeypatch.delenv("GOOGLE_GENAI_USE_VERTEXAI", raising=False)
    for said in ("", "true"):
        monkeypatch.setenv("GOOGLE_GENAI_USE_ENTERPRISE", said)
        with placeholder_project():
            assert os.environ["GOOGLE_CLOUD_PROJECT"] == PROJECT
            assert ("GOOGLE_GENAI_USE_VERTEXAI" in os.environ) is not bool(said)


def test_a_class_that_is_made_during_a_replay_gets_no_token_either(tmp_path: Path) -> None:
    """An app may import its login late."""
    with use_cassette(tmp_path / "c.yaml"):

        class Late(google.oauth2.credentials.Credentials):
            def refresh(self, request: object) -> None:  # noqa: ARG002 - google-auth's
                raise AssertionError

        own: Any = Late
        late = own("mine")
        late.refresh(None)
        assert late.token == PLACEHOLDER_KEY


@pytest.mark.usefixtures("empty")
def test_a_replay_finds_credentials_wherever_it_looks(tmp_path: Path) -> None:
    """They serve any scopes, sign, and stay as they are; where nothing is recorded yet, they are found last."""
    with use_cassette(tmp_path / "c.yaml"):
        credentials, project = AUTH.default()
        assert (credentials.token, project) == (PLACEHOLDER_KEY, PROJECT)
        credentials.refresh(None)
        assert credentials.with_scopes(["a"]).token == PLACEHOLDER_KEY
        assert LAST()[1] == PROJECT
        assert SIGNER(None, credentials, EMAIL).sign(b"x")


@pytest.mark.usefixtures("empty")
def test_without_credentials_only_what_is_recorded_already_goes_on(tmp_path: Path) -> None:
    """In a mode that may do either, an app without credentials replays, and one that must record has google's error."""
    with use_cassette(tmp_path / "c.yaml", record_mode="new_episodes"):
        assert AUTH.default()[1] == PROJECT
    with (
        pytest.raises(google.auth.exceptions.DefaultCredentialsError),
        use_cassette(tmp_path / "c.yaml", record_mode="rewrite"),
    ):
        AUTH.default()


def test_a_recording_signs_and_asks_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a login sends is in no cassette."""
    with serving() as server:
        iam = server.url + "/v1/{}:signBlob"
        monkeypatch.setattr(google.auth.iam, "_IAM_SIGN_ENDPOINT", iam)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(write_files(server.url, tmp_path)["service"]))
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
            credentials, project = AUTH.default(scopes=["x"])
            credentials.refresh(Request())
            SIGNER(Request(), credentials, EMAIL).sign(b"x")
        assert credentials.token == TOKEN
        assert project != PROJECT
        assert cassette.exchanges == []
        assert [path for path in server.asked if path.endswith(("/token", ":signBlob"))] == server.asked


def test_a_module_of_google_auth_that_is_missing_is_missing(tmp_path: Path) -> None:
    """Who waits for its import finds nothing, and nobody waits afterwards."""
    code = f"""
import sys
from pytest_interactions import use_cassette
sys.modules["google.auth"] = type(sys)("google.auth")
sys.modules["google.auth"].__path__ = []
before = list(sys.meta_path)
with use_cassette({str(tmp_path / "c.yaml")!r}):
    try:
        import google.auth.iam
    except ImportError:
        print("missing")
assert sys.meta_path == before
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout == "missing\n", ended.stderr


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing to log in with: no file, no home, no metadata server."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCE_METADATA_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
