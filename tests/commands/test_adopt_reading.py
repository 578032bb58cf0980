"""What can be told of a file without running it: values, and the names of parametrized tests."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands.adopt.ids import ids_of, old_file_name
from pytest_interactions.commands.adopt.places import Places
from pytest_interactions.commands.adopt.project import Project
from pytest_interactions.commands.adopt.sources import Source
from pytest_interactions.commands.adopt.static import UnknownValueError, names_of, request_at, returned, value_of
from pytest_interactions.commands.adopt.suite import Module
from tests.commands.adopting import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path("/project/tests/test_a.py")


def _value(text: str, names: Mapping[str, object] | None = None) -> object:
    known = {**names_of(ast.parse(""), HERE), "request": request_at(HERE, HERE.parents[1]), **(names or {})}
    return value_of(ast.parse(text, mode="eval").body, known)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' + 'b'", "ab"),
        ("f'{1}-{x}'", "1-X"),
        ("[1, -2.5, (None,)]", [1, -2.5, (None,)]),
        ("('a', 'b')[1]", "b"),
        ("os.path.join(os.path.dirname(__file__), 'c')", "/project/tests/c"),
        ("str(Path(__file__).parent / 'c')", "/project/tests/c"),
        ("pathlib.Path(__file__).parents[1].joinpath('c', __name__)", Path("/project/c/test_a")),
        ("os.path.splitext(request.module.__file__)[0]", "/project/tests/test_a"),
        ("request.node.fspath.dirname + '/' + request.fspath.purebasename", "/project/tests/test_a"),
        ("request.fspath.basename", "test_a.py"),
        ("request.path.with_suffix('')", Path("/project/tests/test_a")),
        ("os.path.join(request.config.rootdir, str(request.config.rootpath))", "/project"),
        ("request.module.__name__.removeprefix('test_').upper()", "A"),
    ],
)
def test_a_value_is_told(text: str, value: object) -> None:
    """Texts, paths, numbers, lists and pytest's request, in the ways that fixtures put them together."""
    assert _value(text, {"x": "X"}) == value


@pytest.mark.parametrize(
    "text",
    [
        *("unknown", "'a' + 1", "1 / 0", "[1][5]", "'a'.encode()", "str.mro()", "open('a')", "Path('a').read_text()"),
        *("lambda: 1", "f'{1!r}'", "f'{1:>5}'", "{}", "str(object=1)", "os.path.join(*x)", "-'a'", "'a' * 3"),
        *("str(os)", "f'{os.path}'", "path"),
    ],
)
def test_a_value_that_hangs_on_more_is_unknown(text: str) -> None:
    """Nothing but the listed functions is called, and nothing fails in another way."""
    with pytest.raises(UnknownValueError):
        _value(text)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("'''Says it.'''\n a = 'x'\n return a + 'y'", "xy"),
        ("b: str = 'x'\n return b", None),
        ("a = unknown\n return 'x'", "x"),
        ("if a: pass\n return 'x'", None),
        ("pass", None),
        ("a = 'x'", None),
        ("return", None),
    ],
)
def test_what_a_function_returns_is_told(body: str, value: str | None) -> None:
    """A function that assigns and returns is read, any other is not."""
    function = ast.parse(f"def f():\n {body}").body[0]
    assert isinstance(function, ast.FunctionDef)
    if value is None:
        with pytest.raises(UnknownValueError):
            returned(function, {})
    else:
        assert returned(function, {}) == value


def test_the_names_of_a_module_are_those_that_it_assigns_last() -> None:
    """A name is unknown again when something that can't be told is assigned to it."""
    names = names_of(ast.parse("A = 'a'\nB: str = A + 'b'\nA = unknown()\nC: int\nD = E = 1\n"), HERE)
    assert names["B"] == "ab"
    assert not {"A", "C", "D", "E"} & names.keys()


