"""`cassettes.lock`: read, changed in one step, and merged by git."""

from __future__ import annotations

import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.errors import StoreError
from pytest_interactions.store import lock_file
from pytest_interactions.store.lock_file import Entry, LockFile
from pytest_interactions.store.merging import Stages
from tests.support import program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.store.projects import Project

#: How git may mark a conflict.
STYLES: Final = ("merge", "diff3", "zdiff3")


def entry(name: str, digit: str = "0", headline: str = '1 turn, "Hello"') -> Entry:
    """A line of a cassette, of which a digit tells what it is."""
    return Entry(f"cassettes/{name}.yaml", digit * 64, 100, digit * 16, headline)


def put(path: Path, **digits: str) -> LockFile:
    """Put lines into a lock file."""
    return lock_file.change(path, [entry(name, digit) for name, digit in digits.items()])


def found(lock: LockFile) -> dict[str, str]:
    """What a lock file has of each cassette, but for conflicts."""
    return {Path(name).stem: lock.entry(name).digest[0] for name in lock if name not in lock.conflicts}


def conflicts(lock: LockFile) -> dict[str, tuple[str, str]]:
    """What both sides have of each cassette in conflict."""
    sides = {Path(name).stem: lock.sides_of(name) for name in lock.conflicts}
    return {name: (ours.digest[0], theirs.digest[0]) for name, (ours, theirs) in sides.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a lock file may be."""
    return tmp_path / lock_file.NAME


# --- one file ---


def test_a_file_has_a_line_for_each_cassette_in_order(path: Path) -> None:
    """Below a head, with an empty line between two; what was written is read again."""
    lock_file.change(path, [entry("b", "1"), entry("a", "2", "2 turns\n\tx\x1b[2J")])
    lines = path.read_text("utf-8").splitlines()
    assert [line[:1] for line in lines[:2]] == ["#", "#"]
    assert lines[2:] == [
        "",
        "\t".join(("cassettes/a.yaml", "2" * 64, "100", "2" * 16, "2 turns\\n x\\x1b[2J")),
        "",
        "\t".join(("cassettes/b.yaml", "1" * 64, "100", "1" * 16, '1 turn, "Hello"')),
    ]
    lock = LockFile.read(path)
    assert (list(lock), len(lock), "cassettes/a.yaml" in lock) == (["cassettes/a.yaml", "cassettes/b.yaml"], 2, True)
    assert lock.entries()[1] == entry("b", "1")
    assert (lock.name_of(path.parent / "x" / "y.yaml"), lock.place_of("x/y.yaml")) == (
        "x/y.yaml",
        path.parent / "x" / "y.yaml",
    )


def test_a_change_keeps_the_other_lines_and_the_file_goes_with_the_last(path: Path) -> None:
    """What is put in takes the place of the line that was there."""
    assert found(put(path, a="1", b="2")) == {"a": "1", "b": "2"}
    assert found(put(path, b="3", c="4")) == {"a": "1", "b": "3", "c": "4"}
    assert found(lock_file.change(path, drop=["cassettes/a.yaml", "cassettes/none.yaml"])) == {"b": "3", "c": "4"}
    lock_file.drop([path.parent / "cassettes/b.yaml", path.parent / "cassettes/none.yaml"])
    assert found(LockFile.read(path)) == {"c": "4"}
    assert len(lock_file.change(path, drop=["cassettes/c.yaml"])) == 0
    assert not path.exists()
    assert len(lock_file.change(path)) == 0


def test_a_change_that_changes_nothing_does_not_write(path: Path) -> None:
    """So that nobody takes the file for another one."""
    put(path, a="1")
    os.utime(path, ns=(1, 1))
    put(path, a="1")
    assert path.stat().st_mtime_ns == 1


def test_several_change_a_file_at_once_without_a_loss(path: Path) -> None:
    """Each waits for the others."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(path, **{f"t{number:02}": "1"}), range(40)))
    assert len(LockFile.read(path)) == 40


def test_a_file_that_can_not_be_written_is_as_it_was(path: Path) -> None:
    """The error is the system's."""
    path.write_text("")
    with pytest.raises(OSError, match="exists"):
        put(path / "below", a="1")
    assert path.read_text() == ""


@pytest.mark.parametrize(
    "line",
    [
        "cassettes/a.yaml",
        "cassettes/a.yaml\t" + "0" * 63 + "\t1\t0\th",
        "cassettes/a.yaml\t" + "0" * 64 + "\t-1\t0\th",
        "cassettes/a.yaml\t" + "0" * 64 + "\t" + "9" * 5000 + "\t0\th",
        "cassettes/a.yaml\t" + "0" * 64 + "\t1\t0\th\tmore",
        "/cassettes/a.yaml\t" + "0" * 64 + "\t1\t0\th",
        "../a.yaml\t" + "0" * 64 + "\t1\t0\th",
        "c:/a.yaml\t" + "0" * 64 + "\t1\t0\th",
        "a\\b.yaml\t" + "0" * 64 + "\t1\t0\th",
        "=======",
    ],
)
def test_a_line_that_is_none_concerns_its_cassette_alone(line: str, path: Path) -> None:
    """It is named by its number; the others can be read, and nothing is written over it."""
    put(path, z="1")
    raw = path.read_text() + f"\n{line}\n"
    path.write_text(raw)
    lock = LockFile.read(path)
    assert lock.entry("cassettes/z.yaml") == entry("z", "1")
    with pytest.raises(StoreError, match=rf"{lock_file.NAME}:6: this is no line of a lock file: .*Restore the line"):
        lock.entry(line.partition("\t")[0])
    with pytest.raises(StoreError, match=":6: "):
        put(path, y="1")
    assert path.read_text() == raw


def test_a_file_that_can_not_be_read_is_an_error_with_its_line(path: Path) -> None:
    """Be it no text, or no file."""
    path.write_bytes(b"# head\n\n\xff\n")
    with pytest.raises(StoreError, match=rf"{lock_file.NAME}:3: this is no UTF-8 text. Restore the file from git."):
        LockFile.read(path)
    assert lock_file.naming(path.parent / "a.yaml") is None
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="can't be read: it is a directory"):
        LockFile.read(path)
    assert len(LockFile.read(path / "none" / lock_file.NAME)) == 0


