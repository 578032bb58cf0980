# PYTHON_ARGCOMPLETE_OK - a shell that completes all programs of argcomplete's looks for this
"""The command line: `pytest-interactions COMMAND`, each command in the module of its name.

A module is imported only when its command is chosen. Its `arguments(parser)` declares the command's arguments, and its
`run(options)` does the work and returns the exit status. An error is one line on the standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Each command, with its line in the help. The lines are here so that the help imports no command.
COMMANDS = {
    "demo": "record all quickstart sections here, replay and check them",
    "emulate": "serve a local, deterministic Interactions API",
    "serve": "put cassettes behind a local address, for any language",
    "forward": "put the API behind a local address that has the key, for code that must not have it",
    "show": "print cassettes as transcripts",
    "report": "write cassettes to a page that opens offline",
    "review": "go through new recordings and snapshots that wait; accept or reject them",
    "unused": "list cassettes, media and snapshots that no test owns, and delete them",
    "push": "send the recordings of the tree to the store, and write cassettes.lock",
    "pull": "fetch the cassettes of tests from the store, to replay offline",
    "diff": "say which cassettes behave otherwise than at a git revision, and how",
    "why-changed": "say which commits changed a cassette, and what of its behaviour moved",
    "gc": "delete what of the store no branch names any more",
    "status": "say what waits for a push, and what of the store is on this machine",
    "check": "say all that can be said about cassettes without a test: damage, secrets, what waits",
    "scan": "look for secrets in files",
    "redact": "take the secrets out of cassettes, in place",
    "adopt": "move a suite of pytest-recording or vcrpy over",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words after the program's name; by default those of this process.

    Returns:
        The exit status, one of `Status`.
    """
    if "_ARGCOMPLETE" in os.environ:
        from pytest_interactions.commands.completion import complete

        complete(_parser)
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser(arguments).parse_args(arguments)
        status: int = options.run(options)
    except InteractionsError as error:
        return _complain(str(error).splitlines()[0])
    except BrokenPipeError:  # the reader, such as `head`, has enough; Python must find nothing to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.OK
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return _complain("interrupted")
    except Exception as error:  # noqa: BLE001 - a traceback may show a secret, and ends with the status of findings
        return _complain(_fault(error))
    return status


def _complain(message: str) -> Status:
    print(f"pytest-interactions: {message}", file=sys.stderr)
    return Status.FAILED


def _fault(error: Exception) -> str:
    """Return what is said of an error that nobody has foreseen: its kind and its place, and nothing of its data."""
    from pathlib import Path

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno})" if place else ""
    return f"{type(error).__name__}{where}: this is a fault of pytest-interactions, please report it."


class _Version(argparse.Action):
    """The option that prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(parser.prog, version("pytest-interactions"))
        except PackageNotFoundError:
            print(parser.prog, "(not installed)")
        parser.exit()


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser that knows all commands, and the arguments of the chosen one."""
    parser = argparse.ArgumentParser(
        prog="pytest-interactions",
        description="Record and replay the Gemini Interactions API: tools around the pytest plugin.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    chosen = next((argument for argument in arguments if argument in COMMANDS), None)
    for name, summary in COMMANDS.items():
        subparser = commands.add_parser(name, help=summary)
        if name == chosen:
            command = import_module(f"{__name__}.{name.replace('-', '_')}")
            command.arguments(subparser)
            subparser.set_defaults(run=command.run)
    return parser
