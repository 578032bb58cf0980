"""The command `report`: cassettes as a page, without a run."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_interactions.commands import main
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.report import bodies, media, writing
from pytest_interactions.report.bounds import Room
from tests.commands.showing import API, cassette, exchange

_ANSWER = {"id": "v1_a", "status": "completed", "steps": [{"type": "model_output", "content": []}]}


def told(*paths: Path, status: Status = Status.OK) -> dict[str, Any]:
    """What a report tells of cassettes, by their names."""
    model = Path("model.json")
    assert main(["report", *map(str, paths), "-o", str(model)]) == status
    return {Path(test["id"]).name: test for test in json.loads(model.read_text("utf-8"))["tests"]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_cassettes_of_a_directory_are_one_page(capsys: pytest.CaptureFixture[str]) -> None:
    """In `report.html`, unless another file is named; a candidate is told of beside its cassette."""
    cassette(Path("tapes/b.yaml"), exchange({"input": "Hi"}, _ANSWER))
    cassette(Path("tapes/a.yaml"), exchange({"input": "Hi"}, _ANSWER), incomplete=True)
    cassette(Path("tapes/b.failed.yaml"), exchange({"input": "Ho"}, _ANSWER))
    cassette(Path("tapes/alone.failed.yaml"), exchange({"input": "Ho"}, _ANSWER))
    assert main(["report", "tapes", "tapes/a.yaml"]) == Status.OK
    assert capsys.readouterr().out == "report.html: cassettes: 3\n"
    assert Path("report.html").read_text("utf-8").startswith("<!doctype html>")
    tests = told(Path("tapes"))
    outcomes = {name: test["outcome"] for name, test in tests.items()}
    assert outcomes == {"a.yaml": "incomplete", "alone.failed.yaml": "recorded", "b.yaml": "waits"}
    waiting = tests["b.yaml"]["cassettes"][0]["candidate"]
    assert waiting["accept"] == "pytest-interactions review --accept tapes/b.failed.yaml"
    assert ["added", "+  user_input: Ho"] in waiting["lines"]


def test_what_cannot_be_read_is_told_beside_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """The status says so."""
    cassette(Path("good.yaml"), exchange({"input": "Hi"}, _ANSWER))
    Path("bad.yaml").write_text("nothing: [")
    Path("good.failed.yaml").write_text("nothing: [")
    cassette(Path("old.yaml"))
    cassette(Path("old.failed.yaml"), exchange({"input": "Hi"}, _ANSWER))
    tests = told(Path("good.yaml"), Path("bad.yaml"), Path("old.yaml"), status=Status.FAILED)
    assert capsys.readouterr().out == "model.json: cassettes: 3, unreadable: 1\n"
    (reading,) = tests["bad.yaml"]["phases"]
    assert (tests["bad.yaml"]["outcome"], reading["name"]) == ("error", "reading")
    assert reading["headline"].startswith("bad.yaml:2: this is not YAML")
    assert "good.failed.yaml:2: this is not YAML" in tests["good.yaml"]["cassettes"][0]["candidate"]["lines"][0][1]
    (line,) = tests["old.yaml"]["cassettes"][0]["candidate"]["lines"]
    assert line == ["note", "old.yaml: there is no interaction in it, so no behaviour to compare."]
    assert main(["report", "bad.yaml"]) == Status.FAILED
    assert "this is not YAML" in Path("report.html").read_text("utf-8")
    assert main(["report", "bad.yaml", "-o", "report.md"]) == Status.FAILED
    assert "this is not YAML" in Path("report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["empty"], "empty: there are no cassettes in this directory."),
        (["a.yaml", "-o", "page.txt"], "page.txt: the suffix of a report says its form: .html, .md, .json."),
        (["a.yaml", "-o", "empty"], "empty: the suffix of a report says its form: .html, .md, .json."),
        (["a.yaml", "-o", "a.yaml/x.html"], "a.yaml/x.html: the report can't be written here: File exists."),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the standard error."""
    Path("empty").mkdir()
    cassette(Path("a.yaml"), exchange({"input": "Hi"}, _ANSWER))
    assert main(["report", *arguments]) == Status.FAILED
    assert capsys.readouterr().err == f"pytest-interactions: {complaint}\n"


