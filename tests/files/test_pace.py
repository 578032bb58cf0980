"""The head of a cassette says when the events of each stream came; no reader needs it."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import vcr
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions import SecretLeakError
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.commands import main
from pytest_interactions.files import layout, pace, parsing, reading, storage
from pytest_interactions.files.journal import Journal
from pytest_interactions.files.layout import dumps
from pytest_interactions.files.origin import Origin
from pytest_interactions.options import Options, RecordMode
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.scripted_server import Answer, scripted
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable


PATH = Path("c.yaml")
TIMES = (0.412, 0.412, 0.447, 0.483)
STREAM = b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\nevent: done\ndata: [DONE]\n\n"


def _stream(
    times: tuple[float, ...] | None = TIMES, body: bytes = STREAM, sent: bytes = b"{}", **more: Any
) -> Exchange:
    kind = more.pop("kind", "text/event-stream")
    return Exchange(
        request=Request(
            method="POST", uri="https://h/v1/interactions", headers={"content-type": ["application/json"]}, body=sent
        ),
        response=Response(status=200, reason="OK", headers={"content-type": [kind]}, body=body),
        times=times,
        **more,
    )


def _plain() -> Exchange:
    return _stream(None, b"{}", kind="application/json")


def _read(text: str) -> list[tuple[float, ...] | None]:
    return [exchange.times for exchange in storage.loads(text.encode(), PATH).exchanges]


# --- the text ---


def test_a_stream_has_one_line_of_gaps() -> None:
    """In milliseconds, by the number of its exchange; what is no stream, or has no known times, has none."""
    text = dumps([_plain(), _stream(seconds=0.5), _stream(None), _stream((2.0, 2.0, 2.0, 2.0))])
    assert text.startswith(
        "version: 1\nmetadata:\n  exchanges: 4\n  seconds: [null, 0.5, null, null]\n"
        "  events:\n    2: 412 0 35 36\n    4: 2000 0 0 0\ninteractions:\n"
    )
    assert _read(text) == [None, TIMES, None, (2.0, 2.0, 2.0, 2.0)]


def test_any_yaml_reader_finds_texts() -> None:
    """The quick reader finds what PyYAML does."""
    text = dumps([_stream(), _stream((7.0,), b"")])
    assert yaml.safe_load(text)["metadata"] == {"exchanges": 2, "events": {1: "412 0 35 36", 2: 7000}}
    quickly = reading.read(text.encode())
    assert quickly is not None
    quickly.metadata["events"][2] = int(quickly.metadata["events"][2])
    assert quickly == parsing.read(text.encode(), 10**6)
    assert _read(text) == _read(text.replace("    1:", "    1: ")) == [TIMES, (7.0,)]


def test_a_cassette_in_json_keeps_its_times() -> None:
    """Where the numbers of exchanges are texts."""
    assert _read(json.dumps(yaml.safe_load(dumps([_plain(), _stream()])))) == [None, TIMES]


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60))
def test_roundings_do_not_add_up(gaps: list[float]) -> None:
    """However many events there are, each is told to half a millisecond."""
    times = [sum(gaps[: number + 1]) for number in range(len(gaps))]
    found = pace.times_in(pace.gaps_of(times))
    assert found is not None
    assert all(abs(read - told) <= 0.0005 + 1e-9 for read, told in zip(found, times, strict=True))
    assert pace.gaps_of(found) == pace.gaps_of(times)


def test_a_clock_that_went_back_gives_no_negative_gap() -> None:
    """Such as one that a test has set."""
    assert pace.gaps_of([1.0, 0.5, 1.25]) == "1000 0 250"


_TEXT = dumps([_stream(seconds=0.5), _plain(), _stream((7.0,), b"")], origin=Origin(models=("m",)))


@given(
    st.integers(0, _TEXT.index("interactions:")),
    st.sampled_from(["", " ", "\n", "-", ":", "'", "#", "0", "1", "_", ".", "  events:\n", "\t", "&a ", "    1: 5\n"]),
    st.integers(0, 4),
)
def test_a_head_that_was_changed_by_hand_is_never_misread(place: int, inserted: str, removed: int) -> None:
    """Wherever it is edited, the quick reader finds what PyYAML finds, or leaves the file to it."""
    text = (_TEXT[:place] + inserted + _TEXT[place + removed :]).encode()
    found = reading.read(text)
    if found is not None:
        slowly = parsing.read(text, 10**6)
        pace.read(found.metadata, found.exchanges)
        pace.read(slowly.metadata, slowly.exchanges)
        assert [each.times for each in found.exchanges] == [each.times for each in slowly.exchanges]
        assert found.metadata.keys() == slowly.metadata.keys()
        assert found.exchanges == slowly.exchanges


@pytest.mark.parametrize(
    "events",
    [
        "  events: 7\n",
        "  events: [1, 2]\n",
        "  events: {}\n",
        "  events: {1: [412, 0]}\n",
        "  events:\n    1: 412 zero\n",
        "  events:\n    1: -5 3\n",
        "  events:\n    1: 1.5 2\n",
        "  events:\n    1: true\n",
        "  events:\n    1: ''\n",
        "  events:\n    1: 1  2\n",
        f"  events:\n    1: {'9' * 5000} 1\n",
        f"  events:\n    {'9' * 500}: 1 1\n",
        f"  events:\n    1: {'9' * 12} {'9' * 12}\n",
        "  events:\n    0: 412 0\n",
        "  events:\n    4: 412 0\n",
        "  events:\n    2: 412 0\n",
        "  events:\n    -1: 412 0\n",
        "  events:\n    one: 412 0\n",
        "  events:\n    true: 412 0\n",
        "  events:\n    1: \u0664\u0661 0\n",
        "",
    ],
)
def test_what_can_t_be_understood_is_left_out(events: str) -> None:
    """The exchanges are what they are; one that is no stream has no times either."""
    text = dumps([_stream(), _plain(), _stream(None)])
    changed = re.sub(r"(?ms)^  events:.*?^interactions", lambda _: f"{events}interactions", text)
    assert _read(changed) == [None, None, None]


def test_vcrpy_plays_a_cassette_with_times(tmp_path: Path) -> None:
    """It passes over what it does not know."""
    path = tmp_path / "c.yaml"
    path.write_text(dumps([_stream()]))
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "path"]):
        assert httpx.post("https://h/v1/interactions", json={}).content == STREAM


def test_a_long_stream_is_read_quickly() -> None:
    """Its times need no PyYAML."""
    body = STREAM * 2000
    times = tuple(number / 1000 for number in range(6001))
    text = dumps([_stream(times, body)])
    assert reading.read(text.encode()) is not None
    assert _read(text) == [times]


# --- what writes a cassette ---


def _gate(*known: str) -> Gate:
    return Gate(Redactor(secrets=Secrets(known)))


def test_commands_that_write_a_cassette_keep_its_times(tmp_path: Path) -> None:
    """`redact` and `check --fix` change what they are for."""
    path = tmp_path / "c.yaml"
    key = "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw"
    path.write_text(dumps([_plain(), _stream(sent=f'{{"input": "{key}"}}'.encode())]))
    assert main(["redact", str(path)]) == 0
    assert key not in path.read_text()
    path.write_text(path.read_text().replace("REDACTED", "EDITED").replace("data: 2", "data: two"))
    assert main(["check", "--fix", str(path)]) == 0
    assert [exchange.times for exchange in storage.load(path).exchanges] == [None, TIMES]


def test_an_edit_that_changes_the_number_of_events_loses_their_times(tmp_path: Path) -> None:
    """Nobody knows when the new one would have come."""
    path = tmp_path / "c.yaml"
    text = dumps([_stream(), _stream(sent=b'{"n": 2}')])
    path.write_text(text.replace("data: 2\n", "data: 2\n\n        event: new\n        data: 3\n", 1))
    assert main(["check", "--fix", str(path)]) == 0
    assert [exchange.times for exchange in storage.load(path).exchanges] == [None, TIMES]


def test_what_is_kept_of_a_refused_recording_has_its_own_times(tmp_path: Path) -> None:
    """Exchanges that nothing can clean are left out, with theirs."""
    import gzip

    packed = _stream(None, gzip.compress(b"tok-0123456789"), kind="application/zip")
    with pytest.raises(SecretLeakError):
        storage.save(tmp_path / "c.yaml", storage.Contents([packed, _stream()]), _gate("tok-0123456789"))
    assert [exchange.times for exchange in storage.load(tmp_path / "c.redacted.yaml").exchanges] == [TIMES]


def test_what_a_killed_process_has_recorded_has_its_times(tmp_path: Path) -> None:
    """With and without the seconds that it took."""
    path = tmp_path / "c.yaml"
    journal = Journal(path, _gate(), replaces=False)
    for exchange in (_stream(seconds=1.25), _plain(), _stream((0.5, 0.5, 0.75, 0.75), sent=b'{"n": 1}')):
        journal.add(exchange)
    journal.leave()
    open_cassette(path, Options(record_mode=RecordMode.NEW_EPISODES), rerecord=str)
    found = storage.load(path).exchanges
    assert [exchange.times for exchange in found] == [TIMES, None, (0.5, 0.5, 0.75, 0.75)]
    assert [exchange.seconds for exchange in found] == [1.25, None, None]


def test_the_journal_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It says nothing of events."""
    path = tmp_path / "c.yaml"
    journal = Journal(path, _gate(), replaces=False)
    journal.add(_stream(seconds=1.25))
    journal.leave()
    text = journal._path.read_text()
    assert "# finished in 1.250 s, events: 412 0 35 36\n" in text
    journal._path.write_text(text.replace(", events: 412 0 35 36", ""))
    open_cassette(path, Options(record_mode=RecordMode.NEW_EPISODES), rerecord=str)
    assert [(exchange.seconds, exchange.times) for exchange in storage.load(path).exchanges] == [(1.25, None)]


