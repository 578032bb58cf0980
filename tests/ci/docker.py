"""A stand-in for docker, for machines that have none: it knows what the workflows of `examples/ci` ask of it.

A container is a process of this machine with a user of its own (`nobody`), without capabilities and new privileges,
with the environment that it is given alone, and with its volumes and its host names in a mount namespace of its own. So
what is tested is that nothing secret is given to it, and that another user's processes keep theirs. What only real
containers do is not tested: their file systems, their networks, and the limits of their resources.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

HOSTS = "127.0.0.1 localhost forwarder\n"
STATE = Path(os.environ.get("DOCKER_STAND_IN", "."))
#: A directory of the machine that is hidden in containers, so that volumes can be mounted below it.
TOP = Path("/srv")


def run(options: Namespace) -> int:
    """Run a container, and return its exit status; one that is detached goes on."""
    _tell(options)
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu", "-c", _inside(options)]
    env = _given(options)  # none of it in a command line, which all users of a machine can see
    if not options.detach:
        return subprocess.run(command, check=False, env=env).returncode
    with (STATE / f"{options.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, "keep", str(STATE / f"{options.name}.status"), *command],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )
    (STATE / f"{options.name}.pid").write_text(str(process.pid))
    return 0


def keep(status: Path, command: list[str]) -> int:
    """Run a detached container until it is told to stop, and write down how it ended."""
    container = subprocess.Popen(command)

    def stop(*_: object) -> None:
        children = Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text().split()
        for child in children:  # the first process of the container
            os.kill(int(child), signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    status.write_text(str(container.wait()))
    return 0


def _inside(options: Namespace) -> str:
    """Return the shell that makes the container and becomes its first process."""
    lines = [*_reachable(), f"mount -t tmpfs none {TOP}"]
    for volume in options.volume:
        name, place, *how = volume.split(":")
        directory = STATE / "volumes" / name
        directory.mkdir(parents=True, exist_ok=True)
        # By its handle, as a private directory may be on the way, and this one is hidden by then.
        lines += [f"mkdir -p {place}", f"mount --bind {shlex.quote(str(directory))} {place}"]
        lines += [f"mount -o remount,bind,ro {place}"] if how == ["ro"] else []
    (STATE / "hosts").write_text(HOSTS)
    lines += [f"mount --bind {shlex.quote(str(STATE / 'hosts'))} /etc/hosts"]
    user = options.user or "65533"  # another one than that of untrusted code
    drop = [f"--reuid={user.partition(':')[0]}", f"--regid={user.partition(':')[2] or user}", "--clear-groups"]
    words = ["setpriv", *drop, "--no-new-privs", "--bounding-set=-all", *options.command]
    if not options.user and "chown" in " ".join(options.command):  # root in its container, to fill a volume
        words = options.command
    lines += [f"cd {options.workdir or '/'}", f"exec {shlex.join(words)}"]
    return "\n".join(lines)


def _given(options: Namespace) -> dict[str, str]:
    """Return the environment of a container: what it is given, and where the package is."""
    given = {"PATH": os.environ["DOCKER_PATH"], "PYTHONPATH": os.environ["DOCKER_PYTHONPATH"], "HOSTNAME": "container"}
    for each in options.env:
        name, is_given, value = each.partition("=")
        given[name] = value if is_given else os.environ[name]
    return given


def _reachable() -> list[str]:
    """Return what lets another user reach the interpreter and the package, if somebody's private directory has them."""
    needed = {Path(sys.base_prefix), Path(sys.prefix), Path(os.environ["DOCKER_PYTHONPATH"])}
    private = {each: directory for each in sorted(needed) if (directory := _private(each))}
    if not private:
        return []
    lines = [f"mount -t tmpfs none {TOP}"]
    for number, each in enumerate(private):
        lines += [f"mkdir {TOP}/{number}", f"mount --bind {each} {TOP}/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {directory}" for directory in sorted(set(private.values()))]
    for number, each in enumerate(private):
        lines += [f"mkdir -p {each}", f"mount --bind {TOP}/{number} {each}"]
    return [*lines, f"umount -l {TOP}"]


def _private(path: Path) -> Path | None:
    """Return the first directory on the way to a path that others may not enter."""
    return next((each for each in reversed(path.parents) if not each.stat().st_mode & 0o001), None)


def _tell(options: Namespace) -> None:
    with (STATE / "ran.jsonl").open("a") as file:
        file.write(json.dumps(vars(options) | {"env": [each.partition("=")[0] for each in options.env]}) + "\n")


def _until_over(name: str) -> str:
    status = STATE / f"{name}.status"
    while not status.exists() or not status.read_text():
        time.sleep(0.02)
    return status.read_text()


def _parser() -> ArgumentParser:
    parser = ArgumentParser()
    for flag in ("--rm", "--interactive", "--detach"):
        parser.add_argument(flag, action="store_true")
    for name in ("--name", "--network", "--workdir", "--user", "--pids-limit", "--memory"):
        parser.add_argument(name, default="")
    for name in ("--volume", "--env", "--cap-drop", "--security-opt"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("image")
    parser.add_argument("command", nargs="...")
    return parser


def main(words: list[str]) -> int:
    """Do one command of docker's."""
    match words:
        case ["run", *rest]:
            return run(_parser().parse_args(rest))
        case ["keep", status, *command]:
            return keep(Path(status), command)
        case ["build", *_]:
            sys.stdin.read()
        case ["network", "create" | "connect", *_] | ["volume", *_]:
            ...
        case ["logs", name]:
            sys.stdout.write((STATE / f"{name}.log").read_text())
        case ["stop", name]:
            with suppress(ProcessLookupError):
                os.kill(int((STATE / f"{name}.pid").read_text()), signal.SIGTERM)
            _until_over(name)
        case ["wait", name]:
            sys.stdout.write(_until_over(name) + "\n")
        case _:
            sys.stderr.write(f"unknown: {words}\n")
            return 125
    return 0


def is_usable() -> bool:
    """Return whether this machine lets containers be made like this, and has what the workflows use besides."""
    needed = ("unshare", "setpriv", "mount", "curl", "jq", "git")
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, needed)):
        return False
    return (
        subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True).returncode
        == 0
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
