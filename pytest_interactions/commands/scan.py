"""`pytest-interactions scan`: a search for secrets in files of any origin."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import for_each_file, read, rule_arguments, secrets_in, size_argument
from pytest_interactions.commands.reports import Reporter, form_argument
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths and what is looked for."""
    parser.description = (
        "Look for secrets in files and in their names, whoever recorded them: keys by their shapes, this environment's "
        "keys, thought signatures, credentials in headers and URLs. Hidden files are looked through too. Prints "
        "file:line: what kind, and exits 1 on a finding."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or directories of them")
    form_argument(parser)
    rule_arguments(parser)
    size_argument(parser)


def run(options: Namespace) -> Status:
    """Look through the files, and print each secret's place and kind.

    Raises:
        OptionError: What is to be looked for besides can't be used.
    """
    redactor = Redactor(
        secrets=Secrets.from_environ(os.environ),
        redact=options.redact,
        rules=options.rules,
        skip_rules=options.skip_rule,
    )

    reporter = Reporter(redactor.secrets, options.format)

    def look_through(path: Path) -> Status:
        found = secrets_in(path, read(path, options.max_size), redactor, options.max_size)
        return max(map(reporter.found, found), default=Status.OK)

    status = for_each_file(options.paths, look_through, reporter, failure="can't be read", hidden=True)
    reporter.end()
    return status
