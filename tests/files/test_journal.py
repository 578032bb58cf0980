"""A recording that is killed loses no exchange that it had finished."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import httpx
import pytest

from pytest_interactions import CassetteFormatError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.files import storage
from pytest_interactions.files.journal import Journal, directory_of
from pytest_interactions.files.recovery import _read, recover
from pytest_interactions.options import Options, RecordMode
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import _post
from tests.support import use_cassette

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

ONCE = Options(record_mode=RecordMode.ONCE)
_OPEN = """
import sys
from pathlib import Path
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.options import Options, RecordMode

assert open_cassette(Path(sys.argv[1]), Options(record_mode=RecordMode.ONCE), rerecord=str).recovered == []
"""

_RECORD = """
import os, signal, sys
import httpx
from pytest_interactions import use_cassette

url, path, mode, *prompts = sys.argv[1:]
with use_cassette(path, record_mode=mode):
    for prompt in prompts:
        body = {"model": "gemini-3.5-flash", "input": prompt}
        httpx.post(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": "any"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _killed(
    emulator: Emulator, path: Path, *prompts: str, mode: str = "once", env: dict[str, str] | None = None
) -> None:
    """Record these prompts in a process that is killed before it has saved anything."""
    command = [sys.executable, "-c", _RECORD, emulator.url, str(path), mode, *prompts]
    assert subprocess.run(command, check=False, env=os.environ | (env or {})).returncode == -signal.SIGKILL


def _ask(emulator: Emulator, prompt: str) -> Any:
    return httpx.request(**_post(emulator.url, prompt)).json()


def _prompts(path: Path) -> list[str]:
    return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]


def _files(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def test_a_killed_recording_is_recovered_and_goes_on(emulator: Emulator, tmp_path: Path) -> None:
    """What a killed process had recorded is in the cassette when it is next opened, and the rest is recorded then."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a", "b")
    assert _files(tmp_path) == []
    with use_cassette(path, record_mode="once") as cassette:
        assert cassette.recovered == [f"{path}: recovered what a killed process had recorded, exchanges: 2"]
        for prompt in ("a", "b", "c"):
            _ask(emulator, prompt)
    assert len(emulator.requests) == 3
    assert _prompts(path) == ["a", "b", "c"]
    assert _files(tmp_path) == ["c.yaml"]


def test_a_killed_recording_replays_as_far_as_it_came(emulator: Emulator, tmp_path: Path) -> None:
    """A run that only replays puts nothing anywhere, and says so; the next recording finds it, byte for byte."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a")
    emulator.stop()
    cassette = open_cassette(path, Options(), rerecord=str)
    assert cassette.recovered == [f"{path}: more was recorded by a killed process; the next recording will add it."]
    assert not path.exists()
    cassette.close(failed=True)
    open_cassette(path, ONCE, rerecord=str).close(failed=True)
    with use_cassette(path):
        assert _ask(emulator, "a")["steps"][-1]["content"][0]["text"] == "You said: a"
    assert storage.load(path).incomplete


def test_a_killed_re_recording_leaves_the_cassette_alone(emulator: Emulator, tmp_path: Path) -> None:
    """A killed re-recording is put beside the cassette, as a failed one is."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator, "old")
    before = path.read_text()
    _killed(emulator, path, "new", mode="rewrite")
    cassette = open_cassette(path, ONCE, rerecord=str)
    assert cassette.recovered[0].startswith(f"{tmp_path / 'c.failed.yaml'}: recovered what")
    assert path.read_text() == before
    assert _prompts(tmp_path / "c.failed.yaml") == ["new"]


def test_a_killed_addition_leaves_the_cassette_complete(emulator: Emulator, tmp_path: Path) -> None:
    """New episodes of a killed process are added, and the cassette is no less complete for it."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator, "a")
    _killed(emulator, path, "b", mode="new_episodes")
    open_cassette(path, ONCE, rerecord=str)
    assert _prompts(path) == ["a", "b"]
    assert not storage.load(path).incomplete


def test_what_was_saved_is_not_added_twice(emulator: Emulator, tmp_path: Path) -> None:
    """A process that was killed between saving the cassette and removing its journal recorded each exchange once."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a", "b")
    journal = next(directory_of(path).glob("*.journal"))
    text = journal.read_text()
    open_cassette(path, ONCE, rerecord=str)
    journal.parent.mkdir()
    journal.write_text(text)
    assert open_cassette(path, ONCE, rerecord=str).recovered == [
        f"{path}: holds all that a killed process had recorded"
    ]
    assert _prompts(path) == ["a", "b"]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_an_exchange_that_was_being_written_is_dropped(cut: int, emulator: Emulator, tmp_path: Path) -> None:
    """A journal whose last exchange is half written gives the ones before it."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a", "b")
    journal = next(directory_of(path).glob("*.journal"))
    journal.write_bytes(journal.read_bytes()[:-cut])
    open_cassette(path, ONCE, rerecord=str)
    assert _prompts(path) == ["a"]


