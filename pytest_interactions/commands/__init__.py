"""The command line: `pytest-interactions demo | emulate | serve | show | scan | redact`.

Each command is a function of its room, imported when it is called. What goes wrong is one line and a status above 0.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.status import Status
from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows the program's name; those of this process where none are given.

    Returns:
        The exit status: 0 if all is well, 1 if `scan` found a secret or `demo` a difference, 2 if it can't be done.
    """
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except InteractionsError as error:
        return _complain(str(error).splitlines()[0])
    except BrokenPipeError:  # whoever read our output has read enough; nothing is left to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.OK
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return _complain("interrupted")


def _complain(message: str) -> Status:
    print(f"pytest-interactions: {message}", file=sys.stderr)
    return Status.FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-interactions",
        description="Record and replay the Gemini Interactions API: tools around the pytest plugin.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _demo(commands.add_parser("demo", help="record all quickstart sections here, replay and check them"))
    _emulate(commands.add_parser("emulate", help="serve a local, deterministic Interactions API"))
    _serve(commands.add_parser("serve", help="put cassettes behind a local address, for any language"))
    _show(commands.add_parser("show", help="print cassettes as transcripts"))
    _scan(commands.add_parser("scan", help="look for secrets in files"))
    _redact(commands.add_parser("redact", help="take the secrets out of cassettes, in place"))
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return port


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Record all eleven quickstart sections against the emulator, replay them with the network refused, "
        "and show redaction and snapshots at work. Exits 0 only if all of it holds."
    )

    def run(options: argparse.Namespace) -> int:  # noqa: ARG001 - all commands are called alike
        from pytest_interactions.demo import run

        return Status.OK if run() else Status.FOUND

    parser.set_defaults(command=run)


def _emulate(parser: argparse.ArgumentParser) -> None:
    parser.description = "Serve a local Interactions API until Ctrl-C. The first line printed is its address."
    parser.add_argument("--port", type=_port, default=0, help="TCP port on 127.0.0.1; 0 (default) chooses a free one")
    parser.add_argument("--script", type=Path, help="YAML file of scripted answers")

    def run(options: argparse.Namespace) -> int:
        from pytest_interactions.server.emulator import run

        return run(options.port, options.script)

    parser.set_defaults(command=run)


def _serve(parser: argparse.ArgumentParser) -> None:
    from pytest_interactions.options import SPECS

    parser.description = (
        "Put a cassette, or a directory of them, behind a local address: code in any language records and replays "
        "through it. The first line printed is the address; GET /healthz says that it is up. For a directory, the "
        "first part of the path names the cassette: http://127.0.0.1:PORT/NAME/v1beta/interactions. SIGTERM and "
        "Ctrl-C save what was recorded."
    )
    parser.add_argument("target", type=Path, metavar="CASSETTE|DIRECTORY")
    parser.add_argument("--port", type=_port, default=0, help="TCP port; 0 (default) chooses a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument(
        "--upstream", metavar="URL", help="what to record (default: $GOOGLE_GEMINI_BASE_URL, or the real API)"
    )
    for name in ("record_mode", "match_on", "keep_headers", "redact", "chunking", "pace"):
        spec = SPECS[name]
        action = "append" if spec.adds else "store"
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, dest=f"option_{name}", action=action, metavar=name.upper(), help=spec.help)

    def run(options: argparse.Namespace) -> int:
        from pytest_interactions.server import serve

        given = {name.removeprefix("option_"): value for name, value in vars(options).items() if "option_" in name}
        chosen = {
            name: "\n".join(value) if isinstance(value, list) else value
            for name, value in given.items()
            if value is not None
        }
        return serve(options.target, host=options.host, port=options.port, upstream=options.upstream, options=chosen)

    parser.set_defaults(command=run)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print cassettes as transcripts: what was asked, and each step the agent took."
    parser.add_argument("paths", nargs="+", type=Path, metavar="CASSETTE", help="cassettes, or directories of them")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")

    def run(options: argparse.Namespace) -> int:
        from pytest_interactions.commands.show import run

        color = sys.stdout.isatty() and not options.no_color
        return run(options.paths, as_json=options.json, color=color)

    parser.set_defaults(command=run)


def _scan(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Look for secrets in files, whoever recorded them: keys by their patterns, this environment's keys, thought "
        "signatures, credentials in headers and URLs. Prints file:line: what kind, and exits 1 on a finding."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or directories of them")

    def run(options: argparse.Namespace) -> int:
        from pytest_interactions.commands.redact import scan_paths

        return scan_paths(options.paths, print)

    parser.set_defaults(command=run)


def _redact(parser: argparse.ArgumentParser) -> None:
    parser.description = "Take the secrets out of vcrpy cassettes in place; they replay as before. Safe to repeat."
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or directories of them")
    parser.add_argument(
        "--keep-headers", action="append", default=[], metavar="NAME", help="a header to keep; repeatable"
    )
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="WHAT",
        help="more to take out: a text, re:PATTERN or a JSON path",
    )

    def run(options: argparse.Namespace) -> int:
        from pytest_interactions.commands.redact import redact_paths

        return redact_paths(options.paths, print, keep_headers=options.keep_headers, redact=options.redact)

    parser.set_defaults(command=run)
