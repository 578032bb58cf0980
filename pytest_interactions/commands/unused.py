"""`pytest-interactions unused`: cassettes, media and snapshots that no test owns."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.commands.agreeing import is_agreed
from pytest_interactions.commands.collecting import collected
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.escaping import on_one_line
from pytest_interactions.store.lock_file import drop
from pytest_interactions.store.project import locked_below

if TYPE_CHECKING:
    from argparse import Namespace

    from pytest_interactions.files.unowned.owned import Owned
    from pytest_interactions.files.unowned.search import Unowned


class _Parser(ArgumentParser):
    """A parser that leaves to pytest what follows `--`, wherever options stand before it."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        own, _, pytests = _parted(list(args))
        namespace, unknown = super().parse_known_args(own, namespace)
        namespace.pytest = pytests
        return namespace, unknown


def _parted(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place : place + 1], words[place + 1 :]


def arguments(parser: ArgumentParser) -> None:
    """Declare what is collected, and whether anything is deleted."""
    parser.__class__ = _Parser
    parser.usage = "%(prog)s [-h] [--delete] [--yes] [--json] [PATH ...] [-- PYTEST ARGUMENT ...]"
    parser.description = (
        "List the cassettes, media and snapshots that no test owns, be the cassettes in the tree or named by "
        "cassettes.lock. The tests are collected by pytest, in a process of its own, and none is run. Exits 1 if there "
        "are any."
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="test files and directories (default: as pytest has it)"
    )
    parser.add_argument("--delete", action="store_true", help="delete them, after asking")
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> Status:
    """List what nobody owns, and delete it if that is wanted."""
    from pytest_interactions.files.unowned.search import unowned

    owned = collected([*options.paths, *options.pytest])
    stored = [path for each in owned.directories for path in locked_below(each.path)]
    found = unowned(owned, stored=stored)
    _tell_left(owned)
    if not options.json:
        for each in found:
            print(on_one_line(f"{_named(each.path)}: no test owns it."))
        print(_summary(found))
    may_delete = options.delete and found and is_agreed(_counted(found), yes=options.yes, asks=not options.json)
    left = _deleted(found) if may_delete else found
    if options.json:
        print(json.dumps(_as_json(owned, found, left), indent=2))
    elif may_delete:
        print(f"Deleted: {len(found) - len(left)}.")
    return Status.FOUND if left else Status.OK


def _tell_left(owned: Owned) -> None:
    for path, reason in owned.left.items():
        line = f"{_named(path)}: was not collected ({reason}), so all that may be its tests' counts as owned."
        print(on_one_line(line), file=sys.stderr)


def _deleted(found: list[Unowned]) -> list[Unowned]:
    """Delete what can be deleted, and return what is left."""
    from pytest_interactions.files.unowned.search import STORED

    drop(each.path for each in found if each.kind == STORED)
    return [each for each in found if each.kind != STORED and not _delete(each)]


def _delete(unowned: Unowned) -> bool:
    """Delete a file, or say why it stays; return whether it is gone."""
    from pytest_interactions.files.unowned.deleting import delete

    try:
        is_gone, reason = delete(unowned), "it was written meanwhile, or holds other files"
    except OSError as error:
        is_gone, reason = False, str(error.strerror)
    if not is_gone:
        print(on_one_line(f"{_named(unowned.path)}: was not deleted: {reason}."), file=sys.stderr)
    return is_gone


def _summary(found: list[Unowned]) -> str:
    if not found:
        return "Owned by no test: nothing."
    kinds = ", ".join(f"{kind}: {count}" for kind, count in Counter(each.kind for each in found).items())
    return f"Owned by no test: {_counted(found)} ({kinds}), {sum(each.size for each in found) / 1024:,.1f} KiB."


def _counted(found: list[Unowned]) -> str:
    count = sum(each.files for each in found)
    return f"{count} file{'' if count == 1 else 's'}"


def _as_json(owned: Owned, found: list[Unowned], left: list[Unowned]) -> dict[str, Any]:
    return {
        "unused": [
            {
                "path": _named(each.path),
                "kind": each.kind,
                "files": each.files,
                "bytes": each.size,
                "deleted": each not in left,
            }
            for each in found
        ],
        "not_collected": [{"path": _named(path), "reason": reason} for path, reason in owned.left.items()],
    }


def _named(path: Path) -> str:
    """Return a path from here on, or as a whole if it is elsewhere."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
