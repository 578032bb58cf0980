"""Tests of apps on Vertex AI, replayed where there are no credentials, no project, no home and no network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.vertex.google import KEY, PROJECT, SECRETS, serving, write_files
from tests.vertex.support import nothing, run_with_nothing

ROOT = Path(__file__).parents[2]
CUT_OFF = ["--interactions-network-namespace"] if sys.platform == "linux" else []

APP = """
import os, pytest
import google.auth
from google import genai
from google.auth.transport.requests import Request

CREDENTIALS, PROJECT = google.auth.default()
CREDENTIALS.refresh(Request())
CLIENT = genai.Client(vertexai=True, project=PROJECT, location="us-central1", credentials=CREDENTIALS)

@pytest.fixture(scope="module")
def of_module(module_interactions):
    credentials, project = google.auth.default()
    return genai.Client(vertexai=True, project=project, location="us-central1", credentials=credentials)

@pytest.fixture(scope="session")
def of_session():
    return genai.Client(vertexai=True, project=PROJECT, location="us-central1")

def ask(client):
    assert client.interactions.create(model="gemini-3.5-flash", input="hi").output_text == "Hello from Vertex AI."

def test_at_import(interactions):
    ask(CLIENT)

def test_at_import_again(interactions):
    ask(CLIENT)

def test_in_a_conftest(interactions):
    from conftest import CLIENT
    ask(CLIENT)

def test_of_a_module(of_module):
    ask(of_module)

def test_of_a_module_again(of_module, interactions):
    ask(of_module)

def test_of_the_session(of_session, interactions):
    ask(of_session)

def test_told_by_the_environment(interactions):
    client = genai.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"], location=os.environ["GOOGLE_CLOUD_LOCATION"])
    assert client.vertexai
    ask(client)
"""
CONFTEST = """
import google.auth
from google import genai
CLIENT = genai.Client(vertexai=True, project=google.auth.default()[1], location="us-central1")
"""


@pytest.mark.parametrize("which", [[], ["-k", "stream"], ["-k", "a_name or own"]], ids=["all", "streams", "others"])
def test_the_suite_of_vertex_replays_with_nothing(which: list[str], tmp_path: Path) -> None:
    """In a network of its own, where that can be."""
    args = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        *CUT_OFF,
        *which,
        "tests/vertex/test_vertex.py",
    ]
    environ = nothing() | {"HOME": str(tmp_path)}
    run = subprocess.run(args, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_cassette_says_whose_project_it_was() -> None:
    texts = [path.read_text() for path in (ROOT / "cassettes/tests/vertex").rglob("*.yaml")]
    assert texts
    assert [secret for secret in (*SECRETS, KEY) for text in texts if secret in text] == []


def test_clients_that_are_made_early_replay_with_nothing(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """At import of a test file, in a conftest.py, in fixtures of a module and of the session; and any of them alone."""
    pytester.makepyfile(test_it=APP)
    pytester.makeconftest(CONFTEST)
    with serving() as google:
        environ = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(write_files(google.url, tmp_path)["service"]),
            "GOOGLE_VERTEX_BASE_URL": google.url,
            "GOOGLE_GEMINI_BASE_URL": google.url,  # which google-genai asks for if a variable alone names Vertex AI
            "GOOGLE_CLOUD_LOCATION": "us-central1",
            "GOOGLE_GENAI_USE_VERTEXAI": "true",
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "HOME": str(tmp_path),
        }
        run_with_nothing(pytester, "--interactions-record-mode=once", environ=environ).assert_outcomes(passed=7)
    home = {"HOME": str(pytester.mkdir("home"))}
    for args, passed in ([], 7), (["-k", "again"], 2), (["-n2"], 7), (["--interactions-record-mode=new_episodes"], 7):
        run = run_with_nothing(pytester, *CUT_OFF[: not args], *args, environ=home)
        assert run.parseoutcomes()["passed"] == passed
