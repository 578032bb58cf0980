"""`pytest-interactions serve` with faults: of its command line, and of the calls that begin a cassette."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.cassette.clients import KEY
from tests.commands.test_serve import _refused, _serve
from tests.commands.test_serve_control import _call, _message
from tests.server.asking import STEPS, Got, ask, waiting
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def path(tmp_path: Path, emulator: Emulator) -> Path:
    """A cassette of a stream, whose events came 20 ms one after the other."""
    emulator.on().reply(steps=STEPS, events_delay=0.02)
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        ask(emulator.url, stream=True)
    emulator.stop()
    return tmp_path / "c.yaml"


def _stream(url: str, timeout: float | None = 5.0) -> Got:
    return ask(url, stream=True, timeout=timeout)


# --- the command line ---


def test_the_command_line_has_faults(path: Path) -> None:
    """Each `--fault` is one more; those that end an answer hit one request after the other."""
    faults = ("--fault", "error: 503, retry_after: 1", "--fault", "cut_after: 3", "--fault", "{repeat: 1, times: all}")
    with _serve(path, *faults) as server:
        answers = [_stream(server.url) for _ in range(3)]
        assert server.stop()[::2] == (0, "")
    assert [got.status for got in answers] == [503, 200, 200]
    assert [got.error for got in answers] == [None, httpx.RemoteProtocolError, None]
    assert [len(got.events) for got in answers[1:]] == [4, 9]  # the first one twice


@pytest.mark.parametrize(
    ("options", "least", "most"),
    [
        (("--pace", "recorded"), 0.1, 60),
        (("--pace", "9", "--fast-forward"), 0, 9),
        (("--pace", "0.02"), 0.1, 60),
    ],
)
def test_the_command_line_has_a_pace(options: tuple[str, ...], least: float, most: float, path: Path) -> None:
    """Events come as they did when they were recorded, unless waiting is skipped."""
    with _serve(path, *options) as server:
        start = time.monotonic()
        assert _stream(server.url).error is None
        assert least <= time.monotonic() - start < most
        server.stop()


def test_what_hit_nothing_is_told_at_the_end(path: Path) -> None:
    """A person reads it on the standard error, and by which seed a storm is the same again."""
    with _serve(path, "--fault", "cut_after: 99", "--fault", "storm, of: [delay]") as server:
        _stream(server.url, timeout=60)
        status, _, err = server.stop()
    assert status == 0
    assert "cut_after: 99: exchange 1 can't be hit by it: its stream has 8 events, none after number 99" in err
    storm = f"{re.escape(str(path))}: it was in a storm, which is the same again by storm: [0-9]+, of:"
    assert re.search(f"^{storm}", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "eror: 429"), "command line: fault: eror: unknown key (did you mean 'error'?)"),
        (("--fault", "error: 42"), "command line: fault: error: must be greater than or equal to 400"),
        (("--fault", "error"), "command line: fault: error: must be a valid integer"),
        (("--fault", "429"), "command line: fault: 429: unknown key; known are: on, times, error"),
        (("--fault", "storm: 1, of: [delai]"), "'delai' is not one of"),
        (("--pace", "recrded"), "did you mean 'recorded'?"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: tuple[str, ...], message: str, path: Path) -> None:
    """With the near match, and before anything is served."""
    assert message in _refused(path, *arguments)


# --- the calls ---


def test_a_test_begins_with_faults(path: Path) -> None:
    """As a mapping, a list or a text; what hit is told at the finish, and the next test has none."""
    mapping = {"error": 503, "on": {"stream": True}}
    with _serve(path) as server:
        for fault in (mapping, {"error": 503, "on": 1}, [mapping], "error: 503, on: {stream: true}", ["error: 503"]):
            _call(server.url, "begin", fault=fault).raise_for_status()
            assert [_stream(server.url).status for _ in range(2)] == [503, 200]
            finished = _call(server.url, "finish")
            assert finished.status_code == 200
            (told,) = finished.json()["faults"]
            assert told.startswith("exchange 1: error: 503")
        _call(server.url, "begin").raise_for_status()
        assert _stream(server.url).status == 200
        assert _call(server.url, "finish").json()["faults"] == []
        server.stop()


def test_a_test_begins_with_a_pace_or_without_waiting(path: Path) -> None:
    """The recorded pace, or none; a switch is a JSON boolean."""
    took = []
    with _serve(path) as server:
        for options in ({"pace": "recorded"}, {"pace": 9, "fast_forward": True}, {"pace": 0.02}):
            _call(server.url, "begin", **options).raise_for_status()
            start = time.monotonic()
            assert _stream(server.url).error is None
            took.append(time.monotonic() - start)
            _call(server.url, "finish").raise_for_status()
        server.stop()
    assert min(took[0], took[2]) >= 0.1
    assert took[1] < 9


def test_a_fault_that_hits_nothing_fails_the_finish(path: Path) -> None:
    """The error is in the API's shape, and says why."""
    with _serve(path) as server:
        _call(server.url, "begin", fault={"cut_after": 99}).raise_for_status()
        _stream(server.url)
        finished = _call(server.url, "finish")
        assert finished.status_code == 409
        assert "its stream has 8 events, none after number 99" in _message(finished)
        assert finished.json()["faults"] == []
        _call(server.url, "begin", fault={"cut_after": 99}).raise_for_status()
        _stream(server.url)
        assert _call(server.url, "finish", failed=True).status_code == 200
        server.stop()


