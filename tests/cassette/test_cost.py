"""What a replayed request costs, counted in operations: the same however large the cassette is."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from pytest_interactions.api import exchange
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette import filters, recorded
from pytest_interactions.cassette.words import Words
from pytest_interactions.files import layout, storage
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
_JSON = {"content-type": ["application/json"]}


class _Counted:
    """Calls of a function that is still called."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.calls = 0
        self._real = real

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self._real(*args, **kwargs)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, _Counted]:
    """Count parses, keys and deep copies from now on."""
    functions = {"parses": (exchange, "parse"), "keys": (filters, "key_of"), "copies": (copy, "deepcopy")}
    counts = {name: _Counted(getattr(place, attribute)) for name, (place, attribute) in functions.items()}
    for name, (place, attribute) in functions.items():
        monkeypatch.setattr(place, attribute, counts[name])
    monkeypatch.setattr(recorded, "parse", counts["parses"])
    return counts


def _cassette(path: Path, count: int) -> Path:
    exchanges = [
        Exchange(
            request=Request(method="POST", uri=URL, headers=_JSON, body=b'{"model":"m","input":"%d"}' % number),
            response=Response(status=200, reason="OK", headers=_JSON, body=b'{"id":"%d"}' % number),
        )
        for number in range(count)
    ]
    path.write_text(layout.dumps(exchanges))
    return path


def _calls(
    counted: dict[str, _Counted], path: Path, numbers: list[int], *, after: int, more: Any = None
) -> dict[str, int]:
    """The operations of all requests but the first `after`."""
    before: dict[str, int] = {}
    with use_cassette(path, unplayed="ignore"), httpx2.Client() as client:
        for place, number in enumerate(numbers):
            if place == after:
                before = {name: count.calls for name, count in counted.items()}
            response = client.post(URL, json={"model": "m", "input": str(number)} | (more or {}))
            assert response.content.split() == [b"{", b'"id":', b'"%d"' % number, b"}"]
    return {name: count.calls - before[name] for name, count in counted.items()}


@pytest.mark.parametrize("size", [20, 400])
def test_a_request_in_its_turn_parses_one_body(size: int, counted: dict[str, _Counted], tmp_path: Path) -> None:
    """A test that asks in the recorded order has the recorded body parsed, not its own, and no key computed."""
    calls = _calls(counted, _cassette(tmp_path / "c.yaml", size), list(range(11)), after=1)
    assert calls == {"parses": 10, "keys": 0, "copies": 0}


@pytest.mark.parametrize("size", [20, 400])
def test_a_request_out_of_turn_parses_no_body(size: int, counted: dict[str, _Counted], tmp_path: Path) -> None:
    """Requests in another order have no body parsed and no key computed, once all were looked at."""
    calls = _calls(counted, _cassette(tmp_path / "c.yaml", size), list(range(11, 0, -1)), after=1)
    assert calls == {"parses": 0, "keys": 0, "copies": 0}


@pytest.mark.parametrize("size", [20, 400])
def test_a_request_in_other_words_has_one_key(size: int, counted: dict[str, _Counted], tmp_path: Path) -> None:
    """Requests that spell out a default have their own body parsed and one key computed each."""
    numbers = list(range(11, 0, -1))
    calls = _calls(counted, _cassette(tmp_path / "c.yaml", size), numbers, after=1, more={"stream": False})
    assert calls == {"parses": 10, "keys": 10, "copies": 0}


def test_all_recorded_requests_are_looked_at_once(counted: dict[str, _Counted], tmp_path: Path) -> None:
    """The first request out of turn has one key computed for each recorded one, and its own."""
    calls = _calls(counted, _cassette(tmp_path / "c.yaml", 50), [7], after=0)
    assert calls == {"parses": 52, "keys": 51, "copies": 0}


def test_requests_out_of_turn_and_in_turn_are_each_answered_once(tmp_path: Path) -> None:
    """What was played out of turn is not played again when its turn comes."""
    path = _cassette(tmp_path / "c.yaml", 6)
    with use_cassette(path) as cassette, httpx2.Client() as client:
        for number in (0, 2, 1, 3, 5, 4):
            assert client.post(URL, json={"input": str(number), "model": "m"}).json() == {"id": str(number)}
        assert cassette.all_played


def test_equal_requests_are_answered_in_recorded_order_however_they_are_found(tmp_path: Path) -> None:
    """Of two recordings of one request the first is played first, though the live one is spelt like the second."""
    path = _cassette(tmp_path / "c.yaml", 1)
    first, second = storage.load(path).exchanges * 2
    second = Exchange(
        request=first.request.with_body(b'{"input":"0","model":"m"}'),
        response=first.response.with_body(b'{"id":"second"}'),
    )
    path.write_text(layout.dumps([first, second]))
    with use_cassette(path), httpx2.Client() as client:
        ids = [client.post(URL, json={"input": "0", "model": "m"}).json()["id"] for _ in range(2)]
    assert ids == ["0", "second"]


@pytest.mark.parametrize("number", ["1", '"1"', "true"])
def test_values_of_different_types_are_different(number: str, tmp_path: Path) -> None:
    """1, "1" and true are three values, in their turn as well as out of it."""
    path = _cassette(tmp_path / "c.yaml", 1)
    [exchange] = storage.load(path).exchanges
    values = ["1", '"1"', "true"]
    exchanges = [
        Exchange(
            request=exchange.request.with_body(b'{"input":%b}' % value.encode()),
            response=exchange.response.with_body(b'{"id":%b}' % value.encode()),
        )
        for value in values
    ]
    path.write_text(layout.dumps(exchanges))
    with use_cassette(path, unplayed="ignore"), httpx2.Client() as client:
        body = f'{{"input": {number}}}'
        answered = client.post(URL, content=body, headers={"content-type": "application/json"})
    assert answered.content.split() == [b"{", b'"id":', number.encode(), b"}"]


def test_a_body_too_deep_to_compare_by_value_is_compared_by_its_bytes() -> None:
    """Where a parser takes nesting that a comparison does not, the request is found all the same."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        deep = b"[" * 3000 + b"]" * 3000
        request = Request(method="POST", uri=URL, headers=_JSON, body=deep)
        assert Words(request, request.json).spelt is None
        assert Words(request, request.json, is_live=True).are_those_of(Words(request, request.json))
    finally:
        sys.setrecursionlimit(limit)
