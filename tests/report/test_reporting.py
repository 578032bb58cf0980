"""The report of a run: what is told of each test, wherever it ran and however it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.report import traced, writing
from pytest_interactions.report.page import environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.browsing import Browser
    from tests.support import Runner

_SNAPSHOT = """
def test_it(interactions, snapshot_steps):
    ask(PROMPT)
    assert interactions == snapshot_steps
"""


def told(run: Runner, *args: str, mode: str = "") -> dict[str, Any]:
    """What a run tells of its tests, by their own names."""
    args = ("--interactions-report=out/report.json", *args)
    _ = run.record(*args, mode=mode) if mode else run.replay(*args)
    return {test["id"].partition("::")[2]: test for test in model(run)["tests"]}


def model(run: Runner) -> dict[str, Any]:
    """The model of the last report."""
    value: dict[str, Any] = json.loads((run.pytester.path / "out/report.json").read_text("utf-8"))
    return value


def outcomes(tests: dict[str, Any]) -> dict[str, str]:
    """The outcome of each test."""
    return {name: test["outcome"] for name, test in tests.items()}


def text_of(lines: list[list[str]]) -> str:
    """The text of lines."""
    return "\n".join(text for _, text in lines)


def asked_in(traced: dict[str, Any]) -> list[str]:
    """What was asked through a cassette."""
    return [turn["steps"][0]["content"][0]["text"] for turn in traced["content"]["turns"]]


# --- what is told ---


def test_tests_whose_names_differ_in_a_secret_alone_are_all_told(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of one is not hidden by the other."""
    for name, key in (("A_API_KEY", "gamma-Gamma-XYZ98ab4"), ("B_API_KEY", "beta-beta-QRS76bb1")):
        monkeypatch.setenv(name, key)
    run.test("""
import os

@pytest.mark.parametrize("key", [os.environ["A_API_KEY"], os.environ["B_API_KEY"]])
def test_it(key):
    assert "beta" in key
""")
    told(run)
    assert sorted(test["outcome"] for test in model(run)["tests"]) == ["failed", "passed"]


def test_requests_that_differ_and_may_are_told(run: Runner) -> None:
    """A test that passed by `differing = "warn"` has got answers to other requests."""
    run.apart = True  # in this process warnings are errors
    run.test("def test_it(interactions): ask('Hi')")
    run.record()
    run.test("@pytest.mark.interactions(match_on='sequence', differing='warn')\ndef test_it(interactions): ask('Ho')")
    test = told(run)["test_it"]
    assert test["outcome"] == "passed"
    (phase,) = [each for each in test["phases"] if each["outcome"] == "differs"]
    assert 'input: "Hi" -> "Ho"' in text_of(phase["lines"])
    run.replay("--interactions-report=out/report.md")
    assert 'input: "Hi" -> "Ho"' in (run.pytester.path / "out/report.md").read_text("utf-8")


def test_a_test_is_told_with_its_cassette_turns_and_figures(run: Runner) -> None:
    """Recorded and replayed alike, but for the record mode."""
    run.test("def test_it(interactions): ask('Hi')")
    for mode, said in (("once", "once"), ("", "none")):
        test = told(run, mode=mode)["test_it"]
        assert (test["outcome"], test["attempts"]) == ("passed", 1)
        assert [phase["name"] for phase in test["phases"]] == ["setup", "call", "teardown"]
        assert test["seconds"] == pytest.approx(sum(phase["seconds"] for phase in test["phases"]))
        (traced,) = test["cassettes"]
        assert (traced["path"], traced["user"], traced["record_mode"]) == (
            "cassettes/test_it/test_it.yaml",
            "interactions",
            said,
        )
        content = traced["content"]
        assert [step["type"] for step in content["turns"][0]["steps"]] == ["user_input", "thought", "model_output"]
        assert content["tokens"]["in"] > 0
        assert content["seconds"] > 0
        assert content["recorded"]
        assert traced["signed"] == [[1]]
        assert '"input": "Hi"' in traced["bodies"][0]["request"]["text"]
        assert (traced["recorded"], traced["candidate"], traced["missing"]) == (None, None, "")
    assert model(run)["title"] == run.pytester.path.name
    assert (model(run)["collected"], model(run)["ended"]) == (1, "")


