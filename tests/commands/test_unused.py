"""`unused` lists what no test owns, and never what a test that lives may own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from pytest_interactions.files import disk, journal, media, recovery
from pytest_interactions.files.candidates import candidate
from pytest_interactions.files.unowned.deleting import delete
from pytest_interactions.files.unowned.owned import Directory, Owned
from pytest_interactions.files.unowned.search import unowned

if TYPE_CHECKING:
    from tests.support import Runner

EMPTY = "version: 1\ninteractions: []\n"


class Project:
    """A project with files of all kinds, and `unused` in it."""

    def __init__(self, top: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.top, self._capsys, self._monkeypatch = top, capsys, monkeypatch
        self.files({"pytest.ini": "[pytest]\n"})

    def files(self, contents: dict[str, str]) -> None:
        """Write files."""
        for name, text in contents.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def cassettes(self, *names: str, below: str = "cassettes") -> None:
        """Write cassettes."""
        self.files({f"{below}/{name}.yaml": EMPTY for name in names})

    def snapshots(self, *names: str) -> None:
        """Write snapshots of ours, named `<directory>/<module>/<test>`."""
        split = [name.split("/") for name in names]
        self.files({f"{where}/__snapshots__/{module}/{test}.steps.txt": "turn 1\n" for where, module, test in split})

    def run(self, *words: str, here: str = ".") -> tuple[int, str, str]:
        """Return the status, and what is printed."""
        self._monkeypatch.chdir(self.top / here)
        self._capsys.readouterr()
        with self._monkeypatch.context() as patch:
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # which is half of the time
            patch.setenv("PYTEST_PLUGINS", "pytest_interactions.plugin,syrupy")
            status = main(["unused", *words])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def unused(self, *words: str, here: str = ".") -> list[str]:
        """Return the files that nobody owns."""
        status, out, _ = self.run(*words, here=here)
        *lines, summary = out.splitlines()
        assert summary.startswith("Owned by no test: ")
        assert status == (1 if lines else 0)
        return sorted(line.removesuffix(": no test owns it.") for line in lines)


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without tests."""
    return Project(tmp_path, capsys, monkeypatch)


SUITE = """
import sys, unittest
import pytest

def test_plain(interactions): pass

@pytest.mark.parametrize("x", ["a", "b"])
def test_params(interactions, x): pass

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.skipif("True", reason="another system"))])
def test_marked_params(interactions, x): pass

class TestOuter:
    def test_method(self, interactions): pass

    class TestInner:
        def test_nested(self, interactions): pass

@pytest.mark.interactions("shared/weather")
def test_named(): pass

@pytest.mark.interactions("..")
def test_misnamed(): pass

@pytest.mark.skipif(True, reason="another system")
class TestSkipped:
    def test_it(self, interactions): pass

@pytest.mark.skip
def test_skipped(module_interactions): pass

@pytest.mark.usefixtures("interactions")
class Case(unittest.TestCase):
    def test_case(self): pass
"""


def test_tests_own_what_they_are_named_and_marked_when_all_are_collected(project: Project) -> None:
    """A conftest.py may make names readable and add marks, and deselect tests then."""
    project.files(
        {
            "conftest.py": """
import pytest

def pytest_collection_modifyitems(config, items):
    for item in items:
        item.name = item.name.encode().decode("unicode_escape")
        if item.name == "test_marked":
            item.add_marker(pytest.mark.interactions("late"))
    gone = [item for item in items if "Z" in item.name]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)
""",
            "test_it.py": """
import pytest

@pytest.mark.parametrize("city", ["Z\u00fcrich", "M\u00fcnchen"])
def test_city(interactions, city): pass

def test_marked(interactions): pass
""",
        }
    )
    project.cassettes(
        "test_it/test_city[Z\u00fcrich]", "test_it/test_city[M\u00fcnchen]", "late", "test_it/test_zq_gone"
    )
    assert project.unused() == ["cassettes/test_it/test_zq_gone.yaml"]


