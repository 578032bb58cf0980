"""Cassettes that were cut off or changed: what is read of them is what was recorded, or an error."""

from __future__ import annotations

import operator
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import httpx

from pytest_interactions import CassetteFormatError, InteractionsError, use_cassette
from pytest_interactions.files import media, storage
from torture.cassettes import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange
    from torture import Outcome
    from torture.cassettes import Recorded

    Load = Callable[[bytes, Path], storage.Contents]

_REPLAYED: Final = 50  # of which one is replayed, too
_BATCH: Final = 500


def truncated(load: Load = storage.loads, every: int = 1) -> Outcome:
    """Cut each cassette off at every offset: all that was recorded is read, or an error says that it is not."""
    return _all(load, lambda cassette: [Cut(offset) for offset in range(0, len(cassette.raw), every)])


def flipped(count: int, seed: int = 0, load: Load = storage.loads) -> Outcome:
    """Change bits, bytes and lines of the cassettes: no answer is read that was not recorded, and none is missing."""
    return _all(load, lambda cassette: list(_flips(cassette, count, Random(f"{seed} {cassette.name}"))))


def media_damaged(every: int = 1) -> Outcome:
    """Cut each media file off at every offset, and flip a bit of each byte: it is refused, or as it was."""
    cases, failed = 0, []
    with TemporaryDirectory(prefix="torture-") as scratch:
        for cassette in recorded(Path(scratch)):
            whole = [media.whole(exchange, cassette.directory) for exchange in cassette.exchanges]
            for file in sorted(cassette.directory.glob("*")):
                raw = file.read_bytes()
                for offset in range(0, len(raw), every):
                    flip = raw[:offset] + bytes([raw[offset] ^ 1 << offset % 8]) + raw[offset + 1 :]
                    for damage, changed in (("cut off at", raw[:offset]), ("flipped at", flip)):
                        file.write_bytes(changed)
                        cases += 1
                        try:
                            read = [media.whole(exchange, cassette.directory) for exchange in cassette.exchanges]
                        except CassetteFormatError:
                            continue
                        if read != whole:
                            failed.append(f"{file.name} {damage} {offset} was accepted")
                file.write_bytes(raw)
    return cases, failed


@dataclass(frozen=True, slots=True)
class Cut:
    """A file that ends early."""

    offset: int

    def of(self, raw: bytes) -> bytes:
        """Return what is left."""
        return raw[: self.offset]

    def is_lossless(self, was: list[Exchange], now: list[Exchange]) -> bool:
        """Return whether nothing is missing or changed."""
        return now == was


@dataclass(frozen=True, slots=True)
class Flip:
    """Bytes that were changed."""

    start: int
    end: int
    new: bytes

    def of(self, raw: bytes) -> bytes:
        """Return the changed file."""
        return raw[: self.start] + self.new + raw[self.end :]

    def is_lossless(self, was: list[Exchange], now: list[Exchange]) -> bool:
        """Return whether all answers are there, in order; a changed request is never asked, which is an error then."""
        return [(e.response, e.cut) for e in now] == [(e.response, e.cut) for e in was]


def _flips(cassette: Recorded, count: int, dice: Random) -> Iterator[Flip]:
    """Draw changes: of a bit, of a byte, of a letter by another, and lines that go or come twice."""
    raw = cassette.raw
    lines = raw.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for _ in range(count):
        place, kind = dice.randrange(len(raw)), dice.randrange(10)
        if kind < 4:
            yield Flip(place, place + 1, bytes([raw[place] ^ 1 << dice.randrange(8)]))
        elif kind < 6:
            yield Flip(place, place + 1, dice.randbytes(1))
        elif kind < 8:
            yield Flip(place, place + dice.randrange(2), raw[(other := dice.randrange(len(raw))) : other + 1])
        else:
            first = dice.randrange(len(lines))
            last = min(first + dice.randint(1, 3), len(lines))
            yield Flip(starts[first], starts[last], b"".join(lines[first:last]) * dice.choice((0, 2)))


def _all(load: Load, draw: Callable[[Recorded], Sequence[Cut | Flip]]) -> Outcome:
    cases, failed = 0, list[str]()
    with TemporaryDirectory(prefix="torture-") as scratch:
        cassettes = recorded(Path(scratch))
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
            for cassette in cassettes:
                damages = draw(cassette)
                batches = [damages[begin : begin + _BATCH] for begin in range(0, len(damages), _BATCH)]
                found: list[str] = reduce(operator.iadd, pool.map(partial(_judged, cassette, load), batches), [])
                cases += len(damages)
                failed += [f"{cassette.name}.yaml: {problem}" for problem in found]
    return cases, failed


def _judged(cassette: Recorded, load: Load, damages: Sequence[Cut | Flip]) -> list[str]:
    problems = []
    for number, damage in enumerate(damages):
        raw = damage.of(cassette.raw)
        problem = _loaded(cassette, load, damage, raw)
        if not problem and number % _REPLAYED == 0:
            problem = _replayed(cassette, raw)
        if problem:
            problems.append(f"{damage}: {problem}")
    return problems


def _loaded(cassette: Recorded, load: Load, damage: Cut | Flip, raw: bytes) -> str:
    """Return what is wrong with how the file was read; `""` if nothing is."""
    try:
        now = load(raw, cassette.path).exchanges
    except CassetteFormatError:
        return ""
    except Exception as error:  # noqa: BLE001 - any other is what is looked for
        return f"{type(error).__name__}: {error}"
    if damage.is_lossless(cassette.exchanges, now):
        return ""
    missing = len(cassette.exchanges) - len(now)
    return f"accepted, exchanges missing: {missing}" if missing else "accepted with another answer"


def _replayed(cassette: Recorded, raw: bytes) -> str:
    """Ask all that was recorded of the damaged file; return what is wrong with an answer."""
    path = cassette.path.with_name(f"{cassette.path.stem}-{os.getpid()}.yaml")
    media_now = media.directory_of(path)
    if cassette.directory.exists() and not media_now.exists():
        media_now.symlink_to(cassette.directory)
    path.write_bytes(raw)
    wrong = []
    try:
        with use_cassette(path, record_mode="none"), httpx.Client(verify=False) as client:  # noqa: S501 - no network
            for exchange in cassette.exchanges:
                exchange_whole = media.whole(exchange, cassette.directory)
                headers = {name: values[0] for name, values in exchange.request.headers.items()}
                got = client.post(exchange.request.uri, content=exchange_whole.request.body, headers=headers)
                if got.content != exchange_whole.response.body:
                    wrong.append(f"replayed with another answer: {got.content[:200]!r}")
    except (InteractionsError, httpx.TransportError):
        return ""  # which is loud
    except Exception as error:  # noqa: BLE001 - any other is what is looked for
        return f"replayed with {type(error).__name__}: {error}"
    return wrong[0] if wrong else ""
