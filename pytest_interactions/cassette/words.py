"""The words of a request, by which it is found without redaction: its method, its URI, and its body as it is spelt."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.json_text import quickly_spelt, spelt
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.cassette.matching import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Request

_BEGINNINGS: Final = (b"{", b"[")


class Words:
    """The words of one request; each spelling of its body is made when it is first needed.

    White space between the marks of JSON says nothing, and is left out; so are escapes, where both sides have any.
    """

    def __init__(self, request: Request, parsed: Callable[[], Any], *, is_live: bool = False) -> None:
        """Take a request.

        Args:
            request: The request.
            parsed: Returns its body parsed, or `NOT_JSON`.
            is_live: Whether it is compared with recorded ones. If it has the spelling of one that is JSON, it is JSON
                as well, so that it is parsed only where nothing else tells how it is spelt.
        """
        self.head = (request.method, " ".join([request.uri, *part_of(request)]))
        self.body = request.body
        self._parsed = parsed
        self._is_live = is_live

    def are_those_of(self, recorded: Words) -> bool:
        """Return whether a live request says what a recorded one says."""
        if self.head != recorded.head:
            return False
        if self.body == recorded.body or self.body == recorded.quick:  # noqa: PLR1714 - the second is made if needed
            return True
        if recorded.quick is not None and recorded.quick == self.quick:
            return True
        may_differ_in_escapes = b"\\" in self.body or b"\\" in recorded.body
        return may_differ_in_escapes and self.spelt is not None and self.spelt == recorded.spelt

    @cached_property
    def quick(self) -> bytes | None:
        """Return the spelling with its own escapes; `None` if the body is not JSON, or only a parser can tell."""
        return quickly_spelt(self.body) if self._may_be_json() else None

    @cached_property
    def spelt(self) -> bytes | None:
        """Return the one spelling of all bodies that say the same to the letter; `None` if the body is not JSON."""
        if b"\\" not in self.body and self.quick is not None:
            return self.quick
        is_json = self.body.startswith(_BEGINNINGS) and self._parsed() is not NOT_JSON
        return spelt(self.body, self._parsed()) if is_json else None

    def _may_be_json(self) -> bool:
        if not self.body.startswith(_BEGINNINGS):
            return False
        return self._is_live or self._parsed() is not NOT_JSON

    def digests(self) -> Iterator[bytes]:
        """Yield what stands for the words in an index: as they came, and with the body as it is spelt."""
        head = " ".join(self.head).encode("utf-8", "surrogatepass")
        yield fingerprint(b"%b\n%b" % (head, self.body))
        if self.spelt is not None:  # a body that is no JSON may be as another one is spelt
            yield fingerprint(b"%b\n\n%b" % (head, self.spelt))
