"""What this machine has of stores: objects that are whole, shared by all processes of a user."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from pytest_interactions.store import cache, objects
from pytest_interactions.store.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DATA = b"version: 1\n"
NAME = objects.of_cassette(objects.digest_of(DATA))


def test_an_object_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """What is missing, torn, altered, a directory or a dangling link is not found; what is put again is."""
    kept = Cache(tmp_path / "c")
    assert kept.find(NAME) is None
    path = kept.put(NAME, DATA)
    assert kept.find(NAME) == path == kept.path(NAME)
    for damage in (DATA[:-1], b"", DATA + b"x"):
        path.write_bytes(damage)
        assert kept.find(NAME) is None
    path.unlink()
    path.mkdir()
    assert kept.find(NAME) is None
    path.rmdir()
    path.symlink_to(tmp_path / "nowhere")
    assert kept.find(NAME) is None
    kept.put(NAME, DATA)
    assert kept.find(NAME) == path


def test_an_object_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To check it again takes no reading."""
    kept = Cache(tmp_path)
    kept.put(NAME, DATA)
    kept.find(NAME)
    monkeypatch.setattr("pytest_interactions.files.disk.read", None)
    assert kept.find(NAME) == tmp_path / NAME


def test_the_files_of_a_cache_are_those_of_objects(tmp_path: Path) -> None:
    """A cache that nobody has used has none."""
    kept = Cache(tmp_path)
    assert list(kept.files()) == []
    kept.put(NAME, DATA)
    kept.put("media/0.png", b"x")
    with kept.fetching(NAME):
        pass
    assert [file.name for file in kept.files()] == [NAME.rpartition("/")[2], "0.png"]


def test_who_fetches_keeps_others_from_the_same_object(tmp_path: Path) -> None:
    """Another process waits until it is there."""
    program = f"""
from pathlib import Path
from pytest_interactions.store.cache import Cache
kept = Cache(Path({str(tmp_path)!r}))
print("begun", flush=True)
with kept.fetching({NAME!r}):
    print(kept.find({NAME!r}) is not None)
"""
    kept = Cache(tmp_path)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        with kept.fetching(NAME):
            assert other.stdout.readline() == "begun\n"
            kept.put(NAME, DATA)
        assert other.stdout.readline() == "True\n"


def test_the_cache_is_the_user_s_unless_the_environment_names_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A path of the environment leads on from the working directory; the same cache is one object."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(cache.VARIABLE, "here")
    assert cache.home() == tmp_path / "here"
    assert cache.cache() is cache.cache()
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.home().name == "pytest-interactions"
    if sys.platform == "linux":
        assert cache.home() == tmp_path / "xdg" / "pytest-interactions"


def test_a_cache_may_be_a_link(tmp_path: Path) -> None:
    """It is filled where it leads."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    kept = Cache(tmp_path / "link")
    with kept.fetching(NAME):
        kept.put(NAME, DATA)
    assert kept.find(NAME) is not None
    assert (tmp_path / "real" / NAME).read_bytes() == DATA
