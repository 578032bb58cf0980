"""The times of streams come to a first token, and to gaps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api import sse
from pytest_interactions.api.arrivals import fitting_times
from pytest_interactions.api.latency import First, Gap, first_of, gaps, longest, typical
from tests.api.test_conversation import exchange

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange

CREATED = {"event_type": "interaction.created", "interaction": {"id": "1", "status": "in_progress"}}
THOUGHT = {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_summary", "content": {"text": "Hm"}}}
ARGUMENTS = {"event_type": "step.delta", "index": 0, "delta": {"type": "arguments_delta", "arguments": "{}"}}
EMPTY = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": ""}}
TEXT = {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "Hello"}}
OLD = {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hello"}}


def stream(*events: Any, times: tuple[float, ...] | None = None, seconds: float | None = None) -> Exchange:
    """A stream of these events, and of these pieces between them."""
    body = b"".join(
        event if isinstance(event, bytes) else f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n".encode()
        for event in events
    )
    made = exchange({"input": "Hi", "stream": True}, body)
    made.times, made.seconds = times, seconds
    return made


@pytest.mark.parametrize("text", [TEXT, OLD], ids=["step", "content"])
def test_the_first_token_is_the_first_text_that_a_person_sees(text: Any) -> None:
    """No thought, no argument of a tool, and no empty text."""
    streamed = stream(CREATED, THOUGHT, ARGUMENTS, EMPTY, text, times=(0.1, 0.2, 0.3, 0.4, 0.5, 0.75))
    assert first_of([streamed]) == First(event=0.2, token=0.75)


def test_without_text_the_first_event_stands_for_it() -> None:
    """As where the agent calls a tool; a comment before it is no event."""
    assert first_of([stream(b": hi\n\n", CREATED, THOUGHT, times=(0.1, 0.1, 0.2, 0.3))]) == First(0.2, 0.2)


def test_a_call_of_several_exchanges_counts_from_its_beginning() -> None:
    """What the exchanges before took is a part of it."""
    poll = exchange({"input": "Hi", "background": True}, {"id": "1", "status": "in_progress"})
    poll.seconds = 2.0
    first = stream(CREATED, times=(0.1, 0.2), seconds=1.5)
    second = stream(CREATED, TEXT, times=(0.1, 0.2, 0.25))
    assert first_of([poll, first, second]) == First(event=2.2, token=3.75)
    assert first_of([poll, first]) == First(2.2, 2.2)


@pytest.mark.parametrize(
    "exchanges",
    [
        [],
        [exchange({"input": "Hi"}, {"status": "completed"})],
        [stream(CREATED, TEXT)],
        [stream(CREATED, TEXT, times=(0.1, 0.2))],
        [stream(CREATED, times=(0.1, 0.2)), stream(TEXT, times=(0.1, 0.2))],
        [stream(CREATED, times=(0.1, 0.2), seconds=1.0), stream(TEXT)],
        [stream(times=(0.1,))],
    ],
    ids=["nothing", "unary", "unknown", "not its own", "unknown length", "unknown second", "no event"],
)
def test_what_nobody_knows_is_not_told(exchanges: list[Exchange]) -> None:
    """There is no first token, rather than a wrong one."""
    assert first_of(exchanges) is None


def test_gaps_are_between_the_events_of_a_stream() -> None:
    """The time before the first is none, comments are none of them, and each stream has its own."""
    one = stream(CREATED, b": hi\n\n", TEXT, TEXT, times=(0.1, 0.2, 0.3, 0.5, 0.6))
    other = stream(CREATED, TEXT, times=(0.1, 0.2, 1.2))
    found = gaps([one, other])
    assert found == [Gap(0.3, 3, 0), Gap(0.1, 4, 0), Gap(1.0, 2, 1)]
    assert (typical(found), longest(found)) == (0.3, Gap(1.0, 2, 1))
    assert gaps([stream(CREATED, times=(0.1, 0.2)), stream(CREATED, TEXT)]) == []


def test_of_equal_gaps_the_first_is_the_longest() -> None:
    """So that it is the same one each time."""
    assert longest([Gap(0.5, 2), Gap(0.5, 3)]).event == 2


def test_times_fit_where_each_piece_has_one() -> None:
    """An edit may have changed their number."""
    fits = stream(CREATED, TEXT, times=(0.1, 0.2, 0.3))
    assert fitting_times(fits) == (0.1, 0.2, 0.3)
    fits.response = fits.response.with_body(sse.split(fits.response.body)[0])
    assert fitting_times(fits) is None
