"""Streams that are resumed: the rest of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.json_values import Json


def after(events: Iterable[Json], event_id: str | None) -> list[Json]:
    """Return the events after the one with this id; all events for `None`.

    Raises:
        ApiError: No event has this id.
    """
    sent = list(events)
    if event_id is None:
        return sent
    for number, event in enumerate(sent, start=1):
        if event["event_id"] == event_id:
            return sent[number:]
    raise ApiError(400, f"Invalid value at 'last_event_id': '{event_id}'.")
