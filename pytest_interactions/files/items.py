"""The exchanges of a cassette as they are written: redacted, without large media, laid out, and checked."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_interactions.api.bounds import LARGEST_BODY
from pytest_interactions.errors import SecretLeakError
from pytest_interactions.files import layout, media, parsing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate


@dataclass(frozen=True, slots=True)
class Item:
    """The text of an exchange, the media that it refers to, by name, and its times."""

    text: bytes
    media: dict[str, bytes]
    seconds: float | None
    times: tuple[float, ...] | None


def unwritten(_: Exchange) -> bytes:
    """Return that an exchange was not laid out before."""
    return b""


def checked(
    exchanges: Iterable[Exchange], gate: Gate, media_threshold: int, written: Callable[[Exchange], bytes] = unwritten
) -> Iterator[Item]:
    """Yield one exchange after the other.

    Args:
        exchanges: The exchanges.
        gate: Checks each.
        media_threshold: Media of more bytes go to files of their own.
        written: Returns the text of an exchange as it was laid out before, if it was; it is taken if `gate` has checked
            it, and nothing has changed since.

    Raises:
        SecretLeakError: The gate refused a text.
    """
    for number, exchange in enumerate(exchanges):
        redacted = gate.redact_again(exchange).unparsed()  # so that its parsed values are soon freed
        moved, new_files = media.extract(redacted, media_threshold)
        text = b"" if new_files else written(redacted)
        if not text or not gate.has_checked(redacted, text):
            laid_out = layout.exchange_text(moved)
            gate.check(number, redacted, laid_out)
            text = laid_out.encode()
        _check_media(number, new_files, gate)
        yield Item(text, new_files, exchange.seconds, exchange.times)


def edited(
    exchanges: Iterable[Exchange], gate: Gate, media_threshold: int, edit: Callable[[str], str]
) -> Iterator[Item]:
    """Yield one exchange after the other as `edit` changes its text, but for those that the gate refuses even then."""
    for number, exchange in enumerate(exchanges):
        moved, new_files = media.extract(gate.redact_again(exchange).unparsed(), media_threshold)
        # Nothing can clean it, such as a compressed body; the rest is worth keeping.
        with suppress(SecretLeakError, parsing.Unusable):
            text = _edited(layout.exchange_text(moved), edit)
            gate.check_text(number, text)
            _check_media(number, new_files, gate)
            yield Item(text.encode(), new_files, exchange.seconds, exchange.times)


def _check_media(number: int, files: Mapping[str, bytes], gate: Gate) -> None:
    for data in files.values():
        gate.check_text(number, data.decode("latin-1"))


def _edited(text: str, edit: Callable[[str], str]) -> str:
    """Return the text of an exchange as `edit` changes it, with a digest of what it says then."""
    marked = parsing.read((layout.head(1) + edit(text)).encode(), LARGEST_BODY)
    return layout.exchange_text(marked.exchanges[0])
