"""A long conversation that keeps no state at the server, so that every turn sends all before it.

Run as `python -m benchmarks.conversation WHO TURNS PATH URL`, it holds one in a process of its own, and prints what
that took.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx2

from benchmarks.material import MODEL, VCR_MATCH_ON
from benchmarks.measure import child, peak
from benchmarks.report import Section, duration, times
from benchmarks.server import serving

_TEXT: Final = "And what follows from that, all things considered, for the case at hand? " * 9
_TURNS: Final = (30, 100, 300, 1000)
#: vcrpy compares every turn with all others, by parsing both: more turns than this take it minutes.
_VCRPYS_TURNS: Final = 30
_MODES: Final = ("no recording", "ours, recording", "ours, replaying", "vcrpy, recording", "vcrpy, replaying")


def run(scratch: Path, *, quick: bool) -> Section:
    """Hold it with more and more turns."""
    counts = _TURNS[:3] if quick else _TURNS
    section = Section(
        "A stateless conversation",
        ("turns", "sent", "", "time", "per MB sent", "peak memory", "cassette", "peak / cassette"),
    )
    found: dict[tuple[str, int], dict[str, Any]] = {}
    with serving() as url:
        for count in counts:
            for mode in _MODES:
                if mode.startswith("vcrpy") and count > _VCRPYS_TURNS:
                    continue
                path = scratch / f"{mode.partition(',')[0]}-{count}" / "conversation.yaml"
                path.parent.mkdir(exist_ok=True)
                figures = child(["-m", "benchmarks.conversation", mode, str(count), str(path), url]).json
                figures["cassette"] = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file())
                found[mode, count] = figures
                section.rows.append(_row(mode, count, figures))
    _hold(section, found, counts)
    return section


def _row(mode: str, count: int, figures: dict[str, Any]) -> tuple[str, ...]:
    sent, size = figures["sent"] / 1e6, figures["cassette"] / 1e6
    return (
        f"{count:,}",
        f"{sent:.1f} MB",
        mode,
        duration(figures["seconds"]),
        duration(figures["seconds"] / sent),
        f"{figures['peak']:.0f} MB",
        f"{size:.1f} MB" if size else "",
        times(figures["peak"] / size) if size else "",
    )


def _hold(section: Section, found: dict[tuple[str, int], dict[str, Any]], counts: tuple[int, ...]) -> None:
    first, last = counts[1], counts[-1]
    panel = section.lines.setdefault("conversation", {})
    for mode in _MODES[1:3]:
        few, many = found[mode, first], found[mode, last]
        # Two points of a straight line through the origin of a log-log plot have the slope 1.
        slope = math.log(many["seconds"] / few["seconds"]) / math.log(many["sent"] / few["sent"])
        section.aim(
            f"{mode}: the cost of {last:,} turns is linear in the bytes sent",
            f"bytes^{slope:.2f}; {duration(many['seconds'] / many['sent'] * 1e6)} a MB",
            met=slope < 1.1,
        )
        memory = many["peak"] * 1e6 / many["cassette"]
        section.aim(
            f"{mode}: peak memory at {last:,} turns is under 3× the cassette",
            f"{times(memory)} ({many['peak']:.0f} MB)",
            met=memory < 3,
        )
        if mode == _MODES[1]:
            cost = many["seconds"] / many["sent"] * 1e6
            alone = found[_MODES[0], last]["seconds"] / found[_MODES[0], last]["sent"] * 1e6
            section.aim(
                f"{mode}: {last:,} turns take at most 40 ms a MB sent",
                f"{duration(cost)}, of which {duration(alone)} without recording",
                met=cost <= 0.040,
            )
        panel[f"{mode}: time"] = [(found[mode, c]["sent"] / 1e6, found[mode, c]["seconds"]) for c in counts]
    section.notes.append(
        "Against a server in another process. Time is from opening the cassette until it is closed, saving and the "
        "last gate included. Peak memory is of the whole process. vcrpy is left out where it takes minutes. Of what "
        "recording takes most is to search each turn's history for secrets before it is sent and once more as it is "
        "laid out, though all but its end was in the turn before."
    )


def _converse(mode: str, turns: int, path: Path, url: str) -> dict[str, Any]:
    """Hold the conversation; seconds, bytes sent and MB."""
    history: list[dict[str, Any]] = []
    sent = 0
    begun = perf_counter()
    with ExitStack() as stack:
        stack.enter_context(_cassette(mode, path))
        client = stack.enter_context(httpx2.Client(base_url=url, timeout=60))
        for turn in range(turns):
            content = [{"type": "text", "text": f"Turn {turn}: {_TEXT}"}]
            history.append({"type": "user_input", "content": content})
            response = client.post(
                "/v1beta/interactions", json={"model": MODEL, "store": False, "input": history}
            ).raise_for_status()
            sent += int(response.request.headers["content-length"])
            history.extend(response.json()["steps"])
    return {"seconds": perf_counter() - begun, "sent": sent, "peak": peak()}


def _cassette(mode: str, path: Path) -> Any:
    who, _, doing = mode.partition(", ")
    record_mode = "once" if doing == "recording" else "none"
    if who == "ours":
        from pytest_interactions import RecordMode, use_cassette

        return use_cassette(path, record_mode=RecordMode(record_mode))
    if who == "vcrpy":
        import vcr

        return vcr.use_cassette(str(path), record_mode=record_mode, match_on=VCR_MATCH_ON)
    return ExitStack()


if __name__ == "__main__":
    print(json.dumps(_converse(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])))  # noqa: T201
