"""The examples of docs/faults.md run as they stand: recorded against the emulator, and replayed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.faults import KINDS, Effects
from tests.faults.test_table import RAISED
from tests.pages import Page

if TYPE_CHECKING:
    from tests.support import Runner

PAGE = Page("faults.md")


@pytest.fixture
def page(run: Runner) -> Runner:
    """The page's examples, recorded as it says."""
    for name, text in PAGE.files().items():
        run.pytester.path.joinpath(name).write_text(text)
    run.record("test_app.py::test_an_answer", "test_app.py::test_a_stream").assert_outcomes(passed=2)
    return run


def test_all_examples_hold(page: Runner) -> None:
    page.replay().assert_outcomes(passed=37)


def test_the_whole_example_is_recorded_as_the_page_says(run: Runner) -> None:
    """Its two blocks alone, in one run that skips the test with a fault."""
    app, test, *_ = PAGE.blocks("python")
    run.pytester.makepyfile(app=app, test_app=test)
    run.record().assert_outcomes(passed=2, skipped=1)
    run.replay().assert_outcomes(passed=3)


def test_faults_of_the_command_line_and_of_an_ini_file_hit(page: Runner) -> None:
    """Each as the page has it, in a test whose marker has no fault."""
    (line,) = re.findall(r"^\$ pytest (.*) --interactions-fault='(.*)'$", PAGE.text, re.MULTILINE)
    asked = page.pytester.path / "test_app.py"
    asked.write_text(asked.read_text() + _TOLD)
    page.replay(line[0] + _ASKED, f"--interactions-fault={line[1]}", "-s").stdout.fnmatch_lines(["asked: 3"])
    (ini,) = PAGE.blocks("toml")
    page.pytester.makepyprojecttoml(ini)
    page.replay(line[0] + _ASKED, "-s").stdout.fnmatch_lines(["asked: 2"])


#: The same test once more, which says how often the API was asked.
_ASKED = "_and_how_often"
_TOLD = f"""
@pytest.mark.interactions("question")
def test_an_answer{_ASKED}(interactions):
    app.ask(QUESTION)
    print()
    print("asked:", len(interactions.exchanges))
"""


def test_a_failing_test_tells_which_faults_have_hit(page: Runner) -> None:
    fault = {"error": 400, "on": {"input": "rivers"}}
    page.pytester.makepyfile(test_it=_test(f"fault={fault}"))
    assert PAGE.shown("------------------------ interactions: faults") in page.replay("test_it.py").stdout.str()


def test_a_fault_that_hits_nothing_is_told_as_the_page_has_it(page: Runner) -> None:
    page.pytester.makepyfile(test_it=_test("fault={'cut_after': 8}"))
    result = page.replay("test_it.py")
    result.assert_outcomes(passed=1, errors=1)
    assert PAGE.shown("E   FaultError") in result.stdout.str()


def test_a_storm_tells_its_seed_as_the_page_has_it(page: Runner) -> None:
    """The page has the seed of a run that picked one; the same one does the same again."""
    told = PAGE.shown("a storm hit 1 of 1 test")
    (fault,) = re.findall(r"fault = '(.*)':", told)
    assert told in page.replay("test_app.py::test_an_answer", f"--interactions-fault={fault}").stdout.str()
    assert re.search(
        "a storm hit [0-9]+ of [0-9]+ tests", page.replay("-k", "test_a", "--interactions-fault=storm").stdout.str()
    )


def _test(options: str) -> str:
    return f"""
        import app, pytest, test_app

        @pytest.mark.interactions("question", {options})
        def test_it():
            app.ask(test_app.QUESTION)
    """


def test_the_page_has_each_key() -> None:
    """Each has a row, and an example that runs."""
    rows = "\n".join(first for first, *_ in PAGE.rows("## What goes wrong"))
    kinds = {*KINDS, "cut_after_seconds", "events_delay"}
    assert set(re.findall(r"`(\w+):", rows)) == kinds
    others = {"message", "code", "retry_after"}
    assert kinds | others == set(Effects.model_fields)
    examples = "".join(PAGE.blocks("python"))
    assert all(f'"{key}"' in examples for key in kinds | others)


def test_the_page_has_the_exceptions_that_the_clients_raise() -> None:
    """Those of the table of tests; of httpx and httpx2 the names are the same."""
    rows = {name: cells for names, *cells in PAGE.rows("## What each client raises") for name in names.split(", ")}
    renamed = {"google-genai": "genai", "urllib.request": "urllib"}
    for name, cells in rows.items():
        raised = RAISED[renamed.get(name, name)]
        for cell, kind in zip(cells, ("refused", "connect", "read", "unanswered", "broken"), strict=True):
            assert re.findall(r"`(\w+)`", cell) == list(map(_name, _several(raised[kind])))
    assert {renamed.get(name, name) for name in rows} == RAISED.keys()


def _several(kinds: Any) -> tuple[Any, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else str(kind.__name__)
