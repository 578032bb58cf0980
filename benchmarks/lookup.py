"""What it takes to find a recorded answer, without the work of any client."""

from __future__ import annotations

import json
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

from benchmarks.material import JSON, URL, WRITERS, pairs
from benchmarks.measure import in_turns
from benchmarks.report import Section, duration

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.material import Pair

_COUNT: Final = 1000
_SIZES: Final = (200, 20_000)
#: How clients write JSON: without white space, as httpx2 does, and with it, as requests and aiohttp do.
_SPELLINGS: Final = {"without white space": (",", ":"), "with white space": (", ", ": ")}
_AIM: Final = 10e-6


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask a cassette for all that it holds, in turns."""
    section = Section(f"Finding an answer among {_COUNT} exchanges", ("body", "how the client writes it", "", ""))
    for size in _SIZES:
        path = scratch / f"{size}.yaml"
        traffic = pairs(_COUNT, size)
        WRITERS["ours"](path, traffic)
        label = f"{size} B" if size < 1000 else f"{size // 1000} KB"
        runs = {
            (name, order): _asking(path, traffic, separators, backwards=order == "backwards")
            for name, separators in _SPELLINGS.items()
            for order in ("in the recorded order", "backwards")
        }
        figures = in_turns({" ".join(key): run for key, run in runs.items()}, rounds=3 if quick else 7)
        for name, order in runs:
            found = median(figures[f"{name} {order}"])
            section.rows.append((label, name, order, duration(found)))
            if size == _SIZES[0]:
                aim = f"an answer to a request of {label} is found in 10 µs ({name}, {order})"
                section.aim(aim, duration(found), met=found <= _AIM)
    section.notes.append(
        "From the request, in the objects of this package, to the recorded response that is to be played; the median "
        "request. Backwards, the first request has all recorded ones looked through, and is in the median as any "
        "other. Of a short one half is to look through its headers for credentials and to make the objects that play "
        "the answer; backwards, a digest of its words is made. Of a long one nearly all is to leave out white space."
    )
    return section


def _asking(path: Path, traffic: list[Pair], separators: tuple[str, str], *, backwards: bool) -> _Asking:
    bodies = [json.dumps(asked, separators=separators).encode() for asked, _ in traffic]
    return _Asking(path, bodies[::-1] if backwards else bodies)


class _Asking:
    """Asks for each body once; the median of the seconds."""

    def __init__(self, path: Path, bodies: list[bytes]) -> None:
        self._path, self._bodies = path, bodies

    def __call__(self) -> float:
        from pytest_interactions import use_cassette
        from pytest_interactions.api.exchange import Request
        from pytest_interactions.cassette.tape import Tape

        headers = {**JSON, "accept": ["*/*"], "accept-encoding": ["gzip"], "user-agent": ["python-httpx2"]}
        took = []
        with use_cassette(self._path) as cassette:
            for body in self._bodies:
                request = Request(method="POST", uri=URL, headers=headers, body=body)
                begun = perf_counter()
                tape = cassette.answer(request)
                took.append(perf_counter() - begun)
                if not isinstance(tape, Tape):
                    raise RuntimeError(f"{body.decode()} was not found")  # noqa: TRY004 - it is no type that is wrong
                tape.use.is_awaited = False  # as a client does that has got it
                tape.left()
        return median(took)
