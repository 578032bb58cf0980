"""A recorded response as it is played to another process."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.cassette.tape import Tape
from pytest_interactions.cassette.uses import Use
from pytest_interactions.errors import InteractionsError
from pytest_interactions.options import Options


@pytest.mark.parametrize(
    ("body", "played"),
    [
        (b'{\n  "n": [1e400, -0, 0.10],\n  "n": "a \\" b"\n}\n', b'{"n":[1e400,-0,0.10],"n":"a \\" b"}'),
        (b"[\n  1\n]", b"[1]"),
        (b'{\n"no JSON', b'{\n"no JSON'),
        (b'{"a": 1}', b'{"a": 1}'),
    ],
)
def test_json_is_put_on_one_line_to_the_letter(body: bytes, played: bytes) -> None:
    """White space goes, and all that stands between it stays."""
    request = Request(method="GET", uri="https://h/")
    exchange = Exchange(request=request, response=Response(status=200, body=body))
    tape = Tape(
        exchange=exchange,
        options=Options(),
        directory=Path(),
        remember=lambda error: error,
        read_too_far=lambda _: InteractionsError(),
        lost_patience=lambda: None,
        use=Use(request, lambda _: InteractionsError()),
    )
    assert b"".join(tape.on_one_line().chunks()) == played
