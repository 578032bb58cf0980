"""Answers in several interactions, as after the API's limit of tokens for one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions.errors import ScriptError

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

Json = dict[str, Any]


def post(emulator: Emulator, **body: Any) -> httpx.Response:
    """The answer to a request to create an interaction."""
    body = {"model": "gemini-3.5-flash", **body}
    return httpx.post(f"{emulator.url}/v1beta/interactions", json=body, headers={"x-goog-api-key": "k"})


def hops(emulator: Emulator) -> list[Json]:
    """All interactions that answer a request, each asked for with the token of the one before."""
    found = [post(emulator, input="Go").json()]
    while found[-1]["status"] == "requires_continuation":
        last = found[-1]
        goes_on = post(emulator, previous_interaction_id=last["id"], continuation_token=last["continuation_token"])
        found.append(goes_on.json())
    return found


def texts(interactions: list[Json]) -> list[str]:
    """The text of each interaction."""
    steps = ([step for step in each["steps"] if step["type"] == "model_output"] for each in interactions)
    return ["".join(part["text"] for step in each for part in step["content"]) for each in steps]


def test_a_text_is_split_among_the_hops(emulator: Emulator) -> None:
    """The first has the thought, the last the citations; each has an id of its own, and only the last has no token."""
    cited = {"type": "text", "text": "abcdef", "annotations": [{"type": "url_citation", "url": "https://example.com"}]}
    picture = {"type": "image", "data": "AAAA", "mime_type": "image/png"}
    output = {"type": "model_output", "content": [picture, cited]}
    emulator.on(input="Go").reply(steps=[{"type": "thought"}, output], hops=3)
    first, second, last = hops(emulator)
    assert first["steps"] == [
        {"type": "thought"},
        {"type": "model_output", "content": [picture, {"type": "text", "text": "ab"}]},
    ]
    assert second["steps"] == [{"type": "model_output", "content": [{"type": "text", "text": "cd"}]}]
    assert last["steps"] == [{"type": "model_output", "content": [{**cited, "text": "ef"}]}]
    assert len({each["id"] for each in (first, second, last)}) == 3
    assert (last["status"], "continuation_token" in last) == ("completed", False)


def test_a_short_answer_has_fewer_hops(emulator: Emulator) -> None:
    """There is no empty one, unless all is empty."""
    emulator.on(input="Go").reply(text="ab", hops=9, times=1)
    emulator.on(input="Go").reply(text="", hops=9, times=1)
    emulator.on(input="Go").reply(steps=[], hops=9)
    assert texts(hops(emulator)) == ["a", "b"]
    assert texts(hops(emulator)) == [""]
    assert [each["steps"] for each in hops(emulator)] == [[]]


def test_steps_without_a_text_at_their_end_are_split_between(emulator: Emulator) -> None:
    """Their order stays."""
    calls: list[Json] = [{"type": "function_call", "id": f"c{n}", "name": "f", "arguments": {}} for n in range(3)]
    emulator.on(input="Go").reply(steps=calls, hops=2)
    first, last = hops(emulator)
    assert [*first["steps"], *last["steps"]] == calls
    assert last["status"] == "requires_action"


def test_a_token_goes_on_only_as_it_was_given(emulator: Emulator) -> None:
    """Unknown or changed, or without the interaction that gave it, it is refused."""
    emulator.on(input="Go").reply(text="abcdef", hops=2)
    first = post(emulator, input="Go").json()
    token = {"continuation_token": first["continuation_token"]}
    changed = {"continuation_token": first["continuation_token"][:-1] + "?"}
    refused = [
        post(emulator, **changed, previous_interaction_id=first["id"]),
        post(emulator, **token),
        post(emulator, **token, input="Go"),
        post(emulator, **token, previous_interaction_id="v1_other"),
    ]
    assert [answer.status_code for answer in refused] == [400] * 4
    assert all("continuation_token" in answer.json()["error"]["message"] for answer in refused)
    assert post(emulator, **token, previous_interaction_id=first["id"]).json()["status"] == "completed"


def test_what_is_not_stored_goes_on_with_the_same_request(emulator: Emulator) -> None:
    """A changed one is refused."""
    emulator.on(input="Go").reply(text="abcdef", hops=2)
    token = post(emulator, input="Go", store=False).json()["continuation_token"]
    assert post(emulator, input="Go on", store=False, continuation_token=token).status_code == 400
    assert texts([post(emulator, input="Go", store=False, continuation_token=token).json()]) == ["def"]


def test_there_is_one_hop_at_least(emulator: Emulator) -> None:
    """A script that says otherwise is refused."""
    with pytest.raises(ScriptError, match="hops: must be greater than or equal to 1"):
        emulator.on(input="Go").reply(hops=0)
