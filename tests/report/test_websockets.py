"""What is shown of a WebSocket, as text, JSON and spans, and in a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.websocket import Closed, Frame, body_of
from pytest_interactions.commands import main
from pytest_interactions.files.layout import dumps
from pytest_interactions.report.bodies import bodies_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.websocket import Item

URI = "wss://generativelanguage.googleapis.com/v1beta/interactions/live"
OLDER = "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
ASKED = Frame(sent=True, data='{"event_type":"input","content":{"type":"text","text":"Hi"}}')
HEARD = Frame(sent=False, data='{"event_type":"step.delta","index":0,"delta":{"type":"text","text":"Hello"}}')
SPEECH = Frame(sent=False, data='{"event_type":"step.delta","delta":{"type":"audio","data":"QUJDRA=="}}')
BYTES = Frame(sent=False, data=b"\xff\xfe\0")
BYE = Closed(by_app=True, code=1000, reason="bye")


def _socket(*items: Item, uri: str = URI, times: tuple[float, ...] | None = None, cut: str = "") -> Exchange:
    return Exchange(
        request=Request(method="GET", uri=uri),
        response=Response(status=101, reason="Switching Protocols", body=body_of(items)),
        cut=Cut(by=cut) if cut else None,
        times=times,
    )


def _shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], exchange: Exchange, *arguments: str) -> str:
    path = tmp_path / "c.yaml"
    path.write_text(dumps([exchange]))
    assert main(["show", str(path), *arguments]) == 0
    return capsys.readouterr().out


def test_a_line_has_the_messages_each_way_and_who_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sizes are those of the messages, and not of the text in which the package has them."""
    size = len(HEARD.data) * 2
    line = f"  GET /interactions/live: 101, 1 message sent, 2 received, {size:,} bytes, closed by the app (1000 bye)"
    assert line in _shown(tmp_path, capsys, _socket(ASKED, HEARD, HEARD, BYE)).splitlines()
    assert line in _shown(tmp_path, capsys, _socket(ASKED, HEARD, HEARD, BYE), "--markdown").splitlines()


@pytest.mark.parametrize(
    ("exchange", "end"),
    [
        (_socket(HEARD, Closed(by_app=False)), "closed by the server"),
        (_socket(HEARD, Closed(by_app=False, code=1011)), "closed by the server (1011)"),
        (_socket(HEARD, Closed(by_app=True, code=4000, reason="x" * 500)), f"closed by the app (4000 {'x' * 123})"),
        (_socket(HEARD, cut="connection"), "the connection broke"),
        (_socket(HEARD, cut="app"), "left by the app"),
    ],
    ids=["without a code", "by the server", "with a long reason", "broken", "left"],
)
def test_a_line_says_how_a_connection_ended(
    exchange: Exchange, end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one of five ways."""
    assert f", {end}\n" in _shown(tmp_path, capsys, exchange)


def test_what_lasts_has_the_code_without_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reason may name what is drawn anew."""
    text = _shown(tmp_path, capsys, _socket(HEARD, BYE, uri=OLDER), "--text")
    assert "closed by the app (1000)\n" in text
    assert "bye" not in text


def test_programs_get_counts_and_the_close_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the sizes of the messages."""
    (report,) = json.loads(_shown(tmp_path, capsys, _socket(ASKED, HEARD, BYTES, BYE), "--json"))
    (told,) = report["exchanges"]
    assert told["messages"] == {"sent": 1, "received": 2}
    assert told["closed"] == {"by": "app", "code": 1000, "reason": "bye"}
    assert told["streamed"] is False
    assert (told["request_bytes"], told["response_bytes"]) == (len(ASKED.data), len(HEARD.data) + 3)


def test_spans_have_the_port_of_a_websocket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That of HTTPS."""
    assert '"443"' in _shown(tmp_path, capsys, _socket(HEARD, uri=OLDER), "--otlp")


def test_messages_are_listed_with_direction_and_time() -> None:
    """JSON laid out, media and bytes by their size, and at the end who closed."""
    exchange = _socket(ASKED, SPEECH, BYTES, Frame(sent=True, data="plain"), BYE, times=(0.0, 0.1, 0.25, 0.3, 0.4, 0.5))
    lines = bodies_of(exchange)["response"]["text"].splitlines()
    assert lines[:3] == ["sent after 0.100 s:", "  {", '    "event_type": "input",']
    assert "received after 0.250 s:" in lines
    assert any(line.startswith('      "data": "4 bytes, sha256 ') for line in lines)
    assert "QUJDRA" not in "\n".join(lines)
    assert lines[-5:] == [
        "received after 0.300 s:",
        "  3 bytes",
        "sent after 0.400 s:",
        "  plain",
        "closed by the app (1000 bye) after 0.500 s",
    ]


def test_messages_without_times_are_listed_too() -> None:
    """Those of a file that somebody has edited; a binary message may be text, and a long line is cut."""
    exchange = _socket(Frame(sent=False, data=b"text"), Frame(sent=True, data="y" * 2_100))
    lines = bodies_of(exchange)["response"]["text"].splitlines()
    assert lines == ["received:", "  text", "sent:", f"  {'y' * 2_000}… (100 more)"]


def test_messages_are_grouped_by_direction_and_kind() -> None:
    """Adjacent ones that are alike make one group, as events of a stream do."""
    batch = Frame(sent=False, data='{"events":[]}')
    groups = bodies_of(_socket(ASKED, HEARD, HEARD, batch, BYTES, BYE))["events"]
    assert [(each["type"], each["about"], each["count"]) for each in groups] == [
        ("sent input", "text", 1),
        ("received step.delta", "step 1, text", 2),
        ("received batch", "", 1),
        ("received", "", 1),
        ("closed", "", 1),
    ]
    assert groups[1]["text"] == "HelloHello"


def test_a_page_shows_messages(tmp_path: Path) -> None:
    """With their number, their end, and each of them."""
    cassette, page = tmp_path / "c.yaml", tmp_path / "page.html"
    cassette.write_text(dumps([_socket(ASKED, HEARD, Closed(by_app=False, code=1008, reason="<b>no</b>"))]))
    assert main(["report", str(cassette), "--output", str(page)]) == 0
    text = page.read_text()
    assert "1 message sent, 1 received" in text
    assert "closed by the server (1008 &lt;b&gt;no&lt;/b&gt;)" in text
    assert "received step.delta" in text
