"""Several workers and machines over one store: replay needs no agreement, and shards push lines of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.store.lock_file import LockFile
from tests.ci.projects import ASK, Clone, Server
from tests.support import require

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

TESTS = 6
MANY = "from ask import ask\n" + "".join(
    f'\n\ndef test_{number}(interactions):\n    assert "Number {number}" in ask("Say: Number {number}")\n'
    for number in range(TESTS)
)


class Team:
    """A repository with tests, a store that is a directory, and any number of machines."""

    def __init__(self, tmp_path: Path) -> None:
        self.path, self.store = tmp_path, tmp_path / "store"
        self.server = Server(tmp_path / "server")
        self.server.repository("project")
        first = self.machine("first")
        first.write(
            pytest_DOT_ini=f"[pytest]\ninteractions_store = {self.store}\n",
            _DOT_gitignore="cassettes/\n__pycache__/\n",
            _DOT_gitattributes="cassettes.lock merge=union\n",
            ask_DOT_py=ASK,
            test_many_DOT_py=MANY,
        )
        first.do("git", "switch", "--quiet", "--create", "main")
        first.commit("Begin")
        first.do("git", "push", "--quiet", "origin", "main")

    def machine(self, name: str) -> Clone:
        """A new clone, on a machine of its own: its cache is empty."""
        return self.server.clone("project", self.path / name)

    def recorded(self, url: str) -> None:
        """Record all tests, push their recordings, and push the commit."""
        owner = self.machine("owner")
        owner.record(url)
        owner.do("pytest-interactions", "push")
        owner.commit("Record")
        owner.do("git", "push", "--quiet", "origin", "main")

    def objects(self) -> set[str]:
        """The cassettes of the store."""
        return _names(self.store / "cassettes")


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


def cached(machine: Clone) -> set[str]:
    """The cassettes that a machine has fetched."""
    return _names(machine.path.parent / "cache" / "cassettes")


def ids(*numbers: int) -> list[str]:
    """The ids of some tests, as a shard is given them."""
    return [f"test_many.py::test_{number}" for number in numbers]


def replay(machine: Clone, *arguments: str) -> str:
    """Replay, and return what pytest prints."""
    return machine.do("python", "-m", "pytest", *arguments)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A repository with tests, of which none is recorded."""
    return Team(tmp_path)


def test_workers_of_a_machine_share_what_they_fetch_and_need_the_store_no_more(team: Team, emulator: Emulator) -> None:
    team.recorded(emulator.url)
    machine = team.machine("cold")
    assert f"{TESTS} passed" in replay(machine, "-n2")
    assert cached(machine) == team.objects()
    assert len(cached(machine)) == TESTS
    team.store.rename(team.path / "gone")
    assert f"{TESTS} passed" in replay(machine, "-n2")
    assert machine.do("git", "status", "--porcelain", "--ignored", "--", "cassettes") == ""


@pytest.mark.parametrize("by", ["ids", "pytest-split"])
def test_each_shard_fetches_what_its_own_tests_need(by: str, team: Team, emulator: Emulator) -> None:
    """Whoever divides the tests among machines has nothing to say to the store."""
    team.recorded(emulator.url)
    shards = [team.machine(f"shard {number}") for number in range(2)]
    parts = [ids(0, 2, 4), ids(1, 3, 5)]
    if by == "pytest-split":
        require(by, found=find_spec("pytest_split"), otherwise="pytest-split is not installed")
        parts = [["--splits=2", f"--group={group}", "-n2"] for group in (1, 2)]
    with ThreadPoolExecutor() as pool:
        assert all("3 passed" in out for out in pool.map(lambda machine, part: replay(machine, *part), shards, parts))
    one, two = map(cached, shards)
    assert (len(one), len(two)) == (3, 3)
    assert one | two == team.objects()


def test_workers_record_at_once_and_one_push_has_all_lines(team: Team, emulator: Emulator) -> None:
    machine = team.machine("recorder")
    assert f"{TESTS} passed" in machine.record(emulator.url, "-n2")
    machine.do("pytest-interactions", "push")
    assert list(LockFile.read(machine.path / "cassettes.lock")) == [
        f"cassettes/test_many/test_{number}.yaml" for number in range(TESTS)
    ]
    assert len(team.objects()) == TESTS


def test_shards_that_record_push_lines_that_git_merges(team: Team, emulator: Emulator) -> None:
    """Each line has its neighbours in the other shard, in a file that both begin; both push at the same time."""
    shards = {name: team.machine(name) for name in ("even", "odd")}
    parts = {"even": ids(0, 2, 4), "odd": ids(1, 3, 5)}

    def shard(name: str) -> None:
        machine = shards[name]
        machine.do("git", "switch", "--quiet", "--create", name)
        machine.record(emulator.url, *parts[name])
        machine.do("pytest-interactions", "push")
        machine.commit(f"Record {name}")
        machine.do("git", "push", "--quiet", "origin", name)

    with ThreadPoolExecutor() as pool:
        list(pool.map(shard, shards))
    merged = team.machine("merged")
    for name in shards:
        merged.do("git", "merge", "--quiet", "--no-edit", f"origin/{name}")
    lock = LockFile.read(merged.path / "cassettes.lock")
    assert lock.conflicts == {}
    assert len(lock.entries()) == len(team.objects()) == TESTS
    assert f"{TESTS} passed" in replay(merged, "-n2")


def test_shards_that_record_again_change_lines_that_git_merges(team: Team, emulator: Emulator) -> None:
    team.recorded(emulator.url)
    emulator.on(input="Say").reply(text="Number 0 1 2 3 4 5: Number 2, Number 3")
    for name, number in (("two", 2), ("three", 3)):
        machine = team.machine(name)
        machine.do("git", "switch", "--quiet", "--create", name)
        machine.record(emulator.url, *ids(number), "--interactions-record-mode=rewrite")
        machine.do("pytest-interactions", "push")
        assert machine.do("git", "diff", "--numstat") == "1\t1\tcassettes.lock"
        machine.commit(f"Record {name}")
        machine.do("git", "push", "--quiet", "origin", name)
    merged = team.machine("merged")
    for name in ("two", "three"):
        merged.do("git", "merge", "--quiet", "--no-edit", f"origin/{name}")
    assert f"{TESTS} passed" in replay(merged, "-n2")


def test_the_same_cassette_of_two_shards_is_a_conflict_though_git_sees_none(team: Team, emulator: Emulator) -> None:
    """By the attribute `merge=union` git keeps both lines; whoever reads the file is told, and nothing is lost."""
    team.recorded(emulator.url)
    for name in ("one", "two"):
        emulator.on(input="Say").reply(text=f"Number 2, says {name}")
        machine = team.machine(name)
        machine.do("git", "switch", "--quiet", "--create", name)
        machine.record(emulator.url, *ids(2), "--interactions-record-mode=rewrite")
        machine.do("pytest-interactions", "push")
        machine.commit(f"Record {name}")
        machine.do("git", "push", "--quiet", "origin", name)
    merged = team.machine("merged")
    for name in ("one", "two"):
        merged.do("git", "merge", "--quiet", "--no-edit", f"origin/{name}")
    lock = LockFile.read(merged.path / "cassettes.lock")
    assert list(lock.conflicts) == ["cassettes/test_many/test_2.yaml"]
    assert f"{TESTS - 1} passed" in replay(merged, "--deselect", *ids(2))
