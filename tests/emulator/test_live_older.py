"""The older Live API: in its own words, and through the SDK of JavaScript."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.emulator.live import refusal
from tests.support import node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.server.emulator import Emulator

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
SETUP = {"model": "models/gemini-live-2.5-flash"}
MODULES = Path(__file__).parents[1] / "javascript" / "node_modules"
JAVASCRIPT = """
import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({});
const session = await ai.live.connect({
  model: "gemini-live-2.5-flash",
  config: { responseModalities: ["TEXT"] },
  callbacks: {
    onmessage: ({ serverContent }) => {
      for (const part of serverContent?.modelTurn?.parts ?? []) console.log(part.text);
      if (serverContent?.turnComplete) session.close();
    },
    onerror: ({ message }) => {
      console.error(message);
      process.exitCode = 1;
    },
  },
});
session.sendClientContent({ turns: "Hello" });
"""


class Session:
    """One connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.connection.send(json.dumps(message))

    def hear(self) -> Any:
        """Return the next message, which is a binary one."""
        message = self.connection.recv(timeout=5)
        assert isinstance(message, bytes)
        return json.loads(message)

    def turn(self) -> list[Any]:
        """Return the messages up to the end of the turn, or to calls of functions."""
        heard = [self.hear()]
        while "usageMetadata" not in heard[-1] and "toolCall" not in heard[-1]:
            heard.append(self.hear())
        return heard

    def parts(self) -> list[Any]:
        """Return the parts that the model says in a turn."""
        contents = [message.get("serverContent", {}).get("modelTurn", {}) for message in self.turn()]
        return [part for content in contents for part in content.get("parts", [])]

    def text(self) -> str:
        """Return the text of a turn."""
        return "".join(part["text"] for part in self.parts())

    def ask(self, text: str, **more: Any) -> None:
        """Say a whole turn."""
        self.say(clientContent={"turns": [{"role": "user", "parts": [{"text": text}]}], **more})

    def closed(self) -> tuple[int, str]:
        """Return the code and the reason of the end, before which nothing comes."""
        with pytest.raises(ConnectionClosed) as caught:
            self.hear()
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code, caught.value.rcvd.reason


@contextmanager
def session(emulator: Emulator, setup: Any = SETUP) -> Iterator[Session]:
    """Open a connection, and set it up."""
    url = f"ws{emulator.url.removeprefix('http')}{PATH}?key=any"
    with connect(url) as connection:
        opened = Session(connection)
        opened.say(setup=setup)
        assert opened.hear() == {"setupComplete": {}}
        yield opened


def test_turns(emulator: Emulator) -> None:
    """They remember each other, and end with counts."""
    with session(emulator) as talk:
        talk.ask("I have 2 dogs", turnComplete=True)
        *_, complete, last = talk.turn()
        talk.say(realtimeInput={"text": "How many paws?"})
        assert "8 paws" in talk.text()
    assert complete == {"serverContent": {"generationComplete": True}}
    assert last["serverContent"] == {"turnComplete": True}
    assert last["usageMetadata"]["totalTokenCount"] > 0


def test_a_turn_in_pieces_is_answered_when_it_is_complete(emulator: Emulator) -> None:
    with session(emulator) as talk:
        talk.ask("one", turnComplete=False)
        talk.ask("two")
        assert talk.text() == "You said: one\ntwo"


def test_snake_case_is_taken_too(emulator: Emulator) -> None:
    """So google-genai for Python writes the names of fields; what an app has named itself stays as it is."""
    schema = {"type": "object", "properties": {"the_city": {"type": "string"}}, "required": ["the_city"]}
    function = {"name": "get_weather", "description": "Weather", "parameters_json_schema": schema}
    with session(emulator, {**SETUP, "tools": [{"function_declarations": [function]}]}) as talk:
        talk.say(client_content={"turns": [{"parts": [{"text": "What is the weather?"}]}], "turn_complete": True})
        *_, called = talk.turn()
        [call] = called["toolCall"]["functionCalls"]
        assert set(call["args"]) == {"the_city"}
        result = {"id": call["id"], "name": call["name"], "response": {"the_sky": "blue"}}
        talk.say(tool_response={"function_responses": [result]})
        assert talk.text() == 'get_weather returned {"the_sky": "blue"}.'
        talk.say(realtime_input={"media_chunks": [{"mime_type": "audio/pcm", "data": "AAAA"}]})
        talk.say(realtime_input={"audio_stream_end": True})
        assert talk.text()


def test_a_history_is_taken(emulator: Emulator) -> None:
    turns = [{"role": role, "parts": [{"text": role}]} for role in ("user", "model", "user")]
    with session(emulator) as talk:
        talk.say(clientContent={"turns": turns})
        assert talk.text() == "You said: user Earlier you said: user"


