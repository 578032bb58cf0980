"""WebSockets through the replay server on which an app says something else than it did, which fails its test."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.sync.client import connect
from websockets.typing import Origin

from pytest_interactions import (
    CassetteFormatError,
    CassetteMissError,
    PlaceholderError,
    StreamEndedError,
    UnplayedError,
)
from pytest_interactions.api.exchange import Cut
from pytest_interactions.cassette import dialogue
from tests.live.talk import PATH, event, serving, talk_in_thread, text
from tests.server import raw
from tests.server.sockets import items, live, recorded, served

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server import ReplayServer
    from tests.live.talk import Server

#: A key that is nobody's.
SECRET = f"AIzaSyA-{'k' * 31}"


def _record(path: Path, api: Server, *messages: Any) -> None:
    with served(path, api.base) as server:
        talk_in_thread(live(server.url), *messages)


def _closed(server: ReplayServer, *messages: Any) -> tuple[int, str]:
    """Send messages, each of which is answered but the last, and return how the server has closed."""
    with pytest.raises(ConnectionClosed) as told, connect(live(server.url)) as app:
        for message in messages:
            app.send(message)
            app.recv(10)
    assert told.value.rcvd is not None
    return told.value.rcvd.code, told.value.rcvd.reason


def test_a_changed_message(path: Path, api: Server) -> None:
    """The connection closes as against the rules, with what differs; the test fails with the frame's number."""
    _record(path, api, text("Hello"), text("How are you?"))
    with pytest.raises(CassetteMissError) as missed, served(path) as server:
        code, reason = _closed(server, text("Hello"), text("Who are you?"))
    assert code == 1008
    assert 'content[0].text: "How are you?" -> "Who are you?"' in reason
    assert "frame 3 of 5" in str(missed.value)
    assert 'content[0].text: "How are you?" -> "Who are you?"' in str(missed.value)


def test_an_additional_message(path: Path, api: Server) -> None:
    """A message more than the app had sent is a miss, even if the app then leaves."""
    _record(path, api, "a")
    with pytest.raises(CassetteMissError, match="The app had sent all of the 1 messages"), served(path) as server:
        assert _closed(server, "a", "b")[1].startswith("one message more than recorded")
    with pytest.raises(CassetteMissError), served(path) as server, connect(live(server.url)) as app:
        app.send("a")
        app.send("b")


def test_a_missing_message(path: Path, api: Server) -> None:
    """A message that the app does not send any more fails the test with its number, though the app ends well."""
    _record(path, api, "a", "b")
    with pytest.raises(UnplayedError, match="frame 3 of 5"), served(path) as server:
        talk_in_thread(live(server.url), "a")


