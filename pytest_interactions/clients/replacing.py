"""Names of classes and modules that stand for something else inside a block, be the module imported or not."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, ExitStack, suppress
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec

#: What each replacement stands for. Another tool may put one back that had been in place when that tool came.
_ORIGINALS: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()


class Replacements(ExitStack):
    """The replacements that hold together, until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Any] = []

    @classmethod
    def entered(cls, replacements: Iterable[AbstractContextManager[Any]]) -> Self:
        """Put all of them in their places, or none if one can't be put there."""
        entered = cls()
        try:
            for each in replacements:
                entered.enter_context(each)
        except BaseException:
            entered.close()
            raise
        return entered

    def enter_context(self, replacement: AbstractContextManager[Any]) -> Any:
        """Put a replacement in its place, or enter any other context."""
        entered = super().enter_context(replacement)
        self._all.append(replacement)
        return entered

    @property
    def are_in_place(self) -> bool:
        """Return whether nobody has put anything before or in the place of one of them."""
        return all(getattr(each, "is_in_place", True) for each in self._all)


class Replaced(AbstractContextManager[None]):
    """The name `name` of a class or module, which stands inside the block for what `make` makes of the original.

    If another tool has put something before the replacement meanwhile, that stays when the block ends.
    """

    def __init__(self, holder: Any, name: str, make: Callable[[Any], Any]) -> None:
        self.holder, self.name = holder, name
        self._make = make
        self._replacement: Any = None

    @property
    def is_in_place(self) -> bool:
        """Return whether the name stands for the replacement."""
        return vars(self.holder).get(self.name) is self._replacement

    def __enter__(self) -> None:
        original = getattr(self.holder, self.name)
        while original in _ORIGINALS:
            original = _ORIGINALS[original]
        self._original = original
        self._is_inherited = self.name not in vars(self.holder)
        self._replacement = self._make(original)
        _ORIGINALS[self._replacement] = original
        setattr(self.holder, self.name, self._replacement)

    def __exit__(self, *_: object) -> None:
        if not self.is_in_place:
            return
        if self._is_inherited:
            delattr(self.holder, self.name)
        else:
            setattr(self.holder, self.name, self._original)


class OnceImported(AbstractContextManager[None]):
    """Replacements in a module, put there at once if it is imported already, else when it is, inside the block.

    Nothing is imported for their sake. `replace` enters them into what it is given beside the module.
    """

    def __init__(self, name: str, replace: Callable[[Any, Replacements], None]) -> None:
        self._name, self._replace = name, replace
        self._module: Any = None
        self._replacements = Replacements()
        self._awaiting = _Awaiting(name, self._found)

    @property
    def is_in_place(self) -> bool:
        """Return whether the module that is imported, if it is, has all of them."""
        return sys.modules.get(self._name) is self._module and self._replacements.are_in_place

    def __enter__(self) -> None:
        if self._name in sys.modules:
            self._found(sys.modules[self._name])
        else:
            sys.meta_path.insert(0, self._awaiting)

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):  # it was imported
            sys.meta_path.remove(self._awaiting)
        self._replacements.close()

    def _found(self, module: Any) -> None:
        self._module = module
        self._replace(module, self._replacements)


class _Awaiting(MetaPathFinder):
    """Calls back when a module is imported for the first time."""

    def __init__(self, name: str, call: Callable[[Any], None]) -> None:
        self._name, self._call = name, call

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 - the interpreter's
        """Find the module as others do, and have its loader call back."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        loader: Any = spec and spec.loader
        if loader is not None:

            def exec_module(module: Any) -> None:
                del loader.exec_module  # which is its class's then
                loader.exec_module(module)
                self._call(module)

            loader.exec_module = exec_module
        return spec
