"""`pytest-interactions push`: the recordings of the tree into the store, and their lines into the lock file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.commands.check.left_over import LeftOver, is_medium
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import secrets_in
from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.progress import progress
from pytest_interactions.commands.reports import Reporter
from pytest_interactions.commands.review.conflicts import stages_of
from pytest_interactions.commands.stores import counted, gone, project_of, recordings, store_argument
from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk, media, storage
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.content import report_of
from pytest_interactions.report.headline import behaviour_of, headline
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.pushing import Pushed, push, push_media, restore, restore_media, take_media_out
from pytest_interactions.store.store import is_copy, is_new

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store


_COMMIT: Final = f" Commit {lock_file.NAME}."


def arguments(parser: ArgumentParser) -> None:
    """Declare what is pushed, and where."""
    parser.description = (
        "Send the recordings in the tree to the store, write their lines into cassettes.lock, and take them out of the "
        "tree. Each is looked through for secrets before, and one with a secret stays. Then commit cassettes.lock."
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="cassettes, or directories of them (default: all)"
    )
    parser.add_argument(
        "--restore",
        action="store_true",
        help="send again, from the cache of this machine, what cassettes.lock names and the store has not",
    )
    store_argument(parser)


def run(options: Namespace) -> Status:
    """Push what may be pushed; the standard error names what may not.

    Raises:
        OptionError: No store is set.
        StoreError: The store, or the lock file, can't be used; nothing was lost.
        CassetteNotFoundError: A path leads nowhere, or out of the project.
    """
    project = project_of(options)
    store = project.store()
    paths = [path.absolute() for path in options.paths] or [project.cassettes]
    for path in options.paths:
        if not path.exists():
            raise CassetteNotFoundError(f"{path}: no such cassette or directory.")
        if not path.absolute().is_relative_to(project.root):
            raise CassetteNotFoundError(f"{path}: it is not in the project {project.root}, whose cassettes are pushed.")
    gate = _Gate(project)
    with progress(recordings(paths)) as files:
        found = list(gate.passed(files))
    if project.options.store_media:
        names = {each.path: each.media for each in found}
        sent = push_media(names.items(), store)
        for path, each in names.items():
            take_media_out(path, each, store)
        having = counted(sum(map(bool, names.values())), "cassette")
        print(f"Pushed the media of {having}: {counted(sent, 'object')} sent.")
        return max(gate.status, _restored(project, store)) if options.restore else gate.status
    stages = stages_of(project.lock_path) if project.lock().is_marked else None
    sent = push(found, store, project.lock_path, stages)
    _clear(project, paths)
    new = [each.entry for each in found if not each.is_copy]
    for entry in new:
        print(on_one_line(f"{entry.path}: {entry.headline}"))
    left = len(project.lock().conflicts)
    print(
        f"Pushed {counted(len(new), 'cassette')}: {counted(sent, 'object')} sent.{_COMMIT if new and not left else ''}"
    )
    if left:
        print(
            f"{lock_file.NAME} has conflicts of other cassettes: {left:,}. To settle them: pytest-interactions review"
        )
    return max(gate.status, _restored(project, store)) if options.restore else gate.status


def _restored(project: Project, store: Store) -> Status:
    """Send again what the store has lost, and name what this machine has not either."""
    if project.options.store_media:
        name_of = project.lock().name_of
        there = {name_of(path): disk.read(path) for path in recordings([project.cassettes])}
        sent, lost = restore_media([(name, media.references_in(raw)) for name, raw in there.items()], store)
    else:
        sent, lost = restore(project.lock().entries(), store)
    print(f"Restored: {counted(sent, 'object')}.")
    for name in lost:
        print(on_one_line(f"{name}: it is neither in the store nor in the cache of this machine."), file=sys.stderr)
    return Status.FOUND if lost else Status.OK


def _is_no_link(path: Path) -> bool:
    return not path.is_symlink()


def _clear(project: Project, paths: Iterable[Path]) -> None:
    """Delete what killed processes have left: temporary files, and media to which no cassette refers."""
    left_over = LeftOver(deletes=True, max_size=project.options.max_size)
    there = [file for path in paths if path.is_dir() for file in files_in(path, _is_no_link, gone)]
    for file in (*there, *disk.temporaries(project.lock_path)):
        if disk.is_temporary(file.name) or is_medium(file):
            left_over.at(file)


class _Gate:
    """What looks at each recording before it may leave this machine."""

    def __init__(self, project: Project) -> None:
        self.status = Status.OK
        self._project = project
        self._lock = project.lock()
        self._size = project.options.max_size
        self._secrets = Secrets.from_environ(os.environ)
        chosen = project.options
        self._redactor = Redactor(
            secrets=self._secrets, redact=chosen.redact, rules=chosen.rules, skip_rules=chosen.skip_rules
        )
        self._reporter = Reporter(self._secrets)

    def passed(self, files: Iterable[Path]) -> Iterable[Pushed]:
        """Yield those that may be pushed, and say why the others may not."""
        for path in files:
            try:
                pushed = self._looked_at(path)
            except CassetteNotFoundError:  # another push has taken it out meanwhile
                continue
            except CassetteFormatError as error:
                self._refuse(str(error))
            else:
                if pushed is not None:
                    yield pushed

    def _looked_at(self, path: Path) -> Pushed | None:
        unfit = self._unfit(path)
        if unfit:
            self._refuse(f"{path}: not pushed, {unfit}")
            return None
        raw = storage.read_bytes(path, self._size)
        name, digest = self._lock.name_of(path), objects.digest_of(raw)
        if name in self._lock and not self._project.options.store_media:
            if name in self._lock.conflicts:
                if is_copy(path) or digest in {side.digest for side in self._lock.sides_of(name)}:
                    return None  # it is one side of the conflict, or older, and settles nothing
            elif not is_new(path, digest, known := self._lock.entry(name)):
                return Pushed.of(path, raw, known, is_copy=True)
        contents = storage.loads(raw, path, self._size)
        if contents.incomplete:
            self._refuse(f"{path}: not pushed, as its test failed. Run that again in record mode once, then push.")
            return None
        found = list(secrets_in(path, raw.decode("utf-8", "surrogateescape"), self._redactor, self._size))
        if found:
            self.status = max(self.status, *map(self._reporter.found, found))
            self._refuse(
                f"{path}: not pushed, as there are secrets in it. To take them out: pytest-interactions redact {path}"
            )
            return None
        for exchange in contents.exchanges:
            self._secrets.learn(exchange.request)
        report = report_of(path, contents, self._redactor)
        entry = lock_file.Entry(name, digest, len(raw), behaviour_of(report), headline(report))
        return Pushed.of(path, raw, entry)

    def _unfit(self, path: Path) -> str:
        """Return why a file may not be pushed, whatever is in it, as it may have been made by anybody's code."""
        if not lock_file.is_name(self._lock.name_of(path)):
            return "as no line of a lock file can have this name. Rename it, and what it belongs to."
        directory = media.directory_of(path)
        media_files = directory.iterdir() if directory.is_dir() else ()
        if any(each.is_symlink() for each in (path, directory, *media_files)):
            return "as it, or its media, are links, which may lead to any file. Put the files themselves there."
        return ""

    def _refuse(self, message: str) -> None:
        print(on_one_line(self._secrets.matcher.redact(f"pytest-interactions: {message}")), file=sys.stderr)
        self.status = max(self.status, Status.FOUND)