def test_tests_of_all_kinds_own_their_cassettes(project: Project) -> None:
    """Deselected and skipped ones too, and those of wider scopes; what is beside them is listed."""
    project.files({"tests/test_it.py": SUITE, "pytest.ini": "[pytest]\naddopts = -k nothing\n"})
    mine = [
        "test_plain",
        "test_params[a]",
        "test_marked_params[1]",
        "test_marked_params[2]",
        "TestOuter.test_method",
        "TestOuter.TestInner.test_nested",
        "TestOuter.class_interactions",
        "TestSkipped.test_it",
        "test_skipped",
        "module_interactions",
        "class_interactions",
        "Case.test_case",
        "test_plain.failed",
        "test_plain.redacted",
    ]
    project.cassettes(*(f"tests/test_it/{name}" for name in mine))
    project.cassettes("shared/weather", "session_interactions", "package_interactions")
    orphans = [
        "TestOuter.TestInner.test_method",
        "TestOuter.test_gone",
        "Gone.class_interactions",
        "Gone.test_case",
        "test_gone",
        "test_gone.failed",
        "test_named",
        "test_params",
        "test_params[c]",
        "test_plain[a]",
    ]
    project.cassettes(*(f"tests/test_it/{name}" for name in orphans), "tests/test_no/test_it", "shared/sun", "rain")
    listed = [*(f"tests/test_it/{name}" for name in orphans), "tests/test_no/test_it", "shared/sun", "rain"]
    assert project.unused() == sorted(f"cassettes/{name}.yaml" for name in listed)
    assert not (project.top / ".pytest_cache").exists()
    assert not list(project.top.rglob("__pycache__"))


def test_what_a_run_records_is_owned(run: Runner, project: Project) -> None:
    """Whatever the names of tests are made into, for cassettes and for snapshots."""
    run.apart = True
    project.top = run.pytester.path
    run.test(
        """
class TestIt:
    @pytest.mark.parametrize("text", ["a/b:c", "x" * 190, "é", "1.5", "x[y]", ""])
    def test_names(self, interactions, snapshot_steps, text):
        ask(text)
        for _ in range(2):
            assert interactions == snapshot_steps
        assert interactions == snapshot_steps(name="named one", text=False)

def test_wide(class_interactions, module_interactions, session_interactions):
    ask()
"""
    )
    run.record("--snapshot-update").assert_outcomes(passed=7)
    run.pytester.path.joinpath("stdout").unlink()  # where syrupy names files
    written = [path for path in run.pytester.path.rglob("*") if path.suffix == ".yaml" or path.name.endswith(".txt")]
    assert len(written) == 6 + 6 * 3 + 1
    assert project.unused() == []
    run.pytester.path.joinpath("test_it.py").write_text("def test_other(): pass\n")
    assert len(project.unused()) == len(written) - 1  # that of the session, which has a test


UNCOLLECTED = {
    "tests/test_skipped.py": "import pytest\npytest.skip('elsewhere', allow_module_level=True)\ndef test_a(): pass\n",
    "tests/test_missing.py": "import pytest\npytest.importorskip('no_such_module')\ndef test_a(): pass\n",
    "tests/test_broken.py": "import no_such_module\n",
    "tests/test_class.py": "class TestA:\n    @__import__('pytest').mark.parametrize('a')\n    def test_a(_): pass\n",
    "tests/test_ignored.py": "def test_a(): pass\n",
    "tests/conftest.py": "import sys\ncollect_ignore = ['test_ignored.py']\n",
    "more/test_skipped_directory.py": "def test_a(): pass\n",
    "more/conftest.py": "import pytest\ncollect_ignore_glob = ['*']\n",
    "broken/conftest.py": "import pytest\ndef pytest_collect_file(file_path): raise ValueError('no\\nway')\n",
    "broken/test_below.py": "def test_a(): pass\n",
    "other/test_not_asked_for.py": "def test_a(): pass\n",
}


