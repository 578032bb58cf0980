"""`pytest-interactions show`: cassettes as transcripts."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.paths import interaction_path, split
from pytest_interactions.api.transcript import Line, lines
from pytest_interactions.api.usage import summed
from pytest_interactions.commands.findings import size_argument
from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files.storage import SUFFIXES, load

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Interaction

#: The lengths to which ids and errors are cut, in characters.
_ID_LENGTH, _ERROR_LENGTH = 16, 120
_STYLES = {
    "title": "bold",
    "note": "dim",
    "turn": "bold cyan",
    "step": "green",
    "fact": "yellow",
    "text": "none",
    "error": "red",
}
#: The API's counts, each with its name in a transcript.
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
    size_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--no-color", action="store_true", help="print plain text on a terminal, too")


def run(options: Namespace) -> Status:
    """Print cassettes as text, or as one JSON array with an object for each.

    The standard error names the cassettes that can't be shown.

    Raises:
        CassetteNotFoundError: A folder holds no cassette.
    """
    reports, status = [], Status.OK
    for file in list(chain.from_iterable(map(_cassettes_in, options.paths))):
        try:
            reports.append(_report(file, options.max_size))
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
    """Return whether `path` has a cassette's name or is a folder, but no link, which might lead in a circle."""
    return path.suffix in SUFFIXES if path.is_file() else path.is_dir() and not path.is_symlink()


# --- the report ---


@dataclass(slots=True)
class _Conversation:
    interactions: list[Interaction]


def _report(path: Path, max_size: int) -> Json:
    """Return all that is shown of a cassette, as JSON."""
    contents = load(path, max_size)
    interactions = interactions_of(contents.exchanges)
    return {
        "path": str(path),
        "recorded": _recorded(contents.exchanges, interactions),
        "incomplete": contents.incomplete,
        "models": _unique((each.model, each.agent) for each in interactions),
        "tools": _unique(_tools(exchange.request.json()) for exchange in contents.exchanges),
        "tokens": _tokens(interactions),
        "bytes": path.stat().st_size,
        "exchanges": [_exchange(exchange) for exchange in contents.exchanges],
        "turns": behaviour_of(_Conversation(interactions), opening=True),
    }


def _recorded(exchanges: list[Exchange], interactions: list[Interaction]) -> str | None:
    """Return the time of the first answer: the API's, or HTTP's in cassettes that keep it."""
    created = (each.created for each in interactions if isinstance(each.created, str))
    dates = (exchange.response.headers.get("date", []) for exchange in exchanges)
    return next(chain(created, chain.from_iterable(dates)), None)


def _unique(names: Iterable[Iterable[Any]]) -> list[str]:
    return list(dict.fromkeys(name for name in chain.from_iterable(names) if isinstance(name, str)))


def _tools(request: Any) -> Iterator[Any]:
    tools = request.get("tools") if isinstance(request, dict) else None
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict):
            yield tool.get("name") or tool.get("type")


def _tokens(interactions: list[Interaction]) -> dict[str, int]:
    total = summed(each.usage for each in interactions)
    return {label: total[name] for name, label in _TOKENS if isinstance(total.get(name), int)}


def _exchange(exchange: Exchange) -> Json:
    request, response = exchange.request, exchange.response
    url = split(request.uri)
    report: Json = {
        "method": request.method,
        "url": interaction_path(request.uri) or f"{url.netloc}{url.path}",
        "status": response.status,
        "streamed": response.is_stream,
        "request_bytes": len(request.body),
        "response_bytes": len(response.body),
    }
    if exchange.cut is not None:
        report["cut"] = exchange.cut.by
    answer = response.json() if response.status >= 400 else None  # noqa: PLR2004 - HTTP's first error
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        report["error"] = str(answer["error"].get("message") or answer["error"].get("code"))
    return report


# --- its text ---


def _lines(report: Json) -> Iterator[Line]:
    yield Line("title", on_one_line(report["path"]))
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
            yield Line("note", on_one_line(f"  {name}: {fact}"))
    if report["incomplete"]:
        yield Line("error", "  incomplete: the test that recorded it failed")
    for exchange in report["exchanges"]:
        yield Line("error" if "error" in exchange else "note", on_one_line(f"  {_exchange_text(exchange)}"))
    yield from lines(report["turns"])


def _exchange_text(exchange: Json) -> str:
    form = "stream, " if exchange["streamed"] else ""
    url = re.sub(rf"(?<=/)([^/]{{{_ID_LENGTH}}})[^/]+", r"\1…", exchange["url"])
    text = f"{exchange['method']} {url}: {exchange['status']}, {form}{exchange['response_bytes']:,} bytes"
    cut = {"app": ", left by the app", "connection": ", the connection broke"}.get(exchange.get("cut", ""), "")
    return text + cut + (f", {exchange['error']:.{_ERROR_LENGTH}}" if "error" in exchange else "")


def _writer(*, color: bool) -> Callable[[Line], Any]:
    """Return the function that prints a line, in colour if that is asked for and rich is installed."""
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
