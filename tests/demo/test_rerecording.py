"""The committed cassettes of the quickstart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "cassettes/tests/quickstart"


def files(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder, cassettes and media beside them, as an SDK of any version records them."""
    return {
        # google-genai asks for version v1 since 3.0, and for v1beta before.
        str(path.relative_to(folder)): path.read_bytes().replace(b"/v1beta/interactions", b"/v1/interactions")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_recording_anew_changes_nothing(tmp_path: Path) -> None:
    """Recorded again, every cassette is what it was, byte for byte."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/quickstart"),
        *("--interactions-record-mode=rewrite", f"--interactions-cassette-dir={tmp_path}"),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert files(tmp_path / "tests/quickstart") == files(COMMITTED)
    assert files(COMMITTED)