def test_a_storm_tells_its_seed(path: Path) -> None:
    """The same seed is the same storm."""
    told = []
    with _serve(path) as server:
        for fault in ("storm: 7, of: [error, cut_after]",) * 2:
            _call(server.url, "begin", fault=fault).raise_for_status()
            _stream(server.url)
            report = _call(server.url, "finish").json()
            assert report["storms"] == ['storm: 7, of: ["error", "cut_after"]']
            told.append(report["faults"])
        server.stop()
    assert told[0] == told[1]


_WRONG: Final[list[tuple[dict[str, Any], str]]] = [
    ({"fault": {"eror": 429}}, "begin: fault: eror: unknown key (did you mean 'error'?)"),
    ({"fault": {"error": 1, "delay": -1}}, "delay: must be greater than or equal to 0"),
    ({"fault": {"error": 503, "on": {"inptu": "x"}}}, "on.inptu: unknown key (did you mean 'input'?)"),
    ({"fault": 5}, "begin: fault: int is neither a fault nor a list of them, such as {'error': 429}"),
    ({"fault": [5]}, "begin: fault: int is neither"),
    ({"fault": True}, "begin: fault: bool is neither"),
    ({"fault": {"message": "x"}}, "begin: fault: it does nothing"),
    ({"fault": "what"}, "begin: fault: what: unknown key; known are: on, times, error"),
    ({"pace": "recrded"}, "did you mean 'recorded'?"),
    ({"fast_forward": "perhaps"}, "begin: fast_forward: 'perhaps' is neither true nor false"),
    ({"faults": {}}, "begin: there is no 'faults'. Fields: cassette, record_mode,"),
]


def test_a_wrong_option_is_an_error_of_the_api_s(path: Path) -> None:
    """With the near match, and nothing begins."""
    with _serve(path) as server:
        for options, message in _WRONG:
            refused = _call(server.url, "begin", **options)
            assert (refused.status_code, refused.json().keys()) == (400, {"error"})
            assert message in _message(refused)
        assert server.stop()[::2] == (0, "")


@pytest.mark.parametrize("end", ["finish", "begin", "stop"])
def test_what_never_comes_is_broken_off_at_the_end(end: str, path: Path) -> None:
    """A client without patience gets a broken connection at once when its cassette ends, and holds nothing up."""
    with _serve(path) as server:
        _call(server.url, "begin", fault={"hang_after": 2}).raise_for_status()
        with waiting(server.url, until=lambda got: len(got.events) == 2) as got:
            if end == "stop":
                assert server.stop()[::2] == (0, "")
            else:
                assert _call(server.url, end).status_code == 200
        assert len(got.events) == 2
        assert got.error in (httpx.RemoteProtocolError, httpx.ReadError)
        server.process.kill()


def test_a_report_of_faults_holds_no_key(path: Path) -> None:
    """Not even where a test has put its key into a message."""
    fault = [{"error": 503, "message": f"{KEY} is over"}, {"error": 429, "message": KEY, "on": 9}]
    with _serve(path) as server:
        _call(server.url, "begin", fault=fault).raise_for_status()
        _stream(server.url)
        finished = _call(server.url, "finish")
        server.stop()
    assert finished.status_code == 409
    assert len(finished.json()["faults"]) == 1
    assert KEY not in finished.text
