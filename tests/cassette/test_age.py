"""A replay of what is old, or of a model that is no more, is told of or fails."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import StaleError, UnplayedError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette.age import concerns, recorded_at
from pytest_interactions.files.origin import UNKNOWN, Origin
from tests.cassette.clients import _post
from tests.commands.test_serve import _serve
from tests.commands.test_serve_control import _call
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
TOO_OLD = "it is 90 days old (recorded on 2026-01-01), and max_age is 30 days"


def _exchange(answer: str, date: str = "", model: str = "gemini-2.0-flash") -> Exchange:
    return Exchange(
        request=Request(
            method="POST", uri="https://h/v1beta/interactions", body=f'{{"model": "{model}", "input": "a"}}'.encode()
        ),
        response=Response(
            status=200,
            headers={"content-type": ["application/json"]} | ({"date": [date]} if date else {}),
            body=answer.encode(),
        ),
    )


def _found(
    origin: Origin, exchanges: list[Exchange], max_age: float | None = None, retired: tuple[str, ...] = ()
) -> list[str]:
    return concerns(origin, exchanges, max_age=max_age, retired=retired, now=NOW)


CREATED = _exchange('{"id": "v1_a", "status": "completed", "steps": [], "created": "2026-01-01T06:00:00+05:00"}')
DATED = _exchange("{}", "Thu, 01 Jan 2026 05:00:00 GMT")
FRESH = Origin(recorded="2026-03-31T12:00:00Z", models=("gemini-3.5-flash",))
OLD = Origin(recorded="2026-01-01T12:00:00Z")


@pytest.mark.parametrize(
    ("origin", "exchanges", "max_age", "found"),
    [
        (OLD, [], 30, [TOO_OLD]),
        (OLD, [], 90, []),
        (OLD, [], 89.5, ["it is 90 days old (recorded on 2026-01-01), and max_age is 89.5 days"]),
        (FRESH, [CREATED], 30, []),
        (FRESH, [], 0.5, ["it is 1 day old (recorded on 2026-03-31), and max_age is 0.5 days"]),
        (FRESH, [], 0.9, ["it is 1 day old (recorded on 2026-03-31), and max_age is 0.9 days"]),
        (OLD, [], 1, ["it is 90 days old (recorded on 2026-01-01), and max_age is 1 day"]),
        (Origin(recorded="2050-01-01T00:00:00Z"), [], 1, []),
        (Origin(recorded="2026-99-99T99:99:99Z"), [CREATED], 1, []),
        (UNKNOWN, [CREATED], 30, [TOO_OLD]),
        (UNKNOWN, [DATED], 30, [TOO_OLD]),
        (UNKNOWN, [_exchange("{}", "2026-01-01T12:00:00")], 30, [TOO_OLD]),
        (UNKNOWN, [_exchange("{}", "last summer")], 30, []),
        (UNKNOWN, [_exchange("{}", "0001-01-01T00:00:00+23:00")], 30, []),
        (UNKNOWN, [_exchange("{}")], 30, []),
        (UNKNOWN, [], 30, []),
        (OLD, [CREATED], None, []),
    ],
)
def test_age_is_that_of_the_head_or_of_the_first_answer(
    origin: Origin, exchanges: list[Exchange], max_age: float | None, found: list[str]
) -> None:
    """What says nothing of its age is never too old."""
    assert _found(origin, exchanges, max_age) == found


@pytest.mark.parametrize(
    ("origin", "exchanges", "retired", "named"),
    [
        (UNKNOWN, [CREATED], ("gemini-2.0-flash",), "gemini-2.0-flash"),
        (UNKNOWN, [CREATED], ("models/Gemini-2.0-FLASH", "other"), "gemini-2.0-flash"),
        (UNKNOWN, [CREATED], ("gemini-2.0",), ""),
        (FRESH, [CREATED], ("gemini-2.0-flash",), ""),
        (FRESH, [], ("gemini-3.5-flash",), "gemini-3.5-flash"),
        (Origin(models=("B", "a", "c")), [], ("a", "b"), "B, a"),
        (UNKNOWN, [CREATED], (), ""),
        (UNKNOWN, [], ("gemini-2.0-flash",), ""),
    ],
)
def test_a_retired_model_is_one_that_a_request_or_an_answer_names(
    origin: Origin, exchanges: list[Exchange], retired: tuple[str, ...], named: str
) -> None:
    """By its head, if that says which there are; in upper or lower case, with `models/` before it or not."""
    assert _found(origin, exchanges, retired=retired) == ([f"it names what is retired: {named}"] if named else [])


def test_both_are_said() -> None:
    """The age first."""
    assert _found(OLD, [CREATED], 30, ("gemini-2.0-flash",)) == [TOO_OLD, "it names what is retired: gemini-2.0-flash"]
    assert recorded_at(OLD, []) == datetime(2026, 1, 1, 12, tzinfo=UTC)


# --- a cassette that is replayed ---


def _ask(url: str, prompt: str = "a") -> None:
    httpx.request(**_post(url, prompt)).raise_for_status()


@pytest.fixture
def old(emulator: Emulator, tmp_path: Path) -> Path:
    """A cassette that was recorded on the first day of 2020."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _ask(emulator.url)
    path.write_text(re.sub(r"(?m)^  recorded: .*$", "  recorded: '2020-01-01T00:00:00Z'", path.read_text()))
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_age": "12w"}, r"it is \d{4,} days old \(recorded on 2020-01-01\), and max_age is 84 days\."),
        ({"retired_models": "models/gemini-3.5-flash"}, r"it names what is retired: gemini-3\.5-flash\."),
    ],
)
def test_a_stale_replay_is_a_warning_or_an_error(
    options: dict[str, Any], words: str, emulator: Emulator, old: Path
) -> None:
    """It names the file, why, and how to record it again; the error says in one line what there is."""
    emulator.stop()
    text = rf"c\.yaml may not be what the API answers today: {words}\n\nTo record it again: use_cassette\(.*rewrite"
    with pytest.warns(UserWarning, match=text), use_cassette(old, **options):
        _ask(emulator.url)
    with pytest.raises(StaleError, match=text) as caught, use_cassette(old, stale="fail", **options):
        _ask(emulator.url)
    assert re.fullmatch(f"stale: {words[:-2]}", caught.value.headline)


