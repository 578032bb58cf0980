"""What is pushed may have been recorded by anybody's code: nothing but whole recordings in files gets into a store."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_interactions import StoreError, use_cassette
from pytest_interactions.commands import main
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.objects import digest_of

GOOD = """\
version: 1
interactions:
- request:
    method: POST
    uri: https://generativelanguage.googleapis.com/v1beta/interactions
    headers: {}
    body: '{"input": "Hello"}'
  response:
    status: {code: 200, message: OK}
    headers: {content-type: [application/json]}
    body:
      string: '%s'
"""


@pytest.fixture
def cassettes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cassettes of a project with a store, of which one may be pushed."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ninteractions_store = store\n")
    monkeypatch.setenv("PYTEST_INTERACTIONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "cassettes"
    directory.mkdir()
    (directory / "good.yaml").write_text(GOOD % "{}")
    return directory


def pushed(status: int) -> list[str]:
    """Push all, and return the names that the lock file has then."""
    assert main(["push"]) == status
    return list(LockFile.read(Path("cassettes.lock")))


@pytest.mark.parametrize("name", ["b\nc.yaml", "b\tc.yaml", "b\rc.yaml", "b\x1b[2J.yaml", "b\\c.yaml", "b\udcff.yaml"])
def test_a_name_that_would_break_the_lock_file_is_refused(
    cassettes: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (cassettes / name).write_text(GOOD % "{}")
    assert pushed(1) == ["cassettes/good.yaml"]
    told = capsys.readouterr().err
    assert "not pushed, as no line of a lock file can have this name" in told
    assert len(told.splitlines()) == 1
    assert told.rstrip("\n").replace("\t", "").isprintable()


@pytest.mark.parametrize("name", ["/a.yaml", "../a.yaml", "c:a.yaml", "#a.yaml", "<<<<<<< a.yaml", "======= a.yaml"])
def test_a_line_of_such_a_name_is_none(tmp_path: Path, name: str) -> None:
    lock = tmp_path / "cassettes.lock"
    line = "\t".join((name, "0" * 64, "1", "0" * 16, "1 request"))
    lock.write_text(f"{line}\n")
    read = LockFile.read(lock)
    assert [each for each in read if _has_entry(read, each)] == []


def _has_entry(lock: LockFile, name: str) -> bool:
    with suppress(StoreError):
        lock.entry(name)
        return True
    return False


def test_a_link_is_refused_wherever_it_leads(cassettes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So are media that are links, and a directory that is one is not entered."""
    elsewhere = cassettes.parent / "elsewhere"
    elsewhere.mkdir()
    for name in ("secret.yaml", "in_a_directory.yaml"):
        (elsewhere / name).write_text(GOOD % "{}")
    (cassettes / "link.yaml").symlink_to(elsewhere / "secret.yaml")
    (cassettes / "directory").symlink_to(elsewhere)
    for name in ("one", "two"):
        (cassettes / f"{name}.yaml").write_text(GOOD % "{}")
    (cassettes / "one.media").symlink_to(elsewhere)
    (cassettes / "two.media").mkdir()
    (cassettes / "two.media" / "0.png").symlink_to(elsewhere / "secret.yaml")
    assert pushed(1) == ["cassettes/good.yaml"]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert all("links, which may lead to any file" in line for line in told)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["in_a_directory.yaml", "secret.yaml"]


