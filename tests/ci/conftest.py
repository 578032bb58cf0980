"""A project with a store, for all tests of workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_interactions.server.emulator import Emulator
from tests.ci.projects import ASK, OLD, Project, Server
from tests.store import s3

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")  # later tests of event loops see a child of this process
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a store in S3."""
    place = tmp_path_factory.mktemp("project")
    with s3.serving() as url, Emulator() as api:
        env = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
        server = Server(place)
        repository = server.repository("project")
        owner = server.clone("project", place / "owner", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", **env)
        owner.write(
            pytest_DOT_ini=f"[pytest]\ninteractions_store = {s3.bucket(url, 'recordings')}\n",
            _DOT_gitignore="cassettes/\n__pycache__/\n",
            ask_DOT_py=ASK,
            test_old_DOT_py=OLD,
        )
        owner.do("git", "switch", "--quiet", "--create", "main")
        owner.record(api.url)
        owner.do("pytest-interactions", "push")
        owner.commit("Begin")
        owner.do("git", "push", "--quiet", "origin", "main")
        yield Project(repository, env)
