"""S3 as moto serves it: a process of its own, over a real socket."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How an app logs in there: any key will do.
LOGIN: Final = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_DEFAULT_REGION": "us-east-1"}
_PROGRAM: Final = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"


@contextmanager
def serving() -> Iterator[str]:
    """Serve S3 on a free port of this machine, and yield its URL; `env` is what has a client go there.

    What it says goes into a file: a thread that reads it would count as one that may call any test's event loop.
    """
    with TemporaryFile("a+") as log:  # so that it writes at the end, wherever this reads
        with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.DEVNULL, stderr=log) as server:
            try:
                yield _url(server, log)
            finally:
                server.kill()


def _url(server: subprocess.Popen[bytes], log: IO[str]) -> str:
    """Wait until it listens, and return where."""
    while server.poll() is None:
        log.seek(0)
        line = next((line for line in log if "Running on http://127" in line and line.endswith("\n")), None)
        if line is not None:
            return line.split()[-1].rstrip("/")
        time.sleep(0.02)
    raise AssertionError("moto does not serve: see what it says by hand")


def env(url: str) -> dict[str, str]:
    """Return the environment in which a client of S3 goes to the server at `url`."""
    return {**LOGIN, "AWS_ENDPOINT_URL": url}


def bucket(url: str, name: str) -> str:
    """Make a bucket, and return its URL for fsspec."""
    httpx.put(f"{url}/{name}", headers={"authorization": _AUTHORIZATION}).raise_for_status()
    return f"s3://{name}"


#: Moto wants to see a login, and checks none.
_AUTHORIZATION: Final = (
    "AWS4-HMAC-SHA256 Credential=anybody/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
