"""Connections to live interactions, written down as an app and a server had them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_interactions.api import websocket
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.json_values import compact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.json_values import Json

URI = "wss://generativelanguage.googleapis.com/v1beta/interactions/live"
LEFT = Cut(by="app")
BROKE = Cut(by="connection", error="ConnectionClosedError", message="no close frame received or sent")
CONNECTED = {"event_type": "interaction.connected"}


def app(kind: str, **fields: Any) -> websocket.Frame:
    """What an app sends: an event on one line."""
    return websocket.Frame(True, compact({"event_type": kind, **fields}))


def says(*texts: str) -> websocket.Frame:
    """What an app says."""
    return app("input", content=[{"type": "text", "text": text} for text in texts])


def api(kind: str, **fields: Any) -> websocket.Frame:
    """What the API sends."""
    return websocket.Frame(False, compact({"event_type": kind, **fields}))


def step(index: int, kind: str, *deltas: Json, **fields: Any) -> list[websocket.Frame]:
    """What the API sends of a whole step."""
    grown = [api("step.delta", index=index, delta=delta) for delta in deltas]
    return [api("step.start", index=index, step={"type": kind, **fields}), *grown, api("step.stop", index=index)]


def answer(index: int, *texts: str) -> list[websocket.Frame]:
    """What the API says, piece by piece."""
    return step(index, "model_output", *({"type": "text", "text": text} for text in texts))


def asks(index: int, name: str, city: str, call: str = "c1") -> list[websocket.Frame]:
    """A call of a function."""
    return step(
        index, "function_call", {"type": "arguments_delta", "arguments": compact({"city": city})}, name=name, id=call
    )


def closed(*, by_app: bool = True, code: int = 1000) -> websocket.Closed:
    """The end."""
    return websocket.Closed(by_app, code)


def connection(
    *items: websocket.Item | Iterable[websocket.Item],
    cut: Cut | None = None,
    times: tuple[float, ...] | None = None,
    uri: str = URI,
) -> Exchange:
    """A connection with these messages."""
    flat: list[websocket.Item] = []
    for item in items:
        flat += [item] if isinstance(item, websocket.Frame | websocket.Closed) else item
    body = websocket.body_of(flat)
    return Exchange(
        request=Request(method="GET", uri=uri),
        response=Response(status=101, body=body),
        cut=cut,
        times=times,
        seconds=times[-1] if times else None,
    )
