"""Servers for code in any process or language: a cassette, or an emulated API, behind a local address.

with ReplayServer(cassette) as server:
    subprocess.run(["node", "agent.mjs"], env=os.environ | server.env)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.lazy import lazy_getattr

if TYPE_CHECKING:
    from pytest_interactions.server.replay import ReplayServer

__all__ = ["ReplayServer"]

__getattr__ = lazy_getattr(__name__, "the replay server", ReplayServer=".replay")
