"""Recorded text never runs on the page, asks for nothing, and is shown as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from selenium.common.exceptions import NoAlertPresentException

from pytest_interactions.commands import main
from pytest_interactions.escaping import escaped
from pytest_interactions.files.storage import load
from pytest_interactions.report import writing
from tests.report.hostile_cassettes import hostile_cassette, hostile_run
from tests.report.hostile_texts import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.report.model import Run
    from tests.report.browsing import Browser

#: The elements and attributes of the page's own.
ELEMENTS = (
    "a audio b button code dd details dialog div dl dt figcaption figure footer form h1 h2 h3 h4 h5 header i img input "
    "kbd li main mark object ol p pre rect script section span strong summary svg table tbody td template th thead "
    "title tr ul video"
)
ATTRIBUTES = (
    "alt aria-haspopup aria-label aria-labelledby aria-pressed autocomplete class controls decoding download height "
    "href id loading method open placeholder preload preserveAspectRatio role scope spellcheck src tabindex title type "
    "viewBox width x y"
)
#: The kinds of media that are within the page.
DATA = ("data:image", "data:audio", "data:video", "data:application")


@pytest.fixture(scope="module")
def cassettes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cassette for each hostile text, whose name is of that text too, and a candidate beside each tenth."""
    directory = tmp_path_factory.mktemp("hostile")
    for number, text in enumerate(HOSTILE):
        part = text[:60].encode("utf-8", "ignore").decode().replace("/", "|").replace("\0", "")
        hostile_cassette(directory / f"{number} {part}.yaml", text)
        if number % 10 == 0:
            hostile_cassette(directory / f"{number} {part}.failed.yaml", text[::-1])
    return directory


@pytest.fixture(scope="module")
def page(cassettes: Path) -> Path:
    """The page of these cassettes."""
    page = cassettes.parent / "report.html"
    assert main(["report", str(cassettes), "-o", str(page)]) == 0
    return page


def _is_unharmed(browser: Browser) -> None:
    """No script ran, no dialog opened, nothing was asked for, and the page's own policy forbade it nothing."""
    with pytest.raises(NoAlertPresentException):
        _ = browser.driver.switch_to.alert
    assert browser.run("return [window.canary, window.length]") == [None, 0]
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.run("return performance.getEntriesByType('resource').map((each) => each.name)") == []


def _open_all(browser: Browser) -> list[str]:
    """Open all that can be opened, and return the text of each test."""
    browser.run("document.querySelectorAll('details.test').forEach((each) => { each.open = true; })")
    browser.run("return new Promise((done) => setTimeout(done, 200))")
    browser.run("document.querySelectorAll('details:not(.pdf)').forEach((each) => { each.open = true; })")
    browser.run(
        "for (const each of document.querySelectorAll('*'))"
        " for (const kind of ['mouseover', 'focus', 'animationstart', 'error', 'load', 'click'])"
        " if (!each.closest('header, .head, button, summary, a')) each.dispatchEvent(new Event(kind, {bubbles: false}))"
    )
    browser.run("return new Promise((done) => setTimeout(done, 300))")
    texts: list[str] = browser.run(
        "return [...document.querySelectorAll('#tests > li')].map((each) => each.textContent)"
    )
    return texts


def _has_no_element_of_others(browser: Browser) -> None:
    """No recorded text became an element, an attribute or an address: that holds without the page's policy, too."""
    every = "[...document.body.querySelectorAll('*')]"
    elements = browser.run(f"return [...new Set({every}.map((each) => each.localName))]")
    assert set(elements) <= set(ELEMENTS.split())
    attributes = browser.run(f"return [...new Set({every}.flatMap((each) => each.getAttributeNames()))]")
    assert {name for name in attributes if not name.startswith("data-")} <= set(ATTRIBUTES.split())
    assert browser.run("return document.scripts.length") == 1
    links = browser.run(f"return {every}.filter((each) => each.hasAttribute('href')).map((each) => each.href)")
    assert {link.partition("#test=")[0].partition("/")[0] for link in links} <= {"file:", *DATA}


def test_what_a_cassette_holds_is_shown_and_does_not_run(page: Path, browser: Browser) -> None:
    """Each text stands at each place of a cassette; all of them are opened."""
    browser.open(page)
    texts = _open_all(browser)
    _is_unharmed(browser)
    _has_no_element_of_others(browser)
    assert len(texts) == len(HOSTILE)
    for text in HOSTILE:
        assert any(escaped(text.strip())[:2000] in each for each in texts), text


def test_what_a_run_tells_is_shown_and_does_not_run(cassettes: Path, browser: Browser, tmp_path: Path) -> None:
    """Each text stands at each place of a run: ids, outcomes, lines, paths, fixtures, commands."""
    model, page = tmp_path / "report.json", tmp_path / "report.html"
    one = sorted(cassettes.glob("0 *.yaml"))
    assert main(["report", *map(str, one), "-o", str(model)]) == 0
    run: Run = json.loads(model.read_text("utf-8"))
    (test,) = run["tests"]
    test["phases"] = [
        {"name": "call", "outcome": "failed", "seconds": 0.1, "headline": "x", "lines": [("error", "E x")]}
    ]
    test["snapshots"] = [{"path": "x", "lines": [("added", "+ x")]}]
    traced = test["cassettes"][0]
    traced["content"]["exchanges"], traced["content"]["turns"] = (
        traced["content"][name][:1] for name in ("exchanges", "turns")
    )
    traced["recorded"] = {**traced, "content": {**traced["content"], "turns": []}, "recorded": None, "candidate": None}
    texts = HOSTILE[:-1]  # the last is large, and a run has it at a thousand places
    hostile = [hostile_run(run, text) for text in texts]
    tests = [test for each in hostile for test in each["tests"]]
    writing.write(page, {**run, "title": HOSTILE[0], "ended": "".join(HOSTILE), "tests": tests})
    browser.open(page, "#test=" + "%3Cscript%3Ewindow.canary=1%3C/script%3E&turn=<img src=x onerror=window.canary=1>")
    shown = _open_all(browser)
    _is_unharmed(browser)
    _has_no_element_of_others(browser)
    for text, each in zip(texts, shown, strict=True):
        assert each.count(escaped(text)[:200].strip()) > 9, text


def test_the_hostile_cassettes_are_cassettes(cassettes: Path) -> None:
    """Else what they hold would not have come to the page."""
    for path in cassettes.glob("*.yaml"):
        assert len(load(path).exchanges) == 5
