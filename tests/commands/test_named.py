"""What is named on a command line: cassettes, directories of them, tests."""

from __future__ import annotations

import re
from pathlib import Path
from time import process_time

import pytest

from pytest_interactions.commands.named import Named
from pytest_interactions.errors import InteractionsError
from pytest_interactions.store.project import Project


def test_a_name_is_looked_up_once_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that as many tests may be named as there are, each in a directory that may be named, too."""
    monkeypatch.chdir(tmp_path)
    names = [f"cassettes/{number // 100}/{number}.yaml" for number in range(10_000)]
    named = Named(Project.at(tmp_path), [*names, "cassettes/whole"])
    begun = process_time()
    assert all(name in named for name in names)
    assert process_time() - begun < 2  # by a look at each of them, it would be 10 s
    assert "cassettes/whole/deep/a.yaml" in named
    assert "cassettes/whole" in named
    assert "cassettes/wholesome/a.yaml" not in named
    assert "cassettes/a.yaml" not in named
    assert "cassettes/1/1.yaml" not in named


_TESTS = """
import pytest

@pytest.mark.parametrize("x", ["日本", "a[é]", "b::c"])
def test_it(interactions, x): ...
"""


def names(*words: str) -> list[str]:
    """Return the cassettes of tests that are named in the working directory."""
    found = (place.rpartition("/")[2] for place in Named(Project.at(Path.cwd()), words).places)
    return [name for name in found if name.startswith("test_it")]


def test_a_parameter_is_named_as_people_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or as pytest has it, which escapes what is not ASCII, if it is not told otherwise."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_a.py").write_text(_TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    [name] = names("test_a.py::test_it[日本]")
    assert names("test_a.py::test_it[\\u65e5\\u672c]") == [name]
    assert len(names("test_a.py::test_it[a[é]]", "test_a.py::test_it[b::c]")) == 2
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"
    )
    assert names("test_a.py::test_it[日本]") == ["test_it[日本].yaml"]


def test_a_test_that_is_missing_is_named_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its parameters."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_a.py").write_text(_TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    one, other = "test_a.py::test_it[中国]", "test_a.py::test_it[x]"
    for words, named in (([one], one), ([other], other), ([one, other], f"{one} or {other}")):
        with pytest.raises(InteractionsError, match=re.escape(f"ERROR: not found: {named}") + "$"):
            names(*words)
