"""Spoken answers are sound that other programs play."""

from __future__ import annotations

import base64
import io
import wave
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

TTS = "gemini-3.8-flash-tts"


def spoken(rest: httpx.Client, **body: Any) -> dict[str, Any]:
    """The audio of an answer."""
    answer = rest.post("/v1beta/interactions", json={"model": TTS, "input": "Hello to you all", **body}).json()
    audio: dict[str, Any] = answer["steps"][-1]["content"][0]
    return audio


def samples(audio: dict[str, Any]) -> bytes:
    """The samples of a WAV, which is as its fields say."""
    with wave.open(io.BytesIO(base64.b64decode(audio["data"]))) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (audio["channels"], audio["sample_rate"])
        assert sound.getsampwidth() == 2
        frames: bytes = sound.readframes(sound.getnframes())
        return frames


@pytest.mark.parametrize(
    ("body", "rate"),
    [
        ({}, 24_000),
        ({"model": "lyria-3-clip-preview"}, 24_000),
        ({"model": "gemini-3.5-flash", "response_modalities": ["audio"]}, 24_000),
        ({"response_format": {"type": "audio", "mime_type": "audio/wav", "sample_rate": 16_000}}, 16_000),
        ({"response_format": [{"type": "text"}, {"type": "audio"}]}, 24_000),
    ],
)
def test_an_answer_is_a_wav(rest: httpx.Client, body: dict[str, Any], rate: int) -> None:
    audio = spoken(rest, **body)
    assert (audio["type"], audio["mime_type"], audio["sample_rate"]) == ("audio", "audio/wav", rate)
    assert len(samples(audio)) == 2 * rate * len("Hello to you all") // 100


@pytest.mark.parametrize(
    "body",
    [{"model": "gemini-2.5-flash-preview-tts"}, {"response_format": {"type": "audio", "mime_type": "audio/l16"}}],
)
def test_an_answer_of_an_older_model_is_samples_alone(rest: httpx.Client, body: dict[str, Any]) -> None:
    """So is one whose request wants that."""
    audio = spoken(rest, **body)
    assert audio["mime_type"] == "audio/l16"
    assert base64.b64decode(audio["data"]) == samples(spoken(rest))


@pytest.mark.parametrize(
    "config", [[{"voice": "Puck"}], {"voice": "Puck"}, {"speakers": [{"speaker": "Joe", "voice": "Puck"}]}]
)
def test_each_voice_sounds_different(rest: httpx.Client, config: Any) -> None:
    other = spoken(rest, generation_config={"speech_config": config})
    assert samples(other) != samples(spoken(rest))
    assert samples(spoken(rest, generation_config={"speech_config": []})) == samples(spoken(rest))
    assert samples(spoken(rest, generation_config={"speech_config": [{"voice": 1}]})) == samples(spoken(rest))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"mime_type": "audio/mp3"}, "The emulator can't make 'audio/mp3': ask for audio/wav or audio/l16."),
        ({"sample_rate": 1}, "Invalid value at 'response_format.sample_rate': 1."),
        ({"sample_rate": "x"}, "Invalid value at 'response_format.sample_rate': x."),
    ],
)
def test_what_the_emulator_can_not_make_is_refused(rest: httpx.Client, form: dict[str, Any], message: str) -> None:
    body = {"model": TTS, "input": "Hello", "response_format": {"type": "audio", **form}}
    answer = rest.post("/v1beta/interactions", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


def test_a_stream_brings_the_same_sound(rest: httpx.Client) -> None:
    from pytest_interactions.api.fold import fold
    from pytest_interactions.api.sse import decode

    stream = rest.post("/v1beta/interactions", json={"model": TTS, "input": "Hello to you all", "stream": True})
    folded = fold(decode(stream.content)).model_dump()
    assert folded["steps"][-1]["content"] == [spoken(rest)]
