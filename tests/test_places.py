"""A test has the same cassette wherever it is run from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import HELLO

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

#: A layout: its files beside the tests, and where the cassettes are.
LAYOUTS = {
    "nothing": ([], "cassettes/tests/unit"),
    "ini file at the top": (["pytest.ini"], "cassettes/tests/unit"),
    "toml file at the top": (["pyproject.toml"], "cassettes/tests/unit"),
    "no configuration, but a project": (["setup.py"], "cassettes/tests/unit"),
    "ini file in the tests": (["tests/pytest.ini"], "tests/cassettes/unit"),
}
CONTENTS = {"pytest.ini": "[pytest]\n", "pyproject.toml": "[tool.pytest.ini_options]\n", "setup.py": ""}
RUNS = {
    "from the top": (".", []),
    "from the tests": ("tests", []),
    "from beside the test": ("tests/unit", ["test_it.py"]),
    "by a path": (".", ["tests/unit/test_it.py"]),
    "with the rootdir of an IDE": (".", ["--rootdir=tests/unit", "tests/unit/test_it.py::test_it"]),
    "from elsewhere": ("elsewhere", ["../tests"]),
}


def _lay_out(top: Path, files: list[str]) -> None:
    for name in files:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(CONTENTS[name.rpartition("/")[2]])
    (top / "tests/unit").mkdir(parents=True, exist_ok=True)
    (top / "elsewhere").mkdir(exist_ok=True)
    (top / "tests/unit/test_it.py").write_text(f"{HELLO}\ndef test_it(interactions): ask()")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_test_has_one_cassette_from_anywhere(layout: str, run: Runner) -> None:
    files, place = LAYOUTS[layout]
    top = run.pytester.path
    _lay_out(top, files)
    run.record().assert_outcomes(passed=1)
    assert [str(path.relative_to(top)) for path in top.rglob("*.yaml")] == [f"{place}/test_it/test_it.yaml"]
    run.emulator.stop()
    for directory, arguments in RUNS.values():
        run.monkeypatch.chdir(top / directory)
        run.replay(*arguments).assert_outcomes(passed=1)


@pytest.mark.parametrize("where", ["top", "one"])
def test_a_package_of_a_monorepo_has_its_own_cassettes(where: str, run: Runner) -> None:
    """Recorded from the top or from the package, and replayed from both."""
    top = run.pytester.path
    (top / "pytest.ini").write_text("[pytest]\n")
    for name in ("one", "two"):
        (top / name).mkdir()
        _lay_out(top / name, ["pyproject.toml"])
    run.monkeypatch.chdir(top if where == "top" else top / "one")
    run.record("--import-mode=importlib").assert_outcomes(passed=2 if where == "top" else 1)
    assert (top / "one/cassettes/tests/unit/test_it/test_it.yaml").exists()
    run.emulator.stop()
    for directory in (top, top / "one"):
        run.monkeypatch.chdir(directory)
        run.replay("--import-mode=importlib", str(top / "one")).assert_outcomes(passed=1)


def test_a_cassette_where_pytest_runs_is_found_too(run: Runner) -> None:
    """A project that gets a configuration later keeps the cassettes that it has."""
    top = run.pytester.path
    _lay_out(top, ["pytest.ini"])
    run.record().assert_outcomes(passed=1)
    (top / "tests/pytest.ini").write_text("[pytest]\n")
    run.replay("--rootdir", str(top)).assert_outcomes(passed=1)


def test_a_missing_cassette_names_the_places_and_its_namesakes(run: Runner) -> None:
    """What is in hidden directories, in caches or in environments is none."""
    top = run.pytester.path
    _lay_out(top, ["pytest.ini", "tests/pytest.ini"])
    for name in ("old/cassettes", ".hidden", "node_modules", "venv"):
        (top / name).mkdir(parents=True)
        (top / name / "test_it.yaml").write_text("interactions: []")
    result = run.replay("--rootdir", str(top))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*There is no cassette tests/cassettes/unit/test_it/test_it.yaml yet*",
            "*It was looked for in tests/cassettes and in cassettes.",
            "*One of that name is old/cassettes/test_it.yaml. If it is this test's, move it, or *",
            "*To record it: pytest *",
        ]
    )
    assert str(result.stdout).count("One of that name is") == 1


@pytest.mark.parametrize("directory", ["recorded", "{tmp}/recorded"])
def test_a_directory_that_is_set_is_the_project_s(
    directory: str, run: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Or anywhere, if its path is absolute."""
    top, elsewhere = run.pytester.path, tmp_path_factory.mktemp("elsewhere")
    _lay_out(top, ["pytest.ini"])
    directory = directory.format(tmp=elsewhere)
    (top / "pytest.ini").write_text(f"[pytest]\ninteractions_cassette_dir = {directory}\n")
    run.record().assert_outcomes(passed=1)
    assert (top / directory / "tests/unit/test_it/test_it.yaml").exists()
    run.monkeypatch.chdir(top / "tests/unit")
    run.replay().assert_outcomes(passed=1)
