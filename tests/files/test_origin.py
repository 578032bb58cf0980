"""The head of a cassette says once when it was recorded and by what; no reader needs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import vcr
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.commands import main
from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import clock, origin, parsing, reading, storage
from pytest_interactions.files.journal import Journal
from pytest_interactions.files.layout import dumps
from pytest_interactions.files.origin import UNKNOWN, Origin, client_of
from pytest_interactions.options import Options, RecordMode
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import KEY, MODEL, _post, genai_sync, genai_sync_stream
from tests.scripted_server import Answer, Scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.server.emulator import Emulator

PATH = Path("c.yaml")
VERSION = f"pytest-interactions {version('pytest-interactions')}"
SDK = f"google-genai {version('google-genai')}"
HTTPX = f"python-httpx {version('httpx')}"
LONG_AGO = "2020-01-01T00:00:00Z"
KNOWN = Origin(
    recorded="2026-01-31T12:00:00Z",
    by="pytest-interactions 0.1.0",
    client="google-genai 3.6.1, python-httpx 0.28.1",
    api_revision="2026-05-20",
    models=("deep-research-pro", "gemini-3.5-flash"),
)


def _exchange(sent: bytes = b"{}", answer: bytes = b"{}", seconds: float | None = None, **more: Any) -> Exchange:
    return Exchange(
        request=Request(
            method="POST",
            uri=more.get("uri", "https://h/v1/interactions"),
            headers={"content-type": ["application/json"], **more.get("headers", {})},
            body=sent,
        ),
        response=Response(
            status=200, reason="OK", headers={"content-type": [more.get("kind", "application/json")]}, body=answer
        ),
        seconds=seconds,
    )


def _ask(url: str, prompt: str) -> None:
    httpx.request(**_post(url, prompt)).raise_for_status()


def _record(emulator: Emulator, path: Path, *prompts: str, mode: str = "once") -> storage.Contents:
    with use_cassette(path, record_mode=mode, unplayed="ignore"):
        for prompt in prompts:
            _ask(emulator.url, prompt)
    return storage.load(path)


def _antedate(path: Path, recorded: str = LONG_AGO) -> None:
    """Let a cassette be as old as it says, recorded by others."""
    text = re.sub(r"(?m)^  recorded: .*$", f"  recorded: '{recorded}'", path.read_text())
    text = re.sub(r"(?m)^  by: .*$", "  by: pytest-interactions 0.0.1", text)
    path.write_text(re.sub(r"(?m)^  client: .*$", "  client: old-client 1.0", text))


def _with_metadata(text: str, metadata: str = "") -> str:
    """A cassette with another head, and without the marks of each exchange, which miss their number there."""
    text = re.sub(r"(?ms)^metadata:.*?^interactions", lambda _: f"{metadata}interactions", text)
    return re.sub(r"(?m)^  digest: .*\n", "", text)


def _is_now(recorded: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(recorded)) < timedelta(minutes=10)


# --- what is recorded ---


def test_a_cassette_says_when_and_by_what_it_was_recorded(emulator: Emulator, tmp_path: Path) -> None:
    """In a block at its head, which says all of it once."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        genai_sync(emulator.url, "a")
        genai_sync_stream(emulator.url, "b")
    head = path.read_text().partition("interactions:\n")[0].splitlines()
    assert head[:3] == ["version: 1", "metadata:", "  exchanges: 2"]
    assert re.fullmatch(r"  recorded: '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'", head[3])
    assert _is_now(head[3].split("'")[1])
    assert head[4:7] == [f"  by: {VERSION}", f"  client: {SDK}", f"  models: [{MODEL}]"]
    assert re.fullmatch(r"  seconds: \[\d+\.\d{1,3}, \d+\.\d{1,3}\]", head[7])
    assert re.fullmatch(r"    2: \d+( \d+)+", head[9])
    assert head[8:] == ["  events:", head[9]]
    assert reading.read(path.read_bytes()) == parsing.read(path.read_bytes(), 10**6)


