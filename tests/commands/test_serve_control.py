"""The calls that begin and finish the cassettes of a running `serve`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions.server.emulator import Emulator, Hold
from tests.cassette.clients import KEY, _post
from tests.commands.test_serve import _ask, _prompts, _serve, _text

if TYPE_CHECKING:
    from pathlib import Path


def _call(url: str, call: str, **fields: Any) -> httpx.Response:
    return httpx.post(f"{url}/_interactions/{call}", json=fields, timeout=30)


def _message(response: httpx.Response) -> str:
    message: str = response.json()["error"]["message"]
    return message


def _record(path: Path, emulator: Emulator, *prompts: str) -> None:
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        for prompt in prompts:
            _ask(server.url, prompt).raise_for_status()
        server.stop()


def test_one_server_records_and_replays_any_number_of_tests(emulator: Emulator, tmp_path: Path) -> None:
    """Each test of a suite begins a cassette and finishes it, and again when the suite is run again."""
    directory = tmp_path / "talks"
    with _serve(directory, "--record-mode", "once", "--upstream", emulator.url) as server:
        for run in range(3):
            for name in ("one", "two words", "shared/three"):
                begun = _call(server.url, "begin", cassette=name).raise_for_status().json()
                assert begun["record_mode"] == "once"
                assert begun["cassette"] == str(directory / f"{name}.yaml")
                for prompt in (name, "and on"):
                    assert _text(_ask(begun["url"], prompt)) == f"You said: {prompt}"
                finished = _call(server.url, "finish", cassette=name)
                assert finished.status_code == 200, finished.text
                told = finished.json()
                assert (told["misses"], told["unplayed"]) == ([], [])
                assert told["saved"] == (None if run else str(directory / f"{name}.yaml"))
                assert (len(told["recorded"]), len(told["played"])) == ((0, 2) if run else (2, 0))
        assert len(emulator.requests) == 6
        status, _, err = server.stop()
    assert (status, err) == (0, "")
    assert _prompts(directory / "shared" / "three.yaml") == ["shared/three", "and on"]


def test_a_test_that_misses_or_leaves_something_out_is_told(emulator: Emulator, tmp_path: Path) -> None:
    """A finish is a 409 with all that was missed and not asked for, and the next test begins anew."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "a", "b")
    with _serve(path) as server:
        _call(server.url, "begin").raise_for_status()
        assert _ask(server.url, "z").status_code == 404
        missed = _call(server.url, "finish")
        assert missed.status_code == 409
        assert [miss.splitlines()[0] for miss in missed.json()["misses"]] == [
            f"{path} has no recording that answers this request."
        ]
        assert _message(missed) == missed.json()["misses"][0]
        _call(server.url, "begin").raise_for_status()
        _ask(server.url, "b").raise_for_status()
        left = _call(server.url, "finish")
        assert left.status_code == 409
        assert "1 of 2 recorded exchanges were not asked for" in _message(left)
        address = f"{emulator.url}/v1beta/interactions"
        assert left.json()["unplayed"] == [{"exchange": 1, "method": "POST", "uri": address}]
        assert left.json()["played"] == [{"exchange": 2, "method": "POST", "uri": address}]
        for options, given in (({"unplayed": "ignore"}, {}), ({"unplayed": "warn"}, {}), ({}, {"failed": True})):
            _call(server.url, "begin", **options).raise_for_status()
            finished = _call(server.url, "finish", **given)
            assert finished.status_code == 200
            assert len(finished.json()["unplayed"]) == 2
        assert server.stop()[::2] == (0, "")


@pytest.mark.parametrize("unplayed", ["fail", "warn", "ignore"])
def test_what_the_api_would_refuse_is_told(emulator: Emulator, tmp_path: Path, unplayed: str) -> None:
    """It fails the test where the option says so, whatever it says of what was not asked for."""
    with _serve(tmp_path / "c.yaml", "--record-mode", "once", "--upstream", emulator.url) as server:
        for lint, status in (("warn", 200), ("error", 409), ("off", 200)):
            _call(server.url, "begin", lint=lint, unplayed=unplayed).raise_for_status()
            body = {"model": "gemini-3.5-flash", "input": "a", "previous_interaction_id": ""}
            url = f"{server.url}/v1beta/interactions"
            httpx.post(url, json=body, headers={"x-goog-api-key": KEY}).raise_for_status()
            finished = _call(server.url, "finish")
            assert finished.status_code == status
            assert len(finished.json()["refused"]) == (lint != "off")
            assert ("previous-empty" in finished.text) == (lint != "off")
        assert "the API would refuse" in _message(_refused(server.url))
        assert server.stop()[::2] == (0, "")


