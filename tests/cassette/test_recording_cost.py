"""What a recorded exchange costs, counted in operations from its request to the saved file."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api import exchange as exchanges
from pytest_interactions.api.exchange import Request, Response
from pytest_interactions.cassette.recording import Recording
from pytest_interactions.files import layout, storage
from pytest_interactions.files.journal import directory_of
from pytest_interactions.redaction import redactor
from pytest_interactions.redaction.matcher import Matcher
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
KEY = "tok-Zx81mQp02LrT7aB5"
JSON = {"content-type": ["application/json"]}
STREAM = {"content-type": ["text/event-stream"]}
SIGNATURE = "Qx0Z" * 20


class _Counted:
    """Calls of a function, or of a method, that is still called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> None:
        self.calls = 0
        real = getattr(place, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(place, name, counted)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, int]]:
    """Count what is done to an exchange; the counts so far."""
    places: dict[str, tuple[Any, str]] = {
        "parsed": (exchanges, "parse"),
        "walked": (redactor, "redact_document"),
        "streams walked": (redactor, "redact_stream"),
        "laid out": (layout, "exchange_text"),
        "searched": (Matcher, "find"),
    }
    counts = {what: _Counted(monkeypatch, *place) for what, place in places.items()}
    return lambda: {what: count.calls for what, count in counts.items()}


def _record(cassette: Cassette, sent: Any, got: bytes, headers: Any = None, kind: Any = None) -> None:
    """Record an exchange as a client would."""
    request = Request(method="POST", uri=URL, headers=headers or dict(JSON), body=json.dumps(sent).encode())
    recording = cassette.answer(request)
    assert isinstance(recording, Recording)
    recording.finish(Response(status=200, reason="OK", headers=kind or dict(JSON), body=got))


@pytest.mark.parametrize("count", [1, 20])
def test_an_exchange_is_walked_laid_out_and_searched_once(
    count: int, counted: Callable[[], dict[str, int]], tmp_path: Path
) -> None:
    """Its request is parsed when it comes and when it is written, its response once; saving it does nothing of this."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        for number in range(count):
            _record(cassette, {"model": "m", "input": f"{number}"}, b'{"model": "m", "steps": []}')
        recorded = counted()
        assert recorded == {
            "parsed": 3 * count,
            "walked": 2 * count,
            "streams walked": 0,
            "laid out": count,
            "searched": count,
        }
    saved = counted()
    assert saved["searched"] - recorded["searched"] <= 10  # for what stands in the head of the file
    assert saved == recorded | {"searched": saved["searched"]}
    assert len(storage.load(tmp_path / "c.yaml").exchanges) == count


def test_a_stream_is_walked_once(counted: Callable[[], dict[str, int]], tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        body = b'event: step.delta\ndata: {"delta": {"type": "text", "text": "hello"}}\n\n'
        _record(cassette, {"stream": True}, body * 3 + b"event: done\ndata: [DONE]\n\n", kind=dict(STREAM))
        assert counted() == {"parsed": 2, "walked": 1, "streams walked": 1, "laid out": 1, "searched": 1}


def test_a_body_that_was_redacted_is_walked_again_to_see_that_it_stays(
    counted: Callable[[], dict[str, int]], tmp_path: Path
) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        answer = {"steps": [{"type": "thought", "signature": SIGNATURE}]}
        _record(cassette, {"input": "a"}, json.dumps(answer).encode())
    assert counted()["walked"] == 3
    assert SIGNATURE not in (tmp_path / "c.yaml").read_text()


def test_what_is_learnt_later_is_taken_out_of_all_that_was_written(tmp_path: Path) -> None:
    """Nothing that was checked before is copied then."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as cassette:
        _record(cassette, {"input": f"it is {KEY}"}, b'{"n": 1}')
        _record(cassette, {"input": "b"}, b'{"n": 2}', headers={**JSON, "x-goog-api-key": [KEY]})
        _record(cassette, {"input": "c"}, json.dumps({"said": KEY}).encode())
    assert [each.request.json()["input"] for each in storage.load(path).exchanges] == ["it is REDACTED", "b", "c"]
    assert KEY not in path.read_text()


def test_a_secret_that_the_last_exchange_tells_of_is_taken_out_of_the_first(tmp_path: Path) -> None:
    """The journal was written anew by then, and the file has what is in it."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as cassette:
        _record(cassette, {"input": f"it is {KEY}"}, b'{"n": 1}')
        _record(cassette, {"input": "b"}, b'{"n": 2}', headers={**JSON, "x-goog-api-key": [KEY]})
    assert KEY not in path.read_text()
    assert len(storage.load(path).exchanges) == 2


def test_a_journal_that_somebody_has_changed_is_not_copied(tmp_path: Path) -> None:
    """The file has what was recorded."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as cassette:
        _record(cassette, {"input": "a"}, b'{"said": "words"}')
        file = next(directory_of(path).glob("*.journal"))
        file.write_text(file.read_text().replace("words", "other"))
    assert storage.load(path).exchanges[0].response.json() == {"said": "words"}


def test_a_journal_that_can_not_be_read_is_not_copied(tmp_path: Path) -> None:
    """No pipe can."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as cassette:
        _record(cassette, {"input": "a"}, b'{"said": "words"}')
        journal = cassette._recorder._journal
        assert journal._file is not None
        journal._file.close()
        read_end, write_end = os.pipe()
        os.close(write_end)
        journal._file = open(read_end, "rb")  # noqa: PTH123, SIM115 - the journal closes it
    assert storage.load(path).exchanges[0].response.json() == {"said": "words"}


@pytest.mark.parametrize("part", ["uri", "header", "body"])
def test_an_exchange_that_a_test_has_changed_is_saved_as_it_is_then(part: str, tmp_path: Path) -> None:
    """And it is looked at again."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once") as cassette:
        _record(cassette, {"input": "a"}, b'{"n": 1}', headers={**JSON, "x-goog-api-key": [KEY]})
        request = cassette.exchanges[0].request
        if part == "uri":
            request.uri += f"?key={KEY}"
        elif part == "header":
            request.headers["content-type"].append(f"text/{KEY}")
        else:
            request.body = json.dumps({"input": KEY}).encode()
    saved = storage.load(path).exchanges[0].request
    assert KEY not in path.read_text()
    found = {"uri": saved.uri, "header": saved.headers["content-type"][-1], "body": saved.body.decode()}
    assert found[part].endswith(("?key=REDACTED", "text/REDACTED", '"REDACTED"\n}'))


def test_media_are_in_files_of_their_own_as_ever(tmp_path: Path) -> None:
    """What the journal has of them is not what the cassette has."""
    path = tmp_path / "c.yaml"
    answer = {"steps": [{"content": [{"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgoAAAAN" * 20}]}]}
    with use_cassette(path, record_mode="once", media_threshold=100) as cassette:
        _record(cassette, {"input": "a"}, json.dumps(answer).encode())
    assert "pytest-interactions-media:" in path.read_text()
    assert len(list((tmp_path / "c.media").iterdir())) == 1


def test_what_is_recorded_first_is_not_parsed_to_be_looked_up(
    counted: Callable[[], dict[str, int]], tmp_path: Path
) -> None:
    """There is nothing that it could be."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        _record(cassette, {"input": "a"}, b"no JSON", kind={"content-type": ["text/plain"]})
        # The request is when it comes and when it is written; that the response is none is found out once.
        assert counted()["parsed"] == 3
