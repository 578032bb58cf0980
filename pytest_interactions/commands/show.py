"""`pytest-interactions show`: cassettes as transcripts."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.conversation import interaction_of
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.transcript import Line, escaped, lines
from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.files.storage import load

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Interaction

#: What is looked for in a directory; a cassette in JSON can be named.
_SUFFIXES = (".yaml", ".yml")
#: How much of an id or an error is shown, in characters.
_ID, _ERROR = 16, 120
_STYLES = {
    "title": "bold",
    "note": "dim",
    "turn": "bold cyan",
    "step": "green",
    "fact": "yellow",
    "text": "none",
    "error": "red",
}
#: What the API counts, and what a reader calls it.
_TOKENS = (
    ("total_input_tokens", "in"),
    ("total_output_tokens", "out"),
    ("total_thought_tokens", "thought"),
    ("total_tool_use_tokens", "tools"),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare the paths and the form of what is printed."""
    parser.description = "Print cassettes as transcripts: what was asked, and each step the agent took."
    parser.add_argument("paths", nargs="+", type=Path, metavar="CASSETTE", help="cassettes, or directories of them")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")


def run(options: Namespace) -> Status:
    """Print cassettes as text, or as one JSON array with an object for each.

    A cassette that can't be shown is named on the standard error, and the others are printed.

    Raises:
        CassetteNotFoundError: A folder holds no cassette.
    """
    reports, status = [], Status.OK
    for file in [file for path in options.paths for file in _cassettes_in(path)]:
        try:
            reports.append(_report(file))
        except CassetteError as error:
            sys.stderr.write(f"pytest-interactions: {error}\n")
            status = Status.FAILED
    if options.json:
        sys.stdout.write(json.dumps(reports, indent=2, ensure_ascii=True) + "\n")
        return status
    write = _writer(color=sys.stdout.isatty() and not options.no_color)
    for number, report in enumerate(reports):
        for line in [*([Line("text", "")] if number else []), *_lines(report)]:
            write(line)
    return status


def _cassettes_in(path: Path) -> list[Path]:
    files = list(files_in(path, _may_hold_cassettes))
    if not files:
        raise CassetteNotFoundError(f"{path}: there are no cassettes in this directory.")
    return files


def _may_hold_cassettes(path: Path) -> bool:
    """Return whether `path` has a cassette's name or is a folder; one that is a link might lead in a circle."""
    return path.suffix in _SUFFIXES if path.is_file() else path.is_dir() and not path.is_symlink()


# --- what is to be said ---


@dataclass(slots=True)
class _Conversation:
    interactions: list[Interaction]


def _report(path: Path) -> Json:
    """All that is shown of a cassette, as JSON."""
    contents = load(path)
    found = [(exchange, interaction_of(exchange)) for exchange in contents.exchanges]
    interactions = [interaction for _, interaction in found if interaction is not None]
    sent = [exchange.request.json() for exchange in contents.exchanges]
    return {
        "path": str(path),
        "recorded": _recorded(contents.exchanges, interactions),
        "incomplete": contents.incomplete,
        "models": _unique(name for each in interactions for name in (each.model, each.agent)),
        "tools": _unique(name for request in sent if isinstance(request, dict) for name in _tools(request)),
        "tokens": _tokens(interactions),
        "bytes": path.stat().st_size,
        "exchanges": [_exchange(exchange) for exchange in contents.exchanges],
        "turns": behaviour_of(_Conversation(interactions), opening=True),
    }


def _recorded(exchanges: list[Exchange], interactions: list[Interaction]) -> str | None:
    """When the first answer came, as the API or, in cassettes that keep it, HTTP says."""
    created = [each.created for each in interactions if isinstance(each.created, str)]
    dates = [date for exchange in exchanges for date in exchange.response.headers.get("date", [])]
    return next(iter([*created, *dates]), None)


def _unique(names: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _tools(request: Json) -> Iterator[Any]:
    tools = request.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict):
            yield tool.get("name") or tool.get("type")


def _tokens(interactions: list[Interaction]) -> dict[str, int]:
    """The last count of each interaction, summed."""
    last = {
        str(each.id or number): each.usage for number, each in enumerate(interactions) if isinstance(each.usage, dict)
    }
    total: Counter[str] = Counter()
    for usage in last.values():
        total.update({label: usage[name] for name, label in _TOKENS if isinstance(usage.get(name), int)})
    return dict(total)


def _exchange(exchange: Exchange) -> Json:
    request, response = exchange.request, exchange.response
    told: Json = {
        "method": request.method,
        "url": interaction_path(request.uri) or f"{urlsplit(request.uri).netloc}{urlsplit(request.uri).path}",
        "status": response.status,
        "streamed": response.is_stream,
        "request_bytes": len(request.body),
        "response_bytes": len(response.body),
    }
    if exchange.cut is not None:
        told["cut"] = exchange.cut.by
    answer = response.json() if response.status >= 400 else None  # noqa: PLR2004 - HTTP's first error
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        told["error"] = str(answer["error"].get("message") or answer["error"].get("code"))
    return told


# --- how it is said ---


def _lines(report: Json) -> Iterator[Line]:
    yield Line("title", escaped(report["path"]))
    tokens = ", ".join(f"{count:,} {label}" for label, count in report["tokens"].items() if count)
    facts = {
        "recorded": report["recorded"],
        "model": ", ".join(report["models"]),
        "tools": ", ".join(report["tools"]),
        "tokens": tokens,
        "size": f"{report['bytes']:,} bytes",
    }
    for name, fact in facts.items():
        if fact:
            yield Line("note", escaped(f"  {name}: {fact}"))
    if report["incomplete"]:
        yield Line("error", "  incomplete: the test that recorded it failed")
    for exchange in report["exchanges"]:
        yield Line("error" if "error" in exchange else "note", escaped(f"  {_told(exchange)}"))
    yield from lines(report["turns"])


def _told(exchange: Json) -> str:
    form = "stream, " if exchange["streamed"] else ""
    url = re.sub(rf"(?<=/)([^/]{{{_ID}}})[^/]+", r"\1…", exchange["url"])
    told = f"{exchange['method']} {url}: {exchange['status']}, {form}{exchange['response_bytes']:,} bytes"
    cut = {"app": ", left by the app", "connection": ", the connection broke"}.get(exchange.get("cut", ""), "")
    return told + cut + (f", {exchange['error']:.{_ERROR}}" if "error" in exchange else "")


def _writer(*, color: bool) -> Callable[[Line], Any]:
    """What prints a line: coloured where that is asked for and rich is installed, plain otherwise."""
    if color:
        try:
            from rich.console import Console
            from rich.text import Text
        except ImportError:
            pass
        else:
            console = Console(file=sys.stdout, force_terminal=True, highlight=False, soft_wrap=True)
            return lambda line: console.print(Text(line.text, style=_STYLES[line.kind]))
    return lambda line: sys.stdout.write(line.text + "\n")
