"""Where cassettes are, before and after: the ini file, fixtures, marks, classes and parameters say so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.adopting import Suite

MARKED = "import pytest\n\npytestmark = pytest.mark.vcr\n\n\ndef test_it():\n    pass\n"


def test_names_that_two_modules_use_stay_apart(suite: Suite) -> None:
    """A name of two different files gets its module's path before it; a file that two modules share keeps its own."""
    named = "import pytest\n\n\n@pytest.mark.vcr('{}')\ndef test_it():\n    pass\n"
    suite.write("test_a.py", named.format("same.yaml"))
    suite.write("sub/test_b.py", named.format("same.yaml"))
    suite.write("sub/test_c.py", named.format("../shared.yaml"))
    suite.write("sub/test_d.py", named.format("../shared.yaml"))
    suite.cassette("cassettes/test_a/same.yaml", body="a")
    suite.cassette("sub/cassettes/test_b/same.yaml", body="b")
    suite.cassette("sub/cassettes/shared.yaml", body="shared")
    suite.write_all()
    assert suite.cassettes() == [
        "cassettes/shared.yaml",
        "cassettes/sub/test_b/same.yaml",
        "cassettes/test_a/same.yaml",
    ]
    assert '@pytest.mark.interactions("sub/test_b/same")' in suite.text("sub/test_b.py")
    assert '@pytest.mark.interactions("shared")' in suite.text("sub/test_c.py")


def test_two_tests_of_one_file_get_each_their_own(suite: Suite) -> None:
    """The old name has the innermost class alone, and can't tell some parameters apart."""
    suite.write(
        "test_a.py",
        """
        import pytest

        pytestmark = pytest.mark.vcr


        class TestA:
            class TestC:
                def test_it(self): pass


        class TestB:
            class TestC:
                def test_it(self): pass


        @pytest.mark.parametrize("name", ["a/b", "a*b", "a-b"])
        def test_each(name): pass
        """,
    )
    suite.cassette("cassettes/test_a/TestC.test_it.yaml")
    suite.cassette("cassettes/test_a/test_each[a-b].yaml")
    suite.write_all()
    assert [re.sub("-[0-9a-f]{8}", "-DIGEST", name) for name in suite.cassettes()] == [
        "cassettes/test_a/TestA.TestC.test_it.yaml",
        "cassettes/test_a/TestB.TestC.test_it.yaml",
        "cassettes/test_a/test_each[a-b]-DIGEST.yaml",
        "cassettes/test_a/test_each[a-b]-DIGEST.yaml",
        "cassettes/test_a/test_each[a-b].yaml",
    ]


@pytest.mark.parametrize(
    ("name", "text", "directory"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\ninteractions_cassette_dir = 'tapes'\n", "tapes"),
        ("pyproject.toml", "[tool.pytest]\ninteractions_cassette_dir = 'tapes'\n", "tapes"),
        ("pyproject.toml", "[project]\n", "cassettes"),
        ("pytest.toml", "[pytest]\ninteractions_cassette_dir = 'tapes'\n", "tapes"),
        ("pytest.ini", "", "cassettes"),
        ("tox.ini", "[pytest]\ninteractions_cassette_dir = tapes\n", "tapes"),
        ("setup.cfg", "[tool:pytest]\ninteractions_cassette_dir = tapes\n", "tapes"),
        ("setup.cfg", "[metadata]\n", "cassettes"),
        ("setup.py", "", "cassettes"),
        ("nothing", "", "cassettes"),
    ],
)
def test_the_directory_is_that_of_the_ini_file(suite: Suite, name: str, text: str, directory: str) -> None:
    """Where pytest takes its options from, so does the command; a part of a project is refused."""
    (suite.root / "pytest.ini").unlink()
    suite.write(name, text)
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("sub/cassettes/test_a/test_it.yaml")
    part = suite.adopt_at("sub")
    if name == "nothing" or "metadata" in text:
        assert part.status == 1
    else:
        assert part.status == 2
        assert part.errors == (
            f"pytest-interactions: {suite.root}/sub is a part of the project {suite.root} ({name} is there), whose "
            f"fixtures and cassettes belong together; adopt it as a whole: pytest-interactions adopt {suite.root}\n"
        )
    suite.write_all()
    assert suite.cassettes() == [f"{directory}/sub/test_a/test_it.yaml"]


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("pyproject.toml", "[tool.pytest", "pyproject.toml: can't be read: "),
        ("pytest.ini", "interactions_redact = 1\n", "pytest.ini: can't be read: File contains no section headers."),
        ("pytest.ini", "[pytest]\ninteractions_redact = abc\n", "redact: a text of 3 characters would be found in"),
    ],
)
def test_an_ini_file_that_cannot_be_used_is_one_line(suite: Suite, name: str, text: str, error: str) -> None:
    """The line names the file; nothing is looked at."""
    (suite.root / "pytest.ini").unlink()
    suite.write(name, text)
    result = suite.adopt("--write")
    assert result.status == 2
    assert error in result.errors
    assert result.errors.count("\n") == 1


