"""The text of what is shown of a cassette."""

from __future__ import annotations

import re
import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.setting import setting_lines
from pytest_interactions.api.transcript import Line, lines_of_turn
from pytest_interactions.api.volatile import lasting_part
from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.websockets import closed_text, counted_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_interactions.api.json_values import Json

#: The lengths to which ids and errors are cut, in characters.
_ID_LENGTH, _ERROR_LENGTH = 16, 120
#: The style of each kind of line, in words of rich's.
STYLES = {
    "title": "bold",
    "note": "dim",
    "turn": "bold cyan",
    "step": "green",
    "fact": "yellow",
    "text": "none",
    "error": "red",
    "added": "green",
    "removed": "red",
}
_CUTS = {"app": ", left by the app", "connection": ", the connection broke"}
#: What is said of a cassette whose test failed while it was recorded.
INCOMPLETE = "incomplete: the test that recorded it failed"
#: The parts of a setting that the head of a transcript has for the first turn.
IN_HEAD = ("agent", "model")


def report_lines(report: Json) -> Iterator[Line]:
    """Yield all lines of a report."""
    yield Line("title", on_one_line(report["path"]))
    yield from _head(head_facts(report), report)
    yield from lines_of_exchanges_and_turns(report)


def head_facts(report: Json) -> dict[str, str]:
    """Return what is known of a cassette as a whole, by name."""
    facts = {
        "recorded": report["recorded"],
        **_names(report),
        "tools": ", ".join(report["tools"]),
        "tokens": tokens_text(report["tokens"]),
        "latency": seconds_text(report.get("seconds")),
        "size": f"{report['bytes']:,} bytes",
    }
    return {name: fact for name, fact in facts.items() if fact}


def lines_of_exchanges_and_turns(report: Json) -> Iterator[Line]:
    """Yield the lines of the exchanges, then those of the turns that they make."""
    for exchange in report["exchanges"]:
        yield from _exchange_lines("  ", _exchange_text(exchange), exchange)
    for number, turn in enumerate(report["turns"], 1):
        cost = [seconds_text(turn.get("seconds")), tokens_text(turn["tokens"])]
        streamed = [Line("note", text)] if (text := pace_text(turn)) else []
        notes = chain(streamed, _setting(number, turn))
        yield from lines_of_turn(number, turn, note=", ".join(filter(None, cost)), notes=notes)


def lasting_lines(report: Json) -> Iterator[Line]:
    """Yield the lines that stay when the same behaviour is recorded again, wherever the file is."""
    yield from _head(_names(report), report, indent="")
    yield from other_lines(report)
    for number, turn in enumerate(report["turns"], 1):
        yield from lines_of_turn(number, turn, notes=_setting(number, turn))


def other_lines(report: Json, *, bodies: bool = True) -> Iterator[Line]:
    """Yield a line for each exchange that is no part of a turn, without what is drawn anew; see `lasting_lines`.

    Args:
        report: The report.
        bodies: Whether to tell the answers of other APIs apart, of which nobody knows what lasts in them.
    """
    for exchange in report["exchanges"]:
        if "turn" not in exchange:
            url = re.sub(r"^(/interactions/)(?!live$)[^/:]+", r"\1…", exchange["url"])
            digest = f", sha256 {exchange['sha256']}" if bodies and "sha256" in exchange else ""
            text = f"{exchange['method']} {lasting_part('url', url)}: {exchange['status']}{digest}"
            yield from _exchange_lines("", text + _closed(exchange, reason=False) + _end(exchange), exchange)


def tokens_text(tokens: dict[str, int]) -> str:
    """Return counts of tokens, each with its name."""
    return ", ".join(f"{count:,} {label}" for label, count in tokens.items() if count)


def seconds_text(seconds: float | None) -> str:
    """Return how long something took; `""` if that is not known."""
    if seconds is None:
        return ""
    return f"{seconds:,.2f} s" if seconds >= 0.1 else f"{seconds:.3f} s"  # noqa: PLR2004 - more would be noise


def pace_text(told: Json) -> str:
    """Return when the first token of a turn or a stream came, and the gaps of its events; `""` if nobody knows."""
    first = f"first token after {seconds_text(told['first_token'])}" if "first_token" in told else ""
    gaps = told.get("gaps")
    if not gaps:
        return first
    where = f"event {gaps['before_event']}" + (f" of exchange {gaps['exchange']}" if "exchange" in gaps else "")
    longest = f"the longest {seconds_text(gaps['longest'])} before {where}"
    return ", ".join(filter(None, [first, f"gaps of {seconds_text(gaps['median'])} (median)", longest]))


def _names(report: Json) -> dict[str, str]:
    return {"model": ", ".join(report["models"]), "agent": ", ".join(report["agents"])}


def _head(facts: Mapping[str, str | None], report: Json, indent: str = "  ") -> Iterator[Line]:
    for name, fact in facts.items():
        if fact:
            yield Line("note", on_one_line(f"{indent}{name}: {fact}"))
    if report["incomplete"]:
        yield Line("error", f"{indent}{INCOMPLETE}")


def _setting(number: int, turn: Json) -> Iterator[Line]:
    names = [name for name in turn["changed"] if number > 1 or name not in IN_HEAD]
    return setting_lines({name: turn["setting"].get(name) for name in names})


def _exchange_lines(indent: str, text: str, exchange: Json) -> Iterator[Line]:
    yield Line("error" if "error" in exchange else "note", indent + on_one_line(text))
    for line in setting_lines(exchange.get("setting", {})):
        yield line._replace(text=f"{indent}  {line.text}".rstrip())


def _exchange_text(exchange: Json) -> str:
    form = "stream, " if exchange["streamed"] else ""
    if "messages" in exchange:
        form = f"{counted_text(exchange['messages'])}, "
    url = re.sub(rf"(?<=/)([^/]{{{_ID_LENGTH}}})[^/]+", r"\1…", exchange["url"])
    took = f", {seconds_text(exchange['seconds'])}" if "seconds" in exchange else ""
    text = f"{exchange['method']} {url}: {exchange['status']}, {form}{exchange['response_bytes']:,} bytes{took}"
    return text + _closed(exchange, reason=True) + _end(exchange)


def _closed(exchange: Json, *, reason: bool) -> str:
    return f", {closed_text(exchange['closed'], reason=reason)}" if "closed" in exchange else ""


def _end(exchange: Json) -> str:
    error = f", {exchange['error']:.{_ERROR_LENGTH}}" if "error" in exchange else ""
    return _CUTS.get(exchange.get("cut", ""), "") + error


def writer(*, color: bool) -> Callable[[Line], Any]:
    """Return the function that prints a line, in colour if that is asked for and rich is installed."""
    if color:
        try:
            from rich.console import Console
            from rich.text import Text
        except ImportError:
            pass
        else:
            console = Console(file=sys.stdout, force_terminal=True, highlight=False, soft_wrap=True)
            return lambda line: console.print(Text(line.text, style=STYLES[line.kind]))
    return lambda line: sys.stdout.write(line.text + "\n")
