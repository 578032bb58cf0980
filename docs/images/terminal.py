"""Records a terminal in which the tutorial's agent is recorded, replayed, missed and reviewed: `terminal.svg`.

It types into a real shell, in which the real programs run against the emulator. Only what they print is shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pexpect

from pytest_interactions.server.emulator import Emulator

HERE: Final = Path(__file__).parent
_SIZE: Final = (36, 100)
#: The lines that a command may print for the next one to stand below them.
_FEW: Final = 3
_PROMPT: Final = "$ "
#: What bash sends before it: that it may be pasted into.
_READY: Final = f"\x1b[?2004h{_PROMPT}"
_RECORD: Final = "asciinema rec --quiet --overwrite -c 'bash --noprofile --norc -i' {cast}"
_SCENES: Final = (
    "pytest --interactions-record-mode=once --snapshot-update",
    "pytest   # from now on: no key, no network",
    "sed -i 's/Paris/Oslo/' test_agent.py",
    "pytest",
    "pytest --interactions-record-mode=rewrite",
    "pytest-interactions review",
    "pytest",
)


def main() -> None:
    """Record it anew."""
    with TemporaryDirectory() as top, Emulator() as emulator:
        project, cast = Path(top) / "project", Path(top) / "terminal.cast"
        project.mkdir()
        for name, text in _files().items():
            (project / name).write_text(text, "utf-8")
        env = {
            **os.environ,
            **emulator.env,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "PS1": _PROMPT,
            "PYTEST_ADDOPTS": "--no-header",
            "TERM": "xterm-256color",
        }
        _perform(project, cast, env)
        command = ["termtosvg", "render", str(cast), str(HERE / "terminal.svg"), "-m", "60", "-M", "2500", "-D", "4000"]
        subprocess.run([*command, "-t", "window_frame_powershell"], check=True, env=env)  # noqa: S603 - as written


def _files() -> dict[str, str]:
    """Return the files of the tutorial's agent by their names."""
    text = (HERE.parent / "tutorial.md").read_text("utf-8")
    return dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL))


def _perform(project: Path, cast: Path, env: dict[str, str]) -> None:
    shell = pexpect.spawn(_RECORD.format(cast=cast), cwd=str(project), env=env, dimensions=_SIZE, timeout=60)
    shell.expect_exact(_READY)
    for command in _SCENES:
        if shell.before.count(b"\n") > _FEW:
            shell.send("\x0c")  # a clear screen, with the prompt at its top
        _type(shell, command)
        shell.send("\r")
        if "review" in command:
            shell.expect(r"accept")
            time.sleep(3)  # for who looks on
            shell.send("a")
        shell.expect_exact(_READY)
        time.sleep(2)
    shell.send("\x04")
    shell.expect(pexpect.EOF)


def _type(shell: pexpect.spawn, text: str) -> None:
    for word in re.findall(r"\S+\s*", text):
        shell.send(word)
        time.sleep(0.12)


if __name__ == "__main__":
    main()
