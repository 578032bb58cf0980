"""Where a cassette is read: in the tree, or in the cache of its store, which is filled with what is missing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions.errors import CassetteNotFoundError, OptionError, StoreError
from pytest_interactions.files import disk, media, storage
from pytest_interactions.naming import project_of
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.cache import VARIABLE, cache
from pytest_interactions.store.found import Found
from pytest_interactions.store.remote import Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_interactions.store.cache import Cache
    from pytest_interactions.store.lock_file import Entry

#: How many objects are asked for, or sent, at once.
AT_ONCE: Final = 16
#: No cassettes, for errors to name.
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
# The time of a file that was checked out, in nanoseconds: no run takes it for a recording of its own, and it tells a
# copy from what was written since.
_LONG_AGO: Final = 10**18


class Store:
    """A store, and the cache that stands before it.

    Attributes:
        remote: The store.
        cache: What this machine has of it.
    """

    def __init__(self, url: str, of_media_alone: bool, kept: Cache) -> None:
        """Reach the store at `url`, which has media alone, or cassettes too."""
        self.remote = Remote(url)
        self.cache = kept
        self._of_media_alone = of_media_alone
        self._complete: dict[Path, tuple[tuple[int, ...] | None, Path, Sequence[str]]] = {}
        media.KEPT.add(kept.media)

    @classmethod
    def at(cls, url: str, *, of_media_alone: bool = False) -> Self:
        """Return the store at a URL, the same each time, so that what is checked once stays checked."""
        key = url, of_media_alone, cache()
        if key not in _STORES:
            _STORES[key] = Store(*key)
        found: Self = _STORES[key]  # type: ignore[assignment] # there are no subclasses
        return found

    def find(self, path: Path, *, records: bool) -> Found:
        """Find the cassette at `path`, and fetch what of it this machine has not.

        A file in the tree comes first: it is a recording that was not pushed yet. One that is a copy of what was pushed
        gives way to what the lock file names now.

        Args:
            path: The path in the tree, whether there is a file or not.
            records: Whether its file may be written, so that what there is of it must be in the tree.

        Raises:
            StoreError: The lock file can't be used, or an object can't be fetched.
            OSError: The cache, or the tree, can't be written.
        """
        entry = None if self._of_media_alone else locked(path)
        if entry is not None and self._gives_way(path, entry):
            if not records:
                file = self.cassette(entry)
                return Found(file, self._media_of(path, file, self.cache.media))
            self._check_out(path, entry)
        beside = media.directory_of(path)
        if records:
            self._bring_media(path, beside)
            return Found(path, beside)
        return Found(path, self._media_of(path, path, beside))

    def cassette(self, entry: Entry) -> Path:
        """Return the file of a cassette in the cache; raise as `find` does."""
        name = objects.of_cassette(entry.digest)
        self.fetch([name], of={name: entry.path})
        return self.cache.path(name)

    def fetch(
        self, names: Iterable[str], tell: Callable[[str], object] = str, *, of: Mapping[str, object] = NOTHING
    ) -> int:
        """Fetch those objects that the cache has not, several at once, and `tell` of each; return how many there were.

        Args:
            names: The objects.
            tell: Called with the name of each that was fetched.
            of: The cassettes that they belong to, which errors name.

        Raises:
            StoreError: One can't be fetched, or the cache can't be written; others are there.
        """
        missing = [name for name in names if self.cache.find(name) is None]

        def fetch(name: str) -> None:
            with about(of.get(name)):
                self._fetch(name)
            tell(name)

        at_once(fetch, missing)
        return len(missing)

    def fetch_whole(self, entries: Sequence[Entry], tell: Callable[[str], object] = str) -> None:
        """Fetch cassettes, and then the media that those refer to which are there; `tell` of each object.

        Raises:
            StoreError: As `fetch` does, of cassettes or of media; all others were fetched.
        """
        cassettes = {objects.of_cassette(entry.digest): entry.path for entry in entries}
        failed = self._tried(cassettes, tell)
        files: dict[str, str] = {}
        for name, path in cassettes.items():
            if (file := self.cache.find(name)) is not None:
                files |= dict.fromkeys(objects.of_media(media.references_in(disk.read(file))), path)
        failed_too = self._tried(files, tell)
        if failed or failed_too:
            raise failed or failed_too  # type: ignore[misc] # one is there

    def _tried(self, names: Mapping[str, object], tell: Callable[[str], object]) -> StoreError | None:
        """Fetch objects of cassettes; return the error, if there is one."""
        try:
            self.fetch(names, tell, of=names)
        except StoreError as error:
            return error
        return None

    def _fetch(self, name: str) -> None:
        with self.cache.fetching(name):
            if self.cache.find(name) is None:  # nobody has fetched it meanwhile
                data = self.remote.get(name)
                try:
                    self.cache.put(name, data)
                except OSError as error:
                    raise StoreError(
                        f"the cache {self.cache.directory} can't be written: {error.strerror}. Mend that, or name "
                        f"another directory by {VARIABLE}."
                    ) from None

    # --- the tree ---

    def _gives_way(self, path: Path, entry: Entry) -> bool:
        """Return whether a file of the tree is missing, or a copy of what was pushed before."""
        try:
            digest = objects.digest_of(disk.read(path))
        except OSError:
            return not path.exists()
        return digest != entry.digest and not is_new(path, digest, entry)

    def _check_out(self, path: Path, entry: Entry) -> None:
        """Copy a cassette, with its media, to its path in the tree, where nobody has recorded it meanwhile."""
        _check_place(path)
        raw = disk.read(self.cassette(entry))
        with disk.locked(path):
            for left in disk.temporaries(path):
                left.unlink()
            if self._gives_way(path, entry):
                self._copy_media(media.references_in(raw), path)
                with disk.staged(path, [raw], at=_LONG_AGO) as put:
                    put()

    def _bring_media(self, path: Path, beside: Path) -> None:
        names = self._references(path)
        missing = [name for name in names if not (beside / name).is_file()]
        if missing:
            with disk.locked(path):
                self._copy_media(missing, path)

    def _copy_media(self, names: Collection[str], path: Path) -> None:
        directory, wanted = media.directory_of(path), objects.of_media(names)
        for name in names:
            _check_place(directory / name)
        self.fetch(wanted, of=dict.fromkeys(wanted, path))
        for name in names:
            with disk.staged(directory / name, disk.pieces(self.cache.media / name, 2**20), at=_LONG_AGO) as put:
                put()

    def _media_of(self, path: Path, file: Path, beside: Path) -> Path:
        """Return the directory that has all media of the cassette at `path`, whose `file` may be another.

        It is the one beside it, or the cache's, which is filled.
        """
        signature, known = storage.signature(file), self._complete.get(file)
        if known is not None and known[0] == signature and all((known[1] / name).is_file() for name in known[2]):
            return known[1]  # from where a push may have taken them
        names = self._references(file)
        found = [beside / name for name in names if beside != self.cache.media and (beside / name).is_file()]
        if len(found) < len(names):
            for each in found:
                self.keep(f"{objects.MEDIA}/{each.name}", disk.read(each))
            wanted = objects.of_media(names)
            self.fetch(wanted, of=dict.fromkeys(wanted, path))
            beside = self.cache.media
        self._complete[file] = signature, beside, names
        return beside

    def keep(self, name: str, data: bytes) -> None:
        """Put what is in the tree into the cache, if it is whole; raise `OSError` if that can't be written."""
        if self.cache.find(name) is None and objects.is_whole(name, data):
            self.cache.put(name, data)

    def _references(self, file: Path) -> Sequence[str]:
        try:
            return sorted(media.references_in(storage.read_bytes(file)))
        except CassetteNotFoundError:
            return []


