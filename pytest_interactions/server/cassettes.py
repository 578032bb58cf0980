"""The cassettes of a server: the one of a test, or those of `serve`, which begin and finish any number of times."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from pytest_interactions.clients.context import open_cassette
from pytest_interactions.errors import CassetteNotFoundError, OptionError
from pytest_interactions.files.clock import of_a_new_file
from pytest_interactions.naming import named_cassette
from pytest_interactions.options import Options, RecordMode, resolve
from pytest_interactions.server.reports import Report, finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

#: The suffixes of cassette files.
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
# The first segment of the API's own paths.
_API: Final = re.compile(r"v\d+\w*|upload|download")
# How the paths of its older WebSockets begin, after one slash or two.
_SOCKET: Final = re.compile("/+ws/google[.]")
# The seconds that the answers on their way are waited for before a cassette is finished without their rest.
_GRACE: Final = 2.0


@dataclass(eq=False, slots=True)
class OnItsWay:
    """An answer that is on its way.

    Attributes:
        break_off: Breaks it off.
        over: Is done when it is over.
        hangs: Whether nothing more of it comes, so that nobody need wait for that.
    """

    break_off: Callable[[], None]
    over: asyncio.Future[None]
    hangs: bool = False


class OpenCassette:
    """A cassette from its beginning to its end, with the answers from it that are on their way."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette
        self.was_asked = False
        self._answers: set[OnItsWay] = set()

    @contextmanager
    def answering(self, break_off: Callable[[], None]) -> Iterator[OnItsWay]:
        """Hold the end of the cassette up a little for the answer that is made inside, then `break_off` that."""
        answer = OnItsWay(break_off, asyncio.get_running_loop().create_future())
        self._answers.add(answer)
        self.was_asked = True
        try:
            yield answer
        finally:
            self._answers.remove(answer)
            answer.over.set_result(None)

    async def finish(self, *, failed: bool) -> Report:
        """Save the cassette, and return what became of it."""
        coming = [answer.over for answer in self._answers if not answer.hangs]
        if coming:
            await asyncio.wait(coming, timeout=_GRACE)
        left = list(self._answers)
        for answer in left:
            answer.break_off()
        if left:
            await asyncio.wait([answer.over for answer in left])
        return await asyncio.to_thread(finished, self.cassette, failed=failed)


@dataclass(frozen=True, slots=True)
class Route:
    """The cassette for the path `prefix + path`, of which `path` is the API's own."""

    opened: OpenCassette
    prefix: str
    path: str


class OneCassette:
    """The cassette of a test, which begins and finishes with that."""

    def __init__(self, cassette: Cassette) -> None:
        self._opened = OpenCassette(cassette)

    async def find(self, path: str) -> Route:
        """Return the cassette."""
        return Route(self._opened, "", path)


