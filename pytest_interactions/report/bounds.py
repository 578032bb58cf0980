"""How much one report holds: it is a file that somebody opens, or sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.report.model import Body, Test, Traced

#: The characters of all media in base64, and of all bodies.
MEDIA: Final = 64 * 1024 * 1024
BODIES: Final = 64 * 1024 * 1024


class Room:
    """The room that is left in a report: what does not fit is named, and left out."""

    def __init__(self, media: int = MEDIA, bodies: int = BODIES) -> None:
        self._media, self._bodies = media, bodies

    def fit(self, tests: Iterable[Test]) -> Iterator[Test]:
        """Yield tests, of which what does not fit is left out; one is let go before the next is taken."""
        for test in tests:
            for traced in test["cassettes"]:
                self._fit(traced)
                if traced["recorded"] is not None:
                    self._fit(traced["recorded"])
            yield test

    def _fit(self, traced: Traced) -> None:
        for medium in traced["media"].values():
            size = len(medium["data"] or "")
            if size > self._media:
                medium["data"] = None
            else:
                self._media -= size
        for each in traced["bodies"]:
            self._cut(each["request"])
            self._cut(each["response"])

    def _cut(self, body: Body) -> None:
        size = len(body["text"])
        if size > self._bodies:
            body["text"], body["left"] = "", body["left"] + size
        else:
            self._bodies -= size
