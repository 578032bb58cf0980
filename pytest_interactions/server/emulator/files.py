"""The part of the Files API that media for interactions need: resumable uploads, get, list and delete."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.state import Draw

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.wire import Received


@dataclass
class _Upload:
    meta: Json
    data: bytearray = field(default_factory=bytearray)


class Files:
    """The uploaded files of one emulator."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads: dict[str, _Upload] = {}
        self._files: dict[str, Json] = {}

    def upload(self, received: Received, base_url: str) -> tuple[Json, list[tuple[str, str]]]:
        """Return the answer to one request of a resumable upload, and the headers that say how to go on."""
        if "start" in received.headers.get("x-goog-upload-command", ""):
            return self._start(received, base_url)
        upload = self._uploads.get(received.query.get("upload_id", ""))
        if upload is None:
            raise ApiError(404, "Upload not found.")
        upload.data += received.body
        if "finalize" not in received.headers.get("x-goog-upload-command", ""):
            return {}, [("x-goog-upload-status", "active")]
        del self._uploads[received.query["upload_id"]]
        return {"file": self._finish(upload, base_url)}, [("x-goog-upload-status", "final")]

    def get(self, name: str) -> Json:
        """Return the file's resource.

        Raises:
            ApiError: There is no such file. It is a 403, since the API hides from strangers which files exist.
        """
        if name not in self._files:
            raise ApiError(403, f"You do not have permission to access the File {name} or it may not exist.")
        return self._files[name]

    def delete(self, name: str) -> None:
        """Forget a file."""
        del self._files[self.get(name)["name"].removeprefix("files/")]

    def all(self) -> Json:
        """Return all files, on one page."""
        return {"files": list(self._files.values())}

    def _start(self, received: Received, base_url: str) -> tuple[Json, list[tuple[str, str]]]:
        meta = {"mime_type": received.headers.get("x-goog-upload-header-content-type", "application/octet-stream")}
        body: Any = received.json or {}
        upload_id = self._store.draw({"upload": body, **meta}).text("upload", 64)
        self._uploads[upload_id] = _Upload(meta | body.get("file", {}))
        url = f"{base_url}{received.path}?upload_id={upload_id}&upload_protocol=resumable"
        return {}, [("x-goog-upload-url", url), ("x-goog-upload-status", "active")]

    def _finish(self, upload: _Upload, base_url: str) -> Json:
        digest = hashlib.sha256(upload.data).hexdigest()
        name = upload.meta.get("name") or f"files/{Draw(digest, len(self._files)).text('file', 12)}"
        name = name.removeprefix("files/")
        mime_type = upload.meta.get("mimeType", upload.meta["mime_type"])
        now = self._store.timestamp()
        self._files[name] = {
            "name": f"files/{name}",
            "mimeType": mime_type,
            "sizeBytes": str(len(upload.data)),
            "createTime": now,
            "updateTime": now,
            "sha256Hash": base64.b64encode(digest.encode()).decode(),
            "uri": f"{base_url}/v1beta/files/{name}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }
        return self._files[name]
