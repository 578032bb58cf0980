"""A stand-in for Google Cloud on a real socket: Vertex AI, and all that logs in to it."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "my-secret-project-123"
NUMBER = "98765432100"
EMAIL = f"robot@{PROJECT}.iam.gserviceaccount.com"
KEY = "AQ.Ab8RN6Kexpress-key-0123456789abcdef"
TOKEN = "ya29.a0AfH6SMBx-1234567890-abcdefghijklmnop"
#: What must be in no cassette.
SECRETS = (PROJECT, NUMBER, EMAIL, KEY, TOKEN, "robot@", "us-central1")

_JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyb2JvdCJ9.c2lnbmF0dXJlLXRoYXQtaXMtbm9uZQ"
_POOL = f"//iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/pool/providers/provider"
_CACHE = f"projects/{NUMBER}/locations/us-central1/cachedContents/77"
_MODEL = f"projects/{PROJECT}/locations/us-central1/publishers/google/models/gemini-3.5-flash"
_TEXT = {"type": "model_output", "content": [{"type": "text", "text": "Hello from Vertex AI."}]}
_INTERACTION = {"id": "v1_vertex", "status": "completed", "model": "gemini-3.5-flash", "steps": [_TEXT]}
_CONTENT = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello."}]}, "finishReason": "STOP"}]}
_BEGUN = {"id": "v1_vertex", "status": "in_progress", "model": "gemini-3.5-flash"}
_EVENTS: list[dict[str, Any]] = [
    {"event_type": "interaction.created", "interaction": _BEGUN},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hello from"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": " Vertex AI."}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "interaction.completed", "interaction": {**_BEGUN, "status": "completed"}},
]

#: The answers of what logs in, by the end of the path.
_LOGINS: dict[str, Any] = {
    "/token": {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"},
    "/sts": {
        "access_token": TOKEN,
        "expires_in": 3599,
        "token_type": "Bearer",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    },
    ":generateAccessToken": {"accessToken": TOKEN, "expireTime": "2999-01-01T00:00:00Z"},
    ":generateIdToken": {"token": _JWT},
    ":signBlob": {"keyId": "k", "signedBlob": "c2lnbmVk"},
    "/subject": {"access_token": _JWT},
    f"/v1/projects/{NUMBER}": {"projectId": PROJECT},
    "/project-id": PROJECT,
    "/service-accounts/default/": {"aliases": ["default"], "email": EMAIL, "scopes": ["x"]},
    "/universe-domain": "googleapis.com",
    "/identity": _JWT,
    "/imds-token": "an-imds-token-0123456789",
    "/zone": "eu-west-1b",
    "/role": "a-role",
    "/role/a-role": {
        "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "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",
        "Token": "an-aws-token-0123456789",
    },
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Google

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        self.server.authorized.append(self.headers.get("authorization", ""))
        if path.startswith("/v1beta1/"):
            self._vertex(path, body)
            return
        found = max((end for end in _LOGINS if path.endswith(end)), key=len, default="")
        self.server.logins.append(path)
        self._send(_LOGINS.get(found, "ok"))

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

    def _vertex(self, path: str, body: bytes) -> None:
        if path.endswith("/interactions") and json.loads(body).get("stream"):
            self._stream([f"event: {e['event_type']}\ndata: {json.dumps(e)}\n\n" for e in _EVENTS])
        elif path.endswith(":streamGenerateContent"):
            self._stream([f"data: {json.dumps(_CONTENT)}\n\n"] * 2)
        elif "/cachedContents" in path:
            self._send({"name": _CACHE, "model": _MODEL})
        else:
            self._send(_INTERACTION if path.endswith("/interactions") else _CONTENT)

    def _stream(self, events: list[str]) -> None:
        if events[0].startswith("event: interaction"):
            events = [*events, "event: done\ndata: [DONE]\n\n"]
        self._write("text/event-stream", "".join(events).encode())

    def _send(self, answer: Any) -> None:
        kind = "application/text" if isinstance(answer, str) else "application/json; charset=UTF-8"
        self._write(kind, answer.encode() if isinstance(answer, str) else json.dumps(answer).encode())

    def _write(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("metadata-flavor", "Google")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Google(ThreadingHTTPServer):
    """The server.

    Attributes:
        asked: The paths of all requests.
        logins: The paths of those that were steps of a login.
        authorized: The header `authorization` of each.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.host}"
        self.asked: list[str] = []
        self.logins: list[str] = []
        self.authorized: list[str] = []


@contextmanager
def serving() -> Iterator[Google]:
    """Serve inside."""
    server = Google()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def service_account(url: str) -> dict[str, str]:
    """A service account's key, whose tokens come from below `url`."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0123456789abcdef",
        "private_key": key.decode(),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": f"{url}/token",
    }


def user() -> dict[str, str]:
    """What `gcloud auth application-default login` writes."""
    return {
        "type": "authorized_user",
        "client_id": "1.apps.googleusercontent.com",
        "client_secret": "GOCSPX-secret81mQzLr0abcdefg",
        "refresh_token": "1//0gFakeRefresh81mQzLr0pXcVabcdefghijk",
        "quota_project_id": PROJECT,
    }


def _workload(url: str, source: dict[str, Any], kind: str = "oauth:token-type:jwt") -> dict[str, Any]:
    return {
        "type": "external_account",
        "audience": _POOL,
        "subject_token_type": f"urn:ietf:params:{kind}",
        "token_url": f"{url}/sts",
        "credential_source": source,
    }


def write_files(url: str, directory: Path) -> dict[str, Path]:
    """Write a file of credentials of each kind that has one; their servers are below `url`."""
    subject = directory / "subject.txt"
    subject.write_text(_JWT)
    answer = {
        "version": 1,
        "success": True,
        "token_type": "urn:ietf:params:oauth:token-type:jwt",
        "id_token": _JWT,
        "expiration_time": int(time.time()) + 3600,
    }
    command = directory / "subject.py"
    command.write_text(f"print({json.dumps(answer)!r})")
    account = f"{url}/v1/projects/-/serviceAccounts/{EMAIL}"
    from_url = {"url": f"{url}/subject", "format": {"type": "json", "subject_token_field_name": "access_token"}}
    aws = {
        "environment_id": "aws1",
        "region_url": f"{url}/zone",
        "url": f"{url}/role",
        "imdsv2_session_token_url": f"{url}/imds-token",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    }
    kinds: dict[str, Any] = {
        "service": service_account(url),
        "user": user(),
        "impersonated": {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": f"{account}:generateAccessToken",
            "source_credentials": service_account(url),
        },
        "workload_file": _workload(url, {"file": str(subject)}),
        "workload_url": _workload(url, from_url)
        | {"service_account_impersonation_url": f"{account}:generateAccessToken"},
        "workload_executable": _workload(
            url, {"executable": {"command": f"{sys.executable} {command}", "timeout_millis": 20000}}
        ),
        "workload_aws": _workload(url, aws, "aws:token-type:aws4_request"),
    }
    files = {}
    for kind, info in kinds.items():
        files[kind] = directory / f"{kind}.json"
        files[kind].write_text(json.dumps(info))
    return files
