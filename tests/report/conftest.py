"""One browser for all tests of the page, and reports to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that runs scripts."""
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
