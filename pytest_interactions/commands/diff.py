"""`pytest-interactions diff REV`: which cassettes' behaviour differs between a git revision and now, or another one."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.transcript import Line
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import size_argument
from pytest_interactions.commands.history import History
from pytest_interactions.commands.named import Named
from pytest_interactions.commands.stores import counted, is_recording, project_of, store_argument
from pytest_interactions.commands.versions import AtRevision, Comparer, Now, differing, unknown
from pytest_interactions.errors import CassetteNotFoundError, StoreError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.ini_file import INI_FILES
from pytest_interactions.naming import shown
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.compare import compared_lines
from pytest_interactions.report.markdown import code, comparison_markdown
from pytest_interactions.report.text import writer
from pytest_interactions.store import lock_file
from pytest_interactions.store.project import Project
from pytest_interactions.store.recordings import Recordings

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.commands.versions import Versions

#: What a cassette may have become, with the words for it.
_CHANGES: Final = {
    "changed": "changed",
    "added": "added",
    "removed": "removed",
    "recorded again": "recorded again with the same behaviour",
}

_BEGIN_A_PROJECT: Final = frozenset([lock_file.NAME, *INI_FILES])


def arguments(parser: ArgumentParser) -> None:
    """Declare the revisions, what is compared of them, and the form of what is printed."""
    parser.description = (
        "Say which cassettes differ between a git revision and now, or another revision, and how their behaviour does, "
        "whether they are in the tree or in the store. Exits 1 if the behaviour of any differs."
    )
    parser.add_argument("revision", metavar="REV", help="a revision; REV..REV2 and REV...REV2 are as git has them")
    parser.add_argument(
        "words",
        nargs="*",
        default=[],  # without it, argparse calls them required
        metavar="REV2 | PATH",
        help="another revision, in place of now; then cassettes, directories of them, and tests (default: all)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON for programs")
    form.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")
    size_argument(parser)
    store_argument(parser)


def run(options: Namespace) -> Status:
    """Print what differs; the standard error says what can't be compared.

    Raises:
        InteractionsError: This is in no repository, or it has no such revision.
        StoreError: The lock file can't be read.
        CassetteNotFoundError: What is named has no cassette on either side.
    """
    project = project_of(options)
    told = list(_compared(project, options))
    clean = Secrets.from_environ(os.environ).matcher.redact
    _print(told, options, clean)
    problems = [each["problem"] for each in told if each["problem"]]
    for problem in problems:
        print(f"pytest-interactions: {on_one_line(clean(problem))}", file=sys.stderr)
    if problems:
        return Status.FAILED
    return Status.FOUND if any(each["change"] != "recorded again" for each in told) else Status.OK


def _print(told: list[Json], options: Namespace, clean: Callable[[str], str]) -> None:
    if options.json:
        print(clean(json.dumps(told, indent=2)))
    elif options.markdown:
        for text in _markdown(told):
            print(clean(text))
    else:
        write = writer(color=sys.stdout.isatty() and not options.no_color)
        for line in _lines(told):
            write(line._replace(text=clean(line.text)))


def _compared(project: Project, options: Namespace) -> Iterator[Json]:
    """Yield what differs of each cassette that does."""
    repository = History(project.root)
    (before, after), words = _revisions(repository, options.revision, options.words)
    named = Named(project, words, holding=True) if words else None
    places = named.places if named else [project.options.cassette_dir]
    commits = [repository.commit(each) for each in (before, *([after] if after else []))]
    old = AtRevision(project, repository, commits[0], before, places)
    new: Versions = AtRevision(project, repository, commits[1], after, places) if after else Now(project, places)
    names = sorted(name for name in old.names | new.names if named is None or name in named)
    if named and not names:
        raise CassetteNotFoundError(f"{' '.join(words)}: there is no cassette of it, neither then nor now.")
    if not (old.names or new.names or project.lock_path.is_file()):
        _expect_none_below(project, repository.all_files(commits))
    changed = repository.changed(commits, places)
    found = dict(differing(old, new, changed, names))
    comparer = Comparer(Recordings(project), options.max_size)
    comparer.fetch(pair for pair in found.values() if not isinstance(pair, StoreError))
    for name, pair in found.items():
        yield unknown(name, pair) if isinstance(pair, StoreError) else comparer.compare(*pair)


def _revisions(repository: History, text: str, words: list[str]) -> tuple[tuple[str, str], list[str]]:
    """Return the two revisions that are named, of which the second is `""` for now, and the other words."""
    for dots in ("...", ".."):
        one, found, other = text.partition(dots)
        if found:
            one, other = one or "HEAD", other or "HEAD"
            return (repository.fork_point(one, other) if dots == "..." else one, other), words
    if words and not Path(words[0]).exists() and repository.found(words[0]):
        return (text, words[0]), words[1:]
    return (text, ""), words


def _expect_none_below(project: Project, files: set[str]) -> None:
    """Raise `CassetteNotFoundError` if a project has no cassettes, but there are projects with some in it."""
    beginning = {str(PurePosixPath(name).parent) for name in files if PurePosixPath(name).name in _BEGIN_A_PROJECT}
    found = [name for name in sorted(beginning - {"."}) if _has_cassettes(project.root / name, name, files)]
    if found:
        raise CassetteNotFoundError(
            f"{project.root}: this project has no cassettes, neither then nor now, but projects lie in it: "
            f"{', '.join(found)}. Go to one: cd {shlex.quote(shown(project.root / found[0], Path.cwd()))}"
        )


def _has_cassettes(directory: Path, name: str, files: set[str]) -> bool:
    """Return whether a directory is a project with a lock file, or with cassettes, as far as git knows any."""
    if f"{name}/{lock_file.NAME}" in files:
        return True
    below = Project.at(directory)
    cassettes = f"{name}/{below.options.cassette_dir}/"
    return below.root == directory and any(file.startswith(cassettes) and is_recording(file) for file in files)


def _lines(told: list[Json]) -> Iterator[Line]:
    for each in told:
        yield Line("title", on_one_line(f"{each['cassette']}: {_CHANGES[each['change']]}{_headline(each)}"))
        if each["facts"] or each["diff"]:
            yield from compared_lines(each | {"same": False})
            yield Line("text", "")
    yield Line("text", _summary(told))


def _headline(each: Json) -> str:
    """Return what a line may say of a cassette beside what became of it."""
    if each["diff"] or each["change"] == "recorded again":
        return ""
    known = [each[side] for side in ("old", "new") if each[side]]
    return f": {' -> '.join(known)}" if known else ""


def _summary(told: list[Json]) -> str:
    counts = Counter(each["change"] for each in told)
    parts = [f"{counts[change]:,} {words}" for change, words in _CHANGES.items() if counts[change]]
    return f"{counted(len(told), 'cassette')}: {', '.join(parts)}." if parts else "The behaviour is the same."


def _markdown(told: list[Json]) -> Iterator[str]:
    yield _summary(told)
    for number, each in enumerate(told):
        yield from [""] * (number == 0)
        known = _headline(each).removeprefix(": ")
        yield f"- {code(each['cassette'])}: {_CHANGES[each['change']]}{f': {code(known)}' if known else ''}"
    for each in told:
        if each["facts"] or each["diff"]:
            yield ""
            names = [line[4:] for line in each["diff"][:2]] or [each["cassette"]] * 2
            yield from comparison_markdown(each | {"same": each["change"] == "recorded again"}, names)
