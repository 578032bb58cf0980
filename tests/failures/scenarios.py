"""Tests that fail: by each of our errors, in each client, and in each way to run pytest.

Each passes while it is recorded. Then `PARIS` becomes `OSLO` in it, or what `Scenario.instead` says, and it runs again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.files.layout import dumps
from pytest_interactions.files.storage import load
from tests.support import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One test and its two runs.

    Attributes:
        test: The test, below the app.
        app: The app under test.
        instead: What becomes another text before the second run, each with that text.
        args: What pytest is given in the second run.
        mode: The record mode of the second run, against the emulator; "" for a replay.
        between: What happens to the test's directory before the second run.
        is_recorded: Whether there is a first run.
        needs: The program that it needs.
        ends: How the second run ends.
    """

    test: str
    app: str
    instead: Mapping[str, str] = field(default_factory=lambda: {"PARIS": "OSLO"})
    args: tuple[str, ...] = ()
    mode: str = ""
    between: Callable[[Path], object] = bool
    is_recorded: bool = True
    needs: str = ""
    ends: Mapping[str, int] = field(default_factory=lambda: {"failed": 1})


# --- apps ---

SDK: Final = """
from google import genai

MODEL = "gemini-3.5-flash"
PROMPT = "You are a guide. What is the weather in {} today?"

def weather(city):
    client = genai.Client()
    return client.interactions.create(model=MODEL, input=PROMPT.format(city)).output_text

async def weather_async(city):
    client = genai.Client()
    return (await client.aio.interactions.create(model=MODEL, input=PROMPT.format(city))).output_text

def stream(city):
    client = genai.Client()
    yield from client.interactions.create(model=MODEL, input=PROMPT.format(city), stream=True)
"""

HTTP: Final = """
import os
import httpx

def request(city="PARIS"):
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    return {
        "url": f"{url}/v1beta/interactions",
        "headers": {"x-goog-api-key": os.environ.get("GEMINI_API_KEY", "")},
        "json": {"model": "gemini-3.5-flash", "input": f"You are a guide. What is the weather in {city} today?"},
    }

def post(city="PARIS"):
    return httpx.post(**request(city)).json()
"""


# --- what happens between the runs ---


def _cassette(path: Path) -> Path:
    [found] = path.glob("cassettes/**/*.yaml")
    return found


def _damage(path: Path) -> None:
    cassette = _cassette(path)
    cassette.write_text(cassette.read_text("utf-8").replace("completed", "compleated", 1), "utf-8")


def _grow(path: Path) -> None:
    contents = load(_cassette(path))
    _cassette(path).write_text(dumps(contents.exchanges * 2), "utf-8")


def _block(path: Path) -> None:
    """Put a file where the cassette's directory should be, which not even the superuser of a machine writes through."""
    directory = _cassette(path).parent
    _cassette(path).unlink()
    directory.rmdir()
    directory.write_text("", "utf-8")


def _link_packages(path: Path) -> None:
    (path / "node_modules").symlink_to(Path(__file__).parents[1] / "javascript" / "node_modules")


# --- each client ---

_SYNC: Final = """
def test_agent(interactions):
    assert weather("PARIS")
"""

CLIENTS: Final = {
    "sdk": Scenario(app=SDK, test=_SYNC),
    "sdk_async": Scenario(
        app=SDK,
        test="""
import pytest

@pytest.mark.asyncio
async def test_agent(interactions):
    assert await weather_async("PARIS")
""",
    ),
    "sdk_stream": Scenario(
        app=SDK,
        test="""
def test_agent(interactions):
    assert list(stream("PARIS"))
""",
    ),
    "httpx": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions):
    assert post("PARIS")
""",
    ),
    "requests": Scenario(
        app=HTTP,
        test="""
import requests

def test_agent(interactions):
    assert requests.post(**request("PARIS")).ok
""",
    ),
    "aiohttp": Scenario(
        app=HTTP,
        test="""
import aiohttp
import pytest

@pytest.mark.asyncio
async def test_agent(interactions):
    async with aiohttp.ClientSession() as session, session.post(**request("PARIS")) as answer:
        assert answer.ok
""",
    ),
    "javascript": Scenario(
        app="""
