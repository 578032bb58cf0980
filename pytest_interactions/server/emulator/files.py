"""The part of the Files API that media for interactions need: resumable uploads, get, list and delete."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.state import Draw, Recent
from pytest_interactions.server.emulator.validation import check_text

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.wire import Received


@dataclass
class _Upload:
    meta: Json
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class Files:
    """The uploaded files of one emulator, of which it remembers what the API tells about them."""

    def __init__(self, store: Store) -> None:
        """Use the ids and the time of `store`, and remember as many files as it does interactions."""
        self._store = store
        self._uploads: Recent[str, _Upload] = Recent(store.keep)
        self._files: Recent[str, Json] = Recent(store.keep)

    def upload(self, received: Received, base_url: str, path: str) -> tuple[Json, list[tuple[str, str]]]:
        """Return the answer to one request of a resumable upload, and the headers that say how to go on.

        Args:
            received: The request.
            base_url: The emulator's address, for the links in the answer.
            path: The path as it was sent.

        Raises:
            ApiError: The upload has not begun, or its description is none.
        """
        if "start" in received.headers.get("x-goog-upload-command", ""):
            return self._start(received, base_url + path)
        upload_id = received.query.get("upload_id", "")
        if upload_id not in self._uploads:
            raise ApiError(404, "Upload not found.")
        upload = self._uploads[upload_id]
        upload.size += len(received.body)
        upload.digest.update(received.body)
        if "finalize" not in received.headers.get("x-goog-upload-command", ""):
            return {}, [("x-goog-upload-status", "active")]
        del self._uploads[upload_id]
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

    def _start(self, received: Received, here: str) -> tuple[Json, list[tuple[str, str]]]:
        meta = {"mime_type": received.headers.get("x-goog-upload-header-content-type", "application/octet-stream")}
        body: Any = received.json or {}
        file = (body.get("file") or {}) if isinstance(body, dict) else None
        if not isinstance(file, dict) or not all(isinstance(file.get(key, ""), str) for key in ("name", "mimeType")):
            raise ApiError(400, "Invalid value at 'file': expected an object that describes the file.")
        check_text(body)
        upload_id = self._store.draw({"upload": body, **meta}).text("upload", 64)
        self._uploads[upload_id] = _Upload(meta | file)
        url = f"{here}?upload_id={upload_id}&upload_protocol=resumable"
        return {}, [("x-goog-upload-url", url), ("x-goog-upload-status", "active")]

    def _finish(self, upload: _Upload, base_url: str) -> Json:
        digest = upload.digest.hexdigest()
        name = upload.meta.get("name") or f"files/{Draw(digest, len(self._files)).text('file', 12)}"
        name = name.removeprefix("files/")
        mime_type = upload.meta.get("mimeType", upload.meta["mime_type"])
        now = self._store.timestamp()
        self._files[name] = {
            "name": f"files/{name}",
            "mimeType": mime_type,
            "sizeBytes": str(upload.size),
            "createTime": now,
            "updateTime": now,
            "sha256Hash": base64.b64encode(digest.encode()).decode(),
            "uri": f"{base_url}/v1beta/files/{name}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }
        return self._files[name]
