"""What is in force in each context: the first of its kind puts patches on, the last takes them off."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import RLock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar
from weakref import WeakSet

from pytest_interactions.clients.replacing import Replacements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Held(Generic[T]):
    """A thing that is in force in the context that asked for it, and what is in force there once it has ended."""

    thing: T | None
    outer: _Held[T] | None
    yields: bool
    is_open: bool = True

    def encloses(self, other: _Held[T]) -> bool:
        """Whether `other` was put in force inside the block of this one."""
        held = other.outer
        while held is not None and held is not self:
            held = held.outer
        return held is self


#: What is in force in this context, by its kind. A context that was copied keeps what is over by now.
_HERE: Final[ContextVar[Mapping[InForce[Any], _Held[Any]]]] = ContextVar("_HERE", default=MappingProxyType({}))


#: Who wants patches to stay on, and whose do.
_KEEPERS: Final[list[object]] = []
_STAYING: Final[WeakSet[InForce[Any]]] = WeakSet()


@contextmanager
def keeping_patches() -> Iterator[None]:
    """Leave patches on inside the block while nothing is in force, where they may stay: each does nothing then.

    It takes long to put them on. What begins next does so only if another tool has put itself before one meanwhile.
    """
    keeper = object()
    _KEEPERS.append(keeper)
    try:
        yield
    finally:
        _KEEPERS.remove(keeper)
        for each in list(_STAYING):
            each.take_off()


class InForce(Generic[T]):
    """The things of one kind that are in force, each in the context that put it there, in whatever order they end.

    Some code keeps what a patch put in place of a name: it imported the name meanwhile, or it is inside the function
    when the last thing ends. So each replacement asks `innermost` at each call, and does what the original does where
    that is `None`.

    Args:
        patches: Makes the patches, which are entered with the first thing and left with the last.
        unclear: Says what is in force for code outside of each of several contexts; it may raise.
        may_stay: Whether the patches may stay on while nothing is in force (see `keeping_patches`).
    """

    def __init__(
        self,
        patches: Callable[[], Iterable[AbstractContextManager[object]]],
        unclear: Callable[[Sequence[T]], T] = lambda things: things[-1],
        *,
        may_stay: bool = False,
    ) -> None:
        self._open: list[_Held[T]] = []
        self._make_patches = patches
        self._unclear = unclear
        self._patches: Replacements | None = None
        self._may_stay = may_stay
        self._lock = RLock()
        _STAYING.add(self)

    @property
    def innermost(self) -> T | None:
        """The thing in force for whoever asks: that of its context, else the one of this process; or `None`."""
        held = self._held()
        return self._inside(held) if held is None or held.yields else held.thing

    @property
    def is_bound(self) -> bool:
        """Whether a thing was put in force in the very context of whoever asks, or around it."""
        return self._held() is not None

    def _held(self) -> _Held[T] | None:
        held = _HERE.get().get(self)
        while held is not None and not held.is_open:
            held = held.outer
        return held

    def _inside(self, held: _Held[T] | None) -> T | None:
        """What is in force inside of `held`, for whoever is there; of nothing, for an old thread or event loop."""
        opened = [each for each in list(self._open) if held is None or held.encloses(each)]
        things: list[T] = [each.thing for each in opened if not any(map(each.encloses, opened))]  # type: ignore[misc]
        if len(things) > 1:
            return self._unclear(things)
        if things:
            return things[0]
        return held.thing if held else None

    def holds(self, thing: T, place: Place) -> bool:
        """Return whether `thing` is, or was, in force at a place, or around what is."""
        held = place.inside.get(self)
        while held is not None and held.thing is not thing:
            held = held.outer
        return held is not None

    @contextmanager
    def hold(self, thing: T | None, *, yields: bool = False) -> Iterator[None]:
        """Keep `thing` in force inside the block, and in the threads and tasks that are started there.

        Inside a block of `None` nothing is in force, whatever is in force outside.

        Args:
            thing: What is in force.
            yields: Whether a thread or task that is started in the block goes over to what begins in it later.
        """
        held = _Held(thing, self._held(), yields)
        if thing is not None:
            self._begin(held)
        self._set(held)
        try:
            yield
        finally:
            held.is_open = False
            self._set(self._held())  # in this context, which need not be the one that began
            if thing is not None:
                self._end(held)

    def _set(self, held: _Held[T] | None) -> None:
        _HERE.set({**_HERE.get(), self: held} if held else {k: v for k, v in _HERE.get().items() if k is not self})

    def _begin(self, held: _Held[T]) -> None:
        with self._lock:
            if not self._open:
                self._put_on()
            self._open.append(held)

    def _end(self, held: _Held[T]) -> None:
        with self._lock:
            self._open.remove(held)
        self.take_off()

    def _put_on(self) -> None:
        if self._patches is not None:  # they were kept
            if self._patches.are_in_place:
                return
            self._patches.close()
        self._patches = Replacements.entered(self._make_patches())

    def take_off(self) -> None:
        """Take the patches off, unless something is in force, or they are to stay."""
        with self._lock:
            if self._patches is not None and not (self._open or (self._may_stay and _KEEPERS)):
                self._patches.close()
                self._patches = None


class Place:
    """What is in force for code that runs step by step: kept from one step to the next, and from whoever runs them.

    Attributes:
        inside: What is in force in there, by its kind.
    """

    def __init__(self) -> None:
        self.inside = self._outside = _HERE.get()

    def __enter__(self) -> Self:
        self._outside = _HERE.get()
        _HERE.set(self.inside)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.inside = _HERE.get()
        _HERE.set(self._outside)

    def run(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call `call` with what is in force here, wherever it is called."""
        with self:
            return call(*args, **kwargs)
