"""What is late in a response beside its pace."""

from __future__ import annotations

from typing import NamedTuple


class Delays(NamedTuple):
    """The delays of one response.

    Attributes:
        before: Seconds before the response.
        between: Seconds before each of its events but the first.
        hangs: Whether its end never comes.
        breaks_at: Seconds from the request to the end of a response that breaks; `None` if it has no such time.
    """

    before: float = 0.0
    between: float = 0.0
    hangs: bool = False
    breaks_at: float | None = None
