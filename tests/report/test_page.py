"""The page in a real browser: what a reader sees, finds and presses."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from copy import copy
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from pytest_interactions.report import writing
from tests.report.browsing import Browser

if TYPE_CHECKING:
    from pytest_interactions.report.model import Run

_TRIP: Final = "#test=test_trips.py%3A%3Atest_books_a_trip"
_MISS: Final = (
    'CassetteMissError: system_instruction: "…plan trips." -> "…plan trips.\\nPrefer train…"; '
    'tools[1].parameters.properties.to.description: "The city" -> "A city"'
)
#: Returns each text whose colour is too near to that behind it, with the ratio of both.
_CONTRAST: Final = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = (text) => {
  const [r, g, b] = rgb(text).map((value) => value / 255).map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor;
    if (!color.endsWith(", 0)")) return color;
  }
  return "rgb(255, 255, 255)";
};
const low = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("script, noscript, svg")) continue;
  const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) low.push(element.className + " " + element.textContent.slice(0, 40) + " " + ratio.toFixed(2));
}
return low;
"""
#: Names the directory to which the pictures of the documentation are written.
_PICTURES: Final = "PYTEST_INTERACTIONS_PICTURES"

pytestmark = pytest.mark.usefixtures("browser")  # before the page is made, as there may be no browser


def _wait(browser: Browser, script: str) -> None:
    """Wait until a script returns something true."""
    WebDriverWait(browser.driver, 30, poll_frequency=0.02).until(lambda _: browser.run(script))


def _focused(browser: Browser) -> str:
    """The own name of the test that has the focus."""
    name: str = browser.run("return document.activeElement.closest('#tests > li').querySelector('.name b').textContent")
    return name


# --- what is seen ---


def test_the_list_has_failures_first_and_the_figures_of_each_test(page: Path, browser: Browser) -> None:
    """And in one line why a test failed, or was not run."""
    browser.open(page)
    assert browser.names()[:3] == ["test_books_a_trip", "test_compares_prices", "test_draws_and_speaks"]
    assert [each.text for each in browser.all(".filter")] == ["2 failed", "6 passed", "1 xfailed", "1 skipped"]
    assert [each.text for each in browser.all(".headline")] == [
        'snapshot: + function_call find_trains#1; + to = "Oslo"; + function_result find_trains#1; + currency: "EUR"',
        _MISS,
        "prices in other currencies are open",
        "Skipped: no rental cars yet",
    ]
    row = browser.all("details.test summary")[0].text.split("\n")
    assert "2" in row
    assert "find_trains, find_flights" in row
    assert browser.requests() == browser.complaints() == []


def test_a_test_opens_to_its_failure_the_candidate_and_its_trajectory(page: Path, browser: Browser) -> None:
    """Turns and steps, with arguments and results folded, signatures marked, and the requests behind them."""
    browser.open(page, _TRIP)
    assert browser.one(".phase h3").text == "call failed"
    assert "+   function_call find_trains#1" in browser.one(".phase .lines").text
    assert '+  function_call find_trains#1\n+    to = "Oslo"' in browser.one(".change .lines").text
    assert browser.one(".waiting .command").text.startswith("pytest-interactions review --accept cassettes/test_trips/")
    assert [each.text for each in browser.all("section.turn h4 a")] == ["turn 1", "turn 2"]
    assert [each.text for each in browser.all("section.turn:first-of-type .status")] == ["requires_action"]
    assert browser.all(".step .type")[1].text == "function_call"
    result = next(each for each in browser.all(".step details") if "leaves" in each.text)
    assert '"leaves": "09:12"' not in result.text
    browser.run("arguments[0].open = true", result)
    assert '"leaves": "09:12"' in result.text
    assert [each.text.split()[1:3] for each in browser.all(".exchange > summary")] == [["POST", "/interactions"]] * 2
    assert browser.requests() == browser.complaints() == []


def test_a_miss_shows_what_was_asked_beside_what_the_cassette_holds(page: Path, browser: Browser) -> None:
    """The recorded conversation is folded below the test's own."""
    browser.open(page, "#test=test_trips.py%3A%3Atest_compares_prices")
    assert "Prefer train" in browser.one(".phase .lines").text
    assert browser.all("section.turn") == []
    browser.one(".reference > summary").click()
    assert len(browser.all(".reference section.turn")) == 2
    marks = browser.all(".reference .signature")
    assert marks
    assert {each.text for each in marks} == {"signed"}


