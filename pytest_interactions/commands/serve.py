"""`pytest-interactions serve`: cassettes behind a local address, for any test runner or shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.ports import add_listening
from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.lazy import extra
from pytest_interactions.options import SPECS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_interactions.server.cassettes import Cassettes

#: The options of a cassette that the command line takes.
_OPTIONS = (
    *("record_mode", "match_on", "keep_headers", "redact", "chunking", "pace", "fault", "fast_forward"),
    *("unplayed", "differing", "lint", "max_age", "stale", "retired_models", "store"),
    "store_media",
)
_USAGE_OF_FILE = """\

{target} is served here, record mode {mode}. Stop with Ctrl-C or SIGTERM, which saves what was recorded.

  export GOOGLE_GEMINI_BASE_URL={url}
"""
_USAGE_OF_DIRECTORY = """\

The cassettes of {target} are served here, record mode {mode}: the first part of the path is the cassette's name.
Stop with Ctrl-C or SIGTERM, which saves what was recorded.

  export GOOGLE_GEMINI_BASE_URL={url}/NAME
"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the target, the addresses and the options of a cassette."""
    parser.description = (
        "Put a cassette, or a directory of them, behind a local address: code in any language records and replays "
        "through it. The first line printed is the address; GET /healthz says that it is up. For a directory, the "
        "first part of the path names the cassette: http://127.0.0.1:PORT/NAME/v1beta/interactions. SIGTERM and "
        "Ctrl-C save what was recorded. POST /_interactions/begin and /_interactions/finish begin and finish a "
        "cassette while the server runs."
    )
    parser.add_argument("target", type=Path, metavar="CASSETTE|DIRECTORY")
    add_listening(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument(
        "--upstream", metavar="URL", help="what to record (default: $GOOGLE_GEMINI_BASE_URL, or the real API)"
    )
    for name in _OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", **_kind(name))


def run(options: Namespace) -> Status:
    """Serve until Ctrl-C or SIGTERM, then save.

    The first line on the standard output is the address alone, so that a parent process can read it.

    Raises:
        MissingExtraError: A library of the extra is not installed.
        OSError: The port is taken.
        OptionError: An option, or the upstream, can't have that value.
        CassetteNotFoundError: There is no such cassette or directory, and the record mode makes none.
        CassetteFormatError: The file exists and is no cassette.
    """
    with extra("the replay server"):
        from pytest_interactions.server.callers import Callers
        from pytest_interactions.server.cassettes import CassetteFile
        from pytest_interactions.server.control import Control
        from pytest_interactions.server.proxy import Proxy
        from pytest_interactions.server.replay import NAME, default_upstream
        from pytest_interactions.server.serving import Serving, foreground
        from pytest_interactions.server.upstream import Upstream

    target, host = options.target, options.host
    cassettes = _cassettes(target, _given(options))
    remote = Upstream(options.upstream or default_upstream())
    app = Callers(Proxy(cassettes.find, remote, Control(cassettes)), name=NAME, host=host)
    app.hosts += options.allow_host
    app.origins += options.allow_origin
    with (
        foreground() as wait,
        Serving(app, name=NAME, host=host, port=options.port, closing=remote.aclose) as serving,
    ):
        print(serving.url, flush=True)
        usage = _USAGE_OF_FILE if isinstance(cassettes, CassetteFile) else _USAGE_OF_DIRECTORY
        print(usage.format(target=target, url=serving.url, mode=cassettes.options.record_mode), flush=True)
        wait()
    reports = cassettes.close()
    for report in reports:
        for line in report.lines():
            _tell(line)
    return Status.FAILED if any(report.unsaved for report in reports) else Status.OK


def _kind(name: str) -> dict[str, Any]:
    """Return how an option is given, as argparse has it: as a switch, as often as wanted, or with one value."""
    if name == "store_media":
        return {"action": "store_const", "const": "true", "help": SPECS[name].help}
    if name == "fast_forward":  # a server sleeps for nobody
        return {
            "action": "store_const",
            "const": "true",
            "help": "let no time pass for --pace, nor for delays of --fault",
        }
    several = {"action": "append"} if SPECS[name].adds or name == "fault" else {}
    return {"metavar": SPECS[name].word, "help": SPECS[name].help, **several}


def _given(options: Namespace) -> dict[str, Any]:
    given = {name: getattr(options, name) for name in _OPTIONS if getattr(options, name) is not None}
    # One text of several lines, as in an ini file, so that each value is stripped.
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in given.items()}


def _cassettes(target: Path, given: dict[str, Any]) -> Cassettes:
    from pytest_interactions.server.cassettes import SUFFIXES, CassetteDirectory, CassetteFile

    if target.is_file() and target.suffix not in SUFFIXES:
        raise CassetteFormatError(
            f"{target}: this is no cassette; its name would end in {' or '.join(sorted(SUFFIXES))}."
        )
    is_file = not target.is_dir() and target.suffix in SUFFIXES
    cassettes = (CassetteFile if is_file else CassetteDirectory)(target, given, _tell)
    if cassettes.options.record_mode == "none" and not (target.exists() or cassettes.options.store):
        raise CassetteNotFoundError(f"{target}: no such cassette or directory. To make it: --record-mode once")
    return cassettes


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
