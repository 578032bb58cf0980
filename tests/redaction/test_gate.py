"""The gate before the disk: what it refuses, what it lets through, and what it looks at twice."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from pytest_interactions import SecretLeakError
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.files.layout import exchange_text
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

KEY = "tok-0123456789"
JSON = {"content-type": ["application/json"]}


def _exchange(
    *, sent: bytes = b"{}", got: bytes = b"{}", headers: Any = None, reason: str = "OK", cut: Cut | None = None
) -> Exchange:
    return Exchange(
        request=Request(method="POST", uri="https://h.example/", headers=headers or JSON, body=sent),
        response=Response(status=200, reason=reason, headers=JSON, body=got),
        cut=cut,
    )


def _counted(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """The exchanges that the redactor is given from now on."""
    calls, real = list[Exchange](), redactor.exchange

    def counted(given: Exchange) -> Exchange:
        calls.append(given)
        return real(given)

    monkeypatch.setattr(redactor, "exchange", counted)
    return calls


def _check(gate: Gate, exchange: Exchange) -> None:
    gate.check(3, exchange, exchange_text(exchange))


@pytest.mark.parametrize(
    ("exchange", "place"),
    [
        (_exchange(sent=b'{"a": "use tok-0123456789"}'), r"a known secret in interactions\[3\]\.request\.body \$\.a"),
        (_exchange(got=b'{"a": 98765432101234567890}'), r"a known secret in interactions\[3\]"),
        (_exchange(reason=KEY), r"a known secret in interactions\[3\]\.response\.status\.message"),
        (_exchange(cut=Cut(by="connection", message=KEY)), r"a known secret in interactions\[3\]\.cut\.message"),
        (_exchange(sent=gzip.compress(KEY.encode(), mtime=0), headers={"content-type": ["x/y"]}), "a known secret in "),
        (
            _exchange(sent=gzip.compress(KEY.encode() * 3, 0, mtime=0)[:-12], headers={"content-type": ["x/y"]}),
            "a known secret in ",
        ),
        (_exchange(headers={**JSON, "authorization": ["Basic c2VjcmV0OnNlY3JldA=="]}), "a header that carries a"),
        (_exchange(got=b'half {"signature": "' + b"Q" * 80), "a thought signature in "),
    ],
)
def test_an_exchange_with_a_secret_is_refused_and_the_message_says_where(exchange: Exchange, place: str) -> None:
    redactor = Redactor(secrets=Secrets([KEY, "98765432101234567890"]), keep_headers=["authorization"])
    with pytest.raises(SecretLeakError, match=place) as refused:
        _check(Gate(redactor), exchange)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("body", [b"\x1f\x8b is no gzip", b"plain", b'{"signature": "mine"}', b"\x1f\x8b\x08\0\0"])
def test_a_body_that_is_broken_or_harmless_is_let_through(body: bytes) -> None:
    _check(Gate(Redactor(secrets=Secrets([KEY]))), _exchange(got=body, headers={"content-type": ["x/y"]}))


def test_what_only_redaction_finds_is_refused_without_a_place() -> None:
    """A JSON path of the user's own is known to the redactor alone."""
    gate = Gate(Redactor(secrets=Secrets(), redact=["$.mine"]))
    with pytest.raises(SecretLeakError, match=r"what redaction would take out in interactions\[3\]"):
        _check(gate, _exchange(sent=b'{"mine": "a private thing"}'))


def test_what_was_sent_before_it_was_known_is_redacted_again() -> None:
    secrets = Secrets()
    gate = Gate(Redactor(secrets=secrets))
    exchange = _exchange(sent=b'{"a": "tok-0123456789"}', reason=KEY, cut=Cut(by="connection", message=KEY))
    assert gate.redact_again(exchange) is exchange
    _check(gate, exchange)
    secrets.learn(Request(method="GET", uri="https://h.example/", headers={"x-api-key": [KEY]}))
    redacted = gate.redact_again(exchange)
    assert redacted == _exchange(
        sent=b'{"a":"REDACTED"}', reason="REDACTED", cut=Cut(by="connection", message="REDACTED")
    )
    _check(gate, redacted)


def test_an_exchange_that_was_found_good_is_redacted_no_third_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its text is searched again, and all of it is looked at again once it was changed or more is known."""
    secrets = Secrets()
    redactor = Redactor(secrets=secrets)
    gate, exchange = Gate(redactor), _exchange(sent=b'{"a": "words"}', cut=Cut(by="connection"))
    calls = _counted(redactor, monkeypatch)
    for _ in range(3):
        _check(gate, exchange)
        assert gate.redact_again(exchange) is exchange
    assert len(calls) == 1
    exchange.request.uri = "https://other.example/"
    _check(gate, exchange)
    assert len(calls) == 2
    secrets.learn(Request(method="GET", uri="https://h.example/", headers={"x-api-key": [KEY]}))
    _check(gate, exchange)
    assert len(calls) == 3
    assert exchange.cut is not None
    exchange.cut.message = KEY
    with pytest.raises(SecretLeakError, match=r"a known secret in interactions\[3\]\.cut\.message"):
        _check(gate, exchange)
    assert len(calls) == 4


@pytest.mark.parametrize(
    "exchanges",
    [
        [_exchange(sent=b"[1]"), _exchange(sent=b"[2]")],
        [_exchange(got=b"[1]"), _exchange(got=b"[2]")],
    ],
    ids=["the answer", "the request"],
)
def test_exchanges_of_which_one_body_is_the_same_are_told_apart(
    exchanges: list[Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is found good once."""
    redactor = Redactor(secrets=Secrets())
    gate, calls = Gate(redactor), _counted(redactor, monkeypatch)
    for exchange in [*exchanges, *exchanges]:
        _check(gate, exchange)
    assert len(calls) == 2


def test_the_message_has_a_line_for_each_secret() -> None:
    """The number in it is the exchange's own, and any in the names of its fields stays."""
    gate = Gate(Redactor(secrets=Secrets([KEY])))
    with pytest.raises(SecretLeakError) as refused:
        _check(gate, _exchange(sent=b'{"interactions": ["tok-0123456789"]}', reason=KEY))
    assert str(refused.value).splitlines() == [
        "it would hold secrets:",
        "  a known secret in interactions[3].request.body $.interactions[0]",
        "  a known secret in interactions[3].response.status.message",
    ]


def test_a_text_without_an_object_is_searched_as_any_text() -> None:
    gate = Gate(Redactor(secrets=Secrets([KEY])))
    gate.check_text(0, "nothing to see")
    with pytest.raises(SecretLeakError, match=r"a known secret in here"):
        gate.check_text(2, f"here: {KEY}")
    with pytest.raises(SecretLeakError, match=r"a known secret in interactions\[2\]$"):
        gate.check_text(2, f"# {KEY}")
    assert gate.cleaned(f"here: {KEY}") == "here: REDACTED"