def test_each_outcome_is_told_with_its_reason(run: Runner) -> None:
    """Tests without a cassette too."""
    run.test(
        """
@pytest.fixture
def broken(): raise ValueError("no fixture")
@pytest.fixture
def late():
    yield
    raise ValueError("no end")
def test_passes(): pass
def test_fails(): assert 1 == 2
def test_errs(broken): pass
def test_ends(late): pass
@pytest.mark.skip(reason="not now")
def test_skips(): pass
def test_skips_inside(): pytest.skip("no luck")
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail(reason="fixed")
def test_xpasses(): pass
@pytest.mark.xfail(reason="strict", strict=True)
def test_strict(): pass
"""
    )
    tests = told(run)
    assert outcomes(tests) == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_errs": "error",
        "test_ends": "error",
        "test_skips": "skipped",
        "test_skips_inside": "skipped",
        "test_xfails": "xfailed",
        "test_xpasses": "xpassed",
        "test_strict": "failed",
    }
    headlines = {
        name: [each["headline"] for each in test["phases"] if each["headline"]] for name, test in tests.items()
    }
    assert headlines == {
        "test_passes": [],
        "test_fails": ["assert 1 == 2"],
        "test_errs": ["ValueError: no fixture"],
        "test_ends": ["ValueError: no end"],
        "test_skips": ["Skipped: not now"],
        "test_skips_inside": ["Skipped: no luck"],
        "test_xfails": ["known"],
        "test_xpasses": ["fixed"],
        "test_strict": ["[XPASS(strict)] strict"],
    }
    assert all(test["cassettes"] == [] for test in tests.values())


def test_a_miss_is_told_as_the_terminal_tells_it_with_what_the_cassette_holds(run: Runner) -> None:
    """The test's own exchanges are those that it came to; the recorded ones are for reference."""
    run.test("def test_it(interactions):\n    ask('a')\n    ask('b')")
    run.record()
    run.test("def test_it(interactions):\n    ask('a')\n    ask('x')")
    result = run.replay("--interactions-report=out/report.json", "--interactions-report=out/report.json")
    (test,) = model(run)["tests"]
    (failure,) = [phase for phase in test["phases"] if phase["lines"]]
    assert text_of(failure["lines"]) in result.stdout.str()
    assert ["error", 'E     input: "b" -> "x"'] in failure["lines"]
    assert failure["headline"] == 'CassetteMissError: input: "b" -> "x"'
    (traced,) = test["cassettes"]
    assert len(traced["content"]["exchanges"]) == 1
    assert len(traced["recorded"]["content"]["exchanges"]) == 2


def test_a_snapshot_that_differs_is_told_with_the_candidate_that_waits(run: Runner) -> None:
    """And with the command that accepts it."""
    run.test(_SNAPSHOT + "PROMPT = 'Hello'")
    run.record("--snapshot-update")
    run.test(_SNAPSHOT + "PROMPT = 'Help'")
    test = told(run, mode="rewrite")["test_it"]
    (change,) = test["snapshots"]
    assert change["path"] == "__snapshots__/test_it/test_it.steps.txt"
    assert ["removed", "-  model_output: You said: Hello"] in change["lines"]
    assert ["added", "+  model_output: You said: Help"] in change["lines"]
    waiting = test["cassettes"][0]["candidate"]
    path = "cassettes/test_it/test_it.failed.yaml"
    assert (waiting["path"], waiting["same"]) == (path, False)
    assert waiting["accept"] == f"pytest-interactions review --accept {path}"
    assert ["added", "+  user_input: Help"] in waiting["lines"]
    assert [each["path"] for each in waiting["snapshots"]] == [change["path"]]
    failure = next(phase for phase in test["phases"] if phase["outcome"] == "failed")
    assert {"added", "removed"} <= {kind for kind, _ in failure["lines"]}


def test_a_snapshot_that_is_not_there_yet_differs_as_a_whole(run: Runner) -> None:
    """All of it is new."""
    run.test(_SNAPSHOT + "PROMPT = 'Hello'")
    (change,) = told(run, mode="once")["test_it"]["snapshots"]
    assert {kind for kind, _ in change["lines"]} == {"turn", "added"}


def test_the_terminal_the_page_and_markdown_say_the_same_of_a_failure(run: Runner, browser: Browser) -> None:
    """They are made of the same lines."""
    run.test(_SNAPSHOT + "PROMPT = 'Hello'")
    run.record("--snapshot-update")
    run.test(_SNAPSHOT + "PROMPT = 'Help'")
    for suffix in (".json", ".md", ".html"):
        result = run.replay(f"--interactions-report=out/report{suffix}")
    (test,) = model(run)["tests"]
    (failure,) = [phase["lines"] for phase in test["phases"] if phase["lines"]]
    assert len(failure) > 5
    assert text_of(failure) in result.stdout.str()
    assert text_of(failure) in (run.pytester.path / "out/report.md").read_text("utf-8")
    browser.open(run.pytester.path / "out/report.html", "#test=test_it.py%3A%3Atest_it")
    assert browser.one(".phase .lines").text == text_of(failure)


