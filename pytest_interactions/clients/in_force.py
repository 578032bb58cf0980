"""What is in force in this process: the first of its kind puts patches on, the last takes them off."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

T = TypeVar("T")


class InForce(Generic[T]):
    """The things of one kind that are in force, in whatever order they end.

    Some code keeps what a patch put in place of a name: it imported the name meanwhile, or it is inside the function
    when the last thing ends. So each replacement asks `innermost` at each call, and does what the original does where
    that is `None`.

    Args:
        patches: Makes the patches, which are entered with the first thing and left with the last.
    """

    def __init__(self, patches: Callable[[], Iterable[AbstractContextManager[object]]]) -> None:
        #: The thing that came into force last; `None` where there is none. Any thread may read it.
        self.innermost: T | None = None
        self._things: list[T] = []
        self._make_patches = patches
        self._patches = ExitStack()
        self._lock = RLock()

    @contextmanager
    def hold(self, thing: T) -> Iterator[None]:
        """Keep `thing` in force inside the block."""
        with self._lock:
            if not self._things:
                self._put_on()
            self._things.append(thing)
            self.innermost = thing
        try:
            yield
        finally:
            with self._lock:
                self._things.remove(thing)
                self.innermost = self._things[-1] if self._things else None
                if not self._things:
                    self._patches.close()

    def _put_on(self) -> None:
        with ExitStack() as patches:
            for patch in self._make_patches():
                patches.enter_context(patch)
            self._patches = patches.pop_all()