def test_files_that_were_not_collected_own_all_that_may_be_theirs(project: Project) -> None:
    """Skipped, broken, ignored, outside of the paths of the configuration; those that are not there own nothing."""
    project.files(UNCOLLECTED | {"tests/test_it.py": "def test_it(): pass\n"})
    project.files({"pytest.ini": "[pytest]\ntestpaths = tests more broken\n"})
    for file in [*UNCOLLECTED, "tests/test_gone.py"]:
        project.cassettes(f"{file.removesuffix('.py')}/test_a")
        project.snapshots("/".join([*file.removesuffix(".py").split("/"), "test_a"]))
    status, out, err = project.run()
    assert status == 1
    assert out.splitlines()[:-1] == [
        "cassettes/tests/test_gone/test_a.yaml: no test owns it.",
        "tests/__snapshots__/test_gone/test_a.steps.txt: no test owns it.",
    ]
    lines = dict(line.split(": was not collected (") for line in err.splitlines())
    assert lines["tests/test_skipped.py"].startswith("Skipped: elsewhere), so all that may be its tests' ")
    assert "No module named 'no_such_module'" in lines["tests/test_broken.py"]
    assert {"tests/test_missing.py", "tests/test_class.py"} <= set(lines)
    assert "broken" in lines


CONDITIONAL = """
import os, sys
import pytest
from other import make

WORDS = ["one"] + (["two"] if sys.platform == "no such system" else [])

@pytest.mark.parametrize("x", WORDS)
def test_params(interactions, x): pass

if sys.platform == "no such system":
    def test_function(interactions): pass

    class TestHere:
        async def test_method(self): pass

    TestInherited = make("TestInherited")
    test_made = make("test_made")

class TestThere:
    if sys.platform == "no such system":
        def test_later(self): pass

    def test_now(self): pass
"""


def test_tests_that_exist_on_another_system_own_their_files(project: Project) -> None:
    """If their names stand in the test file, and no test that is there has taken them over."""
    project.files({"test_it.py": CONDITIONAL, "other.py": "def make(name): pass\n"})
    mine = [
        "test_params[two]",
        "test_function",
        "test_function[x]",
        "TestHere.test_method",
        "TestInherited.test_from_base",
        "test_made",
        "TestThere.test_later",
    ]
    orphans = ["TestThere.test_method", "test_later", "test_params[three]", "test_params[]"]
    project.cassettes(*(f"test_it/{name}" for name in [*mine, *orphans]))
    project.snapshots(*(f"./test_it/{name}{more}" for name in [*mine, *orphans] for more in ("", ".1", "[a name]")))
    listed = project.unused()
    assert [path for path in listed if path.startswith("cassettes")] == sorted(
        f"cassettes/test_it/{name}.yaml" for name in orphans
    )
    assert {Path(path).name.removesuffix(".steps.txt") for path in listed if "__snapshots__" in path} == {
        f"{name}{more}" for name in orphans for more in ("", ".1", "[a name]")
    }


def test_parameters_of_another_system_may_be_those_of_a_conftest(project: Project) -> None:
    """Which asks where it runs; a file too large to look through, or with marks of vcrpy's, may have any cassette."""
    project.files(
        {
            "conftest.py": "import os, pytest\nKINDS = ['one', *(['two'] if 'NO_SUCH' in os.environ else [])]\n"
            "@pytest.fixture(params=KINDS)\ndef kind(request): return request.param\n",
            "unit/test_it.py": "def test_it(kind): pass\n",
            "unit/test_large.py": "def test_it(): pass\n" + "#" * 2**20,
        }
    )
    source = "import pytest\n@pytest.mark.vcr\n@pytest.mark.parametrize('x', ['b/c'])\ndef test_it(x): pass\n"
    project.files({"unit/test_vcr.py": source, "pytest.ini": "[pytest]\nmarkers = vcr\n"})
    project.cassettes("unit/test_it/test_it[two]", "unit/test_it/test_it[three]", "unit/test_large/test_other")
    project.cassettes("unit/test_vcr/test_it[b-c]")
    assert project.unused() == ["cassettes/unit/test_it/test_it[three].yaml"]


