"""The names of Google Cloud, and what stands for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Request, Response
from pytest_interactions.cassette.matching import key_of
from pytest_interactions.options import DEFAULT_MATCH_ON
from pytest_interactions.redaction import google
from pytest_interactions.redaction.placeholders import LOCATION, PROJECT
from pytest_interactions.redaction.redactor import placeholder_in
from tests.redaction.support import redactor

P, L = PROJECT, LOCATION


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("projects/my-app/locations/us-central1/models/m", f"projects/{P}/locations/{L}/models/m"),
        ("projects/my-app/secrets/s", f"projects/{P}/secrets/s"),
        ("projects/98765432100/x", f"projects/{P}/x"),
        (r"projects\/my-app\/locations\/eu", rf"projects\/{P}\/locations\/{L}"),
        ("projects%2Fmy-app%2Flocations%2Feu", f"projects%2F{P}%2Flocations%2F{L}"),
        ("projects/example.com:my-app/locations/eu", f"projects/{P}/locations/{L}"),
        ("https://x.googleapis.com/v1/projects/my-app/y", f"https://x.googleapis.com/v1/projects/{P}/y"),
        ("https://x.googleapis.com/v1/y?project=my-app", f"https://x.googleapis.com/v1/y?project={P}"),
        ("robot@my-app.iam.gserviceaccount.com", f"redacted@{P}.iam.gserviceaccount.com"),
        ("by 1-compute@developer.gserviceaccount.com.", f"by redacted@{P}.iam.gserviceaccount.com."),
        ("robot%40my-app.iam.gserviceaccount.com", f"redacted%40{P}.iam.gserviceaccount.com"),
        ("us-central1-aiplatform.googleapis.com", f"{L}-aiplatform.googleapis.com"),
        ("https://eu-aiplatform.mtls.googleapis.com", f"https://{L}-aiplatform.mtls.googleapis.com"),
        ("aiplatform.eu.rep.googleapis.com", f"aiplatform.{L}.rep.googleapis.com"),
        *((same, same) for same in ("projects/notes.txt", "my projects/locations", "-aiplatform.googleapis.com")),
        *((same, same) for same in ("@gserviceaccount.com", "robot@example.com", "aiplatform.googleapis.com")),
    ],
)
def test_a_name_is_replaced_wherever_it_stands(text: str, clean: str) -> None:
    """What follows it stays, and what was replaced before does too."""
    assert google.without_names(text) == clean
    assert google.without_names(clean) == clean
    assert google.may_be_in(text.encode()) or text == clean or "project" in text


def test_requests_of_two_projects_match() -> None:
    """Paths, hosts, bodies and the header that says who pays are those of nobody."""
    requests = [
        Request(
            method="POST",
            uri=f"https://{place}-aiplatform.googleapis.com/v1/projects/{name}/locations/{place}/interactions",
            headers={"content-type": ["application/json"], "x-goog-user-project": [name]},
            body=b'{"cached_content":"projects/%s/locations/%s/cachedContents/7"}' % (name.encode(), place.encode()),
        )
        for name, place in (("my-app", "us-central1"), ("98765432100", "europe-west4"))
    ]
    one, other = (redactor().request(request) for request in requests)
    assert one == other
    assert b"cachedContents/7" in one.body
    assert key_of(one, DEFAULT_MATCH_ON) == key_of(other, DEFAULT_MATCH_ON)
    assert google.without_payer(one) is one
    assert google.is_of_project(one)


def test_a_request_for_the_project_that_stands_for_others_is_not_sent() -> None:
    """It came from a recording, in its path as in its body."""
    uri = f"https://us-aiplatform.googleapis.com/v1/projects/{P}/locations/us/interactions"
    assert placeholder_in(Request(method="POST", uri=uri)) == "the URL's path"
    body = b'{"cached_content":"projects/%s/locations/us/cachedContents/7"}' % P.encode()
    elsewhere = Request(method="POST", uri=uri.replace(P, "my-app"), body=body)
    assert placeholder_in(elsewhere) == "$.cached_content"


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="POST", uri="https://oauth2.googleapis.com/token"),
        Request(method="POST", uri="https://sts.mtls.googleapis.com/v1/token"),
        Request(method="GET", uri="http://169.254.169.254"),
        Request(method="GET", uri="http://127.0.0.1:1/computeMetadata/v1/project/project-id"),
        Request(method="POST", uri="https://accounts.google.com/o/oauth2/token"),
        Request(
            method="POST", uri="http://h/t", body=b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
        ),
    ],
)
def test_a_login_is_told_from_all_else(request_: Request) -> None:
    """By its host, its path or what it asks for."""
    assert google.is_login(request_)
    assert not google.is_login(Request(method="POST", uri="https://generativelanguage.googleapis.com/v1/interactions"))


def test_a_metadata_server_does_not_tell_the_project() -> None:
    """An app may ask it by itself; what it says elsewhere stays."""
    told = Response(status=200, headers={"content-type": ["application/text"]}, body=b"my-app")
    uri = "http://metadata.google.internal/computeMetadata/v1/project/{}"
    for name in ("project-id", "numeric-project-id"):
        clean = redactor().response(told, uri.format(name))
        assert clean.body == P.encode()
        assert redactor().response(clean, uri.format(name)) is clean
    assert redactor().response(told, uri.format("attributes/x")).body == b"my-app"


slashes = st.sampled_from(["/", r"\/", "%2F", "%252f"])
projects = st.from_regex(r"(?:example\.com:)?[a-z][a-z0-9-]{4,20}[a-z0-9]|[0-9]{6,12}", fullmatch=True)
around = st.text(st.characters(blacklist_characters="@-", codec="utf-8"), max_size=10).map(lambda text: f"{text} ")


@given(slashes, projects, st.sampled_from(["us-central1", "global", "eu"]), around, around)
def test_a_name_in_any_text_is_replaced_once(slash: str, project: str, location: str, before: str, after: str) -> None:
    """What stands around it stays; the same again changes nothing."""
    user = project.replace("example.com:", "")
    account = f"robot@{user}.iam.gserviceaccount.com"
    text = f"{before}{slash.join(['projects', project, 'locations', location, 'x'])} {account} {after}"
    clean = redactor().text(text)
    assert clean == redactor().text(
        f"{before}{slash.join(['projects', P, 'locations', L, 'x'])} redacted@{P}.iam.gserviceaccount.com {after}"
    )
    assert redactor().text(clean) == clean
