"""Every block of code of the documentation runs, and every output is what the program prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documentation.blocks import Reader, environment

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

ROOT = Path(__file__).parents[2]
#: Pages with tests of their own, which do more than to run one block after the other.
ELSEWHERE = {
    "docs/any-language.md": "tests/server/test_languages.py",
    "docs/emulator.md": "tests/emulator/test_documentation.py",
    "docs/expectations.md": "tests/test_expectations_page.py",
    "docs/faults.md": "tests/faults/test_page.py",
    "docs/live.md": "tests/live/test_page.py",
    "docs/verify.md": "tests/verify/test_nightly.py",
}
PAGES = sorted(
    {str(path.relative_to(ROOT)) for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))} - {*ELSEWHERE}
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, tmp_path: Path, emulator: Emulator) -> None:
    """Its reader has an API: the emulator."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    reader = Reader(project, {**environment(home), **emulator.env})
    try:
        reader.reads(ROOT / page)
    finally:
        reader.close()


def test_pages_with_tests_of_their_own_are_there() -> None:
    for page, test in ELSEWHERE.items():
        assert (ROOT / page).exists()
        assert Path(page).name in (ROOT / test).read_text("utf-8")