def test_secrets_of_the_environment_and_of_requests_are_in_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor those in the name of a file, if another recorder has written them."""
    monkeypatch.setenv("SERVICE_TOKEN", "tok-93hf8sk2kd8fh3jd")
    sent = exchange({"input": "tok-93hf8sk2kd8fh3jd", "tok-93hf8sk2kd8fh3jd": 1}, _ANSWER)
    sent["request"]["headers"] = {"x-goog-api-key": ["kd83hs7fk2jd9s8fhwk3"]}
    sent["response"]["body"]["string"] = json.dumps({**_ANSWER, "note": "kd83hs7fk2jd9s8fhwk3"})
    path = cassette(Path("tok-93hf8sk2kd8fh3jd.yaml"), sent)
    for suffix in ("html", "md", "json"):
        assert main(["report", str(path), "-o", f"report.{suffix}"]) == Status.OK
        text = Path(f"report.{suffix}").read_text("utf-8")
        assert "REDACTED" in text
        assert "tok-93hf8sk2kd8fh3jd" not in text
        assert "kd83hs7fk2jd9s8fhwk3" not in text


# --- what is behind an exchange ---


def test_bodies_are_laid_out_cut_and_told_without_their_media() -> None:
    """JSON by its fields, other texts as they are, anything else by its size."""
    picture = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}
    binary = exchange({}, {}, uri="https://other.example/")
    binary["response"]["body"]["string"] = b"\xff\xfe\x00\x01"
    binary["response"]["headers"] = {"content-type": ["application/octet-stream"]}
    binary["request"]["body"] = "plain"
    unnamed = {**binary, "response": {**binary["response"], "headers": {}}}
    long = exchange({"input": "x" * 60_000}, _ANSWER)
    tests = told(cassette(Path("a.yaml"), exchange({"input": [picture]}, _ANSWER), binary, unnamed, long))
    first, second, third, fourth = tests["a.yaml"]["cassettes"][0]["bodies"]
    assert '"data": "8 bytes, sha256 ' in first["request"]["text"]
    assert (second["request"]["text"], second["response"]["text"]) == ("plain", "4 bytes of application/octet-stream")
    assert third["response"]["text"] == "4 bytes of an unknown type"
    assert fourth["request"]["left"] > 9_000


def test_a_report_has_room_for_so_much_and_names_the_rest() -> None:
    """What comes first is in it."""
    parts = [{"type": "image", "data": base64.b64encode(_png(90)).decode()} for _ in range(2)]
    parts[1]["data"] = base64.b64encode(_png(99)).decode()
    path = cassette(Path("a.yaml"), exchange({"input": parts}, _ANSWER), exchange({"input": "more"}, _ANSWER))
    (test,) = told(path).values()
    traced = test["cassettes"][0]
    traced["recorded"] = {**json.loads(json.dumps(traced)), "recorded": None}
    first = traced["bodies"][0]["request"]["text"]
    (fitted,) = Room(media=150, bodies=len(first) + 10).fit([test])
    assert [bool(each["data"]) for each in fitted["cassettes"][0]["media"].values()] == [True, False]
    requests = [each["request"] for each in fitted["cassettes"][0]["bodies"]]
    assert [(bool(each["text"]), each["left"] > 0) for each in requests] == [(True, False), (False, True)]
    recorded = fitted["cassettes"][0]["recorded"]
    assert recorded is not None
    assert [each["data"] for each in recorded["media"].values()] == [None, None]


def test_events_that_are_alike_and_follow_one_another_are_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many groups the last has the rest; comments and broken events are told too."""
    events = [
        {"event_type": "interaction.created", "interaction": {"id": "v1_a"}},
        *({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": each}} for each in "abc"),
        {"event_type": "step.delta", "index": 1, "delta": {"type": "image", "data": "x" * 3000}},
        {"event_type": "error", "error": {"message": "too much"}},
        {"event_type": "error", "error": "none"},
        [1],
    ]
    stream = (
        ": hello\n\n" + "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "event: done\ndata: [DONE]\n\n"
    )
    path = cassette(Path("a.yaml"), exchange({"input": "Hi", "stream": True}, stream.encode()))

    def groups() -> list[tuple[Any, ...]]:
        told_of = told(path)["a.yaml"]["cassettes"][0]["bodies"][0]["events"]
        assert sum(each["bytes"] for each in told_of) == len(stream)
        return [(each["type"], each["about"], each["number"], each["count"], each["text"]) for each in told_of]

    assert groups() == [
        ("between events", "", 1, 1, ""),
        ("interaction.created", "", 2, 1, ""),
        ("step.delta", "step 1, text", 3, 3, "abc"),
        ("step.delta", "step 2, image", 6, 1, ""),
        ("error", "", 7, 2, "too much"),
        ("message", "", 9, 1, ""),
        ("done", "", 10, 1, ""),
    ]
    monkeypatch.setattr(bodies, "_GROUPS", 3)
    assert groups()[-1] == ("…", "all that followed", 6, 5, "too much")
    assert "(1,0" in told(path)["a.yaml"]["cassettes"][0]["bodies"][0]["response"]["text"]


def _png(size: int = 8) -> bytes:
    return b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")


@pytest.mark.parametrize(
    ("data", "declared", "shown"),
    [
        (_png(), "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg"),
        (b"GIF89a", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "", "image/webp"),
        (b"\0\0\0 ftypavif", "", "image/avif"),
        (b"RIFF\0\0\0\0WAVE", "", "audio/wav"),
        (b"ID3\4", "", "audio/mpeg"),
        (b"fLaC", "", "audio/flac"),
        (b"OggS", "", "audio/ogg"),
        (b"\0\0\0 ftypM4A ", "", "audio/mp4"),
        (b"\0\0\0 ftypisom", "", "video/mp4"),
        (b"\x1aE\xdf\xa3", "", "video/webm"),
        (b"%PDF-1.7", "", "application/pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", ""),
        (b"<!doctype html>", "image/png", ""),
        (b"a,b", "text/csv", ""),
    ],
)
def test_media_are_shown_by_their_first_bytes(data: bytes, declared: str, shown: str) -> None:
    """Not by what is said of them; what could run is not shown."""
    part = {"type": "image", "mime_type": declared, "data": base64.b64encode(data).decode()}
    ((digest, medium),) = media.media_in([{"content": [part]}])
    assert len(digest) == 12
    assert (medium["type"], medium["declared"], medium["bytes"]) == (shown, declared, len(data))
    assert base64.b64decode(str(medium["data"])) == data


def test_bare_samples_become_a_file_that_a_browser_plays_and_large_media_are_named_only() -> None:
    """The rate is what is said beside them."""
    rates = []
    for more in ({}, {"sample_rate": 16_000, "channels": 2}, {"mime_type": "audio/L16;codec=pcm;rate=44100"}):
        part = {"type": "audio", "mime_type": "audio/l16", "data": base64.b64encode(b"\1\0" * 100).decode(), **more}
        ((_, medium),) = media.media_in(part)
        sound = base64.b64decode(str(medium["data"]))
        assert (medium["type"], medium["bytes"], sound[44:]) == ("audio/wav", 200, b"\1\0" * 100)
        rates.append((int.from_bytes(sound[24:28], "little"), sound[22]))
    assert rates == [(24_000, 1), (16_000, 2), (44_100, 1)]
    large = {"type": "image", "data": base64.b64encode(_png(media.LARGEST + 1)).decode()}
    ((_, medium),) = media.media_in(large)
    assert (medium["type"], medium["data"]) == ("image/png", None)


def test_a_page_names_what_is_too_large_and_offers_what_no_browser_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the type that stands beside it, if any does."""
    monkeypatch.setattr(media, "LARGEST", 10)
    parts = [
        {"type": "image", "data": base64.b64encode(_png(20)).decode()},
        {"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(b"\0\0\0 ftyp").decode()},
        {"type": "document", "mime_type": "text/csv", "data": base64.b64encode(b"a,b").decode()},
    ]
    cut = exchange({"input": "more"}, b"event: interaction.created\ndata: {}\n\n", cut="app")
    broken = exchange({"input": "more"}, b"event: interaction.created\ndata: {}\n\n", cut="connection")
    other = exchange({"a": 1}, {"b": 2}, uri=f"{API.rpartition('/')[0]}/models/x:countTokens", status=500)
    main(["report", str(cassette(Path("a.yaml"), exchange({"input": parts}, _ANSWER), cut, broken, other))])
    page = Path("report.html").read_text("utf-8")
    assert "image, no type, 20 B" in page
    assert "too large to be shown here" in page
    assert '<video controls preload="metadata" src="data:video/mp4;base64,AAAAIGZ0eXA=">' in page
    assert "document, text/csv, 3 B" in page
    assert 'href="data:application/octet-stream;base64,YSxi"' in page
    assert "left by the app" in page
    assert "the connection broke" in page


def test_a_cassette_without_an_interaction_is_told_by_its_exchanges() -> None:
    """So is one without any exchange."""
    other = exchange({"a": 1}, {"b": 2}, uri="https://other.example/x")
    assert main(["report", str(cassette(Path("a.yaml"), other)), str(cassette(Path("b.yaml")))]) == Status.OK
    page = Path("report.html").read_text("utf-8")
    assert "other.example/x" in page
    assert "No exchange." in page


def test_a_disk_that_is_full_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file that could not be written."""
    monkeypatch.chdir(tmp_path)
    cassette(tmp_path / "c.yaml", exchange({"input": "Hi"}, {"status": "completed", "steps": []}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write", full)
    assert main(["report", "c.yaml", "-o", "r.md"]) == Status.FAILED
    assert capsys.readouterr().err == (
        "pytest-interactions: r.md: the report can't be written: No space left on device.\n"
    )
