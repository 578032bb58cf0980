"""`pytest-interactions serve`: cassettes behind a local address, for any test runner, or a shell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_interactions.clients.context import open_cassette
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError, InteractionsError
from pytest_interactions.options import resolve
from pytest_interactions.server.cassettes import SUFFIXES, CassetteDirectory, OneCassette
from pytest_interactions.server.proxy import Proxy
from pytest_interactions.server.replay import default_upstream
from pytest_interactions.server.serving import Serving, foreground
from pytest_interactions.server.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.server.cassettes import Cassettes

_HELP = {
    OneCassette: """\

{target} is served here, record mode {mode}. Stop with Ctrl-C or SIGTERM, which saves what was recorded.

  export GOOGLE_GEMINI_BASE_URL={url}
""",
    CassetteDirectory: """\

The cassettes of {target} are served here, record mode {mode}: the first part of the path is the cassette's name.
Stop with Ctrl-C or SIGTERM, which saves what was recorded.

  export GOOGLE_GEMINI_BASE_URL={url}/NAME
""",
}


def serve(
    target: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    upstream: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Status:
    """Serve until Ctrl-C or SIGTERM, then save, and give the exit status.

    The first line on the standard output is the address alone, for whoever starts this as a child process.

    Args:
        target: A cassette, or a directory of them.
        host: The address to listen on.
        port: The TCP port; 0 chooses a free one.
        upstream: Where requests are sent to be recorded; the environment's `GOOGLE_GEMINI_BASE_URL`, or the real
            API, if not given.
        options: Options by their names, such as `record_mode`.

    Returns:
        0, or 2 if a recording could not be saved.

    Raises:
        OSError: The port is taken.
        OptionError: An option, or `upstream`, can't have that value.
        CassetteNotFoundError: There is no such cassette or directory, and the record mode makes none.
        CassetteFormatError: The file exists and is no cassette.
    """
    resolved = resolve(("command line", options or {}))

    def open_at(path: Path) -> Cassette:
        rerecord = f"pytest-interactions serve {target} --record-mode rewrite"
        cassette = open_cassette(path, resolved, rerecord=rerecord)
        for note in cassette.recovered:
            print(note, file=sys.stderr)
        return cassette

    if target.is_file() and target.suffix not in SUFFIXES:
        raise CassetteFormatError(
            f"{target}: this is no cassette; its name would end in {' or '.join(sorted(SUFFIXES))}."
        )
    is_file = not target.is_dir() and target.suffix in SUFFIXES
    cassettes: Cassettes = OneCassette(open_at(target)) if is_file else CassetteDirectory(target, open_at)
    if resolved.record_mode == "none" and not target.exists():
        raise CassetteNotFoundError(f"{target}: no such cassette or directory. To make it: --record-mode once")
    remote = Upstream(upstream or default_upstream())
    proxy = Proxy(cassettes.find, remote)
    with (
        foreground() as wait,
        Serving(proxy, name="interactions-server", host=host, port=port, closing=remote.aclose) as serving,
    ):
        print(serving.url, flush=True)
        print(_HELP[type(cassettes)].format(target=target, url=serving.url, mode=resolved.record_mode), flush=True)
        wait()
    return max(map(_close, cassettes.cassettes()), default=Status.OK)


def _close(cassette: Cassette) -> Status:
    """Save a cassette, and tell on the standard error what came of it."""
    for failure in cassette.failures:
        print(failure, file=sys.stderr)
    try:
        written = cassette.close(failed=bool(cassette.failures))
    except InteractionsError as error:
        print(error, file=sys.stderr)
        return Status.FAILED
    if written is not None:
        print(f"{written}: saved", file=sys.stderr)
    return Status.OK
