"""Functions that modules, classes and defaults have bound before a replay began, as `from time import sleep` does."""

from __future__ import annotations

import operator
import sys
from contextlib import AbstractContextManager
from functools import partial
from threading import RLock
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from pytest_interactions.clients.replacing import Replaced, Replacements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: Who binds one for its own use.
_LEFT_ALONE: Final = {*sys.stdlib_module_names, "_pytest", "pytest_interactions"}


class BoundNames(AbstractContextManager[None]):
    """Functions replaced wherever a module binds them: as its global, in its classes, and as a default argument.

    What is found stays known, so that each module is looked through once. Those of Python and pytest are left alone.
    """

    def __init__(self, replacements: Mapping[Any, Callable[..., Any]]) -> None:
        """Take the functions, each with what is put in its place."""
        self._functions = list(replacements)  # kept, so that nothing else gets the identity of one
        self._replacements = {id(each): replacement for each, replacement in replacements.items()}
        self._lock = RLock()
        self._seen: WeakSet[ModuleType] = WeakSet()
        self._found: list[AbstractContextManager[None]] = []
        self._in_place = Replacements()

    @property
    def is_in_place(self) -> bool:
        """Return whether nobody has put anything else in any of the places."""
        return self._in_place.are_in_place

    def __enter__(self) -> None:
        self._in_place = Replacements.entered(self._found)

    def __exit__(self, *_: object) -> None:
        self._in_place.close()

    def look(self) -> None:
        """Look through the modules that were imported since the last time."""
        with self._lock:
            for module in self._new():
                for place in list(self._places(module)):
                    self._in_place.enter_context(place)
                    self._found.append(place)

    def _new(self) -> list[ModuleType]:
        """Return the modules that come after all that are known: the newest are last."""
        new = []
        for module in reversed(list(sys.modules.values())):
            if type(module) is ModuleType:
                if module in self._seen:
                    break
                new.append(module)
        self._seen.update(new)
        return [each for each in new if each.__name__.partition(".")[0] not in _LEFT_ALONE]

    def _places(self, module: ModuleType) -> Iterator[AbstractContextManager[None]]:
        for holder in (module, *_classes(module)):
            for name, value in list(vars(holder).items()):
                if id(value) in self._replacements:
                    yield Replaced(holder, name, partial(_instead, self._replacements[id(value)]))
                elif type(value) is FunctionType and not self._replacements.keys().isdisjoint(
                    map(id, _defaults(value))
                ):
                    yield _Defaults(value, self._replacements)


def _classes(module: ModuleType) -> Iterator[type]:
    """Yield the classes of a module; an object that says that it is one may import much to say so."""
    for each in list(vars(module).values()):
        if issubclass(type(each), type) and vars(each).get("__module__") == module.__name__:
            yield each


def _defaults(function: FunctionType) -> Iterable[Any]:
    return (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())


def _instead(replacement: Any, _original: object) -> Any:
    return replacement


class _Defaults(AbstractContextManager[None]):
    """The default arguments of a function, of which some are replaced inside the block."""

    def __init__(self, function: FunctionType, replacements: Mapping[int, Any]) -> None:
        self._function, self._replacements = function, replacements
        self._originals = self._present
        by_place, by_name = self._originals
        self._replaced = (
            by_place and tuple(map(self._instead, by_place)),
            by_name and {name: self._instead(value) for name, value in by_name.items()},
        )

    @property
    def _present(self) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
        return self._function.__defaults__, self._function.__kwdefaults__

    def _instead(self, value: Any) -> Any:
        return self._replacements.get(id(value), value)

    @property
    def is_in_place(self) -> bool:
        """Return whether nobody has put others in their place."""
        return _are_same(self._present, self._replaced)

    def __enter__(self) -> None:
        if _are_same(self._present, self._originals):
            self._function.__defaults__, self._function.__kwdefaults__ = self._replaced

    def __exit__(self, *_: object) -> None:
        if self.is_in_place:
            self._function.__defaults__, self._function.__kwdefaults__ = self._originals


def _are_same(some: Any, others: Any) -> bool:
    """Return whether these are the same defaults, without asking values of others whether they are equal."""
    return all(map(operator.is_, some, others))