def test_the_revision_and_all_clients_of_a_recording_are_told(emulator: Emulator, tmp_path: Path) -> None:
    """Each once, and in an order that does not hang on chance."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        genai_sync(emulator.url, "a")
        for revision in ("2026-06-01", "2026-05-20", "2026-06-01"):
            sent = _post(emulator.url, "b")
            sent["headers"] |= {"api-revision": revision}
            httpx.request(**sent)
        httpx.request(**_post(emulator.url, "c") | {"headers": {"x-goog-api-key": KEY, "user-agent": "curl"}})
    found = storage.load(tmp_path / "c.yaml").origin
    assert (found.client, found.api_revision) == (f"{SDK}, {HTTPX}", "2026-05-20, 2026-06-01")


_JS = "google-genai-sdk/3.1.0 gl-node/v20.20.2"
_PYTHON = "google-genai-sdk/3.6.1 gl-python/3.11.7"


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"x-goog-api-client": [_PYTHON], "user-agent": [_PYTHON]}, "google-genai 3.6.1"),
        ({"x-goog-api-client": [_JS], "user-agent": [_JS]}, "@google/genai 3.1.0"),
        ({"user-agent": [f"langchain-google-genai/2.0 {_PYTHON}"]}, "google-genai 3.6.1"),
        ({"x-goog-api-client": ["google-genai-sdk/1.2.0 gl-go/1.24"]}, "google-genai-sdk 1.2.0"),
        ({"x-goog-api-client": ["gl-python/3.11 gax/2.1"], "user-agent": ["grpc-python/1.6"]}, "grpc-python 1.6"),
        ({"user-agent": ["python-httpx/0.28.1"]}, "python-httpx 0.28.1"),
        ({"user-agent": ["Python/3.11 aiohttp/3.14.5"]}, "aiohttp 3.14.5"),
        ({"user-agent": ["Python-urllib/3.11"]}, "Python-urllib 3.11"),
        ({"user-agent": ["acme/1.0 (contact: jane@acme.example; token=abc/123)"]}, "acme 1.0"),
        ({"user-agent": ["node"]}, ""),
        ({"user-agent": ["my secret is s3cr3t"]}, ""),
        ({"user-agent": ["a/b/1.0 x" * 9999]}, ""),
        ({}, ""),
    ],
)
def test_a_client_is_its_name_and_version_alone(headers: dict[str, list[str]], client: str) -> None:
    """What users put into these headers besides stays out of the file."""
    assert client_of(headers) == client


_STREAM = (
    b'event: interaction.created\ndata: {"interaction": {"model": "models/streamed"}}\n\n'
    b'event: step.delta\ndata: {"delta": {"text": "\\"model\\""}}\n\n'
    b'event: step.delta\ndata: ["model", "agent"]\n\n'
    b'data: {"modelVersion": "generated"}\n\nevent: done\ndata: [DONE] "model"\n\n'
)


@pytest.mark.parametrize(
    ("exchange", "models"),
    [
        (_exchange(b'{"model": "gemini-3.5-flash", "input": "hi"}', b'{"model": "gemini-3.5-flash-001"}'), "both"),
        (_exchange(b'{"agent": "agents/deep-research"}'), "deep-research"),
        (_exchange(b'{"model": "models/x"}', b'{"model": "publishers/google/models/x"}'), "x"),
        (_exchange(answer=_STREAM, kind="text/event-stream"), "generated streamed"),
        (_exchange(answer=b'[{"modelVersion": "a"}, {"modelVersion": "b"}, 7]'), "a b"),
        (_exchange(uri="https://h/v1beta/models/in-the-path:generateContent?alt=sse"), "in-the-path"),
        (_exchange(uri="https://h/v1/projects/p/locations/l/publishers/google/models/vertex:predict"), "vertex"),
        (_exchange(uri="https://h/app/models/mine"), ""),
        (_exchange(b'{"input": {"model": "a car"}, "model": {"no": "name"}, "agent": null}'), ""),
        (_exchange(b'{"model": "no name"}', b'{"model": ""}'), ""),
        (_exchange(b'"model" "x"', b'{"model": "cut'), ""),
    ],
)
def test_models_are_what_requests_and_answers_name(exchange: Exchange, models: str) -> None:
    """Models and agents, unary and streamed, of both APIs; nothing of what an app put in their place."""
    named = {"both": "gemini-3.5-flash gemini-3.5-flash-001"}.get(models, models)
    assert Origin.of_recording([exchange, exchange], clock.now()).models == tuple(named.split())


def test_seconds_are_from_the_request_to_the_last_byte(emulator: Emulator, tmp_path: Path) -> None:
    """Each exchange has its own; the cassette keeps it, and it is none of what makes two exchanges the same."""
    emulator.on(input="slow").reply(text="late", delay=0.2)
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        _ask(emulator.url, "quick")
        _ask(emulator.url, "slow")
        took = [exchange.seconds for exchange in cassette.exchanges]
    assert took[1] is not None
    assert took[1] >= 0.2
    assert took == [round(each or 0, 3) for each in took]
    read = storage.load(tmp_path / "c.yaml").exchanges
    assert [exchange.seconds for exchange in read] == took
    with use_cassette(tmp_path / "c.yaml") as cassette:
        _ask(emulator.url, "quick")
        _ask(emulator.url, "slow")
        assert [exchange.seconds for exchange in cassette.exchanges] == took


_RECORD = """
import {freezer}
{start}
import httpx, os, sys
from pytest_interactions import use_cassette