def test_what_is_not_replayed_is_not_judged(emulator: Emulator, old: Path) -> None:
    """Nor what is recorded anew, or young enough."""
    stale = {"stale": "fail", "max_age": 1}
    with use_cassette(old, record_mode="new_episodes", **stale):
        _ask(emulator.url, "another")
    with use_cassette(old, unplayed="ignore", **stale):
        pass
    with use_cassette(old, stale="fail", max_age=10**6, retired_models="gemini-1.0"):
        _ask(emulator.url)
        _ask(emulator.url, "another")
    with use_cassette(old, record_mode="rewrite", **stale):
        _ask(emulator.url)
    with use_cassette(old, **stale):
        _ask(emulator.url)


def test_what_a_test_left_out_is_said_first(emulator: Emulator, old: Path) -> None:
    """A warning of what was not asked for does not take the place of the error for its age."""
    with use_cassette(old, record_mode="new_episodes"):
        _ask(emulator.url, "another")
    with pytest.raises(UnplayedError), use_cassette(old, stale="fail", max_age=1):
        _ask(emulator.url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(StaleError), use_cassette(old, stale="fail", max_age=1, unplayed="warn"):
            _ask(emulator.url)


def test_a_test_in_another_language_is_told(emulator: Emulator, old: Path) -> None:
    """Where it finishes its cassette, whatever becomes of what was not asked for."""
    emulator.stop()
    for args, status in ((("--stale", "fail"), 409), (("--stale", "fail", "--unplayed", "ignore"), 409), ((), 200)):
        with _serve(old, "--max-age", "90d", *args) as server:
            _call(server.url, "begin").raise_for_status()
            _ask(server.url)
            finished = _call(server.url, "finish")
            assert finished.status_code == status
            assert ("(recorded on 2020-01-01)" in finished.text) == (status == 409)
            _ask(server.url)
            assert ("c.yaml: it is " in server.stop()[2]) == (status == 200)