@dataclass(slots=True)
class _Place:
    """Where a cassette is served: opened any number of times, each time when it was finished before."""

    opened: OpenCassette | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Cassettes(ABC):
    """The cassettes of `serve`, opened with the options of its command line or with others that a call names.

    The first request to a cassette begins it, if no call did.
    """

    def __init__(self, target: Path, given: Mapping[str, Any], tell: Callable[[str], object]) -> None:
        """Serve what is at `target` with the options `given`; `tell` a person what is to be known."""
        self.options = resolve(("command line", given))
        self._target = target
        self._given = given
        self._tell = tell
        self._places: defaultdict[Path, _Place] = defaultdict(_Place)
        self._begun = of_a_new_file()  # by the clock that cassettes have

    @abstractmethod
    async def find(self, path: str) -> Route:
        """Return the cassette for a path as it was sent.

        Raises:
            OptionError: The path names no cassette, or one outside the directory.
            CassetteFormatError: The file exists and is no cassette.
        """

    @abstractmethod
    def file(self, name: str | None) -> Path:
        """Return the file of the cassette that a call names; raise `OptionError` if it names none."""

    @abstractmethod
    def prefix(self, file: Path) -> str:
        """Return what is before the API's own paths in the URL of a cassette."""

    async def begin(self, file: Path, given: Mapping[str, Any]) -> Cassette:
        """Begin a cassette with the options `given`, and finish it first if it was begun before.

        Raises:
            OptionError: An option can't be used, or would record where the server must not.
            CassetteFormatError: The file exists and is no cassette.
        """
        options = resolve(("command line", self._given), ("begin", given))
        if self.options.record_mode is RecordMode.NONE and options.record_mode is not RecordMode.NONE:
            raise OptionError("begin: record_mode: this server only replays; start it with --record-mode once, say.")
        place = self._places[file]
        async with place.lock:
            # One that was asked nothing is not finished: in the mode `rewrite`, that would delete the file.
            if place.opened is not None and place.opened.was_asked:
                for line in (await place.opened.finish(failed=False)).lines():
                    self._tell(line)
            place.opened = None
            place.opened = self._open(file, options, begun=None)
            return place.opened.cassette

    async def finish(self, file: Path, *, failed: bool) -> Report:
        """Save a cassette, and return what became of it; the next request to it begins it again.

        Raises:
            CassetteNotFoundError: It was not begun.
        """
        place = self._places[file]
        async with place.lock:
            if place.opened is None:
                raise CassetteNotFoundError(f"{file}: it was not begun, so there is nothing to finish.")
            report = await place.opened.finish(failed=failed)
            place.opened = None
            return report

    def close(self) -> list[Report]:
        """Save all cassettes that were asked for something and not finished; no request is answered any more."""
        begun = [place.opened for place in self._places.values() if place.opened is not None]
        return [finished(opened.cassette) for opened in begun if opened.was_asked]

    async def _opened(self, file: Path) -> OpenCassette:
        place = self._places[file]
        async with place.lock:
            if place.opened is None:
                # Of the run that the server is, so that none begins a file anew that this run has written.
                place.opened = self._open(file, self.options, begun=self._begun)
            return place.opened

    def _open(self, file: Path, options: Options, *, begun: int | None) -> OpenCassette:
        rerecord = f"pytest-interactions serve {self._target} --record-mode rewrite"
        cassette = open_cassette(file, options, rerecord=lambda: rerecord, begun=begun)
        for note in cassette.recovered:
            self._tell(note)
        return OpenCassette(cassette)


class CassetteFile(Cassettes):
    """The one cassette of a file, for all paths; it is opened at once."""

    def __init__(self, target: Path, given: Mapping[str, Any], tell: Callable[[str], object]) -> None:
        super().__init__(target, given, tell)
        self._places[target] = _Place(self._open(target, self.options, begun=self._begun))

    async def find(self, path: str) -> Route:
        """Return the cassette."""
        return Route(await self._opened(self._target), "", path)

    def file(self, name: str | None) -> Path:
        """Return the file, which needs no name."""
        if name is not None:
            raise OptionError(f"this server has one cassette, {self._target}: leave 'cassette' out.")
        return self._target

    def prefix(self, _file: Path) -> str:
        """Return that nothing is before the API's own paths."""
        return ""


class CassetteDirectory(Cassettes):
    """The cassettes of a directory, each named by the first segment of a path.

    A path that names none goes to the cassette that a call has begun last, until that is finished.
    """

    _chosen: Path | None = None

    async def find(self, path: str) -> Route:
        """Return the cassette that the path's first segment names; see `Cassettes.find`."""
        segment, slash, rest = path.removeprefix("/").partition("/")
        is_socket = _SOCKET.match(path) is not None
        if self._chosen is not None and (is_socket or _API.fullmatch(segment)):
            return Route(await self._opened(self._chosen), "", path)
        if not rest or is_socket or _API.fullmatch(unquote(segment)):
            raise OptionError(
                f"the path {path} names no cassette: this server serves all cassettes of a directory, so a path "
                "begins with the name of one, as in /weather/v1beta/interactions."
            )
        return Route(await self._opened(self.file(unquote(segment))), f"/{segment}", slash + rest)

    def file(self, name: str | None) -> Path:
        """Return the file of a name; without one, that of the cassette that was begun last."""
        if name is not None and not _API.fullmatch(name):
            return named_cassette(self._target, name)
        if name is not None or self._chosen is None:
            raise OptionError('name a cassette, as in {"cassette": "weather"}; no path of the API\'s begins like that.')
        return self._chosen

    def prefix(self, file: Path) -> str:
        """Return the segment that names the cassette."""
        return "/" + quote(str(file.relative_to(self._target).with_suffix("")), safe="")

    async def begin(self, file: Path, given: Mapping[str, Any]) -> Cassette:
        """Begin a cassette, which paths without a name lead to from now on; see `Cassettes.begin`."""
        cassette = await super().begin(file, given)
        self._chosen = file
        return cassette

    async def finish(self, file: Path, *, failed: bool) -> Report:
        """Save a cassette; see `Cassettes.finish`."""
        if self._chosen == file:
            self._chosen = None
        return await super().finish(file, failed=failed)
