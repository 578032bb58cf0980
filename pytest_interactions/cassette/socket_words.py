"""The words for a WebSocket's messages that are not as recorded: which one, where in its cassette, and what differs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_interactions.cassette.closest import Explanation
from pytest_interactions.cassette.differences import Parts, brief, differences, title
from pytest_interactions.cassette.messages import SHOWN, again

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_interactions.cassette.dialogue import Script
    from pytest_interactions.cassette.said import Said

#: Differences that are counted; of more, the rest is not looked for.
_COUNTED: Final = 100


def missed(script: Script, number: int | None, said: Said, *, cassette: Path, rerecord: str) -> Explanation:
    """Say what differs between a message and the recorded one that was to come, which has a number from 0, if any."""
    head = [f"{cassette} has no recording of this message.", "", f"  {_shown(script, said)}", ""]
    if number is None:
        count = sum(map(script.is_said, range(len(script.events))))
        lines = [f"The app had sent all of the {count} messages that it sent when this was recorded."]
        headline = f"one message more than recorded: {_shown(script, said)}"
    else:
        lines, headline = _compared(script, number, said)
    return Explanation("\n".join([*head, *lines, "", again(rerecord)]), headline)


def _compared(script: Script, number: int, said: Said) -> tuple[list[str], str]:
    recorded, place = script.said(number), _place(script, number)
    later = next((each for each in _said_after(script, number) if script.said(each).key == said.key), None)
    if later is not None:
        lines = [
            f"It was recorded as {_place(script, later)}, and before it comes {place}:",
            f"  {_shown(script, recorded)}",
        ]
        return lines, f"{_place(script, later)} was sent before {place}"
    found = list(islice(differences(Parts(recorded.request), Parts(said.request)), _COUNTED))
    shown = found[: len(found) if len(found) == SHOWN + 1 else SHOWN]
    lines = [f"Recorded at its place: {place}", *(f"  {each.line()}" for each in shown)]
    if len(found) > len(shown):
        lines.append(f"  ... and {len(found) - len(shown)} more")
    if not found:  # only a message of bytes differs from one of text by that alone
        lines.append("  One is a text, the other one bytes.")
    return lines, "; ".join(each.brief() for each in shown) or f"{place} is of another kind"


def awaited(script: Script, number: int, *, cassette: Path, rerecord: str) -> Explanation:
    """Say that an app waits for a message, while the one with this number was to come from itself."""
    place, recorded = _place(script, number), script.said(number)
    text = (
        f"{cassette}: the app waits for a message of {title(script.exchange.request)}, and none comes before it has "
        f"sent {place}, as it did when this was recorded:\n\n  {_shown(script, recorded)}\n\n{again(rerecord)}"
    )
    return Explanation(text, f"{place} was not sent: {_shown(script, recorded)}")


def unsaid(script: Script, numbers: Sequence[int], *, cassette: Path, rerecord: str) -> Explanation:
    """Say which messages an app did not send that it had sent when this was recorded."""
    listed = [f"  {_place(script, each)}: {_shown(script, script.said(each))}" for each in numbers[:SHOWN]]
    if len(numbers) > SHOWN:
        listed.append(f"  ... and {len(numbers) - SHOWN} more")
    of = sum(map(script.is_said, range(len(script.events))))
    head = (
        f"{cassette}: the app did not send {len(numbers)} of {of} messages on the WebSocket "
        f"{title(script.exchange.request)}:"
    )
    first = _shown(script, script.said(numbers[0]))
    headline = f"{len(numbers)} of {of} messages not sent: {_place(script, numbers[0])} {first}"
    return Explanation("\n".join([head, *listed, "", again(rerecord)]), headline)


def _said_after(script: Script, number: int) -> list[int]:
    return [each for each in range(number + 1, len(script.events)) if script.is_said(each)]


def _place(script: Script, number: int) -> str:
    return f"frame {number + 1} of {len(script.events)}"


def _shown(script: Script, said: Said) -> str:
    """Return a message on one short line; its text was redacted."""
    value = said.request.json_unkept()
    path = title(script.exchange.request).partition(" ")[2]
    return f"to {path}: {brief(value if isinstance(value, dict | list) else said.event.data)}"