def test_media_are_shown_and_a_document_only_to_who_asks_for_it(page: Path, browser: Browser) -> None:
    """Pictures and sounds load from within the page."""
    browser.open(page, "#test=test_trips.py%3A%3Atest_draws_and_speaks")
    _wait(browser, "return document.querySelector('figure img').naturalWidth > 50")
    browser.run("document.querySelector('audio').preload = 'auto'")
    _wait(browser, "return document.querySelector('audio').duration > 0.05")
    assert [each.text.split(",")[0] for each in browser.all("figcaption")] == ["image", "audio"]
    browser.open(page, "#test=test_trips.py%3A%3Atest_reads_a_timetable")
    assert browser.run("return document.querySelectorAll('object').length") == 0
    assert browser.one("figcaption a").get_attribute("download")
    browser.one(".pdf summary").click()
    _wait(browser, "return document.querySelector('.pdf object')")
    assert browser.one(".pdf object").size["height"] > 200
    assert [url for url in browser.requests() if not url.startswith("chrome-extension:")] == []
    assert browser.complaints() == []


def test_a_stream_is_a_timeline_of_its_events(page: Path, browser: Browser) -> None:
    """In order, with their sizes; those that follow each other and are alike in one."""
    browser.open(page, "#test=test_trips.py%3A%3Atest_tells_a_story")
    browser.one(".exchange > summary").click()
    events = [each.text for each in browser.all(".events tbody tr")]
    assert len(events) == len(browser.all(".stream rect"))
    assert events[0].startswith("1 interaction.created")
    texts = next(each for each in events if "The sea was as calm" in each)
    assert texts.split()[0] == "7–11"  # noqa: RUF001 - from one number to another
    assert "step.delta step 2, text" in texts
    widths = [float(each.get_attribute("width") or 0) for each in browser.all(".stream rect")]
    assert sum(widths) == pytest.approx(1000, abs=0.1)


def test_a_stream_shows_when_its_events_came(page: Path, browser: Browser) -> None:
    """As a bar of the waits, with the same in words beside it, for whoever sees no bar."""
    browser.open(page, "#test=test_trips.py%3A%3Atest_tells_a_story")
    told = browser.one(".turn .pace").text
    assert re.fullmatch(
        r"first token after \d\.\d+ s, gaps of \d\.\d+ s \(median\), "
        r"the longest \d\.\d+ s before event \d+ of exchange 1",
        told,
    )
    browser.one(".exchange summary").click()
    bars = browser.all(".gaps rect")
    widths = [float(each.get_attribute("width") or 0) for each in bars]
    assert sum(widths) == pytest.approx(1000, abs=1)
    assert browser.one(".exchange .pace").text == told.removesuffix(" of exchange 1")
    assert browser.run("return document.querySelector('.gaps').getAttribute('aria-hidden')") == "true"
    assert browser.run("return document.querySelector('.gaps rect title').textContent").endswith(" s before event 1")


def test_what_stands_for_a_secret_is_marked(page: Path, browser: Browser) -> None:
    """In the requests and answers."""
    browser.open(page, "#test=test_trips.py%3A%3Atest_tells_a_story")
    browser.run("document.querySelectorAll('.exchange, .exchange .fold').forEach((each) => { each.open = true; })")
    assert {each.get_attribute("title") for each in browser.all(".exchange mark")} == {"stands for a signature"}


# --- finding ---


def test_names_tools_and_transcripts_are_searched(page: Path, browser: Browser) -> None:
    """All words must be there; what is only markup is not found."""
    browser.open(page)
    for text, found in {
        "bergen": ["test_finds[Bergen]"],
        "find_trains": ["test_books_a_trip", "test_compares_prices"],
        "calm BOAT": ["test_tells_a_story"],
        "<pre tabindex": [],
        "no rental": ["test_rents_a_car"],
        "": 10,
    }.items():
        browser.press("/", text, Keys.ENTER) if text else browser.press(Keys.ESCAPE)
        wanted = found if isinstance(found, list) else browser.names()
        _wait(browser, f"return document.querySelectorAll('#tests > li:not([hidden])').length === {len(wanted)}")
        assert browser.names() == wanted
        assert browser.one("#none").text == (f"{len(wanted)} of 10" if wanted else "Nothing fits.") if text else True
        browser.press(Keys.ESCAPE)


