"""How the failure of a test by one of our errors is shown: the lines of the user's own code, then the message once.

A client's library wraps our error in its own, and pytest would show the source of both.
"""

from __future__ import annotations

import linecache
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import InteractionsError
from pytest_interactions.frames import Frame, is_users_own
from pytest_interactions.naming import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

_FRAMES = 3  # that are shown: the test's own, and the innermost ones
_LINES, _LENGTH = 3, 160  # of what the test itself found wrong, after an error that its app went on after
# Where a long line is parted: behind a sentence.
_SENTENCE: Final = re.compile(r"(?<=[a-z)'\]][.?]) (?=[A-Z])")
_LONG: Final = 100
# What a message may begin with: the file, which is told in its place.
_FILE: Final = re.compile(r"^\S+\.ya?ml(?::\d+)?:? ")


def is_wanted_whole(config: pytest.Config) -> bool:
    """Return whether pytest is asked for all that it can show of a failure."""
    option = config.option
    return bool(option.fulltrace or option.showlocals or option.tbstyle in ("long", "native"))


def shorten(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, met: Sequence[InteractionsError] = ()
) -> None:
    """Replace what a report shows of one of our errors, unless pytest is asked for all of it.

    Args:
        item: The test.
        call: Its phase.
        report: The report on that, which has failed.
        met: The errors that its app has met so far. Where the test failed by another, these come first: what it found
            wrong follows from them.
    """
    if call.excinfo is None or is_wanted_whole(item.config):
        return
    error = _ours(call.excinfo.value)
    is_cause = error is not None
    error = error or next(iter(met), None)
    if error is None:
        return
    wrong = (
        _beside(call.excinfo.value, error)
        if is_cause
        else ["After this error the test went on, and failed:", *_found_wrong(item, report)]
    )
    others = {str(each) for each in met} - {str(error)}
    besides = [f"Refused besides: {len(others)}; --full-trace shows all."] if others else []
    frames = _frames(item, call.excinfo, error) if is_cause or not error.frames else list(error.frames)
    _show(item, error, frames, [*getattr(error, "__notes__", ()), *wrong, *besides], report)


def _found_wrong(item: pytest.Item, report: pytest.TestReport) -> list[str]:
    """Return the first lines of what a test found wrong, as pytest has them."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return [line[:_LENGTH] for line in report.longreprtext.splitlines()[:_LINES]]
    lines = f"{_path(item, crash.path)}:{crash.lineno}: {crash.message}".splitlines()
    return [line[:_LENGTH] for line in lines[:_LINES]]


def _frames(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException], error: InteractionsError) -> list[Frame]:
    """Return the frames of the user's own code, from the test to where our error was raised, maybe in a thread."""
    own = list(error.frames)
    seen = [Frame(str(each.path), each.lineno + 1, each.name) for each in raised.traceback]
    before = [frame for frame in seen if is_users_own(frame.file) or frame.file == str(item.path)]
    if own and own[0] in before:
        before = before[: before.index(own[0])]
    return [*(frame for frame in before if frame not in own), *own]


def _show(
    item: pytest.Item, error: InteractionsError, frames: list[Frame], notes: list[str], report: pytest.TestReport
) -> None:
    """Let a report show an error in some ten lines."""
    from _pytest._code.code import ReprEntry, ReprExceptionInfo, ReprFileLocation, ReprTraceback

    name = type(error).__name__
    told = [line for text in [*error.brief.split("\n"), *notes] for line in _parted(_from_here(item, text))]
    told[:1] = [f"{name}: {told[0]}" if told else name]
    lines = [f"E   {line}" for line in told]
    entries = []
    left = len(frames) - _FRAMES
    for number, frame in enumerate(frames):
        if 0 < number <= left:
            continue
        source = [f"    {linecache.getline(frame.file, frame.line).strip()}"]
        source += [f"    ... (calls left out: {left})"] * (left > 0 and number == 0)
        source += lines * (number == len(frames) - 1)
        place = ReprFileLocation(_path(item, frame.file), frame.line, f"in {frame.function}")
        entries.append(ReprEntry(source, None, None, place, "short"))
    entries = entries or [ReprEntry(lines, None, None, None, "short")]
    path, line = (frames[-1].file, frames[-1].line) if frames else (str(item.path), (item.location[1] or 0) + 1)
    headline = _FILE.sub("", _from_here(item, error.headline), count=1)
    crash = ReprFileLocation(_path(item, path), line, f"{name}: {headline}")
    is_line = item.config.option.tbstyle == "line"  # pytest itself prints where it crashed
    report.longrepr = ReprExceptionInfo(ReprTraceback([] if is_line else entries, None, "short"), crash)


def _parted(line: str) -> list[str]:
    """Return the lines in which a line is shown: a long one sentence by sentence, and an empty one in none."""
    if len(line) <= _LONG or line.startswith(" "):
        return [line] if line.strip() else []
    return _SENTENCE.split(line)


def _path(item: pytest.Item, file: str) -> str:
    """Return the path of a file as pytest names files: from where it was begun, unless it lies elsewhere."""
    return shown(Path(file), item.config.invocation_params.dir)


def _from_here(item: pytest.Item, text: str) -> str:
    """Return a text with the paths in it from where pytest was begun on."""
    here = item.config.invocation_params.dir
    return text if here == here.parent else text.replace(f"{here}{os.sep}", "")


def _ours(raised: BaseException) -> InteractionsError | None:
    """Return our error if it led to `raised`, and what a test itself found wrong did not."""
    from _pytest.outcomes import OutcomeException

    if isinstance(raised, AssertionError | OutcomeException):
        return None
    return next((error for error in _causes(raised) if isinstance(error, InteractionsError)), None)


def _causes(raised: BaseException) -> Iterator[BaseException]:
    """Yield an exception, then what led to it, as Python shows it; some libraries chain thousands."""
    left: list[BaseException | None] = [raised]
    seen: set[int] = set()
    while left:
        error = left.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        if not error.__suppress_context__:
            left.append(error.__context__)
        left.append(error.__cause__)
        if isinstance(error, BaseExceptionGroup):
            left += reversed(error.exceptions)


def _beside(raised: BaseException, error: InteractionsError) -> list[str]:
    """Return the first line of each exception of a group to which our error has not led."""
    if not isinstance(raised, BaseExceptionGroup):
        return []
    others = [each for each in raised.exceptions if error not in _causes(each)]
    return [f"Beside it: {type(each).__name__}: {str(each).partition(chr(10))[0]:.{_LENGTH}}" for each in others]
