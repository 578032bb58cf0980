"""What became of a cassette: saved at its end, and told to whoever finished it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_interactions.cassette.judging import hit_nothing
from pytest_interactions.errors import InteractionsError
from pytest_interactions.options import Differing, Lint, Unplayed

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.faults import Faults


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a cassette.

    Attributes:
        cassette: The cassette, which was closed.
        failed: Whether the test failed.
        saved: The file that was written; `None` if nothing was recorded, or nothing could be saved.
        unsaved: Why nothing could be saved.
    """

    cassette: Cassette
    failed: bool
    saved: Path | None = None
    unsaved: str | None = None

    def lines(self) -> list[str]:
        """Return what a person is told at the end of the server: what failed, and what was saved."""
        saved = [] if self.saved is None else [f"{self.saved}: saved"]
        cassette = self.cassette
        told = [*cassette.account.doubts(), *cassette.sequence.findings(), *self._storms()]
        doubts = [f"{cassette.path}: {each}" for each in told]
        missed = [] if self._missed is None else [self._missed]
        return [*map(str, cassette.failures), *doubts, *missed, *filter(None, [self.unsaved]), *saved]

    def _storms(self) -> list[str]:
        """Return by which seed each storm is the same again."""
        return [f"it was in a storm, which is the same again by {storm}" for storm in self._faults.storms]

    @property
    def _faults(self) -> Faults:
        return self.cassette.faults

    @property
    def _missed(self) -> str | None:
        """Return which faults hit nothing, and why, without a secret that their messages may hold."""
        error = hit_nothing(self.cassette)
        return None if error is None else self.cassette.redacted(str(error))

    def problems(self) -> list[str]:
        """Return why the test that used the cassette must fail; nothing if it need not."""
        found = [*map(str, self.cassette.failures), *filter(None, [self.unsaved])]
        if found or self.failed:
            return found
        options, account = self.cassette.options, self.cassette.account
        unplayed = account.problem() if options.unplayed is Unplayed.FAIL else account.stale()
        differing = self.cassette.sequence.problem() if options.differing is Differing.FAIL else None
        refused = self.cassette.findings() if options.lint is Lint.ERROR else []
        verification = self.cassette.verification
        drift = None if verification is None else verification.error()
        return [
            *map(str, filter(None, [self._missed, differing, unplayed, self.cassette.sockets.problem(), drift])),
            *(f"the API would refuse what was sent: {each}" for each in refused),
        ]

    def json(self) -> Json:
        """Return the report for a program."""
        cassette, account = self.cassette, self.cassette.account
        return {
            "cassette": str(cassette.path),
            "record_mode": cassette.record_mode,
            "saved": None if self.saved is None else str(self.saved),
            "played": _numbered(account.played()),
            "unplayed": _numbered(account.unplayed()),
            "recorded": list(map(_shown, account.recorded())),
            "misses": list(map(str, cassette.failures)),
            "refused": cassette.findings(),
            "differing": cassette.sequence.findings(),
            "faults": list(map(cassette.redacted, self._faults.fired)),
            "storms": self._faults.storms,
        }


def finished(cassette: Cassette, *, failed: bool = False) -> Report:
    """Close and save a cassette; its own failures mean that the test `failed`, too."""
    failed = failed or bool(cassette.failures)
    try:
        return Report(cassette, failed, saved=cassette.close(failed=failed))
    except InteractionsError as error:
        return Report(cassette, failed, unsaved=str(error))


def _numbered(requests: dict[int, Request]) -> list[Json]:
    return [{"exchange": number + 1, **_shown(request)} for number, request in requests.items()]


def _shown(request: Request) -> dict[str, Any]:
    return {"method": request.method, "uri": request.uri}