def test_what_the_api_would_refuse_is_told_and_what_was_captured_is_not(run: Runner) -> None:
    """As the terminal has both, and the second may be anything."""
    run.test(
        """
def test_it(interactions):
    print("PRINTED")
    result = {"type": "function_result", "call_id": "x", "name": "f", "result": "y"}
    ask([result])
    assert 0
"""
    )
    told(run, mode="once")
    lines = text_of(told(run)["test_it"]["phases"][1]["lines"])
    assert "interactions: what the API would refuse" in lines
    assert lines.count("PRINTED") == 1  # in the source


def test_subtests_are_told_beside_their_test(run: Runner) -> None:
    """One that fails, by its name."""
    run.test(
        """
def test_it(interactions, subtests):
    with subtests.test("first"): ask("a")
    with subtests.test("second", n=1): assert 0
"""
    )
    test = told(run, mode="once")["test_it"]
    subtests = [(phase["name"], phase["outcome"]) for phase in test["phases"] if phase["name"].startswith("subtest")]
    assert subtests == [("subtest first", "passed"), ("subtest second (n=1)", "failed")]
    assert test["outcome"] == "failed"


def test_the_last_attempt_is_told_and_how_many_there_were(run: Runner) -> None:
    """pytest-rerunfailures makes an attempt anew; what an earlier one exchanged is not told."""
    run.test(
        """
import pytest_interactions
attempts = []
def test_it(interactions):
    attempts.append(1)
    ask("Hi")
    with pytest_interactions.use_cassette("block.yaml", record_mode="once", recorded_hosts=["127.0.0.1"]): ask("Ho")
    assert len(attempts) > 2
"""
    )
    test = told(run, "--reruns=3", mode="once")["test_it"]
    assert (test["outcome"], test["attempts"]) == ("passed", 3)
    assert [phase["outcome"] for phase in test["phases"]] == ["passed", "passed", "passed"]
    assert [each["user"] for each in test["cassettes"]] == ["interactions", "use_cassette"]
    assert [len(each["content"]["exchanges"]) for each in test["cassettes"]] == [1, 1]


def test_an_attempt_that_is_not_made_any_more_leaves_the_last_one(run: Runner) -> None:
    """As the run was interrupted meanwhile."""
    run.test(
        """
attempts = []
def test_it():
    attempts.append(1)
    if len(attempts) > 1: raise KeyboardInterrupt
    assert 0
"""
    )
    run.apart = True
    assert outcomes(told(run, "--reruns=3")) == {"test_it": "failed"}


def test_a_wider_cassette_is_told_with_what_each_test_asked_of_it(run: Runner) -> None:
    """What its fixture sends is of the first test."""
    run.test(
        """
@pytest.fixture(scope="module")
def wide(module_interactions): return ask("wide")
def test_a(wide, interactions): ask("a")
def test_b(wide, module_interactions): ask("b")
def test_c(wide): pass
"""
    )
    tests = told(run, mode="once")
    asked = {
        name: {
            each["path"]: [turn["steps"][0]["content"][0]["text"] for turn in each["content"]["turns"]]
            for each in test["cassettes"]
        }
        for name, test in tests.items()
    }
    wide = "cassettes/test_it/module_interactions.yaml"
    assert asked == {
        "test_a": {"cassettes/test_it/test_a.yaml": ["a"], wide: ["wide"]},
        "test_b": {wide: ["b"]},
        "test_c": {wide: []},
    }


# --- however a run ends ---


def test_workers_of_xdist_hand_over_what_they_tell(run: Runner) -> None:
    """The report is the same as that of one process, but for the times."""
    source = "\n".join(f"def test_{name}(interactions): ask('{name}')" for name in "abcd")
    run.test(source + "\ndef test_fails(): assert 0")
    one = told(run, mode="once")
    many = told(run, "-n2")
    assert outcomes(many) == outcomes(one)
    assert list(many) == sorted(one)
    assert [each["content"]["turns"] for each in many["test_a"]["cassettes"]] == [
        each["content"]["turns"] for each in one["test_a"]["cassettes"]
    ]
    assert model(run)["collected"] == 5


def test_a_worker_that_crashes_is_told(run: Runner) -> None:
    """Its test never came to its end."""
    run.test("def test_dies(): import os; os._exit(3)\ndef test_passes(): pass")
    tests = told(run, "-n1")
    assert outcomes(tests) == {"test_dies": "error", "test_passes": "passed"}
    assert "crashed while running" in text_of(tests["test_dies"]["phases"][0]["lines"])


