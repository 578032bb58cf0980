"""google-genai replays faster with the option fast_sdk, and says and does the same with it as without."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import typing
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import pydantic
import pytest
from google.genai._gaos.types import interactions as kinds

from pytest_interactions.clients import sdk
from tests.cassette import clients
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from google import genai

    from pytest_interactions.server.emulator import Emulator
    from tests.support import Runner

serializers: Any = import_module("google.genai._gaos.utils.serializers")
url: Any = import_module("google.genai._gaos.utils.url")
queryparams: Any = import_module("google.genai._gaos.utils.queryparams")
TOOL = {"type": "function", "name": "time", "description": "Tell the time.", "parameters": {"type": "object"}}
ASK = {"model": "gemini-3.5-flash", "input": "Hello", "tools": [TOOL]}
ODD = object()


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    sdk.KEPT.forget()
    yield
    sdk.KEPT.forget()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each class that the SDK has pydantic make, in turn."""
    import pydantic.main

    names: list[str] = []
    real = pydantic.main.create_model

    def create_model(name: str, /, **kwargs: Any) -> Any:
        names.append(name)
        return real(name, **kwargs)

    monkeypatch.setattr(pydantic.main, "create_model", create_model)
    monkeypatch.setattr(serializers, "create_model", create_model)
    return names


def client(emulator: Emulator | None) -> genai.Client:
    """A client of the emulator, or one that needs no server."""
    return clients.sdk(emulator.url if emulator else "https://generativelanguage.googleapis.com")  # type: ignore[no-any-return]


def ask(emulator: Emulator | None = None) -> Any:
    """The answer to a first question, by a client of its own."""
    with client(emulator) as asked:
        return asked.interactions.create(**ASK).model_dump()  # type: ignore[call-overload]


def called(emulator: Emulator | None) -> list[Any]:
    """All that an app gets of some calls of each kind: what they return, dumped, and the errors that they raise."""
    with client(emulator) as asked:
        got = called_at_once(asked.interactions)
    return [*got, *asyncio.run(called_later(emulator))]


def called_at_once(api: Any) -> list[Any]:
    got: list[Any] = []
    for _ in range(3):
        answer = api.create(**ASK)
        got += [answer.model_dump(), answer.model_dump(mode="json", by_alias=True), repr(answer), type(answer)]
        got += [api.get(answer.id).model_dump(), api.delete(answer.id)]
        got += [event.model_dump() for event in api.create(**ASK, stream=True)]
        got += [failing(lambda: api.create(model="gemini-3.5-flash", input=None))]
        got += [failing(lambda: api.create(model=["odd"], input=ODD)), failing(lambda: api.get("v1_none"))]
    return got


async def called_later(emulator: Emulator | None) -> list[Any]:
    """The same of asynchronous calls, of which several wait at the same time."""
    async with client(emulator).aio as asked:
        api: Any = asked.interactions
        answers = await asyncio.gather(*(api.create(**{**ASK, "input": f"Hello {n}"}) for n in range(4)))
        streams = [await api.create(**ASK, stream=True) for _ in range(2)]
        events = [event.model_dump() for stream in streams async for event in stream]
    return [answer.model_dump() for answer in answers] + events


def failing(call: Callable[[], Any]) -> str:
    with pytest.raises(Exception, match=r".") as error:
        call()
    return f"{error.type}: {error.value}"


@pytest.fixture
def cassette(tmp_path: Path, emulator: Emulator) -> Path:
    """A recording of calls of each kind."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once", fast_sdk=False):
        called(emulator)
    return tmp_path / "c.yaml"


def test_an_app_gets_the_same_with_it_and_without(cassette: Path) -> None:
    with use_cassette(cassette, fast_sdk=False):
        slow = called(None)
    for _ in range(2):
        with use_cassette(cassette):
            assert called(None) == slow
    assert sdk.KEPT.doubt is None
    assert len(sdk.KEPT._made) > 3


def test_classes_are_made_at_the_first_call_and_for_proof_at_the_second_and_then_no_more(
    cassette: Path, made: list[str]
) -> None:
    counts = []
    for _ in range(4):  # each with a client and a cassette of its own
        with use_cassette(cassette, unplayed="ignore"):
            made.clear()
            ask()
            counts.append(list(made))
    three = ["Unmarshaller", "Marshaller", "Unmarshaller"]
    assert counts == [three, three, [], []]


def test_nothing_is_kept_where_no_replay_is_or_the_option_is_off(
    tmp_path: Path, emulator: Emulator, made: list[str]
) -> None:
    real = serializers.create_model

    def classes(emulator: Emulator | None = None) -> int:
        made.clear()
        ask(emulator)
        return len(made)

    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        assert [classes(emulator), classes(emulator), classes(emulator)] == [3, 3, 3]
    with use_cassette(tmp_path / "c.yaml", fast_sdk=False):
        assert serializers.create_model is real
        assert [classes(), classes(), classes()] == [3, 3, 3]
    with use_cassette(tmp_path / "c.yaml"):
        assert serializers.create_model is not real
        assert [classes(), classes(), classes()] == [3, 3, 0]
        with use_cassette(tmp_path / "d.yaml", record_mode="once"):
            assert classes(emulator) == 3
    assert serializers.create_model is real
    assert classes(emulator) == 3


def test_threads_share_them(cassette: Path, made: list[str]) -> None:
    with use_cassette(cassette, unplayed="ignore"):
        with ThreadPoolExecutor(3) as pool:
            first, *others = pool.map(lambda _: ask(), range(3))
        assert [each.keys() for each in others] == [first.keys()] * 2
    with use_cassette(cassette, unplayed="ignore"):
        ask()
        made.clear()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: ask(), range(2)))
    assert made == []
    assert sdk.KEPT.doubt is None


def test_an_sdk_that_is_imported_inside_is_made_faster_and_none_is_imported_for_it(cassette: Path) -> None:
    script = f"""
