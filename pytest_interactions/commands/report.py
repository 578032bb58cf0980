"""`pytest-interactions report`: cassettes as one page that opens offline."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import size_argument
from pytest_interactions.commands.paths import cassettes_in
from pytest_interactions.commands.progress import progress
from pytest_interactions.errors import OptionError
from pytest_interactions.files.notes import cassette_of, is_candidate

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the cassettes and the file that is written."""
    parser.description = (
        "Write what cassettes hold to one page that opens offline: turns and steps, arguments and results, media, "
        "streams, requests, and new recordings that wait beside them. The option --interactions-report of pytest does "
        "the same for the tests of a run."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="CASSETTE", help="cassettes, or directories of them")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="the file: a page (.html), Markdown (.md) or JSON (.json); default: report.html",
    )
    size_argument(parser)


def run(options: Namespace) -> Status:
    """Write the report; the status says whether each cassette could be read, and the report which one could not.

    Raises:
        CassetteNotFoundError: A folder holds no cassette.
        OptionError: The file can't be written.
        MissingExtraError: The page needs a library that is not installed.
    """
    from pytest_interactions.report import writing
    from pytest_interactions.report.run import run_of_cassettes
    from pytest_interactions.report.traced import Tracer

    writing.check(options.output)
    files = list(dict.fromkeys(chain.from_iterable(map(cassettes_in, options.paths))))
    told = [path for path in files if not _is_told_beside(path, files)]
    with progress(told) as listed:
        report = run_of_cassettes(listed, Tracer.from_environ(Path.cwd(), options.max_size))
    try:
        writing.write(options.output, report)
    except OSError as error:
        raise OptionError(f"{options.output}: the report can't be written: {error.strerror}.") from None
    unread = [test for test in report["tests"] if test["outcome"] == "error"]
    sys.stdout.write(f"{options.output}: cassettes: {len(told)}{f', unreadable: {len(unread)}' if unread else ''}\n")
    return Status.FAILED if unread else Status.OK


def _is_told_beside(path: Path, files: list[Path]) -> bool:
    return is_candidate(path) and cassette_of(path) in files