def test_a_file_that_cannot_be_collected_is_told(run: Runner) -> None:
    """By its path."""
    run.test("import nothing_of_this_name")
    run.replay("--interactions-report=out/report.json")
    (test,) = model(run)["tests"]
    assert (test["id"], test["outcome"], test["phases"][0]["name"]) == ("test_it.py", "error", "collection")
    assert "ModuleNotFoundError" in test["phases"][0]["headline"]
    assert model(run)["ended"] == "1 error during collection" or model(run)["ended"] == "interrupted"


def test_a_run_that_stops_early_says_why(run: Runner) -> None:
    """And how many tests there were."""
    run.test("def test_a(): assert 0\ndef test_b(): pass")
    assert outcomes(told(run, "-x")) == {"test_a": "failed"}
    assert (model(run)["ended"], model(run)["collected"]) == ("stopping after 1 failures", 2)


def test_an_interrupted_test_is_told_with_what_it_came_to(run: Runner) -> None:
    """The report is written all the same."""
    run.test("def test_a(interactions):\n    ask('Hi')\n    raise KeyboardInterrupt\ndef test_b(): pass")
    run.apart = True
    tests = told(run, mode="once")
    assert outcomes(tests) == {"test_a": "interrupted"}
    assert len(tests["test_a"]["cassettes"][0]["content"]["exchanges"]) == 1
    assert model(run)["ended"] == "interrupted"


def test_a_run_that_is_stopped_by_a_signal_writes_its_report(run: Runner) -> None:
    """Ctrl-C in a terminal."""
    run.test("""
import os, signal

def test_a(): pass
def test_b():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored where this run is in the background
    os.kill(os.getpid(), signal.SIGINT)
""")
    command = [sys.executable, "-m", "pytest", "-q", "--interactions-report=out/report.json"]
    result = subprocess.run(command, cwd=run.pytester.path, capture_output=True, check=False, env={**os.environ})
    assert result.returncode == pytest.ExitCode.INTERRUPTED
    assert outcomes({test["id"][-1]: test for test in model(run)["tests"]}) == {"a": "passed", "b": "interrupted"}


# --- the file ---


def test_the_report_is_named_at_the_end(run: Runner) -> None:
    """From where pytest was begun; not with -q, as all else."""
    run.test("def test_it(): pass")
    run.replay("--interactions-report=out/deep/report.html").stdout.fnmatch_lines(
        ["interactions, report: out/deep/report.html"]
    )
    assert (run.pytester.path / "out/deep/report.html").read_text("utf-8").startswith("<!doctype html>")
    run.replay("-q", "--interactions-report=out/report.html").stdout.no_fnmatch_line("interactions, report*")


def test_the_ini_file_names_a_report_from_its_own_directory(run: Runner) -> None:
    """The command line has precedence."""
    run.test("def test_it(): pass")
    run.pytester.makeini("[pytest]\ninteractions_report = out/ini.md")
    run.replay()
    assert (run.pytester.path / "out/ini.md").read_text("utf-8").startswith("### ")
    run.replay("--interactions-report=out/flag.md")
    assert (run.pytester.path / "out/flag.md").exists()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("report.txt", "*the suffix of a report says its form: .html, .md, .json."),
        ("file/report.html", "*file/report.html: the report can't be written here: *"),
        ("there.html", "*there.html: the report can't be written here: it is a directory."),
    ],
)
def test_a_report_that_cannot_be_written_ends_the_run_before_any_test(path: str, reason: str, run: Runner) -> None:
    """With a line, and no traceback."""
    run.test("def test_it(): open('ran', 'w')")
    (run.pytester.path / "file").write_text("")
    (run.pytester.path / "there.html").mkdir()
    result = run.replay(f"--interactions-report={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --interactions-report: {reason}"])
    assert "Traceback" not in result.stderr.str()
    assert not (run.pytester.path / "ran").exists()


def test_a_disk_that_fills_up_meanwhile_is_a_line_too(run: Runner) -> None:
    """The run ends as it would have."""
    run.test("def test_it():\n    import shutil\n    shutil.rmtree('out')\n    open('out', 'w').close()")
    result = run.replay("--interactions-report=out/report.html")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["interactions, report: out/report.html: can't be written: *"])


def test_what_is_told_may_be_lost_and_the_run_ends_as_it_would_have(run: Runner) -> None:
    """A full disk, or somebody who cleans up the directory of temporary files."""
    run.test(
        """
def test_it():
    import pathlib, shutil, tempfile
    for told in pathlib.Path(tempfile.gettempdir()).glob("pytest-interactions-report-*"): shutil.rmtree(told)
"""
    )
    run.monkeypatch.setattr("tempfile.tempdir", str(run.pytester.mkdir("temporary")))
    result = run.replay("--interactions-report=out/report.html")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["interactions, report: out/report.html: can't be written: No such file or directory"])


