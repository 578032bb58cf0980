"""What the tests of `adopt` share: a server to record, a suite on the disk, and the command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import yaml

from pytest_interactions.commands import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A secret that every request carries.
KEY = "AIzaSyD-0123456789abcdefghijklmnopqrstu"


class Answer(BaseHTTPRequestHandler):
    """Says what was asked for, and how many requests there were."""

    count = 0

    def do_GET(self) -> None:
        """Answer."""
        Answer.count += 1
        body = json.dumps({"path": self.path.partition("?")[0], "count": Answer.count}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def serving() -> Iterator[ThreadingHTTPServer]:
    """Serve until the test ends, or the server is stopped."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Result(NamedTuple):
    """What a command did: its status, its lines and its complaints."""

    status: int
    lines: list[str]
    errors: str


class Suite:
    """A project on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", "[pytest]\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), newline="")
        return path

    def cassette(self, name: str, *uris: str, body: str = "answer", request: str = "") -> Path:
        """Write a cassette as vcrpy does."""
        exchanges = [
            {
                "request": {"method": "GET", "uri": uri, "body": request or None, "headers": {"X-Api-Key": [KEY]}},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["text/plain"]},
                    "body": {"string": body},
                },
            }
            for uri in uris or ("https://example.com/",)
        ]
        return self.write(name, yaml.safe_dump({"version": 1, "interactions": exchanges}))

    def adopt(self, *arguments: str) -> Result:
        """Run the command on the project; no secret may be in what it prints."""
        return self.adopt_at(".", *arguments)

    def adopt_at(self, path: str, *arguments: str) -> Result:
        """Run the command on a part of the project."""
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            status = main(["adopt", str(self.root / path), *arguments])
        assert KEY not in out.getvalue() + err.getvalue()
        return Result(status, out.getvalue().splitlines(), err.getvalue())

    def write_all(self) -> None:
        """Adopt, with nothing left and nothing to do afterwards; a dry run says that there is something to do."""
        before = self.files()
        assert self.adopt().status == 1
        assert self.files() == before
        result = self.adopt("--write")
        assert result.status == 0, result.lines
        assert self.adopt() == (0, ["There is nothing to do."], "")

    def files(self) -> dict[str, bytes]:
        """Return all files with their contents."""
        paths = (path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in sorted(paths)}

    def cassettes(self) -> list[str]:
        """Return the names of all cassettes."""
        return [name for name in self.files() if name.endswith((".yaml", ".json"))]

    def text(self, name: str) -> str:
        """Return the text of a file."""
        return (self.root / name).read_bytes().decode()

    def pytest(self, *arguments: str, **environ: str) -> str:
        """Run the project's tests in a process of their own; return what it prints."""
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments],
            cwd=self.root,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.stdout + ended.stderr