import os
import subprocess

SCRIPT = '''
import { GoogleGenAI } from "@google/genai";
const ai = new GoogleGenAI({});
const asked = { model: "gemini-3.5-flash", input: "What is the weather in PARIS today?" };
const answer = await ai.interactions.create(asked);
console.log(answer.output_text);
'''
""",
        test="""
def test_agent(interactions_server, tmp_path):
    with open("agent.mjs", "w") as script:
        script.write(SCRIPT)
    env = os.environ | interactions_server.env
    status = subprocess.run(["node", "agent.mjs"], env=env, capture_output=True).returncode
    assert status == 0
""",
        between=_link_packages,
        needs="node",
        is_recorded=False,
    ),
    "thread": Scenario(
        app=SDK,
        test="""
from concurrent.futures import ThreadPoolExecutor

def test_agent(interactions):
    with ThreadPoolExecutor() as pool:
        assert pool.submit(weather, "PARIS").result()
""",
    ),
    "deep": Scenario(
        app=SDK,
        test="""
def plan(city, depth=4):
    return plan(city, depth - 1) if depth else act(city)

def act(city):
    return weather(city)

def test_agent(interactions):
    assert plan("PARIS")
""",
    ),
}

# --- each way that a failure takes ---

_SWALLOWING: Final = (
    SDK
    + """
def answer(city):
    try:
        return weather(city)
    except Exception:
        return "I don't know."
"""
)
_WITH_SNAPSHOT: Final = """
def test_agent(interactions, snapshot_steps):
    assert weather("PARIS")
    assert interactions == snapshot_steps
"""

WAYS: Final = {
    "swallowed": Scenario(
        app=_SWALLOWING,
        test="""
def test_agent(interactions):
    assert answer("PARIS")
""",
    ),
    "swallowed_and_wrong": Scenario(
        app=_SWALLOWING,
        test="""
def test_agent(interactions):
    assert "emulator" in answer("PARIS")
""",
    ),
    "wrapped": Scenario(
        app=SDK,
        test="""
class AgentError(Exception):
    pass

def answer(city):
    try:
        return weather(city)
    except Exception as error:
        raise AgentError("the agent failed") from error

def test_agent(interactions):
    assert answer("PARIS")
""",
    ),
    "in_a_fixture": Scenario(
        app=SDK,
        test="""
import pytest

@pytest.fixture
def answer(interactions):
    return weather("PARIS")

def test_agent(answer):
    assert answer
""",
        ends={"errors": 1},
    ),
    "at_teardown": Scenario(
        app=SDK,
        test="""
import pytest

@pytest.fixture
def asks(interactions):
    yield
    weather("PARIS")

def test_agent(asks):
    pass
""",
        ends={"passed": 1, "errors": 1},
    ),
    "unittest": Scenario(
        app=SDK,
        test="""
import unittest
import pytest

@pytest.mark.interactions
class TestAgent(unittest.TestCase):
    def test_agent(self):
        self.assertTrue(weather("PARIS"))
""",
    ),
    "subtest": Scenario(
        app=SDK,
        test="""
def test_agent(interactions, subtests):
    for city in ("PARIS", "Rome"):
        with subtests.test(city=city):
            assert weather(city)
""",
        ends={"failed": 2},
    ),
    "task_group": Scenario(
        app=SDK,
        test="""
import asyncio
import pytest

@pytest.mark.asyncio
async def test_agent(interactions):
    await asyncio.gather(*map(weather_async, ["PARIS", "Rome"]))
""",
    ),
    "parametrized": Scenario(
        app=SDK,
        test="""
import pytest

@pytest.mark.parametrize("city", ["PARIS"], ids=["capital"])
def test_agent(interactions, city):
    assert weather(city)