with use_cassette("c.yaml", record_mode="once", recorded_hosts="127.0.0.1"):
    httpx.post(os.environ["URL"] + "/v1beta/interactions", json={{"model": "gemini-3.5-flash", "input": "slow"}}, headers={{"x-goog-api-key": "k" * 20}})
"""  # noqa: E501 - a program


@pytest.mark.parametrize(
    ("freezer", "start"),
    [
        ("freezegun", "freezegun.freeze_time('2040-01-01').start()"),
        ("time_machine", "time_machine.travel('2040-01-01', tick=False).start()"),
    ],
)
def test_a_test_may_set_the_clock_of_its_process(freezer: str, start: str, emulator: Emulator, tmp_path: Path) -> None:
    """What a cassette says of its time is the real one, though the clock stands still in 2040."""
    pytest.importorskip(freezer)
    emulator.on(input="slow").reply(text="late", delay=0.1)
    program = _RECORD.format(freezer=freezer, start=start)
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "URL": emulator.url}, check=True)
    found = storage.load(tmp_path / "c.yaml")
    assert _is_now(found.origin.recorded)
    assert (found.exchanges[0].seconds or 0) >= 0.1


def test_the_time_is_known_where_no_file_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A full disk costs no recording: the process's own clock has to do."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=10)


def test_a_copy_of_the_files_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is not installed, nothing says which version it is, and nothing is lost."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(origin, "version", missing)
    origin.own_version.cache_clear()
    assert Origin.of_recording([], clock.now()).by == ""
    monkeypatch.undo()
    origin.own_version.cache_clear()
    assert Origin.of_recording([], clock.now()).by == VERSION


# --- recordings that come to others ---


def test_a_recording_anew_is_as_old_as_it_is(emulator: Emulator, tmp_path: Path) -> None:
    """With all of its exchanges new, a cassette is new."""
    path = tmp_path / "c.yaml"
    _record(emulator, path, "a")
    _antedate(path)
    found = _record(emulator, path, "a", mode="rewrite").origin
    assert _is_now(found.recorded)
    assert (found.by, found.client) == (VERSION, HTTPX)
    _antedate(path)
    assert _is_now(_record(emulator, path, "a", mode="all").origin.recorded)


@pytest.mark.parametrize("mode", ["new_episodes", "all"])
def test_what_stays_keeps_its_age_and_its_seconds(mode: str, emulator: Emulator, tmp_path: Path) -> None:
    """The oldest exchange is how old a cassette is; all else is that of the last recording."""
    path = tmp_path / "c.yaml"
    before = _record(emulator, path, "a")
    _antedate(path)
    path.write_text(path.read_text().replace(f"seconds: [{before.exchanges[0].seconds}]", "seconds: [12.5]"))
    found = _record(emulator, path, "b", mode=mode)
    assert (found.origin.recorded, found.origin.by, found.origin.client) == (LONG_AGO, VERSION, HTTPX)
    first, second = (exchange.seconds for exchange in found.exchanges)
    assert first == 12.5
    assert second is not None
    assert second < 12.5


def test_a_cassette_of_unknown_age_gets_no_younger(emulator: Emulator, tmp_path: Path) -> None:
    """What another recorder left has no time in its head, and what comes to it gives it none; nor does it need any."""
    path = tmp_path / "c.yaml"
    _record(emulator, path, "a")
    path.write_text(_with_metadata(path.read_text()))
    assert storage.load(path).origin == UNKNOWN
    found = _record(emulator, path, "b", mode="new_episodes")
    assert found.origin == Origin(by=VERSION, client=HTTPX, models=(MODEL,))
    assert found.exchanges[0].seconds is None
    assert f"seconds: [null, {found.exchanges[1].seconds}]" in path.read_text()


def test_a_replay_and_a_completed_recording_change_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """Without a new exchange, the head stays what it was, but for the mark of a recording whose test failed."""
    path = tmp_path / "c.yaml"
    with pytest.raises(ZeroDivisionError), use_cassette(path, record_mode="once"):
        _ask(emulator.url, "a")
        raise ZeroDivisionError
    _antedate(path)
    before = path.read_text()
    assert "incomplete: true\n  recorded: " in before
    _record(emulator, path, "a")
    assert path.read_text() == before.replace("  incomplete: true\n", "")
    _record(emulator, path, "a", mode="none")
    assert path.read_text() == before.replace("  incomplete: true\n", "")


def test_what_another_process_adds_meanwhile_counts(emulator: Emulator, tmp_path: Path) -> None:
    """Two who record one cassette at once: it is as old as the first, and names the models of both."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "mine")
        other = _exchange(b'{"model": "theirs"}', seconds=7.5)
        path.write_text(dumps([other], origin=Origin(recorded=LONG_AGO, client="their-client 1.0", models=("theirs",))))
    found = storage.load(path)
    assert found.origin == Origin(recorded=LONG_AGO, by=VERSION, client=HTTPX, models=(MODEL, "theirs"))
    assert found.exchanges[0].seconds == 7.5


