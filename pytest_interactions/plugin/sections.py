"""What the report of a failing test says of its cassettes, beside the failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.cassette.cassette import Cassette


def sections(cassettes: Sequence[Cassette]) -> list[tuple[str, str]]:
    """Return the sections of a report, each with its title; there is none of what did not happen."""
    told = (
        ("what the API would refuse", (finding for each in cassettes for finding in each.findings())),
        (
            "requests that differ from their recordings",
            (line for each in cassettes for line in each.sequence.findings()),
        ),
        ("faults that hit", (each.redacted(line) for each in cassettes for line in each.faults.fired)),
        ("faults that hit nothing", (each.redacted(line) for each in cassettes for line in _missed(each))),
        ("how the live run differs from the recording", _differences(cassettes)),
    )
    return [(f"interactions: {title}", text) for title, lines in told if (text := _joined(lines))]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _missed(cassette: Cassette) -> list[str]:
    """Return the faults that hit nothing; as what is recorded is hit by none, there are none then."""
    return [] if cassette.account.recorded() else cassette.faults.missed()


def _differences(cassettes: Sequence[Cassette]) -> Iterator[str]:
    """Yield how what a test did live differs from its recordings, if it is verified."""
    for cassette in cassettes:
        if cassette.verification is not None:
            from pytest_interactions.cassette.verifying import differences

            yield from differences(cassette)
