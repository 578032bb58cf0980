"""A cassette that holds a large image: what it takes to open it and replay it once.

Run as `python -m benchmarks.media WHO PATH`, it does so in a process of its own, and prints what that took.
"""

from __future__ import annotations

import base64
import json
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import httpx2

from benchmarks.contenders import CASSETTES
from benchmarks.material import URL, WRITERS, answer, picture, question
from benchmarks.measure import Run, child, in_turns, peak, ratio
from benchmarks.report import Section, duration, times

_ASKED: Final = question(0, 200)
#: A mock that has the image as a file that one can look at, as our cassette has it.
_PICTURE: Final = "mock, of the picture"
_MODULES: Final = {"ours": "pytest_interactions.clients.context", "vcrpy": "vcr", "cassetter": "cassetter"}


def run(scratch: Path, *, quick: bool) -> Section:
    """Open and replay in processes of their own, in turns."""
    size = 5_000_000 if quick else 50_000_000
    paths = _write(scratch, size)
    runs: dict[str, list[Run]] = {name: [] for name in paths}

    def once(name: str) -> float:
        runs[name].append(child(["-m", "benchmarks.media", name, str(paths[name])]))
        return runs[name][-1].wall

    in_turns({name: partial(once, name) for name in paths}, rounds=3)
    section = Section(
        f"A cassette with an image of {size // 1_000_000} MB",
        ("", "open", "open and replay", "", "peak memory", "", "of it before opening"),
    )
    took = {name: {key: [run.json[key] for run in found] for key in found[0].json} for name, found in runs.items()}
    for name, figures in took.items():
        section.rows.append(
            (
                name,
                duration(median(figures["open"])) if name in CASSETTES else "",
                duration(median(figures["all"])),
                times(ratio(figures["all"], took["mock"]["all"])),
                f"{median(figures['peak']):.0f} MB",
                times(ratio(figures["peak"], took["mock"]["peak"])),
                f"{median(figures['before']):.0f} MB",
            )
        )
    for name, most in (("mock", 3), (_PICTURE, 2)):
        time = ratio(took["ours"]["all"], took[name]["all"])
        aim = f"opening it and replaying it once takes at most {most}× as long as the {name}"
        section.aim(aim, times(time), met=time <= most)
    memory = ratio(took["ours"]["peak"], took["mock"]["peak"])
    section.aim("its peak memory is at most 2× the mock's", times(memory), met=memory <= 2)
    faster = ratio(took["vcrpy"]["open"], took["ours"]["open"])
    section.aim("it opens at least 5× as fast as with vcrpy", times(faster), met=faster >= 5)
    section.notes.append(
        "The mock reads the whole response from a file of its own and returns it; the mock of the picture reads the "
        "PNG and makes the response of it. What is read of the answer is its body's bytes. Ours keeps the PNG, so that "
        "it can be looked at, and base64 of it, making sure of its digest, and putting the parts together come on top "
        "of reading it: of what ours takes longer, Python's base64 is more than half, and the digest a fifth. Peak "
        "memory is of the whole process, with the libraries that it has imported."
    )
    return section


def _write(scratch: Path, size: int) -> dict[str, Path]:
    image = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(picture(size)).decode()}
    answered = answer(0, image)
    paths = {"mock": scratch / "answer.json", _PICTURE: scratch / "picture.png"}
    paths["mock"].write_text(json.dumps(answered, separators=(",", ":")))
    paths[_PICTURE].write_bytes(base64.b64decode(image["data"]))
    paths |= {name: scratch / name / "image.yaml" for name in CASSETTES}
    for name in CASSETTES:
        WRITERS[name](paths[name], [(_ASKED, answered)])
    return paths


def _replay(name: str, path: Path) -> dict[str, Any]:
    """Open and replay once; seconds and MB."""
    _import(name)
    before = peak()
    begun = perf_counter()
    if name in {"mock", _PICTURE}:
        content = path.read_bytes()
        if name == _PICTURE:
            image = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(content).decode()}
            content = json.dumps(answer(0, image)).encode()
        answered = httpx2.Response(200, content=content, headers={"content-type": "application/json"})
        with httpx2.Client(transport=httpx2.MockTransport(lambda _: answered)) as client:
            opened = perf_counter()
            size = len(client.post(URL, json=_ASKED).content)
    else:
        # Made outside, like the mock's, so that nobody pays for certificates here.
        with httpx2.Client(verify=False) as client, CASSETTES[name](path):
            opened = perf_counter()
            size = len(client.post(URL, json=_ASKED).content)
    done = perf_counter()
    return {"open": opened - begun, "all": done - begun, "peak": peak(), "before": before, "size": size}


def _import(name: str) -> None:
    """Import the contender: that is measured elsewhere."""
    if name in _MODULES:
        import_module(_MODULES[name])


if __name__ == "__main__":
    print(json.dumps(_replay(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201 - this is how it answers
