"""The patches that bring a process's HTTP traffic to the cassette in force: built once, put on and taken off often."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, cast
from unittest import mock

from vcr.patch import CassettePatcherBuilder

from pytest_interactions.clients import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.cassette.cassette import Cassette

# vcr.patch has imported what is installed of these: a library that isn't need not be looked for again. The patches
# of requests are those of urllib3, on which it stands.
_LIBRARIES: Final = {"boto3": "botocore", "requests": ""} | {
    name: name for name in ("urllib3", "httplib2", "tornado", "aiohttp")
}


class _Current:
    """Stands for the cassette in force, so that one set of patches serves all cassettes, one within another too."""

    _path = "pytest-interactions"
    custom_patches = ()
    skip_patchers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.stack: list[Cassette] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stack[-1], name)


_current: Final = _Current()
# vcrpy's stubs log the URL of each request, and so a key in it, at lower levels.
logging.getLogger("vcr").setLevel(logging.WARNING)
_lock: Final = RLock()
_patches: Final = ExitStack()


@contextmanager
def in_force(cassette: Cassette) -> Iterator[None]:
    """Bring all traffic of this process to `cassette`; inside another cassette, until that one is in force again."""
    with _lock:
        if not _current.stack:
            _put_on()
        _current.stack.append(cassette)
    try:
        yield
    finally:
        with _lock:
            _current.stack.remove(cassette)
            if not _current.stack:
                _patches.close()


def _put_on() -> None:
    for patcher in _vcrpys():
        _patches.enter_context(patcher)
    for place, name, replacement in httpx.patches(cast("Cassette", _current)):
        _patches.enter_context(mock.patch.object(place, name, replacement))


@lru_cache(maxsize=1)
def _vcrpys() -> list[Any]:
    absent = [name for name, library in _LIBRARIES.items() if library not in sys.modules]
    _current.skip_patchers = (*httpx.SKIPPED, *absent)
    return list(CassettePatcherBuilder(_current).build())