def test_outcomes_are_filtered_and_columns_sorted(page: Path, browser: Browser) -> None:
    """Once more turns the order around; what is equal stays as it was."""
    browser.open(page)
    browser.one(".filter.failed").click()
    browser.one(".filter.skipped").click()
    assert browser.names() == ["test_books_a_trip", "test_compares_prices", "test_rents_a_car"]
    browser.one(".filter.failed").click()
    browser.one(".filter.skipped").click()
    browser.one(".sort.tokens").click()
    assert browser.names()[:3] == ["test_reads_a_timetable", "test_finds[Bergen]", "test_finds[Rome]"]
    browser.one(".sort.tokens").click()
    assert browser.names()[-1] == "test_reads_a_timetable"
    browser.one(".sort.name").click()
    assert browser.names() == sorted(browser.names())
    assert [each.get_attribute("aria-pressed") for each in browser.all(".sort")].count("true") == 1


def test_keys_go_through_the_tests(page: Path, browser: Browser) -> None:
    """j, k, Enter, /, Escape and ?, but not while somebody types."""
    browser.open(page)
    browser.press("j", "j")
    assert _focused(browser) == "test_compares_prices"
    browser.press("k", Keys.ENTER)
    assert browser.one("details.test[open]").get_attribute("data-id") == "test_trips.py::test_books_a_trip"
    browser.press(Keys.ESCAPE)
    assert browser.all("details.test[open]") == []
    assert _focused(browser) == "test_books_a_trip"
    browser.press("/", "jk?")
    assert browser.one("#search").get_attribute("value") == "jk?"
    browser.press(Keys.ESCAPE, "?")
    assert "next, previous test" in browser.one("dialog").text
    browser.press("j", Keys.ESCAPE)
    assert browser.all("dialog") == []


def test_a_link_leads_to_a_turn_and_the_address_follows_what_is_opened(page: Path, browser: Browser) -> None:
    """So that it can be sent to somebody."""
    browser.open(page, f"{_TRIP}&turn=2")
    assert browser.one("section.turn.wanted h4 a").text == "turn 2"
    assert browser.run("return document.querySelector('section.turn.wanted').getBoundingClientRect().top") < 400
    browser.open(page)
    browser.press("j", Keys.ENTER)
    _wait(browser, f"return location.hash === {json.dumps(_TRIP)}")
    browser.all("section.turn h4 a")[1].click()
    assert browser.run("return location.hash") == f"{_TRIP}&turn=2"
    assert browser.one("section.turn.wanted h4 a").text == "turn 2"
    browser.open(page, "#test=nobody&turn=x")
    assert browser.all("details.test[open]") == []


def test_the_command_that_accepts_is_copied(page: Path, browser: Browser) -> None:
    """Or selected, where a browser does not let a page copy."""
    browser.open(page, _TRIP)
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardSanitizedWrite"]})
    browser.one(".copy").click()
    _wait(browser, "return document.querySelector('.copy').textContent === 'Copied'")
    browser.press("/", Keys.CONTROL + "v")
    assert browser.one("#search").get_attribute("value") == browser.one(".command").text
    browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    browser.one(".copy").click()
    _wait(browser, "return document.querySelector('.copy').textContent === 'Selected'")
    assert browser.run("return getSelection().toString()") == browser.one(".command").text


# --- for everybody ---


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_has_enough_contrast(theme: str, page: Path, browser: Browser) -> None:
    """4.5 to 1, as WCAG's level AA wants it, whether the machine prefers the theme or the reader has switched it on."""
    for begun in (theme, {"light": "dark", "dark": "light"}[theme]):
        browser.open(page, _TRIP, theme=begun)
        browser.run("localStorage.clear(); delete document.documentElement.dataset.theme")
        if begun != theme:
            browser.one("#theme").click()
        browser.run("document.querySelectorAll('details:not(.pdf)').forEach((each) => { each.open = true; })")
        dark = browser.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (theme == "dark")
        assert browser.run(_CONTRAST) == []
    browser.run("localStorage.clear()")


