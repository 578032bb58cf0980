"""What each record mode may record, and what happens to the file."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import vcr

from pytest_interactions import (
    CassetteFormatError,
    CassetteMissError,
    CassetteNotFoundError,
    CassetteWriteError,
    PlaceholderError,
    SecretLeakError,
    UnplayedError,
)
from pytest_interactions.files import storage
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import KEY, MODEL, _post, sdk
from tests.support import use_cassette

GATE = Gate(Redactor(secrets=Secrets()))

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


def _ask(url: str, prompt: str) -> str:
    return str(httpx.request(**_post(url, prompt)).json()["steps"][-1]["content"][0]["text"])


def _prompts(path: Path) -> list[str]:
    return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]


@pytest.fixture
def cassette(emulator: Emulator, tmp_path: Path) -> Path:
    """A cassette that holds the answer to `old`."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "old")
    emulator.requests.clear()
    return path


def test_none_never_records(emulator: Emulator, tmp_path: Path) -> None:
    """Without a cassette, mode none refuses the request and says how to record."""
    path = tmp_path / "c.yaml"
    with (
        pytest.raises(CassetteNotFoundError, match=r"(?s)There is no cassette .*record_mode='once'"),
        use_cassette(path),
    ):
        _ask(emulator.url, "new")
    assert emulator.requests == []
    assert not path.exists()


def test_once_records_only_a_first_time(emulator: Emulator, cassette: Path) -> None:
    """Where there is a cassette, mode once replays it and refuses what is not in it."""
    before = cassette.read_bytes()
    with pytest.raises(CassetteMissError), use_cassette(cassette, record_mode="once"):
        _ask(emulator.url, "old")
        _ask(emulator.url, "new")
    assert emulator.requests == []
    assert cassette.read_bytes() == before


def test_new_episodes_adds_what_is_new(emulator: Emulator, cassette: Path) -> None:
    """Mode new_episodes replays what is there and records the rest."""
    with use_cassette(cassette, record_mode="new_episodes"):
        _ask(emulator.url, "old")
        _ask(emulator.url, "new")
    assert [request.json["input"] for request in emulator.requests] == ["new"]
    assert _prompts(cassette) == ["old", "new"]


def test_all_records_again_and_keeps_the_rest(emulator: Emulator, cassette: Path) -> None:
    """Mode all sends every request; what was recorded again replaces its old recording, the rest stays."""
    with use_cassette(cassette, record_mode="new_episodes"):
        _ask(emulator.url, "kept")
    with use_cassette(cassette, record_mode="all"):
        _ask(emulator.url, "old")
    assert [request.json["input"] for request in emulator.requests] == ["kept", "old"]
    assert _prompts(cassette) == ["kept", "old"]


def test_rewrite_starts_over(emulator: Emulator, cassette: Path) -> None:
    """Mode rewrite replays nothing and leaves only what this run recorded."""
    with use_cassette(cassette, record_mode="rewrite"):
        _ask(emulator.url, "new")
    assert len(emulator.requests) == 1
    assert _prompts(cassette) == ["new"]


def test_a_rewrite_without_requests_removes_the_file(emulator: Emulator, cassette: Path) -> None:
    """A test that asks for nothing any more needs no cassette; one that fails keeps it."""
    with pytest.raises(ZeroDivisionError), use_cassette(cassette, record_mode="rewrite"):
        raise ZeroDivisionError
    assert _prompts(cassette) == ["old"]
    with use_cassette(cassette, record_mode="rewrite"):
        pass
    assert not cassette.exists()
    with use_cassette(cassette):
        assert emulator.requests == []