def test_a_journal_without_a_finished_exchange_is_removed(tmp_path: Path) -> None:
    """A process killed while it wrote its first exchange leaves nothing behind."""
    directory = directory_of(tmp_path / "c.yaml")
    directory.mkdir(parents=True)
    (directory / "x.journal").write_text("- request:\n")
    open_cassette(tmp_path / "c.yaml", ONCE, rerecord=str)
    assert _files(tmp_path) == []


def test_the_journal_of_a_living_recording_is_left_alone(emulator: Emulator, tmp_path: Path) -> None:
    """Whoever opens a cassette while another records it takes nothing from that recording."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator, "a")
        assert len(_files(directory_of(path))) == 1
        subprocess.run([sys.executable, "-c", _OPEN, str(path)], check=True)
    assert _prompts(path) == ["a"]
    assert _files(tmp_path) == ["c.yaml"]


def test_the_journal_of_a_recording_that_ends_is_left_alone(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process looks when the cassette is saved and its journal is about to go: it is no old one."""
    path, unlink, seen = tmp_path / "c.yaml", Path.unlink, list[list[str]]()

    def look(self: Path, *, missing_ok: bool = False) -> None:
        if self.suffix == ".journal" and not seen:
            seen.append([])  # as whoever looks may delete it, too
            seen[0] += open_cassette(path, ONCE, rerecord=str).recovered
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", look)
    with use_cassette(path, record_mode="once"):
        _ask(emulator, "a")
    assert seen == [[]]
    assert _prompts(path) == ["a"]