def test_lines_that_windows_ends_are_read(path: Path) -> None:
    """As git checks them out there, marks too."""
    put(path, a="1")
    ours, theirs = entry("b", "2").line(), entry("b", "3").line()
    text = path.read_text() + f"\n<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> theirs\n"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    lock = LockFile.read(path)
    assert (found(lock), conflicts(lock), lock.labels.theirs) == ({"a": "1"}, {"b": ("2", "3")}, "theirs")


def test_the_nearest_file_above_names_a_cassette(tmp_path: Path) -> None:
    """It is read once, until it changes."""
    outer, inner = tmp_path / lock_file.NAME, tmp_path / "app" / lock_file.NAME
    put(outer, a="1")
    put(inner, b="2")
    assert lock_file.nearest(inner.parent / "cassettes/b.yaml") == inner
    assert lock_file.nearest(tmp_path / "other" / "x.yaml") == outer
    assert lock_file.naming(inner.parent / "cassettes/b.yaml") == inner
    assert lock_file.naming(inner.parent / "cassettes/a.yaml") is None
    assert lock_file.shared(inner) is lock_file.shared(inner)
    before = lock_file.shared(inner)
    put(inner, b="3")
    assert lock_file.shared(inner) is not before
    inner.unlink()
    assert len(lock_file.shared(inner)) == 0


@pytest.mark.parametrize("name", ["a b.yaml", "ü/[x].yaml"])
def test_names_of_cassettes_are_told_from_what_can_not_be_one(name: str) -> None:
    """No mark of git's is one, nor a comment, nor what leads elsewhere."""
    assert lock_file.is_name(name)
    for other in (f"/{name}", f"../{name}", f"c:/{name}", f"a\\{name}", f"#{name}", f"<<<<<<< {name}", f"a\t{name}"):
        assert not lock_file.is_name(other)


