"""What the tests of `show` share: cassettes as another recorder writes them, and the command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from pytest_interactions.commands import main

if TYPE_CHECKING:
    from pathlib import Path

API = "https://generativelanguage.googleapis.com/v1beta/interactions"
STREAM = b'event: interaction.created\ndata: {"event_type":"interaction.created","interaction":{"id":"v1_c"}}\n\n'


def exchange(sent: Any, answer: Any, *, uri: str = API, status: int = 200, cut: str = "", date: str = "") -> Any:
    """Return an exchange as a cassette holds it: JSON both ways, or a stream if `answer` is bytes."""
    body = answer.decode() if isinstance(answer, bytes) else json.dumps(answer)
    kind = "text/event-stream" if isinstance(answer, bytes) else "application/json"
    headers = {"content-type": [kind], **({"date": [date]} if date else {})}
    return {
        "request": {"method": "POST", "uri": uri, "body": json.dumps(sent), "headers": {}},
        "response": {"status": {"code": status, "message": ""}, "headers": headers, "body": {"string": body}},
        **({"cut": {"by": cut}} if cut else {}),
    }


def cassette(path: Path, *exchanges: Any, incomplete: bool = False) -> Path:
    """Write a cassette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"metadata": {"incomplete": True}} if incomplete else {}
    path.write_text(yaml.safe_dump({"version": 1, **metadata, "interactions": list(exchanges)}))
    return path


def show(*arguments: Path | str) -> int:
    """Run the command, and return its status."""
    return main(["show", *map(str, arguments)])