def test_all_drops_what_went_on_from_an_old_answer(emulator: Emulator, tmp_path: Path) -> None:
    """A conversation that is recorded again has new ids, so its old later turns go with its old first one."""
    path = tmp_path / "c.yaml"

    def talk() -> list[str]:
        with sdk(emulator.url) as client:
            first = client.interactions.create(model=MODEL, input="first")
            second = client.interactions.create(model=MODEL, input="second", previous_interaction_id=first.id)
            history = [
                *(step.model_dump() for step in second.steps),
                {"type": "user_input", "content": [{"type": "text", "text": "third"}]},
            ]
            third = client.interactions.create(model=MODEL, store=False, input=history)
            return [client.interactions.get(first.id).id, second.id, third.output_text]

    with use_cassette(path, record_mode="once"):
        old = talk()
    with use_cassette(path, record_mode="all"):
        new = talk()
    assert old != new
    assert len(storage.load(path).exchanges) == 4
    with use_cassette(path):
        assert talk() == new


def test_a_file_damaged_meanwhile_costs_no_recording(emulator: Emulator, cassette: Path) -> None:
    """Where the cassette can't be read any more when it is saved, the recording is put beside it."""
    with pytest.raises(CassetteFormatError, match=r"merge conflict.*recorded now is in .*c\.failed\.yaml"):
        with use_cassette(cassette, record_mode="new_episodes"):
            _ask(emulator.url, "paid for")
            cassette.write_text("<<<<<<< HEAD\n")
    assert _prompts(cassette.with_name("c.failed.yaml")) == ["paid for"]


