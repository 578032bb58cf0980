"""`pytest-interactions gc`: objects of the store that no branch names any more, and those of the cache that are old."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.commands.agreeing import is_agreed
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.gc.kept import Kept
from pytest_interactions.commands.stores import counted, in_kib, project_of, store_argument
from pytest_interactions.conversions import days
from pytest_interactions.errors import OptionError, StoreError
from pytest_interactions.files import clock
from pytest_interactions.store import objects
from pytest_interactions.store.cache import cache
from pytest_interactions.store.store import at_once

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_interactions.store.remote import Stored
    from pytest_interactions.store.store import Store

_DAYS: Final = 30.0
_EVER: Final = datetime.max.replace(tzinfo=UTC)
_ZERO: Final = re.compile(r"0+(\.0+)?[dw]?")


def arguments(parser: ArgumentParser) -> None:
    """Declare what is kept, and whether anything is deleted."""
    parser.description = (
        "List the objects of the store that no branch, tag or stash of this repository names, nor its working trees, "
        "and delete them with --delete. All projects of the repository count, and no other repository does. What was "
        "put there within 30 days stays, as somebody may be about to commit it. Run it in a clone that has all "
        "branches. Exits 1 if there are any, and 2 if not all that is kept can be read."
    )
    parser.add_argument(
        "--keep-refs",
        nargs="+",
        metavar="REF",
        help="keep what these branches and tags name, as in 'refs/heads/*' (default: all of them)",
    )
    parser.add_argument("--keep-history", action="store_true", help="keep what their earlier commits name, too")
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        default=f"{_DAYS:g}",
        help="days for which a new object stays (default: 30); with 0, what others have pushed and not committed goes",
    )
    parser.add_argument("--cache", action="store_true", help="look through the cache of this machine instead")
    parser.add_argument("--delete", action="store_true", help="delete them, after asking")
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    store_argument(parser)


def run(options: Namespace) -> Status:
    """List what may go, and delete it if that is wanted.

    Raises:
        OptionError: An option can't be used, or no store is set.
        StoreError: The store does not answer, or the repository can't tell what is kept.
    """
    age = _age(options.older_than)
    before = clock.now() - timedelta(days=age) if age else _EVER  # a store's clock may be ahead
    return _of_cache(options, before) if options.cache else _of_store(options, before)


def _age(text: str) -> float:
    if _ZERO.fullmatch(text.strip()):
        return 0.0
    try:
        return days(text) or 0.0
    except OptionError as error:
        raise OptionError(f"--older-than: {error}") from None


def _of_store(options: Namespace, before: datetime) -> Status:
    project = project_of(options)
    store = project.store()
    there = list(store.remote.objects())
    kept = Kept.of(project, options.keep_refs, history=options.keep_history)
    print(f"Kept by {', '.join(kept.refs)}: {counted(len(kept.cassettes), 'cassette')}.")
    unnamed = [each for each in there if each.name not in kept.cassettes]
    is_known = _has_read(kept, store, there, [each.name for each in unnamed if not _is_old(each, before)])
    unnamed = [each for each in unnamed if each.name not in kept.media and (is_known or not _is_medium(each))]
    found = [each for each in unnamed if _is_old(each, before)]
    _tell(found, f"{store.remote.shown}: {counted(len(there), 'object')}", "named by none of these")
    if new := [each for each in unnamed if not _is_old(each, before)]:
        print(f"Named by none of these, too, but left as new (--older-than {options.older_than}): {_counted(new)}.")
    status = Status.FOUND if found else Status.OK
    if found and options.delete and is_agreed(_counted(found), yes=options.yes):
        at_once(store.remote.delete, [each.name for each in found])
        print(f"Deleted: {len(found):,}.")
        status = Status.OK
    return status if is_known else Status.FAILED


def _has_read(kept: Kept, store: Store, there: list[Stored], new: list[str]) -> bool:
    """Return whether it is known which media are kept, for which cassettes are read if there are any media."""
    if any(map(_is_medium, there)):
        try:
            kept.read(store, [name for name in new if name.startswith(objects.CASSETTES) and objects.is_name(name)])
        except StoreError as error:
            print(
                "pytest-interactions: no media are listed or deleted, as it can't be told which are kept: "
                f"{str(error).splitlines()[0]}",
                file=sys.stderr,
            )
            return False
    return True


def _is_medium(stored: Stored) -> bool:
    return stored.name.startswith(objects.MEDIA)


def _is_old(stored: Stored, before: datetime) -> bool:
    return stored.at is not None and stored.at < before


def _of_cache(options: Namespace, before: datetime) -> Status:
    kept = cache()
    files = [(file, file.stat()) for file in kept.files()]
    old = [(file, status.st_size) for file, status in files if datetime.fromtimestamp(status.st_mtime, UTC) < before]
    size = sum(size for _, size in old)
    print(f"{kept.directory}: {counted(len(files), 'object')}; fetched before: {len(old):,}, {in_kib(size)}.")
    if not old or not (options.delete and is_agreed(counted(len(old), "object"), yes=options.yes)):
        return Status.FOUND if old else Status.OK
    for file, _ in old:
        Path(file).unlink(missing_ok=True)
    print(f"Deleted: {len(old):,}.")
    return Status.OK


def _tell(found: list[Stored], place: str, why: str) -> None:
    for each in found:
        print(each.name)
    print(f"{place}; {why}, and older: {_counted(found)}.")


def _counted(found: list[Stored]) -> str:
    return f"{counted(len(found), 'object')}, {in_kib(sum(each.size for each in found))}"
