"""The cassettes of Vertex AI are recorded against a stand-in for Google Cloud, as if that were at its real address.

Record them anew with:

    pytest tests/vertex/test_vertex.py --interactions-record-mode=rewrite
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.vertex.google import KEY, PROJECT, serving, service_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

def _at_the_real_address(request: Any) -> Any:
    region = "us-central1-" if "/projects/" in request.uri else ""
    real = f"{region}aiplatform.googleapis.com"
    request.uri = urlunsplit(urlsplit(request.uri)._replace(scheme="https", netloc=real))
    return request


@pytest.fixture
def interactions_config() -> dict[str, Any]:
    """Record the stand-in's traffic as that of Vertex AI."""
    return {"before_record_request": _at_the_real_address}


@pytest.fixture
def google_cloud(interactions: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """While recording, a stand-in is Google Cloud, with a project and a service account; on replay there is nothing."""
    if interactions.record_mode == "none":
        yield
        return
    with serving() as server:
        key = tmp_path / "key.json"
        key.write_text(json.dumps(service_account(server.url)))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", server.url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "us-central1")
        monkeypatch.setenv("EXPRESS", KEY)
        yield
