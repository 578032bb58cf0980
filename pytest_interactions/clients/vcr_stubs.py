"""The clients that vcrpy's stubs bring to a cassette (requests, urllib3, aiohttp, …), and what they ask of it."""

from __future__ import annotations

import importlib
import logging
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from vcr.patch import CassettePatcherBuilder

from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.files import convert

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.clients.in_force import InForce

# The patches of requests are those of urllib3, on which it stands.
_LIBRARIES: Final = {"boto3": "botocore", "requests": ""} | {
    name: name for name in ("urllib3", "httplib2", "tornado", "aiohttp")
}

# vcrpy's stubs log the URL of each request, and so a key in it, at lower levels.
logging.getLogger("vcr").setLevel(logging.WARNING)


@lru_cache(maxsize=1)  # built once, put on and taken off often
def patches(cassettes: InForce[Cassette]) -> Iterable[AbstractContextManager[object]]:
    """Return vcrpy's patches for the libraries that are installed, which bring traffic to the cassette in force."""
    with suppress(ImportError):  # vcrpy beside us would import it while the classes that it derives from are replaced
        importlib.import_module("vcr.stubs.requests_stubs")
    # vcr.patch has imported what is installed of these: a library that isn't need not be looked for again.
    absent = [name for name, library in _LIBRARIES.items() if library not in sys.modules]
    return list(CassettePatcherBuilder(_CassetteInForce(cassettes, skip_patchers=("httpx", "httpx2", *absent))).build())


class _CassetteInForce:
    """Stands for whichever cassette is in force, for vcrpy's patches and stubs; where none is, all passes by."""

    custom_patches = ()
    write_protected = False  # a miss is raised by `can_play_response_for`, with the same words for every client
    _path = "pytest-interactions"  # part of the names of the classes that vcrpy makes

    def __init__(self, cassettes: InForce[Cassette], *, skip_patchers: tuple[str, ...]) -> None:
        self._cassettes = cassettes
        self.skip_patchers = skip_patchers

    def filter_request(self, request: Any) -> Any:
        """Return `request`; `None` where vcrpy's stubs are not to look at it."""
        cassette = self._cassettes.innermost
        return None if cassette is None or cassette.passes(request.host, request.port) else request

    def can_play_response_for(self, request: Any) -> bool:
        """Return whether a recording answers vcrpy's `request`; raises as `Cassette.answer` does."""
        cassette = self._cassettes.innermost
        if cassette is None or self.filter_request(request) is None:
            return False
        return cassette.would_play(convert.from_vcr_request(request))

    def play_response(self, request: Any) -> dict[str, Any]:
        """Return the recorded response to vcrpy's `request`, as vcrpy's dict.

        Raises:
            ConnectionResetError: The connection broke when it was recorded, or the cassette has just been closed.
            StreamEndedError: The app stopped reading when it was recorded; these clients read to the end.
        """
        cassette = self._cassettes.innermost
        tape = cassette.answer(convert.from_vcr_request(request)) if cassette else None
        if not isinstance(tape, Tape):
            raise ConnectionResetError("The cassette that was to answer this request is closed.")
        if tape.ending is not Ending.COMPLETE:
            raise tape.error(lambda cut: ConnectionResetError(cut.message))
        return convert.to_vcr_response(tape.response.with_body(b"".join(tape.chunks())))

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Record what vcrpy's stubs have sent and received."""
        cassette = self._cassettes.innermost
        if cassette is None or self.filter_request(request) is None:
            return
        recording = cassette.answer(convert.from_vcr_request(request))
        if recording is not None and not isinstance(recording, Tape):
            recording.finish(convert.from_vcr_response(response))

    def find_requests_with_most_matches(self, request: Any) -> list[Any]:  # noqa: ARG002 - vcrpy's signature
        """Return no candidates: vcrpy's aiohttp stub asks for them on a redirect, and then plays its own request."""
        return []
