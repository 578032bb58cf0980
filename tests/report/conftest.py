"""One browser for all tests of the page, and reports to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests.report.browsing import Browser
from tests.report.sample import sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that runs scripts."""
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The page of the sample project's run, beside its model; made once for all workers of pytest-xdist."""
    is_worker = hasattr(request.config, "workerinput")
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if is_worker else base) / "sample"
    with FileLock(directory.with_suffix(".lock")):
        return directory / "report.html" if directory.exists() else sample(directory)
