"""Every recorded stream re-encodes to its own bytes, however it was cut."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from pytest_interactions.api.sse import Decoder, decode, split
from pytest_interactions.files.storage import load
from tests.support import real_traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Up to how many bytes a stream is cut at each of them.
SHORT = 2_000


def streams() -> Iterator[bytes]:
    """All streams of the real traffic, as bytes."""
    for file in sorted(real_traffic("").rglob("*.yaml")):
        yield from (each.response.body for each in load(file).exchanges if each.response.is_stream)
    recorded = json.loads(real_traffic("braintrust-sdk-javascript/google-genai-v2-latest.cassette.json").read_text())
    for entry in recorded["entries"]:
        chunks = entry["response"]["body"].get("chunks")
        if chunks:
            yield "".join(chunk + "\n\n" for chunk in chunks).encode()
    for file in sorted(real_traffic("vercel-ai").glob("*.chunks.txt")):
        yield b"".join(b"data: " + line + b"\n\n" for line in file.read_bytes().splitlines())


def test_every_real_stream_survives() -> None:
    """Its pieces are its bytes, each is an event of JSON or the sentinel, and no cut changes them."""
    draw = random.Random(0)
    bodies = list(streams())
    assert len(bodies) > 10
    for body in bodies:
        whole = decode(body)
        assert b"".join(split(body)) == body
        assert all(isinstance(event.json(), dict) or event.done for event in whole)
        cuts = range(len(body)) if len(body) <= SHORT else draw.sample(range(len(body)), 100)
        for cut in cuts:
            decoder = Decoder()
            assert decoder.feed(body[:cut]) + decoder.feed(body[cut:]) + decoder.flush() == whole
