"""`pytest-interactions forward`: the API behind a local address that has the key, for code that must not have it."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.ports import add_listening
from pytest_interactions.errors import OptionError
from pytest_interactions.lazy import extra
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_USAGE = """\

Requests of the Interactions API are forwarded from here to {upstream}, with the key. Stop with Ctrl-C or SIGTERM.

  export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY=kept-by-the-forwarder
"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the addresses and the limits."""
    parser.description = (
        "Forward requests of the Interactions API, with the key of this process, for code that must not have it, such "
        "as the tests of a fork in a container. Nothing else is forwarded: no other path, no WebSocket, no login of "
        "the caller, no answer with the key in it. The first line printed is the address; GET /healthz says that it "
        "is up. Exits 1 if a request was refused."
    )
    add_listening(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--upstream", metavar="URL", help="the API (default: $GOOGLE_GEMINI_BASE_URL, or the real API)")
    parser.add_argument("--max-requests", type=_limit, metavar="N", help="forward no more requests than these")
    parser.add_argument("--max-tokens", type=_limit, metavar="N", help="forward none after these tokens were spent")


def run(options: Namespace) -> Status:
    """Forward until Ctrl-C or SIGTERM; then say how much, and what was refused.

    The first line on the standard output is the address alone, so that a parent process can read it.

    Raises:
        MissingExtraError: A library of the extra is not installed.
        OSError: The port is taken.
        OptionError: There is no key, or the upstream is no URL.
    """
    with extra("the forwarder"):
        from pytest_interactions.server.forwarding import Allowance, Forwarder
        from pytest_interactions.server.replay import default_upstream
        from pytest_interactions.server.serving import foreground

    allowance = Allowance(options.max_requests, options.max_tokens)
    upstream = options.upstream or default_upstream()
    with (
        foreground() as wait,
        Forwarder(_key(), upstream=upstream, allowance=allowance, host=options.host, port=options.port) as forwarder,
    ):
        for name in options.allow_host:
            forwarder.allow_host(name)
        for origin in options.allow_origin:
            forwarder.allow_origin(origin)
        print(forwarder.url, flush=True)
        print(_USAGE.format(upstream=upstream, url=forwarder.url), flush=True)
        wait()
    print(f"Forwarded {allowance.requests:,} requests; {allowance.tokens:,} tokens were spent.", file=sys.stderr)
    for reason, count in sorted(allowance.refused.items()):
        print(f"Refused {count:,} times: {reason}", file=sys.stderr)
    return Status.FOUND if allowance.refused else Status.OK


def _key() -> str:
    key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")
    if not key or key == PLACEHOLDER_KEY or not (key.isascii() and key.isprintable()):
        raise OptionError("there is no key to forward requests with: set GEMINI_API_KEY or GOOGLE_API_KEY.")
    return key


def _limit(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ArgumentTypeError(f"{text} is no limit: give a number from 0 on")
    return number
