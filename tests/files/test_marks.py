"""The marks of a cassette tell every damage to it, and every edit."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pytest_interactions import CassetteFormatError
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.sse import is_whole
from pytest_interactions.commands import main
from pytest_interactions.files import marks, parsing, reading, storage
from pytest_interactions.files.layout import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = Path("c.yaml")
JSON = {"content-type": ["application/json"]}
SSE = {"content-type": ["text/event-stream"]}
GZIPPED = SSE | {"content-encoding": ["gzip"]}
STREAM = b'event: interaction.created\ndata: {}\n\nevent: interaction.completed\ndata: {"a": "\xc3\xa9"}\n\n'


def _exchange(response: bytes, headers: dict[str, list[str]], cut: Cut | None = None) -> Exchange:
    return Exchange(
        request=Request(method="POST", uri="https://h/v1/interactions", headers=dict(JSON), body=b'{"input": "Hello"}'),
        response=Response(status=200, reason="OK", headers=headers, body=response),
        cut=cut,
    )


EXCHANGES = [
    _exchange(b'{"status": "completed"}', JSON),
    _exchange(STREAM, SSE),
    _exchange(b"plain text", {"content-type": ["text/plain"]}),
    _exchange(b"event: step.delta\ndata: {}\n\n", SSE, Cut(by="connection", error="ReadError", message="it broke")),
]
TEXT = dumps(EXCHANGES).encode()


def test_no_truncation_is_taken_for_a_cassette() -> None:
    """Wherever the file ends too early, it is an error, but where only its last line end is missing."""
    whole = storage.loads(TEXT, PATH)
    for end in range(len(TEXT) - 1):
        with pytest.raises(CassetteFormatError):
            storage.loads(TEXT[:end], PATH)
    assert storage.loads(TEXT[:-1], PATH) == whole


def test_no_flipped_bit_is_taken_for_good() -> None:
    """It is an error, or changes nothing of what was recorded."""
    whole = storage.loads(TEXT, PATH).exchanges
    draw = random.Random(0)
    for _ in range(2000):
        damaged = bytearray(TEXT)
        damaged[draw.randrange(len(TEXT))] ^= 1 << draw.randrange(8)
        try:
            found = storage.loads(bytes(damaged), PATH)
        except CassetteFormatError:
            continue
        assert found.exchanges == whole


@pytest.mark.parametrize(
    ("edit", "line", "words"),
    [
        (
            lambda text: text.replace("completed", "failed", 1),
            5,
            r"interactions\[0\]: it is not what was recorded, but",
        ),
        (lambda text: text.replace("plain text", "other text"), 54, r"interactions\[2\]: it is not what was recorded"),
        (lambda text: text.replace("digest: sha256-", "digest: sha256-0", 1), 5, r"interactions\[0\]: it is not what"),
        (lambda text: text.replace("  exchanges: 4\n", "  exchanges: 5\n"), 1, "it has 4 interactions, not 5"),
        (lambda text: text.replace("metadata:\n  exchanges: 4\n", ""), 1, "it has 4 interactions, not None"),
        (lambda text: text.replace("  exchanges: 4\n", "  exchanges: many\n"), 1, "metadata.exchanges is no number"),
    ],
)
def test_an_edit_is_named_with_its_line_and_with_the_command_that_takes_it(
    edit: Callable[[str], str], line: int, words: str, tmp_path: Path
) -> None:
    """The message names the file, the exchange, and what to do if it was meant."""
    path = tmp_path / "c.yaml"
    path.write_text(edit(TEXT.decode()))
    with pytest.raises(CassetteFormatError, match=rf"c\.yaml:{line}: .*{words}"):
        storage.load(path)


def test_an_edit_is_taken_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its marks are written anew, and nothing else is changed."""
    path = tmp_path / "c.yaml"
    edited = TEXT.decode().replace("plain text", "other text")
    path.write_text(edited)
    assert main(["check", str(path)]) == 1
    assert f"If you meant it: pytest-interactions check --fix {path}" in capsys.readouterr().out
    assert main(["check", "--fix", str(path)]) == 0
    assert storage.load(path).exchanges[2].response.body == b"other text"
    new = [line for line in path.read_text().splitlines() if line not in edited.splitlines()]
    assert [line.partition(":")[0] for line in new] == ["  digest"]
    assert main(["check", str(path)]) == 0


