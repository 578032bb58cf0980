"""A cassette behind a local HTTP address, for code in another process or language."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.server.callers import Callers
from pytest_interactions.server.cassettes import OneCassette
from pytest_interactions.server.proxy import Proxy
from pytest_interactions.server.serving import Served, Serving
from pytest_interactions.server.upstream import Upstream

if TYPE_CHECKING:
    from pytest_interactions.cassette.cassette import Cassette

#: The address of the real API.
API = "https://generativelanguage.googleapis.com"
#: The server's name, for its thread and its messages.
NAME = "interactions-server"


def default_upstream() -> str:
    """Return the API's address from the environment variable of the SDKs, or that of the real API."""
    return os.environ.get("GOOGLE_GEMINI_BASE_URL") or API


class ReplayServer(Served):
    """A server of one cassette, which runs from its creation until `stop()`.

    It replays or records the requests of other processes as if this process had made them. A request without an answer
    fails the test that owns the cassette.

    Args:
        cassette: An opened cassette; its owner saves it after `stop()`.
        host: The address to listen on.
        port: The TCP port; 0 chooses a free one.
        upstream: The address of the API that answers requests to be recorded; `default_upstream()` if not given.

    Raises:
        OSError: The port is taken.
        OptionError: `upstream` is no URL.
    """

    def __init__(
        self, cassette: Cassette, *, host: str = "127.0.0.1", port: int = 0, upstream: str | None = None
    ) -> None:
        self._cassette = cassette
        remote = Upstream(upstream or default_upstream())
        self._callers = Callers(Proxy(OneCassette(cassette).find, remote), name=NAME, host=host)
        self._serving = Serving(self._callers, name=NAME, host=host, port=port, closing=remote.aclose)
        for name in (host, "localhost"):  # this process's own requests to this server meet the cassette only once
            cassette.bypass(f"{name}:{self._serving.port}")

    @property
    def env(self) -> dict[str, str]:
        """Return the environment variables for a program that is to use this server.

        The key is this process's own if the cassette may record, and a placeholder otherwise.
        """
        own_key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")
        key = None if self._cassette.replays_only else own_key
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": key or PLACEHOLDER_KEY}
