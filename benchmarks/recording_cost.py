"""What recording large answers costs of the harness's own time, and what of it each of its steps takes.

Run as `python -m benchmarks.recording_cost KIND COUNT PATH`, it records that many answers in a process of its own, and
prints the seconds that each step took.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.material import JSON, MODEL, URL, answer
from benchmarks.measure import child, in_turns
from benchmarks.report import Section, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The bytes of an answer.
_SIZE: Final = 1_000_000
#: How many of each kind are recorded at once.
_LARGE: Final = 8
_SMALL: Final = 1000
#: The steps, each with the functions in which it is done: a module, a class or "", and a name.
_STEPS: Final = {
    "redact": (("redaction.redactor", "Redactor", "request"), ("redaction.redactor", "Redactor", "response")),
    "gate": (("redaction.gate", "Gate", "check"),),
    "layout": (("files.layout", "", "exchange_text"),),
    "journal": (("files.journal", "Journal", "add"),),
    "save": (("cassette.recorder", "Recorder", "save"),),
}
_SENTENCE: Final = (
    "the agent answers with several words, and a model said so. It went on; what follows is clear: 12 results (see "
    "above) - all things considered, for the case at hand?"
)


def _prose(size: int, chance: random.Random) -> str:
    words = chance.choices(_SENTENCE.split(), k=size // 4)
    lines = (" ".join(words[start : start + 14]) for start in range(0, len(words), 14))
    return "\n".join(lines)[:size]


def _text(chance: random.Random) -> bytes:
    """An answer of one long text."""
    return json.dumps(answer(0, {"type": "text", "text": _prose(_SIZE, chance)})).encode()


def _rows(chance: random.Random) -> bytes:
    """An answer with the many small objects that a tool has returned."""
    rows: list[dict[str, Any]] = [
        {"id": number, "title": _prose(60, chance), "price": number / 7, "tags": ["a", "b"], "in_stock": True}
        for number in range(_SIZE // 150)
    ]
    step = {"type": "function_result", "name": "search", "call_id": "call_1", "result": {"items": rows}}
    return json.dumps(answer(0) | {"steps": [step]}).encode()


def _signed(chance: random.Random) -> bytes:
    """The long text after a thought, whose signature is replaced."""
    thought = {"type": "thought", "signature": chance.randbytes(900).hex()}
    whole = answer(0, {"type": "text", "text": _prose(_SIZE, chance)})
    return json.dumps(whole | {"steps": [thought, *whole["steps"]]}).encode()


def _stream(chance: random.Random) -> bytes:
    """A stream of some 6,000 events."""
    deltas = ({"type": "text", "text": _prose(60, chance)} for _ in range(_SIZE // 160))
    events: list[dict[str, Any]] = [
        {"event_type": "interaction.created", "interaction": answer(0) | {"status": "in_progress", "steps": []}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        *({"event_type": "step.delta", "index": 0, "delta": delta} for delta in deltas),
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "interaction": answer(0)},
    ]
    lines = (f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join([*lines, "event: done\ndata: [DONE]\n\n"]).encode()


def _short(_: random.Random) -> bytes:
    return json.dumps(answer(0)).encode()


#: What is recorded, by its name: what makes one answer, and how many are recorded.
_KINDS: Final[dict[str, tuple[Callable[[random.Random], bytes], int]]] = {
    "1 MB of text": (_text, _LARGE),
    "1 MB of text, with a signature": (_signed, _LARGE),
    "1 MB of a tool's rows": (_rows, _LARGE),
    "1 MB of a stream": (_stream, _LARGE),
    "a short answer": (_short, _SMALL),
}
#: Those that the aim is for: with a signature, what comes out of redaction is redacted once more, to see that it stays.
_AIMED_AT: Final = ("1 MB of text", "1 MB of a tool's rows", "1 MB of a stream")


def run(scratch: Path, *, quick: bool) -> Section:
    """Record each kind in a process of its own, in turns."""
    section = Section("The cost of recording", ("answer", "redact", "gate", "layout", "journal", "save", "in all"))
    calls = {kind: partial(_in_child, kind, scratch) for kind in _KINDS}
    totals: dict[str, list[dict[str, float]]] = defaultdict(list)

    def once(kind: str) -> float:
        totals[kind].append(calls[kind]())
        return totals[kind][-1]["in all"]

    in_turns({kind: partial(once, kind) for kind in _KINDS}, rounds=3 if quick else 5)
    for kind, figures in totals.items():
        found = {step: median(each[step] for each in figures) for step in (*_STEPS, "in all")}
        section.rows.append((kind, *(duration(found[step]) for step in (*_STEPS, "in all"))))
        if kind in _AIMED_AT:
            aim = f"recording {kind} takes at most 80 ms of this package's own time a MB"
            section.aim(aim, duration(found["in all"]), met=found["in all"] <= 0.080)
    section.notes.append(
        f"Processor time a MB of answers or, of short ones, an exchange: {_LARGE} answers, and {_SMALL:,} short ones, "
        "are handed to the cassette in the place of a client, and saved. What a step takes is without the steps within "
        "it: the journal's is to write to it, and that of saving is to copy from it and to wait for the disk. Most of "
        "it is to search for secrets: each text as it is, and without its escapes. A MB of a stream has some 6,000 "
        "events, each of which is read, parsed and walked by itself."
    )
    return section


def _in_child(kind: str, scratch: Path) -> dict[str, float]:
    figures: dict[str, float] = child(["-m", "benchmarks.recording_cost", kind, str(scratch / "c.yaml")]).json
    return figures


@contextmanager
def _timed_steps() -> Iterator[dict[str, float]]:
    """Count the processor time of each step, without that of the steps within it."""
    from importlib import import_module

    spent: dict[str, float] = defaultdict(float)
    running: list[str] = []
    last = process_time()

    def switch() -> None:
        nonlocal last
        now = process_time()
        if running:
            spent[running[-1]] += now - last
        last = now

    def timed(step: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            switch()
            running.append(step)
            try:
                return real(*args, **kwargs)
            finally:
                switch()
                running.pop()

        return call

    originals = []
    for step, functions in _STEPS.items():
        for module, owner, name in functions:
            place: Any = import_module(f"pytest_interactions.{module}")
            place = getattr(place, owner) if owner else place
            originals.append((place, name, getattr(place, name)))
            setattr(place, name, timed(step, getattr(place, name)))
    try:
        yield spent
    finally:
        for place, name, real in originals:
            setattr(place, name, real)


def _record(kind: str, path: Path) -> dict[str, float]:
    """Record; the seconds of each step a MB or, of what is short, an exchange."""
    make, count = _KINDS[kind]
    chance = random.Random(7)
    answers = [make(chance) for _ in range(count)]
    unit = count if make is _short else sum(map(len, answers)) / 1e6
    _hand_over(path, answers[:1], kind)  # what is imported once is imported
    begun = process_time()
    with _timed_steps() as spent:
        _hand_over(path, answers, kind)
    whole = process_time() - begun
    return {step: spent[step] / unit for step in _STEPS} | {"in all": whole / unit}


def _hand_over(path: Path, answers: list[bytes], kind: str) -> None:
    from pytest_interactions import use_cassette
    from pytest_interactions.api.exchange import Request, Response
    from pytest_interactions.cassette.recording import Recording

    sent = {**JSON, "x-goog-api-key": ["AQ.Ab8RN6K1x2Y3z4Q5w6E7r8T9y0U1i2O3p4"]}
    told = {"content-type": ["text/event-stream"]} if "stream" in kind else JSON
    path.unlink(missing_ok=True)
    with use_cassette(path, record_mode="once") as cassette:
        for number, body in enumerate(answers):
            asked = json.dumps({"model": MODEL, "input": f"Question {number}"}).encode()
            recording = cassette.answer(Request(method="POST", uri=URL, headers=dict(sent), body=asked))
            assert isinstance(recording, Recording)  # noqa: S101 - there is nothing to play
            recording.finish(Response(status=200, reason="OK", headers=dict(told), body=body))


if __name__ == "__main__":
    print(json.dumps(_record(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201
