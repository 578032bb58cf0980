"""`pytest-interactions check`: all that can be said about cassettes without running a test."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.commands.check.inspections import INSPECTIONS, Age, Cassette
from pytest_interactions.commands.check.left_over import LeftOver, is_medium, waiting
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import for_each_file, read, rule_arguments, secrets_in, size_argument
from pytest_interactions.commands.reports import Found, Level, Reporter, form_argument, message_of
from pytest_interactions.errors import CassetteFormatError, TooLargeError
from pytest_interactions.files import clock, disk, layout, recovery, storage
from pytest_interactions.files.candidates import candidate
from pytest_interactions.files.storage import DEFAULT_THRESHOLD, SUFFIXES
from pytest_interactions.options import resolve
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator

    from pytest_interactions.files.storage import Contents

#: How the text of a cassette begins, in YAML or JSON, by which one is known that has another name.
_BEGIN: Final = re.compile(r"(?:\s*#.*\n)*\W*(?:version|interactions|metadata)[\"']?\s*:")


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths, what is looked for, and whether anything is done."""
    parser.description = (
        "Say all that can be said about cassettes without running a test: damage, edits, secrets, media that are "
        "missing, recordings that wait or are incomplete, and what killed recordings have left. In a directory, "
        "cassettes are the files *.yaml and *.yml; a file that is given may have any name, and nothing is said of "
        "one that is no cassette. Exits 1 if there is anything to do."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="cassettes, or directories of them")
    parser.add_argument(
        "--fix", action="store_true", help="take edits as they are, save what was recovered, delete what is left over"
    )
    parser.add_argument("--max-age", metavar="DAYS", help="days that a cassette may be old, as in 90, 90d or 12w")
    parser.add_argument(
        "--retired-model",
        action="append",
        default=[],
        metavar="NAME",
        help="a model or agent that is no more, and that no cassette is to name",
    )
    form_argument(parser)
    rule_arguments(parser)
    size_argument(parser)


def run(options: Namespace) -> Status:
    """Check cassettes, and print each finding.

    Raises:
        OptionError: What is to be looked for besides, or the age, can't be used.
    """
    check = _Check(options)
    status = for_each_file(options.paths, check.file, check.reporter, failure="can't be read", hidden=True)
    status = max([status, *map(check.recordings_below, dict.fromkeys(options.paths))])
    check.reporter.end()
    return status