def _check_place(path: Path) -> None:
    """Raise `StoreError` if what is put at a path of the tree would go elsewhere, as anybody can commit a link."""
    lock = lock_file.nearest(path)
    root = lock.parent if lock else project_of(path.parent) or path.parent
    place, home = disk.real(path), disk.real(root)
    is_inside = place.is_relative_to(home) and not lock_file.is_of_git(place.relative_to(home).as_posix())
    if not is_inside or any(each.is_symlink() and not each.exists() for each in (path, *path.parents)):
        raise StoreError(
            f"{path}: nothing is put there, as a link on the way leads to nothing, or out of the project {root}. "
            "Delete the link, or put the file or the directory itself there."
        )


_STORES: Final[dict[tuple[str, bool, Cache], Store]] = {}


def is_new(path: Path, digest: str, entry: Entry) -> bool:
    """Return whether a file of the tree, with this digest, is a recording that was not pushed yet.

    It is none if it is the entry's, or a copy.
    """
    return digest != entry.digest and not is_copy(path)


def is_copy(path: Path) -> bool:
    """Return whether a file of the tree was checked out, and nobody has written it since."""
    signature = storage.signature(path)
    return signature is not None and signature[0] == _LONG_AGO


def locked(path: Path) -> Entry | None:
    """Return what the nearest lock file says of the cassette at `path`; `None` if it names none.

    Raises:
        StoreError: The lock file can't be read, or its line of the cassette; or it names none, but has a damaged line,
            which may be this cassette's.
    """
    file = lock_file.nearest(path)
    return None if file is None else lock_file.shared(file).find(path)


def at_once(call: Callable[[str], object], names: Sequence[str]) -> None:
    """Call `call` with each name, several at once.

    What fails for some is tried for the others, but not once it has failed as often as there are calls at once.

    Raises:
        StoreError: The first error, and how many more there were; others are raised as they are.
    """
    if len(names) <= 1:
        for name in names:
            call(name)
        return
    failed: list[BaseException] = []
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for done in as_completed([pool.submit(call, name) for name in names]):
            if (error := done.exception()) is not None:
                failed.append(error)
                if len(failed) >= AT_ONCE or not isinstance(error, StoreError):
                    break
    finally:  # be it by Ctrl-C
        pool.shutdown(cancel_futures=True)
    if len(failed) > 1 and isinstance(failed[0], StoreError):
        raise StoreError(f"{failed[0]} (So with {len(failed) - 1} more.)") from None
    if failed:
        raise failed[0]


@contextmanager
def about(cassette: object) -> Iterator[None]:
    """Have the errors of a store inside name the cassette, if there is one, that they are about."""
    try:
        yield
    except StoreError as error:
        raise (StoreError(f"{cassette}: {error}") if cassette else error) from None


def resolved(url: str, root: Path) -> str:
    """Return the URL of a store; one that is a path leads on from `root`."""
    return url if "://" in url or "::" in url else str(root / Path(url).expanduser())


def inside(root: Path, cassette_dir: str) -> str | None:
    """Return how a directory of cassettes is named from a project's directory on; `None` if it is not below it."""
    top = Path(os.path.normpath(root))
    place = Path(os.path.normpath(top / cassette_dir))
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else None


def leads_out(cassette_dir: str, root: Path) -> OptionError:
    """Return the error for such a directory."""
    return OptionError(
        f"cassette_dir = {cassette_dir} is not below {root}, and a store, with its {lock_file.NAME}, knows only what "
        "is below it. Set another one, or no store."
    )
