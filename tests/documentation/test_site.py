"""The site: built without a warning, whole, and readable on a phone, in the dark and by its search."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

import pytest

from tests.report.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
PHONE = 360


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the built site; a warning fails it."""
    place = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-d", str(place / "trees")]
    run = subprocess.run([*build, str(DOCS), str(place / "html")], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    return place / "html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


class _Links(HTMLParser):
    """The links of a page, and the places in it that a link may lead to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places = {"", "top"}
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        given = dict(attrs)
        self.places |= {given.get("id") or "", given.get("name") or ""}
        link = given.get("href" if tag in {"a", "link"} else "src")
        if link and not re.match(r"[a-z]+:", link):
            self.links.append(link)


def pages(site: Path) -> list[Path]:
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


def test_all_links_inside_lead_to_a_place_that_is_there(site: Path) -> None:
    found = {page: _Links(page) for page in pages(site)}
    broken = []
    for page, its in found.items():
        for link in its.links:
            path, place = urldefrag(link)
            target = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page
            if not target.exists() or (target in found and unquote(place) not in found[target].places):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert broken == []
    assert len(found) > 30


def test_no_page_scrolls_sideways_on_a_phone(site: Path, browser: Browser) -> None:
    wide = {}
    for page in pages(site):
        browser.open(page, width=PHONE, height=740)
        if (overflow := browser.overflow()) > 0:
            wide[str(page.relative_to(site))] = overflow
    assert wide == {}


def test_who_prefers_dark_pages_gets_them(site: Path, browser: Browser) -> None:
    """Text and background, as the browser paints them."""
    colours = {}
    for theme in ("light", "dark"):
        browser.open(site / "tutorial.html", theme=theme)
        style = "getComputedStyle(document.body)"
        painted = browser.run(f"return [{style}.color, {style}.backgroundColor]")
        colours[theme] = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in painted]
    (text, paper), (light_text, black) = colours["light"], colours["dark"]
    assert text < paper
    assert light_text > black


def test_the_search_finds_a_page_by_its_words(site: Path, browser: Browser) -> None:
    browser.open(site / "search.html", at="?q=fast_forward")
    found = browser.run(
        "const until = (done) => { const all = document.querySelectorAll('#search-results li a');"
        " all.length ? done([...all].map((each) => each.getAttribute('href'))) : setTimeout(until, 50, done); };"
        " return new Promise(until);"
    )
    assert any("replay.html" in link for link in found)
