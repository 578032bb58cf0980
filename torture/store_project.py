"""A project with a store as a kill may find it, and what must be true of it afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import httpx

from pytest_interactions import use_cassette
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.commands import main
from pytest_interactions.files import disk, media, storage
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.store import cache, lock_file, objects
from torture.forked import files_in
from torture.traffic import MEDIA_THRESHOLD, answer, question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_interactions.store.lock_file import Entry

#: What each test asks, before and after its recording that waits for a push: it is in the store alone (`fetched`,
#: `pictured`), on this machine too (`known`), recorded again (`again`, `repainted`), new (`new`, `painted`, and `same`,
#: which is the same object), or checked out (`copied`).
BEFORE: Final[Mapping[str, Sequence[str]]] = {
    "fetched": ["unary fetched"],
    "pictured": ["media pictured"],
    "known": ["stream known"],
    "again": ["media again, old"],
    "repainted": ["unary repainted, old"],
    "copied": ["media copied"],
}
_RECORDED: Final[Mapping[str, Sequence[str]]] = {
    "again": ["unary again, new"],
    "repainted": ["media repainted, new", "stream repainted, new"],
    "new": ["stream new"],
    "painted": ["media painted", "media painted, too"],
}
_SAME: Final = "same"
AFTER: Final = {**BEFORE, **_RECORDED, _SAME: _RECORDED["painted"]}
_FETCHED: Final = ("fetched", "pictured")
_HEADERS: Final = {"content-type": ["application/json"]}
_DRAWN: Final = re.compile(r"(?<=\.)[0-9a-f]{32}(?=\.tmp$)")
_AGE: Final = 1.5 * 10**9  # seconds; a file of the tree that was checked out is older
#: Moto wants to see a login, and checks none.
_LOGIN: Final = {
    "authorization": "AWS4-HMAC-SHA256 Credential=anybody/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, "
    "Signature=0"
}


@dataclass(frozen=True, slots=True)
class Lines:
    """What the lock file says: before the push of what waits, and after it."""

    before: Mapping[str, Entry]
    after: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Project:
    """A project in a directory, with its cache, and with its store unless that is S3.

    Attributes:
        directory: The directory of all three.
        bucket: The URL, over HTTP, of what is the store in S3; `""` if it is a directory.
    """

    directory: Path
    bucket: str = ""

    @property
    def root(self) -> Path:
        """Return the directory of the project."""
        return self.directory / "project"

    @property
    def lock(self) -> Path:
        """Return the lock file."""
        return self.root / lock_file.NAME

    @property
    def url(self) -> str:
        """Return the URL of the store, as the ini file has it."""
        return f"s3://{'/'.join(self.bucket.split('/')[3:])}" if self.bucket else str(self.directory / "store")

    def place(self, name: str) -> Path:
        """Return the path of a cassette in the tree."""
        return self.root / "cassettes" / f"{name}.yaml"

    @contextmanager
    def entered(self, kept: str = "cache") -> Iterator[None]:
        """Be in the project, with this directory for the cache, and nothing on the standard output."""
        before = os.environ.get(cache.VARIABLE)
        os.environ[cache.VARIABLE] = str(self.directory / kept)
        try:
            with chdir(self.root), redirect_stdout(StringIO()):
                yield
        finally:
            os.environ.pop(cache.VARIABLE)
            os.environ.update({cache.VARIABLE: before} if before else {})

    def make(self) -> Lines:
        """Make it, with recordings that wait for a push; return what the lock file says, and what it is to say."""
        self.root.mkdir(parents=True)
        self._name_store()
        for name, asked in BEFORE.items():
            self._record(name, asked)
        with self.entered():
            run("push")
            run("pull", "--files", str(self.place("copied")))
            lock = lock_file.LockFile.read(self.lock)
            before = {entry.path: entry for entry in lock.entries()}
            for name in _FETCHED:
                self._forget(before[f"cassettes/{name}.yaml"])
        for name, asked in _RECORDED.items():
            self._record(name, asked)
        shutil.copy(self.place("painted"), self.place(_SAME))
        shutil.copytree(media.directory_of(self.place("painted")), media.directory_of(self.place(_SAME)))
        return Lines(before, self._pushed())

    def _pushed(self) -> Mapping[str, Entry]:
        pushed = self.copied(self.directory.with_name(f"{self.directory.name}-pushed"))
        with pushed.entered():
            run("push")
            return {entry.path: entry for entry in lock_file.LockFile.read(pushed.lock).entries()}

    def copied(self, directory: Path, bucket: str = "") -> Project:
        """Return a copy in another directory, with its store in S3 if there is a bucket."""
        shutil.copytree(self.directory, directory)
        copy = Project(directory, bucket)
        copy._name_store()
        if bucket:
            store = directory / "store"
            for file in files_in(store):
                httpx.put(f"{bucket}/{file.relative_to(store)}", content=file.read_bytes(), headers=_LOGIN)
            shutil.rmtree(store)
        return copy

    def _name_store(self) -> None:
        url = self.url if self.bucket else os.path.relpath(self.url, self.root)  # the same in each case
        (self.root / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {url}\n")

    def _record(self, name: str, asked: Sequence[str]) -> None:
        gate = Gate(Redactor(secrets=Secrets([])))
        contents = storage.Contents([_exchange(each) for each in asked])
        storage.save(self.place(name), contents, gate, media_threshold=MEDIA_THRESHOLD)

    def _forget(self, entry: Entry) -> None:
        file = self.directory / "cache" / objects.of_cassette(entry.digest)
        for name in objects.of_media(media.references_in(file.read_bytes())):
            (self.directory / "cache" / name).unlink()
        file.unlink()

    # --- what a store, a cache and a tree hold ---

    def stored(self) -> dict[str, bytes]:
        """Return all that is in the store, by name."""
        if not self.bucket:
            return _contents(self.directory / "store")
        server, name, prefix = self.bucket.rsplit("/", 2)
        listed = httpx.get(f"{server}/{name}", params={"list-type": "2", "prefix": f"{prefix}/"}, headers=_LOGIN)
        found = ET.fromstring(listed.content).iterfind(".//{*}Key")  # noqa: S314 - our own server
        keys = [each.text or "" for each in found]
        return {
            key.removeprefix(f"{prefix}/"): httpx.get(f"{server}/{name}/{key}", headers=_LOGIN).content for key in keys
        }

    def cached(self) -> dict[str, bytes]:
        """Return all that is in the cache, by name, but for its locks."""
        found = _contents(self.directory / "cache")
        return {name: data for name, data in found.items() if not name.startswith("locks/")}

    def tree(self) -> dict[str, bytes]:
        """Return all that is in the directory of cassettes, by name."""
        return _contents(self.root / "cassettes")

    def state(self) -> str:
        """Return a digest of all files, their names without what is drawn at random, and of what was checked out."""
        found = sha256()
        for file in sorted(files_in(self.directory), key=lambda file: (_DRAWN.sub("", str(file)), file.stat().st_size)):
            name = _DRAWN.sub("", file.relative_to(self.directory).as_posix())
            if not name.startswith("cache/locks/"):
                data = file.read_bytes()
                found.update(f"{name} {file.stat().st_mtime < _AGE} {len(data)}\n".encode() + data)
        return found.hexdigest()

    def replay(self, record_mode: str = "none") -> Iterator[str]:
        """Replay all tests; yield what goes wrong."""
        mode: Any = record_mode
        with httpx.Client(verify=False) as client:  # noqa: S501 - nothing is sent
            for name, asked in AFTER.items():
                try:
                    with use_cassette(self.place(name), store=self.url, record_mode=mode):
                        for each in asked:
                            _ask(client, each)
                except Exception as error:  # noqa: BLE001 - told
                    yield f"{name} does not replay: {type(error).__name__}: {str(error).partition(chr(10))[0]}"


def run(*arguments: str) -> None:
    """Run a command; raise `RuntimeError` with what it said if it fails."""
    with redirect_stderr(StringIO()) as said:
        status = main(list(arguments))
    if status:
        raise RuntimeError(f"{' '.join(arguments)} failed: {said.getvalue()}")


def _ask(client: httpx.Client, name: str) -> None:
    asked = question(name)
    got, expected = client.post("http://h/v1/interactions", json=asked).content, answer(asked)
    if got != expected if asked.get("stream") else json.loads(got) != json.loads(expected):
        raise RuntimeError(f"the answer to {name!r} is not its own")


def _exchange(name: str) -> Exchange:
    request = Request(method="POST", uri="http://h/v1/interactions", headers=_HEADERS).with_json(question(name))
    headers = {"content-type": ["text/event-stream"]} if name.startswith("stream") else _HEADERS
    return Exchange(
        request=request, response=Response(status=200, reason="OK", headers=headers, body=answer(question(name)))
    )


def _contents(directory: Path) -> dict[str, bytes]:
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in files_in(directory)}


def is_leftover(name: str) -> bool:
    """Return whether a file of a store or a cache is what a killed process may leave there, and `gc` deletes."""
    return objects.is_begun(name) or (name.count("/") == 1 and disk.is_temporary(name.rpartition("/")[2]))