# --- recorded again ---


def _events(text: str = "2") -> Answer:
    return Answer([{"event_type": "a", "n": 1}, {"event_type": "b", "n": text}, b"event: done\ndata: [DONE]\n\n"])


def _slow(text: str) -> str:
    """A cassette as if all had taken longer, a day ago."""
    text = re.sub(r"(?m)^  recorded: .*$", "  recorded: '2020-01-01T00:00:00Z'", text)
    text = re.sub(r"(?m)^  seconds: .*$", lambda line: re.sub(r"\d+\.\d+", "12.5", line[0]), text)
    return re.sub(r"(?m)^    (\d+): [\d ]+$", r"    \1: 9000 1 2 3", text)


class _Again:
    """A cassette that is recorded twice from one server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = "2"
        self.before = ""

    def twice(self, *sent: str, mode: str = "rewrite", said: str = "2", between: Callable[[str], str] = _slow) -> str:
        """Record what `between` changes then, and record again what the server has `said` to "b"; the file's text."""
        with scripted(lambda asked: _events(self.said if b'"b"' in asked.body else "2")) as server:
            self.record(server.url, *sent)
            self.path.write_text(between(self.path.read_text()))
            self.before, self.said = self.path.read_text(), said
            self.record(server.url, *sent, mode=mode)
        return self.path.read_text()

    def record(self, url: str, *sent: str, mode: str = "rewrite") -> None:
        """Record requests."""
        with use_cassette(self.path, record_mode=mode, unplayed="ignore"):
            for prompt in sent:
                httpx.post(f"{url}/v1/interactions", json={"input": prompt}).raise_for_status()