def test_what_differs_from_what_was_played_in_sequence_is_told(emulator: Emulator, tmp_path: Path) -> None:
    """It fails the test unless the option says otherwise, and is in the report in any case."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "a")
    with _serve(path) as server:
        for differing, status in (("fail", 409), ("warn", 200)):
            _call(server.url, "begin", match_on="sequence", differing=differing).raise_for_status()
            _ask(server.url, "b").raise_for_status()
            finished = _call(server.url, "finish")
            assert finished.status_code == status
            assert finished.json()["differing"] == ["exchange 1: POST /interactions", '  input: "a" -> "b"']
        _call(server.url, "begin", match_on="sequence").raise_for_status()
        _ask(server.url, "c").raise_for_status()
        assert "1 request differs" in _message(_call(server.url, "finish"))
        assert server.stop()[::2] == (0, "")


def _refused(url: str) -> httpx.Response:
    _call(url, "begin", lint="error").raise_for_status()
    body = {"model": "gemini-3.5-flash", "input": "a", "previous_interaction_id": ""}
    httpx.post(f"{url}/v1beta/interactions", json=body, headers={"x-goog-api-key": KEY}).raise_for_status()
    return _call(url, "finish")


def test_a_test_that_asks_nothing_is_found_out(emulator: Emulator, tmp_path: Path) -> None:
    """A cassette that was begun and not asked for anything is unplayed as a whole; one without a file is fine."""
    _record(tmp_path / "c.yaml", emulator, "a")
    with _serve(tmp_path) as server:
        for name, status in (("c", 409), ("none", 200)):
            _call(server.url, "begin", cassette=name).raise_for_status()
            assert _call(server.url, "finish", cassette=name).status_code == status


def test_beginning_again_plays_from_the_beginning(emulator: Emulator, tmp_path: Path) -> None:
    """A second begin without a finish loses no recording, tells the first session's misses, and plays anew."""
    path = tmp_path / "c.yaml"
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        assert _text(_ask(server.url, "a")) == "You said: a"
        _call(server.url, "begin").raise_for_status()
        assert _prompts(path) == ["a"]
        for _ in range(2):
            assert _text(_ask(server.url, "a")) == "You said: a"
            _ask(server.url, "b")
            _call(server.url, "begin").raise_for_status()
        _, _, err = server.stop()
    assert len(emulator.requests) == 1
    assert err.count("has no recording that answers this request") == 2


def test_what_a_test_begins_may_have_options_of_its_own(emulator: Emulator, tmp_path: Path) -> None:
    """A test may record its cassette anew, or match by less; the next one has the options of the command line."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "old")
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        assert _call(server.url, "begin", record_mode="rewrite").json()["record_mode"] == "rewrite"
        _ask(server.url, "new").raise_for_status()
        assert len(_call(server.url, "finish").json()["recorded"]) == 1
        assert _prompts(path) == ["new"]
        _call(server.url, "begin", match_on=["method", "path"], redact=["something"]).raise_for_status()
        assert _text(_ask(server.url, "something else")) == "You said: new"
        _call(server.url, "finish").raise_for_status()
        _call(server.url, "begin").raise_for_status()
        assert _ask(server.url, "anything").status_code == 404
        server.stop()


def test_a_re_recording_of_a_failed_test_keeps_the_old_cassette(emulator: Emulator, tmp_path: Path) -> None:
    """A test that says that it failed has its new recording put beside the old one."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "old")
    with _serve(path, "--record-mode", "rewrite", "--upstream", emulator.url) as server:
        _call(server.url, "begin").raise_for_status()
        _call(server.url, "begin").raise_for_status()
        _ask(server.url, "new").raise_for_status()
        saved = _call(server.url, "finish", failed=True).json()["saved"]
        server.stop()
    assert _prompts(path) == ["old"]
    assert saved != str(path)


