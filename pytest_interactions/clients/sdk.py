"""google-genai in a replay: what it makes of the same types at each call is made once.

For each request, response and event the SDK has pydantic make a class around a type, and throws it away; of each
request's class it asks the hints of its types anew. Both take most of the time of a replayed call. Here they are kept
for the next call that asks for the very same. That is done for the SDK alone, and only where a replay is in force; else
they are made at each call, as ever.

What is kept has to prove itself when it is asked for again: it is made anew beside it, and what both say of themselves
must be the same, and of samples that classes are given to read. Where it is not, or where the SDK does not ask as it is
known to, all of this is given up for the run.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, get_args

from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_interactions.clients.replacing import Replacements

#: How many things are kept; a unary call has five.
_MOST: Final = 64
#: What classes are asked to read: a request without and with its path, an answer, an event, and what is none of them.
_SAMPLES: Final = (
    '{"model": "gemini-3.5-flash", "input": "Hello", "stream": true}',
    '{"api_version": "v1", "body": {"model": "gemini-3.5-flash", "input": [{"type": "text", "text": "Hello"}]}}',
    '{"id": "v1_a", "status": "completed", "steps": [{"type": "model_output", "content": [{"type": "odd"}]}]}',
    '{"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hello"}}',
    '{"data": {"event_type": "step.stop", "index": 0}, "event": "step.stop"}',
    "{}",
    "[]",
    '"Hello"',
    "null",
)


def note() -> str | None:
    """Return why the SDK is no faster in a replay, for the summary of a run; nothing if it is, or was not asked for."""
    if KEPT.doubt is None:
        return None
    version = getattr(sys.modules.get("google.genai"), "__version__", "")
    return f"fast_sdk does nothing for google-genai {version}, which runs as it is: {KEPT.doubt}"


def fast(*, is_on: bool, yields: bool = False) -> AbstractContextManager[None]:
    """Have the SDK's calls in the block's context use what is kept if that `is_on`, else not; see `InForce.hold`."""
    return _in_force.hold(is_on or None, yields=yields)


# --- what is kept ---


@dataclass(slots=True)
class _Made:
    """A thing, and what it was made of: that lives as long, so that nothing else has its ids."""

    thing: Any
    of: tuple[object, ...]
    is_proven: bool = False


class Kept:
    """What was made for the SDK.

    Attributes:
        doubt: Why none of it is used any more, if there is a reason.
    """

    def __init__(self) -> None:
        self.doubt: str | None = None
        self._made: dict[tuple[int, ...], _Made] = {}  # by ids, as types that are equal may differ in their order

    def forget(self) -> None:
        """Drop all, and the doubt: what follows begins anew."""
        self.doubt, self._made = None, {}

    def made(self, *of: object, make: Callable[[], Any], said: Callable[[Any], Any]) -> Any:
        """Return what `make` makes `of` these things: what is kept, or a new one; `said` returns what one says."""
        ids = tuple(map(id, of))
        kept = self._made.get(ids)
        if kept is not None and kept.is_proven:
            return kept.thing
        new = make()
        if kept is not None:
            kept.is_proven = said(kept.thing) == said(new)
            if not kept.is_proven:
                self.doubt = f"what is kept of {of[0]} differs from what is made anew"
        elif getattr(new, "__pydantic_complete__", True):  # else it waits for a type that is not defined yet
            if len(self._made) >= _MOST:
                self._made = {}
            self._made[ids] = _Made(new, of)
        return new


KEPT: Final = Kept()


def _parts(kind: Any) -> list[object]:
    """Return the parts of a type, and what pydantic made of the classes among them, which a rebuild makes anew."""
    parts: list[object] = [kind]
    for part in parts:  # which grows, until an alias that has itself in it comes back to itself
        schema = getattr(part, "__pydantic_core_schema__", None)
        within = get_args(getattr(part, "__value__", part)) if schema is None else [schema]
        parts += [each for each in within if not any(each is known for known in parts)]
    return parts


# --- what is made ---


def _class_around(make: partial[Any], *args: Any, **kwargs: Any) -> Any:
    """Make the class around a type, as the SDK asks pydantic for it."""
    match args, kwargs:
        case [name], {"body": [kind, default], "__config__": dict(config), **more} if default is ... and not more:
            of = *_parts(kind), name, *config, *config.values()
            return KEPT.made(*of, make=partial(make, *args, **kwargs), said=_said_by_class)
    return _otherwise(make, *args, **kwargs)


def _hints(make: partial[Any], *args: Any, **kwargs: Any) -> Any:
    """Make the hints of the types in a class, as the SDK asks typing for them."""
    match args, kwargs:
        case [type() as kind], {**more} if not more:
            return dict(KEPT.made(*_parts(kind), _hints, make=partial(make, kind), said=repr))
    return _otherwise(make, *args, **kwargs)


def _otherwise(make: partial[Any], *args: Any, **kwargs: Any) -> Any:
    KEPT.doubt = f"it calls {make.func.__name__} in another way than is known here"
    return make(*args, **kwargs)


def _said_by_class(model: Any) -> list[Any]:
    """Return what a class says of itself, and of the samples."""
    itself = [model.__name__, model.__module__, model.__bases__, model.model_config, repr(model.model_fields)]
    return [*itself, *(_read(model, json.loads(sample)) for sample in _SAMPLES)]


def _read(model: Any, sample: Any) -> Any:
    """Return what a class makes of a sample, or the error that it raises."""
    try:
        return model.model_validate({"body": sample}).model_dump(mode="json", by_alias=True, warnings=False)
    except Exception as error:  # noqa: BLE001 - whatever the SDK's types raise, both are to raise it
        return repr(error)


# --- the patches ---

_UTILS: Final = "google.genai._gaos.utils"
#: By module of the SDK: a function that it has imported, from where, and what makes the same.
_REPLACED: Final[dict[str, tuple[str, str, Callable[..., Any]]]] = {
    f"{_UTILS}.serializers": ("create_model", "pydantic.main", _class_around),
    f"{_UTILS}.url": ("get_type_hints", "typing", _hints),
    f"{_UTILS}.queryparams": ("get_type_hints", "typing", _hints),
}


def _patch(module: Any, patches: Replacements) -> None:
    """Replace the function in the SDK's module, if it is there, and nobody has put another in its place."""
    name, origin, making = _REPLACED[module.__name__]
    found = vars(module).get(name)
    is_ours = getattr(found, "__module__", None) == __name__  # put back by somebody, who found it in another replay
    if not is_ours and (found is None or found is not vars(sys.modules.get(origin, sys)).get(name)):
        KEPT.doubt = f"its module {module.__name__} does not have {name} of {origin}"
        return

    def replacing(real: Any) -> Any:
        # pydantic looks for the module that asks in the frame that calls it, which is not the SDK's any more.
        make = partial(real, __module__=module.__name__) if making is _class_around else partial(real)

        def replacement(*args: Any, **kwargs: Any) -> Any:
            if _in_force.innermost is None or KEPT.doubt:
                return make(*args, **kwargs)
            return making(make, *args, **kwargs)

        return replacement

    patches.enter_context(Replaced(module, name, replacing))


_in_force: Final[InForce[bool]] = InForce(lambda: [OnceImported(name, _patch) for name in _REPLACED], may_stay=True)
