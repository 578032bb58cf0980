"""Voices: the API's own, and those that a caller has described or replicated."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Collection, fields_of, page
from pytest_interactions.server.emulator.speech import tone
from pytest_interactions.server.emulator.wav import wav

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Draw

#: Some of the API's own voices.
_PREBUILT: Final[tuple[Json, ...]] = tuple(
    {
        "id": name,
        "type": "prebuilt",
        "display_name": name,
        "gender": gender,
        "pitch": pitch,
        "persona": persona,
        "language_code": "en-US",
    }
    for name, gender, pitch, persona in (
        ("Charon", "male", "low", "Informative"),
        ("Fenrir", "male", "medium", "Excitable"),
        ("Kore", "female", "medium", "Firm"),
        ("Leda", "female", "high", "Youthful"),
        ("Puck", "male", "medium", "Upbeat"),
        ("Zephyr", "female", "high", "Bright"),
    )
)
_FILTERS: Final = ("type", "accent", "context", "gender", "language_code", "persona", "pitch", "region_code")
#: The letters and digits of a voice's key.
_KEY_SIZE: Final = 64


class Voices(Collection):
    """The voices."""

    def create(self, body: Any) -> Json:
        """Return a new voice; one that is not stored has a key and no id."""
        request = fields_of(body, {"voice": (dict,), "store": (bool,)}, ("voice",))
        if request.get("store"):
            return super().create(request["voice"])
        voice = self.checked(fields_of(request["voice"], self.kind.fields, self.kind.required))
        if voice["type"] == "prompted":
            raise ApiError(400, "Invalid value at 'store': it must be true for a voice of type 'prompted'.")
        key = self.store.draw({"voicekey": voice}).text("key", _KEY_SIZE)
        return {"type": voice["type"], "key": f"voicekey_{key}"}

    def get(self, name: str) -> Json:
        """Return the voice called `name`, which may be one of the API's own."""
        return next((voice for voice in _PREBUILT if voice["id"] == name), None) or super().get(name)

    def list(self, query: QueryParams) -> Json:
        """Return one page of the voices that are as the query says; of a filter's values, one must be the voice's."""
        voices = [*_PREBUILT, *self]
        for name in _FILTERS:
            if wanted := query.getlist(name):
                voices = [voice for voice in voices if voice.get(name) in wanted]
        words = query.get("search", "").casefold()
        return page(self.kind.plural, [voice for voice in voices if words in str(voice).casefold()], query)

    def checked(self, given: Json) -> Json:
        """Return the fields, if they have what a voice of their type is made from."""
        kind = given["type"]
        if kind not in ("prompted", "replicated"):
            raise ApiError(400, f"Invalid value at 'type': a voice of type '{kind}' can't be created.")
        if kind not in given:
            raise ApiError(400, f"Missing required parameter 'voice.{kind}'.")
        return given

    def completed(self, resource: Json, _given: Json, _draw: Draw) -> Json:
        """Return the model that made the voice, and a sample of it."""
        sample = base64.b64encode(wav(tone(resource["id"], resource["id"]))).decode()
        model = {"model": "gemini-3.8-flash-tts"} if "model" not in resource else {}
        return {**model, "sample_audio": {"data": sample, "mime_type": "audio/wav"}}
