"""The gate before the disk: a last look at an exchange, and at its text, before it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.redaction.scan import Finding, clean, hides, is_suspicious, scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.exchange import Exchange, Message
    from pytest_interactions.redaction.matcher import Matcher
    from pytest_interactions.redaction.redactor import Redactor

_UNKNOWN = "what redaction would take out"


class _Checked(NamedTuple):
    """A copy of a checked exchange, what stands for the matcher of the check, and for the text."""

    exchange: Exchange
    token: object
    text: bytes


class Gate:
    """A check that lets no known secret through.

    Args:
        redactor: The redactor of the cassette's traffic; it may learn more secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        #: The checked exchanges, by the identity of their bodies.
        self._checked: dict[tuple[int, int], _Checked] = {}

    @property
    def known(self) -> Matcher:
        """Return the matcher of all known secrets: the same object until a new one is learnt."""
        return self._redactor.secrets.matcher

    def redact_again(self, exchange: Exchange) -> Exchange:
        """Return `exchange` redacted by all known secrets; the same object if there is nothing to change.

        A value may have been sent before it was known as a key, and recordings of other tools were never redacted.
        """
        if self._check_of(exchange):
            return exchange
        redacted = self._redactor.exchange(exchange.unparsed())
        return exchange if redacted == exchange else redacted

    def may_hold(self, exchange: Exchange, new: Matcher) -> bool:
        """Return whether a redacted exchange may hold what `new` looks for, which was not known before.

        That takes a search of its texts; a stream is redacted again, as a value may be spread over its events.
        """
        if exchange.response.comes_in_events and self.redact_again(exchange) is not exchange:
            return True
        messages: tuple[Message, ...] = (exchange.request, exchange.response)
        texts = [exchange.request.uri, exchange.response.reason]
        for message in messages:
            texts += [value for values in message.headers.values() for value in values]
            texts.append(message.body.decode("utf-8", "surrogateescape"))
        if any(next(new.find(text), None) or next(new.find_patterns(text), None) for text in texts):
            return True
        return any(hides(message, new) for message in messages)

    def check(self, number: int, exchange: Exchange, text: str) -> None:
        """Check a redacted exchange, and search the text that is about to be written for it.

        Args:
            number: The exchange's place among those of the cassette, for the message.
            exchange: The redacted exchange; to redact it again must change nothing.
            text: Its text in the cassette, in which its media may be left out.

        Raises:
            SecretLeakError: There is a secret in it; the message says where.
        """
        token, before = self.known.token, self._check_of(exchange)
        if not before and (
            self._redactor.exchange(exchange) is not exchange or is_suspicious(exchange, self._redactor.secrets)
        ):
            self._refuse(number, self._scan(text) or [Finding(1, _UNKNOWN)])
        if next(self.known.find(text), None):
            self._refuse(number, self._scan(text))
        copy = before.exchange if before else _copy(exchange)
        self._checked[_bodies(exchange)] = _Checked(copy, token, fingerprint(_encoded(text)))

    def has_checked(self, exchange: Exchange, text: bytes) -> bool:
        """Return whether `check` has let this exchange with this text through, and would do so again."""
        checked = self._check_of(exchange)
        return checked is not None and checked.text == fingerprint(text)

    def text(self, text: str) -> str:
        """Return any text without what is known."""
        return self._redactor.text(text)

    def check_text(self, number: int, text: str) -> None:
        """Search any text without an exchange; raise as `check` does."""
        if findings := self._scan(text):
            self._refuse(number, findings)

    def cleaned(self, text: str) -> str:
        """Return the text of an exchange with all secrets replaced."""
        return clean(text, self._redactor.secrets)

    def _check_of(self, exchange: Exchange) -> _Checked | None:
        """Return what is known of an exchange that was checked, and has not changed since nor become suspect."""
        checked = self._checked.get(_bodies(exchange))
        is_valid = checked is not None and checked.token is self.known.token and checked.exchange == exchange
        return checked if is_valid else None

    def _scan(self, text: str) -> list[Finding]:
        return scan(f"interactions:\n{text}", self._redactor.secrets)

    def _refuse(self, number: int, findings: Iterable[Finding]) -> None:
        item = f"interactions[{number}]"
        places = [(finding.kind, finding.where.replace("interactions[0]", item, 1) or item) for finding in findings]
        listed = "\n".join(f"  {kind} in {place}" for kind, place in places)
        raise SecretLeakError(f"it would hold secrets:\n{listed}")


def _copy(exchange: Exchange) -> Exchange:
    """Copy an exchange, as a test may change it. The copy shares the bodies, so that it costs nothing to compare."""
    request, response = exchange.request.unparsed(), exchange.response.unparsed()
    return replace(
        exchange,
        request=replace(request, headers={name: list(values) for name, values in request.headers.items()}),
        response=replace(response, headers={name: list(values) for name, values in response.headers.items()}),
        cut=exchange.cut and replace(exchange.cut),
    )


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _bodies(exchange: Exchange) -> tuple[int, int]:
    return id(exchange.request.body), id(exchange.response.body)
