"""The way from a stream of events to the interaction that a call without `stream` would have returned."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.deltas import STEP_OF, Node, apply
from pytest_interactions.api.json_values import NOT_JSON, Json, shallow
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.sse import ServerSentEvent
from pytest_interactions.api.steps import plain, status_after
from pytest_interactions.api.usage import summed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def fold(events: Iterable[Any]) -> Interaction:
    """Fold the events of one stream, in time linear in their number.

    It knows today's events (`step.…`) and those before May 2026 (`content.…`). It keeps what it does not know: a delta
    as content of its step, an event in the interaction's `unknown_events`. The interaction's `errors` hold the errors
    in the stream. A stream that stops early gives the interaction up to there.

    Args:
        events: `Event` objects, their JSON as dicts, the codec's `ServerSentEvent`, or a client library's event
            objects (anything with pydantic's `model_dump`).

    Raises:
        TypeError: Something in `events` is none of these.
    """
    folding = _Folding()
    for event in events:
        for data in payloads(event):
            folding.add(data)
    return Interaction.model_validate(folding.result())


def payloads(event: Any) -> Iterator[Json]:
    """Yield the JSON objects that one event carries; none for a comment or the closing sentinel."""
    if isinstance(event, ServerSentEvent):
        data = event.json()
        if data is NOT_JSON:
            return
        # The API cuts a stream short by a list of errors, as JSON without an event's frame.
        for item in data if isinstance(data, list) else [data]:
            yield {"event_type": event.event, **(item if isinstance(item, dict) else {"data": item})}
    elif isinstance(event, Mapping):
        yield dict(shallow(event))
    elif hasattr(event, "model_dump"):
        yield plain(event)
    else:
        raise TypeError(f"this is not an event of the Interactions API: {event!r}")


class _Folding:
    """The interaction so far, and the state of the stream it is folded from."""

    def __init__(self) -> None:
        self._interaction: Json = {}
        self._hops: list[Json] = []
        self._sent: dict[str, Json] = {}
        self._nodes: list[Node] = []
        self._open: dict[int, Node] = {}
        self._index = 0
        self._begun = 0
        self._running: set[int] = set()
        self._is_live = False
        self._has_ended = False
        self._list = "steps"
        self._errors: list[Any] = []
        self._unknown: list[Json] = []

    def add(self, event: Json) -> None:
        """Add an event, unless it is one that was sent already, as a stream that is resumed may send some again."""
        name = event.get("event_id")
        if name and isinstance(name, str):
            if self._sent.get(name) == event:
                return
            self._sent[name] = event
        kind = event.get("event_type")
        handle = _EVENTS.get(kind) if isinstance(kind, str) else None
        if handle is None and isinstance(event.get("error"), dict):
            handle = _Folding.error
        if handle is None:
            self._unknown.append(event)
        else:
            handle(self, event)

    def result(self) -> Json:
        self._drop_repeated_input()
        result = self._interaction | self._of_all_hops()
        if result.get("id") == "":  # the API stores nothing; an answer without `stream` has no id then
            del result["id"]
        if self._nodes:
            result[self._list] = [node.result() for node in self._nodes]
        if self._is_live and result.get("status", "completed") in ("in_progress", "completed"):
            result["status"] = self._live_status(result)
        if self._errors:
            known = result.get("errors")
            result["errors"] = [*(known if isinstance(known, list) else ()), *self._errors]
        if self._unknown:
            result["unknown_events"] = self._unknown
        return result

    # --- events ---

    def created(self, event: Json) -> None:
        """Begin, begin anew, or go on: a client that resumes an answer after a limit chains several interactions."""
        interaction = self._told_by(event)
        known = self._interaction.get("id")
        if known and known == interaction.get("id") and "continuation_token" not in self._interaction:
            del self._nodes[self._begun :]
        elif self._interaction:
            self._drop_repeated_input()
            self._hops.append(self._interaction)
            self._interaction = {}
        self._begun = len(self._nodes)
        self._open.clear()
        self._update(interaction)

    def connected(self, event: Json) -> None:
        """Go on with a live interaction; what was said before is known already, or is another one's."""
        interaction = self._told_by(event)
        self._is_live = True
        self._update({name: value for name, value in interaction.items() if name not in ("steps", "status")})

    def status(self, event: Json) -> None:
        identity = {} if "id" in self._interaction else {"id": event.get("interaction_id", "")}
        self._update(identity | {key: value for key, value in event.items() if key not in _ENVELOPE})

    def completed(self, event: Json) -> None:
        self._interaction.pop("continuation_token", None)  # one that came before is used up
        interaction = self._told_by(event)
        status = interaction.get("status")
        if self._is_live and isinstance(status, Mapping):  # an error or none, as gRPC has them
            del interaction["status"]
            if status.get("code"):
                interaction["status"] = "failed"
                self._errors.append(dict(status))
        self._running.clear()
        self._has_ended = True
        self._update(interaction)

    def cancelled(self, event: Json) -> None:
        self._update({**self._told_by(event), "status": "cancelled"})

    def error(self, event: Json) -> None:
        self._errors.append(event.get("error") or {})

    def start(self, event: Json) -> None:
        self._begin(event, event.get("step"), flat=False)

    def legacy_start(self, event: Json) -> None:
        self._list = "outputs"
        self._begin(event, event.get("content"), flat=True)

    def delta(self, event: Json) -> None:
        delta = event.get("delta")
        if not isinstance(delta, dict):
            self._unknown.append(event)
            return
        if self._at(event) not in self._open:
            flat = event["event_type"] == "content.delta"
            kind = delta.get("type", "")
            self._begin(event, {"type": kind if flat else STEP_OF.get(str(kind), kind)}, flat=flat)
        apply(self._open[self._at(event)], delta)

    def stop(self, event: Json) -> None:
        """End a step: its deltas are all there; the last one of a live answer may have its usage."""
        self._running.discard(self._at(event))
        usage = event.get("usage")
        if self._is_live and isinstance(usage, Mapping):
            self._update({"usage": dict(usage)})

    def ignore(self, event: Json) -> None:
        """Change nothing: it is of the connection, and no behaviour."""

    # --- live interactions ---

    def _told_by(self, event: Json) -> Json:
        """Return what an event tells of its interaction; those of live interactions have it in no field of its own."""
        if "interaction" in event:
            return _object(event["interaction"])
        self._is_live = True
        name = event.get("interaction_id")
        return ({"id": name} if name else {}) | {key: value for key, value in event.items() if key not in _ENVELOPE}

    def _live_status(self, result: Json) -> str:
        """Return the status that an answer has at this point, of which a live interaction says nothing."""
        if self._running or not (self._nodes or self._has_ended):
            return "failed" if self._errors else "in_progress"
        return str(status_after(result.get(self._list, []), "completed"))

    # --- hops ---

    def _drop_repeated_input(self) -> None:
        """Drop the input that a hop repeats at its beginning, as all hops answer the same."""
        if self._hops:
            own = dropwhile(lambda node: node.fields.get("type") == "user_input", self._nodes[self._begun :])
            self._nodes[self._begun :] = list(own)

    def _of_all_hops(self) -> Json:
        """Return the fields that google-genai makes of all hops (3.6: `merge_unary_hops`); none for a single one."""
        if not self._hops:
            return {}
        hops = [*self._hops, self._interaction]
        first = self._hops[0]
        of_all = {name: first.get(name) for name in _OF_FIRST_HOP if name in first or name in self._interaction}
        names = (name for hop in hops for name in (*_list(hop.get("continuation_ids")), hop.get("id")))
        of_all["continuation_ids"] = list(dict.fromkeys(name for name in names if name and isinstance(name, str)))
        usage = summed(hop.get("usage") for hop in hops)
        if usage:
            input_tokens = _object(first.get("usage")).get("total_input_tokens")
            of_all["usage"] = usage | {"initial_input_tokens": input_tokens}
        return of_all

    # --- changes to the interaction ---

    def _begin(self, event: Json, fields: Any, *, flat: bool) -> None:
        self._index = self._at(event)
        self._running.add(self._index)
        self._open[self._index] = Node(_object(fields), flat=flat)
        self._nodes.append(self._open[self._index])

    def _at(self, event: Json) -> int:
        index = event.get("index")
        return index if isinstance(index, int) else self._index

    def _update(self, fields: Json) -> None:
        for key in ("steps", "outputs"):
            steps = fields.get(key)
            if steps and isinstance(steps, list):
                del fields[key]
                self._list = key
                self._nodes[self._begun :] = [Node(_object(step)) for step in steps]
        self._interaction.update(fields)


def _object(value: Any) -> Json:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


#: The events that begin an interaction.
BEGINNINGS = ("interaction.created", "interaction.start")

#: The fields that tell of the request, and so are those of the first hop.
_OF_FIRST_HOP = ("previous_interaction_id", "created", "input")

#: The fields that describe an event itself, and not its interaction.
_ENVELOPE = frozenset({"event_type", "event_id", "interaction_id", "metadata"})

_EVENTS: dict[str, Callable[[_Folding, Json], None]] = {
    "interaction.created": _Folding.created,
    "interaction.status_update": _Folding.status,
    "interaction.completed": _Folding.completed,
    "step.start": _Folding.start,
    "step.delta": _Folding.delta,
    "step.stop": _Folding.stop,
    "error": _Folding.error,
    "done": _Folding.ignore,
    "interaction.connected": _Folding.connected,
    "interaction.cancelled": _Folding.cancelled,
    "interaction.canceled": _Folding.cancelled,
    "reconnection_required": _Folding.ignore,
    # before May 2026
    "interaction.start": _Folding.created,
    "interaction.complete": _Folding.completed,
    "content.start": _Folding.legacy_start,
    "content.delta": _Folding.delta,
    "content.stop": _Folding.stop,
}