def _differing(before: str, after: str) -> list[str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [new.partition(":")[0] for old, new in pairs if old != new]


@pytest.mark.parametrize("mode", ["rewrite", "all"])
def test_what_is_recorded_again_and_the_same_keeps_its_times(tmp_path: Path, mode: str) -> None:
    """The file differs by its age alone, of which it tells the truth."""
    again = _Again(tmp_path / "c.yaml")
    after = again.twice("a", "b", "a", mode=mode)
    assert _differing(again.before, after) == ["  recorded"]
    assert "    1: 9000 1 2 3\n    2: 9000 1 2 3\n    3: 9000 1 2 3\n" in after
    assert "  seconds: [12.5, 12.5, 12.5]\n" in after


def test_what_has_changed_has_new_times(tmp_path: Path) -> None:
    """And what has not keeps its own, wherever it is."""
    again = _Again(tmp_path / "c.yaml")
    after = again.twice("a", "b", said="3")
    assert "    1: 9000 1 2 3\n" in after
    assert "    2: 9000" not in after
    assert after.count("12.5") == 1


def test_times_that_a_file_lacks_come_with_the_next_recording(tmp_path: Path) -> None:
    """As in one of an earlier version; the seconds that it has stay."""
    again = _Again(tmp_path / "c.yaml")
    after = again.twice("a", between=lambda text: re.sub(r"(?m)^  events:\n(?:    .*\n)+", "", _slow(text)))
    assert "  seconds: [12.5]\n" in after
    assert re.search(r"(?m)^    1: \d+ \d+ \d+ \d+$", after)
    assert "9000" not in after


def test_times_that_nobody_had_taken_come_with_the_next_recording(tmp_path: Path) -> None:
    """Also where one exchange of a file has some and another has none."""

    def without_the_first(text: str) -> str:
        return _slow(text).replace("seconds: [12.5", "seconds: [null").replace("    1: 9000 1 2 3\n", "")

    after = _Again(tmp_path / "c.yaml").twice("a", "b", between=without_the_first)
    assert re.search(r"(?m)^  seconds: \[\d\.\d+, 12\.5\]\n  events:\n    1: [0-8].*\n    2: 9000 1 2 3\n", after)


def test_a_recording_that_waits_keeps_the_times_too(tmp_path: Path) -> None:
    """Its acceptance changes what has changed."""
    again = _Again(tmp_path / "c.yaml")
    with scripted(lambda _: _events()) as server:
        again.record(server.url, "a")
        again.path.write_text(_slow(again.path.read_text()))
        before = again.path.read_text()
        with pytest.raises(ZeroDivisionError), use_cassette(again.path, record_mode="rewrite"):
            httpx.post(f"{server.url}/v1/interactions", json={"input": "a"})
            raise ZeroDivisionError
        assert again.path.read_text() == before
    assert main(["review", "--accept", str(again.path)]) == 0
    after = again.path.read_text().replace("  incomplete: true\n", "")
    assert _differing(before, after) == ["  recorded"]


def test_gaps_are_told_of_each_pair() -> None:
    """They are what `check` and people read: the sum is the time of the last event."""
    found = pace.times_in("412 0 35 36")
    assert found == TIMES
    assert [round(later - earlier, 3) for earlier, later in pairwise(found)] == [0.0, 0.035, 0.036]
    assert layout.head(1, times=[found]).endswith("    1: 412 0 35 36\ninteractions:\n")
