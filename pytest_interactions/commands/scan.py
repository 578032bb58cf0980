"""`pytest-interactions scan`: a search for secrets in files of any origin."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.findings import for_each_file, read, report
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_interactions.commands.status import Status


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths."""
    parser.description = (
        "Look for secrets in files, whoever recorded them: keys by their patterns, this environment's keys, thought "
        "signatures, credentials in headers and URLs. Prints file:line: what kind, and exits 1 on a finding."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or directories of them")


def run(options: Namespace) -> Status:
    """Look through the files, and print each secret's place and kind."""
    secrets = Secrets.from_environ(os.environ)
    return for_each_file(options.paths, lambda path: report(path, scan(read(path), secrets)), failure="can't be read")
