"""generateContent and interactions in one test: both replay, both are redacted, and the steps are the interactions'."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from google.genai import types

from pytest_interactions import Cassette
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets
from tests.generations import server as api
from tests.scripted_server import scripted
from tests.support import edit, sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = "gemini-3-pro"


def get_weather(city: str) -> str:
    """Return the weather."""
    return f"sunny in {city}"


TOOLS = types.GenerateContentConfig(tools=[get_weather])


def using(url: str, app: Callable[[genai.Client], Any]) -> Any:
    """What `app` returns with a client that lives as long."""
    with genai.Client(api_key=api.KEY, http_options=types.HttpOptions(base_url=url)) as client:
        return app(client)


def _said(response: Any) -> list[Any]:
    """What an app sees of an answer, but for signatures, which a replay has other ones of."""
    return [response.text, [(each.name, each.args) for each in response.function_calls or []], response.model_version]


def _asks(client: genai.Client) -> Any:
    return _said(client.models.generate_content(model=MODEL, contents="Hi"))


def _streams(client: genai.Client) -> Any:
    return [_said(piece) for piece in client.models.generate_content_stream(model=MODEL, contents="Hi")]


def _resends(client: genai.Client) -> Any:
    first = client.models.generate_content(model=MODEL, contents="Hi")
    history: Any = [types.UserContent("Hi"), first.candidates[0].content, types.UserContent("More")]  # type: ignore[index]
    return _said(client.models.generate_content(model=MODEL, contents=history))


def _chats(client: genai.Client) -> Any:
    chat = client.chats.create(model=MODEL)
    return [_said(chat.send_message(text)) for text in ("Hi", "More", "Bye")]


def _chats_streaming(client: genai.Client) -> Any:
    chat = client.chats.create(model=MODEL)
    return [[_said(piece) for piece in chat.send_message_stream(text)] for text in ("Hi", "More", "Bye")]


def _calls(client: genai.Client) -> Any:
    chat = client.chats.create(model=MODEL, config=TOOLS)
    return [_said(chat.send_message(text)) for text in ("Hi", "More")]


def _calls_streaming(client: genai.Client) -> Any:
    chat = client.chats.create(model=MODEL, config=TOOLS)
    return [[_said(piece) for piece in chat.send_message_stream(text)] for text in ("Hi", "More")]


def _async(client: genai.Client) -> Any:
    async def run() -> Any:
        async with client.aio as aio:
            chat, other = aio.chats.create(model=MODEL, config=TOOLS), aio.chats.create(model=MODEL)
            said = [_said(await chat.send_message(text)) for text in ("Hi", "More")]
            for text in ("Hi", "More"):
                said += [_said(piece) async for piece in await other.send_message_stream(text)]
            count = await aio.models.count_tokens(model=MODEL, contents="Hi")
            return said, count.total_tokens

    return asyncio.run(run())


def _counts(client: genai.Client) -> Any:
    models = client.models
    embedded = models.embed_content(model="gemini-embedding-001", contents="a")
    values = [each.values for each in embedded.embeddings or []]
    return models.count_tokens(model=MODEL, contents="Hi").total_tokens, values


def _batches(client: genai.Client) -> Any:
    batches = client.batches
    history: list[Any] = [
        {"role": "model", "parts": [{"text": "x", "thought_signature": api.SIGNATURE}]},
        {"role": "user", "parts": [{"text": "Hi"}]},
    ]
    made = batches.create(model=MODEL, src=[types.InlinedRequest(contents=history)])
    return made.name, batches.get(name=str(made.name)).state, [each.name for each in batches.list()]


def _caches(client: genai.Client) -> Any:
    caches = client.caches
    config = types.CreateCachedContentConfig(contents="A long text", ttl="60s")
    made = caches.create(model=MODEL, config=config)
    caches.get(name=str(made.name))
    caches.delete(name=str(made.name))
    return made.model_dump()


def _files(client: genai.Client, path: Path) -> Any:
    files = client.files
    made = files.upload(file=path)
    return (
        made.name,
        files.get(name="files/f").state,
        files.download(file="files/f"),
        [each.name for each in files.list()],
    )


def _stores(client: genai.Client, path: Path) -> Any:
    stores = client.file_search_stores
    made = stores.create(config={"display_name": "docs"})
    done = stores.upload_to_file_search_store(file_search_store_name=str(made.name), file=path)
    found = [each.name for each in stores.list()]
    stores.delete(name=str(made.name))
    return made.name, done.done, found


APPS: dict[str, Callable[..., Any]] = {
    each.__name__.strip("_"): each
    for each in (
        *(_asks, _streams, _resends, _chats, _chats_streaming, _calls, _calls_streaming, _async),
        *(_counts, _batches, _caches, _files, _stores),
    )
}


def _twice(path: Path, app: Callable[[genai.Client], Any]) -> Cassette:
    """Record, and replay without the server; return the replay."""
    with scripted(api.answer) as server:
        with use_cassette(path, record_mode="once"):
            first = using(server.url, app)
        asked = [each.path for each in server.asked]
    with use_cassette(path) as replay, sockets() as opened:
        assert using(server.url, app) == first
    assert opened == []
    assert len(replay.exchanges) == len(asked)
    text = path.read_text("utf-8")
    for secret in (api.KEY, api.TICKET, *api.spellings()):
        assert secret not in text
    assert scan(text, Secrets()) == []
    assert isinstance(replay, Cassette)
    return replay


@pytest.mark.parametrize("name", APPS)
def test_each_part_of_generate_content_replays_and_holds_no_secret(name: str, tmp_path: Path) -> None:
    """With the server gone, by the real SDK, which writes each signature in another alphabet than it came in."""
    file = tmp_path / "data.csv"
    file.write_bytes(api.DATA)
    app = APPS[name]
    _twice(tmp_path / "c.yaml", (lambda client: app(client, file)) if name in {"files", "stores"} else app)


def _interacts(client: genai.Client) -> Any:
    made: Any = client.interactions.create(model=MODEL, input="Hi")
    pieces = list(client.interactions.create(model=MODEL, input="Hi again", stream=True))
    return made.status, [type(each).__name__ for each in pieces]


def test_the_steps_of_a_mixed_test_are_those_of_its_interactions(tmp_path: Path) -> None:
    """The other mode is recorded in its place between them, and has no steps."""

    def app(client: genai.Client) -> Any:
        return _asks(client), _interacts(client), _chats_streaming(client), _counts(client)

    mixed = _twice(tmp_path / "mixed.yaml", app)
    alone = _twice(tmp_path / "alone.yaml", _interacts)
    assert len(mixed.exchanges) == 8
    assert [each.id for each in mixed.interactions] == ["v1_a", "v1_a"]
    assert [step.type for step in mixed.steps] == [step.type for step in alone.steps]
    assert "model_output" in {step.type for step in mixed.steps}


def test_a_snapshot_of_a_mixed_test_has_the_interactions_alone(run: Any) -> None:
    """As if the other mode had not been there."""
    run.test(
        """
from google import genai
from tests.generations.test_both_modes import _asks, _interacts, _chats, using
from tests.generations import server as api
from tests.scripted_server import scripted

def test_mixed(interactions, snapshot_steps):
    with scripted(api.answer) as server:
        using(server.url, _asks)
        using(server.url, _interacts)
        using(server.url, _chats)
    assert interactions == snapshot_steps
"""
    )
    run.record("--snapshot-update").assert_outcomes(passed=1)
    (file,) = run.pytester.path.glob("__snapshots__/**/*.*")
    assert "answer" not in file.read_text("utf-8")
    run.replay().assert_outcomes(passed=1)


def test_a_placeholder_of_another_recording_still_matches(tmp_path: Path) -> None:
    """It is letters and digits, so that whatever a client makes of base64, it stays what it is."""
    path = tmp_path / "c.yaml"
    with scripted(api.answer) as server, use_cassette(path, record_mode="once"):
        using(server.url, _resends)
    (made,) = {word for word in path.read_text("utf-8").split('"') if word.startswith("redactedSignature")}
    edit(path, made, "redactedSignature0123456789abcdef0123456789abcde")
    with use_cassette(path):
        using(server.url, _resends)
