"""The way to a store, by fsspec, whose own configuration says how to log in: the only module that knows fsspec.

An object gets its name only as a whole, and what is read is checked against its name, so that nobody takes a part of
one, or another's bytes, for it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from uuid import uuid4

from pytest_interactions.errors import InteractionsError, MissingExtraError, OptionError, StoreError, closest
from pytest_interactions.files.disk import LARGEST_FILE
from pytest_interactions.store import objects, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

#: The seconds for which one answer of a store is waited for, and those of one that did not answer the last time.
PATIENCE: Final = 120.0
IMPATIENCE: Final = 10.0
#: How often an object is asked for, and the seconds before it is asked for again.
_PAUSES: Final = (0.2, 1.0)
_READ_ONLY: Final = frozenset({"http", "https"})
# What speaks to these asks again by itself, for seconds.
_PERSISTENT: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl"})
# Here a file that is being written can be read, and its name can be given to it afterwards.
_OF_FILES: Final = frozenset({"file", "local", "sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "arrow_hdfs"})
_TO_END: Final = 0.5  # seconds for what ends a call that takes too long
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
        self._protocol = url.rpartition("::")[2].partition("://")[0] if "://" in url else "file"
        self._patience = PATIENCE
        #: The URL without a login or a query, which may be secret.
        self.shown = refusals.shown(url)

    def get(self, name: str) -> bytes:
        """Return an object, whole; one that is cut or altered on its way is asked for again.

        Raises:
            StoreError: There is none, it may not be read, or the store does not answer, or with other bytes.
        """
        try:
            return self._tried("read", name, lambda: self._read(name))
        except FileNotFoundError:
            raise StoreError(
                f"{self.shown}: {name} is not there. It was deleted, or whoever recorded it has not pushed it to this "
                "store: push it from a machine whose cache has it (pytest-interactions push --restore), record the "
                "test again, or correct the URL of the store."
            ) from None

    def _read(self, name: str) -> bytes:
        # With an end, S3 is asked for the object alone, and not for its size before.
        limits = {"end": LARGEST_FILE, **self._limits} if self._limits else {}
        data: bytes = self._fs.cat_file(self._at(name), **limits)
        if not objects.is_whole(name, data):
            raise _Trouble(
                f"its bytes are not those of its name ({len(data):,} came), so that it was cut, or altered",
                may_pass=True,
                advice="Delete it there, and push it again from where it is, or record the test again and push that.",
            )
        return data

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; `None` if there is none; raise as `look` does."""
        there = self.look(name)
        return there.size if there else None

    def look(self, name: str) -> Stored | None:
        """Return what the store says of an object; `None` if there is none.

        Raises:
            StoreError: The store does not tell.
        """

        def ask() -> Stored:
            info = self._fs.info(self._at(name), **self._limits)
            size = info["size"]
            if size is None:
                size = len(self._fs.cat_file(self._at(name), **self._limits))
            return Stored(name, int(size), _time_of(info))

        try:
            return self._tried("read", name, ask)
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        """Put an object into the store, whole or not at all.

        Raises:
            StoreError: It may not be written, or the store does not answer.
        """
        if self._protocol in _READ_ONLY:
            raise StoreError(
                f"{self.shown}: a store is read over HTTP, and can't be written. Push to where it is kept, by its own "
                "URL: --store s3://..."
            )
        try:
            self._tried("write", name, lambda: self._write(self._at(name), data))
        except FileNotFoundError as error:  # of the bucket
            raise StoreError(
                f"{self.shown}: {name} can't be written: {refusals.told(error)}. Make the place first, or correct the "
                "URL of the store."
            ) from None

    def _write(self, path: str, data: bytes) -> None:
        if self._protocol not in _OF_FILES:
            self._fs.pipe_file(path, data, **self._limits)
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
        """Yield all objects, and what killed processes have begun of some.

        Raises:
            StoreError: They may not be listed, or the store does not answer.
        """
        for kind in (objects.CASSETTES, objects.MEDIA):
            with suppress(FileNotFoundError):
                found = self._tried("list", kind, lambda: self._fs.find(self._at(kind), detail=True, **self._limits))  # noqa: B023
                for path, info in found.items():
                    name = f"{kind}/{path.rpartition('/')[2]}"
                    if objects.is_begun(name):
                        yield Stored(name, int(info.get("size") or 0), _time_of(info))

    def delete(self, name: str) -> None:
        """Delete an object, if it is there.

        Raises:
            StoreError: It may not be deleted, or the store does not answer.
        """
        with suppress(FileNotFoundError):
            self._tried("delete", name, lambda: self._fs.rm_file(self._at(name), **self._limits))

    # --- fsspec ---

    @property
    def _opened(self) -> tuple[Any, str]:
        """Return the file system, which fsspec keeps for this process, and the path in it."""
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise MissingExtraError(
                f"{self.shown}: a store needs the extra remote: pip install 'pytest-interactions[remote]'"
            ) from None
        try:
            opened: tuple[Any, str] = url_to_fs(self._url, use_listings_cache=False)
        except ImportError as error:  # which says what to install
            raise MissingExtraError(f"{self.shown}: {refusals.told(error)}") from None
        except ValueError as error:
            raise OptionError(f"store: {self.shown}: {refusals.told(error)}{self._meant_by_url()}") from None
        return opened

    def _meant_by_url(self) -> str:
        """Return the end of an error's sentence about the URL: if nobody knows its protocol, another one's name."""
        from fsspec import available_protocols

        known = available_protocols()
        if self._protocol in known:
            return "."
        nearest = closest(self._protocol, known)
        return f"; did you mean {nearest!r}?" if nearest else "; there are s3, gs, abfs, sftp, file and others."

    @property
    def _fs(self) -> Any:
        return self._opened[0]

    @property
    def _limits(self) -> dict[str, Any]:
        """Return what ends a call that takes too long; file systems that wait in this thread know no such thing."""
        return {"timeout": self._patience} if type(self._fs).async_impl else {}

    def _at(self, name: str) -> str:
        return f"{self._opened[1].rstrip('/')}/{name}"

    def _tried(self, verb: str, name: str, call: Callable[[], T]) -> T:
        """Return what a call returns; it is called again if that may help."""
        for tries, pause in enumerate((*_PAUSES, None), 1):
            try:
                return self._asked(verb, name, call)
            except _Trouble as trouble:
                if pause is not None and trouble.may_pass:
                    time.sleep(pause)
                    continue
                raise StoreError(
                    f"{self.shown}: {name}: the store did not {verb} it: {trouble}"
                    f"{f'; it was asked {tries} times' if tries > 1 else ''}. {trouble.advice}"
                ) from None
        raise AssertionError  # pragma: no cover - the last one has no pause

    def _asked(self, verb: str, name: str, call: Callable[[], T]) -> T:
        """Return what a call returns; raise `_Trouble` for what may pass, and `StoreError` for what does not."""
        patience = self._patience
        try:
            answer = _within(patience, call)
        except (InteractionsError, _Trouble):
            raise
        except Exception as caught:  # noqa: BLE001 - each file system has errors of its own
            error = self._meant(caught)
            if isinstance(error, FileNotFoundError):
                raise error from None
            if (why := refusals.refusal(error)) is not None:
                needed = refusals.needed(self._protocol, verb)
                raise StoreError(f"{self.shown}: {name}: the store refuses to {verb} it ({why}). {needed}") from None
            if is_late := isinstance(error, TimeoutError) and not str(error):
                error, self._patience = TimeoutError(f"no answer within {patience:g} s"), min(patience, IMPATIENCE)
            may_pass = self._protocol not in _PERSISTENT and not is_late
            raise _Trouble(refusals.named(error), may_pass=may_pass) from None
        self._patience = PATIENCE
        return answer

    def _meant(self, error: BaseException) -> BaseException:
        """Return what is the matter: over HTTP, fsspec takes all that goes wrong for a file that is not there."""
        cause = error.__cause__
        is_taken = isinstance(error, FileNotFoundError) and self._protocol in _READ_ONLY and cause is not None
        return cause if is_taken and cause and getattr(cause, "status", None) != HTTPStatus.NOT_FOUND else error


class _Trouble(Exception):  # noqa: N818 - it is no error until it stays
    """An answer of a store that may be another one the next time; at once, if it `may_pass`."""

    def __init__(self, text: str, *, may_pass: bool, advice: str = "Nothing was lost: try again later.") -> None:
        super().__init__(text)
        self.may_pass, self.advice = may_pass, advice


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
    thread.join(seconds + _TO_END)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError
    return answers[0]


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
