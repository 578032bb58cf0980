"""The examples of docs/live.md run as they stand: recorded against the emulator, and replayed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.live.talk import live_sdk
from tests.pages import Page

if TYPE_CHECKING:
    from tests.support import Runner

live_sdk()

PAGE = Page("live.md")
_QUIET = ("-W", "ignore:Live Interactions:UserWarning")


def test_all_examples_hold(run: Runner) -> None:
    """The first test is recorded; the one with a fault replays its cassette."""
    for name, text in PAGE.files().items():
        run.pytester.path.joinpath(name).write_text(text)
    run.record("--snapshot-update", *_QUIET).assert_outcomes(passed=1, skipped=1)
    run.replay(*_QUIET).assert_outcomes(passed=2)
    snapshot = next(run.pytester.path.glob("__snapshots__/**/*.txt")).read_text("utf-8")
    assert "user_input: What is a cassette?" in snapshot
    assert snapshot.count("model_output: ") == 3


def test_a_changed_question_is_told_as_the_page_says(run: Runner) -> None:
    """The miss names the frame and the field."""
    app, test, *_ = PAGE.blocks("python")
    run.pytester.makepyfile(app=app, test_app=test)
    run.record("--snapshot-update", *_QUIET).assert_outcomes(passed=1)
    run.pytester.makepyfile(test_app=test.replace("What is a cassette?", "What is a disk?"))
    result = run.replay(*_QUIET)
    result.assert_outcomes(failed=1)
    shown = PAGE.shown("cassettes/test_app/test_two_questions.yaml has no recording of this message.")
    printed = re.sub(r"\s+", " ", re.sub(r"(?m)^E ", "", result.stdout.str()))
    printed = re.sub(r"(frame \d+ of) \d+", r"\1 23", printed)  # the emulator cuts its texts by chance
    for line in filter(None, map(str.strip, shown.splitlines())):
        assert line in printed