def test_sound_is_heard_when_its_stream_ends(emulator: Emulator) -> None:
    """And the answer is spoken, if that is asked for."""
    sound = {"mimeType": "audio/pcm", "data": base64.b64encode(b"ab").decode()}
    with session(emulator) as talk:
        talk.say(realtimeInput={"audio": sound})
        talk.say(realtimeInput={"mediaChunks": [sound]})
        talk.say(realtimeInput={"audioStreamEnd": True})
        assert talk.text().startswith("You sent the audio (audio/pcm, 2 bytes) and the audio")
    with session(emulator, {**SETUP, "generationConfig": {"responseModalities": ["AUDIO"]}}) as talk:
        talk.say(clientContent={"turns": {"parts": [{"text": "Hi"}, {"inlineData": {**sound, "mimeType": "text/x"}}]}})
        [part] = talk.parts()
    assert part["inlineData"]["mimeType"] == "audio/pcm;rate=24000"


def test_functions_are_called(emulator: Emulator) -> None:
    """With schemas in either spelling; what the results say comes then."""
    schema = {"type": "OBJECT", "properties": {"city": {"type": "STRING", "enum": ["Paris"]}}, "required": ["city"]}
    declared = {"name": "get_weather", "description": "Weather", "parameters": schema}
    spelt = {"name": "get_time", "parametersJsonSchema": {"type": "object"}}
    tools = [{"functionDeclarations": [declared, spelt]}]
    with session(emulator, {**SETUP, "tools": tools, "systemInstruction": {"parts": [{"text": "Be kind"}]}}) as talk:
        talk.ask("What is the weather?")
        *_, called = talk.turn()
        [call] = called["toolCall"]["functionCalls"]
        assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
        result = {"id": call["id"], "name": call["name"], "response": {"sky": "blue"}}
        talk.say(toolResponse={"functionResponses": [result]})
        assert talk.text() == 'get_weather returned {"sky": "blue"}.'


def test_scripts(emulator: Emulator) -> None:
    """The same as of live interactions; the end of the connection is announced in this API's words."""
    emulator.on(operation="live", input="weather").reply(text=["Sun", "ny."], reconnect=True)
    with session(emulator) as talk:
        talk.ask("The weather?")
        assert talk.text() == "Sunny."
        assert talk.hear() == {"goAway": {"timeLeft": "0s"}}
        assert talk.closed() == (1000, "")


@pytest.mark.parametrize(("status", "code"), [(503, 1011), (400, 1007)])
def test_errors_close_the_connection(emulator: Emulator, status: int, code: int) -> None:
    emulator.on(operation="live").reply(error=status, message="ä" * 200)
    with session(emulator) as talk:
        talk.ask("Hi")
        assert talk.closed() == (code, "ä" * 61)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{", "Invalid JSON payload received. Expected an object."),
        ('{"no": 1}', "Expected a message with one of: clientContent, realtimeInput, toolResponse."),
        ('{"clientContent": 1}', "Invalid value at 'clientContent': an object is expected."),
        ('{"toolResponse": {"functionResponses": {}}}', "Invalid value at 'toolResponse.functionResponses'"),
        ('{"realtimeInput": {"audio": 1}}', "Invalid value at 'inlineData': an object is expected."),
    ],
)
def test_what_is_wrong_closes_the_connection(emulator: Emulator, message: str, reason: str) -> None:
    with session(emulator) as talk:
        talk.connection.send(message)
        code, said = talk.closed()
    assert code == 1007
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        ({"model": "no-such"}, "Model 'no-such' not found."),
        ({**SETUP, "generationConfig": {"responseModalities": 1}}, "Invalid value at 'setup.generationConfig.response"),
        ({**SETUP, "tools": [1]}, "Invalid value at 'setup.tools': an object is expected."),
        (None, "Invalid value at 'setup': an object is expected."),
    ],
)
def test_a_setup_that_can_not_be_closes_the_connection(emulator: Emulator, setup: Any, reason: str) -> None:
    with connect(f"ws{emulator.url.removeprefix('http')}{PATH}?key=any") as connection:
        talk = Session(connection)
        talk.say(setup=setup)
        code, said = talk.closed()
    assert code == 1007
    assert said.startswith(reason)


def test_other_methods_are_not_found(emulator: Emulator) -> None:
    status, error = refusal(emulator, f"{PATH.rpartition('.')[0]}.Other?key=any")
    assert (status, error["code"]) == (404, "not_found")
    assert refusal(emulator, f"/{PATH}?key=any") == (101, None)  # as @google/genai begins it with two slashes
    assert refusal(emulator, f"{PATH}Constrained?access_token=auth_tokens/any") == (101, None)


def test_the_sdk_of_javascript(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "live.mjs").write_text(JAVASCRIPT)
    ended = subprocess.run(
        [node(), "live.mjs"],
        env=os.environ | emulator.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.stdout, ended.returncode) == ("You said: Hello\n", 0), ended.stderr
