"""Names that stand for something else: put back as they were, left to other tools, and kept from test to test."""

from __future__ import annotations

import builtins
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from pytest_interactions.clients.in_force import InForce, keeping_patches
from pytest_interactions.clients.replacing import OnceImported, Replaced, put_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path


class _Base:
    def say(self) -> str:
        return "base"


class _Inherits(_Base):
    pass


def _louder(real: Callable[..., str]) -> Callable[..., str]:
    return lambda *args: real(*args) + "!"


def _wider(real: Callable[..., str]) -> Callable[..., str]:
    return lambda *args: " ".join(real(*args))


def test_a_name_is_put_back_where_it_was_and_taken_away_where_it_was_inherited() -> None:
    own = _Base.say
    with Replaced(_Base, "say", _louder), Replaced(_Inherits, "say", _louder):
        assert _Base().say() == "base!"
        assert _Inherits().say() == "base!"
    assert vars(_Base)["say"] is own
    assert "say" not in vars(_Inherits)


def test_what_another_tool_has_put_before_a_replacement_stays() -> None:
    holder = SimpleNamespace(say=lambda: "a")
    original = holder.say
    replaced = Replaced(holder, "say", _louder)
    with replaced:
        ours = holder.say
        theirs = holder.say = _wider(ours)
        assert not replaced.is_in_place
    assert holder.say is theirs
    holder.say = ours  # as the other tool found it, and puts it back
    with Replaced(holder, "say", _louder):
        assert holder.say() == "a!"
    assert holder.say is original


def test_patches_stay_on_while_somebody_keeps_them_and_are_put_on_anew_only_if_somebody_is_before_one() -> None:
    holder = SimpleNamespace(say=lambda: "a")
    original = holder.say
    made: list[str] = []

    def patches() -> list[Any]:
        made.append("once more")
        return [Replaced(holder, "say", _louder)]

    staying: InForce[str] = InForce(patches, may_stay=True)
    leaving: InForce[str] = InForce(lambda: [Replaced(holder, "other", _louder)])
    holder.other = other = original
    with keeping_patches(), keeping_patches():
        for _ in range(3):
            with staying.hold("one"), leaving.hold("two"):
                assert holder.say() == "a!"
            assert holder.say() == "a!"
            assert holder.other is other
        assert len(made) == 1
        holder.say = _wider(holder.say)
        with staying.hold("one"):
            assert holder.say() == "a !!"
        assert len(made) == 2
    assert holder.say() == "a !"
    with staying.hold("one"):
        pass
    assert len(made) == 3


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that only this test has."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return f"client_of_{tmp_path.name}"


def _replaced(name: str, what: str = "say") -> OnceImported:
    return OnceImported(name, lambda module, to: to.enter_context(Replaced(module, what, _louder)))


def _write(tmp_path: Path, name: str, text: str = "def say(): return 'a'\n") -> None:
    (tmp_path / f"{name}.py").write_text(text)


