"""`push`, `pull` and `status`, in a project of its own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions import CassetteNotFoundError
from pytest_interactions.files import disk
from pytest_interactions.store import objects
from pytest_interactions.store.store import Store
from tests.commands.test_serve import _serve
from tests.store.team import PICTURE, Team
from tests.support import use_cassette

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator
    from pytest_interactions.store.found import Found


@pytest.fixture
def team(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A project whose store is a directory."""
    return Team(tmp_path, emulator, monkeypatch, capsys)


# --- push ---


def test_push_moves_recordings_from_the_tree_to_the_store(team: Team) -> None:
    """Their lines say which objects they are and what the agents did; replays read them from the cache, and offline."""
    team.record("a", "b/c")
    told = team.run("push")
    assert told.status == 0
    assert told.out == (
        'cassettes/a.yaml: 1 turn, "You said: Hello, a"\n'
        'cassettes/b/c.yaml: 1 turn, "You said: Hello, b/c"\n'
        "Pushed 2 cassettes: 2 objects sent. Commit cassettes.lock.\n"
    )
    assert team.tree() == []
    assert team.stored() == sorted(objects.of_cassette(team.entry(name).digest) for name in ("a", "b/c"))
    shutil.rmtree(team.store)
    team.emulator.stop()
    team.replay("a", "b/c")
    assert team.tree() == []


def test_push_writes_the_same_lock_file_again(team: Team) -> None:
    """A second push has nothing to do, and a third of what was recorded with the same bytes neither."""
    team.record("a")
    team.run("push")
    before = (team.root / "cassettes.lock").read_bytes()
    assert team.run("push") == (0, "Pushed 0 cassettes: 0 objects sent.\n", "")
    team.run("pull", "--files")
    assert team.tree() == ["a.yaml"]
    assert team.run("push") == (0, "Pushed 0 cassettes: 0 objects sent.\n", "")
    assert (team.root / "cassettes.lock").read_bytes() == before
    assert team.tree() == []


def test_push_tells_what_has_changed(team: Team) -> None:
    """The line of a cassette that was recorded again says so, and the old object stays for others."""
    team.record("a", "b")
    team.run("push")
    before = team.entry("a")
    team.record("a", text="Goodbye")
    told = team.run("push")
    assert told.out.splitlines() == [
        'cassettes/a.yaml: 1 turn, "You said: Goodbye, a"',
        "Pushed 1 cassette: 1 object sent. Commit cassettes.lock.",
    ]
    assert team.entry("a").behaviour != before.behaviour
    assert objects.of_cassette(before.digest) in team.stored()


def test_an_old_copy_in_the_tree_is_not_pushed_back(team: Team) -> None:
    """What was checked out gives way to what the lock file names by now, and leaves the tree."""
    team.record("a")
    team.run("push")
    old = (team.root / "cassettes.lock").read_bytes()
    team.record("a", text="Goodbye")
    team.run("push")
    new = (team.root / "cassettes.lock").read_bytes()
    (team.root / "cassettes.lock").write_bytes(old)
    team.run("pull", "--files")
    (team.root / "cassettes.lock").write_bytes(new)
    shutil.rmtree(team.cache)  # by the file alone it is told, too
    assert team.run("status").status == 0
    team.replay("a", text="Goodbye")
    assert team.run("push").out == "Pushed 0 cassettes: 0 objects sent.\n"
    assert (team.root / "cassettes.lock").read_bytes() == new
    assert team.tree() == []


def test_media_are_objects_of_their_own(team: Team) -> None:
    """They are sent first, once for all cassettes, and replayed from the cache."""
    team.record("a", "b", picture=True)
    told = team.run("push")
    assert "3 objects sent" in told.out
    (medium,) = [name for name in team.stored() if name.startswith("media/")]
    assert team.tree() == []
    shutil.rmtree(team.cache)
    team.emulator.stop()
    team.replay("a", "b", picture=True)
    assert (team.cache / medium).is_file()


def test_push_takes_only_what_is_named(team: Team) -> None:
    team.record("a", "b/c", "b/d")
    team.run("push", "cassettes/b")
    assert list(team.lock) == ["cassettes/b/c.yaml", "cassettes/b/d.yaml"]
    assert team.tree() == ["a.yaml"]


def test_push_names_what_it_can_t_find(team: Team, tmp_path: Path) -> None:
    """A path that leads nowhere, or out of the project."""
    (tmp_path / "other.yaml").write_text("x")
    assert team.run("push", "nowhere") == (
        2,
        "",
        "pytest-interactions: nowhere: no such cassette or directory.\n",
    )
    told = team.run("push", str(tmp_path / "other.yaml"))
    assert (told.status, "it is not in the project" in told.err) == (2, True)


