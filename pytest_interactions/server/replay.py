"""A cassette behind a local HTTP address, for code in another process or language."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_interactions.redaction.secrets import PLACEHOLDER_KEY
from pytest_interactions.server.cassettes import OneCassette
from pytest_interactions.server.proxy import Proxy
from pytest_interactions.server.serving import Served, Serving
from pytest_interactions.server.upstream import Upstream

if TYPE_CHECKING:
    from pytest_interactions.cassette.cassette import Cassette

#: Where requests are sent to be recorded, unless told otherwise.
API = "https://generativelanguage.googleapis.com"


def default_upstream() -> str:
    """Where the environment says that the API is, as it says so to the SDKs."""
    return os.environ.get("GOOGLE_GEMINI_BASE_URL") or API


class ReplayServer(Served):
    """Serves one cassette, from the moment it is made until `stop()`.

    What another process asks for here is replayed or recorded as if this process had asked for it, and what it must
    not ask for fails the test that owns the cassette.

    Args:
        cassette: Opened, and saved by its owner after `stop()`.
        host: The address to listen on.
        port: The TCP port; 0 chooses a free one.
        upstream: Where requests are sent to be recorded; `default_upstream()` if not given.

    Raises:
        OSError: The port is taken.
        OptionError: `upstream` is no URL.
    """

    def __init__(
        self, cassette: Cassette, *, host: str = "127.0.0.1", port: int = 0, upstream: str | None = None
    ) -> None:
        self._cassette = cassette
        remote = Upstream(upstream or default_upstream())
        proxy = Proxy(OneCassette(cassette).find, remote)
        self._serving = Serving(proxy, name="interactions-server", host=host, port=port, closing=remote.aclose)
        for name in (host, "localhost"):  # what this process asks for here is answered here, not twice
            cassette.bypass(f"{name}:{self._serving.port}")

    @property
    def env(self) -> dict[str, str]:
        """What to set in the environment of a program that is to talk to this server.

        The key is this process's own where it is needed to record, and a placeholder where it is not.
        """
        keys = (
            [] if self._cassette.replays_only else [os.environ.get("GEMINI_API_KEY"), os.environ.get("GOOGLE_API_KEY")]
        )
        key = next(filter(None, keys), PLACEHOLDER_KEY)
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": key}