def test_a_candidate_has_an_origin_of_its_own(emulator: Emulator, tmp_path: Path) -> None:
    """A recording that waits beside its cassette says when it was made."""
    path = tmp_path / "c.yaml"
    _record(emulator, path, "a")
    _antedate(path)
    with pytest.raises(ZeroDivisionError), use_cassette(path, record_mode="rewrite"):
        _ask(emulator.url, "b")
        raise ZeroDivisionError
    assert storage.load(path).origin.recorded == LONG_AGO
    assert _is_now(storage.load(tmp_path / "c.failed.yaml").origin.recorded)


def _recovered(path: Path, *exchanges: Exchange) -> storage.Contents:
    journal = Journal(path, Gate(Redactor(secrets=Secrets())), replaces=False)
    for exchange in exchanges:
        journal.add(exchange)
    os.utime(journal._path, (1_000_000_000, 1_000_000_000))
    journal.leave()
    open_cassette(path, Options(record_mode=RecordMode.NEW_EPISODES), rerecord=str)
    return storage.load(path)


def test_what_is_recovered_is_as_old_as_its_journal(tmp_path: Path) -> None:
    """With the seconds of each exchange; which client had sent it, nobody knows any more."""
    path = tmp_path / "c.yaml"
    found = _recovered(path, _exchange(b'{"model": "m"}', seconds=1.25), _exchange(b'{"n": 1}'))
    assert found.origin == Origin(recorded="2001-09-09T01:46:40Z", by=VERSION, models=("m",))
    assert [exchange.seconds for exchange in found.exchanges] == [1.25, None]
    _antedate(path)
    found = _recovered(path, _exchange(b'{"n": 2}', seconds=3.0))
    assert found.origin == Origin(recorded=LONG_AGO, by=VERSION, models=("m",))
    assert [exchange.seconds for exchange in found.exchanges] == [1.25, None, 3.0]


# --- reading ---


@pytest.mark.parametrize(
    "known",
    [
        UNKNOWN,
        KNOWN,
        Origin(models=("on", "1.5", "2026-01-31", "null", "a:b", "y", "a:", "1e3", "0x1F", "=", "~", "x/y@z", "1:30")),
        Origin(client="@google/genai 3.1.0", api_revision="2026-05-20, 2026-06-01", by="it's"),
        Origin(client="yes", api_revision="20260520", by="a: b # c"),
    ],
)
def test_any_yaml_reader_finds_texts(known: Origin) -> None:
    """Also where YAML would take one for a date, a number or a word of its own, if it were not quoted."""
    exchanges = [_exchange(seconds=0.914), _exchange(), _exchange(seconds=2.0)]
    text = dumps(exchanges, incomplete=True, origin=known)
    metadata = yaml.safe_load(text)["metadata"]
    seconds = [0.914, None, 2.0]
    assert metadata == {"exchanges": 3, "incomplete": True, **known.written(), "seconds": seconds}
    found = storage.loads(text.encode(), PATH)
    assert (found.origin, found.incomplete) == (known, True)
    assert [exchange.seconds for exchange in found.exchanges] == seconds
    quickly = reading.read(text.encode())
    assert quickly is None or quickly == parsing.read(text.encode(), 10**6)


