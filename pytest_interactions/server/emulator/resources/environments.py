"""Environments of agents, and the files in them."""

from __future__ import annotations

import io
import lzma
import mimetypes
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Collection, page
from pytest_interactions.server.emulator.state import Recent

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.kinds import Kind
    from pytest_interactions.server.emulator.state import Draw, Store
    from pytest_interactions.server.emulator.wire import Received

_MODES: Final = ("on_demand", "self_hosted")
_KEY_SIZE: Final = 40
_WRONG_SOURCE: Final = "Invalid value at 'sources': each is an object, with content as its encoding says."


@dataclass
class _Upload:
    environment: str
    path: str
    kind: str
    extract: bool
    overwrite: bool
    data: bytes = b""


class Environments(Collection):
    """The environments, and the uploads to them that have begun."""

    def __init__(self, kind: Kind, store: Store) -> None:
        super().__init__(kind, store)
        self._files: Recent[str, dict[str, tuple[bytes, Json]]] = Recent(store.keep)
        self._uploads: Recent[str, _Upload] = Recent(store.keep)

    def made_by_interaction(self, name: str) -> None:
        """Remember the environment of an interaction, which need not have been created before."""
        if name not in self:
            self._resources[name] = {"id": name, **self.kind.initial, **self._times()}

    def checked(self, given: Json) -> Json:
        """Return the fields, if the mode exists, and so does the environment to copy."""
        if given.get("mode", _MODES[0]) not in _MODES:
            raise ApiError(400, f"Invalid value at 'mode': '{given['mode']}'.")
        if "from_environment" in given:
            self._source(given)
        for source in given.get("sources", []):
            if not isinstance(source, dict):
                raise ApiError(400, _WRONG_SOURCE)
            _inline(source)
        return given

    def completed(self, resource: Json, given: Json, _draw: Draw) -> Json:
        """Return the sizes of its files: those of the environment that it is a copy of, and the inline sources."""
        files = self._files[resource["id"]] = dict(self._of(self._source(given))) if "from_environment" in given else {}
        for source in given.get("sources", []):
            if source.get("type") == "inline":
                self._write(files, str(source.get("target", "")), _inline(source))
        return self._sizes(files)

    def once(self, resource: Json, draw: Draw) -> Json:
        """Return the key by which the daemon of a sandbox of one's own logs in."""
        own = resource["mode"] == "self_hosted"
        return {"environment_key": f"envkey_{draw.text('key', _KEY_SIZE)}"} if own else {}

    def delete(self, name: str) -> Json:
        """Forget the environment with its files."""
        self._files.pop(name, None)
        return super().delete(name)

    def files(self, name: str, path: str, query: QueryParams) -> Json:
        """Return what is in a directory, on pages, or the one file at `path`.

        Raises:
            ApiError: There is nothing at `path`.
        """
        files = self._of(name)
        if path in files:
            return {"files": [files[path][1]]}
        start = f"{path.strip('/')}/".lstrip("/")
        below = [known for known in sorted(files) if known.startswith(start)]
        if start and not below:
            raise _no_file(path)
        if query.get("recursive") == "true":
            return page("files", [files[known][1] for known in below], query)
        names = dict.fromkeys(known.removeprefix(start).partition("/")[0] for known in below)
        entries = (start + name for name in names)
        return page("files", [files[entry][1] if entry in files else _directory(entry) for entry in entries], query)

    def content(self, name: str, path: str) -> tuple[bytes, str]:
        """Return a file's bytes and MIME type.

        Raises:
            ApiError: There is no such file.
        """
        files = self._of(name)
        if path not in files:
            raise _no_file(path)
        data, entry = files[path]
        return data, entry["mime_type"]

    def begin_upload(self, name: str, path: str, received: Received) -> str:
        """Return the id of a new resumable upload.

        Raises:
            ApiError: The environment does not exist.
        """
        self._of(name)
        kind = received.headers.get("x-goog-upload-header-content-type", "application/octet-stream")
        extract, overwrite = (received.query.get(key) == "true" for key in ("extract", "overwrite"))
        upload_id = self.store.draw({"upload": [name, path, kind]}).text("upload", 64)
        self._uploads[upload_id] = _Upload(name, path, kind, extract, overwrite)
        return upload_id

    def go_on(self, upload_id: str, data: bytes, *, is_last: bool) -> Json:
        """Take a part of an upload, and with the last one return what was written.

        Raises:
            ApiError: The upload has not begun, the file exists already, or the archive can't be read.
        """
        if upload_id not in self._uploads:
            raise ApiError(404, "Upload not found.")
        upload = self._uploads[upload_id]
        upload.data += data
        if not is_last:
            return {}
        del self._uploads[upload_id]
        files = self._of(upload.environment)
        parts = _extracted(upload.path, upload.data) if upload.extract else {upload.path: upload.data}
        for path in parts:
            if path in files and not upload.overwrite:
                raise ApiError(409, f"File '{path}' already exists.")
        written = [
            self._write(files, path, part, "" if upload.extract else upload.kind) for path, part in parts.items()
        ]
        self._resources[upload.environment] |= self._sizes(files)
        return {"files": written}

    def _source(self, given: Json) -> str:
        name: str = given["from_environment"].removeprefix("environments/")
        self._stored(name)
        return name

    def _of(self, name: str) -> dict[str, tuple[bytes, Json]]:
        self._stored(name)
        return self._files.setdefault(name, {})

    def _write(self, files: dict[str, tuple[bytes, Json]], path: str, data: bytes, kind: str = "") -> Json:
        path = path.strip("/")
        now = self.store.timestamp()
        files[path] = (
            data,
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "type": "file",
                "mime_type": kind or mimetypes.guess_type(path)[0] or "application/octet-stream",
                "size_bytes": str(len(data)),
                "created": now,
                "modified": now,
            },
        )
        return files[path][1]

    @staticmethod
    def _sizes(files: dict[str, tuple[bytes, Json]]) -> Json:
        return {"file_count": str(len(files)), "size_bytes": str(sum(len(data) for data, _ in files.values()))}


def _inline(source: Json) -> bytes:
    content = str(source.get("content", ""))
    raw = decoded(content) if source.get("encoding") == "base64" else content.encode()
    if raw is None:
        raise ApiError(400, _WRONG_SOURCE)
    return raw


def _directory(path: str) -> Json:
    return {"name": path.rpartition("/")[2], "path": path, "type": "directory"}


def _no_file(path: str) -> ApiError:
    return ApiError(404, f"File '{path}' not found.")


def _extracted(path: str, data: bytes) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members: Any = [(member.name, archive.extractfile(member)) for member in archive if member.isfile()]
            return {f"{path}/{name}".strip("/"): file.read() for name, file in members}
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise ApiError(400, f"The archive can't be read: {error}") from None
