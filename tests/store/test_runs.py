"""What a run of pytest says of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support import Runner


def test_a_run_that_records_says_that_it_is_not_in_the_store_yet(run: Runner) -> None:
    """A replay says nothing."""
    run.pytester.makeini("[pytest]\ninteractions_store = ../a-store\n")
    run.test("def test_one(interactions): ask()")
    told = run.record()
    told.stdout.fnmatch_lines(["recorded into the tree, and not in the store yet: pytest-interactions push"])
    replayed = run.replay()
    replayed.assert_outcomes(passed=1)
    replayed.stdout.no_fnmatch_line("*not in the store*")


def test_a_test_whose_cassette_the_lock_file_names_says_so_without_a_store(run: Runner) -> None:
    """Somebody has left the option out."""
    run.test("def test_one(interactions): ask()")
    line = "\t".join(["cassettes/test_it/test_one.yaml", "0" * 64, "1", "0", "x"])
    (run.pytester.path / "cassettes.lock").write_text(f"{line}\n")
    told = run.replay()
    told.stdout.fnmatch_lines(
        ["*cassettes.lock names it, so it is in a store: set the option store to the URL of that.*"]
    )


def test_a_run_that_records_media_alone_for_a_store_says_so(run: Runner) -> None:
    """A recording without media has nothing to push."""
    run.pytester.makeini(
        "[pytest]\ninteractions_store = ../a-store\ninteractions_store_media = true\ninteractions_media_threshold = 9"
    )
    run.test("def test_one(interactions): ask()")
    run.record().stdout.no_fnmatch_line("*not in the store*")
    picture = '{"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAA"}'
    run.test(f"def test_two(interactions): ask([{picture}])")
    told = run.record()
    told.stdout.fnmatch_lines(["media were recorded into the tree, and not in the store yet: pytest-interactions push"])


def test_a_run_without_a_store_loads_nothing_for_one(run: Runner) -> None:
    """Neither a replay nor a recording does, so that it costs nothing."""
    source = """
import sys
def test_one(interactions): ask()
def test_two():
    loaded = {name for name in sys.modules if name.startswith("pytest_interactions.store")}
    assert loaded <= {"pytest_interactions.store", "pytest_interactions.store.found"}
"""
    run.test(source)
    run.apart = True
    run.record().assert_outcomes(passed=2)
    run.replay().assert_outcomes(passed=2)