@pytest.mark.parametrize("command", ["push", "pull", "status", "gc"])
def test_without_a_store_a_command_says_how_to_name_one(command: str, team: Team) -> None:
    team.ini()
    told = team.run(command)
    assert (told.status, told.out) == (2, "")
    assert told.err == (
        f"pytest-interactions: {team.root}: no store is set. Name one in the ini file, as in interactions_store = "
        "s3://bucket/cassettes, or with --store.\n"
    )
    assert team.run(command, "--store", str(team.store)).status == 0


def test_what_no_test_has_finished_is_not_pushed(team: Team) -> None:
    """A first recording of a failed test, a candidate, one that is no cassette, and one with a secret stay."""
    with pytest.raises(LookupError), use_cassette(team.path("failed"), record_mode="once"):
        team.post([{"type": "text", "text": "Hello"}])
        raise LookupError
    team.record("good", "secret")
    path = team.path("secret")
    path.write_text(path.read_text().replace("You said", f"AIza{'S' * 35} said"))
    team.run("check", "--fix", str(path))  # so that the edit counts as meant
    (team.path(".hidden")).write_text("interactions: []\nversion: 1\n")
    team.path("wrong").write_text("interactions: 3\n")
    team.path("good.failed").write_text("interactions: []\nversion: 1\n")
    told = team.run("push")
    assert told.status == 1
    assert list(team.lock) == ["cassettes/good.yaml"]
    assert "wrong.yaml:1: " in told.err
    assert f"AIza{'S' * 35}" not in told.out + told.err
    assert "failed.yaml: not pushed, as its test failed" in told.err
    assert "secret.yaml: not pushed, as there are secrets in it" in told.err
    assert team.tree() == [".hidden.yaml", "failed.yaml", "good.failed.yaml", "secret.yaml", "wrong.yaml"]


# --- media alone ---


def test_media_alone_may_be_in_the_store(team: Team) -> None:
    """Cassettes stay in the tree, for git; there is no lock file."""
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", "b", picture=True, store_media=True)
    assert team.run("push") == (0, "Pushed the media of 2 cassettes: 1 object sent.\n", "")
    assert team.tree() == ["a.yaml", "b.yaml"]
    assert not (team.root / "cassettes.lock").exists()
    assert len(team.stored()) == 1
    shutil.rmtree(team.cache)
    assert team.run("pull") == (0, "1 media file: 1 object fetched.\n", "")
    shutil.rmtree(team.store)
    team.emulator.stop()
    for name in "ab":
        assert team.ask(name, f"Hello, {name}", picture=True, store_media=True)
    assert team.run("status").status == 0
    assert team.run("check", "cassettes") == (0, "", "")


def test_media_of_the_tree_and_of_the_store_are_played_together(team: Team) -> None:
    """One that was not pushed yet is taken from the tree."""
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", picture=True, store_media=True)
    team.run("push")
    other = [PICTURE, {**PICTURE, "data": "QUJD" * 100}]
    options = team.options(store_media=True, unplayed="ignore")
    with use_cassette(team.path("a"), record_mode="new_episodes", **options):
        said = team.post(other)
    assert len(team.tree()) == 3  # the one that was pushed came back with the cassette
    (team.root / "cassettes" / team.stored()[0].replace("media/", "a.media/")).unlink()
    team.emulator.stop()
    with use_cassette(team.path("a"), **options):
        assert team.post(other) == said


def test_pull_of_media_alone_takes_those_of_some_tests(team: Team) -> None:
    """The number is theirs; with `--files` they are put beside their cassettes, and nothing else is."""
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", picture=True, store_media=True)
    team.ask("b", "Hello, b", mode="rewrite", store_media=True)
    before = team.tree()
    team.run("push")
    shutil.rmtree(team.cache)
    assert team.run("pull", "cassettes/b.yaml") == (0, "0 media files: 0 objects fetched.\n", "")
    assert team.run("pull", "cassettes/a.yaml") == (0, "1 media file: 1 object fetched.\n", "")
    assert team.tree() == ["a.yaml", "b.yaml"]
    assert team.run("pull", "cassettes/a.yaml", "--files").out == "1 media file: 0 objects fetched.\n"
    assert team.tree() == before
    assert team.run("pull") == (0, "0 media files: 0 objects fetched.\n", "")
    told = team.run("pull", "cassettes/none.yaml")
    assert (told.status, "names no cassette of it" in told.err) == (2, True)
    assert team.run("push").out == "Pushed the media of 1 cassette: 0 objects sent.\n"
    shutil.rmtree(team.cache)
    shutil.rmtree(team.store)
    told = team.run("pull", "--files")
    assert (told.status, told.out) == (2, "1 media file: 0 objects fetched.\n")
    assert "a.yaml: " in told.err
    assert "is not there" in told.err