def test_a_module_that_is_imported_anew_is_replaced_beside_the_one_that_an_app_still_holds(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fixture may forget modules, and so does a run of pytest inside of a test."""
    _write(tmp_path, name)
    replaced = _replaced(name)
    with replaced:
        first = import_module(name)
        monkeypatch.delitem(sys.modules, name)
        second = import_module(name)
        assert (first.say(), second.say()) == ("a!", "a!")
        states = [replaced.is_in_place]
    assert (first.say(), second.say()) == ("a", "a")
    monkeypatch.delitem(sys.modules, name)
    with replaced:
        assert (first.say(), second.say()) == ("a!", "a!")
    third = import_module(name)
    assert [*states, replaced.is_in_place] == [True, False]
    with replaced:
        assert (first.say(), second.say(), third.say()) == ("a!", "a!", "a!")


def test_a_module_whose_import_fails_at_first_is_replaced_when_it_succeeds(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, name, "import os\nos.environ['SOME_CLIENT']\ndef say(): return 'a'\n")
    with _replaced(name):
        with pytest.raises(KeyError):
            import_module(name)
        monkeypatch.setenv("SOME_CLIENT", "1")
        assert import_module(name).say() == "a!"


def test_two_wait_for_the_same_module(tmp_path: Path, name: str) -> None:
    _write(tmp_path, name, "def say(): return 'a'\ndef tell(): return 'b'\n")
    with _replaced(name), _replaced(name, "tell"), _replaced(f"{name}.not_there"):
        module = import_module(name)
        assert (module.say(), module.tell()) == ("a!", "b!")
        with pytest.raises(ImportError):
            import_module(f"{name}.not_there")


def test_a_module_that_lacks_what_is_replaced_is_an_error_that_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    _write(tmp_path, name)
    import_module(name)
    before = list(sys.meta_path)
    with pytest.raises(AttributeError, match="tell"), _replaced(name, "tell"):
        ...
    assert sys.meta_path == before


@pytest.mark.parametrize("stand_in", [None, ModuleType("client"), MagicMock()], ids=["none", "empty", "mock"])
def test_what_stands_in_for_a_module_is_left_alone(
    stand_in: Any, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`None` has an import fail, as if the library were not installed."""
    _write(tmp_path, name)
    monkeypatch.setitem(sys.modules, name, stand_in)
    replaced = _replaced(name)
    with replaced:
        assert replaced.is_in_place


@pytest.fixture
def half_imported(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Future[ModuleType]]:
    """Begin to import a module in another thread, which ends with `text` a little later."""

    def begin(text: str) -> Future[ModuleType]:
        half, go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(builtins, "half", half, raising=False)
        monkeypatch.setattr(builtins, "go_on", go_on, raising=False)
        _write(tmp_path, name, f"import builtins\nbuiltins.half.set()\nbuiltins.go_on.wait(5)\n{text}\n")
        threads = ThreadPoolExecutor()
        importing = threads.submit(import_module, name)
        threads.shutdown(wait=False)
        assert half.wait(5)
        threading.Timer(0.05, go_on.set).start()
        return importing

    return begin


def test_a_module_that_another_thread_imports_is_waited_for(
    name: str, half_imported: Callable[[str], Future[ModuleType]]
) -> None:
    importing = half_imported("def say(): return 'a'")
    with _replaced(name):
        assert sys.modules[name].say() == "a!"
    assert importing.result() is sys.modules[name]


def test_a_module_that_another_thread_fails_to_import_is_none(
    name: str, half_imported: Callable[[str], Future[ModuleType]]
) -> None:
    importing = half_imported("raise ValueError('no')")
    with _replaced(name):
        assert name not in sys.modules
    with pytest.raises(ValueError, match="no"):
        importing.result()


def test_a_module_that_is_being_imported_here_is_replaced_the_next_time(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no more than a part of its names where a module that it imports opens a cassette."""
    replaced = _replaced(name)
    states = []

    def in_the_middle() -> None:
        with replaced:
            states.append(replaced.is_in_place)

    monkeypatch.setattr(builtins, "in_the_middle", in_the_middle, raising=False)
    _write(tmp_path, name, "import builtins\nbuiltins.in_the_middle()\ndef say(): return 'a'\n")
    module = import_module(name)
    assert [*states, replaced.is_in_place] == [True, False]
    with replaced:
        assert module.say() == "a!"


def test_classes_that_were_exchanged_are_replaced_anew(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, name, "class Client:\n    def say(self): return 'a'\n")
    replaced = OnceImported(
        name, lambda module, to: to.enter_context(Replaced(module.Client, "say", _louder)), classes=("Client",)
    )
    module: Any = import_module(name)
    with replaced:
        monkeypatch.setattr(module, "Client", type("Client", (), {"say": lambda _: "b"}))
        assert not replaced.is_in_place
    with replaced:
        assert module.Client().say() == "b!"


def test_a_stand_in_without_a_hash_is_replaced_as_anything() -> None:
    class _Sleep(list[int]):
        def __call__(self) -> str:
            return "a"

    holder = SimpleNamespace(say=_Sleep())
    with Replaced(holder, "say", _louder):
        assert holder.say() == "a!"
    assert isinstance(holder.say, _Sleep)


def test_a_replacement_that_another_tool_puts_back_when_it_does_nothing_any_more_is_taken_away() -> None:
    holder = SimpleNamespace(say=lambda: "a")
    original = holder.say
    with Replaced(holder, "say", _louder):
        ours = holder.say
        holder.say = theirs = _wider(ours)
    put_back()
    assert holder.say is theirs
    holder.say = ours
    put_back()
    assert holder.say is original


def test_a_replay_imports_no_client_that_the_app_does_not_use() -> None:
    """Importing them takes longer than all else; each is patched once it is imported."""
    clients = ["aiohttp", "httpcore", "httplib2", "httpx", "httpx2", "urllib3", "uvloop", "google.auth"]
    code = f"""
import sys, tempfile
from pathlib import Path
from pytest_interactions import use_cassette
with use_cassette(Path(tempfile.mkdtemp()) / "c.yaml"):
    pass
print([name for name in {clients} if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
