"""Large media: files beside the cassette, inlined when they are played."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions import CassetteFormatError, CassetteMissError, CassetteWriteError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.files import media, storage
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import KEY, MODEL, sdk
from tests.support import use_cassette

GATE = Gate(Redactor(secrets=Secrets()))

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(300)
JSON = {"content-type": ["application/json"]}


def _image(data: bytes, **more: Any) -> dict[str, Any]:
    return {"type": "image", "data": base64.b64encode(data).decode(), "mime_type": "image/png"} | more


def _answer(url: str, data: bytes) -> Any:
    body = {"model": MODEL, "input": [{"type": "text", "text": "What is it?"}, _image(data)]}
    return httpx.post(f"{url}/v1beta/interactions", json=body, headers={"x-goog-api-key": KEY}).json()


@pytest.fixture
def recorded(emulator: Emulator, tmp_path: Path) -> tuple[Path, str, Any]:
    """A cassette whose request and response have an image each, the base URL, and what the app got."""
    output = {"type": "model_output", "content": [_image(b"%PDF-1.7" + PNG, mime_type="application/pdf")]}
    emulator.on(input="What is it").reply(steps=[output])
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once", media_threshold=100):
        answer = _answer(emulator.url, PNG)
    emulator.stop()
    return path, emulator.url, answer


def test_media_lie_beside_the_cassette(recorded: tuple[Path, str, Any]) -> None:
    """A payload above the threshold, sent or received, is a file of its own, decoded, with its true extension."""
    path = recorded[0]
    files = {file.suffix: file for file in path.with_suffix(".media").iterdir()}
    assert files[".png"].read_bytes() == PNG
    assert len(files) == 2
    assert base64.b64encode(PNG).decode() not in path.read_text()
    assert f'"data": "pytest-interactions-media:{files[".png"].name}"' in path.read_text()


def test_media_are_inlined_on_replay(recorded: tuple[Path, str, Any]) -> None:
    """The app gets the same values, and the test's view shows the whole bodies."""
    path, url, answer = recorded
    with use_cassette(path) as replay:
        assert _answer(url, PNG) == answer
    assert replay.exchanges[0].request.json()["input"][1]["data"] == base64.b64encode(PNG).decode()
    assert replay.exchanges[0].response.json()["steps"] == answer["steps"]


def test_another_image_is_another_request(recorded: tuple[Path, str, Any]) -> None:
    """Two requests whose images differ don't match, though both are references."""
    with pytest.raises(CassetteMissError), use_cassette(recorded[0]):
        _answer(recorded[1], PNG + b"x")


@pytest.mark.parametrize("threshold", [0, 100, 10**9])
def test_the_threshold_makes_no_difference_to_matching(threshold: int, recorded: tuple[Path, str, Any]) -> None:
    """A cassette replays whatever the option says now."""
    with use_cassette(recorded[0], media_threshold=threshold):
        assert _answer(recorded[1], PNG) == recorded[2]


@pytest.mark.parametrize("chunking", ["event", "whole", 50])
def test_chunking_applies_to_media(chunking: Any, recorded: tuple[Path, str, Any]) -> None:
    """However the body is cut, it is the same."""
    with use_cassette(recorded[0], chunking=chunking):
        assert _answer(recorded[1], PNG) == recorded[2]


def test_a_streamed_image_is_moved_and_comes_back(emulator: Emulator, tmp_path: Path) -> None:
    """Media in the events of a stream are moved out and inlined, the rest of the stream is verbatim."""
    emulator.on(input="Draw").reply(steps=[{"type": "model_output", "content": [_image(PNG)]}])
    path = tmp_path / "c.yaml"

    def draw() -> list[Any]:
        with sdk(emulator.url) as client:
            events = client.interactions.create(model=MODEL, input="Draw", stream=True)
            return [event.model_dump() for event in events]

    with use_cassette(path, record_mode="once", media_threshold=100):
        first = draw()
    assert len(list(path.with_suffix(".media").iterdir())) == 1
    with use_cassette(path):
        assert draw() == first


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda file: file.unlink(), "can't be read"), (lambda file: file.write_bytes(b"other"), "was altered")],
)
def test_missing_and_altered_media_are_named(damage: Any, words: str, recorded: tuple[Path, str, Any]) -> None:
    """A media file that is gone or changed is an error that names it, when it is played and when it is shown."""
    path, url, _ = recorded
    for file in path.with_suffix(".media").iterdir():
        damage(file)
    with pytest.raises(CassetteFormatError, match=rf"c\.media.[0-9a-f]{{32}}\..*{words}"), use_cassette(path):
        _answer(url, PNG)
    with use_cassette(path, unplayed="ignore") as replay:
        with pytest.raises(CassetteFormatError, match=words):
            replay.whole(replay._index.exchanges[0])
        replay.failures.clear()


