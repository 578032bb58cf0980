"""The emulator's voice: a tone that lasts as long as the text, and is as high as the voice."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.wav import RATE, wav

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.turn import Turn

_VOICE: Final = "Kore"
_LOUD: Final = 8_000
_DEEPEST, _HIGHEST = 110, 330  # in Hz
_RATES: Final = range(8_000, 48_001)
_SHORTEST, _LONGEST = 10, 200  # in hundredths of a second, of which each character takes one
#: Models before 3.8 answer with bare samples.
_OLD: Final = ("gemini-2", "gemini-3.1")


def asked_for(turn: Turn) -> bool:
    """Return whether the answer is to be spoken, or music."""
    model = turn.request.get("model", "").removeprefix("models/")
    return turn.asks_for("audio") or "tts" in model.split("-") or model.startswith("lyria-")


def spoken(turn: Turn) -> list[Json]:
    """Return the content of a model's step: the text of the request, spoken.

    Raises:
        ApiError: The request wants a format that the emulator can't make, or no such rate.
    """
    form: Json = next((wanted for wanted in turn.formats if wanted.get("type") == "audio"), {})
    old = turn.request.get("model", "").removeprefix("models/").startswith(_OLD)
    kind = form.get("mime_type") or ("audio/l16" if old else "audio/wav")
    if kind not in ("audio/wav", "audio/l16"):
        raise ApiError(400, f"The emulator can't make '{kind}': ask for audio/wav or audio/l16.")
    rate = form.get("sample_rate") or RATE
    if rate not in _RATES:
        raise ApiError(400, f"Invalid value at 'response_format.sample_rate': {rate}.")
    samples = tone(turn.prompt, _voice(turn.config.get("speech_config")), rate)
    data = wav(samples, rate) if kind == "audio/wav" else samples
    encoded = base64.b64encode(data).decode()
    return [{"mime_type": kind, "data": encoded, "sample_rate": rate, "channels": 1, "type": "audio"}]


def tone(text: str, voice: str, rate: int = RATE) -> bytes:
    """Return the samples of a tone, which are of 16 bits."""
    period = rate // (_DEEPEST + zlib.crc32(voice.encode()) % (_HIGHEST - _DEEPEST))
    wave = [abs(2 * n - period) * 2 * _LOUD // period - _LOUD for n in range(period)]  # a triangle, exact anywhere
    count = rate * min(max(len(text), _SHORTEST), _LONGEST) // 100
    return (struct.pack(f"<{period}h", *wave) * (count // period + 1))[: 2 * count]


def _voice(config: Any) -> str:
    """Return the first voice of a speech config, which is a list, one of its elements, or one with `speakers`."""
    config = config.get("speakers", config) if isinstance(config, dict) else config
    first = (config[:1] or [None])[0] if isinstance(config, list) else config
    voice = first.get("voice") if isinstance(first, dict) else None
    return voice if isinstance(voice, str) else _VOICE