import sys
from pytest_interactions import use_cassette

with use_cassette({str(cassette)!r}, unplayed="ignore"):
    assert not [name for name in sys.modules if name.startswith("google.genai")]
    from google.genai._gaos.utils import serializers
    assert serializers.create_model.__module__ == "pytest_interactions.clients.sdk"
assert serializers.create_model.__module__ == "pydantic.main"
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)


# --- which classes are the same ---


@contextmanager
def in_force() -> Iterator[None]:
    with sdk.fast(is_on=True):
        yield


def read(kind: Any, value: Any) -> Any:
    return serializers.unmarshal(value, kind)


def test_equal_types_are_not_taken_for_each_other(made: list[str]) -> None:
    one: Any = int | float
    other: Any = float | int
    assert one == other
    with in_force():
        assert [str(read(kind, "1")) for _ in range(4) for kind in (one, other)] == ["1", "1.0"] * 4
    assert len(made) == 4


def test_a_class_that_was_rebuilt_is_another(made: list[str]) -> None:
    class Kind(pydantic.BaseModel):
        size: int

    several: Any = list[Kind] | None
    with in_force():
        assert [read(several, [{"size": "1"}])[0].size for _ in range(4)] == [1] * 4
        assert len(made) == 2
        Kind.model_fields["size"].annotation = str
        Kind.model_rebuild(force=True)
        assert [read(several, [{"size": "1"}])[0].size for _ in range(4)] == ["1"] * 4
    assert len(made) == 4


def test_a_class_that_waits_for_a_type_is_not_kept() -> None:
    class Outer(pydantic.BaseModel):
        inner: Later  # type: ignore[name-defined] # noqa: F821 - as an app may have it

    with in_force():
        for _ in range(2):
            with pytest.raises(pydantic.errors.PydanticUserError, match="not fully defined"):
                read(Outer, {"inner": 1})
        assert not sdk.KEPT._made
        Outer.model_rebuild(_types_namespace={"Later": int})
        assert [read(Outer, {"inner": 1}).inner for _ in range(3)] == [1, 1, 1]
    assert sdk.KEPT._made


def test_a_type_may_have_itself_in_it() -> None:
    nested: Any = SimpleNamespace()  # an alias, as `type nested = list[nested] | int` is one from Python 3.12 on
    nested.__value__ = list[nested] | int
    assert sdk._parts(nested) == [nested, list[nested], int]


def test_they_do_not_become_more_and_more() -> None:
    with in_force():
        for number in range(100):
            assert read(Annotated[int, number], "1") == 1
            assert len(sdk.KEPT._made) <= sdk._MOST
    sdk.KEPT.forget()
    assert not sdk.KEPT._made


def test_each_kind_of_class_reads_a_sample() -> None:
    """So a proof is more than that two classes refuse alike."""
    from google.genai._gaos import models

    kind: Any
    for kind in (models.CreateInteractionRequest, models.CreateInteractionRequestBody, kinds.Interaction):
        model = pydantic.create_model("M", body=(kind, ...))
        assert any(isinstance(said, dict) for said in sdk._said_by_class(model)[5:]), kind


# --- hints ---


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each class of whose types the SDK asks the hints, in turn."""
    names: list[str] = []
    real = typing.get_type_hints

    def get_type_hints(kind: Any, *args: Any, **kwargs: Any) -> Any:
        names.append(kind.__name__)
        return real(kind, *args, **kwargs)

    for module in (typing, url, queryparams):
        monkeypatch.setattr(module, "get_type_hints", get_type_hints)
    return names


def test_hints_are_asked_for_once_and_for_proof_once_more(cassette: Path, hinted: list[str]) -> None:
    counts = []
    for _ in range(3):
        with use_cassette(cassette, unplayed="ignore"):
            hinted.clear()
            ask()
            counts.append(list(hinted))
    assert counts == [["CreateInteractionRequest", "CreateInteractionGlobals"] * 2, [], []]


def test_each_who_asks_for_hints_has_its_own() -> None:
    class Kind:
        size: int

    with in_force():
        for _ in range(4):
            hints = url.get_type_hints(Kind)
            assert hints == {"size": int}
            hints.clear()


def test_hints_that_can_not_be_told_are_an_error_each_time_and_not_kept() -> None:
    class Kind:
        size: Later  # type: ignore[name-defined] # noqa: F821

    with in_force():
        for _ in range(3):
            with pytest.raises(NameError, match="Later"):
                url.get_type_hints(Kind)
    assert not sdk.KEPT._made


def test_another_way_of_asking_for_hints_is_answered_by_typing() -> None:
    class Kind:
        size: Annotated[int, "of it"]

    with in_force():
        assert url.get_type_hints(Kind) == {"size": int}
        assert url.get_type_hints(Kind, include_extras=True) == {"size": Annotated[int, "of it"]}
    assert str(sdk.note()).endswith("it calls get_type_hints in another way than is known here")


# --- what is not as it is known ---


def module(**names: Any) -> ModuleType:
    """Stand in for the SDK's module of a version that is not known."""
    made = ModuleType("google.genai._gaos.utils.serializers")
    made.__spec__ = serializers.__spec__
    vars(made).update(names)
    return made


