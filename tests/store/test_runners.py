"""Runners, in processes: each fetches what its tests need, once; those that share a cache, once together."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from benchmarks.material import answer, pairs, write_ours
from pytest_interactions.commands import main
from pytest_interactions.files import media
from pytest_interactions.store import cache, objects
from pytest_interactions.store.lock_file import LockFile
from tests.store import faulty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_RUNNERS = 5
_TESTS = 20
_RUNNER = """
import json, sys
from pathlib import Path
import httpx2
from benchmarks.contenders import ask
from benchmarks.material import question
from pytest_interactions import use_cassette

root, store, names = json.loads(sys.argv[1])
with httpx2.Client(verify=False) as client:
    for name in names:
        with use_cassette(Path(root) / "cassettes" / f"{name}.yaml", store=store):
            ask(client, question(int(name.rpartition("_")[2]), 300))
"""


class _Team(NamedTuple):
    root: Path
    url: str
    asked: list[str]
    names: list[str]

    def needs(self, names: Sequence[str]) -> Counter[str]:
        """Return the objects that some tests need."""
        lock, found = LockFile.read(self.root / "cassettes.lock"), Counter[str]()
        for name in names:
            digest = lock.entry(f"cassettes/{name}.yaml").digest
            raw = (self.root.parent / "pushed" / objects.of_cassette(digest)).read_bytes()
            found.update([objects.of_cassette(digest), *objects.of_media(media.references_in(raw))])
        return found

    def start(self, names: Sequence[str], machine: Path) -> subprocess.Popen[bytes]:
        """Start a process that replays some tests on a machine."""
        arguments = json.dumps([str(self.root), self.url, names])
        env = {**os.environ, cache.VARIABLE: str(machine)}
        return subprocess.Popen([sys.executable, "-W", "ignore", "-c", _RUNNER, arguments], env=env, cwd=_ROOT)

    def fetched(self) -> Counter[str]:
        """Return how often each object was asked for, by its name, and forget it; nothing else was asked for."""
        found = Counter("/".join(each.partition("?")[0].split("/")[-2:]) for each in self.asked)
        assert {each.split()[0] for each in self.asked} <= {"GET"}
        self.asked.clear()
        return found


_ROOT = Path(__file__).parents[2]


def _picture(number: int) -> dict[str, Any]:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n%8d" % number + bytes(70_000)).decode()
    return {"type": "image", "mime_type": "image/png", "data": data}


def _recorded(root: Path, count: int) -> list[str]:
    """Make a project with cassettes of one exchange, each tenth of which has a picture, and return their names."""
    names = [f"test_{number}" for number in range(count)]
    for number, (asked, _) in enumerate(pairs(count, 300)):
        answered = answer(number, _picture(number) if number % 10 == 0 else None)
        write_ours(root / "cassettes" / f"{names[number]}.yaml", [(asked, answered)])
    (root / "pytest.ini").write_text("[pytest]\n")
    return names


@pytest.fixture(params=["a web server", "S3"])
def team(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Team]:
    """A project that has pushed its cassettes to a store that counts what it is asked for."""
    root = tmp_path / "project"
    names = _recorded(root, 200 if request.param == "a web server" else 60)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "pushed"))  # which has all objects then, as the store has
    monkeypatch.chdir(root)
    if request.param == "a web server":
        assert main(["push", "--store", str(tmp_path / "store")]) == 0
        with faulty.before(tmp_path / "store") as server:
            yield _Team(root, server.url, server.asked, names)
        return
    moto, door, url = map(request.getfixturevalue, ("moto", "door", "bucket"))
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", moto)  # for what need not be counted
        assert main(["push", "--store", url]) == 0
    yield _Team(root, url, door.asked, names)


def test_runners_fetch_what_their_tests_need_once(team: _Team, tmp_path: Path) -> None:
    """Those that are cold each for itself, and those that share a cache once together; those that are warm nothing."""
    selections = [Random(number).sample(team.names, _TESTS) for number in range(_RUNNERS)]
    needed = sum(map(team.needs, selections), Counter[str]())
    for expected in (needed, Counter[str]()):  # cold, then warm
        runners = [team.start(selection, tmp_path / f"machine-{number}") for number, selection in enumerate(selections)]
        assert [runner.wait() for runner in runners] == [0] * _RUNNERS
        assert team.fetched() == expected
    workers = [team.start(selections[0], tmp_path / "machine") for _ in range(_RUNNERS)]
    assert [worker.wait() for worker in workers] == [0] * _RUNNERS
    assert team.fetched() == team.needs(selections[0])
