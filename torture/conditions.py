"""The conditions: what each one is, the function that tries it, and of how many cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from torture import NotHereError


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a condition: its cases, a line for each that failed, and why it was not tried, if it was not."""

    condition: Condition
    cases: int = 0
    failed: list[str] = field(default_factory=list)
    not_tried: str = ""

    @property
    def outcome(self) -> str:
        """Return its words in the table."""
        if self.not_tried:
            return f"not tried: {self.not_tried}"
        return f"**{len(self.failed):,} failed**" if self.failed else "all as promised"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        name: Its name on the command line.
        what: Its words in the table.
        module: The module of this package that it is in.
        function: The function there; it takes `sizes`, and `seed` if it is `drawn`.
        bounded: The sizes in the bounded form.
        long: The sizes in the long form that differ from these.
        quick: The sizes for development that do.
        drawn: Whether another seed tries other cases.
    """

    name: str
    what: str
    module: str
    function: str
    bounded: dict[str, int] = field(default_factory=dict)
    long: dict[str, int] = field(default_factory=dict)
    quick: dict[str, int] = field(default_factory=dict)
    drawn: bool = False

    def run(self, form: str, seed: int) -> Result:
        """Try all cases of the `bounded`, the `long` or the `quick` form; an error of the condition's is a failure."""
        sizes: dict[str, int] = {**self.bounded, **getattr(self, form), **({"seed": seed} if self.drawn else {})}
        try:
            cases, failed = getattr(import_module(f"torture.{self.module}"), self.function)(**sizes)
        except NotHereError as reason:
            return Result(self, not_tried=str(reason))
        except Exception as error:  # noqa: BLE001 - the other conditions are to be tried all the same
            return Result(self, failed=[f"it could not be tried: {type(error).__name__}: {error}"])
        return Result(self, cases, failed)


def _fuzz(name: str, what: str, module: str, bounded: int, long: int) -> Condition:
    sizes = {form: {"examples": count} for form, count in (("bounded", bounded), ("long", long), ("quick", 20))}
    return Condition(f"fuzz-{name.replace('_', '-')}", what, module, name, **sizes, drawn=True)


def _atheris(name: str, what: str) -> Condition:
    sizes = {form: {"seconds": count} for form, count in (("bounded", 15), ("long", 1200), ("quick", 2))}
    return Condition(f"atheris-{name}", what, "coverage_guided", name, **sizes, drawn=True)


#: All conditions, in the order of the table.
CONDITIONS: Final = (
    Condition(
        "kills",
        "a recording process killed at any moment, in saving and in recovery too; then the next one records",
        *("kills", "kills", {"count": 1500}, {"count": 10_000}, {"count": 8}),
        drawn=True,
    ),
    Condition(
        "reviews",
        "a process that accepts or rejects killed at any moment, and who reads next too; then all is old or all is new",
        *("reviews", "reviews", {"count": 1500}, {"count": 10_000}, {"count": 8}),
        drawn=True,
    ),
    Condition(
        "stores",
        "a process that pushes, fetches or checks out killed at any moment, beside another one too; then lock file, "
        "cache, store and tree are consistent, and the next push does the rest",
        *("stores", "stores", {"count": 10_000}, {"count": 100_000}, {"count": 30}),
        drawn=True,
    ),
    Condition(
        "truncated",
        "four cassettes (one answer, a stream, media, parallel tools), each cut off at every offset",
        *("damage", "truncated", {}, {}, {"every": 97}),
    ),
    Condition(
        "flipped",
        "bits, bytes and lines of the four changed at random",
        *("damage", "flipped", {"count": 20_000}, {"count": 250_000}, {"count": 40}),
        drawn=True,
    ),
    Condition(
        "media", "media files cut off at every offset, and a bit of each byte flipped", "damage", "media_damaged"
    ),
    Condition(
        "recorders",
        "two to eight processes record into one cassette, each by another path, link and directory for temporary files",
        *("recorders", "recorders", {"rounds": 60}, {"rounds": 1500}, {"rounds": 2}),
        drawn=True,
    ),
    Condition(
        "xdist",
        "workers of xdist record tests that share a cassette",
        "recorders",
        "workers",
        {"rounds": 2},
        {"rounds": 50},
    ),
    Condition(
        "hostile",
        "hostile files (bombs, pipes, links, tags, nesting) given to each command and to tests, in 20 s and 1.5 GB",
        *("hostile", "hostile", {}, {}, {"every": 9}),
    ),
    _fuzz("codec", "any bytes as a stream of events, in any chunks", "fuzz", 5000, 200_000),
    _fuzz("loader", "any bytes as a cassette, and cassettes that were mutated", "fuzz", 3000, 200_000),
    _fuzz("round_trip", "any exchanges, written and read", "fuzz", 1500, 50_000),
    _fuzz("matcher", "any requests, matched", "fuzz", 2000, 100_000),
    _fuzz("redactor", "any exchanges, redacted twice", "fuzz", 800, 50_000),
    _fuzz("folding", "any events folded, any interactions printed", "fuzz", 800, 30_000),
    _fuzz("emulator", "any bytes and any JSON sent to the emulator", "fuzz_servers", 1500, 50_000),
    _fuzz("replay_server", "any bytes and any JSON sent to the replay server", "fuzz_servers", 1500, 50_000),
    _atheris("codec", "the codec of streams, guided by coverage"),
    _atheris("loader", "the reader of cassettes, guided by coverage"),
    _atheris("redactor", "the redactor, guided by coverage"),
    _atheris("server", "the emulator's reading of requests, guided by coverage"),
    Condition("open-proxy", "callers of the local servers that go astray", "callers", "open_proxy"),
    Condition("browsers", "web pages that ask the local servers", "callers", "browsers"),
    Condition(
        "load", "many requests to a local server at once", "callers", "load", {"requests": 2000}, {"requests": 200_000}
    ),
    Condition("life", "the life of a process that records or replays: forks, threads, loops, ends", "life", "life"),
    Condition("guard", "ways to the network during a replay", "guard", "guard"),
)
