"""A function that runs inside a context of its own at each call, be it a coroutine's, a generator's, or plain."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from contextlib import ExitStack
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pytest_interactions.clients.in_force import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    _Opens = Callable[[], AbstractContextManager[object]]
    _Calls = Callable[..., Any]
    _Generator = Generator[Any, Any, Any]

_Function = TypeVar("_Function", bound="_Calls")


def held(opens: _Opens, function: _Function) -> _Function:
    """Wrap `function` so that what `opens` makes is around it while it runs, made anew for each call.

    It isn't around whoever takes the values of a generator, between its steps.

    Raises:
        TypeError: It is a class, whose methods are what runs.
    """
    if inspect.isclass(function):
        raise TypeError(f"{function.__name__} is a class: decorate its methods, which are what sends requests.")
    called = function if inspect.isroutine(inspect.unwrap(function)) else getattr(function, "__call__", function)  # noqa: B004 - its code is asked for
    for is_kind, wrapping in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.isgeneratorfunction, _generator),
        (inspect.iscoroutinefunction, _coroutine),
    ):
        if is_kind(function) or is_kind(called):
            return cast("_Function", wrapping(opens, function))
    return cast("_Function", _plain(opens, function))


def _plain(opens: _Opens, function: _Calls) -> _Calls:
    @wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        with opens():
            result = function(*args, **kwargs)
            if inspect.iscoroutine(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
                raise TypeError(
                    f"{function!r} returned {result!r}, which has not run yet, and would run outside of the cassette: "
                    "put it into a `with use_cassette(...)` block, or decorate the function that runs it."
                )
            return result

    return call


def _coroutine(opens: _Opens, function: _Calls) -> _Calls:
    @wraps(function, updated=())
    async def call(*args: Any, **kwargs: Any) -> Any:
        with opens():
            return await function(*args, **kwargs)

    return call


def _generator(opens: _Opens, function: _Calls) -> _Calls:
    def inside(*args: Any, **kwargs: Any) -> _Generator:
        with opens():
            return (yield from function(*args, **kwargs))

    @wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> _Generator:
        return (yield from _Steps(inside(*args, **kwargs)))

    return call


class _Steps(Generator[Any, Any, Any]):
    """A generator each of whose steps runs in the generator's own place."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self._place = Place()

    def send(self, value: Any) -> Any:
        with self._place:
            return self._generator.send(value)

    def throw(self, *error: Any) -> Any:
        with self._place:
            return self._generator.throw(*error)


def _async_generator(opens: _Opens, function: _Calls) -> _Calls:
    @wraps(function, updated=())
    async def call(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        place, context, generator = Place(), opens(), function(*args, **kwargs)
        with ExitStack() as stack:
            place.run(context.__enter__)
            stack.push(partial(place.run, context.__exit__))
            step = generator.__anext__
            while True:  # what `yield from` is to a plain generator
                try:
                    with place:
                        value = await step()
                except StopAsyncIteration:
                    return
                try:
                    step = partial(generator.asend, (yield value))
                except GeneratorExit:
                    with place:
                        await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - whoever takes the values throws it in
                    step = partial(generator.athrow, error)

    return call
