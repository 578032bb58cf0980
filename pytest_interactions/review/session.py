"""The state of a review, and what each key does to it; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pytest_interactions.review.rows import View


class Action(Enum):
    """What is to be done after a key, beside showing the state."""

    NOTHING = "nothing"
    ACCEPT = "accept"
    REJECT = "reject"
    ACCEPT_ALL = "accept all"
    REJECT_ALL = "reject all"
    QUIT = "quit"


class Outcome(Enum):
    """What became of a candidate."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    GONE = "gone"


#: Each key with what it does, in the order of the menu.
KEYS: Final = {
    "a": "accept",
    "r": "reject",
    "s": "skip",
    "d": "side by side",
    "f": "all lines",
    "A": "accept all left",
    "R": "reject all left",
    "b": "back",
    "q": "quit",
    "?": "help",
}
_HELP: Final = {
    "a": "accept: put the recording and its snapshots in their places; of a conflict, take theirs",
    "r": "reject: delete the recording and its snapshots, and keep what is there; of a conflict, ours",
    "s": "skip: leave it for the next review",
    "d": "show both sides beside each other, or as a diff again",
    "f": "show all lines, or only what differs again",
    "A": "accept this one and all that are left",
    "R": "reject this one and all that are left",
    "b": "go back to the one before that is not decided",
    "q": "quit; what is decided stays so, the others are left (also Ctrl-C, Ctrl-D)",
    "space": "next page (also Page Down); u or Page Up: the page before",
    "j, k": "one line down or up (also the arrows)",
    "g, G": "the first or the last line",
}
_DECISIONS: Final = {"a": Action.ACCEPT, "r": Action.REJECT}
_FOR_ALL: Final = {"A": Action.ACCEPT_ALL, "R": Action.REJECT_ALL}
_QUIT: Final = ("q", "ctrl-c", "ctrl-d")
_ENDS: Final = 10**9  # a step beyond any text


@dataclass(slots=True)
class Session:
    """A review of some candidates, of which one is shown.

    Attributes:
        count: How many candidates there are.
        at: The number of the one that is shown, from 0.
        outcomes: What became of each so far, by its number.
        view: How it is shown.
        top: The number of the first row that is shown.
        asks: The key whose action waits for a yes.
        helps: Whether the help is shown in place of the candidate.
        message: What is to be said below it.
    """

    count: int
    at: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    view: View = field(default_factory=View)
    top: int = 0
    asks: str = ""
    helps: bool = False
    message: str = ""

    @property
    def left(self) -> list[int]:
        """Return the numbers of those that are not decided and not skipped, and of the one that is shown."""
        return [number for number in range(self.count) if number not in self.outcomes or number == self.at]

    def press(self, key: str, page: int) -> Action:
        """Take a key, of a screen that shows `page` rows, and return what is to be done."""
        self.message = ""
        if key in _QUIT:
            return Action.QUIT
        if self.asks:
            asked, self.asks = self.asks, ""
            return _FOR_ALL[asked] if key == "y" else Action.NOTHING
        if self.helps:
            self.helps = False
            return Action.NOTHING
        return self._command(key, page)

    def _command(self, key: str, page: int) -> Action:
        if key in _DECISIONS:
            return _DECISIONS[key]
        if key in _FOR_ALL:
            self.asks = key
        elif key == "s":
            return self.decide(Outcome.SKIPPED)
        elif key == "b":
            self._go_back()
        elif key == "d":
            self.view, self.top = self.view._replace(columns=not self.view.columns), 0
        elif key == "f":
            self.view, self.top = self.view._replace(full=not self.view.full), 0
        elif key == "?":
            self.helps = True
        else:
            self._move(key, page)
        return Action.NOTHING

    def _move(self, key: str, page: int) -> None:
        steps = {" ": page, "page down": page, "u": -page, "page up": -page, "g": -_ENDS, "home": -_ENDS}
        steps |= {"j": 1, "down": 1, "enter": 1, "k": -1, "up": -1, "G": _ENDS, "end": _ENDS}
        if key in steps:
            self.top += steps[key]
        elif len(key) == 1 and key.isprintable():
            self.message = f"No command: {key}; ? shows all."

    def _go_back(self) -> None:
        before = [number for number in range(self.at) if self.outcomes.get(number) in (None, Outcome.SKIPPED)]
        if not before:
            self.message = "No candidate before this one is undecided."
            return
        self.at, self.top = before[-1], 0

    def decide(self, outcome: Outcome) -> Action:
        """Note what became of the candidate that is shown, and go to the next one; quit if there is none."""
        self.outcomes[self.at] = outcome
        after = [number for number in range(self.at + 1, self.count) if number not in self.outcomes]
        others = [number for number in range(self.count) if number not in self.outcomes]
        if not others:
            return Action.QUIT
        self.at, self.top = (after or others)[0], 0
        return Action.NOTHING

    def fit(self, rows: int, page: int) -> None:
        """Keep the first row that is shown within a text of so many rows, on a screen that shows `page`."""
        self.top = max(0, min(self.top, rows - page))

    def menu(self) -> list[str]:
        """Return the words of the menu, each a key with what it does now."""
        if self.asks:
            return [f"{_HELP[self.asks].capitalize()}, {len(self.left)} in all?", "y yes", "any other key no"]
        words = dict(KEYS)
        if self.view.columns:
            words["d"] = "as a diff"
        if self.view.full:
            words["f"] = "only differences"
        if self.count == 1:
            for key in ("A", "R", "b"):
                del words[key]
        return [f"{key} {word}" for key, word in words.items()]

    def help(self) -> list[str]:
        """Return the lines of the help."""
        width = max(map(len, _HELP))
        return [f"{key:{width}}  {what}" for key, what in _HELP.items()]
