"""Fixtures of the tests of stores: S3 as moto serves it, stores that fail, and a cache of each test's own."""

from __future__ import annotations

import gc
import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING
from uuid import uuid4

import fsspec
import pytest

from pytest_interactions.store import cache, remote
from tests.store import faulty, s3
from tests.store.projects import Project
from tests.store.teams import Team
from tests.support import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.faulty import Faulty
    from tests.support import Runner


@pytest.fixture(autouse=True)
def cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of this test, which is cold."""
    directory = tmp_path / "the-cache"
    monkeypatch.setenv(cache.VARIABLE, str(directory))
    return directory


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody waits between two tries, and no connection, nor what is in memory, outlives a test."""
    monkeypatch.setattr(remote, "_PAUSES", (0, 0))
    yield
    for kind in fsspec.registry.values():
        kind.clear_instance_cache()
    fsspec.get_filesystem_class("memory").store.clear()


@pytest.fixture(scope="package")  # later tests of event loops see a child of this process
def moto() -> Iterator[str]:
    """The URL of an S3, for all tests that may have it."""
    require("moto", found=find_spec("moto") and find_spec("s3fs"), otherwise="moto and s3fs are not installed")
    importlib.import_module("s3fs")  # which a pytest run inside a test would make Python forget
    with s3.serving() as url:
        yield url


@pytest.fixture
def door(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """S3 behind a server that fails when it is told to; the environment leads there."""
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda **_: 0)  # its own pauses between two tries
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    with faulty.before(moto) as server:
        for name, value in s3.env(server.url).items():
            monkeypatch.setenv(name, value)
        yield server
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    gc.collect()  # so that no event loop of the next test closes what was opened in this one


@pytest.fixture
def bucket(door: Faulty) -> str:
    """The URL of a new bucket."""
    url = s3.bucket(door.url, f"bucket-{uuid4().hex}")
    door.asked.clear()
    return url


@pytest.fixture
def team(run: Runner, cache_directory: Path) -> Team:
    """A project with one recorded test, whose cassette can be pushed, lost, and fetched again."""
    return Team(run, cache_directory)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in git with a store."""
    return Project(tmp_path, monkeypatch)