def test_what_is_not_found_may_be_what_a_damaged_line_was(path: Path) -> None:
    """So nobody takes it for missing; the lines are read once for that, and not at all for what is found."""
    lock = put(path, a="1")
    assert lock.find(path.parent / "cassettes/none.yaml") is None
    path.write_text(path.read_text().replace("\t", "  ") + entry("b").line() + "\n")
    lock = LockFile.read(path)
    assert lock.find(path.parent / "cassettes/b.yaml") == entry("b")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"cassettes\.lock:4: this is no line of a lock file"):
            lock.find(path.parent / "cassettes/a.yaml")


def test_a_mark_at_the_head_of_the_file_is_no_part_of_it(path: Path) -> None:
    """Some editors put it there; a change takes it out."""
    put(path, a="1")
    before = path.read_bytes()
    for text in (before, entry("a", "1").line().encode()):
        path.write_bytes(b"\xef\xbb\xbf" + text)
        assert found(LockFile.read(path)) == {"a": "1"}
    put(path, a="1")
    assert path.read_bytes() == before


def test_a_name_is_the_same_however_a_file_system_lists_it(path: Path) -> None:
    """Some take the letters apart that others leave together."""
    lock = put(path, ä="1")
    assert lock.name_of(path.parent / "cassettes/a\u0308.yaml") in lock


# --- merges ---


@pytest.mark.parametrize("style", STYLES)
def test_what_two_branches_do_to_neighbours_needs_nobody(style: str, project: Project) -> None:
    """Git merges changes, insertions and removals of different lines by itself."""
    project.git("config", "merge.conflictStyle", style)
    put(project.lock_path, a="1", b="1", c="1", d="1", f="1")
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, b="2", d="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, a="3", c="3", e="3")
    project.commit("Record ours")
    project.git("merge", "--quiet", "theirs")
    assert found(project.lock) == {"a": "3", "b": "2", "c": "3", "d": "2", "e": "3", "f": "1"}
    assert not project.lock.is_marked


@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick"])
@pytest.mark.parametrize("style", STYLES)
def test_the_same_cassette_of_two_branches_is_a_conflict_of_its_line_alone(
    style: str, way: str, project: Project
) -> None:
    """Others can be read; ours is the branch that is merged into, which is the other one in a rebase."""
    project.git("config", "merge.conflictStyle", style)
    put(project.lock_path, a="1", b="1", c="1")
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, b="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, a="3", b="3")
    project.commit("Record ours")
    project.git(way, "theirs", fails=True)
    lock = project.lock
    sides = ("2", "3") if way == "rebase" else ("3", "2")
    assert (conflicts(lock), lock.is_marked) == ({"b": sides}, True)
    assert found(lock) == {"a": "3", "c": "1"}
    name = entry("b").path
    with pytest.raises(
        StoreError, match=rf":\d+: two branches have recorded {name}, and .*: pytest-interactions review"
    ):
        lock.entry(name)
    with pytest.raises(StoreError, match="two branches have recorded"):
        put(project.lock_path, d="1")
    lock_file.change(project.lock_path, [lock.sides_of(name)[1]], settled=True)
    assert found(project.lock) == {"a": "3", "b": sides[1], "c": "1"}
    assert not project.lock.is_marked
    project.git("add", "--all")
    if way == "merge":
        project.git("commit", "--quiet", "--message", "Merge")
    else:
        project.git(way, "--continue")
    assert project.git("status", "--porcelain") == ""
    assert project.git("show", "HEAD:cassettes.lock") == project.lock_path.read_text()


