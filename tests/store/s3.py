"""S3 as moto serves it: a process of its own, over a real socket."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How an app logs in there: any key will do.
LOGIN: Final = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_DEFAULT_REGION": "us-east-1"}
_PROGRAM: Final = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"


@contextmanager
def serving() -> Iterator[str]:
    """Serve S3 on a free port of this machine, and yield its URL; `env` is what has a client go there."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            line = next(line for line in server.stderr if "Running on http://127" in line)
            Thread(target=deque, args=(server.stderr, 0), daemon=True).start()  # it stops once nobody reads its log
            yield line.split()[-1].rstrip("/")
        finally:
            server.kill()


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
