"""What git tells of a project: its refs, and files as they are there."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import StoreError
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

# git may end well, and yet leave out what it could not read.
_FAILED: Final = ("fatal: ", "error: ", "warning: ignoring broken ref ")
_NONE: Final = "not a git repository"
_CONFIGURES: Final = "GIT_CONFIG"  # these of a repository's variables say how git works, and not where
_LOGIN: Final = re.compile(r"://[^/\s]*@")
_OF_FILES: Final = ("100644", "100755")


class Git:
    """The repository of a directory, asked by the program git, whichever one the environment of a hook names."""

    def __init__(self, directory: Path) -> None:
        """Ask in `directory`, from which paths lead on.

        Raises:
            StoreError: It is in no repository, or git can't tell.
        """
        self._directory = directory
        try:
            self.asked("rev-parse", "--is-inside-work-tree")
        except StoreError as error:
            if _NONE not in str(error):
                raise
            raise StoreError(f"{directory}: this is in no repository of git's.") from None

    def asked(self, *words: str, given: bytes = b"", accepts: Collection[int] = ()) -> bytes:
        """Return what git prints.

        Args:
            words: Its command, and what to do.
            given: What it reads.
            accepts: The statuses, beside 0, that are an answer, too.

        Raises:
            StoreError: There is no git, or it fails; the error has its words.
        """
        try:
            ended = subprocess.run(  # noqa: S603 - git alone, without a shell
                self._command(*words), input=given, capture_output=True, check=False, env=_environment()
            )
        except OSError as error:
            raise _not_run(error) from None
        told = ended.stderr.decode("utf-8", "replace").splitlines()
        problems = [line for line in told if line.startswith(_FAILED)]
        if ended.returncode in accepts or not (ended.returncode or problems):
            return ended.stdout
        why = (problems or told or [f"it ended with status {ended.returncode}"])[0]
        raise StoreError(f"{self._directory}: git can't tell what is there: {_clean(why)}")

    def lines(self, *words: str, accepts: Collection[int] = ()) -> list[str]:
        """Return the lines that git prints; raise as `asked` does."""
        return self.asked(*words, accepts=accepts).decode("utf-8", "surrogateescape").splitlines()

    def texts(self, *words: str) -> list[str]:
        """Return what git prints, in which a NUL ends each text; raise as `asked` does."""
        return [text for text in self.asked(*words).decode("utf-8", "replace").split("\0") if text]

    def is_shallow(self) -> bool:
        """Return whether a part of the history is not in this clone."""
        return self.lines("rev-parse", "--is-shallow-repository") == ["true"]

    def tree(self, revision: str, paths: Iterable[str]) -> dict[str, str]:
        """Return the files of a revision, at some paths and below those that are directories, with their blobs' ids.

        Raises:
            StoreError: git can't tell.
        """
        found = (line.partition("\t") for line in self.texts("ls-tree", "-r", "-z", revision, "--", *paths))
        return {path: about.split()[2] for about, _, path in found if about.startswith(_OF_FILES)}

    def blob(self, id_: str) -> bytes:
        """Return the bytes of a blob; raise `StoreError` if git has them not."""
        return self.asked("cat-file", "blob", id_)

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """Yield the bytes of many blobs, one after the other; raise `StoreError` if git has some not."""
        process = subprocess.Popen(  # noqa: S603 - git alone, without a shell
            self._command("cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        with process:
            yield from (_of_batch(process, id_) or self.blob(id_) for id_ in ids)

    def _command(self, *words: str) -> list[str]:
        return ["git", "-C", str(self._directory), *words]


def _of_batch(process: subprocess.Popen[bytes], id_: str) -> bytes | None:
    """Return the bytes of a blob; `None` if that process can't tell, or if there are none."""
    asks, answers = process.stdin, process.stdout
    assert asks is not None  # noqa: S101 - it is a pipe
    assert answers is not None  # noqa: S101 - it is a pipe
    try:
        os.write(asks.fileno(), f"{id_}\n".encode())  # and no buffer, in which a rest might stay
    except BrokenPipeError:
        return None
    *_, size = answers.readline().split() or [b""]
    return answers.read(int(size) + 1)[:-1] if size.isdigit() else None


def _not_run(error: OSError) -> StoreError:
    advice = " Install it." if isinstance(error, FileNotFoundError) else ""
    return StoreError(f"git can't be run: {error.strerror}.{advice}")


def _environment() -> Mapping[str, str]:
    """Return the environment without what names another repository, or has paths read otherwise."""
    return {
        name: value for name, value in os.environ.items() if not (name in _local() or name.endswith("_PATHSPECS"))
    } | {"LC_ALL": "C"}


@lru_cache(maxsize=1)
def _local() -> frozenset[str]:
    """Return the names of the variables that say which repository git works in."""
    command = ["git", "rev-parse", "--local-env-vars"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603 - git alone
    return frozenset(name for name in found if not name.startswith(_CONFIGURES))


def _clean(line: str) -> str:
    """Return a line of git's without logins and secrets."""
    from pytest_interactions.redaction.secrets import Secrets

    said = line.partition(": ")[2] if line.startswith(_FAILED) else line
    return on_one_line(Secrets.from_environ(os.environ).matcher.redact(_LOGIN.sub("://", said)))
