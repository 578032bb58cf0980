"""The blocks of code of a page, each run as its reader would: files are written, commands are run, outputs compared.

- A block whose first line is a comment with a file's name is that file. A block of the same language without one goes
  on with the file.
- A `console` block has commands after `$ `; the lines below a command are what it prints. Lines may be left out.
- A command that ends with `# in another terminal` stays until the page ends; what it prints to export is exported. The
  emulator takes a free port, for which 8123 stands.
- Any other block, as `text`, shows what the command before it printed, or a file that the paragraphs before it name.
- `pip`, `npm` and the like install nothing: packages are there. A page with `npm` needs node, and is skipped without.
- What stands in an HTML comment is done too: a page may need files that it doesn't show.
- `<!-- not run: why -->` stands above a block that can't be run here.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sybil import Region, Sybil
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

from tests.support import node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sybil import Document, Example

_NAME: Final = re.compile(r"(?:#|//|;|--) ([\w./-]+\.\w+|Dockerfile|\.gitignore)\n")
_FILES: Final = {"python", "ini", "toml", "yaml", "javascript", "sh", "json", "dockerfile", "html"}
_NOT_RUN: Final = re.compile(r"<!-- not run: (\S.*) -->\s*\Z", re.DOTALL)
_INSTALL: Final = re.compile(
    r"(python\d? -m )?pip |uv |npm |python\d? -m venv |\. ?\S*/activate|source \S*/activate|git clone "
)
_BESIDE: Final = "# in another terminal"
_SAVE: Final = "\n_status=$?; export -p > {state}; echo cd \"'$PWD'\" >> {state}; exit $_status"


class Block(NamedTuple):
    """A block of a page: its language, its text, and the text of the page between the block before and it."""

    language: str
    text: str
    before: str


def blocks(path: Path) -> list[Example]:
    """Return the blocks of a page in their order; to evaluate one, its document's namespace has the `Reader`."""
    return list(Sybil([_parse]).parse(path).examples())


def _parse(document: Document) -> Iterable[Region]:
    end = 0
    for region in FencedCodeBlockLexer(r"[\w-]*")(document):
        block = Block(region.lexemes["language"], str(region.lexemes["source"]), document.text[end : region.start])
        end = region.end
        yield Region(region.start, region.end, block, _evaluate)


def _evaluate(example: Example) -> str | None:
    wrong: str | None = example.namespace["reader"].does(example.parsed)
    return wrong


