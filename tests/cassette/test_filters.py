"""What is known of secrets while a recording goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions.cassette.filters import Filters
from pytest_interactions.options import Options
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import _post
from tests.redaction.support import answer, post
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.mark.parametrize("mode", ["once", "none"])
def test_a_secret_set_after_the_cassette_was_opened_is_redacted(
    mode: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that a test sets is redacted in what is recorded, and in what is compared with it on replay."""
    path = tmp_path / "c.yaml"
    for record_mode, token in (("once", "first-0123456789"), (mode, "other-0123456789")):
        with use_cassette(path, record_mode=record_mode):
            monkeypatch.setenv("LATE_TOKEN", token)
            httpx.request(**_post(emulator.url, f"use {token}"))
    assert len(emulator.requests) == 1
    assert "use REDACTED" in path.read_text()
    assert "0123456789" not in path.read_text()


def test_a_secret_set_after_the_request_is_redacted_in_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response is filtered with the variables as they are when it has arrived."""
    filters = Filters(Options(), Secrets())
    monkeypatch.setenv("LATE_SECRET", "l4te-0a1b2c3d4e5f")
    response = filters.keep_response(answer({"text": "l4te-0a1b2c3d4e5f"}), post({}))
    assert response is not None
    assert json.loads(response.body) == {"text": "REDACTED"}
