"""Why no recording answers a request, in words: the closest recorded one, field by field, and what to do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.json_text import Number
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.cassette.matching import (
    canonical_bytes,
    canonical_json,
    canonical_path,
    canonical_query,
    canonical_text,
    is_api,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Request

_SHOWN: Final = 12  # lines of difference; more is not read
_WIDTH: Final = 60  # characters of a value, around where it differs
_BYTE: Final = re.compile("[\udc80-\udcff]")  # of a query, where it is no UTF-8


def explain(
    live: Request,
    recorded: Sequence[tuple[Request, bool]],
    *,
    cassette: Path,
    same: Sequence[int],
    rerecord: str,
) -> str:
    """Say why `live` has no answer.

    Args:
        live: The request as it would be recorded: nothing secret is in it.
        recorded: The recorded requests in order, each with whether it was played.
        cassette: How to call the cassette.
        same: The numbers of the recorded requests that match `live`; all of them were played.
        rerecord: The command that records anew.
    """
    lines = [f"{cassette} has no recording that answers this request.", "", f"  {_title(live)}", ""]
    if not recorded:
        lines.append("The cassette holds no exchange.")
    elif same:
        times = len(same) + 1
        played = f"{len(same)} recorded" if len(same) > 1 else "one recorded"
        lines.append(f"It was asked for {times} times, with {played} (exchange {_numbers(same)}), already played.")
    else:
        number, differences = _closest(live, recorded)
        request, played_before = recorded[number]
        state = "already played" if played_before else "not played yet"
        lines.append(f"The closest of {len(recorded)} recorded: exchange {number + 1} ({state}), {_title(request)}")
        lines += [f"  {line}" for line in differences[:_SHOWN]]
        if len(differences) > _SHOWN:
            lines.append(f"  ... and {len(differences) - _SHOWN} more")
    return "\n".join([*lines, "", f"To record it again: {rerecord}"])


def not_found(live: Request, *, cassette: Path, record: str) -> str:
    """Say that there is no cassette for `live` yet."""
    return (
        f"There is no cassette {cassette} yet, and this request needs one:\n\n  {_title(live)}\n\n"
        f"To record it: {record}"
    )


def read_too_far(request: Request, *, cassette: Path, rerecord: str) -> str:
    """Say that the answer to `request` is read further than it was recorded."""
    return (
        f"{cassette}: the response to {request.method} {request.uri} was recorded only up to here: the app stopped "
        f"reading when it was recorded, and now reads on. To record it again: {rerecord}"
    )


def unplayed(requests: Sequence[Request], numbers: Sequence[int], *, cassette: Path, rerecord: str) -> str:
    """Say that of the recorded `requests` those with these `numbers`, counted from 0, were not asked for."""
    listed = "\n".join(
        f"  exchange {number + 1}: {requests[number].method} {requests[number].uri}" for number in numbers
    )
    return (
        f"{cassette}: {len(numbers)} of {len(requests)} recorded exchanges were not asked for:\n{listed}\n\n"
        f"To record it again: {rerecord}"
    )


def placeholder(request: Request, where: str, *, rerecord: str) -> str:
    """Say that `request` was not sent, as there is a redaction's placeholder in it: `where` says in which place."""
    return (
        f"{request.method} {request.uri.partition('?')[0]} was not sent: {where} holds a placeholder that redaction "
        "put there, not the real value, so the API would refuse it. Set GEMINI_API_KEY, and record a conversation as "
        f"a whole, from its first turn: {rerecord}"
    )


#: The names of vcrpy's cassette that tests read, and what says here what they would say.
OF_VCRPY: Final = {
    "data": "exchanges",
    "dirty": "record_mode and exchanges",
    "filter_request": "the option before_record_request",
    "play_count": "exchanges, or all_played",
    "play_counts": "exchanges, or all_played",
    "requests": "exchanges, each with its request",
    "responses": "exchanges, each with its response",
    "responses_of": "exchanges",
    "rewind": "a cassette opened anew: each test begins with nothing played",
    "rewound": "all_played",
    "write_protected": "replays_only",
}


def of_vcrpy(name: str) -> str:
    """Say that one of vcrpy's names is not there, and what is."""
    return f"this is no cassette of vcrpy's, so it has no {name!r}; use {OF_VCRPY[name]}."


def _title(request: Request) -> str:
    path = canonical_path(request) if is_api(request) else request.uri.partition("?")[0]
    return f"{request.method} {path}"


def _numbers(indices: Sequence[int]) -> str:
    return ", ".join(str(index + 1) for index in indices)


def _closest(live: Request, recorded: Sequence[tuple[Request, bool]]) -> tuple[int, list[str]]:
    """Find the recorded request with the fewest differences, unplayed ones first where it is a draw."""
    best: tuple[tuple[int, bool, int], list[str]] | None = None
    for number, (request, played) in enumerate(recorded):
        differences = list(differing(request, live))
        rank = (len(differences), played, number)
        if best is None or rank < best[0]:
            best = (rank, differences)
    assert best is not None  # noqa: S101 - the caller has at least one
    return best[0][2], best[1]


def differing(recorded: Request, live: Request) -> Iterator[str]:
    """Name each field in which two requests differ, as `tools[0].name: "a" -> "b"`, or `: added`, `: removed`."""
    if recorded.method != live.method:
        yield f"method: {recorded.method} -> {live.method}"
    old, new = (_title(request).partition(" ")[2] for request in (recorded, live))
    if old != new:
        yield f"path: {old} -> {new}"
    yield from _compare("query", _query(recorded), _query(live))
    before, after = canonical_json(recorded), canonical_json(live)
    if NOT_JSON not in (before, after):
        yield from _compare("", before, after)
    elif (was := canonical_bytes(recorded)) != (now := canonical_bytes(live)):
        yield from _changed("body", _readable(was), _readable(now))


def _query(request: Request) -> dict[str, str | list[str]]:
    """Return the query by name: a text, or the list of them where the name is there several times."""
    values: dict[str, list[str]] = {}
    for pair in canonical_query(request):
        name, value = (_BYTE.sub(lambda byte: f"%{ord(byte[0]) & 0xFF:02X}", text) for text in pair)
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def _readable(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"{len(body)} bytes that are not text"


def _compare(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            below = f"{path}.{name}" if path else str(name)
            if name not in new:
                yield f"{below}: removed"
            elif name not in old:
                yield f"{below}: added"
            else:
                yield from _compare(below, old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield f"{below}: removed"
            elif index >= len(old):
                yield f"{below}: added"
            else:
                yield from _compare(below, old[index], new[index])
    elif canonical_text(old) != canonical_text(new):
        yield from _changed(path or "body", old, new)


def _changed(path: str, old: Any, new: Any) -> Iterator[str]:
    start = 0
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _WIDTH:
        same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        start = max(0, same - _WIDTH // 3)
    yield f"{path}: {_short(old, start)} -> {_short(new, start)}"


def _short(value: Any, start: int) -> str:
    if isinstance(value, str):
        piece = value[start : start + _WIDTH]
        before = "..." if start else ""
        after = "..." if start + _WIDTH < len(value) else ""
        return before + json.dumps(piece, ensure_ascii=False) + after
    if isinstance(value, Number):
        return value.text
    text = json.dumps(value, ensure_ascii=False, default=lambda number: number.text)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."