class _Check:
    """The check of one file after the other; with `--fix`, what is found is put right as far as that is safe."""

    def __init__(self, options: Namespace) -> None:
        self._given = frozenset(options.paths)
        self._fix: bool = options.fix
        self._max_size: int = options.max_size
        self._redactor = Redactor(
            secrets=Secrets.from_environ(os.environ),
            redact=options.redact,
            rules=options.rules,
            skip_rules=options.skip_rule,
        )
        self.reporter = Reporter(self._redactor.secrets, options.format)
        self._gate = Gate(self._redactor)
        self._left_over = LeftOver(deletes=self._fix, max_size=self._max_size)
        self._folded: dict[str, Path] = {}
        wanted = resolve(("--max-age", {"max_age": options.max_age}))
        age = Age(wanted.max_age, options.retired_model, clock.now())
        self._inspections: tuple[Callable[[Cassette], Iterator[Found]], ...] = (*INSPECTIONS, age)

    def file(self, path: Path) -> Status:
        """Check a file, if it is a cassette, a medium, or what only a recording can have left."""
        if not os.path.lexists(path) and (path not in self._given or any(_recorded_below(path))):
            return Status.OK  # it went with what belongs to it, or is told with the others
        left = self._left_over.at(path)
        if left:
            return self.reporter.found(left)
        waits = waiting(path)
        status = self.reporter.found(waits) if waits else Status.OK
        is_named = path.suffix in SUFFIXES and not path.name.startswith(".")
        if is_medium(path):
            return max(status, self._medium(path))
        if is_named or path in self._given:
            text = read(path, self._max_size)
            if is_named or _BEGIN.match(text):
                return max(status, self._cassette(path, text))
        return status

    def recordings_below(self, path: Path) -> Status:
        """Check what killed processes have recorded of cassettes at `path` or below, which need not exist."""
        statuses = [Status.OK]
        for cassette in _recorded_below(path):
            for note in recovery.recover(cassette, self._gate, media_threshold=DEFAULT_THRESHOLD, merges=self._fix):
                aside = candidate(cassette)
                path_of = aside if note.startswith(f"{aside}: ") else cassette
                message, level = note.removeprefix(f"{path_of}: "), Level.NOTICE if self._fix else Level.ERROR
                statuses.append(self.reporter.found(Found(path_of, "killed", message, level=level)))
        return max(statuses)

    # --- one file ---

    def _cassette(self, path: Path, text: str) -> Status:
        status, text, contents = self._loaded(path, text)
        statuses = [status, *map(self.reporter.found, self._other_case(path))]
        if contents is not None:
            cassette = Cassette(path, text, contents)
            statuses += (self.reporter.found(found) for inspect in self._inspections for found in inspect(cassette))
        advice = f"take it out with: pytest-interactions redact {shlex.quote(str(path))}"
        return max(*statuses, self._secrets(path, text, advice))

    def _loaded(self, path: Path, text: str) -> tuple[Status, str, Contents | None]:
        """Return the status of a cassette, its text and its contents; take edits, if they are to be fixed."""
        try:
            return Status.OK, text, storage.loads(_bytes(text), path, self._max_size)
        except TooLargeError as error:
            return self.reporter.failed(path, message_of(error, path)), text, None
        except CassetteFormatError as error:
            problem = error
        if self._fix:
            try:
                text, contents = self._taken(path)
            except CassetteFormatError as error:
                problem = error
            else:
                found = Found(path, "edit", "taken as it is, with new marks.", level=Level.NOTICE)
                return self.reporter.found(found), text, contents
        return self.reporter.found(Found(path, "damage", message_of(problem, path), problem.line)), text, None

    def _taken(self, path: Path) -> tuple[str, Contents]:
        """Take a cassette as it was edited; raise `CassetteFormatError` for damage that no edit can mean."""
        with disk.locked(path):
            contents = storage.loads(_bytes(read(path, self._max_size)), path, self._max_size, edited=True)
            text = layout.dumps(contents.exchanges, incomplete=contents.incomplete, origin=contents.origin)
            with disk.replacing(path) as file:
                file.write(text.encode())
        return text, contents

    def _other_case(self, path: Path) -> Iterator[Found]:
        """Yield a finding for a path that differs by case alone from that of a cassette before it."""
        other = self._folded.setdefault(str(path).casefold(), path)
        if other != path:
            message = (
                f"its path differs by case alone from that of {other}, so that on macOS and Windows both are one file; "
                "rename one, with its test."
            )
            yield Found(path, "case", message)

    def _medium(self, path: Path) -> Status:
        text = read(path, self._max_size)
        status = Status.OK
        if hex_digest(_bytes(text), IN_MEDIA_NAME) != path.stem:
            message = "it was altered since it was recorded; restore it, or record its test again."
            status = self.reporter.found(Found(path, "media", message))
        return max(status, self._secrets(path, text, "delete it, and record its test again"))

    def _secrets(self, path: Path, text: str, advice: str) -> Status:
        """Look for secrets in a file, as `scan` does."""
        status = Status.OK
        for found in secrets_in(path, text, self._redactor, self._max_size):
            what_to_do = advice if found.line else "give it another name"
            status = self.reporter.found(replace(found, message=f"{found.message}; {what_to_do}."))
        return status


def _recorded_below(path: Path) -> list[Path]:
    """Return the cassettes at `path` or below of which a killed process has recorded more."""
    return [cassette for cassette in recovery.cassettes() if cassette.is_relative_to(disk.real(path))]


def _bytes(text: str) -> bytes:
    """Return the bytes of a file that was read as text."""
    return text.encode("utf-8", "surrogateescape")