def test_status_tells_of_media_alone(team: Team) -> None:
    """What waits for a push, what this machine has, and what the store has lost; copies wait for nothing."""
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", "b", picture=True, store_media=True)
    (name,) = {path.name for path in (team.root / "cassettes").glob("*.media/*")}
    end = "1 media file of 2 cassettes in the tree; on this machine:"
    told = team.run("status")
    assert (told.status, told.out.splitlines()) == (
        1,
        [f"new: cassettes/a.media/{name}", f"new: cassettes/b.media/{name}", f"{end} 1. Waiting for a push: 2."],
    )
    team.run("push")
    assert team.run("status", "--check") == (0, f"{end} 1. Waiting for a push: 0.\n", "")
    team.run("pull", "--files")
    assert team.run("status").status == 0
    team.run("push")
    shutil.rmtree(team.cache)
    shutil.rmtree(team.store)
    assert team.run("status") == (0, f"{end} 0. Waiting for a push: 0.\n", "")
    told = team.run("status", "--check")
    assert (told.status, told.out.splitlines()[0]) == (1, f"missing: cassettes/b.media/{name}")
    assert json.loads(team.run("status", "--json").out)["media"] == 1


# --- a push beside a replay ---


def test_a_cassette_that_a_push_takes_out_while_it_is_opened_is_played(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found in the tree, and is in the cache when it is read."""
    team.record("a")
    find = Store.find

    def late(store: Store, path: Path, *, records: bool) -> Found:
        found = find(store, path, records=records)
        monkeypatch.setattr(Store, "find", find)
        team.run("push")
        return found

    monkeypatch.setattr(Store, "find", late)
    team.replay("a")
    assert team.tree() == []
    with pytest.raises(CassetteNotFoundError):
        team.replay("none")


@pytest.mark.parametrize("media_alone", [False, True])
def test_media_that_a_push_takes_out_are_played_from_the_cache(media_alone: bool, team: Team) -> None:
    """By a cassette that is open, and by one that is opened again in the same process."""
    team.ini("interactions_store = ../store", f"interactions_store_media = {media_alone}")
    team.record("a", picture=True, store_media=media_alone)
    with use_cassette(team.path("a"), **team.options(store_media=media_alone)) as cassette:
        team.run("push")
        assert not list(team.root.rglob("*.png"))
        team.post(team.body("Hello, a", picture=True)["input"])
        assert PICTURE["data"].encode() in cassette.exchanges[0].request.body
    with use_cassette(team.path("a"), **team.options(store_media=media_alone)) as cassette:
        team.post(team.body("Hello, a", picture=True)["input"])
        assert cassette.media == team.cache / "media"
        shutil.rmtree(team.cache / "media")
    with use_cassette(team.path("a"), **team.options(store_media=media_alone)):
        team.post(team.body("Hello, a", picture=True)["input"])
    assert list((team.cache / "media").iterdir())


# --- pull ---


TESTS = """
import pytest

@pytest.mark.interactions
def test_one(): ...

@pytest.mark.interactions("shared")
def test_two(): ...
"""


def test_pull_fetches_what_is_missing(team: Team) -> None:
    """All of the lock file, or what is named: cassettes, directories of them, tests that own some."""
    (team.root / "test_it.py").write_text(TESTS)
    team.record("test_it/test_one", "shared", "other/a", "other/b")
    team.run("push")
    for words, count in {
        (): 4,
        ("cassettes/other",): 2,
        ("cassettes/other/a.yaml",): 1,
        ("test_it.py",): 2,
        ("test_it.py::test_two",): 1,
        (".",): 2,
        ("test_it.py::test_one", "cassettes/other/a.yaml"): 2,
    }.items():
        shutil.rmtree(team.cache)
        told = team.run("pull", *words)
        assert (told.status, told.err) == (0, ""), told
        assert told.out.startswith(f"{count} cassette")
        assert told.out.endswith(f"{count} object{'' if count == 1 else 's'} fetched.\n")
    assert team.tree() == []


def test_pull_says_what_has_no_cassette(team: Team) -> None:
    team.record("a")
    team.run("push")
    told = team.run("pull", "cassettes/b.yaml")
    assert (told.status, "names no cassette of it" in told.err) == (2, True)
    assert team.run("pull", "/elsewhere/b.yaml").status == 2


def test_pull_puts_files_into_the_tree(team: Team) -> None:
    """With their media, to look at, or to leave the store."""
    team.record("a", picture=True)
    before = team.tree(), team.path("a").read_bytes()
    team.run("push")
    for _ in range(2):
        team.run("pull", "--files")
        assert (team.tree(), team.path("a").read_bytes()) == before
    team.record("a", text="Newer")
    newer = team.path("a").read_bytes()
    team.run("pull", "--files")
    assert team.path("a").read_bytes() == newer


def test_what_another_worker_has_recorded_meanwhile_is_not_replaced(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two find a cassette missing from the tree; one has recorded it again before the other checks it out."""
    team.record("a")
    team.run("push")
    locked = disk.locked

    def late(path: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(disk, "locked", locked)
        team.record("a", text="Newer")
        return locked(path)

    monkeypatch.setattr(disk, "locked", late)
    Store.at(str(team.store)).find(team.path("a"), records=True)
    team.replay("a", text="Newer")


def test_pull_fetches_all_but_what_can_t_be_had(team: Team) -> None:
    """A conflict, a damaged line, a missing cassette and a missing picture are each said, and nothing else stops."""
    team.record("a", "b", "c", "e")
    team.record("d", picture=True)
    team.run("push")
    (medium,) = (team.store / "media").iterdir()
    medium.unlink()
    (team.store / objects.of_cassette(team.entry("b").digest)).unlink()
    lock, line = team.root / "cassettes.lock", team.entry("a").line()
    other = line.replace(team.entry("a").digest, "0" * 64)
    text = lock.read_text().replace(line, f"<<<<<<< ours\n{line}\n=======\n{other}\n>>>>>>> theirs")
    lock.write_text(text.replace("cassettes/e.yaml\t", "cassettes/e.yaml "))
    shutil.rmtree(team.cache)
    told = team.run("pull", "--files")
    assert told.status == 2
    for part in ("two branches have recorded cassettes/a.yaml", "this is no line of a lock file", "cassettes/b.yaml: "):
        assert part in told.err
    assert told.out.startswith("3 cassettes, ")
    assert told.out.endswith(": 2 objects fetched.\n")
    assert team.tree() == ["c.yaml"]
    assert "d.yaml: " in told.err
    assert len(told.err.splitlines()) == 4


# --- status ---


def test_status_says_what_waits(team: Team) -> None:
    team.record("a", "b", "c")
    team.run("push")
    assert team.run("status").status == 0
    team.record("b", text="Again")
    team.record("d")
    told = team.run("status")
    assert told.status == 1
    assert told.out.startswith("new: cassettes/d.yaml\nchanged: cassettes/b.yaml\n3 cassettes in cassettes.lock, ")
    assert told.out.endswith("on this machine: 3. Waiting for a push: 2.\n")


def test_status_asks_the_store(team: Team) -> None:
    """One that is missing, or has another size, is told by its cassette."""
    team.record("a", "b", "c")
    team.run("push")
    (team.store / objects.of_cassette(team.entry("a").digest)).unlink()
    (team.store / objects.of_cassette(team.entry("b").digest)).write_text("short")
    told = json.loads(team.run("status", "--check", "--json").out)
    assert told["missing"] == ["cassettes/a.yaml", "cassettes/b.yaml"]
    assert team.run("status", "--check").out.startswith("missing: cassettes/a.yaml\n")
    assert team.run("status").status == 0


def test_status_tells_of_conflicts(team: Team) -> None:
    """And of nothing else of these cassettes."""
    team.record("a")
    team.run("push")
    line = team.entry("a").line()
    team.record("a", text="Other")
    team.run("push")
    other = team.entry("a").line()
    (team.root / "cassettes.lock").write_text(f"<<<<<<< ours\n{line}\n=======\n{other}\n>>>>>>> theirs\n")
    team.record("a", text="Third")
    told = team.run("status")
    assert (told.status, told.out.splitlines()[0]) == (1, "conflict: cassettes/a.yaml")
    assert team.run("push").status == 0  # which settles it, as it was recorded after both
    assert team.run("status").status == 0


# --- serve ---


@pytest.mark.parametrize("media_alone", [False, True])
def test_a_server_reads_what_is_in_the_store(media_alone: bool, team: Team) -> None:
    """Of a directory that need not be there."""
    if media_alone:
        team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", picture=True, store_media=media_alone)
    team.run("push")
    shutil.rmtree(team.cache)
    team.emulator.stop()
    more = ["--store-media"] if media_alone else []
    with _serve("cassettes", "--store", "../store", *more) as server:
        answer = httpx.post(f"{server.url}/a/v1beta/interactions", json=team.body("Hello, a", picture=True))
        assert answer.json()["steps"][-1]["content"][0]["text"].endswith("Hello, a")
        assert server.stop()[0] == 0