def test_a_directory_may_hold_more_than_cassettes(project: Project) -> None:
    """Where it is that of the tests too, other files of YAML, and what tools make, are left alone."""
    project.files(
        {
            "pytest.ini": "[pytest]\ninteractions_cassette_dir = .\naddopts = --doctest-glob=*.txt\n",
            "test_it.py": "def test_it(): pass\n",
            "text.txt": ">>> 1\n1\n",
            "ci.yaml": "jobs:\n  - run: pytest -k interactions:\n",
            "config.yaml": "name: x\ninteractions: []\n",
            "script.yaml": "version: 1\n",
            ".venv/x.yaml": EMPTY,
            "node_modules/x.yaml": EMPTY,
            "of_vcrpy.yaml": "# recorded\n---\ninteractions:\n- request: {}\nversion: 1\n",
            "flow.yaml": '{"version": 1, "interactions": []}',
        }
    )
    (project.top / "lost.yaml").symlink_to("nowhere.yaml")
    project.cassettes("ours", "test_it/test_it", "text/text.txt", "text/other", "text/text.more", below=".")
    expected = ["flow.yaml", "of_vcrpy.yaml", "ours.yaml", "text/other.yaml", "text/text.more.yaml"]
    assert project.unused() == expected
    assert project.unused("--", "-p", "no:syrupy") == expected


def test_a_parameter_without_a_condition_is_gone_when_it_is(project: Project) -> None:
    """Though its words stand in the file."""
    source = "import pytest\n@pytest.mark.parametrize('x', ['one'])\ndef test_it(x): 'two'\n"
    project.files({"test_it.py": source})
    project.cassettes("test_it/test_it[one]", "test_it/test_it[two]", "test_it/test_it[REDACTED]")
    assert project.unused() == ["cassettes/test_it/test_it[two].yaml"]


def test_what_a_source_mentions_is_owned(project: Project) -> None:
    """By its name in a path, quoted, or by its directory; not by a word in a text, nor by a report."""
    project.files(
        {
            "test_it.py": "def test_it(): use_cassette('cassettes/script.yaml')\n",
            "notebook.ipynb": json.dumps({"cells": [{"source": ['use_cassette("notebook")']}]}),
            "js/agent.test.js": "serve(`cassettes/${name}.yaml`); serve('cassettes/javascript')\n",
            ".github/workflows/ci.yml": "run: pytest-interactions serve cassettes/for-ci\n",
            "README.md": "The rain, and xscript2.yaml. See cassettes/sunny, old.steps.txt and plain.yaml\n",
            "report.xml": '<testcase name="rain"/>\n',
            "data.bin": "\0'rain'",
            ".venv/x.py": "'rain'",
            "env/pyvenv.cfg": "",
            "env/x.py": "'rain'",
        }
    )
    os.mkfifo(project.top / "pipe")
    project.cassettes("script", "notebook", "javascript", "for-ci/one", "for-ci/more/two", "plain", "script.failed")
    project.cassettes("rain", "sunny/day", "script2", "test_it/script")
    project.snapshots("./test_gone/old")
    project.files({f"cassettes/{name}.media/{'0' * 32}.png": "" for name in ("script", "rain")})
    assert project.unused() == [
        "cassettes/for-ci/more/two.yaml",
        "cassettes/rain.media",
        "cassettes/rain.yaml",
        "cassettes/script2.yaml",
    ]