class Reader:
    """Somebody who reads a page and does what it says, in a directory of their own.

    Args:
        directory: Where the files are written, and the commands run.
        env: The environment of the commands.
        installs: Whether what is to be installed is; else it is there already.
    """

    def __init__(self, directory: Path, env: dict[str, str], *, installs: bool = False) -> None:
        self.directory, self._installs = directory, installs
        self._env, self._state = env, directory.parent / "state.sh"
        self._state.write_text(f"cd {shlex.quote(str(directory))}\n")
        self._file: dict[str, Path] = {}
        self._printed = ""
        self._beside: list[subprocess.Popen[str]] = []
        self._emulator = env.get("GOOGLE_GEMINI_BASE_URL", "")

    def close(self) -> None:
        """End what runs in other terminals."""
        for process in self._beside:
            process.kill()
            process.communicate()

    def reads(self, page: Path) -> None:
        """Do all that a page says.

        Raises:
            SybilFailure: What one of its blocks shows is not what happens.
        """
        for example in blocks(page):
            example.document.namespace["reader"] = self
            example.evaluate()

    def does(self, block: Block) -> str | None:
        """Do what a block says, and return what is wrong with it, if anything is."""
        if _NOT_RUN.search(block.before):
            return None
        if block.language == "console":
            return next(filter(None, map(self._runs, _commands(block.text))), None)
        name = _NAME.match(block.text)
        if block.language in _FILES and (name or block.language in self._file):
            self._writes(block, name[1] if name else None)
            return None
        return self._sees(block)

    def _writes(self, block: Block, name: str | None) -> None:
        if name is None:
            path = self._file[block.language]
            text = path.read_text("utf-8") + "\n\n" + block.text
        else:
            path, text = self.directory / name, block.text
        self._file[block.language] = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def _runs(self, command: _Command) -> str | None:
        if _INSTALL.match(command.line) and not self._installs:
            if command.line.startswith("npm "):
                self._has_packages_of_node()
            return None
        if command.line.rstrip().endswith(_BESIDE):
            return self._starts(command)
        line = command.line.replace("http://127.0.0.1:8123", self._emulator)
        script = f". {self._state}\n{line}{_SAVE.format(state=self._state)}"
        run = subprocess.run(
            ["bash", "-c", script], env=self._env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, timeout=300, check=False,
        )  # fmt: skip
        self._printed = run.stdout
        if command.shown:
            return missing(command.shown, run.stdout, f"$ {command.line}")
        return f"$ {command.line}\nended with {run.returncode}:\n{run.stdout}" if run.returncode else None

    def _has_packages_of_node(self) -> None:
        node()
        modules = self.directory / "node_modules"
        if not modules.exists():
            modules.symlink_to(Path(__file__).parents[1] / "javascript" / "node_modules")

    def _starts(self, command: _Command) -> str | None:
        """Start a command that stays, wait until it has printed its first paragraphs, and export what it says."""
        line = command.line.replace("--port 8123", "--port 0")
        process = subprocess.Popen(
            ["bash", "-c", f". {self._state}\nexec {line}"], env={**self._env, "PYTHONUNBUFFERED": "1"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._beside.append(process)
        assert process.stdout is not None
        printed = ""
        while line := process.stdout.readline():
            printed += line
            if exported := re.match(r"\s*export GOOGLE_GEMINI_BASE_URL=((\S+).*)", line):
                self._emulator = exported[2]
                with self._state.open("a") as state:
                    state.write(f"export GOOGLE_GEMINI_BASE_URL={exported[1]}\n")
            if (exported or not command.shown) or missing(command.shown, printed, "") is None:
                break
        return missing(command.shown, printed, f"$ {command.line}")

    def _sees(self, block: Block) -> str | None:
        """Look for what a block shows: in what was printed last, or in a file that the text before it names."""
        named = [self.directory / name for name in re.findall(r"`([^`\s]+)`", block.before)]
        shown = [self._printed, *(path.read_text("utf-8", "replace") for path in named if path.is_file())]
        if any(missing(block.text, text, "") is None for text in shown):
            return None
        return missing(block.text, "\n".join(shown), f"a block of {block.language or 'no language'}")


class _Command(NamedTuple):
    line: str
    shown: str


def _commands(text: str) -> Iterator[_Command]:
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        line, rest = part.split("\n", 1)
        while line.endswith("\\"):
            more, rest = rest.split("\n", 1)
            line += f"\n{more}"
        yield _Command(line, rest.strip("\n"))


def missing(shown: str, printed: str, place: str) -> str | None:
    """Return what a page shows and was not printed; its lines come in their order, with any others between them."""
    lines = iter(_plain(printed).splitlines())
    for line in filter(None, map(str.rstrip, _plain(shown).splitlines())):
        pattern = re.compile(re.escape(line).replace(r"\.\.\.", ".*").replace("…", ".*"))
        if not any(pattern.fullmatch(each.rstrip()) for each in lines):
            return f"{place}\ndid not print, in this order:\n{line}\nbut:\n{printed}"
    return None


def _plain(text: str) -> str:
    """Return a text without what differs from run to run: times, dates, commits, ports, digests, bars."""
    text = re.sub(r"\b\d+(\.\d+)? ?(m?s|seconds)\b", "0 s", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?)?", "DATE", text)
    text = re.sub(r"\b[0-9a-f]{10}(?=[ :])", "COMMIT", text)
    text = re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:PORT", text)
    text = re.sub(r"/tmp/[\w./-]*|/[\w./-]*pytest-of-[\w./-]*", "/tmp/X", text)
    return re.sub(r"={3,}|-{3,}|_{3,}|\^{2,}", lambda bar: bar[0][:3], text)


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a reader who has nothing set."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "SYSTEMROOT") if name in os.environ}
    directory = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join((directory, kept.get("PATH", os.defpath))),
        "HOME": str(home),
        "COLUMNS": "80",
        "TERM": "dumb",
        "PYTHONDONTWRITEBYTECODE": "1",  # two versions of a file in one second have the same bytecode's name
        "PYTHONWARNINGS": "ignore::UserWarning",
        "PYTEST_INTERACTIONS_CACHE": str(home / "cache"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        **{f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()},
    }


_PERSON: Final = {"NAME": "Ann Author", "EMAIL": "ann@example.com"}