@pytest.mark.parametrize("style", STYLES)
def test_conflicts_are_settled_one_after_the_other(style: str, project: Project) -> None:
    """Those that are left stay marked, for git and for us; a dropped line settles one, too."""
    project.git("config", "merge.conflictStyle", style)
    names = dict.fromkeys("abcdef", "1")
    put(project.lock_path, **names)
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, **dict.fromkeys("abcd", "2"), x="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, **dict.fromkeys("abc", "3"), w="3")
    project.commit("Record ours")
    project.git("merge", "theirs", fails=True)
    assert conflicts(project.lock) == dict.fromkeys("abc", ("3", "2"))
    assert found(project.lock) == {"d": "2", "e": "1", "f": "1", "w": "3", "x": "2"}
    lock_file.change(project.lock_path, [entry("b", "2")], settled=True)
    text = project.lock_path.read_text()
    assert [text.count(f"\n{mark} ") for mark in ("<<<<<<<", ">>>>>>>")] == [2, 2]
    assert "<<<<<<< HEAD\n" in text
    assert ">>>>>>> theirs\n" in text
    project.git("diff", "--check", fails=True)  # which finds the marks
    lock_file.change(project.lock_path, [entry("y", "4")], settled=True)
    assert conflicts(project.lock) == dict.fromkeys("ac", ("3", "2"))
    lock_file.change(project.lock_path, drop=["cassettes/a.yaml"], settled=True)
    assert conflicts(project.lock) == {"c": ("3", "2")}
    lock_file.change(project.lock_path, [entry("c", "3")], settled=True)
    assert found(project.lock) == {"b": "2", "c": "3", "d": "2", "e": "1", "f": "1", "w": "3", "x": "2", "y": "4"}
    assert not project.lock.is_marked


@pytest.mark.parametrize("style", STYLES)
def test_two_branches_may_begin_the_file(style: str, project: Project) -> None:
    """What only one has needs nobody."""
    project.git("config", "merge.conflictStyle", style)
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, a="1", b="2", d="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, a="1", b="3", c="3")
    project.commit("Record ours")
    project.git("merge", "theirs", fails=True)
    assert (found(project.lock), conflicts(project.lock)) == ({"a": "1", "c": "3", "d": "2"}, {"b": ("3", "2")})


@pytest.mark.parametrize("style", STYLES)
def test_a_change_wins_over_a_removal(style: str, project: Project) -> None:
    """Git takes it for a conflict; it is none."""
    project.git("config", "merge.conflictStyle", style)
    put(project.lock_path, a="1", b="1", c="1", d="1")
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    lock_file.change(project.lock_path, [entry("c", "2")], drop=[entry("a").path])
    project.commit("Remove one")
    project.git("checkout", "--quiet", "main")
    lock_file.change(project.lock_path, [entry("a", "3")], drop=[entry("c").path])
    project.commit("Remove another")
    project.git("merge", "theirs", fails=True)
    assert (found(project.lock), conflicts(project.lock)) == ({"a": "3", "b": "1", "c": "2", "d": "1"}, {})
    lock_file.change(project.lock_path, settled=True)
    assert (found(project.lock), project.lock.is_marked) == ({"a": "3", "b": "1", "c": "2", "d": "1"}, False)


def test_conflicts_of_common_ancestors_do_not_matter(project: Project) -> None:
    """Git shows them between longer marks, where two branches were merged crosswise before."""
    project.git("config", "merge.conflictStyle", "diff3")
    put(project.lock_path, a="1")
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, a="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, a="3")
    project.commit("Record ours")
    for branch, other, digit in (("main", "theirs~0", "3"), ("theirs", "main~1", "2")):
        project.git("checkout", "--quiet", branch)
        project.git("merge", other, fails=True)
        lock_file.change(project.lock_path, [entry("a", digit)], settled=True)
        project.commit("Merge crosswise")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, a="4")
    project.commit("Record once more")
    project.git("merge", "theirs", fails=True)
    assert "<<<<<<<<<" in project.lock_path.read_text()
    assert conflicts(project.lock) == {"a": ("4", "2")}


def test_a_cassette_that_a_merge_leaves_twice_is_a_conflict(project: Project) -> None:
    """Git sees none where one branch has changed the neighbour, too; neither line is lost."""
    put(project.lock_path, b="1", d="1")
    project.commit("Record")
    project.git("checkout", "--quiet", "-b", "theirs")
    put(project.lock_path, b="2", c="2")
    project.commit("Record theirs")
    project.git("checkout", "--quiet", "main")
    put(project.lock_path, c="3")
    project.commit("Record ours")
    project.git("merge", "--quiet", "theirs")
    lock = project.lock
    assert (found(lock), set(conflicts(lock)["c"]), lock.is_marked) == ({"b": "2", "d": "1"}, {"2", "3"}, True)
    lock_file.change(project.lock_path, [entry("d", "4")], settled=True)
    assert "<<<<<<< the first line" in project.lock_path.read_text()
    lock_file.change(project.lock_path, [entry("c", "3")], settled=True)
    assert (found(project.lock), project.lock.is_marked) == ({"b": "2", "c": "3", "d": "4"}, False)