def test_an_interrupted_save_leaves_its_journal(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could be put nowhere is recovered by the next run."""
    path = tmp_path / "c.yaml"

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), use_cassette(path, record_mode="once"):
        _ask(emulator.url, "paid for")
        monkeypatch.setattr(storage, "save", interrupt)
    monkeypatch.undo()
    with use_cassette(path, record_mode="once") as recovered:
        assert recovered.recovered
        _ask(emulator.url, "paid for")
    assert _prompts(path) == ["paid for"]


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all"])
def test_a_run_without_requests_leaves_the_file(mode: str, cassette: Path) -> None:
    """A test that asks for nothing changes no file, whatever it might have recorded."""
    before = cassette.read_bytes()
    with use_cassette(cassette, record_mode=mode, unplayed="ignore"):
        pass
    assert cassette.read_bytes() == before


def test_a_failed_first_recording_is_kept_and_goes_on(emulator: Emulator, tmp_path: Path) -> None:
    """What a failing test recorded first is saved, replayed by the next run in the same mode, and completed."""
    path = tmp_path / "c.yaml"
    with pytest.raises(ZeroDivisionError), use_cassette(path, record_mode="once"):
        _ask(emulator.url, "first")
        raise ZeroDivisionError
    assert storage.load(path).incomplete
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "first")
        _ask(emulator.url, "second")
    assert [request.json["input"] for request in emulator.requests] == ["first", "second"]
    assert _prompts(path) == ["first", "second"]
    assert not storage.load(path).incomplete


def test_a_failed_recording_does_not_keep_a_request_without_an_answer(emulator: Emulator, tmp_path: Path) -> None:
    """A first recording that failed because the API could not be reached is tried again, not replayed."""
    path = tmp_path / "c.yaml"
    with pytest.raises(httpx.ConnectError), use_cassette(path, record_mode="once"):
        _ask("http://127.0.0.1:9", "hello")
    assert not path.exists()
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "hello")
    assert _prompts(path) == ["hello"]


def test_a_completed_recording_is_complete_without_new_traffic(emulator: Emulator, tmp_path: Path) -> None:
    """A test that failed after its last request needs no new one for its recording to count as complete."""
    path = tmp_path / "c.yaml"
    with pytest.raises(ZeroDivisionError), use_cassette(path, record_mode="once"):
        _ask(emulator.url, "first")
        raise ZeroDivisionError
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url, "first")
    assert len(emulator.requests) == 1
    assert not storage.load(path).incomplete


@pytest.mark.parametrize("mode", ["all", "rewrite"])
def test_a_failed_re_recording_is_put_beside(mode: str, emulator: Emulator, cassette: Path) -> None:
    """A failing test in a mode that replaces keeps the old cassette; the new one lies beside it until it passes."""
    before = cassette.read_bytes()
    beside = cassette.with_name("c.failed.yaml")
    with pytest.raises(ZeroDivisionError), use_cassette(cassette, record_mode=mode):
        _ask(emulator.url, "new")
        raise ZeroDivisionError
    assert cassette.read_bytes() == before
    assert _prompts(beside) == (["old", "new"] if mode == "all" else ["new"]), "what the cassette would be"
    with use_cassette(cassette, record_mode=mode):
        _ask(emulator.url, "new")
    assert "new" in _prompts(cassette)
    assert not beside.exists()


_RECORD = """
import sys, httpx
from pytest_interactions import use_cassette

url, path, prompt, mode = sys.argv[1:]
with use_cassette(path, record_mode=mode):
    body = {"model": "m", "input": prompt}
    httpx.post(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": "k" * 20})
    print("recorded", flush=True)
    sys.stdin.readline()
"""


def test_what_another_process_wrote_meanwhile_stays(emulator: Emulator, cassette: Path) -> None:
    """Two who record one cassette at the same time lose nothing of each other's."""
    command = [sys.executable, "-c", _RECORD, emulator.url, str(cassette), "theirs", "new_episodes"]
    with use_cassette(cassette, record_mode="new_episodes"):
        _ask(emulator.url, "mine")
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    assert sorted(_prompts(cassette)) == ["mine", "old", "theirs"]


def test_two_processes_record_one_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """Two real processes that record the same new cassette at once both find their recordings in it."""
    path = tmp_path / "c.yaml"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _RECORD, emulator.url, str(path), prompt, "once"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for prompt in ("a", "b")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "recorded\n"
    for worker in workers:
        worker.communicate("go\n", timeout=20)
        assert worker.returncode == 0
    assert sorted(_prompts(path)) == ["a", "b"]


def test_a_read_only_directory_loses_nothing(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the cassette can't be written, the recording is kept elsewhere, and the message says where."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    blocked = tmp_path / "cassettes"
    blocked.write_text("a file where a directory should be: no user, not even root, can write below it")
    with pytest.raises(CassetteWriteError) as caught, use_cassette(blocked / "c.yaml", record_mode="once"):
        _ask(emulator.url, "paid for")
    assert "c.yaml: can't be written: " in str(caught.value)
    kept = str(caught.value).partition("was kept in ")[2].partition(": copy it")[0]
    assert _prompts(type(tmp_path)(kept)) == ["paid for"]


def test_an_interrupted_write_leaves_the_old_file(cassette: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies while it writes leaves the old cassette, whole, and nothing else."""
    before = cassette.read_bytes()

    def die(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        storage.save(cassette, storage.Contents(), GATE)
    assert cassette.read_bytes() == before
    assert [path.name for path in cassette.parent.iterdir()] == ["c.yaml"]


def test_unplayed_exchanges_fail_warn_or_pass(emulator: Emulator, cassette: Path) -> None:
    """Recorded exchanges that are not asked for are an error, a warning or nothing, as the option says."""
    with pytest.raises(UnplayedError, match=r"(?s)1 of 1 recorded exchanges were not asked for:.*exchange 1: POST"):
        with use_cassette(cassette):
            pass
    with pytest.warns(UserWarning, match="were not asked for"), use_cassette(cassette, unplayed="warn"):
        pass
    with use_cassette(cassette, unplayed="ignore") as replay:
        assert not replay.all_played
    assert emulator.requests == []


def test_a_swallowed_miss_is_raised_at_the_end(emulator: Emulator, cassette: Path) -> None:
    """An app that catches every exception and falls back can't hide a miss."""
    with pytest.raises(CassetteMissError, match='input: "old" -> "new"'), use_cassette(cassette):
        try:
            _ask(emulator.url, "new")
        except Exception:
            fallback = True
    assert fallback


def test_a_continued_replay_is_refused_before_it_is_sent(emulator: Emulator, cassette: Path) -> None:
    """A live request that resends a redacted signature, or the placeholder key, never leaves the machine."""
    signed = {"type": "thought", "signature": "not yet"}
    with use_cassette(cassette) as replay:
        _ask(emulator.url, "old")
        signed["signature"] = replay.exchanges[0].response.json()["steps"][0]["signature"]
    body = {"model": MODEL, "store": False, "input": [signed]}
    with pytest.raises(PlaceholderError, match=r"was not sent: .*input\[0\].*placeholder"):
        with use_cassette(cassette, record_mode="new_episodes"):
            httpx.post(f"{emulator.url}/v1beta/interactions", json=body, headers={"x-goog-api-key": KEY})
    with pytest.raises(PlaceholderError, match="x-goog-api-key"):
        with use_cassette(cassette, record_mode="new_episodes"):
            httpx.post(
                f"{emulator.url}/v1beta/interactions",
                json={"model": MODEL, "input": "new"},
                headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
            )
    assert emulator.requests == []


def test_a_refusal_to_send_tells_no_secret(cassette: Path) -> None:
    """A password in the URL of a request that is not sent is not in the message."""
    with pytest.raises(PlaceholderError, match="was not sent") as caught:
        with use_cassette(cassette, record_mode="new_episodes"):
            httpx.get(
                "http://bob:s3cretpassw0rd@localhost:1/v1/x", headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
            )
    assert "s3cretpassw0rd" not in str(caught.value)


def test_hooks_of_vcrpys_kind_run_before_redaction(emulator: Emulator, tmp_path: Path) -> None:
    """before_record_request and before_record_response see vcrpy's types, and may change or drop an exchange."""
    path = tmp_path / "c.yaml"

    def request(request: Any) -> Any:
        if b"ignore me" in request.body:
            return None
        request.body = request.body.replace(b"today", b"DATE")
        request.headers["authorization"] = "Bearer put-back-by-a-hook"
        return request

    def response(response: dict[str, Any]) -> dict[str, Any] | None:
        if b"drop me" in response["body"]["string"]:
            return None
        response["headers"]["set-cookie"] = ["put=back; by=a-hook"]
        return response

    hooks = {"before_record_request": request, "before_record_response": response}
    with use_cassette(path, record_mode="once", **hooks) as recording:
        for prompt in ("ignore me", "drop me", "what is today?"):
            _ask(emulator.url, prompt)
    assert _prompts(path) == ["what is DATE?"]
    assert len(recording.exchanges) == 1
    assert "hook" not in path.read_text()
    with use_cassette(path, **hooks):
        assert "today" in _ask(emulator.url, "what is today?")


def test_hooks_speak_for_every_client(emulator: Emulator, tmp_path: Path) -> None:
    """What a hook lets through is neither recorded nor replayed: in async code, and through vcrpy's stubs."""

    def ignore(_: Any) -> None:
        return None

    async def ask() -> int:
        async with httpx.AsyncClient() as client:
            return (await client.request(**_post(emulator.url, "Hi"))).status_code

    path = tmp_path / "c.yaml"
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode, before_record_request=ignore) as used:
            assert asyncio.run(ask()) == requests.request(**_post(emulator.url, "Hi"), timeout=5).status_code == 200
            assert used.exchanges == []
    assert len(emulator.requests) == 4
    assert not path.exists()


def test_a_hook_may_hide_what_is_recorded(emulator: Emulator, cassette: Path) -> None:
    """A recorded request that a hook drops now answers nothing."""
    with use_cassette(cassette, before_record_request=lambda _: None, unplayed="ignore"):
        _ask(emulator.url, "old")
    assert len(emulator.requests) == 1


def test_a_hook_may_hide_one_recording_of_many(emulator: Emulator, cassette: Path) -> None:
    """A recorded request that a hook drops is not found, while others are compared as ever."""

    def drop_old(request: Any) -> Any:
        return None if b'"old"' in request.body else request

    with pytest.raises(CassetteMissError), use_cassette(cassette, before_record_request=drop_old):
        _ask(emulator.url, "new")
    assert emulator.requests == []


def test_a_refused_recording_is_kept_without_its_secret(emulator: Emulator, tmp_path: Path) -> None:
    """What the gate refuses is written beside with the secret replaced, and the message says how to get on."""
    path = tmp_path / "c.yaml"

    def pass_all(_: Any, response: Any, uri: str) -> Any:  # noqa: ARG001 - as the method is called
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pytest_interactions.redaction.redactor.Redactor.response", pass_all)
        with pytest.raises(SecretLeakError) as caught, use_cassette(path, record_mode="once"):
            httpx.request(**_post(emulator.url, KEY))
    assert "c.yaml was not written, as it would hold secrets:" in str(caught.value)
    assert f"It was kept in {tmp_path / 'c.redacted.yaml'}" in str(caught.value)
    assert KEY not in str(caught.value)
    assert not path.exists()
    kept = (tmp_path / "c.redacted.yaml").read_text()
    assert KEY not in kept
    assert "You said: REDACTED" in kept


def test_a_refused_recording_that_can_be_kept_nowhere_says_how_to_get_on(emulator: Emulator, tmp_path: Path) -> None:
    """Where not even the cleaned recording can be written, the message still says what to do."""
    (tmp_path / "c.redacted.yaml").mkdir()

    def hide(response: dict[str, Any]) -> dict[str, Any]:
        return response | {"body": {"string": gzip.compress(KEY.encode())}}

    with pytest.raises(SecretLeakError, match="To get on, name these"):
        with use_cassette(tmp_path / "c.yaml", record_mode="once", before_record_response=hide):
            httpx.request(**_post(emulator.url, "hide"))


def test_an_exchange_that_can_not_be_cleaned_is_left_out(emulator: Emulator, tmp_path: Path) -> None:
    """Where a secret can't be replaced, as inside a compressed body, the other exchanges are kept beside."""
    path = tmp_path / "c.yaml"

    def hide(response: dict[str, Any]) -> dict[str, Any]:
        hidden = gzip.compress(KEY.encode()) if b"hide" in response["body"]["string"] else response["body"]["string"]
        return response | {"body": {"string": hidden}}

    with pytest.raises(SecretLeakError, match="replaced or left out"):
        with use_cassette(path, record_mode="once", before_record_response=hide):
            _ask(emulator.url, "keep")
            _ask(emulator.url, "hide")
    assert _prompts(tmp_path / "c.redacted.yaml") == ["keep"]


def test_cassettes_without_headers_replay(emulator: Emulator, cassette: Path) -> None:
    """Where a recorder left all headers out, JSON and streams are known by their bodies."""
    with use_cassette(cassette, record_mode="new_episodes"):
        httpx.request(**_post(emulator.url, "stream", stream=True))
        with pytest.raises(httpx.HTTPStatusError):
            httpx.get(f"{emulator.url}/v1beta/interactions/none?key={KEY}").raise_for_status()
    contents = storage.load(cassette)
    for exchange in contents.exchanges:
        exchange.response.headers.clear()
    contents.exchanges[2].response = contents.exchanges[2].response.with_body(b"plain")
    storage.save(cassette, contents, GATE)
    with use_cassette(cassette, unplayed="ignore"):
        assert httpx.request(**_post(emulator.url, "old")).headers["content-type"] == "application/json"
        stream = httpx.request(**_post(emulator.url, "stream", stream=True))
        assert stream.headers["content-type"] == "text/event-stream"
        assert "content-type" not in httpx.get(f"{emulator.url}/v1beta/interactions/none?key={KEY}").headers


def test_normalize_request_changes_only_what_is_compared(emulator: Emulator, tmp_path: Path) -> None:
    """normalize_request lets requests match that differ, and leaves the recording as it was sent."""
    path = tmp_path / "c.yaml"

    def blur(request: Any) -> Any:
        body = json.loads(request.body)
        request.body = json.dumps(body | {"input": body["input"].split()[0]})
        return request

    with use_cassette(path, record_mode="once", normalize_request=blur):
        first = _ask(emulator.url, "Today is Monday")
    assert _prompts(path) == ["Today is Monday"]
    with use_cassette(path, normalize_request=blur):
        assert _ask(emulator.url, "Today is Tuesday") == first


def test_a_rewrite_replaces_a_file_that_is_no_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """A corrupt cassette is never overwritten, but by the mode that is there to replace it."""
    path = tmp_path / "c.yaml"
    path.write_text("interactions: [\n")
    for mode in ("none", "once", "new_episodes", "all"):
        with pytest.raises(CassetteFormatError, match=r"c\.yaml:2: this is not YAML"):
            with use_cassette(path, record_mode=mode):
                pass
    assert path.read_text() == "interactions: [\n"
    with use_cassette(path, record_mode="rewrite"):
        _ask(emulator.url, "new")
    assert _prompts(path) == ["new"]


def test_plain_vcrpy_reads_our_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """A cassette of ours, streams and all, replays through plain vcrpy with the same answers."""
    path = tmp_path / "c.yaml"
    emulator.on(input="Emoji").reply(text="\U0001f984 \u2028 été\n\n  indented\n")
    stream = _post(emulator.url, "Emoji", stream=True)
    with use_cassette(path, record_mode="once") as recording:
        first = _ask(emulator.url, "Emoji"), httpx.request(**stream).text
    url = emulator.url
    emulator.stop()
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"]) as plain:
        second = _ask(url, "Emoji"), httpx.request(**stream).text
    assert plain.play_count == len(recording.exchanges) == 2
    assert second[0] == first[0]
    assert second[1] == recording.exchanges[1].response.body.decode()


def test_a_cassette_inside_a_cassette_is_the_one_in_force(emulator: Emulator, cassette: Path, tmp_path: Path) -> None:
    """Inside another cassette the inner one records from the network, and the outer one goes on afterwards."""
    inner = tmp_path / "inner.yaml"
    with use_cassette(cassette):
        with use_cassette(inner, record_mode="once"):
            _ask(emulator.url, "inner")
        _ask(emulator.url, "old")
    assert _prompts(inner) == ["inner"]


def test_allowed_hosts_are_neither_played_nor_recorded(emulator: Emulator, cassette: Path) -> None:
    """Requests to an allowed host, with its port or without, go through in every mode and leave no trace."""
    port = emulator.url.rpartition(":")[2]
    for mode, allowed in [("none", "127.0.0.1"), ("new_episodes", f"*.example, 127.0.0.1:{port}")]:
        with use_cassette(cassette, record_mode=mode, allowed_hosts=allowed, unplayed="ignore") as used:
            _ask(emulator.url, "passed through")
            with sdk(emulator.url) as client:
                client.interactions.create(model=MODEL, input="passed through")
            assert used.exchanges == []
    assert len(emulator.requests) == 4
    assert _prompts(cassette) == ["old"]


@pytest.mark.parametrize("name", ["play_count", "requests", "responses", "rewind", "write_protected", "dirty"])
def test_a_name_of_vcrpy_s_cassette_is_an_error_that_says_what_to_use(name: str, tmp_path: Path) -> None:
    """What vcrpy would count is not counted here, so that a test that reads it is told, and never gets 0."""
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    with use_cassette(tmp_path / "c.yaml") as cassette:
        with pytest.raises(AttributeError, match=rf"no '{name}'; use \w+"):
            getattr(cassette, name)
        with pytest.raises(AttributeError, match="'Cassette' object has no attribute 'plays'"):
            _ = cassette.plays
        with pytest.raises(TypeError):
            _ = object() in cassette


def test_off_sends_all_and_keeps_nothing(emulator: Emulator, cassette: Path) -> None:
    """The test sees what was exchanged; the file is neither read, be it damaged, nor written."""
    cassette.write_text("damaged")
    with use_cassette(cassette, record_mode="off") as live:
        assert _ask(emulator.url, "old") == "You said: old"
        assert _ask(emulator.url, "old") == "You said: old"
        assert [interaction.output_text for interaction in live.interactions] == ["You said: old"] * 2
    assert len(emulator.requests) == 2
    assert cassette.read_text() == "damaged"
    assert [path.name for path in cassette.parent.iterdir()] == [cassette.name]


def test_off_guards_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """A request with a placeholder is sent too, as if nothing were there."""
    with use_cassette(tmp_path / "c.yaml", record_mode="off"):
        headers = {"x-goog-api-key": "pytest-interactions-placeholder-key"}
        assert httpx.get(f"{emulator.url}/v1beta/interactions/x", headers=headers).status_code == 404
