"""`use_cassette` as a decorator: it holds while the function runs, whatever kind of function it is."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import UnplayedError, use_cassette
from pytest_interactions.clients import decorating
from pytest_interactions.files import storage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def ask(emulator: Emulator) -> Callable[[str], Any]:
    url = f"{emulator.url}/v1beta/interactions?key=any"
    return lambda text: httpx.post(url, json={"model": "gemini-3.5-flash", "input": text}).json()["status"]


def asked(path: Path) -> list[str]:
    return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]


@pytest.mark.parametrize("kind", ["function", "coroutine", "generator", "async_generator", "partial", "object"])
def test_it_holds_while_the_function_runs(
    kind: str, ask: Callable[[str], Any], tmp_path: Path, emulator: Emulator
) -> None:
    """The first run records, the second one replays without a server."""

    def function() -> list[str]:
        return [ask("a"), ask("b")]

    async def coroutine() -> list[str]:
        first = ask("a")
        await asyncio.sleep(0)
        return [first, ask("b")]

    def generator() -> Iterator[str]:
        yield ask("a")
        yield ask("b")

    async def async_generator() -> AsyncIterator[str]:
        yield ask("a")
        await asyncio.sleep(0)
        yield ask("b")

    class Object:
        async def __call__(self) -> list[str]:
            return await coroutine()

    async def listed(found: AsyncIterator[str]) -> list[str]:
        return [each async for each in found]

    functions: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "function": (function, list),
        "coroutine": (coroutine, asyncio.run),
        "generator": (generator, list),
        "async_generator": (async_generator, lambda found: asyncio.run(listed(found))),
        "partial": (partial(coroutine), asyncio.run),
        "object": (Object(), asyncio.run),
    }
    decorated, run = functions[kind]
    for mode in ("once", "none"):
        assert run(use_cassette(tmp_path / "c.yaml", record_mode=mode)(decorated)()) == ["completed"] * 2
        emulator.stop()
    assert asked(tmp_path / "c.yaml") == ["a", "b"]


def test_each_call_opens_the_cassette_anew(ask: Callable[[str], Any], tmp_path: Path) -> None:
    decorated = use_cassette(tmp_path / "c.yaml", record_mode="once")(ask)
    assert [decorated("a"), decorated("a")] == ["completed"] * 2
    assert asked(tmp_path / "c.yaml") == ["a"]


def test_generators_that_take_turns_have_each_its_own(ask: Callable[[str], Any], tmp_path: Path) -> None:
    """Nor is one's cassette around whoever takes its values, if that has its own."""

    def talk(name: str) -> Callable[[], Iterator[str]]:
        @use_cassette(tmp_path / f"{name}.yaml", record_mode="once")
        def generator() -> Iterator[str]:
            for number in range(2):
                yield ask(f"{name}{number}")

        return generator

    with use_cassette(tmp_path / "taker.yaml", record_mode="once"):
        for _ in zip(talk("a")(), talk("b")(), strict=True):
            ask("between")
    assert asked(tmp_path / "a.yaml") == ["a0", "a1"]
    assert asked(tmp_path / "b.yaml") == ["b0", "b1"]
    assert asked(tmp_path / "taker.yaml") == ["between"] * 2


@contextmanager
def _noted(log: list[str]) -> Iterator[None]:
    log.append("open")
    try:
        yield
    except BaseException as error:
        log.append(type(error).__name__)
        raise
    finally:
        log.append("closed")


def test_a_generator_is_sent_and_thrown_what_it_was() -> None:
    log: list[str] = []

    def generator() -> Generator[Any, Any, str]:
        sent = yield "first"
        try:
            yield sent
        except ValueError as error:
            yield str(error)
        return "end"

    steps = decorating.held(lambda: _noted(log), generator)()
    assert log == []
    assert [next(steps), steps.send("sent"), steps.throw(ValueError("thrown"))] == ["first", "sent", "thrown"]
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == "end"
    left = decorating.held(lambda: _noted(log), generator)()
    next(left)
    left.close()
    assert log == ["open", "closed", "open", "GeneratorExit", "closed"]


async def test_an_async_generator_is_sent_and_thrown_what_it_was() -> None:
    log: list[str] = []

    async def generator() -> AsyncGenerator[Any, Any]:
        try:
            sent = yield "first"
            try:
                yield sent
            except ValueError as error:
                yield str(error)
        finally:
            log.append("finally")

    steps = decorating.held(lambda: _noted(log), generator)()
    found = [await anext(steps), await steps.asend("sent"), await steps.athrow(ValueError("thrown"))]
    assert found == ["first", "sent", "thrown"]
    assert [each async for each in steps] == []
    left = decorating.held(lambda: _noted(log), generator)()
    await anext(left)
    await left.aclose()
    broken = decorating.held(lambda: _noted(log), generator)()
    await anext(broken)
    with pytest.raises(KeyError):
        await broken.athrow(KeyError)
    ends = ["finally", "closed"], ["finally", "GeneratorExit", "closed"], ["finally", "KeyError", "closed"]
    assert log == [each for end in ends for each in ["open", *end]]


def test_what_a_function_leaves_to_run_later_is_refused(ask: Callable[[str], Any], tmp_path: Path) -> None:
    """A generator that a plain function returns would ask when the cassette is closed, unseen."""
    later: Callable[[], Any] = lambda: (ask(text) for text in "ab")  # noqa: E731
    decorated = use_cassette(tmp_path / "c.yaml", record_mode="once")(later)
    with pytest.raises(TypeError, match=r"returned <generator .* put it into a `with use_cassette"):
        decorated()


def test_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Tests is a class: decorate its methods"):

        @use_cassette(tmp_path / "c.yaml")
        class Tests:
            pass


def test_what_a_cassette_finds_at_its_end_is_raised_by_the_call(ask: Callable[[str], Any], tmp_path: Path) -> None:
    use_cassette(tmp_path / "c.yaml", record_mode="once")(ask)("a")

    @use_cassette(tmp_path / "c.yaml")
    async def idle() -> None:
        pass

    with pytest.raises(UnplayedError):
        asyncio.run(idle())


def test_one_may_be_entered_again_and_inside_itself(ask: Callable[[str], Any], tmp_path: Path) -> None:
    block = use_cassette(tmp_path / "c.yaml", record_mode="once", unplayed="ignore")
    for _ in range(2):
        with block:
            ask("a")
    with block as outer, block as inner:
        assert outer is not inner
        ask("a")
    assert asked(tmp_path / "c.yaml") == ["a"]