def test_a_line_of_a_conflict_that_is_none_concerns_its_cassette_alone(path: Path) -> None:
    """The others can be read, and settled."""
    text = "<<<<<<< o\na\tx\n\nb\ty\n=======\na\tz\n\nb\tz\n>>>>>>> t\n\n" + entry("c", "1").line() + "\n"
    path.write_text(text)
    lock = LockFile.read(path)
    assert found(lock) == {"c": "1"}
    with pytest.raises(StoreError, match=":2: this is no line of a lock file"):
        lock.sides_of("a")
    lock_file.change(path, [entry("a", "2")], drop=["a"], settled=True)
    assert list(LockFile.read(path).conflicts) == ["b"]


class _Merges:
    """Merges of files by git, as it writes them, of what one letter and one digit tell of each cassette."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def merged(self, style: str, versions: Mapping[str, Mapping[str, str]]) -> tuple[str, Stages]:
        """Return what git makes of the versions `base`, `ours` and `theirs`, and these."""
        texts = {}
        for name, version in versions.items():
            file = self._directory / name / lock_file.NAME
            file.parent.mkdir(exist_ok=True)
            file.write_text("")
            put(file, **version)
            texts[name] = file.read_text() if file.exists() else ""
            (self._directory / f"{name}.txt").write_text(texts[name])
        options = [] if style == "merge" else [f"--{style}"]
        files = ["ours.txt", "base.txt", "theirs.txt"]
        command = [program("git"), "merge-file", "-p", *options, *files]
        done = subprocess.run(command, cwd=self._directory, capture_output=True, check=False)
        return done.stdout.decode(), Stages(texts["base"], texts["ours"], texts["theirs"])


def _changed(chance: random.Random, version: Mapping[str, str]) -> dict[str, str]:
    new = dict(version)
    for _ in range(chance.randint(0, 4)):
        name = chance.choice("abcdefghij")
        if chance.random() < 0.25:
            new.pop(name, None)
        else:
            new[name] = chance.choice("0123456789")
    return new


def _expected(
    base: Mapping[str, str], ours: Mapping[str, str], theirs: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Return what a merge has of each cassette, and what both sides have of those that both have changed."""
    needed: dict[str, str] = {}
    both: dict[str, tuple[str, str]] = {}
    for name in {*ours, *theirs}:
        old, one, other = base.get(name), ours.get(name), theirs.get(name)
        if one and other and one != other and old not in {one, other}:
            both[name] = one, other
        else:
            kept = one if other in {one, old} else other if one == old else one or other
            needed |= {name: kept} if kept else {}
    return needed, both


@pytest.mark.parametrize("style", STYLES)
def test_no_merge_loses_what_a_branch_has_recorded(style: str, tmp_path: Path) -> None:
    """With what git's index knows, conflicts are exactly what both have changed; without, they are at least that."""
    merges = _Merges(tmp_path)
    path = tmp_path / lock_file.NAME
    for seed in range(60):
        chance = random.Random(seed)
        base = {name: "f" for name in "abcdefghij" if chance.random() < 0.6}
        ours, theirs = _changed(chance, base), _changed(chance, base)
        needed, both = _expected(base, ours, theirs)
        text, stages = merges.merged(style, {"base": base, "ours": ours, "theirs": theirs})
        lock = LockFile.reads(text.encode(), path, stages)
        assert (conflicts(lock), found(lock)) == (both, found(lock) | needed), seed
        blind = LockFile.reads(text.encode(), path)
        assert both.keys() <= conflicts(blind).keys(), seed
        assert {name for name in needed if name not in conflicts(blind)} <= found(blind).keys(), seed
        assert all(found(blind)[name] == digit for name, digit in needed.items() if name in found(blind)), seed
