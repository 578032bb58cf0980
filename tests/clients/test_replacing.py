"""Names that stand for something else: put back as they were, left to other tools, and kept from test to test."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_interactions.clients.in_force import InForce, keeping_patches
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


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


def test_a_module_that_was_imported_anew_is_replaced_anew(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of pytest inside of a test forgets what it has imported."""
    (tmp_path / "some_client.py").write_text("def say(): return 'a'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    replaced = OnceImported("some_client", lambda module, to: to.enter_context(Replaced(module, "say", _louder)))
    with replaced:
        in_place = [replaced.is_in_place]
        first = import_module("some_client")
        assert first.say() == "a!"
        in_place.append(replaced.is_in_place)
        monkeypatch.delitem(sys.modules, "some_client")
        in_place.append(replaced.is_in_place)
        assert in_place == [True, True, False]
        second = import_module("some_client")
    assert (first.say(), second.say()) == ("a", "a")
    with replaced:
        assert (first.say(), second.say()) == ("a", "a!")


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
