"""Names of classes and modules that stand for something else inside a block, be the module imported or not."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, ExitStack, suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec
    from types import ModuleType

#: What each replacement stands for. Another tool may put one back that had been in place when that tool came.
_ORIGINALS: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()
#: The replacements that had another tool's before them when their block ended.
_COVERED: Final[list[Replaced]] = []
#: The modules in which something was replaced, by their names: an app may hold one that `sys.modules` has no more.
_SEEN: Final[dict[str, WeakSet[ModuleType]]] = {}


def put_back() -> None:
    """Put originals back where another tool has put back a replacement that does nothing any more."""
    for each in list(_COVERED):
        if each.is_in_place:
            _COVERED.remove(each)
            each.put_back()


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
        self._original = original(getattr(self.holder, self.name))
        self._is_inherited = self.name not in vars(self.holder)
        self._replacement = self._make(self._original)
        _ORIGINALS[self._replacement] = self._original
        setattr(self.holder, self.name, self._replacement)

    def __exit__(self, *_: object) -> None:
        if self.is_in_place:
            self.put_back()
        else:
            _COVERED.append(self)

    def put_back(self) -> None:
        """Have the name stand for the original."""
        if self._is_inherited:
            delattr(self.holder, self.name)
        else:
            setattr(self.holder, self.name, self._original)


def original(found: Any) -> Any:
    """Return what stands behind replacements that another tool has put back."""
    try:
        while found in _ORIGINALS:
            found = _ORIGINALS[found]
    except TypeError:  # a stand-in that has no hash
        pass
    return found


class OnceImported(AbstractContextManager[None]):
    """Replacements in a module, put there at once if it is imported already, else whenever it is, inside the block.

    Nothing is imported for their sake. A module that was imported before, and was forgotten since, has them too.
    """

    def __init__(
        self, name: str, replace: Callable[[Any, Replacements], None], *, classes: tuple[str, ...] = ()
    ) -> None:
        """Name the module.

        Args:
            name: Its name.
            replace: Enters the replacements into what it is given beside the module.
            classes: The names of its classes of which something is replaced: tests put others in their places.
        """
        self._name, self._replace, self._classes = name, replace, classes
        self._replacements = Replacements()
        self._found: dict[int, list[Any]] = {}  # the modules, and their classes, by identity
        self._awaiting = _Awaiting(name, self._take)

    @property
    def is_in_place(self) -> bool:
        """Return whether the module that is imported, if it is, has all of them."""
        module = sys.modules.get(self._name)
        is_found = not _is_whole(module) or self._found.get(id(module)) == self._parts(module)
        return is_found and self._replacements.are_in_place

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self._awaiting)
        try:
            self._take_those_there()
        except BaseException:
            self.__exit__()
            raise

    def _take_those_there(self) -> None:
        if _is_real(sys.modules.get(self._name)):
            with suppress(Exception):  # who imports it hears of what it raises
                import_module(self._name)  # another thread may be at it
        for module in [*_SEEN.get(self._name, ()), sys.modules.get(self._name)]:
            if _is_whole(module):
                self._take(module)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self._awaiting)
        self._replacements.close()
        self._found.clear()

    def _take(self, module: Any) -> None:
        if id(module) not in self._found:
            self._found[id(module)] = self._parts(module)
            _SEEN.setdefault(self._name, WeakSet()).add(module)
            self._replace(module, self._replacements)

    def _parts(self, module: Any) -> list[Any]:
        return [getattr(module, name, None) for name in self._classes]


def _is_real(module: Any) -> bool:
    """Return whether it is a module that was imported, and no stand-in of a test, such as `None` for one to miss."""
    return getattr(module, "__spec__", None) is not None


def _is_whole(module: Any) -> bool:
    """Return whether it was imported to its end."""
    return _is_real(module) and not getattr(module.__spec__, "_initializing", False)


class _Awaiting(MetaPathFinder):
    """Calls back whenever a module is imported."""

    def __init__(self, name: str, call: Callable[[Any], None]) -> None:
        self._name, self._call = name, call
        self._is_asking = False

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find the module as others do, and have its loader call back."""
        if fullname != self._name or self._is_asking:
            return None
        self._is_asking = True  # one of the same kind may wait for it as well; Python imports it once at a time
        try:
            found = (finder.find_spec(fullname, path, target) for finder in list(sys.meta_path))
            spec = next((each for each in found if each is not None), None)
        finally:
            self._is_asking = False
        loader: Any = spec and spec.loader
        if loader is not None:
            self._have_call_back(loader)
        return spec

    def _have_call_back(self, loader: Any) -> None:
        real = loader.exec_module

        def exec_module(module: Any) -> None:
            loader.exec_module = real
            real(module)
            self._call(module)

        loader.exec_module = exec_module