def test_the_packages_of_a_monorepo_have_their_own(project: Project) -> None:
    """From the top, from a package, by a path, from elsewhere, with another rootdir: never more than was collected."""
    for name in ("one", "two"):
        project.files({f"{name}/pytest.ini": "[pytest]\n", f"{name}/tests/test_{name}.py": "def test_a(): pass\n"})
        project.cassettes(f"tests/test_{name}/test_a", f"tests/test_{name}/test_b", "x", below=f"{name}/cassettes")
        project.cassettes(f"{name}/tests/test_{name}/test_a", f"{name}/tests/test_gone/test_a")
    project.files({"three/pytest.ini": "", "four/test_four.py": "def test_a(): pass\n"})
    project.cassettes("test_three/test_a", below="three/cassettes")
    project.cassettes("four/test_four/test_b", "top")

    def of(name: str) -> list[str]:
        return [f"{name}/cassettes/tests/test_{name}/test_b.yaml", f"{name}/cassettes/x.yaml"]

    top = [f"cassettes/{name}.yaml" for name in ("four/test_four/test_b", "one/tests/test_gone/test_a", "top")]
    top += ["cassettes/two/tests/test_gone/test_a.yaml"]
    assert project.unused() == sorted([*of("one"), *of("two"), *top])
    assert project.unused(here="one") == [path.removeprefix("one/") for path in of("one")]
    assert project.unused("one") == of("one")
    assert project.unused("one/tests") == [of("one")[0]]
    assert project.unused("one/tests", "--", "--rootdir=.") == [top[1], of("one")[0]]
    assert project.unused("one/tests/test_one.py") == [of("one")[0]]
    assert project.unused("../one", here="two") == [str(project.top / path) for path in of("one")]
    assert project.unused("--", "--rootdir=four", "one/tests") == [of("one")[0]]
    status, out, _ = project.run("one", "--json", "--", "-k", "no")
    assert (status, sorted(each["path"] for each in json.loads(out)["unused"])) == (1, of("one"))


def test_options_that_are_known_late_keep_all_that_may_be_the_test_s(project: Project) -> None:
    """A cassette directory that a fixture decides on with the help of others may be any that is known."""
    project.files(
        {
            "test_a.py": "import pytest\n@pytest.fixture\ndef interactions_config(request): return {}\n"
            "def test_a(): pass\n@pytest.mark.interactions(no_such=1)\ndef test_b(): pass\n"
            "@pytest.mark.interactions('/')\ndef test_c(): pass\n",
            "test_b.py": "import pytest\npytestmark = pytest.mark.interactions(cassette_dir='recorded')\n"
            "def test_a(): pass\n",
        }
    )
    for directory in ("recorded", "cassettes"):
        project.cassettes("test_a/test_a", "test_a/test_b", "test_a/test_d", "test_b/test_a", below=directory)
    assert project.unused() == [
        "cassettes/test_a/test_d.yaml",
        "cassettes/test_b/test_a.yaml",
        "recorded/test_a/test_d.yaml",
    ]


