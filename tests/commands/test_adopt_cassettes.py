"""Cassettes on their way: redacted, at the place where the plugin looks, and none is lost."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from pytest_interactions.commands.adopt import moves
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.files import storage
from pytest_interactions.files.storage import load
from pytest_interactions.redaction.gate import Gate
from tests.commands.adopting import KEY, Suite

MARKED = "import pytest\n\npytestmark = pytest.mark.vcr\n\n\ndef test_it():\n    pass\n"


def test_a_cassette_is_redacted_and_laid_out_on_its_way(suite: Suite) -> None:
    """What one cassette shows to be a secret is taken out of all, and the old file and its directory are gone."""
    suite.write("tests/test_a.py", MARKED + "def test_other(): pass\n")
    suite.cassette("tests/cassettes/test_a/test_it.yaml", f"https://example.com/?q=odd-looking-{KEY}")
    suite.cassette("tests/cassettes/test_a/test_other.yaml", "https://example.com/", "https://example.com/2", body=KEY)
    suite.write_all()
    assert suite.cassettes() == ["cassettes/tests/test_a/test_it.yaml", "cassettes/tests/test_a/test_other.yaml"]
    assert not (suite.root / "tests/cassettes").exists()
    assert KEY not in str(suite.files())
    exchanges = load(suite.root / "cassettes/tests/test_a/test_other.yaml").exchanges
    assert [(exchange.request.uri, exchange.response.body) for exchange in exchanges] == [
        ("https://example.com/", b"REDACTED"),
        ("https://example.com/2", b"REDACTED"),
    ]


def test_a_cassette_in_its_place_is_redacted_there(suite: Suite) -> None:
    """Where both tools look at one place, the file stays, and a clean one is not touched."""
    suite.write("test_a.py", MARKED)
    path = suite.cassette("cassettes/test_a/test_it.yaml")
    result = suite.adopt()
    assert "cassettes/test_a/test_it.yaml: redacted" in result.lines
    suite.write_all()
    assert "X-Api-Key" not in path.read_text()
    suite.write("test_a.py", MARKED)
    before = path.stat().st_ino
    suite.write_all()
    assert path.stat().st_ino == before


def test_a_media_file_of_a_cassette_goes_with_it(suite: Suite) -> None:
    """Large media become files beside the new cassette, and move with one that has them already."""
    data = base64.b64encode(bytes(range(256)) * 400).decode()
    suite.write("test_a.py", MARKED)
    suite.write("sub/test_a.py", MARKED)
    body = f'{{"data": "{data}", "mime_type": "image/png"}}'
    suite.cassette("cassettes/test_a/test_it.yaml", body=body)
    suite.write_all()
    media = [name for name in suite.files() if name.endswith(".png")]
    assert [Path(name).parent.as_posix() for name in media] == ["cassettes/test_a/test_it.media"]
    (suite.root / "sub/cassettes").mkdir()
    (suite.root / "cassettes/test_a").rename(suite.root / "sub/cassettes/test_a")
    suite.write("sub/test_a.py", MARKED)
    suite.write_all()
    assert [Path(name).parent.as_posix() for name in suite.files() if name.endswith(".png")] == [
        "cassettes/sub/test_a/test_it.media"
    ]


@pytest.mark.parametrize(
    ("cassette", "text"),
    [
        ("interactions: no list\n", "this is not a cassette"),
        (b"\x1f\x8b" + KEY.encode(), "this is not UTF-8"),
    ],
)
def test_a_cassette_that_cannot_be_read_keeps_its_test(suite: Suite, cassette: str | bytes, text: str) -> None:
    """Nothing of that test is changed, and the line names the file; other tests move."""
    suite.write("sub/test_a.py", MARKED)
    suite.write("sub/test_b.py", MARKED)
    path = suite.cassette("sub/cassettes/test_a/test_it.yaml")
    path.write_bytes(cassette.encode() if isinstance(cassette, str) else cassette)
    suite.cassette("sub/cassettes/test_b/test_it.yaml")
    result = suite.adopt("--write")
    assert result.status == 1
    assert [line for line in result.lines if f"{path}:1: {text}" in line]
    assert suite.text("sub/test_a.py") == MARKED
    assert suite.cassettes() == ["cassettes/sub/test_b/test_it.yaml", "sub/cassettes/test_a/test_it.yaml"]


def test_a_cassette_with_a_secret_that_cannot_be_taken_out_keeps_its_test(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret inside of other data is for the user; the line says how to see it."""
    monkeypatch.setenv("MY_TOKEN", "an-odd-looking-1")
    suite.write("sub/test_a.py", MARKED)
    hidden = base64.b64encode(b'{"note": "an-odd-looking-1"}').decode()
    path = suite.cassette("sub/cassettes/test_a/test_it.yaml", body=f"number {hidden}")
    before = suite.files()

    def refuse(*_: object) -> None:
        raise SecretLeakError

    monkeypatch.setattr(Gate, "check", refuse)
    result = suite.adopt("--write")
    assert result.status == 1
    text = f"{path} holds a secret that can't be taken out: see pytest-interactions scan {path}"
    assert f"sub/test_a.py:6: {text}" in result.lines
    assert suite.files() == before


