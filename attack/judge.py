"""Judges what would be written of an exchange: whether the secret that was planted in it can be read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from attack import readers
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.files.layout import exchange_text
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.secrets import Secrets

#: An entry of a cassette's `interactions`, as any reader of YAML sees it.
Item = dict[str, Any]

CLEAN: Final = "clean"
REFUSED: Final = "refused"
LEAKED: Final = "leaked"

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreadableError(Exception):
    """What was planted can't be read back although nothing was taken out, so that the attack would prove nothing."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A secret in an exchange.

    Attributes:
        row: Its class, which is a row of the table.
        kind: What it is and where it stands, to describe a leak.
        secret: The text that must not be recovered.
        exchange: The exchange, as a client would send and receive it.
        read: Yields all texts in which somebody would look for it.
    """

    row: str
    kind: str
    secret: str
    exchange: Exchange
    read: Callable[[Item], Iterable[str]]

    def is_in(self, item: Item) -> bool:
        """Return whether the secret can be recovered from an entry of a cassette."""
        return any(readers.holds(self.secret, text) for text in self.read(item))


class Judge:
    """A judge of exchanges in which the same secrets are known.

    Args:
        secrets: The secrets that the run knows.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._redactor = Redactor(secrets=secrets)
        self._gate = Gate(self._redactor)

    def outcome(self, planted: Planted) -> str:
        """Redact an exchange, and return what becomes of the secret in it."""
        if not planted.is_in(entry(exchange_text(planted.exchange))):
            raise UnreadableError(
                f"{planted.row}, {planted.kind}: {planted.secret!r} in {exchange_text(planted.exchange)}"
            )
        exchange = self._redactor.exchange(planted.exchange)
        text = exchange_text(exchange)
        if not planted.is_in(entry(text)):
            return CLEAN
        return REFUSED if self._is_refused(exchange, text) else LEAKED

    def _is_refused(self, exchange: Exchange, text: str) -> bool:
        try:
            self._gate.check(0, exchange, text)
        except SecretLeakError:
            return True
        return bool(scan(f"interactions:\n{text}", self._secrets))


def entry(text: str) -> Item:
    """Return the entry of a cassette that is written as `text`."""
    item: Item = yaml.load(text, Loader=_Loader)[0]  # noqa: S506 - it is one of the safe loaders
    return item
