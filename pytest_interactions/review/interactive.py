"""The review on a terminal: one candidate after the other, each accepted, rejected or skipped by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.review.screen import screen
from pytest_interactions.review.session import Action, Outcome, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.review.proposal import Proposal, Proposals, Waiting
    from pytest_interactions.review.terminal import Terminal


class Review:
    """A review of candidates on a terminal.

    Attributes:
        outcomes: What became of each candidate, by its number; those that nobody came to have none.
    """

    def __init__(self, found: list[Waiting], proposals: Proposals) -> None:
        self._candidates = found
        self._proposals = proposals
        self._session = Session(len(found))
        self._shown: tuple[Waiting, Proposal] | None = None

    def run(self, terminal: Terminal) -> None:
        """Show one candidate after the other until all are decided, or somebody quits."""
        action = Action.NOTHING
        try:
            while action is not Action.QUIT:
                shown = screen(self._session, self._proposal(), terminal.size())
                terminal.draw(shown.rows)
                action = self._done(self._session.press(terminal.key(), shown.page))
        finally:
            terminal.leave()

    def told(self) -> dict[str, list[Json]]:
        """Return how the candidates are named, by what became of them."""
        found: dict[str, list[Json]] = {}
        for number, each in enumerate(self._candidates):
            outcome = self._session.outcomes.get(number, Outcome.SKIPPED)
            found.setdefault(outcome.value, []).append(self._proposals.names(each))
        return found

    def _proposal(self) -> Proposal:
        """Return what the candidate would change that is shown, or why nobody can say."""
        candidate = self._candidates[self._session.at]
        if self._shown is None or self._shown[0] is not candidate:
            try:
                proposal = self._proposals.of(candidate)
            except CassetteError as error:
                proposal = self._proposals.unreadable(candidate, error)
            self._shown = candidate, proposal
        return self._shown[1]

    def _done(self, action: Action) -> Action:
        """Do what a key asks for, and return what comes next."""
        if action in (Action.ACCEPT, Action.REJECT):
            return self._decide(action)
        if action in (Action.ACCEPT_ALL, Action.REJECT_ALL):
            one = Action.ACCEPT if action is Action.ACCEPT_ALL else Action.REJECT
            return self._decide_all(one)
        return action

    def _decide_all(self, action: Action) -> Action:
        """Decide on all that are left, until one can't be: that one is shown with the reason."""
        after = Action.NOTHING
        for number in self._session.left:
            self._session.at = number
            after = self._decide(action)
            if self._session.message:
                break
        return after

    def _decide(self, action: Action) -> Action:
        candidate = self._candidates[self._session.at]
        try:
            if action is Action.ACCEPT:
                candidate.accept()
            else:
                candidate.reject()
        except CassetteNotFoundError:
            return self._session.decide(Outcome.GONE)
        except (CassetteError, OSError) as error:
            self._session.message = _words(candidate, error)
            self._look_again(candidate)
            return Action.NOTHING
        return self._session.decide(Outcome.ACCEPTED if action is Action.ACCEPT else Outcome.REJECTED)

    def _look_again(self, candidate: Waiting) -> None:
        """Show a candidate as it is now, if it has changed since it was looked at."""
        try:
            now = candidate.again()
        except CassetteError:
            return
        if now.seen != candidate.seen:
            self._candidates[self._session.at] = now


def _words(candidate: Waiting, error: Exception) -> str:
    if isinstance(error, OSError):
        where = error.filename or candidate.cassette
        return f"{where}: can't be written: {error.strerror}. Nothing was changed; make that possible, and try again."
    return str(error)


def summary(told: dict[str, list[Json]]) -> Iterator[str]:
    """Yield the lines that say at the end what became of the candidates."""
    yield ", ".join(f"{outcome}: {len(named)}" for outcome, named in told.items())
    for outcome, named in told.items():
        for each in named:
            yield f"  {outcome}  {', '.join(each['tests']) or each['candidate']}"
