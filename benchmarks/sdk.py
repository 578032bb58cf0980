"""What a replayed call of google-genai takes of the processor, with `fast_sdk` and without."""

from __future__ import annotations

import os
from functools import partial
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Final

from benchmarks.material import SDK_URL, WRITERS, pairs
from benchmarks.measure import in_turns, ratio
from benchmarks.report import Section, duration, times
from pytest_interactions import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from google import genai

    from benchmarks.material import Pair

_CALLS: Final = 50
_SIZE: Final = 200
#: What is measured: a call by a client that is there, and one by a client of its own, as each test of a suite has one.
_CLIENTS: Final = {"create()": False, "Client() and create()": True}


def run(scratch: Path, *, quick: bool) -> Section:
    """Let the SDK call with and without, in turns; the first round of each makes what is kept, and does not count."""
    os.environ["GEMINI_API_KEY"] = "a-key-for-everyone"
    section = Section("A replayed call of google-genai", ("call", "`fast_sdk = false`", "`fast_sdk`", ""))
    traffic = pairs(_CALLS, _SIZE)
    WRITERS["ours"](scratch / "sdk.yaml", traffic, SDK_URL)
    for call, own in _CLIENTS.items():
        runs = {fast: partial(_seconds, scratch / "sdk.yaml", traffic, fast=fast, own=own) for fast in (False, True)}
        found = in_turns({str(fast): once for fast, once in runs.items()}, 3 if quick else 10)
        slow, fast = found["False"][1:], found["True"][1:]
        section.rows.append((call, duration(median(slow)), duration(median(fast)), times(ratio(fast, slow))))
        if not own:
            aim = "a replayed `create()` takes at most 0.12× of the time that the SDK takes as it is"
            section.aim(aim, times(ratio(fast, slow)), met=ratio(fast, slow) <= 0.12)
    section.notes.append(
        "The processor's time for a call. Of what is left with `fast_sdk`, one half is the making of the client: three "
        "TLS contexts, the parameters of the clients' methods, which are looked up, and the environment's proxies, for "
        "a sync and an async client. The other half is the SDK's own reading and writing of bodies, URLs and headers, "
        "and httpx2's; less than a tenth of all is this package's."
    )
    return section


def _seconds(path: Path, traffic: list[Pair], *, fast: bool, own: bool) -> float:
    """Return the processor's seconds that a call takes, of all of a cassette's."""
    from google import genai

    with use_cassette(path, fast_sdk=fast), genai.Client() as shared:
        begun = process_time()
        for asked, _ in traffic:
            if own:
                with genai.Client() as client:
                    _ask(client, asked["input"])
            else:
                _ask(shared, asked["input"])
        return (process_time() - begun) / len(traffic)


def _ask(client: genai.Client, text: str) -> None:
    client.interactions.create(model="gemini-3.5-flash", input=text)