def test_a_late_request_loses_no_recording(emulator: Emulator, tmp_path: Path) -> None:
    """What is asked after a re-recording was finished is added to it, and does not begin it anew."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "old")
    with _serve(path, "--record-mode", "rewrite", "--upstream", emulator.url) as server:
        _call(server.url, "begin").raise_for_status()
        _ask(server.url, "new").raise_for_status()
        _call(server.url, "finish").raise_for_status()
        _ask(server.url, "late").raise_for_status()
        assert server.stop()[0] == 0
    assert _prompts(path) == ["new", "late"]


def test_a_program_with_one_address_is_led_to_the_cassette_that_was_begun(emulator: Emulator, tmp_path: Path) -> None:
    """A path without a name goes to the cassette that was begun last, and nowhere once that is finished."""
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        assert _ask(server.url, "early").status_code == 400
        for name in ("one", "two"):
            _call(server.url, "begin", cassette=name).raise_for_status()
            _ask(server.url, name).raise_for_status()
            headers = {"x-goog-api-key": KEY, "x-goog-upload-command": "start", "x-goog-upload-protocol": "resumable"}
            answer = httpx.post(f"{server.url}/upload/v1beta/files", headers=headers, json={"file": {}})
            assert answer.headers["x-goog-upload-url"].startswith(f"{server.url}/upload/v1beta/files?upload_id=")
            assert _call(server.url, "finish").json()["saved"] == str(tmp_path / f"{name}.yaml")
            assert _ask(server.url, name).status_code == 400
        assert _call(server.url, "finish").status_code == 400
        _call(server.url, "begin", cassette="three").raise_for_status()
        _call(server.url, "begin", cassette="four").raise_for_status()
        _call(server.url, "finish", cassette="three").raise_for_status()
        _ask(server.url, "x").raise_for_status()
        assert server.stop()[0] == 0
    assert _prompts(tmp_path / "four.yaml") == ["x"]


def test_tests_may_run_at_the_same_time(emulator: Emulator, tmp_path: Path) -> None:
    """Twenty tests at once each begin, use and finish their own cassette, and none meets another's."""

    def one(number: int) -> tuple[int, int, list[str]]:
        name = f"test {number}"
        url = _call(server.url, "begin", cassette=name).raise_for_status().json()["url"]
        texts = [_text(_ask(url, f"{prompt} of {number}")) for prompt in "abc"]
        told = _call(server.url, "finish", cassette=name)
        return told.status_code, len(told.json()["recorded"]), texts

    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        with ThreadPoolExecutor(20) as pool:
            for run in range(2):
                assert list(pool.map(one, range(20))) == [
                    (200, 0 if run else 3, [f"You said: {prompt} of {n}" for prompt in "abc"]) for n in range(20)
                ]
        assert server.stop()[0] == 0
    assert len(emulator.requests) == 60


def test_a_stream_that_is_on_its_way_is_finished_as_far_as_it_got(emulator: Emulator, tmp_path: Path) -> None:
    """A finish does not wait for ever for an answer: what came of it is saved, and its connection is broken."""
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=[str(n) for n in range(9)], hold=gate)
    path = tmp_path / "c.yaml"
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        with httpx.stream(**_post(server.url, "Count", stream=True)) as response:
            lines = response.iter_lines()
            seen = [next(lines) for _ in range(6)]
            told = _call(server.url, "finish").json()
            assert len(told["recorded"]) == 1
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        assert path.exists()
        server.stop()
    gate.release()
    with _serve(path) as server, httpx.stream(**_post(server.url, "Count", stream=True)) as response:
        assert [line for _, line in zip(range(6), response.iter_lines(), strict=False)] == seen


def test_a_finish_waits_for_the_end_of_an_answer_that_is_near(emulator: Emulator, tmp_path: Path) -> None:
    """An answer that ends while its cassette is finished is whole, for its client and in the file."""
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    path = tmp_path / "c.yaml"
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        with httpx.stream(**_post(server.url, "Count", stream=True)) as response:
            lines = response.iter_lines()
            next(lines)
            gate.wait_reached()
            timer = threading.Timer(0.2, gate.release)
            timer.start()
            finished = _call(server.url, "finish")
            assert list(lines)[-2:] == ["data: [DONE]", ""]
        timer.join()
        server.stop()
    assert finished.status_code == 200
    with _serve(path) as server:
        assert httpx.request(**_post(server.url, "Count", stream=True)).text.endswith("data: [DONE]\n\n")


def test_a_cassette_that_can_t_be_saved_is_told(emulator: Emulator, tmp_path: Path) -> None:
    """A finish that can't write says where the recording was kept."""
    (tmp_path / "bad").write_text("a file where a directory should be")
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        _ask(f"{server.url}/bad%2Finside", "lost").raise_for_status()
        finished = _call(server.url, "finish", cassette="bad/inside")
        assert server.stop()[0] == 0
    assert finished.status_code == 409
    assert "The recording was kept in " in _message(finished)
    assert finished.json()["saved"] is None