def test_links_lead_nowhere(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a link that has a test leads to is owned; what lies outside of the project is neither listed nor deleted."""
    outside = tmp_path_factory.mktemp("outside")
    project.files({"test_it.py": "def test_it(): pass\n", "README.md": "mentioned.yaml"})
    project.cassettes("shared/one", "shared/two", "shared/three", "test_it/test_own")
    for name in ("outside/x", "test_gone"):
        (outside / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (outside / f"{name}.yaml").write_text(EMPTY)
    (outside / "test_gone.media").mkdir()
    (outside / "test_gone.media" / f"{'0' * 32}.png").write_text("")
    cassettes = project.top / "cassettes"
    (cassettes / "test_it/test_it.yaml").symlink_to(cassettes / "shared/one.yaml")
    (cassettes / "mentioned.yaml").symlink_to(cassettes / "shared/two.yaml")
    (cassettes / "test_it/test_gone.yaml").symlink_to(outside / "test_gone.yaml")
    (cassettes / "test_it/test_lost.yaml").symlink_to(outside / "nowhere.yaml")
    (cassettes / "linked").symlink_to(outside / "outside")
    (cassettes / "linked.media").symlink_to(outside / "test_gone.media")
    found = ["shared/three", "test_it/test_gone", "test_it/test_own"]
    assert project.unused() == [f"cassettes/{name}.yaml" for name in found]
    assert project.run("--delete", "--yes")[0] == 0
    assert sorted(path.name for path in cassettes.rglob("*.yaml")) == [
        "mentioned.yaml",
        "one.yaml",
        "test_it.yaml",
        "test_lost.yaml",
        "two.yaml",
    ]
    assert len([path for path in outside.rglob("*") if path.is_file()]) == 3
    cassettes.rename(outside / "cassettes")
    cassettes.symlink_to(outside / "cassettes")
    project.cassettes("new")
    assert project.unused() == []


# --- deleting ---


def _recorded(project: Project) -> Path:
    """A cassette without a test, with media, a candidate, and what a killed process has left of it."""
    project.files({"tests/test_it.py": "def test_it(): pass\n"})
    project.cassettes("tests/test_it/test_it", "tests/test_gone/test_a", "tests/test_gone/test_a.failed")
    project.snapshots("tests/test_gone/test_a", "tests/test_it/test_it")
    cassette = project.top / "cassettes/tests/test_gone/test_a.yaml"
    for each in (cassette, candidate(cassette)):
        media.directory_of(each).mkdir()
        (media.directory_of(each) / f"{'0' * 32}.png").write_bytes(b"0" * 1500)
    (cassette.parent / f".test_a.yaml.{'0' * 32}.tmp").write_text("")
    return cassette


LEFT = ["cassettes/tests/test_it/test_it.yaml", "pytest.ini", "tests/__snapshots__/test_it/test_it.steps.txt"]


def test_what_is_deleted_leaves_nothing_behind(project: Project) -> None:
    """A cassette goes with its media, its candidate, what killed processes left of it, and its directory."""
    cassette = _recorded(project)
    journals = journal.directory_of(cassette)
    journals.mkdir(parents=True)
    (journals / "0.journal").write_text("# cut short")
    status, out, err = project.run("--delete", "--yes")
    assert (status, err) == (0, "")
    assert out.splitlines()[-2:] == [
        "Owned by no test: 5 files (cassette: 2, media: 2, snapshot: 1), 3.0 KiB.",
        "Deleted: 5.",
    ]
    assert not journals.exists()
    assert not cassette.parent.exists()
    left = [str(path.relative_to(project.top)) for path in project.top.rglob("*") if path.is_file()]
    assert sorted(left) == [*LEFT, "tests/test_it.py"]
    assert not (project.top / "tests/__snapshots__/test_gone").exists()
    assert project.run("--delete") == (0, "Owned by no test: nothing.\n", "")


def test_without_a_terminal_nothing_is_deleted(project: Project) -> None:
    """Unless that is said."""
    cassette = _recorded(project)
    for words in (["--delete"], ["--delete", "--json"]):
        status, _, err = project.run(*words)
        assert status == 2
        assert err.splitlines() == [
            "pytest-interactions: nothing was deleted, as there is no terminal to ask on: to delete, add --yes."
        ]
        assert cassette.exists()
    status, out, _ = project.run("--delete", "--json", "--yes")
    told = json.loads(out)
    assert (status, told["not_collected"]) == (0, [])
    assert told["unused"][-1] == {
        "path": "tests/__snapshots__/test_gone/test_a.steps.txt",
        "kind": "snapshot",
        "files": 1,
        "bytes": 7,
        "deleted": True,
    }


@pytest.mark.parametrize(("answer", "status", "deleted"), [("y", 0, True), ("", 1, False)])
def test_on_a_terminal_it_asks_once(answer: str, status: int, deleted: bool, project: Project) -> None:
    cassette = _recorded(project)
    here, there = os.openpty()
    command = [sys.executable, "-m", "pytest_interactions", "unused", "--delete"]
    with subprocess.Popen(command, cwd=project.top, stdin=there, stdout=there, stderr=there) as process:
        os.write(here, f"{answer}\n".encode())
        process.wait()
    os.close(there)
    shown = b""
    while b"Delete these 5 files? [y/N]" not in shown:
        shown += os.read(here, 4096)
    os.close(here)
    assert process.returncode == status
    assert cassette.exists() is not deleted


def test_what_is_in_use_stays(project: Project) -> None:
    """What holds other files, what another cassette uses, and what can't be deleted; all else goes."""
    cassette = _recorded(project)
    (media.directory_of(cassette) / "notes.txt").write_text("")
    project.cassettes("tests/test_gone/shared", "tests/test_gone/odd")
    for name in ("shared", "odd"):
        medium = cassette.with_name(f"{name}.media") / f"{'0' * 32}.png"
        medium.mkdir(parents=True)
    cassette.with_name("shared.json").write_text(EMPTY)
    status, out, err = project.run("--delete", "--yes")
    assert status == 1
    named = "cassettes/tests/test_gone"
    lines = [line.partition(": was not deleted: ") for line in err.splitlines()]
    assert {name: reason for name, _, reason in lines if "odd" not in name} == {
        f"{named}/test_a.media": "it was written meanwhile, or holds other files."
    }
    assert {name for name, _, _ in lines if "odd" in name} == {f"{named}/odd.yaml", f"{named}/odd.media"}
    assert cassette.with_name("shared.media").exists()
    assert not cassette.with_name("shared.yaml").exists()
    assert "Deleted: 5." in out


def test_what_is_written_meanwhile_stays(tmp_path: Path) -> None:
    """A recording that was made between the question and the answer."""
    directory = tmp_path / "cassettes"
    directory.mkdir()
    for name in ("new.yaml", "old.yaml", "gone.yaml", "link.yaml"):
        (directory / name).write_text(EMPTY)
    (directory / "new.media").mkdir()
    (directory / "old.media").mkdir()
    snapshot = tmp_path / "__snapshots__/test_a/test_a.steps.txt"
    snapshot.parent.mkdir(parents=True)
    snapshot.write_text("")
    owned = Owned(root=tmp_path, scope={tmp_path}, directories=[Directory(tmp_path, directory)])
    owned.snapshot_directory = "__snapshots__"
    found = {each.path.name: each for each in unowned(owned)}
    assert list(found) == [
        "test_a.steps.txt",
        "gone.yaml",
        "link.yaml",
        "new.yaml",
        "new.media",
        "old.yaml",
        "old.media",
    ]
    (directory / "new.yaml").write_text(EMPTY * 2)
    snapshot.write_text("turn 1")
    (directory / "gone.yaml").unlink()
    (directory / "link.yaml").unlink()
    (directory / "link.yaml").symlink_to("new.yaml")
    stays = ["test_a.steps.txt", "link.yaml", "new.yaml", "new.media"]
    assert [name for name, each in found.items() if not delete(each)] == stays


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("files", "words", "error"),
    [
        ({}, [], "pytest has collected no test, so nothing can be told."),
        ({"test_a.py": "import no"}, [], "nothing can be told. test_a.py: ModuleNotFoundError: No module named 'no'"),
        ({}, ["test_a.py::test_b"], "a part of a file can't tell what no test owns: name files or directories, "),
        ({}, ["no.py"], "pytest can't collect the tests: ERROR: file or directory not found: no.py"),
        ({"conftest.py": "raise ValueError('no way')"}, [], "conftest.py': ValueError: no way\n"),
        ({"test_a.py": "import os\nos._exit(3)"}, [], "pytest can't collect the tests: it ended with status 3"),
        (
            {},
            ["--", "-p", "no:pytest_interactions.plugin"],
            "the plugin pytest-interactions is switched off, so no test owns ",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(files: dict[str, str], words: list[str], error: str, project: Project) -> None:
    """With status 2, and nothing listed."""
    project.files(files)
    project.cassettes("test_a/test_a")
    status, out, err = project.run(*words)
    assert (status, out) == (2, "")
    assert error in err
    assert err.count("\n") == 1


def test_a_recording_that_is_under_way_keeps_its_journal(tmp_path: Path) -> None:
    """That of a process that lives is its own."""
    directory = journal.directory_of(tmp_path / "a.yaml")
    directory.mkdir(parents=True)
    file = directory / "0.journal"
    file.write_text("")
    release = disk.lock(file, wait=True)
    recovery.forget(tmp_path / "a.yaml")
    assert file.exists()
    assert release is not None
    release()
    recovery.forget(tmp_path / "a.yaml")
    assert not directory.exists()


def test_what_stops_a_run_does_not_stop_the_search(project: Project) -> None:
    """The first error, and what pytest remembers of the last run."""
    project.files(
        {
            "test_a.py": "def test_a(): assert 0\n",
            "test_b.py": "def test_a(): pass\n",
            "test_0.py": "import no_such_module\n",
            "checks.yaml": "",
            "conftest.py": "import pytest\nclass Check(pytest.Item):\n    def runtest(self): pass\n"
            "class Checks(pytest.File):\n    def collect(self): yield Check.from_parent(self, name='check')\n"
            "def pytest_collect_file(file_path, parent):\n"
            "    if file_path.name == 'checks.yaml': return Checks.from_parent(parent, path=file_path)\n",
        }
    )
    project.cassettes("test_a/test_a", "test_b/test_a", "test_b/test_c", "test_0/test_a", "checks/check")
    subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=project.top, stdout=subprocess.DEVNULL, check=False)
    project.files({"pytest.ini": "[pytest]\naddopts = -x --lf --sw\n"})
    remembered = {path: path.read_bytes() for path in project.top.rglob(".pytest_cache/v/**/*") if path.is_file()}
    assert remembered
    assert project.unused() == ["cassettes/test_b/test_c.yaml"]
    assert project.unused("--", "-p", "no:cacheprovider", "-o", "addopts=") == ["cassettes/test_b/test_c.yaml"]
    assert remembered == {
        path: path.read_bytes() for path in project.top.rglob(".pytest_cache/v/**/*") if path.is_file()
    }


# --- at the end of a run ---


@pytest.fixture
def suite(run: Runner) -> Runner:
    """A suite with files that no test owns, and one that is named when it runs."""
    run.monkeypatch.chdir(run.pytester.path)
    run.apart = True
    run.test(
        """
from pathlib import Path
from pytest_interactions import use_cassette

def test_a(interactions): ask()

@pytest.mark.parametrize("n", range(2))
def test_b(n):
    with use_cassette(Path("cassettes") / ("by" + "-code.yaml"), record_mode="once"):
        ask()

def test_c(): pass
"""
    )
    run.record().assert_outcomes(passed=4)
    for name in ("cassettes/test_it/test_d.yaml", "cassettes/weather.yaml"):
        (run.pytester.path / name).write_text(EMPTY)
    return run


LISTED = [
    "cassettes/weather.yaml: no test owns it",
    "cassettes/test_it/test_d.yaml: no test owns it",
    "pytest-interactions unused --delete deletes what no test owns",
]


@pytest.mark.parametrize("more", [[], ["-n2"], ["test_it.py"]], ids=["", "workers", "a path"])
def test_a_run_of_a_whole_suite_lists_what_no_test_owns(more: list[str], suite: Runner) -> None:
    """What it has used by its code is known; with a path, what is not below it is not judged."""
    result = suite.replay("--interactions-unused=list", *more)
    result.assert_outcomes(passed=4)
    told = [line for line in result.outlines if line in LISTED]
    assert told == (LISTED[1:] if more == ["test_it.py"] else LISTED)
    assert "by-code" not in result.stdout.str()


@pytest.mark.parametrize(
    "more",
    [
        ["-k", "a"],
        ["test_it.py::test_a"],
        ["--lf", "-p", "cacheprovider"],
        ["-x", "-p", "stop"],
        ["-n1", "-x", "-p", "stop"],
    ],
    ids=["-k", "a part", "--lf", "-x", "a worker and -x"],
)
def test_a_run_of_some_tests_lists_nothing(more: list[str], suite: Runner) -> None:
    suite.pytester.path.joinpath("stop.py").write_text("def pytest_runtest_setup(item): assert item.name != 'test_a'")
    suite.pytester.syspathinsert()
    suite.pytester.makeini("[pytest]\ninteractions_unused = list\n")
    assert "no test owns it" not in suite.replay(*more).stdout.str()


def test_a_run_without_the_option_lists_nothing(suite: Runner) -> None:
    assert "no test owns it" not in suite.replay().stdout.str()
    for path in ("cassettes/weather.yaml", "cassettes/test_it/test_d.yaml"):
        (suite.pytester.path / path).unlink()
    assert "unused" not in suite.replay("--interactions-unused=list").stdout.str()


def test_another_value_is_refused(run: Runner) -> None:
    run.pytester.makeini("[pytest]\ninteractions_unused = yes\n")
    run.test("def test_a(): pass")
    result = run.replay()
    result.stderr.fnmatch_lines("*ini file: interactions_unused: 'yes' is not one of list, off.*")
