"""What each key does to a review, and what is shown then; without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import candidates
from pytest_interactions.review.interactive import Review, summary
from pytest_interactions.review.proposal import Proposal, Proposals, Texts
from pytest_interactions.review.rows import View, rows_of, title_of
from pytest_interactions.review.screen import Size, screen
from pytest_interactions.review.session import Action, Outcome, Session
from tests.review.projects import waiting

if TYPE_CHECKING:
    from pathlib import Path

_TOLD: dict[str, Any] = {
    "candidate": "c.failed.yaml",
    "cassette": "c.yaml",
    "tests": ["test_it.py::one", "test_it.py::two"],
    "snapshots": ["s.steps.txt"],
    "exchanges": 1,
    "facts": {},
    "requests": [],
    "problem": None,
}


def _shown(proposal: Proposal, view: View = View(), width: int = 60) -> list[str]:  # noqa: B008 - it never changes
    return ["".join(part.text for part in row) for row in rows_of(proposal, view, width)]


def test_keys_move_within_a_text_and_among_candidates() -> None:
    session = Session(3)
    session.outcomes[1] = Outcome.ACCEPTED
    assert session.press("s", 5) is Action.NOTHING
    assert session.at == 2
    session.press("b", 5)
    assert session.at == 0
    for key, top in ((" ", 5), ("G", 90), ("k", 89), ("home", 0), ("up", 0), ("enter", 1), ("end", 90), ("g", 0)):
        session.press(key, 5)
        session.fit(95, 5)
        assert session.top == top
    for key in ("redraw", "escape"):
        assert session.press(key, 5) is Action.NOTHING
    assert session.message == ""


def test_after_the_last_one_come_those_that_were_passed_over() -> None:
    """A skipped one to which somebody went back, and those between."""
    session = Session(3, at=2)
    assert session.decide(Outcome.REJECTED) is Action.NOTHING
    assert session.at == 0
    session.press("s", 5)
    assert session.at == 1
    assert session.decide(Outcome.ACCEPTED) is Action.QUIT


def test_the_menu_says_what_the_keys_do_now() -> None:
    session = Session(2)
    assert session.menu()[3:5] == ["d side by side", "f all lines"]
    session.press("d", 5)
    session.press("f", 5)
    assert session.menu()[3:5] == ["d as a diff", "f only differences"]
    session.press("R", 5)
    assert session.menu() == ["Reject this one and all that are left, 2 in all?", "y yes", "any other key no"]
    assert session.press("y", 5) is Action.REJECT_ALL
    assert Session(1).menu() == ["a accept", "r reject", "s skip", "d side by side", "f all lines", "q quit", "? help"]


def test_long_parts_are_cut_until_all_lines_are_wanted() -> None:
    """Differences of a request, equal lines, and a snapshot that says the same as the behaviour above."""
    old = [f"line {number}" for number in range(30)]
    new = [*old[:10], "ten", *old[11:20], "twenty", *old[21:]]
    request = {
        "request": "POST /x",
        "old": 1,
        "new": 1,
        "differences": [f"a[{n}]: added" for n in range(10)],
        "more": 5,
    }
    requests = [request, {**request, "new": None, "differences": [], "more": 0}, {**request, "old": None, "more": 0}]
    proposal = Proposal({**_TOLD, "requests": requests}, [Texts("Behaviour", old, new), Texts("Snapshot s", old, new)])
    shown = _shown(proposal)
    assert shown[0] == "and test_it.py::two"
    assert shown.count("…") == 1
    assert " line 2" not in shown
    assert "   … and 7 more differences" in shown
    assert "1. POST /x: no more" in shown
    assert "1. POST /x: new" in shown
    assert shown[-1] == "lines that differ, all as above: 4; f shows them"
    whole = _shown(proposal, View(full=True))
    assert whole.count(" line 2") == 2
    assert "   … and 5 more differences" in whole
    beside = _shown(proposal, View(columns=True))
    assert beside.count("…") == 1
    assert "line 10                      | ten" in beside
    assert "line 2                         line 2" in _shown(proposal, View(columns=True, full=True))


def test_what_one_side_alone_has_is_marked_so() -> None:
    proposal = Proposal(
        {**_TOLD, "exchanges": 0}, [Texts("Snapshot s", ["a", "gone"], ["a"]), Texts("Snapshot t", [], ["b"])]
    )
    shown = _shown(proposal, View(columns=True), 23)
    assert "gone       < " in shown
    assert "           > b" in shown
    assert "changes c.yaml" not in shown
    assert "the same" in _shown(Proposal(_TOLD, [Texts("Behaviour", ["a"], ["a"])]))


def test_a_candidate_without_notes_is_named_by_its_file() -> None:
    assert title_of({**_TOLD, "tests": []}, "1 of 1") == "1 of 1  c.failed.yaml"
    assert title_of(_TOLD, "1 of 1") == "1 of 1  test_it.py::one and 1 more"


def test_the_smallest_terminal_gets_what_can_be_read() -> None:
    """And a long text says where it goes on."""
    proposal = Proposal(_TOLD, [Texts("Behaviour", [], [str(number) for number in range(50)])])
    shown = screen(Session(1), proposal, Size(1, 1))
    assert shown.page == 3
    assert "".join(part.text for part in shown.rows[0]) == "1 of 1  test_it.py:…"


@pytest.fixture
def reviewed(tmp_path: Path) -> Review:
    """A review of a candidate that can't be read, and of another."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    paths = [waiting(tmp_path, name) for name in ("a", "b")]
    paths[0].write_text("no: cassette\n")
    return Review([candidates.named(path) for path in paths], Proposals())


class _Keys:
    """A terminal of which the keys are known before."""

    def __init__(self, keys: str) -> None:
        self.keys = list(keys)
        self.screens: list[str] = []

    def key(self) -> str:
        return self.keys.pop(0)

    def size(self) -> Size:
        return Size(100, 40)

    def draw(self, rows: list[Any]) -> None:
        self.screens.append("\n".join("".join(part.text for part in row) for row in rows))

    def leave(self) -> None:
        """Leave nothing."""


def test_one_that_can_not_be_read_is_told_and_can_be_rejected(reviewed: Review) -> None:
    """Accepting it fails with the reason, and the next one is left as it is."""
    terminal: Any = _Keys("Ayrq")
    reviewed.run(terminal)
    assert "It can't be compared: " in terminal.screens[0]
    assert "a.failed.yaml:1: " in terminal.screens[2]
    told = reviewed.told()
    assert {outcome: len(each) for outcome, each in told.items()} == {"rejected": 1, "skipped": 1}
    assert next(summary(told)) == "rejected: 1, skipped: 1"


def test_an_error_of_the_disk_is_told(reviewed: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the file; what was to be deleted is gone meanwhile, and the next comes."""

    def full(_: object) -> None:
        raise OSError(28, "No space left on device", "cassettes/b.yaml")

    terminal: Any = _Keys("saq")
    monkeypatch.setattr(candidates.Candidate, "accept", full)
    reviewed.run(terminal)
    words = "cassettes/b.yaml: can't be written: No space left on device. Nothing was changed"
    assert words in terminal.screens[-1]


def test_what_can_not_be_looked_at_again_stays_as_it_was(reviewed: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its notes may have become unreadable."""

    def changed(self: candidates.Candidate) -> None:
        self.path.with_suffix(".json").write_text("[")
        raise CassetteFormatError("it has changed")

    terminal: Any = _Keys("saq")
    monkeypatch.setattr(candidates.Candidate, "accept", changed)
    reviewed.run(terminal)
    assert "it has changed" in terminal.screens[-1]
