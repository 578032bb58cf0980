"""What the interactions of exchanges cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api import json_values
from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.usage import total_tokens
from pytest_interactions.files import storage
from tests.api.test_calls import completed, created, delta, got, resumed, streamed
from tests.api.test_conversation import exchange

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

CASSETTES = sorted(Path(__file__).parents[2].glob("cassettes/**/*.yaml"))


def costing(total: Any, name: str = "v1_a", **more: Any) -> Json:
    """An interaction that says what it cost."""
    return {"id": name, "status": "completed", "usage": {"total_tokens": total}, **more}


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_it_is_the_sum_of_what_the_calls_cost(path: Path) -> None:
    exchanges = storage.load(path).exchanges
    usages = [found.usage for found in interactions_of(exchanges)]
    assert total_tokens(exchanges) == sum(usage.get("total_tokens", 0) for usage in usages if usage)


def test_interactions_with_names_and_without_add_up() -> None:
    """What the API does not store has no id, or an empty one in a stream."""
    unnamed = {key: value for key, value in costing(3).items() if key != "id"}
    unstored = completed("", usage={"total_tokens": 4})
    assert total_tokens([exchange({}, costing(1)), exchange({}, costing(2, "v1_b"))]) == 3
    assert total_tokens([exchange({}, unnamed)] * 2 + [streamed({}, unstored)] * 2) == 14


def test_an_interaction_that_is_seen_again_counts_once() -> None:
    """It counts with what was seen last: by polls, by a stream that was resumed, by a hop with the same id."""
    begun = exchange({}, {"id": "v1_a", "status": "in_progress"})
    assert total_tokens([begun, got({"id": "v1_a", "status": "in_progress"}), got(costing(5)), got(costing(7))]) == 7
    broken = streamed({}, created(), delta("a"), cut=Cut(by="connection"))
    assert total_tokens([broken, resumed(delta("b"), completed(usage={"total_tokens": 7}))]) == 7
    assert total_tokens([exchange({}, costing(5)), exchange({"continuation_token": "t"}, costing(7))]) == 7


def test_an_interaction_that_others_began_costs_nothing() -> None:
    """To ask for it is free, also where an answer names it as the one before."""
    goes_on = costing(2, "v1_b", previous_interaction_id="v1_a")
    assert total_tokens([got(costing(5))]) == 0
    assert total_tokens([exchange({}, goes_on), got(costing(5)), got(costing(2, "v1_b"), "v1_b")]) == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_of_a_stream_the_end_alone_is_parsed(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """However lines end, and whatever counts stand in the stream before."""
    counted = delta("a", metadata={"usage": {"total_tokens": 2}})
    stream = streamed({}, created(), *[counted] * 99, completed(usage={"total_tokens": 7}), {"event_type": "done"})
    stream.response.body = stream.response.body.replace(b"\n", end)
    parsed: list[str] = []

    def parse(text: str) -> Any:
        parsed.append(text)
        return json_values.parse(text)

    monkeypatch.setattr("pytest_interactions.api.sse.parse", parse)
    assert total_tokens([stream]) == 7
    assert len(parsed) == 2


@pytest.mark.parametrize("odd", [None, True, "7", 7.5, [7], {}])
def test_what_is_no_count_counts_nothing(odd: Any) -> None:
    answers = [costing(odd), {"usage": odd, "total_tokens": 1}, [costing(1)], b'"total_tokens"', b'{"total_tokens":']
    events = [completed(usage={"total_tokens": odd}), {"interaction": odd, "total_tokens": 1}]
    assert total_tokens([exchange({}, answer) for answer in answers]) == 0
    assert total_tokens([streamed({}, event) for event in events]) == 0
    assert total_tokens([exchange({}, b'data: [{"interaction": {"usage": {"total_tokens": 1}}}]')]) == 0


def test_other_requests_cost_nothing() -> None:
    """Their answers may speak of tokens too."""
    assert total_tokens([exchange({}, costing(1), uri="https://example.com/v1/completions")]) == 0