def test_what_is_too_large_or_deep_or_no_cassette_is_refused(
    cassettes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing waits for a pipe."""
    deep = "[" * 100_000 + "]" * 100_000
    (cassettes / "yaml.yaml").write_text(f"version: 1\ninteractions: {deep}\n")
    bomb = [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    (cassettes / "bomb.yaml").write_text("\n".join(["a0: &a0 [x, x]", *bomb, ""]))
    (cassettes / "nothing.yaml").write_bytes(b"")
    (cassettes / "noise.yaml").write_bytes(bytes(range(256)))
    os.mkfifo(cassettes / "pipe.yaml")
    with (cassettes / "huge.yaml").open("wb") as file:
        file.truncate(20 << 30)
    assert pushed(1) == ["cassettes/good.yaml"]
    assert len(capsys.readouterr().err.splitlines()) == 5


@pytest.mark.parametrize("body", ["[" * 100_000 + "]" * 100_000, '{"usage": {"total_tokens": ' + "9" * 9999 + "}}"])
def test_an_answer_of_any_kind_has_a_line(cassettes: Path, body: str) -> None:
    (cassettes / "odd.yaml").write_text(GOOD % body)
    assert pushed(0) == ["cassettes/good.yaml", "cassettes/odd.yaml"]


def test_a_recording_with_a_secret_stays_and_the_others_go(cassettes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"
    (cassettes / "leak.yaml").write_text(GOOD % f'{{"text": "{key}"}}')
    assert pushed(1) == ["cassettes/good.yaml"]
    assert (cassettes / "leak.yaml").exists()
    out = capsys.readouterr()
    assert "there are secrets in it" in out.err
    assert key not in out.err + out.out


# --- what is fetched may have been named by anybody ---

#: Names that lead into what is git's or a forge's, to a hidden file, to what is no cassette, or elsewhere on Windows.
ODD = [
    ".git/x.yaml",
    ".GIT/commondir.yaml",
    ".git/commondir",
    "a/.G\u200cit/x.yaml",
    ".git /x.yaml",
    "git~1/x.yaml",
    ".github/workflows/x.yml",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "conftest.py",
    "a.yaml.exe",
    "a./x.yaml",
    "a /x.yaml",
    "a//x.yaml",
    "./x.yaml",
    "NUL/x.yaml",
    "con.yaml",
    "a/b.yaml:c.yaml",
]


def _names(tmp_path: Path, name: str) -> None:
    """Have a lock file name an object that is in the store."""
    raw = (GOOD % "{}").encode()
    (tmp_path / "store/cassettes").mkdir(parents=True, exist_ok=True)
    (tmp_path / f"store/cassettes/{digest_of(raw)}.yaml").write_bytes(raw)
    (tmp_path / "cassettes.lock").write_text("\t".join((name, digest_of(raw), str(len(raw)), "0" * 16, "h")) + "\n")


@pytest.mark.parametrize("name", ODD)
def test_a_line_that_would_write_what_is_no_cassette_s_is_none(cassettes: Path, name: str) -> None:
    _names(cassettes.parent, name)
    before = sorted(cassettes.parent.rglob("*"))
    assert main(["pull", "--files"]) == 2
    assert sorted(cassettes.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "cassettes/ü-漢字 [a b-c~1]/test.one[x.y].yaml",
        ".cassettes/a.yml",
        "git/.hidden/a.yaml",
        "cassettes/.a/_con-0a1b2c.yaml",
        f"{'x' * 200}/a.yaml",
    ],
)
def test_a_line_may_have_the_name_of_any_cassette(cassettes: Path, name: str) -> None:
    _names(cassettes.parent, name)
    assert main(["pull", "--files"]) == 0
    assert (cassettes.parent / name).read_text() == GOOD % "{}"


@pytest.mark.parametrize("link", ["a.yaml", ".", "a", "a.media", "git"])
@pytest.mark.parametrize("kind", ["dangling", "outside"])
def test_nothing_is_written_through_a_link(
    cassettes: Path, link: str, kind: str, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither to where it leads to nothing, nor out of the project, nor into git's own directory."""
    outside = tmp_path_factory.mktemp("outside")
    medium = b"M" * 100
    raw = (GOOD % f'{{"data": "pytest-interactions-media:{digest_of(medium)[:32]}.png"}}').encode()
    root = cassettes.parent
    (root / ".git/refs").mkdir(parents=True)
    for file, data in (
        (f"cassettes/{digest_of(raw)}.yaml", raw),
        (f"media/{digest_of(medium)[:32]}.png", medium),
    ):
        (root / "store" / file).parent.mkdir(parents=True, exist_ok=True)
        (root / "store" / file).write_bytes(data)
    shutil.rmtree(cassettes)
    name = "cassettes/a/a.yaml" if link == "a" else "cassettes/a.yaml"
    (root / "cassettes.lock").write_text("\t".join((name, digest_of(raw), str(len(raw)), "0" * 16, "h")) + "\n")
    place = cassettes if link in {".", "git"} else cassettes / link
    place.parent.mkdir(exist_ok=True)
    leads = root / ".git/refs" if link == "git" else outside
    place.symlink_to(leads / "nothing" if kind == "dangling" else leads)
    if link == "a.yaml" and kind == "outside":
        place.unlink()
        (outside / "mine.yaml").write_bytes(b"mine")
        os.utime(outside / "mine.yaml", ns=(10**18, 10**18))  # as if it had been checked out
        place.symlink_to(outside / "mine.yaml")
    before = {path: path.read_bytes() for top in (outside, root / ".git") for path in top.rglob("*") if path.is_file()}
    assert main(["pull", "--files"]) == 2
    assert "a link on the way leads to nothing, or out of the project" in capsys.readouterr().err
    assert [*outside.rglob("*"), *(root / ".git/refs").iterdir()] == [path for path in before if path.is_file()]
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(StoreError, match="a link on the way"):
        with use_cassette(root / name, record_mode="once", store=str(root / "store")):
            pass
    assert {path: path.read_bytes() for path in before} == before
