"""The way to a store, by fsspec, whose own configuration says how to log in: the only module that knows fsspec.

An object gets its name only as a whole, and what is read is checked against its name, so that nobody takes a part of
one, or another's bytes, for it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from pytest_interactions.errors import MissingExtraError, OptionError, StoreError
from pytest_interactions.store import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

#: The seconds for which one answer of a store is waited for.
PATIENCE: Final = 120.0
#: How often an object is asked for, and the seconds before it is asked for again.
_PAUSES: Final = (0.2, 1.0)
_READ_ONLY: Final = frozenset({"http", "https"})
# Here a file that is being written can be read, and its name can be given to it afterwards.
_OF_FILES: Final = frozenset({"file", "local", "sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "arrow_hdfs"})
# What clouds call the permissions, as their errors rarely do.
_PERMISSIONS: Final = {
    "s3": {"read": "s3:GetObject", "write": "s3:PutObject", "list": "s3:ListBucket", "delete": "s3:DeleteObject"},
    "gs": {
        "read": "storage.objects.get",
        "write": "storage.objects.create",
        "list": "storage.objects.list",
        "delete": "storage.objects.delete",
    },
    "abfs": {
        "read": "Storage Blob Data Reader",
        "write": "Storage Blob Data Contributor",
        "list": "Storage Blob Data Reader",
        "delete": "Storage Blob Data Contributor",
    },
}
_SAME: Final = {"s3a": "s3", "gcs": "gs", "az": "abfs", "adl": "abfs"}
_TIMES: Final = ("LastModified", "last_modified", "mtime", "updated", "created")


class Stored(NamedTuple):
    """An object of a store: its name, its bytes, and when it was put there, if that is known."""

    name: str
    size: int
    at: datetime | None


class Remote:
    """The store at a URL of fsspec's; nothing is imported, and nothing asked for, until it is needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        #: The URL without a login or a query, which may be secret.
        self.shown = _shown(url)

    def get(self, name: str) -> bytes:
        """Return an object, whole; one that is cut or altered on its way is asked for again.

        Raises:
            StoreError: There is none, it may not be read, or the store does not answer, or with other bytes.
        """
        problem = ""
        for pause in (0.0, *_PAUSES):
            time.sleep(pause)
            try:
                data: bytes = self._asked("read", name, lambda: self._fs.cat_file(self._at(name)))
            except FileNotFoundError:
                raise StoreError(
                    f"{self.shown}: {name} is not there. It was deleted, or whoever recorded it has not pushed it to "
                    "this store: push it from there, or record the test again."
                ) from None
            except _Trouble as trouble:
                problem = str(trouble)
                continue
            if objects.is_whole(name, data):
                return data
            problem = f"its bytes are not those of its name ({len(data):,} came): it was cut, or altered"
        raise StoreError(
            f"{self.shown}: {name} can't be fetched: {problem}. It was asked for {len(_PAUSES) + 1} times. Try again, "
            "or record the test again and push it."
        )

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; `None` if there is none.

        Raises:
            StoreError: The store does not tell.
        """
        try:
            return int(self._tried("read", name, lambda: self._fs.info(self._at(name)))["size"])
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        """Put an object into the store, whole or not at all.

        Raises:
            StoreError: It may not be written, or the store does not answer.
        """
        if self._protocols & _READ_ONLY:
            raise StoreError(
                f"{self.shown}: a store is read over HTTP, and can't be written. Push to where it is kept, by its own "
                "URL: --store s3://..."
            )
        try:
            self._tried("write", name, lambda: self._write(self._at(name), data))
        except FileNotFoundError as error:  # of the bucket
            raise StoreError(
                f"{self.shown}: {name} can't be written: {_first_line(error)}. Make that place, or correct the URL."
            ) from None

    def _write(self, path: str, data: bytes) -> None:
        if not self._protocols & _OF_FILES:
            self._fs.pipe_file(path, data)
            return
        self._fs.makedirs(self._fs._parent(path), exist_ok=True)  # noqa: SLF001 - there is no public way
        temporary = f"{path}.{uuid4().hex}.tmp"
        try:
            self._fs.pipe_file(temporary, data)
            self._fs.mv(temporary, path)
        except BaseException:
            with suppress(Exception):
                self._fs.rm_file(temporary)
            raise

    def objects(self) -> Iterator[Stored]:
        """Yield all objects.

        Raises:
            StoreError: They may not be listed, or the store does not answer.
        """
        for kind in (objects.CASSETTES, objects.MEDIA):
            with suppress(FileNotFoundError):
                found = self._tried("list", kind, lambda: self._fs.find(self._at(kind), detail=True))  # noqa: B023
                for path, info in found.items():
                    name = f"{kind}/{path.rpartition('/')[2]}"
                    if objects.is_name(name):
                        yield Stored(name, int(info.get("size") or 0), _time_of(info))

    def delete(self, name: str) -> None:
        """Delete an object, if it is there.

        Raises:
            StoreError: It may not be deleted, or the store does not answer.
        """
        with suppress(FileNotFoundError):
            self._tried("delete", name, lambda: self._fs.rm_file(self._at(name)))

    # --- fsspec ---

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise MissingExtraError(
                f"{self.shown}: a store needs the extra remote: pip install 'pytest-interactions[remote]'"
            ) from None
        try:
            opened: tuple[Any, str] = url_to_fs(self._url, use_listings_cache=False)
        except ImportError as error:  # which says what to install
            raise MissingExtraError(f"{self.shown}: {_first_line(error)}") from None
        except ValueError as error:
            raise OptionError(f"store: {self.shown}: {_first_line(error)}") from None
        return opened

    @property
    def _fs(self) -> Any:
        return self._opened[0]

    @property
    def _protocols(self) -> frozenset[str]:
        named = self._fs.protocol
        return frozenset([named] if isinstance(named, str) else named)

    def _at(self, name: str) -> str:
        return f"{self._opened[1].rstrip('/')}/{name}"

    def _tried(self, verb: str, name: str, call: Callable[[], T]) -> T:
        """Return what a call returns; it is called once more if the store has trouble."""
        for pause in _PAUSES:
            try:
                return self._asked(verb, name, call)
            except _Trouble:
                time.sleep(pause)
        try:
            return self._asked(verb, name, call)
        except _Trouble as trouble:
            raise StoreError(
                f"{self.shown}: {name}: the store did not {verb} it: {trouble}. Nothing was lost: try again."
            ) from None

    def _asked(self, verb: str, name: str, call: Callable[[], T]) -> T:
        """Return what a call returns; raise `_Trouble` for what may pass, and `StoreError` for what does not."""
        _ = self._opened  # what is wrong with the URL is said as it is
        try:
            return _within(PATIENCE, call)
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise StoreError(
                f"{self.shown}: {name}: the store refuses to {verb} it ({_first_line(error) or 'no permission'}). "
                f"{self._permission(verb)}"
            ) from None
        except Exception as error:  # noqa: BLE001 - each file system has errors of its own
            status = getattr(error, "status", None)
            if status in {401, 403}:  # as aiohttp has it, by which fsspec reads from a web server
                raise StoreError(f"{self.shown}: {name}: the store refuses to {verb} it ({status}).") from None
            raise _Trouble(f"{type(error).__name__}{f': {text}' if (text := self._told(error)) else ''}") from None

    def _permission(self, verb: str) -> str:
        names = [_SAME.get(each, each) for each in self._protocols]
        permission = next((_PERMISSIONS[each][verb] for each in names if each in _PERMISSIONS), f"permission to {verb}")
        return f"Who runs this needs {permission} there; fsspec's own configuration says who that is."

    def _told(self, error: Exception) -> str:
        """Return what an error says in a line, without the URL, which may have a login in it."""
        text = _first_line(error).replace(self._url, self.shown)
        return "" if "://" in text.replace(self.shown, "") else text


class _Trouble(Exception):  # noqa: N818 - it is no error until it stays
    """An answer of a store that may be another one the next time."""


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns within some seconds; who waits in vain leaves it to end by itself.

    Raises:
        TimeoutError: It takes longer.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that asks
            errors.append(error)

    thread = Thread(target=run, daemon=True, name="pytest-interactions-store")
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return answers[0]


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return url if not parts.netloc else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _time_of(info: dict[str, Any]) -> datetime | None:
    """Return when a file was changed; each file system has another name for it."""
    value = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None