def test_the_usual_head_is_read_quickly() -> None:
    """It needs no PyYAML, whatever is known."""
    exchanges = [_exchange(seconds=0.5), _exchange()]
    for known in (KNOWN, Origin(client="@google/genai 3.1.0", models=("2026", "on"))):
        assert reading.read(dumps(exchanges, origin=known).encode()) is not None


_TEXT = dumps([_exchange(seconds=0.5), _exchange()], incomplete=True, origin=KNOWN)


@given(
    st.integers(0, _TEXT.index("interactions:")),
    st.sampled_from(
        ["", " ", "\n", "-", ":", "'", "#", "|", "[", "]", ",", ", ", "0", ".", "null", "a: ", "\t", "&a "]
    ),
    st.integers(0, 4),
)
def test_a_head_that_was_changed_by_hand_is_never_misread(place: int, inserted: str, removed: int) -> None:
    """Wherever it is edited, the quick reader finds what PyYAML finds, or leaves the file to it."""
    text = (_TEXT[:place] + inserted + _TEXT[place + removed :]).encode()
    found = reading.read(text)
    if found is not None:
        assert found == parsing.read(text, 10**6)


@pytest.mark.parametrize(
    "metadata",
    [
        "metadata: 7\n",
        "metadata: [1, 2]\n",
        "metadata:\n",
        "metadata: {}\n",
        "metadata:\n  recorded: 2026-01-31T12:00:00Z\n  by: 7\n  client: {}\n  models: m\n  seconds: 1.5\n",
        "metadata:\n  recorded: last summer\n  models: [1, {}, '']\n  seconds: [1.5]\n",
        "metadata:\n  by: \"two\\nlines\"\n  client: '\u00fc'\n  api_revision: '" + "x" * 201 + "'\n",
        "metadata:\n  seconds: [.nan, true]\n",
        "metadata:\n  seconds: [-1, .inf]\n",
        "metadata:\n  seconds: ['1', {}]\n",
        "metadata:\n  models: [a b, c]\n  of somebody else: 1\n  7: 8\n",
        "metadata:\n  models: []\n  seconds: []\n",
        "",
    ],
)
def test_a_head_that_says_something_else_is_no_error(metadata: str) -> None:
    """What can't be understood of it is left out; the exchanges are what they are."""
    exchanges = [_exchange(seconds=0.5), _exchange(b'{"n": 1}')]
    found = storage.loads(_with_metadata(dumps(exchanges), metadata).encode(), PATH)
    assert found.origin in (UNKNOWN, Origin(models=("a b", "c")))
    assert [exchange.seconds for exchange in found.exchanges] == [None, None]
    assert [exchange.request.json() for exchange in found.exchanges] == [{}, {"n": 1}]


def test_whole_seconds_are_seconds() -> None:
    """As another writer of YAML may have them."""
    text = dumps([_exchange(seconds=2.0)]).replace("[2.0]", "[2]")
    assert storage.loads(text.encode(), PATH).exchanges[0].seconds == 2.0


def test_vcrpy_plays_a_cassette_with_an_origin(emulator: Emulator, tmp_path: Path) -> None:
    """And pytest-recording, which loads its files by it."""
    path = tmp_path / "c.yaml"
    _record(emulator, path, "a")
    assert "recorded:" in path.read_text()
    emulator.stop()
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "path"]) as cassette:
        _ask(emulator.url, "a")
        assert cassette.play_count == 1


def test_commands_that_write_a_cassette_keep_its_origin(tmp_path: Path) -> None:
    """`redact` and `check --fix` change what they are for, and neither the age nor the seconds."""
    path = tmp_path / "c.yaml"
    key = "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw"
    path.write_text(dumps([_exchange(f'{{"input": "{key}"}}'.encode(), seconds=1.5)], origin=KNOWN))
    assert main(["redact", str(path)]) == 0
    assert key not in path.read_text()
    path.write_text(path.read_text().replace("REDACTED", "EDITED"))
    assert main(["check", "--fix", str(path)]) == 0
    found = storage.load(path)
    assert (found.origin, found.exchanges[0].seconds) == (KNOWN, 1.5)


