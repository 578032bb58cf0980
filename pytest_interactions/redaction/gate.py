"""The gate before the disk: the last look at an exchange, and at the text of it, that is about to be written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_interactions.errors import SecretLeakError
from pytest_interactions.redaction.scan import Finding, clean, is_suspicious, scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.redactor import Redactor

_UNKNOWN = "what redaction would take out"


class Gate:
    """Lets nothing through that holds a secret, as far as secrets are known by then.

    Args:
        redactor: Redacts the cassette's traffic; what it knows may grow.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        #: What was checked, found by the identity of its bodies, each with what was known then.
        self._checked: dict[tuple[int, int], tuple[Exchange, object]] = {}

    @property
    def known(self) -> object:
        """What is looked for: the same object until something new is learnt."""
        return self._redactor.secrets.matcher

    def redact_again(self, exchange: Exchange) -> Exchange:
        """Return `exchange` redacted with what is known by now; the same object if there is nothing to change.

        A value may have been sent before it was known as a key, and what another tool recorded was never redacted.
        """
        if self._is_checked(exchange):
            return exchange
        redacted = self._redactor.exchange(exchange.unparsed())
        return exchange if redacted == exchange else redacted

    def check(self, number: int, exchange: Exchange, text: str) -> None:
        """Look at an exchange as an object, and search the text of it that is about to be written.

        Args:
            number: The exchange's place among those of the cassette, for the message.
            exchange: What was redacted; to redact it again must change nothing.
            text: What is to be written of it, in which its media may be left out.

        Raises:
            SecretLeakError: There is a secret in it; the message says where.
        """
        known, is_checked = self.known, self._is_checked(exchange)
        if not is_checked and self._is_refused(exchange):
            self._refuse(number, self._scan(text) or [Finding(1, _UNKNOWN)])
        if next(self._redactor.secrets.matcher.find(text), None):
            self._refuse(number, self._scan(text))
        if not is_checked:
            self._checked[_bodies(exchange)] = _as_it_is(exchange), known

    def check_text(self, number: int, text: str) -> None:
        """Search a text of which there is no object, whatever it is; raises as `check` does."""
        findings = self._scan(text)
        if findings:
            self._refuse(number, findings)

    def cleaned(self, text: str) -> str:
        """Return the text of an exchange with what the gate found replaced."""
        return clean(text, self._redactor.secrets)

    def _is_refused(self, exchange: Exchange) -> bool:
        return self._redactor.exchange(exchange) is not exchange or is_suspicious(exchange, self._redactor.secrets)

    def _is_checked(self, exchange: Exchange) -> bool:
        checked, known = self._checked.get(_bodies(exchange), (None, None))
        return known is self.known and checked == exchange

    def _scan(self, text: str) -> list[Finding]:
        return scan(f"interactions:\n{text}", self._redactor.secrets)

    def _refuse(self, number: int, findings: Iterable[Finding]) -> None:
        item = f"interactions[{number}]"
        places = [(finding.kind, finding.where.replace("interactions[0]", item, 1) or item) for finding in findings]
        listed = "\n".join(f"  {kind} in {place}" for kind, place in places)
        raise SecretLeakError(f"it would hold secrets:\n{listed}")


def _bodies(exchange: Exchange) -> tuple[int, int]:
    return id(exchange.request.body), id(exchange.response.body)


def _as_it_is(exchange: Exchange) -> Exchange:
    """Return a copy, as a test may change its exchanges; it shares the bodies, so that it costs nothing to compare."""
    return replace(exchange.unparsed(), cut=exchange.cut and replace(exchange.cut))
