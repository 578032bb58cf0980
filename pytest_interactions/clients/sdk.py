"""google-genai in a replay: the classes by which it reads and writes JSON are made once for a type, not at each call.

For each request, response and event the SDK has pydantic make a class around a type, and throws it away, which takes
most of the time of a replayed call. Here the class is kept for the next call that asks for the very same. That is done
for the SDK alone, and only where a replay is in force; else pydantic makes a class at each call, as ever.

A kept class has to prove itself when it is asked for again: a new one is made beside it, and what both say of
themselves and of samples must be the same. Where it is not, or where the SDK does not ask as it is known to, this is
given up for the run.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, get_args

from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.late import once_imported

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager, ExitStack

#: The module of the SDK that has classes made, by pydantic's function of this name.
_MODULE: Final = "google.genai._gaos.utils.serializers"
_NAME: Final = "create_model"
#: How many classes are kept; a unary call has three.
_MOST: Final = 32
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
    if CLASSES.doubt is None:
        return None
    version = getattr(sys.modules.get("google.genai"), "__version__", "")
    return f"fast_sdk does nothing for google-genai {version}, which runs as it is: {CLASSES.doubt}"


def fast(*, is_on: bool, yields: bool = False) -> AbstractContextManager[None]:
    """Have the SDK's calls in the block's context use kept classes if that `is_on`, else not; see `InForce.hold`."""
    return _in_force.hold(is_on or None, yields=yields)


# --- the classes ---


@dataclass(slots=True)
class _Kept:
    """A class, and what it was made of: that lives as long, so that nothing else has its ids."""

    model: Any
    things: tuple[object, ...]
    is_proven: bool = False


class Classes:
    """The classes that were made for the SDK.

    Attributes:
        doubt: Why none is used any more, if there is a reason.
    """

    def __init__(self) -> None:
        self.doubt: str | None = None
        self._kept: dict[tuple[int, ...], _Kept] = {}  # by ids, as types that are equal may differ in their order

    def forget(self) -> None:
        """Drop all, and the doubt: what follows begins anew."""
        self.doubt, self._kept = None, {}

    def made(self, make: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the class for these arguments of pydantic's function `make`: one that is kept, or a new one."""
        match args, kwargs:
            case [name], {"body": [kind, default], "__config__": dict(config), **more} if default is ... and not more:
                things = (name, *config, *config.values(), *_parts(kind))
            case _:
                self.doubt = f"it calls pydantic's {_NAME} in another way than is known here"
                return make(*args, **kwargs)
        kept = self._kept.get(tuple(map(id, things)))
        if kept is not None and kept.is_proven:
            return kept.model
        model = make(*args, **kwargs)
        if kept is None:
            self._keep(model, things)
        elif _said(kept.model) == _said(model):
            kept.is_proven = True
        else:
            self.doubt = f"a class that was kept differs from a new one, for {kind}"
        return model

    def _keep(self, model: Any, things: tuple[object, ...]) -> None:
        if not model.__pydantic_complete__:  # it waits for a type that is not defined yet
            return
        if len(self._kept) >= _MOST:
            self._kept = {}
        self._kept[tuple(map(id, things))] = _Kept(model, things)


CLASSES: Final = Classes()


def _parts(kind: Any) -> list[object]:
    """Return the parts of a type, and what pydantic made of the classes among them, which a rebuild makes anew."""
    parts: list[object] = [kind]
    for part in parts:  # which grows, until an alias that has itself in it comes back to itself
        schema = getattr(part, "__pydantic_core_schema__", None)
        within = get_args(getattr(part, "__value__", part)) if schema is None else [schema]
        parts += [each for each in within if not any(each is known for known in parts)]
    return parts


def _said(model: Any) -> list[Any]:
    """Return what a class says of itself, and of the samples."""
    itself = [model.__name__, model.__module__, model.__bases__, model.model_config, repr(model.model_fields)]
    return [*itself, *(_read(model, json.loads(sample)) for sample in _SAMPLES)]


def _read(model: Any, sample: Any) -> Any:
    """Return what a class makes of a sample, or the error that it raises."""
    try:
        return model.model_validate({"body": sample}).model_dump(mode="json", by_alias=True, warnings=False)
    except Exception as error:  # noqa: BLE001 - whatever the SDK's types raise, both are to raise it
        return repr(error)


# --- the patch ---


def _patch(module: Any, patches: ExitStack) -> None:
    """Replace pydantic's function in the SDK's module, if it is there."""
    real: Any = vars(module).get(_NAME)
    if getattr(real, "__module__", None) == __name__:  # somebody has put back what stood there in another replay
        return
    if not _is_pydantics(real):
        CLASSES.doubt = f"its module {_MODULE} does not have pydantic's {_NAME}"
        return
    make = partial(real, __module__=module.__name__)  # as it would find it by itself, in the frame that calls it

    def create_model(*args: Any, **kwargs: Any) -> Any:
        if _in_force.innermost is None or CLASSES.doubt:
            return make(*args, **kwargs)
        return CLASSES.made(make, args, kwargs)

    setattr(module, _NAME, create_model)
    patches.callback(_put_back, module, create_model, real)


def _is_pydantics(function: object) -> bool:
    """Whether this is pydantic's own function, and not what a user has put in its place."""
    return function is not None and function is vars(sys.modules.get("pydantic.main", sys)).get(_NAME)


def _put_back(module: Any, replacement: object, real: object) -> None:
    """Put the function back, unless another stands there by now."""
    if vars(module).get(_NAME) is replacement:
        setattr(module, _NAME, real)


_in_force: Final[InForce[bool]] = InForce(lambda: [once_imported(_MODULE, _patch)])