def test_a_journal_holds_no_secret(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange that the gate refuses is in no journal, and a later one that is clean is."""
    path = tmp_path / "c.yaml"
    emulator.on(input="a").reply(text="AIza" + "Sy0123456789abcdefghijklmnopqrstuvw")
    with use_cassette(path, record_mode="once"):
        with monkeypatch.context() as patch:
            patch.setattr(
                "pytest_interactions.redaction.redactor.Redactor.response", lambda _, response, *__, **___: response
            )
            _ask(emulator, "a")
        _ask(emulator, "b")
        text = next(directory_of(path).glob("*.journal")).read_text()
        assert "You said: b" in text
        assert "AIza" not in text
    assert _prompts(path) == ["a", "b"]
    assert "AIza" not in path.read_text()


def _get(*, answer: bytes = b"", uri: str = "https://h.example/", **sent: Any) -> Exchange:
    headers = {"content-type": ["text/event-stream"]} if answer else {}
    response = Response(status=200, headers=headers, body=answer)
    return Exchange(request=Request(method="GET", uri=uri, **sent), response=response)


def test_a_journal_loses_what_turns_out_to_be_a_secret(tmp_path: Path) -> None:
    """What is in a journal is redacted once a later request shows that it is a key, and nothing of it is lost."""
    key, path = "tok-0123456789", tmp_path / "c.yaml"
    secrets = Secrets()
    gate = Gate(Redactor(secrets=secrets))
    journal = Journal(path, gate, replaces=False)
    journal.add(_get(body=f"use {key}".encode()))
    journal.add(_get(body=gzip.compress(key.encode())))
    assert key in journal._path.read_text()
    secrets.learn(_get(headers={"x-goog-api-key": [key]}).request)
    journal.add(_get(body=b"third"))
    journal.add(_get(body=b"fourth"))
    bodies = [exchange.request.body for exchange in _read(journal._path)[0]]
    assert bodies == [b"use REDACTED", b"third", b"fourth"]
    journal.discard()
    assert _files(tmp_path) == []


KEY = "tok-0123456789"
SPREAD = b'data: {"delta": {"text": "use tok-01"}}\n\ndata: {"delta": {"text": "23456789"}}\n\n'
HOLDING = {
    "its URL": _get(uri=f"https://h.example/{KEY}"),
    "a header": _get(headers={"accept": [KEY]}),
    "a body": _get(body=f"use {KEY}".encode()),
    "a compressed body": _get(body=gzip.compress(KEY.encode())),
    "a stream, spread over two events": _get(answer=SPREAD),
    "a stream, in one event": _get(answer=f"data: {KEY}\n\n".encode()),
}


@pytest.mark.parametrize("where", HOLDING)
def test_a_secret_that_is_learnt_late_leaves_the_journal_wherever_it_is(where: str, tmp_path: Path) -> None:
    """And a journal that does not hold it is not written anew."""
    secrets = Secrets()
    journal = Journal(tmp_path / "c.yaml", Gate(Redactor(secrets=secrets)), replaces=False)
    journal.add(HOLDING[where])
    journal.add(_get(body=b"harmless"))
    before = journal._path.stat().st_ino
    for number, key in enumerate(["another-0123456789", KEY]):
        secrets.learn(_get(headers={"x-goog-api-key": [key]}).request)
        journal.add(_get(body=b"more"))
        assert (journal._path.stat().st_ino == before) is (number == 0)
    held = [
        (each.request.uri, each.request.headers, each.request.body, each.response.body)
        for each in _read(journal._path)[0]
    ]
    assert KEY not in str(held)
    assert b"tok-01" not in held[0][3]
    assert gzip.compress(KEY.encode()) not in [each[2] for each in held]
    journal.discard()


def test_a_journal_that_cannot_be_redacted_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal in which a secret turned up is gone where it can't be written anew, and the recording goes on."""
    key, path = "tok-0123456789", tmp_path / "c.yaml"
    secrets = Secrets()
    gate = Gate(Redactor(secrets=secrets))
    journal = Journal(path, gate, replaces=False)
    journal.add(_get(body=key.encode()))
    secrets.learn(_get(headers={"x-goog-api-key": [key]}).request)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", Mock(side_effect=OSError(errno.ENOSPC, "full")))
        journal.add(_get(body=b"second"))
    journal.add(_get(body=b"third"))
    assert not journal._path.exists()
    journal.discard()
    assert _files(tmp_path) == []


def test_a_secret_that_is_known_only_now_is_redacted_when_recovered(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recovered is redacted with what is known by now, and stands before the same gate as any recording."""
    path = tmp_path / "c.yaml"
    monkeypatch.setenv("LATER_TOKEN", "tok-0123456789")
    _killed(emulator, path, "the secret is tok-0123456789", env={"LATER_TOKEN": ""})
    open_cassette(path, ONCE, rerecord=str)
    assert _prompts(path) == ["the secret is REDACTED"]
    path.unlink()
    number = "98765432101234567890"  # JSON has no other place for it
    journal = Journal(path, Gate(Redactor(secrets=Secrets())), replaces=False)
    journal.add(_get(body=f'{{"total_tokens": {number}}}'.encode()))
    journal.leave()
    monkeypatch.setenv("NUMBER_TOKEN", number)
    [note] = open_cassette(path, ONCE, rerecord=str).recovered
    assert note.startswith("what a killed process had recorded could not be recovered: ")
    assert _files(tmp_path) == ["c.redacted.yaml"]


def test_what_the_gate_refuses_is_not_recovered(tmp_path: Path) -> None:
    """A journal whose secret can't be taken out is deleted, and the note says so."""
    path, key = tmp_path / "c.yaml", "tok-0123456789"
    journal = Journal(path, Gate(Redactor(secrets=Secrets())), replaces=False)
    journal.add(
        Exchange(
            request=Request(method="GET", uri="https://h.example/"),
            response=Response(status=200, body=gzip.compress(key.encode())),
        )
    )
    journal.leave()
    [note] = recover(path, Gate(Redactor(secrets=Secrets([key]))), media_threshold=10**6, merges=True)
    assert note.startswith(f"what a killed process had recorded could not be recovered: {path} was not written, as ")
    assert _files(tmp_path) == []


def test_a_journal_that_was_never_begun_leaves_nothing(tmp_path: Path) -> None:
    """Without a finished exchange there is nothing to leave."""
    Journal(tmp_path / "c.yaml", Gate(Redactor(secrets=Secrets())), replaces=False).leave()
    assert _files(tmp_path) == []


def test_a_broken_cassette_keeps_its_journal(emulator: Emulator, tmp_path: Path) -> None:
    """A cassette that can't be read is an error as ever, and the journal waits until it can."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a")
    path.write_text("<<<<<<< HEAD\n")
    with pytest.raises(CassetteFormatError):
        open_cassette(path, ONCE, rerecord=str)
    path.unlink()
    open_cassette(path, ONCE, rerecord=str)
    assert _prompts(path) == ["a"]


def test_a_journal_that_cannot_be_written_stops_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """Where no journal can be made, the recording goes on, and is saved at its end."""
    path = tmp_path / "c.yaml"
    directory_of(path).parent.mkdir(parents=True, exist_ok=True)
    directory_of(path).write_text("in the way")
    with use_cassette(path, record_mode="once"):
        _ask(emulator, "a")
        _ask(emulator, "b")
    assert _prompts(path) == ["a", "b"]


def test_a_recovered_cassette_is_as_old_as_its_recording(emulator: Emulator, tmp_path: Path) -> None:
    """A rewrite starts over what an earlier run left, and goes on with what this run's own killed worker left."""
    path = tmp_path / "c.yaml"
    _killed(emulator, path, "a")
    journal = next(directory_of(path).glob("*.journal"))
    os.utime(journal, (1000, 1000))
    open_cassette(path, ONCE, rerecord=str)
    assert path.stat().st_mtime == 1000