_IMPOSSIBLE = [
    ("begin", "[]", 400, "begin: the body must be a JSON object"),
    ("finish", "{", 400, "finish: the body must be a JSON object"),
    ("begin", '{"cassette": 1}', 400, "begin: cassette: 1 is no name."),
    ("begin", "{}", 400, "name a cassette"),
    ("begin", '{"cassette": "../x"}', 400, "leads out of the cassette directory"),
    ("begin", '{"cassette": "v1beta"}', 400, "name a cassette"),
    (
        "begin",
        '{"cassette": "c", "keep_headers": "x"}',
        400,
        "begin: there is no 'keep_headers'. Fields: cassette, ",
    ),
    ("begin", '{"cassette": "c", "pace": "fast"}', 400, "begin: pace: 'fast' is not a number of seconds"),
    ("begin", '{"cassette": "c", "record_mode": "once"}', 400, "this server only replays"),
    ("finish", '{"cassette": "c", "failed": 1}', 400, "finish: failed: 1 is neither true nor false."),
    ("finish", '{"cassette": "c"}', 404, "c.yaml: it was not begun, so there is nothing to finish."),
    ("rewind", "{}", 404, "There is no such call. Calls: begin, finish."),
]


def test_a_call_that_can_t_be_done_says_why(tmp_path: Path) -> None:
    """What is wrong with a call is told in the API's shape, and nothing begins."""
    with _serve(tmp_path) as server:
        for call, body, status, message in _IMPOSSIBLE:
            answer = httpx.post(f"{server.url}/_interactions/{call}", content=body)
            assert (answer.status_code, message in _message(answer)) == (status, True), answer.text
            assert httpx.get(f"{server.url}/_interactions/{call}").status_code in (404, 405)
        assert server.stop()[::2] == (0, "")


def test_the_one_cassette_of_a_file_needs_no_name(emulator: Emulator, tmp_path: Path) -> None:
    """A name for the only cassette there is would be a mistake, and is told to be; a body is not needed."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "a")
    with _serve(path) as server:
        assert "has one cassette" in _message(_call(server.url, "begin", cassette="c"))
        assert httpx.post(f"{server.url}/_interactions/begin").json() == {
            "cassette": str(path),
            "record_mode": "none",
            "url": server.url,
        }
        server.stop()


def test_the_calls_are_not_for_web_pages(emulator: Emulator, tmp_path: Path) -> None:
    """A page can begin and finish nothing, unless the command line lets it in; neither can a foreign host name."""
    path = tmp_path / "c.yaml"
    _record(path, emulator, "a")
    page = {"origin": "http://localhost:5173", "content-type": "text/plain"}
    with _serve(path) as server:
        url = f"{server.url}/_interactions/begin"
        assert httpx.post(url, headers=page).status_code == 403
        assert httpx.post(url, headers={"host": "evil.example"}).status_code == 403
    arguments = (
        "--allow-origin",
        "http://localhost:*",
        "--allow-origin",
        "x",
        "--allow-host",
        "box",
        "--allow-host",
        "y",
    )
    with _serve(path, *arguments) as server:
        url = f"{server.url}/_interactions/begin"
        assert httpx.post(url, headers=page).headers["access-control-allow-origin"] == page["origin"]
        assert httpx.post(url, headers={"host": "box:90"}).json()["url"] == "http://box:90"
        server.stop()


def test_what_a_killed_server_recorded_is_told_when_its_cassette_begins(emulator: Emulator, tmp_path: Path) -> None:
    """A session that was never finished is recovered by the next begin of its cassette."""
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        _call(server.url, "begin", cassette="c").raise_for_status()
        _ask(f"{server.url}/c", "a").raise_for_status()
        server.process.kill()
        server.process.wait()
    with _serve(tmp_path, "--record-mode", "once", "--upstream", emulator.url) as server:
        _call(server.url, "begin", cassette="c").raise_for_status()
        assert _text(_ask(f"{server.url}/c", "a")) == "You said: a"
        _, _, err = server.stop()
    assert len(emulator.requests) == 1
    assert "recovered what a killed process had recorded, exchanges: 1" in err


def test_a_report_holds_no_key(emulator: Emulator, tmp_path: Path) -> None:
    """Neither the requests nor the messages of a report have a key in them."""
    path = tmp_path / "c.yaml"
    with _serve(path, "--record-mode", "once", "--upstream", emulator.url) as server:
        url, key = f"{server.url}/v1beta/interactions?key={KEY}", {"x-goog-api-key": KEY}
        httpx.post(url, json={"model": "gemini-3.5-flash", "input": "a"}, headers=key).raise_for_status()
        texts = [_call(server.url, "finish").text]
        _call(server.url, "begin", record_mode="none").raise_for_status()
        httpx.post(url, json={"input": f"my key is {KEY}"}, headers=key)
        texts.append(_call(server.url, "finish").text)
        server.stop()
    assert "key=REDACTED" in texts[0]
    assert "my key is " in texts[1]
    assert KEY not in "".join(texts)
