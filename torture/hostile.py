"""Hostile files, given to each command and to a replay: real processes with little time and memory."""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import httpx

from pytest_interactions import InteractionsError, RecordMode, commands, use_cassette
from torture.hostile_files import FILES, PRECIOUS, VICTIM, cassette

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture import Outcome

_SECONDS: Final = 20
_MEMORY: Final = 1_500_000_000
_CODES: Final = ("\x1b", "\x9b", "\u202e")  # which a terminal obeys


def hostile(every: int = 1) -> Outcome:
    """Give every file to every use; return what ended in no message, too late, or by reading what is another's."""
    with (
        TemporaryDirectory(prefix="torture-") as scratch,
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
    ):
        path = Path(scratch, "harmless.yaml")
        path.write_text(cassette())
        for use in USES.values():
            use(path)  # so that the children need import nothing
    cases = [(what, use) for what in list(FILES)[::every] for use in USES]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        problems = list(pool.map(_tried, *zip(*cases, strict=True)))
    return len(cases), [problem for problem in problems if problem]


def _asked(mode: RecordMode, path: Path) -> int:
    """Open a cassette, as a test does, and ask what it was recorded of."""
    try:
        with use_cassette(path, record_mode=mode, unplayed="ignore"), httpx.Client(verify=False) as client:  # noqa: S501
            said = client.post("http://127.0.0.1:1/v1/interactions", json={"input": "a"}).text
    except InteractionsError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    except httpx.HTTPError as error:
        said = f"{type(error).__name__}: {error}"
    sys.stdout.write(ascii(said[:1_000_000]) + "\n")
    return 0


#: What each file is given to.
USES: Final[dict[str, Callable[[Path], int]]] = {
    **{
        name: partial(lambda name, path: commands.main([name, str(path)]), name)
        for name in ("scan", "redact", "show", "check")
        if name in commands.COMMANDS
    },
    "show --json": lambda path: commands.main(["show", "--json", str(path)]),
    "replay": partial(_asked, RecordMode.NONE),
    "record": partial(_asked, RecordMode.NEW_EPISODES),
}


@dataclass(slots=True)
class _Ended:
    status: int | None
    text: str


def _tried(what: str, use: str) -> str:
    with TemporaryDirectory(prefix="torture-") as scratch:
        directory = Path(scratch)
        (directory / VICTIM).write_text(PRECIOUS)
        path = FILES[what](directory)
        problem = _problem(path, _run(directory, partial(USES[use], path)))
        if (directory / VICTIM).read_text() != PRECIOUS or list(directory.rglob("*pwned")):
            problem = "a file of another was changed"
    return f"{use}, {what}: {problem}" if problem else ""


def _problem(path: Path, ended: _Ended) -> str:
    if ended.status is None:
        return f"no end within {_SECONDS} s"
    last = (ended.text.strip().splitlines() or [""])[-1][:300]
    names = (path.name, path.stem, path.name.encode("unicode_escape").decode())
    problems = {
        "it read the file of another": PRECIOUS in ended.text,
        f"ended by signal {-ended.status}": ended.status < 0,
        f"a traceback: {last}": "Traceback" in ended.text,
        "a terminal's codes in the output": any(code in ended.text for code in _CODES),
        f"status {ended.status}, and the file is not named: {last}": ended.status
        and not any(name in ended.text for name in names),
    }
    return next((problem for problem, is_there in problems.items() if is_there), "")


def _run(directory: Path, use: Callable[[], int]) -> _Ended:
    """Do something in a child, and wait for its end."""
    said = directory / "said"
    pid = os.fork()
    if not pid:
        _be_child(directory, said, use)
    deadline = time.monotonic() + _SECONDS
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return _Ended(None, "")
        time.sleep(0.005)
    with said.open("rb") as text:
        return _Ended(os.waitstatus_to_exitcode(ended[1]), text.read(10_000_000).decode("utf-8", "surrogateescape"))


def _be_child(directory: Path, said: Path, use: Callable[[], int]) -> None:
    status = 1
    try:
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(1, 2)
        os.chdir(directory)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        status = int(use() or 0)
    except SystemExit as error:
        status = int(error.code or 0)
    except BaseException:  # noqa: BLE001 - it is printed as Python prints it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)
