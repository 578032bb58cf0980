"""A cassette that many tests use: read once, looked through once, and the same for each of them."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette import filters
from pytest_interactions.files import layout, shared, storage
from pytest_interactions.redaction.secrets import of_this_run
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
_LIMIT = 2**20
_LONG_AGO = 1_600_000_000


def _write(path: Path, *inputs: str) -> None:
    exchanges = [
        Exchange(
            request=Request(method="POST", uri=URL, body=b'{"input":"%s"}' % text.encode()),
            response=Response(status=200, headers={"x-kept": ["1"]}, body=b'{"id":"%s"}' % text.encode()),
        )
        for text in inputs
    ]
    path.write_text(layout.dumps(exchanges))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], list[Any]]:
    """Count the calls of a function from now on."""

    def count(place: Any, name: str) -> list[Any]:
        made: list[Any] = []
        real = getattr(place, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            made.append(args)
            return real(*args, **kwargs)

        monkeypatch.setattr(place, name, counted)
        return made

    return count


def _ask(path: Path, *inputs: str, **options: Any) -> list[str]:
    with use_cassette(path, unplayed="ignore", **options), httpx2.Client() as client:
        return [client.post(URL, json={"input": text}).json()["id"] for text in inputs]


def test_a_file_is_parsed_once_until_it_changes(tmp_path: Path, calls: Callable[[Any, str], list[Any]]) -> None:
    path = tmp_path / "c.yaml"
    _write(path, "a")
    os.utime(path, (_LONG_AGO, _LONG_AGO))
    parsed = calls(storage, "loads")
    assert [_ask(path, "a") for _ in range(3)] == [["a"]] * 3
    assert len(parsed) == 1
    _write(path, "b")
    assert _ask(path, "b") == ["b"]
    assert len(parsed) == 2


def test_a_change_within_one_tick_of_the_file_system_is_seen(
    tmp_path: Path, calls: Callable[[Any, str], list[Any]]
) -> None:
    """Neither the size nor the time of the file tells of it, so the bytes of a new file are compared."""
    path = tmp_path / "c.yaml"
    _write(path, "a")
    status = path.stat()
    read = calls(storage, "read_bytes")
    assert _ask(path, "a") == _ask(path, "a") == ["a"]
    assert len(read) == 2
    _write(path, "b")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _ask(path, "b") == ["b"]


def test_a_copy_with_the_times_of_another_file_is_read(tmp_path: Path) -> None:
    """Whoever copies files, or unpacks them, may give them all the same times."""
    for name in "ab":
        _write(tmp_path / f"{name}.yaml", name)
        os.utime(tmp_path / f"{name}.yaml", (_LONG_AGO, _LONG_AGO))
    path = tmp_path / "c.yaml"
    answered = []
    for name in "abab":
        shutil.copy2(tmp_path / f"{name}.yaml", path)
        answered += _ask(path, name)
    assert answered == ["a", "b", "a", "b"]


def test_a_file_that_is_replaced_while_it_is_read_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.yaml"
    _write(path, "a")
    os.utime(path, (_LONG_AGO, _LONG_AGO))
    real = storage.read_bytes

    def slowly(*args: Any) -> bytes:
        raw = real(*args)
        monkeypatch.setattr(storage, "read_bytes", real)
        _write(path, "b")
        return raw

    monkeypatch.setattr(storage, "read_bytes", slowly)
    first = shared.load(path, _LIMIT)
    assert b'"a"' in first.exchanges[0].request.body
    assert b'"b"' in shared.load(path, _LIMIT).exchanges[0].request.body


def test_only_so_much_is_kept_and_what_was_used_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Callable[[Any, str], list[Any]]
) -> None:
    paths = [tmp_path / f"{name}.yaml" for name in "abc"]
    for path in paths:
        _write(path, path.stem)
        os.utime(path, (_LONG_AGO, _LONG_AGO))
    size = paths[0].stat().st_size
    monkeypatch.setattr(shared, "MOST_KEPT", size * 2)
    parsed = calls(storage, "loads")
    for path in (*paths, *reversed(paths)):
        shared.load(path, _LIMIT)
    assert [made[1].stem for made in parsed] == ["a", "b", "c", "a"]
    shared.load(paths[0], _LIMIT * 2)
    assert len(parsed) == 5  # what another limit allows was not read under this one


def test_what_a_test_changes_of_its_exchanges_no_other_sees(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    _write(path, "a")
    os.utime(path, (_LONG_AGO, _LONG_AGO))
    for _ in range(2):
        with use_cassette(path) as cassette, httpx2.Client() as client:
            client.post(URL, json={"input": "a"})
        [exchange] = cassette.exchanges
        assert exchange.response.json() == {"id": "a"}
        assert exchange.response.headers == {"x-kept": ["1"]}
        assert cassette.exchanges[0] is exchange
        exchange.response.json().clear()
        exchange.response.headers["x-kept"].clear()
        exchange.request.headers["x-new"] = ["2"]


def test_the_keys_of_a_file_are_made_once_for_all_who_redact_and_match_alike(
    tmp_path: Path, calls: Callable[[Any, str], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.yaml"
    _write(path, *"abcd")
    os.utime(path, (_LONG_AGO, _LONG_AGO))
    assert _ask(path, "c") == ["c"]
    keys = calls(filters, "key_of")
    assert [_ask(path, text) for text in "cdb"] == [["c"], ["d"], ["b"]]
    assert not keys
    assert _ask(path, "c", match_on=["method", "body"]) == ["c"]
    assert len(keys) == 5  # of the recorded requests, and of the one that was asked
    keys.clear()
    monkeypatch.setenv("SOME_TOKEN", "a-secret-that-is-new-9327")
    of_this_run().learn_environ(os.environ)
    assert _ask(path, "c", match_on=["method", "body"]) == ["c"]
    assert len(keys) == 5
    keys.clear()
    for _ in range(2):
        assert _ask(path, "c", normalize_request=lambda request: request) == ["c"]
    assert len(keys) == 10


def test_the_keys_of_a_file_with_a_secret_that_was_not_known_are_not_kept(tmp_path: Path) -> None:
    """The first one is redacted without it, which is sent by the last one."""
    secret = "Zq8-not-known-before-7431"
    path = tmp_path / "c.yaml"
    bodies = [b'{"input":"one"}', b'{"input":"tell %s"}' % secret.encode(), b'{"input":"three"}']
    exchanges = [
        Exchange(
            request=Request(method="POST", uri=URL, body=body),
            response=Response(status=200, body=b'{"id":"%d"}' % number),
        )
        for number, body in enumerate(bodies)
    ]
    exchanges[2].request.headers["authorization"] = [f"Bearer {secret}"]
    path.write_text(layout.dumps(exchanges))
    os.utime(path, (_LONG_AGO, _LONG_AGO))
    for _ in range(3):
        with use_cassette(path, unplayed="ignore"), httpx2.Client() as client:
            answered = client.post(URL, json={"input": f"tell {secret}", "stream": False}).json()
        assert answered == {"id": "1"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{\n  'q': 'x , y'}", "{'q':'x,y'}"),
        ("[1]\n[2]", "[1][2]"),
        ("{user{name}}", "{\n  user { name }\n}"),
        ('{"a":1}&b=2', '{"a": 1}&b=2'),
        ("{,,}", "{ , ,}"),
    ],
)
def test_bodies_that_are_no_json_are_told_apart_by_their_white_space(first: str, second: str, tmp_path: Path) -> None:
    """Also where they begin as JSON does; whichever is asked for first."""
    path = tmp_path / "c.yaml"
    headers = {"content-type": ["text/plain"]}
    exchanges = [
        Exchange(
            request=Request(method="POST", uri=URL, headers=headers, body=body.encode()),
            response=Response(status=200, body=b"%d" % number),
        )
        for number, body in enumerate([first, second])
    ]
    path.write_text(layout.dumps(exchanges))
    for order in ([first, second], [second, first]):
        with use_cassette(path), httpx2.Client() as client:
            answered = {
                body: client.post(URL, content=body, headers={"content-type": "text/plain"}).text for body in order
            }
        assert answered == {first: "0", second: "1"}