PARAMETRIZED = r"""
import pytest

NAMES = ["n/1", "n-2"]
PAIRS = [("a", 1), ("b", 2)]
ID = "an id"

pytestmark = [pytest.mark.vcr, pytest.mark.parametrize("m", ["module"])]


@pytest.mark.parametrize("x", [1, 2.5, None, True, -1, "t/x", b"b\xff", "é\n", [1], {"a": 1}, print])
def test_values(x, m): pass


@pytest.mark.parametrize("x", ["same", "same", "other", "1", "1", "same0"])
def test_same(x, m): pass


@pytest.mark.parametrize(argnames=("x", "y"), argvalues=[(1, "a"), pytest.param(2, "b", id="two/b"), [3, {}]])
@pytest.mark.parametrize("z", NAMES)
def test_several(x, y, z, m): pass


@pytest.mark.parametrize("x, y", PAIRS)
def test_pairs(x, y, m): pass


@pytest.mark.parametrize("x", [1, 2, 3], ids=["o/ne", None, 5])
def test_ids(x, m): pass


@pytest.mark.parametrize("x", [1, "a"], ids=str)
def test_str(x, m): pass


@pytest.mark.parametrize("c", ("class",))
class TestClass:
    @pytest.mark.parametrize("x", (1, pytest.param(2, marks=[], id=ID), pytest.param(3)))
    def test_method(self, x, c, m): pass
"""


def test_the_names_of_parametrized_tests_are_those_of_pytest(tmp_path: Path) -> None:
    """What is read of a file is what pytest collects, but for values that only it can tell."""
    suite = Suite(tmp_path)
    path = suite.write("test_a.py", PARAMETRIZED)
    collected = suite.pytest("--collect-only", "-p", "no:recording", "-o", "markers=vcr")
    expected = {line.rpartition("::")[2] for line in collected.splitlines() if line.startswith("test_a.py::")}
    module = Module(Source(path))
    told = {
        f"{test.function.name}[{each}]" for test in module.tests for each in ids_of(test.parametrized, module.names)
    }
    unknown = {name for name in expected if name.startswith("test_values[")}
    assert len(unknown) == 11
    assert told == expected - unknown
    path.write_text(path.read_text().replace(", print]", "]"))
    module = Module(Source(path))
    assert {f"test_values[{each}]" for each in ids_of(module.tests[0].parametrized, module.names)} == {
        name for name in unknown if "print" not in name
    }


@pytest.mark.parametrize(
    "call",
    [
        *("p('x')", "p('x', [1], ids=len)", "p('x', [1], ids=4)", "p('x', 5)", "p('x', unknown)", "p(5, [1])"),
        *(f"p('x', ['{'l' * 101}'])", "p('x,y', [Z])", "p('x', [unknown])", "p('x', [*Z])", "p(*Z)"),
    ],
)
def test_names_that_cannot_be_told_are_none(call: str) -> None:
    """The files there are say what the tests are then."""
    assert ids_of([ast.parse(call, mode="eval").body], {"Z": [1]}) == []


def test_a_test_without_parameters_has_no_brackets() -> None:
    assert ids_of([], {}) == []


def test_the_old_names_of_files_are_those_of_pytest_recording() -> None:
    """Characters that a file system refuses are dashes, and a long name ends in a digest."""
    from pytest_recording._vcr import MAX_FILENAME_LEN
    from pytest_recording.plugin import get_default_cassette_name

    name = "".join(map(chr, range(32, 127)))
    assert old_file_name(name) == get_default_cassette_name(None, name)
    assert len(f"{old_file_name('a' * 251)}.yaml") == MAX_FILENAME_LEN
    assert old_file_name("a" * 250) == "a" * 250
    assert old_file_name("a" * 251) != old_file_name("a" * 252)


def test_a_file_whose_test_cannot_be_told_keeps_its_name(tmp_path: Path) -> None:
    """Where the parameters hang on more than the file, the old file's name is taken for the test's."""
    suite = Suite(tmp_path)
    suite.write(
        "test_a.py",
        "import pytest\n\n\n@pytest.mark.vcr\n@pytest.mark.parametrize('x', cases())\ndef test_it(x):\n    pass\n",
    )
    for name in ("test_it[a-b]", "test_it[1", "test_item[1]", "test_it[c]"):
        suite.cassette(f"cassettes/test_a/{name}.yaml")
    module = Module(Source(suite.root / "test_a.py"))
    places = Places(Project.at(suite.root), lambda *_: None)
    assert [name for _, name in places.own(module.tests[0])] == ["test_it[a-b]", "test_it[c]"]
