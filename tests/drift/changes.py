"""Changes of behaviour, of all kinds and by seeds, each with what is to be found: made in recorded conversations."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.exchange import Cut
from tests.drift.traffic import Exchanges, answer, changed, conversations, is_answer, of_type, steps_of, with_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from pytest_interactions.api.json_values import Json

#: Changes exchanges; `None` if there is nothing of the kind in them.
Change = "Callable[[Exchanges, Random], Exchanges | None]"


@dataclass(frozen=True)
class Kind:
    """A kind of change: its name, the severity at which it is to be found, and the names of findings it may be."""

    name: str
    severity: str
    found: tuple[str, ...]
    make: Any


def seeded(kind: Kind, rng: Random) -> tuple[str, Exchanges, Exchanges]:
    """Return the name of a conversation, what was recorded in it, and the same with a change of a kind."""
    names = sorted(conversations())
    while True:
        name = rng.choice(names)
        recorded = conversations()[name]
        live = kind.make([each.copied() for each in recorded], rng)
        if live is not None:
            return name, recorded, live


def _in_answer(
    wanted: Callable[[Json], bool], change: Callable[[Json, Random, Json], object], *, streamed: bool | None = None
) -> Any:
    """Return a change of one answer that is `wanted`; `change` gets it, and what was asked."""

    def make(exchanges: Exchanges, rng: Random) -> Exchanges | None:
        places = [
            number
            for number, each in enumerate(exchanges)
            if is_answer(each) and wanted(answer(each)) and streamed in (None, each.response.is_stream)
        ]
        if not places:
            return None
        number = rng.choice(places)
        asked = exchanges[number].request.json()
        return changed(exchanges, number, lambda value: change(value, rng, asked if isinstance(asked, dict) else {}))

    return make


def _calls(value: Json) -> bool:
    return bool(of_type(value, "function_call"))


def _many_calls(value: Json) -> bool:
    calls = of_type(value, "function_call")
    return len(calls) > 1 and any(call["arguments"] != calls[0]["arguments"] for call in calls)


def _texts(value: Json) -> list[Json]:
    parts = [part for step in of_type(value, "model_output") for part in step.get("content", [])]
    return [part for part in parts if part.get("type") == "text" and part.get("text", "").strip()]


def _has_text(value: Json) -> bool:
    return bool(_texts(value))


def _parameters(asked: Json, name: str) -> Json:
    tools = [tool for tool in asked.get("tools") or [] if tool.get("name") == name]
    return tools[0].get("parameters") or {} if tools else {}


def _free_texts(call: Json) -> list[str]:
    return [name for name, value in call["arguments"].items() if isinstance(value, str)]


def _has_free_text(value: Json) -> bool:
    return any(map(_free_texts, of_type(value, "function_call")))


# --- changes of one answer ---


def _rename(value: Json, rng: Random, _: Json) -> None:
    rng.choice(of_type(value, "function_call"))["name"] = f"other_tool_{rng.randrange(9)}"


def _drop_call(value: Json, rng: Random, _: Json) -> None:
    steps_of(value).remove(rng.choice(of_type(value, "function_call")))


def _add_call(value: Json, rng: Random, _: Json) -> None:
    call = {"type": "function_call", "id": "new1", "name": "look_it_up", "arguments": {"query": "q"}}
    steps_of(value).insert(rng.randrange(len(steps_of(value)) + 1), call)


def _other_argument(value: Json, rng: Random, asked: Json) -> None:
    call = rng.choice([call for call in of_type(value, "function_call") if _free_texts(call)])
    name = rng.choice(_free_texts(call))
    declared = _parameters(asked, call["name"]).get("properties", {}).get(name, {})
    others = [each for each in declared.get("enum", ["Atlantis"]) if each != call["arguments"][name]]
    call["arguments"][name] = rng.choice(others or ["Atlantis"])


def _wrong_type(value: Json, rng: Random, _: Json) -> None:
    call = rng.choice([call for call in of_type(value, "function_call") if call["arguments"]])
    call["arguments"][rng.choice(sorted(call["arguments"]))] = {"value": [1, 2]}


def _no_argument(value: Json, rng: Random, _: Json) -> None:
    call = rng.choice([call for call in of_type(value, "function_call") if call["arguments"]])
    del call["arguments"][rng.choice(sorted(call["arguments"]))]


def _has_arguments(value: Json) -> bool:
    return any(call.get("arguments") for call in of_type(value, "function_call"))


def _reorder(value: Json, rng: Random, _: Json) -> None:
    steps = steps_of(value)
    places = [number for number, step in enumerate(steps) if step["type"] == "function_call"]
    calls = [steps[place] for place in places]
    moved = calls[:]
    while [call["arguments"] for call in moved] == [call["arguments"] for call in calls]:
        rng.shuffle(moved)
    for place, call in zip(places, moved, strict=True):
        steps[place] = call


def _fail(value: Json, rng: Random, _: Json) -> None:
    value["status"] = rng.choice(["failed", "cancelled", "budget_exceeded"])


def _incomplete(value: Json, rng: Random, _: Json) -> None:
    value["status"] = "incomplete"
    if of_type(value, "model_output") and rng.random() < 0.5:
        steps_of(value).remove(of_type(value, "model_output")[-1])


def _drop_field(value: Json, rng: Random, _: Json) -> None:
    fields = [(value, name) for name in ("model", "object", "created", "usage") if value.get(name)]
    calls = [(call, "id") for call in of_type(value, "function_call")]
    texts = [(part, "text") for part in _texts(value)[:1] if len(_texts(value)) == 1]
    holder, name = rng.choice([*fields, *calls, *texts])
    del holder[name]


def _retype_field(value: Json, rng: Random, _: Json) -> None:
    name = rng.choice([name for name in ("model", "object", "created") if isinstance(value.get(name), str)])
    value[name] = rng.choice([{"name": value[name]}, [value[name]], 7])


def _new_field(value: Json, rng: Random, _: Json) -> None:
    new = rng.choice([{"grade": "A"}, 3, "x", [1], True])
    rng.choice([value, *of_type(value, "function_call")])[f"new_field_{rng.randrange(9)}"] = new


def _model(value: Json, rng: Random, _: Json) -> None:
    value["model"] = f"{value['model']}-{rng.randrange(100):03}"


def _no_text(value: Json, _: Random, __: Json) -> None:
    for step in of_type(value, "model_output"):
        steps_of(value).remove(step)


def _add_step(value: Json, rng: Random, _: Json) -> None:
    step = {"type": f"new_kind_{rng.randrange(9)}", "detail": "d"}
    steps_of(value).insert(rng.randrange(len(steps_of(value)) + 1), step)


def _no_thoughts(value: Json, _: Random, __: Json) -> None:
    for step in of_type(value, "thought"):
        steps_of(value).remove(step)


def _thoughts(value: Json) -> bool:
    return bool(of_type(value, "thought"))


def _media(value: Json) -> bool:
    return any(part.get("data") for step in of_type(value, "model_output") for part in step.get("content", []))


def _other_media(value: Json, _: Random, __: Json) -> None:
    for step in of_type(value, "model_output"):
        for part in step["content"]:
            if part.get("data"):
                part["data"] = "b3RoZXI="


def _cites(value: Json) -> bool:
    return any(part.get("annotations") for part in _texts(value))


def _cite_otherwise(value: Json, rng: Random, _: Json) -> None:
    part = rng.choice([part for part in _texts(value) if part.get("annotations")])
    part["annotations"] = part["annotations"][1:]


# --- changes of exchanges ---


def _revision(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    for each in exchanges:
        each.request.headers["api-revision"] = [f"2026-1{rng.randrange(3)}-01"]
    return exchanges


def _http_error(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    places = [number for number, each in enumerate(exchanges) if is_answer(each) and each.request.method == "POST"]
    if not places:
        return None
    number = rng.choice(places)
    status, code = rng.choice([(400, "invalid_request"), (429, "resource_exhausted"), (503, "unavailable")])
    body = {"error": {"code": code, "message": "No."}}
    response = replace(exchanges[number].response, status=status, headers={"content-type": ["application/json"]})
    exchanges[number] = replace(exchanges[number], response=response.with_json(body))
    return exchanges[: number + 1] if rng.random() < 0.5 else exchanges


def _stream_lost(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    places = [number for number, each in enumerate(exchanges) if is_answer(each) and each.response.is_stream]
    if not places:
        return None
    number = rng.choice(places)
    old = exchanges[number]
    plain = replace(old.response, headers={"content-type": ["application/json"]}).with_json(answer(old))
    exchanges[number] = replace(old, response=plain)
    return exchanges


def _stream_broken(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    places = [number for number, each in enumerate(exchanges) if is_answer(each) and each.response.is_stream]
    if not places:
        return None
    number = rng.choice(places)
    old = exchanges[number]
    events = old.response.body.split(b"\n\n")
    end = next(place for place, event in enumerate(events) if b"interaction.complete" in event)
    body = b"\n\n".join(events[: rng.randrange(2, end)]) + b"\n\n"
    cut = Cut(by="connection", error="ReadError", message="broke") if rng.random() < 0.5 else None
    exchanges[number] = replace(old, response=old.response.with_body(body), cut=cut)
    return exchanges


def _turn_added(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    places = [number for number, each in enumerate(exchanges) if is_answer(each) and _calls(answer(each))]
    if not places:
        return None
    number = rng.choice(places)
    old, value = exchanges[number], answer(exchanges[number])
    call = {"type": "function_call", "id": "more1", "name": "look_it_up", "arguments": {"query": "q"}}
    between = value | {"id": "v1_between", "steps": [call], "status": "requires_action"}
    asked = deepcopy(old.request.json())
    result = [{"type": "function_result", "name": "f", "call_id": "c", "result": "r"}]
    asked |= {"previous_interaction_id": value["id"], "input": result} if value.get("id") else {}
    new = with_answer(replace(old, request=old.request.with_json(asked)), between)
    return [*exchanges[: number + 1], new, *exchanges[number + 1 :]] if value.get("id") else None


def _turn_vanished(exchanges: Exchanges, rng: Random) -> Exchanges | None:
    places = [number for number, each in enumerate(exchanges) if is_answer(each) and each.request.method == "POST"]
    return [each for number, each in enumerate(exchanges) if number != rng.choice(places[1:])] if places[1:] else None


def _always(value: Json) -> bool:
    return "outputs" not in value and bool(value.get("model")) and bool(value.get("created"))


KINDS = (
    Kind("another tool", "changed", ("tool",), _in_answer(_calls, _rename)),
    Kind("a call less", "breaking", ("call-vanished",), _in_answer(_calls, _drop_call)),
    Kind("a call more", "changed", ("call-added",), _in_answer(_calls, _add_call)),
    Kind("an argument's value", "changed", ("argument",), _in_answer(_has_free_text, _other_argument)),
    Kind("an argument's type", "breaking", ("argument-invalid",), _in_answer(_has_arguments, _wrong_type)),
    Kind("no required argument", "breaking", ("argument-invalid",), _in_answer(_has_arguments, _no_argument)),
    Kind("another order", "changed", ("order",), _in_answer(_many_calls, _reorder)),
    Kind("another status", "breaking", ("status",), _in_answer(_always, _fail)),
    Kind("cut short", "breaking", ("status",), _in_answer(_always, _incomplete)),
    Kind("an HTTP error", "breaking", ("http-status",), _http_error),
    Kind("a field less", "breaking", ("field-vanished",), _in_answer(_always, _drop_field, streamed=False)),
    Kind("a field's type", "breaking", ("field-type",), _in_answer(_always, _retype_field, streamed=False)),
    Kind("a field more", "cosmetic", ("field-new",), _in_answer(_always, _new_field)),
    Kind("another model", "changed", ("model",), _in_answer(_always, _model)),
    Kind("another Api-Revision", "changed", ("revision",), _revision),
    Kind("no stream", "breaking", ("stream-lost",), _stream_lost),
    Kind("a broken stream", "breaking", ("stream-broken",), _stream_broken),
    Kind("a turn more", "changed", ("turn-added",), _turn_added),
    Kind("a turn less", "breaking", ("turn-vanished",), _turn_vanished),
    Kind("no text", "changed", ("text-vanished",), _in_answer(_has_text, _no_text)),
    Kind("a step more", "changed", ("step-added",), _in_answer(_always, _add_step)),
    Kind("no thoughts", "cosmetic", ("thought",), _in_answer(_thoughts, _no_thoughts)),
    Kind("other media", "cosmetic", ("media",), _in_answer(_media, _other_media)),
    Kind("a citation less", "cosmetic", ("annotations",), _in_answer(_cites, _cite_otherwise)),
)