def test_a_fake_file_system_is_no_place_for_a_report(run: Runner) -> None:
    """Though it lasts as long as the session."""
    run.test("def test_it(fs_session, interactions): ask('Hi')")
    run.apart = True
    test = told(run, mode="once")["test_it"]
    assert len(test["cassettes"][0]["content"]["exchanges"]) == 1


def test_a_missing_library_is_told_with_the_command_that_brings_it(run: Runner) -> None:
    """Of the page alone; other forms need none."""
    run.test("def test_it(): pass")
    run.monkeypatch.setitem(sys.modules, "jinja2", None)
    environment.cache_clear()
    result = run.replay("--interactions-report=report.html")
    result.stderr.fnmatch_lines(["*needs jinja2, which is missing: pip install 'pytest-interactions[[]report[]]'"])
    run.replay("--interactions-report=report.md").assert_outcomes(passed=1)


def test_nothing_is_imported_or_written_without_the_option(run: Runner) -> None:
    """Nor by a run that only collects."""
    run.test("import sys\ndef test_it(): assert not [name for name in sys.modules if '_interactions.report' in name]")
    run.apart = True
    run.replay().assert_outcomes(passed=1)
    run.replay("--collect-only", "--interactions-report=report.html")
    assert not (run.pytester.path / "report.html").exists()


def test_equal_models_make_equal_reports(run: Runner, tmp_path: Path) -> None:
    """So that two can be compared."""
    run.test("def test_it(interactions): ask('Hi')")
    told(run, mode="once")
    for suffix in writing.FORMS:
        pages = []
        for number in range(2):
            path = tmp_path / f"{number}{suffix}"
            writing.write(path, json.loads(json.dumps(model(run))))
            pages.append(path.read_bytes())
        assert pages[0] == pages[1]


# --- secrets, and what goes wrong ---


def test_no_secret_is_in_any_form(run: Runner) -> None:
    """Not of the environment, a request, a parameter, or the option `redact`: in no line, id, path or body."""
    key, listed, custom = "AIza" + "Sy7dK2mQ9xR4vT8wZ1bN6cF3gH5jL0pX" + "Y3s", "tok-93hf8sk2kd8fh3jd", "cust-123456"
    run.monkeypatch.setenv("SOME_SERVICE_TOKEN", listed)
    run.test(
        f"""
@pytest.mark.interactions(redact=["re:cust-[0-9]+"])
@pytest.mark.parametrize("value", ["{listed}"])
def test_it(interactions, value):
    ask(value + " {custom}")
    raise ValueError(value + " {key} " + "{custom}")
def test_plain(): assert "{listed}" == "{key}"
"""
    )
    for suffix in (".json", ".md", ".html"):
        run.record(f"--interactions-report=out/report{suffix}", mode="once")
        text = (run.pytester.path / f"out/report{suffix}").read_text("utf-8")
        assert "REDACTED" in text
        for secret in (key, listed, custom):
            assert secret not in text


def test_media_that_are_missing_are_told(run: Runner) -> None:
    """All else of the cassette is told."""
    run.test("def test_it(interactions): ask('Draw a tree', response_modalities=['image'], model='gemini-3-pro-image')")
    run.test(
        """
@pytest.mark.interactions(media_threshold=10)
def test_it(interactions):
    try: ask([{"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgo" + "A" * 41}])
    except KeyError: pass
"""
    )
    told(run, mode="once")
    (medium,) = (run.pytester.path / "cassettes/test_it/test_it.media").iterdir()
    test = told(run)["test_it"]
    assert [each["type"] for each in test["cassettes"][0]["media"].values()] == ["image/png"]
    medium.unlink()
    test = told(run)["test_it"]
    assert "can't be read" in test["cassettes"][0]["missing"]
    assert len(test["cassettes"][0]["content"]["exchanges"]) == 1


def test_a_test_that_cannot_be_told_of_does_not_end_the_run(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed, and says so."""
    monkeypatch.setattr(traced, "bodies_of", lambda _: 1 / 0)
    run.test("def test_it(interactions): ask('Hi')\ndef test_b(): pass")
    tests = told(run, mode="once")
    assert outcomes(tests) == {"test_it": "passed", "test_b": "passed"}
    assert tests["test_it"]["phases"][-1]["headline"] == ""
    assert text_of(tests["test_it"]["phases"][-1]["lines"]).startswith("This test can't be told of: ZeroDivisionError")
