"""The committed cassettes of the quickstart."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tests.support import without_origin

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "cassettes/tests/quickstart"
SDK = int(version("google-genai").partition(".")[0])


def files(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder, cassettes and media beside them, as an SDK of any version records them."""
    return {str(path.relative_to(folder)): _of_any_version(path) for path in folder.rglob("*") if path.is_file()}


def _of_any_version(path: Path) -> bytes:
    """A file's bytes but for the block that says when it was recorded, and by what.

    google-genai asks for v1 since 3.0, and for v1beta before, which is in the digests too.
    """
    text = without_origin(path.read_bytes())
    if SDK >= 3:
        return text
    return re.sub(rb"(?m)^  digest: .*\n", b"", text.replace(b".com/v1beta/", b".com/v1/"))


def test_recording_anew_changes_nothing(tmp_path: Path) -> None:
    """Recorded again, every cassette is what it was, byte for byte, but for the block that says when."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/quickstart"),
        *("--interactions-record-mode=rewrite", f"--interactions-cassette-dir={tmp_path}"),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert files(tmp_path / "tests/quickstart") == files(COMMITTED)
    assert files(COMMITTED)