""",
    ),
    "snapshot": Scenario(app=SDK, test=_WITH_SNAPSHOT),
    "snapshot_differs": Scenario(app=SDK, test=_WITH_SNAPSHOT, mode="rewrite"),
    "xdist": Scenario(app=SDK, test=_SYNC, args=("-n2",)),
    "quiet": Scenario(app=SDK, test=_SYNC, args=("-q",)),
    "verbose": Scenario(app=SDK, test=_SYNC, args=("-v",)),
    "tb_short": Scenario(app=SDK, test=_SYNC, args=("--tb=short",)),
    "tb_line": Scenario(app=SDK, test=_SYNC, args=("--tb=line",)),
    "tb_no": Scenario(app=SDK, test=_SYNC, args=("--tb=no",)),
    "in_color": Scenario(app=SDK, test=_SYNC, args=("--color=yes",)),
}

# --- each error ---

_POST: Final = """
def test_agent(interactions):
    assert post()
"""

ERRORS: Final = {
    "no_cassette": Scenario(app=SDK, test=_SYNC, is_recorded=False),
    "asked_twice": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions):
    for _ in range(1):
        assert post()
""",
        instead={"range(1)": "range(2)"},
    ),
    "many_differences": Scenario(
        app=HTTP,
        test="""
CONFIG = {"temperature": 0}

def test_agent(interactions):
    assert httpx.post(**{**request(), "json": {**request()["json"], "generation_config": CONFIG}}).is_success
""",
        instead={
            '{"temperature": 0}': '{"temperature": 1, "top_p": 0.5, "seed": 7, "max_output_tokens": 800, '
            '"stop_sequences": ["END", "STOP"], "thinking_level": "low"}',
            "gemini-3.5-flash": "gemini-3.5-pro",
            "PARIS": "OSLO",
        },
    ),
    "unplayed": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions):
    for city in ("Paris", "Rome"):
        assert post(city)
""",
        instead={'("Paris", "Rome")': '("Paris",)'},
        ends={"passed": 1, "errors": 1},
    ),
    "drifted": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions):
    assert post("Paris")
""",
        mode="verify",
        between=lambda root: edit(_cassette(root), '"model": "gemini-3.5-flash"', '"model": "gemini-2.0-flash"'),
        ends={"passed": 1, "errors": 1},
    ),
    "stream_ended": Scenario(
        app=SDK,
        test="""
from itertools import islice

def test_agent(interactions):
    events = stream("Paris")
    assert list(islice(events, 2))
    events.close()
""",
        instead={"islice(events, 2)": "islice(events, 20)"},
    ),
    "placeholder": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions):
    first = post()
    history = [{"type": "user_input", "content": [{"type": "text", "text": "Hello"}]}, *first["steps"]]
    asked = request()
    asked["json"]["input"] = history
    if NEXT:
        assert httpx.post(**asked).is_success
""",
        instead={"if NEXT": "if True"},
        mode="new_episodes",
    ),
    "network": Scenario(
        app=HTTP,
        test="""
import socket

def test_agent(interactions):
    assert post()
    if LOOK_UP:
        socket.create_connection(("example.com", 443))
""",
        instead={"if LOOK_UP": "if True"},
    ),
    "unseen_request": Scenario(
        app=HTTP,
        test="""
import pytest

@pytest.fixture(scope="module")
def warm():
    return post("Rome")

def test_agent(interactions, USED):
    assert post()
""",
        instead={"USED": "warm"},
        ends={"errors": 1},
    ),
    "damaged": Scenario(app=HTTP, test=_POST, between=_damage, ends={"errors": 1}),
    "too_large": Scenario(app=HTTP, test=_POST, args=("--interactions-max-size=100",), ends={"errors": 1}),
    "wrong_option": Scenario(
        app=HTTP,
        test="""
import pytest

@pytest.mark.interactions(unplayed="ignore")
def test_agent():
    assert post()
""",
        instead={'unplayed="ignore"': 'unplayd="ignore"'},
        ends={"errors": 1},
    ),
    "secret": Scenario(
        app=HTTP,
        test="""
import gzip
import pytest

def hide(response):
    key = "AIzaSy" + "Xk3pQ9wE7rT1yU5iO8aS2dF4gH6jK0lZm"
    return {**response, "body": {"string": gzip.compress(key.encode())}} if HIDES else response

@pytest.mark.interactions(before_record_response=hide)
def test_agent():
    assert post()
""",
        instead={"HIDES": "True"},
        mode="rewrite",
        ends={"passed": 1, "errors": 1},
    ),
    "not_writable": Scenario(app=HTTP, test=_POST, between=_block, mode="once", ends={"passed": 1, "errors": 1}),
    "lint": Scenario(
        app=HTTP,
        test="""
