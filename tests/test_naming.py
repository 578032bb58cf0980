"""Where cassettes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_interactions import OptionError, naming
from pytest_interactions.naming import cassette_path, named_cassette, namesakes, project_of, safe

ROOT = Path("/project")
CASSETTES = ROOT / "cassettes"


def test_a_cassette_lies_where_its_test_does() -> None:
    """The path below the rootdir is repeated below the cassette directory, without .py."""
    path = cassette_path(CASSETTES, ROOT, ROOT / "tests/unit/test_a.py", "TestB.test_c[d]")
    assert path == CASSETTES / "tests/unit/test_a/TestB.test_c[d].yaml"


def test_a_test_outside_the_rootdir_stays_inside_the_directory() -> None:
    """A test file above the rootdir has its cassette below the cassette directory all the same."""
    assert cassette_path(CASSETTES, ROOT, Path("/elsewhere/test_a.py"), "t") == CASSETTES / "elsewhere/test_a/t.yaml"


@pytest.mark.parametrize(
    "name",
    ["a/b", "a\\b", "a:b", 'a"b', "a\x00b", "con", "LPT1.x", "ends.", "ends ", "é" * 300, "e\u0301", "\ud800"],
)
def test_an_unsafe_name_is_changed_and_stays_distinct(name: str) -> None:
    """A name that some file system refuses becomes one that all take, with a digest so that no two meet."""
    changed = safe(name)
    assert changed != name
    assert changed.rpartition("-")[2] not in safe(name + "!")
    assert not set(changed) & set('<>:"/\\|?*\x00')
    assert len(changed.encode("utf-8", "surrogatepass")) < 200
    assert not changed.endswith((".", " "))


@pytest.mark.parametrize("name", ["test_a[x-y]", "plain", "with space inside", "日本"])
def test_a_safe_name_is_kept(name: str) -> None:
    """A name that is fine everywhere stays as it is."""
    assert safe(name) == name


@pytest.mark.parametrize("name", ["talk", "talk.yaml", "talk.yml", "./talk"])
def test_a_name_may_have_its_suffix(name: str) -> None:
    """A cassette's own name may be given with or without .yaml."""
    assert named_cassette(CASSETTES, name) == CASSETTES / "talk.yaml"


def test_a_name_may_have_directories() -> None:
    """A named cassette may lie deeper."""
    assert named_cassette(CASSETTES, "shared/a:b/talk").parent.parent == CASSETTES / "shared"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", ".", "..", "", " / "])
def test_a_name_that_leaves_the_directory_is_refused(name: str) -> None:
    """No name leads out of the cassette directory, and none is empty."""
    with pytest.raises(OptionError):
        named_cassette(CASSETTES, name)


def test_a_search_for_namesakes_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at so many directories and no more, and names each file once."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").touch()
    assert sorted(namesakes(tmp_path / "x.yaml", [tmp_path, tmp_path])) == sorted(tmp_path.rglob("x.yaml"))
    monkeypatch.setattr(naming, "_MOST_LOOKED_AT", 1)
    naming._cassettes.cache_clear()
    assert namesakes(tmp_path / "x.yaml", [tmp_path]) == []


def test_a_configuration_that_can_t_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert project_of(tmp_path) == tmp_path  # a project all the same
