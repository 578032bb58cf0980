"""A live run of a test, compared with its recording at the end of the test; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from pytest_interactions.api.usage import total_tokens
from pytest_interactions.cassette import messages
from pytest_interactions.cassette.budget import BUDGETS
from pytest_interactions.errors import BudgetError, DriftError
from pytest_interactions.options import FailOn, RecordMode, Unplayed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.drift.kinds import Finding
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.refusals import Refusals
    from pytest_interactions.files.storage import Contents


class Verification:
    """The comparison of the live exchanges of one cassette with those in its file."""

    def __init__(self, cassette: Cassette, recorded: Contents | None, refusals: Refusals, *, shared: bool) -> None:
        self._cassette = cassette
        self._shared = shared
        self._recorded = recorded
        self._refusals = refusals
        self._budget = BUDGETS[-1]
        self._counted = 0
        self._found: dict[tuple[bool, int], list[Finding]] = {}
        #: Whether the test failed, once it has ended.
        self.failed = False

    @classmethod
    def of(cls, cassette: Cassette, mode: AppliedMode, refusals: Refusals, *, shared: bool) -> Self | None:
        """Return the comparison of a cassette in record mode `verify`; `None` in another.

        If the cassette is `shared`, other tests may ask for what is missing; so they may if nobody minds in a replay.
        """
        is_wanted = cassette.record_mode is RecordMode.VERIFY
        shared = shared or cassette.options.unplayed is not Unplayed.FAIL
        return cls(cassette, mode.reference, refusals, shared=shared) if is_wanted else None

    # --- before a request is sent ---

    def before(self, request: Request) -> None:
        """Refuse a request that there is nothing to compare with, or for which nothing is left to spend.

        Raises:
            BudgetError: As many requests were sent, or tokens spent, as the run may.
            CassetteNotFoundError: There is no recording.
        """
        __tracebackhide__ = True
        cassette = self._cassette
        if self._recorded is None:
            raise cassette.failed_with(cassette.not_found(request))
        spent = self._spend(1)
        if spent is not None:
            raise cassette.failed_with(BudgetError(messages.budget(request, spent), headline=f"not sent: {spent}"))

    def end(self, *, failed: bool) -> None:
        """Take note of whether the test failed, and count what the last answers have cost."""
        self.failed = failed
        if self._cassette.options.max_tokens is not None:
            self._spend(0)

    def _spend(self, requests: int) -> str | None:
        """Count requests that are to be sent, and return what is used up then; `None` if nothing is."""
        options = self._cassette.options
        if options.max_requests is None and options.max_tokens is None:
            return None
        tokens = self.tokens if options.max_tokens is not None else 0
        new, self._counted = tokens - self._counted, tokens
        sent, spent = self._budget.spend(requests, new)
        if options.max_requests is not None and sent > options.max_requests:
            return f"max_requests = {options.max_requests:,}"
        if options.max_tokens is not None and spent >= options.max_tokens:
            return f"max_tokens = {options.max_tokens:,}"
        return None

    # --- at the end ---

    @property
    def live(self) -> list[Exchange]:
        """Return the exchanges of now, redacted."""
        return self._cassette.account.added()

    @property
    def tokens(self) -> int:
        """Return how many tokens the interactions of now have cost, as the API says."""
        return total_tokens(self.live)

    @property
    def is_out_of_budget(self) -> bool:
        """Return whether a request was not sent for want of requests or tokens."""
        return any(isinstance(error, BudgetError) for error in self._cassette.failures)

    def findings(self, *, is_whole: bool = True) -> list[Finding]:
        """Return how the live run differs from the recording, the worst first.

        `is_whole` is whether the test came to its end; else what is missing at its end says nothing.

        Raises:
            CassetteFormatError: A media file of the recording is missing or was altered.
        """
        from pytest_interactions.api.drift.compare import compare

        live = self.live
        if self._recorded is None or not (live or is_whole):
            return []
        key = is_whole, len(live)
        if key not in self._found:
            recorded = map(self._cassette.whole, self._recorded.exchanges)
            self._found[key] = compare(
                list(map(self._redacted, recorded)),
                list(map(self._redacted, live)),
                wording=self._cassette.options.wording,
                is_whole=is_whole,
                is_part=self._shared,
            )
        return self._found[key]

    def _redacted(self, exchange: Exchange) -> Exchange:
        """Redact an exchange by all that is known now: another recorder may have left secrets in it."""
        redactor, request = self._cassette.redactor, exchange.request
        response = redactor.response(exchange.response, uri=request.uri)
        return replace(exchange, request=redactor.request(request), response=response)

    def fails(self, severity: str) -> bool:
        """Return whether a difference of this severity fails the test."""
        from pytest_interactions.api.drift.kinds import Severity

        fail_on = self._cassette.options.fail_on
        return fail_on is not FailOn.NEVER and Severity(severity).rank >= Severity(fail_on.value).rank

    def error(self) -> DriftError | None:
        """Return the error for what fails the test; `None` if nothing does."""
        found = self.findings()
        return self.error_for([f"{each.severity}: {each}" for each in found if self.fails(each.severity)])

    def error_for(self, told: Sequence[str]) -> DriftError | None:
        """Return the error for findings, of which each is told in a line; `None` if there are none."""
        return DriftError(self._refusals.drifted(told), headline=told[0]) if told else None


def differences(cassette: Cassette) -> list[str]:
    """Return how a live run that failed differs from its recording as far as it came, a line each with its severity."""
    verification = cassette.verification
    found = [] if verification is None else verification.findings(is_whole=False)
    return [f"{finding.severity}: {finding}" for finding in found]
