"""Four cassettes, recorded against the emulator: one answer, a stream, media, and tools that are called in parallel."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from pytest_interactions import Emulator, use_cassette
from pytest_interactions.files import media, storage

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange

#: The path of the requests.
PATH: Final = "/v1beta/interactions"

_MODEL: Final = "gemini-3.5-flash"
_PICTURE: Final = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4).decode()
_CITIES: Final = ("Oslo", "Lagos")
_TOOL: Final = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
_CALLS: Final[list[dict[str, Any]]] = [
    {"type": "function_call", "id": f"call_{city}", "name": "get_weather", "arguments": {"city": city}}
    for city in _CITIES
]
_IMAGE: Final = {"type": "image", "mime_type": "image/png", "data": _PICTURE}
_RESULTS: Final = [
    {"type": "function_result", "call_id": f"call_{city}", "name": "get_weather", "result": {"sun": True}}
    for city in _CITIES
]
_SUN: Final = {"type": "user_input", "content": [{"type": "text", "text": "Where does the sun shine?"}]}
#: What each cassette is recorded of: the bodies of its requests, in order.
_ASKED: Final[dict[str, list[dict[str, Any]]]] = {
    "unary": [{"model": _MODEL, "input": "Hello"}, {"model": _MODEL, "input": "Hello again"}],
    "stream": [{"model": _MODEL, "input": "Tell a story", "stream": True}],
    "media": [{"model": _MODEL, "input": [{"type": "text", "text": "Draw this"}, _IMAGE]}],
    "parallel tools": [
        {"model": _MODEL, "input": [_SUN], "tools": [_TOOL]},
        {"model": _MODEL, "input": [_SUN, *_CALLS, *_RESULTS], "tools": [_TOOL]},
    ],
}


@dataclass(slots=True)
class Recorded:
    """A cassette, and what was recorded in it."""

    name: str
    path: Path
    raw: bytes
    exchanges: list[Exchange]

    @property
    def directory(self) -> Path:
        """Return the directory of its media."""
        return media.directory_of(self.path)


def recorded(directory: Path) -> list[Recorded]:
    """Record all four."""
    with Emulator.steady() as emulator:
        emulator.on(input="story").reply(text=["Once ", "upon a ", "time — été."])
        draw = {"type": "model_output", "content": [{"type": "text", "text": "Here."}, _IMAGE]}
        emulator.on(input="Draw").reply(steps=[draw])
        emulator.on(input="sun shine").reply(steps=_CALLS)
        return [_record(emulator, name, directory / f"{name.replace(' ', '_')}.yaml") for name in _ASKED]


def _record(emulator: Emulator, name: str, path: Path) -> Recorded:
    with (
        use_cassette(path, record_mode="once", media_threshold=500),
        httpx.Client(base_url=emulator.url, headers={"x-goog-api-key": "a-key-for-everyone"}) as client,
    ):
        for body in _ASKED[name]:
            client.post(PATH, json=body).raise_for_status()
    return Recorded(name, path, path.read_bytes(), storage.load(path).exchanges)
