"""docs/llms.txt names each page of the site, and no others: https://llmstxt.org has the form."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
SITE = "https://pytest-interactions.readthedocs.io/en/latest/"
TEXT = (DOCS / "llms.txt").read_text("utf-8")
LINKS = re.findall(r"^- \[([^\]]+)\]\((\S+)\): \S.*$", TEXT, re.MULTILINE)


def _pages() -> dict[str, Path]:
    """Return the pages by their addresses."""
    pages = {}
    for path in DOCS.rglob("*.md"):
        parts = path.relative_to(DOCS).with_suffix("").parts
        if not parts[0].startswith("_") and parts[0] != "upstream":
            at = parts[:-1] if parts[-1] == "index" else parts
            pages[SITE + "".join(f"{part}/" for part in at)] = path
    return pages


def test_each_page_is_listed_once_and_each_that_is_listed_is_there() -> None:
    assert sorted(address for _, address in LINKS) == sorted(_pages())


def test_a_page_is_listed_by_its_title() -> None:
    pages = _pages()
    titles = {address: path.read_text("utf-8").partition("\n")[0] for address, path in pages.items()}
    listed = {address: f"# {title}" for title, address in LINKS}
    assert {address: listed[address] for address, title in titles.items() if title.startswith("# ")} == {
        address: title for address, title in titles.items() if title.startswith("# ")
    }


def test_it_has_the_form() -> None:
    """A title, a summary, and below each heading nothing but links."""
    head, *sections = re.split(r"^## .+\n", TEXT, flags=re.MULTILINE)
    assert re.match(r"# pytest-interactions\n\n(> .+\n)+\n", head)
    assert sections
    for section in sections:
        assert all(re.fullmatch(r"- \[.+\]\(\S+\): .+", line) for line in section.split("\n") if line)