def test_a_cassette_that_is_there_is_never_overwritten(suite: Suite) -> None:
    """One with other content keeps the test; one that says the same is what an earlier try has written."""
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml")
    other = suite.cassette("cassettes/sub/test_a/test_it.yaml", body="another answer")
    before = suite.files()
    result = suite.adopt("--write")
    assert result.status == 1
    assert any(line.endswith("where there is another cassette: move one of them away") for line in result.lines)
    assert suite.files() == before
    other.write_text("no cassette")
    assert suite.adopt("--write").status == 1
    assert other.read_text() == "no cassette"
    suite.cassette("cassettes/sub/test_a/test_it.yaml").write_text("version: 1\ninteractions: []\n")
    assert suite.adopt("--write").status == 1
    other.unlink()
    suite.write_all()
    again = suite.text("cassettes/sub/test_a/test_it.yaml")
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml")
    suite.write_all()
    assert suite.cassettes() == ["cassettes/sub/test_a/test_it.yaml"]
    assert suite.text("cassettes/sub/test_a/test_it.yaml") == again


def test_json_that_is_laid_out_anew_says_the_same(suite: Suite) -> None:
    """A body that is compact in the old file and in lines in the new one is no other content."""
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml", body='{"a":[1,2]}', request='{"b":1}')
    suite.write_all()
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml", body='{"a":[1,2]}', request='{"b":1}')
    suite.write_all()
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml", body='{"a":[1,true]}', request='{"b":1}')
    assert suite.adopt().status == 1


def test_two_cassettes_that_belong_at_one_place_keep_their_tests(suite: Suite) -> None:
    """A name in a mark may be the path of another test's own cassette: with other content, none is moved over it."""
    suite.write("test_a.py", MARKED)
    suite.write(
        "sub/test_b.py", "import pytest\n\n\n@pytest.mark.vcr('test_a/test_it.yaml')\ndef test_b():\n    pass\n"
    )
    suite.cassette("cassettes/test_a/test_it.yaml", body="a")
    suite.cassette("sub/cassettes/test_b/test_a/test_it.yaml", body="b")
    result = suite.adopt("--write")
    assert result.status == 1
    assert any("belongs at" in line for line in result.lines)
    assert len(suite.cassettes()) == 2


def test_a_cassette_of_a_test_that_stays_is_copied(suite: Suite) -> None:
    """The old file is there for the test that still needs it."""
    suite.write(
        "sub/test_a.py",
        """
        import pytest


        @pytest.mark.vcr("one.yaml")
        def test_it(): pass


        @pytest.mark.vcr("one.yaml")
        def test_odd(vcr): pass
        """,
    )
    suite.cassette("sub/cassettes/test_a/one.yaml")
    suite.write("sub/test_b.py", MARKED)
    suite.cassette("sub/cassettes/test_b/notes.yaml")
    result = suite.adopt("--write")
    assert result.status == 1
    assert "sub/cassettes/test_b/notes.yaml: no test that was found plays it, so it stays" in result.lines
    assert suite.cassettes() == [
        "cassettes/one.yaml",
        "sub/cassettes/test_a/one.yaml",
        "sub/cassettes/test_b/notes.yaml",
    ]


def test_what_cannot_be_written_leaves_all_as_it_was(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the file, no old cassette is deleted, and no mark is rewritten."""
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml")
    before = suite.files()

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        result = suite.adopt("--write")
    assert result.status == 2
    new = suite.root / "cassettes/sub/test_a/test_it.yaml"
    old = suite.root / "sub/cassettes/test_a/test_it.yaml"
    assert result.errors == f"pytest-interactions: {new}: can't be written: Permission denied. {old} is as it was.\n"
    assert suite.files() == before
    suite.write_all()


def test_what_does_not_replay_the_same_deletes_nothing(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file is read again before the old one goes."""
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml")
    write = storage.write

    def spoil(path: Path, *rest: Any) -> int:
        number = write(path, *rest)
        path.write_text(path.read_text().replace("answer", "other"))
        return number

    monkeypatch.setattr(moves, "write", spoil)
    result = suite.adopt("--write")
    assert result.status == 2
    assert "does not replay what" in result.errors
    assert (suite.root / "sub/cassettes/test_a/test_it.yaml").exists()
    assert suite.text("sub/test_a.py") == MARKED
