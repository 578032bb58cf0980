"""The way of recordings into a store: their objects first, then the lines of the lock file, then out of the tree.

Whoever is killed on the way leaves all three as they may be: an object that no line names, or a line whose recording is
in the tree too. The next push goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions.errors import StoreError
from pytest_interactions.files import clock, disk, media, storage
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.store import about, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.merging import Stages
    from pytest_interactions.store.store import Store

#: How old an object may be that is not sent again. `gc` deletes what is older, if no commit that it knows names it.
_FRESH: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A recording of the tree that is to be pushed.

    Its bytes are read again when they are sent, so that there may be any number of recordings.

    Attributes:
        path: Its file.
        digest: The digest of what was in it when it was looked at.
        media: The names of its media files.
        entry: Its line of the lock file.
        is_copy: Whether it is a copy of what was pushed before, which only leaves the tree.
    """

    path: Path
    digest: str
    media: tuple[str, ...]
    entry: Entry
    is_copy: bool

    @classmethod
    def of(cls, path: Path, raw: bytes, entry: Entry, *, is_copy: bool = False) -> Self:
        """Return the recording with these bytes."""
        return cls(path, objects.digest_of(raw), tuple(sorted(media.references_in(raw))), entry, is_copy)


def push(recordings: Sequence[Pushed], store: Store, lock_path: Path, stages: Stages | None = None) -> int:
    """Push recordings, and return how many objects were sent.

    Args:
        recordings: The recordings.
        store: The store.
        lock_path: The lock file.
        stages: What both sides of a merge have of the lock file, if it is known.

    Raises:
        StoreError: An object can't be sent, a media file is missing, or the lock file can't be used; recordings are in
            the tree as they were.
        OSError: The lock file, the cache or the tree can't be written.
    """
    new = [each for each in recordings if not each.is_copy]
    sent = push_media(((each.path, each.media) for each in new), store)
    _check_media(new, store)
    by_name = {objects.of_cassette(each.entry.digest): each for each in new}
    paths = {name: each.path for name, each in by_name.items()}
    sent += _send(store, paths, lambda name: _there(name, by_name[name].path, store))
    if new:
        lock_file.change(lock_path, [each.entry for each in new], settled=True, stages=stages)
    for each in recordings:
        _take_out(each, store)
    return sent


def push_media(recordings: Iterable[tuple[Path, Sequence[str]]], store: Store) -> int:
    """Push the media of cassettes that are beside them; the arguments and errors are those of `push`."""
    paths = {
        f"{objects.MEDIA}/{name}": path
        for path, names in recordings
        for name in names
        if (media.directory_of(path) / name).is_file()
    }
    return _send(store, paths, lambda name: _medium(name, paths[name], store))


def restore(entries: Sequence[Entry], store: Store) -> tuple[int, list[str]]:
    """Send again those objects of cassettes, and of their media, that the store has not, from the cache.

    Returns:
        How many were sent, and the paths of the cassettes of which something is neither in the store nor in the cache.

    Raises:
        StoreError: An object can't be sent; others were.
    """
    sent, lost = _restore({objects.of_cassette(entry.digest): entry.path for entry in entries}, store)
    there = [(entry.path, store.cache.find(objects.of_cassette(entry.digest))) for entry in entries]
    files, lost_files = restore_media(
        ((path, media.references_in(disk.read(file))) for path, file in there if file is not None), store
    )
    return sent + files, sorted({*lost, *lost_files})


def restore_media(references: Iterable[tuple[object, Iterable[str]]], store: Store) -> tuple[int, list[str]]:
    """Do the same for the media of cassettes, each with its path."""
    return _restore({f"{objects.MEDIA}/{name}": str(path) for path, names in references for name in names}, store)


def _restore(paths: Mapping[str, str], store: Store) -> tuple[int, list[str]]:
    lost: list[str] = []
    missing: list[str] = []

    def ask(name: str) -> None:
        with about(paths[name]):
            there, file = store.remote.size(name), store.cache.find(name)
        if file is None:
            lost.extend([paths[name]] if there is None else [])
        elif there != file.stat().st_size:
            missing.append(name)

    at_once(ask, list(paths))
    return _send(store, {name: paths[name] for name in missing}, lambda name: disk.read(store.cache.path(name))), lost


def _check_media(recordings: Sequence[Pushed], store: Store) -> None:
    """Raise `StoreError` if a recording refers to media that are neither beside it nor in the store."""
    paths = {f"{objects.MEDIA}/{name}": each.path for each in recordings for name in each.media}

    def check(name: str) -> None:
        file = _file(name, paths[name])
        with about(paths[name]):
            if not file.is_file() and store.remote.size(name) is None:
                raise StoreError(
                    f"{file}: this media file is missing, and not in the store. Restore it, or record again."
                )

    at_once(check, list(paths))


def take_media_out(path: Path, names: Iterable[str], store: Store) -> None:
    """Move the media of a cassette that were pushed from the tree to the cache."""
    directory = media.directory_of(path)
    with disk.locked(path):
        for name in names:
            if (directory / name).is_file():
                store.keep(f"{objects.MEDIA}/{name}", disk.read(directory / name))
        media.delete(directory, keep=storage.media_of_others(path))


def _medium(name: str, cassette: Path, store: Store) -> bytes:
    file = _file(name, cassette)
    data = _read(name, file, store)
    if not objects.is_whole(name, data):
        raise StoreError(f"{file}: this media file was altered since it was recorded. Restore it, or record again.")
    return data


def _there(name: str, cassette: Path, store: Store) -> bytes:
    data = _read(name, cassette, store)
    if not objects.is_whole(name, data):
        raise StoreError(f"{cassette}: it was written while it was pushed. Push again.")
    return data


def _read(name: str, file: Path, store: Store) -> bytes:
    """Return the bytes of a file of the tree, which another push may have taken out meanwhile."""
    try:
        return disk.read(file)
    except FileNotFoundError:
        return disk.read(store.cache.path(name))


def _file(name: str, cassette: Path) -> Path:
    """Return the path of the file of a media object beside a cassette."""
    return media.directory_of(cassette) / name.rpartition("/")[2]


def _send(store: Store, paths: Mapping[str, object], data_of: Callable[[str], bytes]) -> int:
    """Send the objects, of the cassettes at these paths, that the store has not, whole and fresh; return how many."""
    sent: list[str] = []

    def send(name: str) -> None:
        data = data_of(name)
        with about(paths[name]):
            if not _is_there(store, name, len(data)):
                store.remote.put(name, data)
                if store.remote.size(name) != len(data):
                    raise StoreError(f"{store.remote.shown}: {name} is not there as it was sent. Push it again.")
                sent.append(name)

    at_once(send, list(paths))
    return len(sent)


def _is_there(store: Store, name: str, size: int) -> bool:
    """Return whether an object need not be sent.

    A cassette always is: that costs no more than to ask, and mends one that was altered.
    """
    there = store.remote.look(name) if name.startswith(objects.MEDIA) else None
    return there is not None and there.size == size and (there.at is None or clock.now() - there.at < _FRESH)


def _take_out(pushed: Pushed, store: Store) -> None:
    """Move a recording that was pushed from the tree to the cache, unless it has changed meanwhile."""
    with disk.locked(pushed.path):
        try:
            raw = disk.read(pushed.path)
        except OSError:
            return
        if objects.digest_of(raw) == pushed.digest:
            take_media_out(pushed.path, pushed.media, store)
            store.keep(objects.of_cassette(pushed.digest), raw)
            storage.remove(pushed.path)