def test_show_tells_when_it_was_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the head, else by the first answer, else not at all."""
    path, answer = tmp_path / "c.yaml", b'{"id": "v1_a", "status": "completed", "steps": [], "created": "2026-01-31"}'
    for known, body, recorded in (
        (KNOWN, answer, KNOWN.recorded),
        (UNKNOWN, answer, "2026-01-31"),
        (UNKNOWN, b"{}", None),
    ):
        path.write_text(dumps([_exchange(b'{"input": "a"}', body)], origin=known))
        assert main(["show", "--json", str(path)]) == 0
        assert json.loads(capsys.readouterr().out)[0]["recorded"] == recorded


# --- secrets ---


@pytest.fixture
def server() -> Iterator[Scripted]:
    running = Scripted(lambda _: Answer({"status": "completed", "steps": []}))
    yield running
    running.stop()


def _save(path: Path, contents: storage.Contents, secrets: Secrets, **options: Any) -> str:
    storage.save(path, contents, Gate(Redactor(secrets=secrets, **options)))
    return path.read_text()


def test_a_head_holds_no_secret_that_is_known(server: Scripted, tmp_path: Path) -> None:
    """A key that an app gives as a model, or in a client's name, is redacted there as anywhere."""
    sent = {"json": {"model": KEY, "input": "a"}, "headers": {"x-goog-api-key": KEY, "user-agent": f"{KEY}/1.0"}}
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        httpx.post(f"{server.url}/v1beta/interactions", **sent)  # type: ignore[arg-type] # of httpx's keywords
    text = (tmp_path / "c.yaml").read_text()
    assert KEY not in text
    assert "  client: REDACTED 1.0\n" in text
    assert "  models: [REDACTED]\n" in text


def test_a_secret_that_is_known_later_leaves_the_head(tmp_path: Path) -> None:
    """Whoever writes a cassette that was read looks at its head too."""
    known = Origin(
        recorded=LONG_AGO, by="tok-0123456789", client="tok-0123456789", api_revision="tok-0123456789", models=("a",)
    )
    text = _save(tmp_path / "c.yaml", storage.Contents([_exchange()], origin=known), Secrets(["tok-0123456789"]))
    assert "tok-0123456789" not in text
    assert "by: REDACTED\n  client: REDACTED\n  api_revision: REDACTED\n  models: [a]\n" in text


def test_what_the_gate_refuses_in_a_head_is_left_out(tmp_path: Path) -> None:
    """No reader needs it, and a recording is worth more."""
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rules]]\nid = 'ours'\nregex = '''ours-[0-9]{6}'''\n")
    contents = storage.Contents([_exchange(seconds=1.5)], origin=Origin(recorded=LONG_AGO, models=("ours-123456",)))
    text = _save(tmp_path / "c.yaml", contents, Secrets(), rules=[str(rules)])
    assert "ours-123456" not in text
    assert f"  recorded: '{LONG_AGO}'\n  seconds: [1.5]\ninteractions:\n" in text


def test_what_is_kept_of_a_refused_recording_has_its_own_seconds(tmp_path: Path) -> None:
    """Exchanges that nothing can clean are left out, with theirs."""
    import gzip

    from pytest_interactions import SecretLeakError

    key = "tok-0123456789"
    packed = _exchange(gzip.compress(key.encode()), seconds=1.5, headers={"content-type": ["application/zip"]})
    contents = storage.Contents([packed, _exchange(seconds=2.5)], origin=KNOWN)
    with pytest.raises(SecretLeakError):
        _save(tmp_path / "c.yaml", contents, Secrets([key]))
    kept = storage.load(tmp_path / "c.redacted.yaml")
    assert [exchange.seconds for exchange in kept.exchanges] == [2.5]
    assert kept.origin == KNOWN


@pytest.mark.parametrize("seconds", ["0.5", "[0.5", "{a: 1}"])
def test_a_head_in_another_form_is_read_by_any_reader(seconds: str) -> None:
    """What it says of seconds is no list, and so nothing."""
    text = dumps([_exchange(seconds=0.5)]).replace("[0.5]", seconds)
    if seconds.startswith("[0"):
        with pytest.raises(CassetteFormatError, match="this is not YAML"):
            storage.loads(text.encode(), PATH)
    else:
        assert [exchange.seconds for exchange in storage.loads(text.encode(), PATH).exchanges] == [None]
