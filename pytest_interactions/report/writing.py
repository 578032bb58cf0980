"""The file of a report: its form is told by its suffix, and it is written in one step."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import OptionError
from pytest_interactions.files import disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pytest_interactions.report.model import Run


def _page(run: Run) -> Iterable[str]:
    from pytest_interactions.report.page import render

    return render(run)


def _json(run: Run) -> Iterator[str]:
    yield json.dumps(run, indent=1)
    yield "\n"


def _markdown(run: Run) -> Iterator[str]:
    from pytest_interactions.report.run_markdown import run_markdown

    for line in run_markdown(run):
        yield f"{line}\n"


#: The forms of a report, by the suffix of its file.
FORMS: Final[dict[str, Callable[[Run], Iterable[str]]]] = {".html": _page, ".md": _markdown, ".json": _json}


def check(path: Path) -> None:
    """Make sure that a report can be written, before an hour of tests; make its directory.

    Raises:
        OptionError: The suffix is of no form, or the directory can't be written.
        MissingExtraError: The page needs a library that is not installed.
    """
    if path.suffix not in FORMS:
        raise OptionError(f"{path}: the suffix of a report says its form: {', '.join(FORMS)}.")
    if path.suffix == ".html":
        from pytest_interactions.report.page import environment

        environment()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
    except OSError as error:
        raise OptionError(f"{path}: the report can't be written here: {error.strerror}.") from None


def write(path: Path, run: Run) -> None:
    """Write a report in one step, so that readers find the old file or the new one.

    Raises:
        OSError: It can't be written.
    """
    with disk.replacing(path) as file:
        for part in FORMS[path.suffix](run):
            file.write(part.encode("utf-8", "backslashreplace"))
