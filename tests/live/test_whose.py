"""Which WebSockets are a cassette's, and what one of them is not taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.sync.client import connect

from pytest_interactions import use_cassette
from pytest_interactions.errors import CassetteMissError, UnplayedError
from tests.live.echoing import echoing

if TYPE_CHECKING:
    from pathlib import Path


def _say(url: str) -> str | bytes:
    with connect(url) as connection:
        connection.send('{"status": "completed"}')
        return connection.recv()


def test_a_live_interaction_is_no_poll_of_one_that_is_called_live(tmp_path: Path) -> None:
    """It must be opened on replay, and answers once, be its path that of an interaction."""
    path = tmp_path / "c.yaml"
    with echoing() as echo, use_cassette(path, record_mode="once"):
        said = _say(echo.url())
    with pytest.raises(UnplayedError, match="1 of 1 recorded exchanges were not asked for"), use_cassette(path):
        pass
    with pytest.raises(CassetteMissError), use_cassette(path):
        assert _say("ws://127.0.0.1:1/v1/interactions/live") == said
        _say("ws://127.0.0.1:1/v1/interactions/live")


@pytest.mark.parametrize(
    "path",
    [
        "/ws/google.ai.generativelanguage.{}.GenerativeService.BidiGenerateContent",
        "/ws/google.ai.generativelanguage.{}.GenerativeService.BidiGenerateContentConstrained",
        "/ws/google.cloud.aiplatform.{}.LlmBidiService/BidiGenerateContent",
    ],
)
def test_the_older_live_api_on_this_machine_is_recorded(path: str, tmp_path: Path) -> None:
    """A server of the test's own stands for the API there; the version is no difference on replay."""
    cassette = tmp_path / "c.yaml"
    with echoing() as echo, use_cassette(cassette, record_mode="once"):
        said = _say(echo.url(path.format("v1beta")))
    with use_cassette(cassette):
        assert _say("wss://generativelanguage.googleapis.com" + path.format("v1alpha")) == said