import pytest

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "name": "get_weather", "parameters": CITY}

def ask(*more):
    hello = {"type": "user_input", "content": [{"type": "text", "text": "The weather in Paris"}]}
    body = {"model": "gemini-3.5-flash", "store": False, "tools": [TOOL], "input": [hello, *more]}
    return httpx.post(**{**request(), "json": body}).json()["steps"]

@pytest.mark.interactions(lint="error")
def test_agent():
    steps = ask()
    call = next(step for step in steps if step["type"] == "function_call")
    result = {"type": "function_result", "call_id": call["id"], "name": "get_weather", "result": "sunny"}
    if CHANGES:
        call["arguments"] = {"city": "Oslo"}
    ask(*steps, result)
""",
        instead={"if CHANGES": "if True"},
        mode="rewrite",
        ends={"passed": 1, "errors": 1},
    ),
    "unsupported_client": Scenario(
        app=HTTP,
        test="""
import aiohttp
import pytest

@pytest.mark.asyncio
async def test_agent(interactions):
    assert post()
    if CONNECTS:
        async with aiohttp.ClientSession() as session, session.ws_connect("wss://example.com/live") as socket:
            await socket.receive()
""",
        instead={"if CONNECTS": "if True"},
        mode="rewrite",
    ),
    "forked": Scenario(
        app=HTTP,
        test="""
import contextlib
import multiprocessing

def ask():
    with contextlib.suppress(Exception):
        post()

def test_agent(interactions):
    assert post()
    if FORKS:
        child = multiprocessing.get_context("fork").Process(target=ask)
        child.start()
        child.join()
""",
        instead={"if FORKS": "if True"},
        ends={"passed": 1, "errors": 1},
    ),
    "unfinished": Scenario(
        app=HTTP,
        test="""
import contextlib
import threading
import pytest

def wait():
    with contextlib.suppress(Exception):
        post("Wait")

def test_agent(interactions):
    assert post()
    if STARTS:
        threading.Thread(target=wait, daemon=True).start()
        pytest.gate.wait_reached()
""",
        instead={"if STARTS": "if True"},
        mode="rewrite",
        ends={"passed": 1, "errors": 1},
    ),
    "open_twice": Scenario(
        app=HTTP,
        test="""
from pytest_interactions import use_cassette

def test_agent(interactions):
    assert post()
    if OPENS:
        with use_cassette(interactions.path, record_mode="once"):
            post()
""",
        instead={"if OPENS": "if True"},
        mode="rewrite",
    ),
    "several_cassettes": Scenario(
        app=HTTP,
        test="""
import contextvars
import threading
from pytest_interactions import use_cassette

begin, refused = threading.Event(), []

def work():
    begin.wait(9)
    try:
        post()
    except Exception as error:
        refused.append(error)

thread = threading.Thread(target=work)
if OPENS:
    thread.start()

def both():
    with use_cassette("other.yaml", record_mode="none", unplayed="ignore"):
        begin.set()
        thread.join()
        raise refused[0]

def test_agent(interactions):
    assert post()
    if OPENS:
        contextvars.Context().run(both)
""",
        instead={"if OPENS": "if True"},
    ),
    "stale": Scenario(
        app=HTTP,
        test=_POST,
        instead={},
        args=("--interactions-retired-models=gemini-3.5-flash", "--interactions-stale=fail"),
        ends={"passed": 1, "errors": 1},
    ),
    "missing_extra": Scenario(
        app=HTTP,
        test="""
import sys
import pytest

@pytest.mark.interactions(rules=["RULES"])
def test_agent():
    assert post()

sys.modules["detect_secrets"] = None
""",
        instead={"RULES": "detect-secrets"},
        is_recorded=False,
        ends={"errors": 1},
    ),
    "script": Scenario(
        app=HTTP,
        test="""
def test_agent(interactions_emulator):
    interactions_emulator.on(input="Paris").reply(text="sunny")
""",
        instead={'reply(text="sunny")': 'reply(texts="sunny")'},
    ),
}

SCENARIOS: Final = CLIENTS | WAYS | ERRORS
