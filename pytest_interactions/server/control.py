"""The calls by which a test suite begins and finishes the cassettes of `serve`: `POST /_interactions/begin`, say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from pytest_interactions.api.json_values import Json, parse
from pytest_interactions.errors import InteractionsError, OptionError
from pytest_interactions.server.connections import address, failure, failure_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

    from pytest_interactions.server.cassettes import Cassettes

#: The beginning of the paths of all calls, as they are sent; no path of the API's has it.
PATH: Final = b"/_interactions/"
# The options that may differ from test to test. What is kept in a file, and where, is the server's own.
_OPTIONS: Final = (
    *("record_mode", "match_on", "redact", "chunking", "pace", "fault", "fast_forward"),
    *("unplayed", "differing", "lint"),
)
_CONFLICT: Final = 409


class Control:
    """The calls, over the cassettes of one server."""

    def __init__(self, cassettes: Cassettes) -> None:
        self._cassettes = cassettes
        self._calls = {"begin": self._begin, "finish": self._finish}

    async def answer(self, request: Request, body: bytes) -> JSONResponse:
        """Do what a call asks for, and return its answer; one that can't be done gets an error in the API's shape."""
        call = self._calls.get(request.scope["raw_path"].removeprefix(PATH).decode("latin-1"))
        if call is None:
            return failure(404, "not_found", f"There is no such call. Calls: {', '.join(self._calls)}.")
        if request.method != "POST":
            return failure(405, "invalid_request", "A call is sent as a POST.")
        try:
            return await call(body, address(request.scope))
        except InteractionsError as error:
            return failure_of(error)

    async def _begin(self, body: bytes, here: str) -> JSONResponse:
        name, options = _read(body, "begin", _OPTIONS)
        file = self._cassettes.file(name)
        cassette = await self._cassettes.begin(file, options)
        url = here + self._cassettes.prefix(file)
        return JSONResponse({"cassette": str(file), "record_mode": cassette.record_mode, "url": url})

    async def _finish(self, body: bytes, _here: str) -> JSONResponse:
        name, given = _read(body, "finish", ("failed",))
        failed = given.get("failed", False)
        if not isinstance(failed, bool):
            raise OptionError(f"finish: failed: {failed!r} is neither true nor false.")
        report = await self._cassettes.finish(self._cassettes.file(name), failed=failed)
        problems = report.problems()
        if not problems:
            return JSONResponse(report.json())
        error = {"code": "failed_precondition", "message": "\n\n".join(problems)}
        return JSONResponse({"error": error, **report.json()}, _CONFLICT)


def _read(body: bytes, call: str, known: Collection[str]) -> tuple[str | None, Json]:
    """Return the name of a cassette, if the body has one, and the other fields, which are `known`.

    Raises:
        OptionError: The body is no JSON object, or has another field.
    """
    given: Any = parse(body or b"{}")
    if not isinstance(given, dict):
        raise OptionError(f'{call}: the body must be a JSON object, as in {{"cassette": "weather"}}.')
    name = given.pop("cassette", None)
    if not isinstance(name, str | None):
        raise OptionError(f"{call}: cassette: {name!r} is no name.")
    for field in given:
        if field not in known:
            raise OptionError(f"{call}: there is no {field!r}. Fields: cassette, {', '.join(known)}.")
    return name, given
