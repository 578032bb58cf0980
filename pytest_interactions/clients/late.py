"""Patches of modules that may be imported later, or never: nothing is imported for their sake."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec


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


@contextmanager
def once_imported(name: str, patch: Callable[[Any, ExitStack], None]) -> Iterator[None]:
    """Patch a module inside the block, at once if it is imported already, else when it is."""
    with ExitStack() as patches:
        if name in sys.modules:
            patch(sys.modules[name], patches)
            yield
            return
        awaiting = _Awaiting(name, lambda module: patch(module, patches))
        sys.meta_path.insert(0, awaiting)
        try:
            yield
        finally:
            with suppress(ValueError):  # it was imported
                sys.meta_path.remove(awaiting)