def test_an_edit_that_no_edit_can_mean_is_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON that is cut short is damage, whoever did it."""
    path = tmp_path / "c.yaml"
    path.write_text(before := TEXT.decode().replace('"status": "completed"\n        }', '"status": "completed"\n'))
    assert main(["check", "--fix", str(path)]) == 1
    output = capsys.readouterr().out
    assert "interactions[0]: the body of its response is no whole JSON" in output
    assert "check --fix" not in output
    assert path.read_text() == before


def test_a_writer_of_yaml_is_free_in_its_style() -> None:
    """The same values in another style have the same digests."""
    again = yaml.safe_dump(yaml.safe_load(TEXT.decode()), default_flow_style=True)
    assert storage.loads(again.encode(), PATH) == storage.loads(TEXT, PATH)
    assert storage.loads(TEXT.replace(b"\n", b"\r\n"), PATH).exchanges[0] == storage.loads(TEXT, PATH).exchanges[0]


def test_both_readers_find_the_same_marks() -> None:
    """Where a line begins, too."""
    text = dumps([EXCHANGES[0], EXCHANGES[1], EXCHANGES[3]], incomplete=True).encode()
    assert reading.read(text) == parsing.read(text, 10**6)
    assert reading.read(text) is not None


def _unmarked(exchange: Exchange) -> bytes:
    lines = dumps([exchange]).splitlines(keepends=True)
    marks_of_ours = ("metadata:", "  exchanges:", "  digest:")
    return "".join(line for line in lines if not line.startswith(marks_of_ours)).encode()


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (_exchange(b'{"status": "compl', JSON), "the body of its response is no whole JSON"),
        (_exchange(STREAM[:-2], SSE), "its stream has no end"),
        (_exchange(STREAM[: STREAM.index(b"event: interaction.completed")], SSE), "its stream has no end"),
        (_exchange(b'data: {"event_type": "interaction.created"}\n\n', SSE), "its stream has no end"),
        (_exchange(b'data: 1\n\n[{"error":', SSE), "its stream has no end"),
        (_exchange(gzip.compress(STREAM[:-2]), GZIPPED), "its stream has no end"),
    ],
)
def test_a_file_without_marks_is_damaged_where_anybody_could_tell(exchange: Exchange, words: str) -> None:
    """An older file or one of vcrpy's whose JSON is cut short, or whose stream has no end, is an error."""
    with pytest.raises(CassetteFormatError, match=rf"c\.yaml:3: interactions\[0\]: {words}"):
        storage.loads(_unmarked(exchange), PATH)


@pytest.mark.parametrize(
    "exchange",
    [
        *EXCHANGES,
        _exchange(b"", SSE),
        _exchange(b": ping\n", SSE),
        _exchange(b'data: {"candidates": []}\r\n\r\n', SSE),
        _exchange(b'event: interaction.created\ndata: {}\n\n[{"error": {"code": 503}}]', SSE),
        _exchange(b"event: interaction.created\ndata: {}\n\nevent: done\ndata: [DONE]\n\n", SSE),
        _exchange(gzip.compress(STREAM), GZIPPED),
        _exchange(b"nobody reads that", SSE | {"content-encoding": ["x-own"]}),
        _exchange(b"<html>", JSON),
        _exchange(b'{"a": 1}\n{"a": 2}\n', JSON),
        _exchange(b"[" * 300 + b"]" * 300, JSON),
        _exchange(b"[" * 20000 + b"]" * 20000, JSON),
        _exchange('["é"]'.encode("latin-1"), JSON),
        _exchange(b"[" + b"9" * 10_000 + b"}", JSON),
        _exchange(b'{"cut', {"content-type": ["text/plain"]}),
    ],
)
def test_a_file_without_marks_is_read_where_nothing_speaks_against_it(exchange: Exchange) -> None:
    """A whole stream of any API, JSON of any depth, and what is no JSON in spite of its header."""
    assert len(storage.loads(_unmarked(exchange), PATH).exchanges) == 1


def test_a_request_that_is_cut_short_is_damage_too() -> None:
    exchange = _exchange(b"{}", JSON)
    exchange.request.body = b'{"input": "He'
    with pytest.raises(CassetteFormatError, match="the body of its request is no whole JSON"):
        storage.loads(_unmarked(exchange), PATH)


def test_a_digest_is_none_of_yamls_numbers() -> None:
    """It begins with the name of its kind."""
    assert all(marks.digest(exchange).startswith("sha256-") for exchange in EXCHANGES)


def test_a_stream_without_events_may_be_whole() -> None:
    assert is_whole(b": comment\n\n")
