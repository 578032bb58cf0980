"""Live interactions through google-genai: recorded from a server of the tests' own, and played with that gone."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from google import genai
from google.genai import types

from pytest_interactions import CassetteMissError
from tests.live.talk import event, live_sdk, serving
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APIWebSocketError: Any = live_sdk().APIWebSocketError

KEY = "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"


def _client(base: str, key: str = KEY) -> genai.Client:
    return genai.Client(api_key=key, http_options={"base_url": base, "api_version": "v1beta"})


def _say(connection: Any, index: int, words: list[str]) -> None:
    connection.send(event("step.start", index=index, step={"type": "model_output"}))
    for word in words:
        connection.send(event("step.delta", index=index, delta={"type": "text", "text": word}))
    connection.send(event("step.stop", index=index))


def api(connection: Any) -> None:
    """Speak as the API does: answer inputs, call a function, complete, ask for a reconnection."""
    index = 0
    for raw in connection:
        message = json.loads(raw)
        kind = message.get("event_type", "")
        if kind == "interaction.connect":
            connection.send(event("interaction.connected"))
        elif kind == "interaction.complete":
            connection.send(event("interaction.completed", usage={"total_tokens": 7}))
            connection.close(1000, "done")
            return
        elif kind == "input":
            asked = message["content"][0].get("text", "")
            if "reconnect" in asked:
                connection.send(event("reconnection_required"))
                return
            if "break" in asked:
                connection.socket.shutdown(2)
                return
            words = ["You ", "said ", asked or "a result"] if "many" not in asked else [f"{n} " for n in range(1000)]
            _say(connection, index, words)
            index += 1


async def _talk(base: str, *inputs: Any, key: str = KEY) -> list[Any]:
    heard: list[Any] = []
    async with _client(base, key).aio.interactions.connect("int_1") as connection:
        for said in inputs:
            await connection.send(said)
            async for got in connection.receive():
                heard.append(got.model_dump(mode="json", exclude_none=True) if hasattr(got, "model_dump") else got)
                if got.event_type in ("step.stop", "reconnection_required"):
                    break
        await connection.complete()
        heard += [got.event_type async for got in connection.receive()]
    return heard


def _twice(path: Path, app: Callable[[str], Any], handler: Callable[[Any], None] = api, **options: Any) -> Any:
    """What an app gets live, which is what it gets recorded and played; without a key, and without a socket."""
    with serving(handler, **options) as running:
        live = app(running.base)
        with use_cassette(path, record_mode="once"):
            assert app(running.base) == live
    with sockets() as seen, use_cassette(path):
        assert app(running.base) == live
    assert not seen
    return live


def test_a_live_interaction_is_played(path: Path) -> None:
    """Text, lists and objects that the app sends, and all events that it gets."""
    two = [
        {"event_type": "input", "content": [{"type": "text", "text": "two"}]},
        {"event_type": "input", "content": [{"type": "text", "text": "three"}]},
    ]
    heard = _twice(path, lambda base: asyncio.run(_talk(base, "one", two[0], two[1])))
    assert heard[-1] == "interaction.completed"
    text = path.read_text("utf-8")
    assert KEY not in text
    assert '{"event_type":"interaction.connect","id":"int_1"}' in text


def test_a_thousand_events_are_played(path: Path) -> None:
    """They come in their order."""
    with serving(api) as running, use_cassette(path, record_mode="once"):
        live = asyncio.run(_talk(running.base, "many"))
    with use_cassette(path):
        heard = asyncio.run(_talk(running.base, "many"))
    assert heard == live
    assert [each["delta"]["text"] for each in heard if isinstance(each, dict) and "delta" in each] == [
        f"{n} " for n in range(1000)
    ]


def test_two_interactions_at_once_are_played(path: Path) -> None:
    """Each task gets its own answers."""

    async def both(base: str) -> Any:
        return await asyncio.gather(_talk(base, "one"), _talk(base, "two"))

    first, second = _twice(path, lambda base: asyncio.run(both(base)))
    assert first != second


def test_an_interaction_that_is_left_and_connected_again_is_played(path: Path) -> None:
    """The server asks for a reconnection, and the app connects once more."""

    async def app(base: str) -> list[str]:
        client, heard = _client(base), list[str]()
        for said in ("please reconnect", "again"):
            async with client.aio.interactions.connect("int_1") as connection:
                await connection.send(said)
                got: Any
                async for got in connection.receive():
                    heard.append(got["event_type"] if isinstance(got, dict) else got.event_type)
                    if heard[-1] == "step.stop":
                        break
        return heard

    heard = _twice(path, lambda base: asyncio.run(app(base)))
    assert heard[:2] == ["interaction.connected", "reconnection_required"]
    assert heard[-1] == "step.stop"


def test_a_broken_connection_is_the_sdks_own_error(path: Path) -> None:
    """It has the close code that it had live."""

    async def app(base: str) -> Any:
        with pytest.raises(APIWebSocketError) as error:
            await _talk(base, "one", "now break")
        return str(error.value), error.value.close_code

    assert _twice(path, lambda base: asyncio.run(app(base)))[1] == 1006


def test_an_app_that_says_something_else_gets_a_miss(path: Path) -> None:
    """The error names the field, whatever the SDK makes of it."""
    with serving(api) as running, use_cassette(path, record_mode="once"):
        asyncio.run(_talk(running.base, "one"))
    with pytest.raises(CassetteMissError, match=r'content\[0\].text: "one" -> "won"'), use_cassette(path):
        asyncio.run(_talk(running.base, "won"))
    with pytest.raises(CassetteMissError, match='id: "int_1" -> "int_2"'), use_cassette(path):

        async def other() -> None:
            async with _client(running.base).aio.interactions.connect("int_2"):
                pass

        with pytest.raises(APIWebSocketError):
            asyncio.run(other())


def test_a_replay_needs_no_key(path: Path) -> None:
    """Nor the ephemeral token that logged in when it was recorded, of which nothing is in the file."""
    token = "auth_tokens/" + "5f0c2b9e8d7a4c61b3e2"
    with serving(api) as running, use_cassette(path, record_mode="once"):
        asyncio.run(_talk(running.base, "one", key=token))
    assert token not in path.read_text("utf-8")
    with use_cassette(path):

        async def app() -> None:
            client = genai.Client(http_options={"base_url": running.base, "api_version": "v1beta"})
            async with client.aio.interactions.connect("int_1") as connection:
                await connection.send("one")
                async for got in connection.receive():
                    if got.event_type == "step.stop":
                        break
                await connection.complete()
                async for _ in connection.receive():
                    pass

        asyncio.run(app())


# --- the older Live API ---


def older(connection: Any) -> None:
    """Speak as the Live API does: JSON on several lines in binary frames."""
    for raw in connection:
        message = json.loads(raw)
        if "setup" in message:
            connection.send(b'{\n  "setupComplete": {}\n}\n')
        else:
            for words in ("Hello ", "there"):
                content = {"serverContent": {"modelTurn": {"role": "model", "parts": [{"text": words}]}}}
                connection.send(json.dumps(content, indent=2).encode())
            connection.send(json.dumps({"serverContent": {"turnComplete": True}}, indent=2).encode())


def test_the_older_live_api_is_played(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same seam, with JSON in bytes, over TLS, as the SDK opens nothing else."""

    async def app(base: str) -> list[Any]:
        heard = []
        config = types.LiveConnectConfig(response_modalities=[types.Modality.TEXT])
        async with _client(base).aio.live.connect(model="gemini-live", config=config) as session:
            for words in ("Hi", "Once more"):
                await session.send_client_content(
                    turns=types.Content(role="user", parts=[types.Part(text=words)]), turn_complete=True
                )
                heard += [message.text async for message in session.receive()]
        return heard

    authority = trustme.CA()
    authority.cert_pem.write_to_path(path.with_name("ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(path.with_name("ca.pem")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    heard = _twice(path, lambda base: asyncio.run(app(base)), older, ssl=context)
    assert heard == ["Hello ", "there", None] * 2
    text = path.read_text("utf-8")
    assert "form: binary" in text
    assert KEY not in text
