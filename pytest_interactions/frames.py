"""The frames of a user's own code, which an error tells of: nothing of this package, of a library or of Python."""

from __future__ import annotations

import site
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType

_LIBRARIES = ("site-packages", "dist-packages")


class Frame(NamedTuple):
    """A line of code that was running: its file, its number from 1, and the name of its function."""

    file: str
    line: int
    function: str


def users_own(frame: FrameType | None) -> tuple[Frame, ...]:
    """Return the frames of the user's own code, from the test or whatever is the outermost to `frame`."""
    found = []
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith("_pytest."):  # which calls the test
        if is_users_own(frame.f_code.co_filename):
            found.append(Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return tuple(reversed(found))


@lru_cache(maxsize=1024)
def is_users_own(file: str) -> bool:
    """Return whether a file is neither of a library nor of Python, as far as its path tells."""
    if file.startswith("<"):
        return False
    path = Path(file)
    return not (set(_LIBRARIES) & set(path.parts) or any(path.is_relative_to(each) for each in _of_others()))


@lru_cache(maxsize=1)
def _of_others() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [*(sysconfig.get_paths().get(name) for name in names), *site.getsitepackages(), str(Path(__file__).parent)]
    return tuple(Path(path) for path in paths if path)
