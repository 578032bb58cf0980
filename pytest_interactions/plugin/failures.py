"""How the failure of a test by one of our errors is shown: the lines of the user's own code, then the message once.

A client's library wraps our error in its own, and pytest would show the source of both.
"""

from __future__ import annotations

import linecache
import os
from typing import TYPE_CHECKING

from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_interactions.frames import Frame

_SHOWN = 3  # frames: the test's own, and the innermost ones


def shorten(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> InteractionsError | None:
    """Replace what a report shows if one of our errors has failed it, unless pytest is asked for all of it.

    Returns:
        The error that is shown; `None` if the report is as it was.
    """
    option = item.config.option
    is_wanted_whole = option.fulltrace or option.showlocals or option.tbstyle in ("long", "native")
    if call.excinfo is None or not report.failed or is_wanted_whole:
        return None
    error = _ours(call.excinfo.value)
    if error is not None:
        _show(item, error, report)
    return error


def _show(item: pytest.Item, error: InteractionsError, report: pytest.TestReport) -> None:
    """Let a report show an error in some ten lines."""
    from _pytest._code.code import ReprEntry, ReprExceptionInfo, ReprFileLocation, ReprTraceback

    name = type(error).__name__
    frames = error.frames
    left = len(frames) - _SHOWN
    if left > 0:
        frames = (frames[0], *frames[-_SHOWN + 1 :])
    entries = []
    for number, frame in enumerate(frames):
        source = linecache.getline(frame.file, frame.line).strip()
        skipped = [f"    ... ({left} more)"] if left > 0 and number == 0 else []
        place = ReprFileLocation(_path(item, frame), frame.line, f"in {frame.function}")
        entries.append(ReprEntry([f"    {source}", *skipped], None, None, place, "short"))
    here = f"{item.config.invocation_params.dir}{os.sep}"
    notes = getattr(error, "__notes__", [])
    told = [line.replace(here, "") for line in "\n".join([str(error), *notes]).split("\n") if line.strip()]
    lines = [f"E   {name}: {told[0]}", *(f"E   {line}" for line in told[1:])]
    if entries:
        entries[-1].lines = [*entries[-1].lines, *lines]
    else:
        entries.append(ReprEntry(lines, None, None, None, "short"))
    file, line, _ = item.location
    path, number = (_path(item, frames[-1]), frames[-1].line) if frames else (file, (line or 0) + 1)
    crash = ReprFileLocation(path, number, f"{name}: {error.headline.replace(here, '')}")
    report.longrepr = ReprExceptionInfo(ReprTraceback(entries, None, "short"), crash)


def _path(item: pytest.Item, frame: Frame) -> str:
    """Return a frame's file as pytest names files: from where it was begun, unless it lies elsewhere."""
    path = os.path.relpath(frame.file, item.config.invocation_params.dir)
    return frame.file if path.startswith(os.pardir) else path


def _ours(raised: BaseException) -> InteractionsError | None:
    """Return our error if it led to `raised`, and what a test itself found wrong did not."""
    from _pytest.outcomes import OutcomeException

    if isinstance(raised, AssertionError | OutcomeException):
        return None
    return next((error for error in _causes(raised, set()) if isinstance(error, InteractionsError)), None)


def _causes(raised: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Yield an exception, then what led to it, as Python shows it."""
    if raised is None or id(raised) in seen:
        return
    seen.add(id(raised))
    yield raised
    if isinstance(raised, BaseExceptionGroup):
        for each in raised.exceptions:
            yield from _causes(each, seen)
    yield from _causes(raised.__cause__, seen)
    if not raised.__suppress_context__:
        yield from _causes(raised.__context__, seen)
