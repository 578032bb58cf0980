"""1. Get an API key: the SDK takes it from GEMINI_API_KEY, and a replay needs none."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai


def test_key(interactions: Any, snapshot_steps: Any) -> None:
    """A client without a key of its own works, and one with the documentation's placeholder is refused."""
    client = genai.Client()

    interaction = client.interactions.create(model="gemini-3.5-flash", input="Reply with exactly ok.")
    assert interaction.output_text == "ok"

    stranger = genai.Client(api_key="YOUR_API_KEY")
    with pytest.raises(Exception, match="API key not valid"):
        stranger.interactions.create(model="gemini-3.5-flash", input="Reply with exactly ok, too.")

    assert [exchange.response.status for exchange in interactions.exchanges] == [200, 400]
    assert interactions == snapshot_steps