def test_media_that_nothing_refers_to_are_removed(recorded: tuple[Path, str, Any]) -> None:
    """Recording again leaves no orphan, and no empty directory."""
    path = recorded[0]
    storage.save(path, storage.Contents(), GATE)
    assert not path.with_suffix(".media").exists()


def test_cassettes_have_each_their_own_media(tmp_path: Path) -> None:
    """A dot in a name is no suffix, and a file that is none of ours is left alone."""
    names = ["gemini-2.0", "gemini-2.5", "c.yaml", "c.yml.yaml"]
    assert len({media.directory_of(tmp_path / name) for name in names}) == 4
    path = tmp_path / "c.yaml"
    (tmp_path / "c.media").mkdir()
    (tmp_path / "c.media" / "README").write_text("mine")
    storage.save(path, storage.Contents(), GATE)
    storage.remove(path)
    assert (tmp_path / "c.media" / "README").read_text() == "mine"


def test_removing_a_cassette_removes_its_media(recorded: tuple[Path, str, Any]) -> None:
    """Nothing of it is left."""
    storage.remove(recorded[0])
    assert list(recorded[0].parent.iterdir()) == []


def test_media_that_are_there_are_not_written_again(recorded: tuple[Path, str, Any]) -> None:
    """The same picture recorded once more is the same file, and is left alone."""
    path, url, answer = recorded
    before = {file: file.stat().st_ino for file in path.with_suffix(".media").iterdir()}
    contents = storage.load(path)
    whole = [media.whole(exchange, path.with_suffix(".media")) for exchange in contents.exchanges]
    storage.save(path, storage.Contents(whole), GATE, media_threshold=100)
    assert {file: file.stat().st_ino for file in path.with_suffix(".media").iterdir()} == before
    with use_cassette(path):
        assert _answer(url, PNG) == answer


def test_media_go_where_a_refused_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the directory can't be written, the media are kept with the recording."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "cassettes").write_text("in the way")
    exchange = Exchange(
        request=Request(method="POST", uri="https://h/", headers=JSON, body=json.dumps(_image(PNG)).encode()),
        response=Response(status=200),
    )
    with pytest.raises(CassetteWriteError):
        storage.save(tmp_path / "cassettes/c.yaml", storage.Contents([exchange]), GATE, media_threshold=0)
    assert [file.read_bytes() for file in tmp_path.glob("pytest-interactions-*/c.media/*.png")] == [PNG]


def test_the_gate_looks_into_media(emulator: Emulator, tmp_path: Path) -> None:
    """A key inside a picture is written over, with as many letters; the rest of it stays."""
    key = "AIza" + "Sy1234567890abcdefghijklmnopqrstuvw"[:35]
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once", media_threshold=100):
        _answer(emulator.url, PNG + f" {key} ".encode())
    [media] = path.with_suffix(".media").iterdir()
    assert media.read_bytes().startswith(PNG)
    assert len(media.read_bytes()) == len(PNG) + len(key) + 2
    assert key.encode() not in media.read_bytes()


@pytest.mark.parametrize(
    ("around", "suffix"),
    [
        ('"mime_type": "image/jpeg"', ".jpg"),
        ('"mime_type": "audio/mpeg"', ".mp3"),
        ('"mime_type":"audio/l16;rate=24000"', ".l16"),
        ('"mime_type": "audio/x-flac"', ".flac"),
        ('"mime_type": "application/pdf"', ".pdf"),
        ('"mime_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"', ".bin"),
        ('"mime_type": "image/../x"', ".bin"),
        ("", ".bin"),
    ],
)
def test_the_suffix_is_that_of_the_declared_type(around: str, suffix: str) -> None:
    """A type that Python's own table lacks lends its name, where that can be a suffix."""
    assert media._suffix(around.encode()) == suffix


@given(st.binary(max_size=200), st.booleans(), st.binary(max_size=20))
def test_what_is_moved_out_comes_back(data: bytes, urlsafe: bool, noise: bytes) -> None:
    """Base64 of either alphabet, or what merely looks like it, comes back to the letter."""
    encoded = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(data) + noise.hex().encode()
    body = b'{"data":"' + encoded + b'", "x": {"data": "unclosed'
    exchange = Exchange(
        request=Request(method="POST", uri="https://h/", headers=JSON, body=body), response=Response(status=200)
    )
    moved, files = media.extract(exchange, 0)
    found = {name: content for name, content in files.items() if content == data}
    if not noise and data:
        assert found
        assert encoded not in moved.request.body
        assert media.normalised(moved.request.body) == media.normalised(body)
    assert set(files) == media.references(moved.request.body.decode())