def test_a_message_that_is_waited_for_in_vain(path: Path, api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that waits for an answer to what it has not sent is told so after a while, and so is its test."""
    _record(path, api, "a", "b")
    monkeypatch.setattr(dialogue, "PATIENCE", 0.05)
    with pytest.raises(CassetteMissError, match="none comes before it has sent frame 3 of 5"), served(path) as server:
        with pytest.raises(ConnectionClosedError) as told, connect(live(server.url)) as app:
            app.send("a")
            assert app.recv() == "a"
            app.recv()
    assert told.value.rcvd is not None
    assert told.value.rcvd.reason.startswith("frame 3 of 5 was not sent")


def test_more_than_was_recorded_is_waited_for_in_vain(path: Path, api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that had left where the recording ends, and now waits for more, is told so."""
    with served(path, api.base) as server, connect(live(server.url)) as app:
        app.send("a")
        assert app.recv() == "a"
        app.socket.shutdown(2)
    monkeypatch.setattr(dialogue, "PATIENCE", 0.05)
    with pytest.raises(StreamEndedError), served(path) as server, connect(live(server.url)) as app:
        app.send("a")
        assert app.recv() == "a"
        with pytest.raises(ConnectionClosedError):
            app.recv()


def test_an_app_may_take_as_long_as_it_did(path: Path, api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that took long when it was recorded may take as long again."""

    def slowly(_: Any) -> None:
        time.sleep(0.3)

    _record(path, api, "a", slowly, "b")
    monkeypatch.setattr(dialogue, "PATIENCE", 0.1)
    with served(path) as server:
        assert talk_in_thread(live(server.url), "a", slowly, "b") == ["a", None, "b"]


@pytest.mark.parametrize("letter", ["x", "世"])
def test_the_reason_of_a_close_is_never_too_long(letter: str, path: Path, api: Server) -> None:
    """However much differs, the app gets a reason of as many bytes as a close frame can hold."""
    _record(path, api, event("input", **{letter * 60: 1, letter * 61: 2, letter * 62: 3}))
    with pytest.raises(CassetteMissError), served(path) as server:
        code, reason = _closed(server, event("input", **{letter * 63: 1}))
    assert code == 1008
    assert 115 < len(reason.encode()) <= 123
    assert reason.endswith("...")


def test_no_secret_is_in_what_is_told(path: Path, api: Server) -> None:
    """A key in a changed message is in neither the reason nor the error, and in no file."""
    _record(path, api, event("input", key=SECRET, text="Hello"))
    with pytest.raises(CassetteMissError) as missed, served(path) as server:
        _, reason = _closed(server, event("input", key=SECRET, text=f"{SECRET} Goodbye"))
    assert "Goodbye" in reason
    assert "kkkk" not in reason + str(missed.value) + path.read_text()


def test_nothing_of_it_is_logged(path: Path, api: Server, caplog: pytest.LogCaptureFixture) -> None:
    """No log has a URL, which may hold a key, or a message."""
    caplog.set_level(logging.DEBUG)
    silent = logging.getLogger("silent")
    silent.disabled = True  # the test's own client logs too, and is not what is tested
    for upstream in (api.base, None):
        with served(path, upstream) as server:
            talk_in_thread(live(server.url, f"{PATH}?key={SECRET}"), "a word", logger=silent)
    ours = [each.getMessage() for each in caplog.records if each.name != "websockets.server"]  # the API of the test's
    assert not [each for each in ours if SECRET in each or "a word" in each]


def test_a_placeholder_is_never_sent_on(path: Path, api: Server) -> None:
    """A message with a signature of a replay is refused while recording, and the API does not get it."""
    signature = event("input", steps=[{"type": "thought", "signature": "c2lnbmF0dXJl" * 20}])
    _record(path, api, signature)
    [first, *_] = items(path)
    placeholder = first.data  # type: ignore[union-attr] # a message
    assert placeholder != signature
    heard: list[Any] = []

    def hear(connection: Any) -> None:
        heard.extend(connection)

    with serving(hear) as other, pytest.raises(PlaceholderError, match="was not sent"):
        with served(path, other.base, record_mode="new_episodes") as server:
            talk_in_thread(live(server.url), signature)
            assert _closed(server, placeholder)[0] == 1008
    assert heard == []


def test_media_that_are_gone_are_an_error(path: Path, api: Server) -> None:
    """A message whose media file is gone closes the connection, and fails the test with its name."""
    picture = event("step.delta", delta={"type": "image", "data": "QUJD" * 100, "mime_type": "image/png"})
    with served(path, api.base, media_threshold=100) as server:
        assert talk_in_thread(live(server.url), picture) == [picture]
    with served(path, media_threshold=100) as server:
        [played] = talk_in_thread(live(server.url), picture)
        assert json.loads(played) == json.loads(picture)
    for file in path.with_suffix(".media").iterdir():
        file.unlink()
    with pytest.raises(CassetteFormatError, match="media file"), served(path, media_threshold=100) as server:
        assert _closed(server, picture)[0] == 1008


# --- callers ---


def test_a_caller_against_the_protocol_is_told(path: Path, api: Server) -> None:
    """A frame that no client may send ends the connection by the code for that, and disturbs nobody else."""
    for upstream in (api.base, None):
        with served(path, upstream) as server:
            with connect(live(server.url)) as app:
                app.send("a")
                assert app.recv() == "a"
                app.socket.sendall(WireFrame(Opcode.TEXT, b"unmasked").serialize(mask=False))
                with pytest.raises(ConnectionClosedError) as told:
                    app.recv()
            assert told.value.rcvd is not None
            assert told.value.rcvd.code == 1002
        assert recorded(path).cut == Cut(by="app")


def _page(server: ReplayServer, origin: str) -> Any:
    return connect(live(server.url), origin=Origin(origin))


def test_a_page_that_was_not_let_in_opens_nothing(path: Path, api: Server) -> None:
    """A WebSocket of a web page is refused unless the page is let in, as a browser asks for no leave before it."""
    _record(path, api, "a")
    with served(path) as server:
        with pytest.raises(InvalidStatus, match="403"), _page(server, "http://evil.example"):
            ...
        with raw.connect(server.url) as client:
            client.sendall(_handshake(PATH, host="evil.example"))
            assert raw.error(raw.received(client))[0] == 403
        server.allow_origin("http://localhost:*")
        with _page(server, "http://localhost:5173") as page:
            page.send("a")
            assert page.recv() == "a"


def _handshake(target: str, host: str = "127.0.0.1") -> bytes:
    """What a client sends that opens a WebSocket."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"host: {host}",
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("target", ["/_interactions/begin", "/v1beta/../x"])
def test_what_is_no_address_of_a_websocket(target: str, path: Path, api: Server) -> None:
    """Neither a call of the server's own nor a path that leads astray opens anything."""
    _record(path, api, "a")
    with served(path, unplayed="ignore") as server, raw.connect(server.url) as client:
        client.sendall(_handshake(target))
        assert raw.error(raw.received(client))[0] in (400, 404)


def test_an_error_that_nobody_has_foreseen(path: Path, api: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends the connection, is told once on the standard error, and the server goes on."""

    def fail(_: Any) -> Any:
        raise ZeroDivisionError

    with served(path, api.base, before_record_request=fail) as server:
        with pytest.raises(InvalidStatus, match="500"):
            talk_in_thread(live(server.url), "a")
    assert capsys.readouterr().err.count("ZeroDivisionError") == 1
    _record(path, api, "a", "b")

    with pytest.raises(UnplayedError), served(path, before_record_response=fail) as server:
        with pytest.raises(ConnectionClosedError), connect(live(server.url)) as app:
            app.send("a")
            app.recv()
    assert capsys.readouterr().err.count("ZeroDivisionError") == 1
