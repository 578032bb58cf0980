"""The review on a real terminal: keys, sizes, colours, and the terminal as it was at the end."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.files import leaving
from tests.review.projects import waiting

if sys.platform == "win32":
    pytest.skip("it has no pty", allow_module_level=True)
from tests.review.ptys import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project with three candidates."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("one", "three", "two"):
        waiting(tmp_path, name)
    return tmp_path


@pytest.fixture
def at(home: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens terminals in that project, which are closed at the end."""
    opened: list[Terminal] = []

    def open_(*arguments: str, **more: object) -> Terminal:
        opened.append(Terminal(home, "review", *arguments, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


def _snapshot(home: Path, name: str) -> str:
    return (home / "__snapshots__" / f"{name}.steps.txt").read_text("utf-8")


def test_each_candidate_is_decided_by_one_key(at: Callable[..., Terminal], home: Path) -> None:
    """It shows what is changed and how, and says at the end what became of each."""
    terminal = at()
    first = terminal.shows("1 of 3", "? help")
    assert first.splitlines() == [
        "1 of 3  test_it.py::one",
        "changes cassettes/one.yaml",
        "changes __snapshots__/one.steps.txt",
        "",
        "Behaviour",
        " turn 1: completed",
        "-  user_input: Where is Paris?",
        "-  model_output: Paris",
        "+  user_input: Where is Oslo?",
        "+  model_output: Oslo",
        "",
        "Requests",
        "1. POST /interactions",
        '   input: "Where is Paris?" -> "Where is Oslo?"',
        "",
        "Snapshot __snapshots__/one.steps.txt",
        "-model_output: Paris",
        "+model_output: Oslo",
        "",
        "a accept  r reject  s skip  d side by side  f all lines  A accept all left",
        "R reject all left  b back  q quit  ? help",
    ]
    terminal.press("a")
    terminal.shows("2 of 3  test_it.py::three")
    terminal.press("s")
    terminal.shows("3 of 3  test_it.py::two")
    terminal.press("r")
    assert terminal.ends() == 0
    assert terminal.screen.text().splitlines()[-5:-1] == [
        "accepted: 1, skipped: 1, rejected: 1",
        "  accepted  test_it.py::one",
        "  skipped  test_it.py::three",
        "  rejected  test_it.py::two",
    ]
    assert [_snapshot(home, name) for name in ("one", "two")] == ["model_output: Oslo\n", "model_output: Paris\n"]
    assert [file.name for file in sorted(home.rglob("*.failed.*"))] == ["three.failed.json", "three.failed.yaml"]


def test_both_sides_stand_beside_each_other(at: Callable[..., Terminal]) -> None:
    """In the terminal's width, which may become another meanwhile."""
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("d")
    shown = terminal.shows("d as a diff")
    assert "  user_input: Where is Paris?          |   user_input: Where is Oslo?" in shown.splitlines()
    terminal.resize(40, 30)
    shown = terminal.shows("d as a diff", "  user_input:      |   user_input:")
    assert terminal.screen.fits()
    assert "    Where is       |     Where is Oslo?" in shown.splitlines()
    assert "    Paris?         |" in shown.splitlines()
    terminal.press("d")
    assert "+  user_input: Where is Oslo?" in terminal.shows("d side by side")


def test_a_long_candidate_is_shown_in_pages(at: Callable[..., Terminal], home: Path) -> None:
    """Thousands of lines too; the keys of pagers go through them."""
    waiting(home, "a", new="\n".join(f"line {n}" for n in range(3000)))
    terminal = at("cassettes/a.yaml", lines=12)
    terminal.shows("1 of 1", "-- lines 1 to 9 of", "space: next page")
    for key, place in (
        (" ", "lines 10 to 18"),
        ("u", "lines 1 to 9 of"),
        ("j", "lines 2 to 10"),
        ("\x1b[B", "lines 3 to 11"),
    ):
        terminal.press(key)
        terminal.shows(place)
    for key, place in (("k", "lines 2 to 10"), ("\x1b[6~", "lines 11 to 19"), ("g", "lines 1 to 9 of")):
        terminal.press(key)
        terminal.shows(place)
    terminal.press("G")
    assert "u: page before" in terminal.shows("+line 2999")


def test_all_that_are_left_are_decided_once_it_is_confirmed(at: Callable[..., Terminal], home: Path) -> None:
    """Any other key than y leaves all as it was."""
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("R")
    terminal.shows("Reject this one and all that are left, 3 in all?")
    terminal.press("n")
    terminal.shows("a accept  r reject")
    assert len(list(home.rglob("*.failed.yaml"))) == 3
    terminal.press("A")
    terminal.shows("Accept this one and all that are left, 3 in all?")
    terminal.press("y")
    assert terminal.ends() == 0
    assert "accepted: 3\n" in terminal.screen.text()
    assert list(home.rglob("*.failed.*")) == []


@pytest.mark.parametrize("key", ["q", "\x03", "\x04"])
def test_whoever_quits_loses_nothing(key: str, at: Callable[..., Terminal], home: Path) -> None:
    """What was decided stays so, and the terminal is as it was; Ctrl-C and Ctrl-D quit too."""
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("a")
    terminal.shows("2 of 3")
    assert terminal.mode_now() != terminal.mode
    terminal.press(key)
    assert terminal.ends() == 0
    assert "accepted: 1, skipped: 2" in terminal.screen.text()
    assert terminal.mode_now() == terminal.mode
    assert len(list(home.rglob("*.failed.yaml"))) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(number: signal.Signals, at: Callable[..., Terminal]) -> None:
    terminal = at()
    terminal.shows("1 of 3")
    os.kill(terminal.pid, number)
    assert terminal.ends() == 128 + number
    assert terminal.mode_now() == terminal.mode
    assert "Traceback" not in terminal.screen.text()


def test_an_error_leaves_the_terminal_as_it_was(at: Callable[..., Terminal]) -> None:
    """Be it one of ours."""
    code = "from pytest_interactions.review import screen, interactive\ninteractive.screen = lambda *_: 1 / 0"
    terminal = at(code=code)
    assert terminal.ends() == 2
    assert "ZeroDivisionError" in terminal.screen.text()
    assert terminal.mode_now() == terminal.mode


#: A shell: it runs what follows as its job, and has it go on at once where it was stopped.
_SHELL = """
import os, signal, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job:
    while True:
        os.tcsetpgrp(0, job)
        status = os.waitpid(job, os.WUNTRACED)[1]
        os.tcsetpgrp(0, os.getpid())
        if not os.WIFSTOPPED(status):
            os._exit(os.waitstatus_to_exitcode(status))
        print("stopped in mode", bool(termios.tcgetattr(0)[3] & termios.ICANON), flush=True)
        os.read(0, 9)
        os.tcsetpgrp(0, job)
        os.kill(job, signal.SIGCONT)
os.setpgid(0, 0)
os.tcsetpgrp(0, os.getpid())
signal.signal(signal.SIGTTOU, signal.SIG_DFL)
"""


def test_it_is_suspended_and_goes_on(at: Callable[..., Terminal]) -> None:
    """Meanwhile the terminal is as it was, and then the screen is drawn again."""
    terminal = at(code=_SHELL)
    terminal.shows("1 of 3", "? help")
    terminal.press("\x1a")
    terminal.shows("stopped in mode True")
    terminal.press("\n")
    terminal.shows("1 of 3", "? help")
    terminal.press("d")
    terminal.shows("d as a diff")
    terminal.press("q")
    assert terminal.ends() == 0


def test_keys_that_come_at_once_are_keys_of_their_own(at: Callable[..., Terminal]) -> None:
    """Escape takes nothing with it that is no name of a key, and a character of several bytes is one."""
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("?")
    terminal.shows("accept: put the recording and its snapshots in their places")
    terminal.press("\x1b\x1bé")
    terminal.shows("No command: é; ? shows all.")
    terminal.press("?\x1b[A\x1b?")
    terminal.shows("accept: put the recording and its snapshots in their places")


def test_help_is_a_key(at: Callable[..., Terminal]) -> None:
    """Any key leaves it; one that means nothing says so."""
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("?")
    terminal.shows("accept: put the recording and its snapshots in their places")
    terminal.press("\x1b")
    terminal.shows("Behaviour")
    terminal.press("é")
    terminal.shows("No command: é; ? shows all.")
    terminal.press("b")
    terminal.shows("No candidate before this one is undecided.")
    terminal.press("s")
    terminal.shows("2 of 3")
    terminal.press("b")
    terminal.shows("1 of 3")


@pytest.mark.parametrize(
    ("arguments", "env", "colours"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        (("--no-color",), {}, False),
        ((), {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_left_out_where_nobody_wants_them(
    arguments: tuple[str, ...], env: dict[str, str], at: Callable[..., Terminal], *, colours: bool
) -> None:
    """A dumb terminal gets each screen below the one before."""
    terminal = at(*arguments, **env)
    terminal.shows("? help")
    assert bool(terminal.screen.colours) == colours
    terminal.press("q")
    assert terminal.ends() == 0


def test_hostile_text_is_shown_and_commands_no_terminal(at: Callable[..., Terminal], home: Path) -> None:
    """Not in a name of a test, a file, an answer or a snapshot; a secret of this user's is not shown."""
    secret = "s3cr3t-v4lue-0f-a-k3y"
    path = waiting(home, "a", new=f"\x1b[2J\x1b]0;title\x07\u202e{secret}\r\nlast")
    leaving.leave(home / "cassettes" / "a.yaml", f"test_it.py::\x1b[31m{secret}", {})
    terminal = at(str(path.relative_to(home)), EVIL_API_KEY=secret)
    shown = terminal.shows("1 of 1", "\\x1b[2J", "? help")
    assert secret not in shown
    terminal.press("d")
    assert secret not in terminal.shows("d as a diff", "\\x1b")
    terminal.press("q")
    assert terminal.ends() == 0
    assert "test_it.py::one" not in terminal.screen.text()


def test_wide_characters_keep_the_columns(at: Callable[..., Terminal], home: Path) -> None:
    """Those of East Asia, combining ones and emoji."""
    waiting(home, "a", new="三番目の答え, e\N{COMBINING ACUTE ACCENT}t\N{COMBINING ACUTE ACCENT} 👍🏽 ❤\ufe0f and more")
    terminal = at("cassettes/a.yaml", columns=40, lines=40)
    terminal.shows("1 of 1")
    terminal.press("d")
    shown = terminal.shows("d as a diff", "三番目")
    signs = [line for line in shown.splitlines() if " | " in line]
    assert signs
    assert terminal.screen.fits()


def test_a_candidate_that_changes_meanwhile_is_looked_at_again(at: Callable[..., Terminal], home: Path) -> None:
    """What nobody has seen is not accepted."""
    terminal = at("cassettes/one.yaml")
    terminal.shows("1 of 1", "Oslo")
    waiting(home, "one", new="Rome")
    terminal.press("a")
    terminal.shows("it has changed since it was looked at. Look at it", "model_output: Rome")
    terminal.press("a")
    assert terminal.ends() == 0
    assert _snapshot(home, "one") == "model_output: Rome\n"


def test_what_somebody_else_has_decided_waits_no_more(at: Callable[..., Terminal], home: Path) -> None:
    """Two reviewers at once: the second one is told."""
    first, second = at("cassettes/one.yaml"), at("cassettes/one.yaml")
    first.shows("1 of 1")
    second.shows("1 of 1")
    first.press("a")
    assert first.ends() == 0
    second.press("r")
    assert second.ends() == 0
    assert "gone: 1" in second.screen.text()
    assert _snapshot(home, "one") == "model_output: Oslo\n"


def test_what_can_not_be_accepted_stays_with_the_reason(at: Callable[..., Terminal], home: Path) -> None:
    """The next key may be another."""
    (home / "__snapshots__" / "one.steps.txt").write_text("by hand\n")
    terminal = at()
    terminal.shows("1 of 3")
    terminal.press("A")
    terminal.shows("3 in all?")
    terminal.press("y")
    terminal.shows("1 of 3", "it was changed after this candidate")
    terminal.press("r")
    terminal.shows("2 of 3")
    (home / "cassettes" / "three.failed.yaml").write_text("no: cassette\n")
    terminal.press("q")
    assert terminal.ends() == 0
    assert _snapshot(home, "one") == "by hand\n"
    again = at()
    again.shows("1 of 2", "It can't be compared", "three.failed.yaml")
    again.press("r")
    again.shows("2 of 2")


def test_a_reader_that_is_gone_ends_it(at: Callable[..., Terminal]) -> None:
    """Such as a connection that broke."""
    terminal = at()
    terminal.shows("1 of 3")
    assert terminal.hang_up() == 128 + signal.SIGHUP


def test_nothing_that_waits_is_said(at: Callable[..., Terminal], home: Path) -> None:
    """As well as what can't be found."""
    (home / "empty").mkdir()
    terminal = at("empty")
    assert terminal.ends() == 0
    assert "No candidate waits." in terminal.screen.text()
    terminal = at("empty/none.yaml")
    assert terminal.ends() == 2
    assert "no candidate waits here" in terminal.screen.text()
