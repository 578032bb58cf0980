"""Which URLs are the Interactions API's."""

from __future__ import annotations

import pytest

from pytest_interactions.api.paths import interaction_path, split

GOOGLE = "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"{GOOGLE}/v1/interactions", "/interactions"),
        (f"{GOOGLE}/v1beta/interactions?alt=sse", "/interactions"),
        (f"{GOOGLE}/v1alpha/interactions/", "/interactions"),
        (f"{GOOGLE}/v1beta/interactions/v1_Chd?stream=true", "/interactions/v1_Chd"),
        (f"{GOOGLE}/v1/interactions/v1_Chd/cancel", "/interactions/v1_Chd/cancel"),
        ("http://127.0.0.1:8080/v1/interactions", "/interactions"),
        (
            "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p-1/locations/us-central1/interactions/7",
            "/interactions/7",
        ),
        ("/v1beta/interactions", "/interactions"),
        (f"{GOOGLE}/v1beta/interactionsish", None),
        (f"{GOOGLE}/v1beta/models", None),
        (f"{GOOGLE}/upload/v1beta/files", None),
        ("https://example.com/api/v1/interactions", None),
        ("https://example.com/interactions", None),
    ],
)
def test_what_is_asked_of_the_api_does_not_depend_on_where_it_lives(uri: str, path: str | None) -> None:
    """Origin, version, Vertex project and query are left out; other paths are none of the API's."""
    assert interaction_path(uri) == path


@pytest.mark.parametrize(
    "uri", ["http://[", "http://h:99999/v1/interactions", "http://h:x/a?b", "http://\u2100.com/?a"]
)
def test_a_text_that_is_no_uri_is_a_path_and_nothing_else(uri: str) -> None:
    """Somebody may have written it into a cassette."""
    assert split(uri).path == uri
    assert (split(uri).hostname, split(uri).port, split(uri).query) == (None, None, "")
    assert interaction_path(uri) is None