@pytest.mark.parametrize("names", [{}, {"create_model": lambda *_, **__: "mine"}])
def test_an_sdk_without_pydantics_function_is_left_alone(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = module(**names)
    monkeypatch.setitem(sys.modules, other.__name__, other)
    with in_force():
        assert vars(other).get("create_model") is names.get("create_model")
    assert re.fullmatch(
        r"fast_sdk does nothing for google-genai [0-9.]+, which runs as it is: its module .*serializers does not have "
        "create_model of pydantic.main",
        str(sdk.note()),
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"body": (int, 1)},
        {"body": (int, ...), "__base__": pydantic.BaseModel},
        {"body": (int, ...), "more": (int, ...)},
        {"body": int},
    ],
)
def test_another_way_of_asking_is_answered_by_pydantic(asked: dict[str, Any], made: list[str]) -> None:
    with in_force():
        kinds = [serializers.create_model("Unmarshaller", **asked) for _ in range(3)]
    assert len(made) == 3
    assert len(set(kinds)) == 3
    assert {kind.__module__ for kind in kinds} == {serializers.__name__}
    assert str(sdk.note()).endswith("it calls create_model in another way than is known here")


def test_a_class_that_changes_when_it_is_used_is_not_given_again(made: list[str]) -> None:
    with in_force():
        read(int, 1)
        [kept] = sdk.KEPT._made.values()
        kept.thing.model_config["title"] = "changed"
        assert [read(int, 2), read(int, 3), read(int, 4)] == [2, 3, 4]
    assert len(made) == 4
    assert str(sdk.note()).endswith("what is kept of <class 'int'> differs from what is made anew")


def test_a_patch_of_the_users_stays_and_theirs_is_called() -> None:
    calls = []
    real = serializers.create_model

    def theirs(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return real(*args, **kwargs)

    with in_force():
        serializers.create_model = theirs
        assert read(int, "1") == 1
    try:
        assert serializers.create_model is theirs
        assert read(int, "1") == 1
        assert len(calls) == 2
    finally:
        serializers.create_model = real


def test_a_replacement_that_somebody_puts_back_does_what_pydantic_does(made: list[str]) -> None:
    real = serializers.create_model
    with in_force():
        replacement = serializers.create_model
    serializers.create_model = replacement
    try:
        assert [read(int, 1), read(int, 1), read(int, 1), len(made)] == [1, 1, 1, 3]
        with in_force():
            assert [read(int, 1), read(int, 1), read(int, 1), len(made)] == [1, 1, 1, 5]
    finally:
        serializers.create_model = real
    assert sdk.KEPT.doubt is None


def test_what_others_have_pydantic_make_is_never_kept() -> None:
    with in_force():
        config = pydantic.ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)
        kinds = [pydantic.create_model("Unmarshaller", body=(int, ...), __config__=config) for _ in range(3)]
    assert len(set(kinds)) == 3
    assert {kind.__module__ for kind in kinds} == {__name__}
    assert not sdk.KEPT._made


# --- in a run ---


def test_with_v_a_run_says_if_the_sdk_is_not_known(run: Runner) -> None:
    run.test("""
from google.genai._gaos.utils import serializers

@pytest.mark.parametrize("number", [1, 2])
def test_it(interactions, number):
    ask()
    serializers.create_model("Odd")
""")
    run.record().assert_outcomes(passed=2)
    told = "fast_sdk does nothing for google-genai *, which runs as it is: it calls *"
    for args, says in ((["-v"], True), ([], False), (["-v", "--interactions-fast-sdk=false"], False)):
        result = run.replay(*args)
        result.assert_outcomes(passed=2)
        lines = result.stdout
        lines.fnmatch_lines(told) if says else lines.no_fnmatch_line(told)


def test_a_run_of_tests_shares_them_and_keeps_none_at_its_end(run: Runner, made: list[str]) -> None:
    run.test("""
from google import genai

@pytest.mark.parametrize("number", range(5))
def test_it(interactions, number):
    with genai.Client() as client:
        client.interactions.create(model="gemini-3.5-flash", input="Hello")
""")
    run.record().assert_outcomes(passed=5)
    assert len(made) == 15
    made.clear()
    run.replay().assert_outcomes(passed=5)
    assert len(made) == 6
    assert not sdk.KEPT._made