def test_a_directory_that_is_none_is_one_line(suite: Suite) -> None:
    """The path is to be the directory that pytest runs in."""
    result = suite.adopt_at("pytest.ini")
    assert result.status == 2
    assert "pytest.ini: this is no directory; give the one that pytest runs in." in result.errors


def test_an_empty_project_needs_nothing(suite: Suite) -> None:
    """Where no file speaks of vcrpy, there is nothing to do."""
    suite.write("test_a.py", "def test_it(): pass\n")
    assert suite.adopt() == suite.adopt("--write") == (0, ["There is nothing to do."], "")


@pytest.mark.parametrize(
    "value",
    ['"recorded"', 'Path(__file__).parent / "recorded"', 'f"{HERE}/recorded"', 'pytestconfig.rootpath / "recorded"'],
)
def test_a_directory_of_its_own_is_found(suite: Suite, value: str) -> None:
    """The fixture vcr_cassette_dir says where the old cassettes are, as far as its file tells it."""
    suite.write(
        "conftest.py",
        f"import pytest\nfrom pathlib import Path\n\nHERE = Path(__file__).resolve().parent\n\n\n"
        f"@pytest.fixture(scope='module')\ndef vcr_cassette_dir(pytestconfig):\n    return {value}\n",
    )
    suite.write("sub/test_a.py", MARKED)
    suite.cassette("recorded/test_it.yaml")
    suite.write_all()
    assert suite.cassettes() == ["cassettes/sub/test_a/test_it.yaml"]
    assert suite.text("conftest.py").endswith("HERE = Path(__file__).resolve().parent\n")


def test_an_inherited_test_is_found(suite: Suite) -> None:
    """A class has the tests and the marks of those of its bases that are in the file; an overriding method wins."""
    suite.write(
        "test_a.py",
        """
        import pytest
        from elsewhere import Other


        @pytest.mark.vcr
        class Base:
            def test_it(self): pass
            def test_over(self): pass


        class TestMine(Other, Base):
            def test_over(self): pass
            def helper(self): pass
        """,
    )
    for name in ("test_it", "test_over"):
        suite.cassette(f"cassettes/test_a/TestMine.{name}.yaml")
    suite.write_all()
    assert suite.cassettes() == ["cassettes/test_a/TestMine.test_it.yaml", "cassettes/test_a/TestMine.test_over.yaml"]


def test_a_name_of_no_file_is_given_to_the_tests_own(suite: Suite) -> None:
    """pytest-recording records into the test's own file, whatever its mark names; a name of several goes."""
    suite.write(
        "test_a.py",
        """
        import pytest


        @pytest.mark.vcr("mine.yaml")
        def test_it(): pass


        @pytest.mark.vcr("each.yaml")
        @pytest.mark.parametrize("n", [1, 2])
        def test_each(n): pass


        @pytest.mark.vcr("nobody.yaml")
        class TestAll:
            def test_a(self): pass
            def test_b(self): pass
        """,
    )
    for name in ("test_it", "test_each[1]", "test_each[2]", "TestAll.test_a"):
        suite.cassette(f"cassettes/test_a/{name}.yaml")
    suite.write_all()
    assert suite.cassettes() == [
        "cassettes/mine.yaml",
        "cassettes/test_a/TestAll.test_a.yaml",
        "cassettes/test_a/test_each[1].yaml",
        "cassettes/test_a/test_each[2].yaml",
    ]
    marks = [line for line in suite.text("test_a.py").splitlines() if "interactions" in line]
    assert marks == ['@pytest.mark.interactions("mine")', *["@pytest.mark.interactions()"] * 2]
