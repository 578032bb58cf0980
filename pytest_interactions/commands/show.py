"""`pytest-interactions show`: cassettes as transcripts, and how two of them differ."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.transcript import Line
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.findings import size_argument
from pytest_interactions.commands.paths import cassettes_in
from pytest_interactions.commands.progress import progress
from pytest_interactions.errors import CassetteError
from pytest_interactions.report.content import reader
from pytest_interactions.report.text import lasting_lines, report_lines, writer

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable

    from pytest_interactions.api.json_values import Json


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths and the form of what is printed."""
    parser.description = (
        "Print cassettes as transcripts: what was asked, with which tools, and each step the agent took. Of two files, "
        "print how their behaviour differs; the status is then 0 if it is the same, and 1 if not."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="CASSETTE", help="cassettes, or directories of them")
    size_argument(parser)
    parser.add_argument("--each", action="store_true", help="print two files one after the other, too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON for programs")
    form.add_argument(
        "--text", action="store_true", help="print only what lasts when it is recorded again, as git's textconv"
    )
    form.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
    form.add_argument("--otlp", action="store_true", help="print OpenTelemetry's spans, as OTLP's JSON")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")


def run(options: Namespace) -> Status:
    """Print cassettes one after the other, or compare two; the standard error names those that can't be shown.

    Raises:
        CassetteNotFoundError: A folder holds no cassette, or one of two files that are compared is missing.
        CassetteFormatError: One of two files that are compared can't be read.
    """
    files = list(chain.from_iterable(map(cassettes_in, options.paths)))
    if options.text:
        return _print_what_lasts(files, options)
    if options.otlp:
        return _print_spans(files, options)
    # A folder with one cassette is another path than this.
    if len(files) == 2 and files == options.paths and not options.each:  # noqa: PLR2004 - A and B
        return _print_comparison(files, options)
    return _print_each(files, options)


def _print_each(files: list[Path], options: Namespace) -> Status:
    reports, status = _read_each(files, reader(options.max_size))
    if options.json:
        _print_json(reports)
    elif options.markdown:
        from pytest_interactions.report.markdown import reports_markdown

        _print_texts(reports_markdown(reports))
    else:
        texts = ([*([Line("text", "")] if number else []), *report_lines(each)] for number, each in enumerate(reports))
        _print_lines(chain.from_iterable(texts), options)
    return status


def _print_spans(files: list[Path], options: Namespace) -> Status:
    from pytest_interactions.report.otlp import resource_spans_of

    spans, status = _read_each(files, reader(options.max_size, resource_spans_of))
    _print_json({"resourceSpans": spans})
    return status


def _read_each(files: list[Path], read: Callable[[Path], Json]) -> tuple[list[Json], Status]:
    """Return what is read of each file, and whether each could be; the standard error names those that could not."""
    found, status = [], Status.OK
    with progress(files) as listed:
        for file in listed:
            try:
                found.append(read(file))
            except CassetteError as error:
                sys.stderr.write(f"pytest-interactions: {error}\n")
                status = Status.FAILED
    return found, status


def _print_comparison(files: list[Path], options: Namespace) -> Status:
    from pytest_interactions.report.compare import compare, compared_lines

    comparison = compare(*map(reader(options.max_size), files))
    if options.json:
        _print_json(comparison)
    elif options.markdown:
        from pytest_interactions.report.markdown import comparison_markdown

        _print_texts(comparison_markdown(comparison, list(map(str, files))))
    else:
        _print_lines(compared_lines(comparison), options)
    return Status.OK if comparison["same"] else Status.FOUND


def _print_what_lasts(files: list[Path], options: Namespace) -> Status:
    """Print what lasts, in UTF-8; of a file that can't be read, the reason and the file itself, and no failure.

    A `git diff` ends where textconv fails, and shows what can be told otherwise.
    """
    read, output = reader(options.max_size), sys.stdout.buffer
    sys.stdout.flush()
    for file in files:
        try:
            lines = [line.text for line in lasting_lines(read(file))]
        except CassetteError as error:
            if not file.is_file():
                raise
            # The path is that of a temporary file of git's, and another one each time.
            output.write(f"pytest-interactions: {error}\n".replace(str(file), file.name).encode())
            with file.open("rb") as raw:
                shutil.copyfileobj(raw, output)
        else:
            output.write("".join(f"{line}\n" for line in lines).encode())
    output.flush()
    return Status.OK


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def _print_texts(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _print_lines(lines: Iterable[Line], options: Namespace) -> None:
    write = writer(color=sys.stdout.isatty() and not options.no_color)
    for line in lines:
        write(line)