def test_everything_has_a_name_and_can_be_reached_by_keys(page: Path, browser: Browser) -> None:
    """Landmarks, one heading of the first level, names of buttons and fields, a focus that is seen."""
    browser.open(page, _TRIP)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    shown = [node for node in tree if not node["ignored"]]
    roles = {node["role"]["value"] for node in shown}
    assert {"banner", "main", "contentinfo", "search", "list", "listitem", "heading"} <= roles
    for node in shown:
        if node["role"]["value"] in {"button", "searchbox", "link", "image", "DisclosureTriangle", "group"}:
            assert node["name"]["value"] or node["role"]["value"] == "group", node
    assert browser.run("return document.querySelectorAll('h1').length") == 1
    browser.press(Keys.TAB)
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_a_phone_shows_it_without_scrolling_sideways(page: Path, browser: Browser) -> None:
    """With everything open."""
    browser.open(page, width=360)
    browser.run("document.querySelectorAll('details.test').forEach((each) => { each.open = true; })")
    _wait(browser, "return document.querySelectorAll('section.turn').length > 10")
    browser.run("document.querySelectorAll('details:not(.pdf)').forEach((each) => { each.open = true; })")
    assert browser.overflow() <= 0
    every = "[...document.querySelectorAll('#tests *')]"
    assert browser.run(f"return {every}.filter((each) => each.getBoundingClientRect().right > 361).length") == 0


def test_paper_has_what_is_open_and_no_buttons(page: Path, browser: Browser) -> None:
    """Black on white, whatever the theme."""
    browser.open(page, _TRIP, theme="dark")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.all("button:not(.sort)") == []
    assert len(browser.all("section.turn")) == 2
    paper = b64decode(browser.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") >= 1 or len(paper) > 10_000


def test_it_reads_without_scripts(page: Path, tmp_path: Path) -> None:
    """Tests open, and so does what is in them; what needs a script is not there."""
    browser = Browser(tmp_path / "profile", scripts=False)
    try:
        browser.driver.get(page.as_uri())
        browser.all("details.test > summary")[0].click()
        assert len(browser.all("section.turn")) == 2
        browser.all(".exchange > summary")[0].click()
        browser.all(".exchange .fold > summary")[0].click()
        assert '"system_instruction": "You plan trips.' in browser.one(".exchange[open] .fold[open] pre").text
        assert browser.all("button:not(.sort), input") == []
        assert browser.one(".noscript-facts").text == "2 failed6 passed1 xfailed1 skipped" or browser.all(".badge")
        assert browser.complaints() == []
    finally:
        browser.close()


def test_what_is_in_a_thousand_tests_costs_nothing_until_it_is_opened(
    page: Path, browser: Browser, tmp_path: Path
) -> None:
    """It is a text until then, which can be searched; a benchmark measures how long such a page takes to open."""
    run: Run = json.loads(page.with_suffix(".json").read_text("utf-8"))
    passed = [test for test in run["tests"] if test["id"].startswith("test_trips.py::test_finds")]
    run["tests"] = [copy(passed[number % len(passed)]) for number in range(1000)]
    for number, test in enumerate(run["tests"]):
        test["id"] = f"test_{number}"
    writing.write(tmp_path / "many.html", run)
    browser.open(tmp_path / "many.html")
    assert browser.run("return document.querySelectorAll('*').length") < 25_000
    browser.press("/", "test_999")
    _wait(browser, "return document.querySelectorAll('#tests > li:not([hidden])').length === 1")


# --- pictures for the documentation ---


def test_pictures_of_it_are_made(page: Path, browser: Browser, tmp_path: Path) -> None:
    """They go to the documentation where PYTEST_INTERACTIONS_PICTURES names its directory."""
    directory = Path(os.environ.get(_PICTURES, tmp_path))
    open_all = "document.querySelectorAll(arguments[0]).forEach((each) => { each.open = true; }); window.scrollTo(0, 0)"
    for name, hash_, width, height, theme, opened in (
        ("report", "", 1200, 600, "light", ""),
        ("report-failure", _TRIP, 1200, 1500, "light", ""),
        ("report-dark", "#test=test_trips.py%3A%3Atest_draws_and_speaks", 1200, 900, "dark", ""),
        ("report-stream", "#test=test_trips.py%3A%3Atest_tells_a_story", 1200, 1100, "light", ".exchange"),
        ("report-phone", "#test=test_trips.py%3A%3Atest_compares_prices", 390, 844, "light", ""),
    ):
        browser.open(page, hash_, width=width, theme=theme, height=height)
        browser.run(open_all, opened or "none")
        if hash_:
            browser.run(
                "document.querySelector('details[open]').parentElement.scrollIntoView(); document.activeElement.blur()"
            )
        picture = directory / f"{name}.png"
        _write(browser.driver.get_screenshot_as_png(), picture)
        assert 5_000 < picture.stat().st_size < 150_000


def _write(png: bytes, path: Path) -> None:
    """Write a picture with few colours, which takes a third of the bytes."""
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
