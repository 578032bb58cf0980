"""`pytest-interactions demo`: the quickstart's sections, recorded and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Describe the command, which takes no arguments."""
    parser.description = (
        "Record all eleven quickstart sections against the emulator, replay them with the network refused, "
        "and show redaction and snapshots at work. Exits 0 only if all of it holds."
    )


def run(_: Namespace) -> Status:
    """Run the demo, and return `OK` only if every section holds."""
    from pytest_interactions import demo  # not above: the demo needs the extra, and its help does not

    return Status.OK if demo.run() else Status.FOUND
