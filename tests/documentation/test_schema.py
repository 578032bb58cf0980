"""The JSON Schema of cassettes takes what the reader takes, and says what is wrong with what it refuses."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import httpx
import pytest
import vcr
from google import genai
from jsonschema import Draft202012Validator
from vcr.serializers import jsonserializer, yamlserializer

from pytest_interactions import CassetteFormatError, use_cassette
from pytest_interactions.files import storage
from tests.support import real_traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.server.emulator import Emulator
    from tests.support import Runner

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "cassette.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
OURS = [*ROOT.glob("cassettes/**/*.yaml"), *ROOT.glob("examples/*/cassettes/**/*.yaml")]
MODEL = "gemini-3.5-flash"


def _read(path: Path) -> Any:
    text = path.read_text("utf-8")
    return json.loads(text) if text.startswith("{") else yamlserializer.deserialize(text)


def _errors(cassette: Any) -> list[str]:
    """Where a cassette differs from the schema, and in what."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(cassette)]


def test_the_schema_is_one_and_explains_all_that_it_names() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "https://pytest-interactions.readthedocs.io/en/latest/cassette.schema.json"
    unexplained = [
        f"{place}.{name}"
        for place, schema in {"": SCHEMA, **SCHEMA["$defs"]}.items()
        for name, each in schema.get("properties", {}).items()
        if not {"title", "description", "$ref"} & each.keys() and name not in {"response", "status_code"}
    ]
    assert not unexplained
    assert all({"title", "pattern", "$ref", "not"} & each.keys() for each in SCHEMA["$defs"].values())


# --- what is valid ---


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_cassettes_of_this_project(path: Path) -> None:
    assert not _errors(_read(path))


async def _talk(client: genai.Client) -> None:
    begun: Any = await client.aio.interactions.create(model=MODEL, input="Hello")
    async with client.aio.interactions.connect(begun.id) as live:
        await anext(live.receive())
    await client.aio.aclose()


def _answer(client: genai.Client) -> None:
    client.interactions.create(model=MODEL, input="Hello")


def _stream(client: genai.Client) -> None:
    list(client.interactions.create(model=MODEL, input="Hello", stream=True))


def _left_stream(client: genai.Client) -> None:
    next(iter(client.interactions.create(model=MODEL, input="Hello", stream=True)))


def _picture(client: genai.Client) -> None:
    client.interactions.create(model="gemini-3.1-flash-image", input="A skyline")


def _live(client: genai.Client) -> None:
    asyncio.run(_talk(client))


def _refused(client: genai.Client) -> None:
    with suppress(Exception):  # the SDK's own, which say what went wrong
        client.interactions.get("v1_nothing")


@pytest.mark.filterwarnings("ignore:.*[Ll]ive [Ii]nteractions")
@pytest.mark.parametrize(
    ("send", "holds"),
    [
        (_answer, "code: 200"),
        (_stream, "  events:\n    1: "),
        (_left_stream, "  cut:\n    by: app\n"),
        (_picture, "pytest-interactions-media:"),
        (_live, "  frames:\n  - sent: "),
        (_refused, "code: 4"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_recorded(
    send: Callable[[genai.Client], None],
    holds: str,
    tmp_path: Path,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once", media_threshold=100), genai.Client() as client:
        send(client)
    assert holds in path.read_text("utf-8")
    assert not _errors(_read(path))


def test_a_stream_that_broke(tmp_path: Path, emulator: Emulator) -> None:
    emulator.on(input="Hello").reply(text="Good day to you.", cut_after=3)
    url, key = f"{emulator.url}/v1beta/interactions", {"x-goog-api-key": "k"}
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"), suppress(httpx.HTTPError):
        httpx.post(url, headers=key, json={"model": MODEL, "input": "Hello", "stream": True})
    assert _read(path)["interactions"][0]["cut"]["by"] == "connection"
    assert not _errors(_read(path))


def test_the_recording_of_a_test_that_failed(run: Runner) -> None:
    run.test("def test_it(interactions):\n    ask()\n    assert False\n")
    run.record().assert_outcomes(failed=1)
    cassette = _read(next(run.pytester.path.glob("cassettes/**/*.yaml")))
    assert cassette["metadata"]["incomplete"] is True
    assert not _errors(cassette)


@pytest.mark.parametrize(
    "options", [{}, {"decode_compressed_response": True}, {"decode_compressed_response": True, "serializer": "json"}]
)
def test_what_vcrpy_records(options: dict[str, Any], tmp_path: Path, emulator: Emulator) -> None:
    """An answer and a stream, compressed unless that is decoded, an error, no body."""
    path, key = tmp_path / "theirs", {"x-goog-api-key": "k"}
    url = f"{emulator.url}/v1beta/interactions"
    with vcr.use_cassette(str(path), record_mode="once", **options):
        httpx.post(url, headers=key, json={"model": MODEL, "input": "Hello"})
        httpx.post(url, headers=key, json={"model": MODEL, "input": "Hello", "stream": True})
        httpx.get(f"{url}/none", headers=key)
        asked = Request(url, json.dumps({"model": MODEL, "input": "Grüße"}).encode(), key)
        asked.add_header("content-type", "application/json")
        with suppress(OSError):
            urlopen(asked).close()
    cassette = _read(path)
    assert len(cassette["interactions"]) == 4
    assert not _errors(cassette)
    storage.load(path)


def test_bytes_in_yaml() -> None:
    """PyYAML makes bytes of `!!binary`, as vcrpy writes a compressed body; they have no type of JSON's."""
    request: Any = {"method": "POST", "uri": "https://h/x", "headers": {}, "body": None}
    body = {"string": gzip.compress(b"{}")}
    response: Any = {"status": {"code": 200, "message": "OK"}, "headers": {"content-encoding": ["gzip"]}, "body": body}
    text = yamlserializer.serialize({"version": 1, "interactions": [{"request": request, "response": response}]})
    assert "!!binary" in text
    assert not _errors(yamlserializer.deserialize(text))


def test_what_pytest_recording_records(pytester: pytest.Pytester, emulator: Emulator) -> None:
    pytester.makepyfile(
        f"""
        import httpx
        import pytest

        @pytest.mark.vcr
        def test_it():
            body = {{"model": "{MODEL}", "input": "Hello"}}
            httpx.post("{emulator.url}/v1beta/interactions", headers={{"x-goog-api-key": "k"}}, json=body)
        """
    )
    pytester.runpytest_subprocess("--record-mode=once", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert not _errors(_read(next(pytester.path.glob("cassettes/**/*.yaml"))))


@pytest.mark.parametrize("folder", ["braintrust-sdk-python", "openinference"])
def test_real_traffic(folder: str) -> None:
    paths = list(real_traffic(folder).glob("*.yaml"))
    assert paths
    assert {path.name: errors for path in paths if (errors := _errors(_read(path)))} == {}


# --- what is damaged ---

WHOLE: Any = {
    "version": 1,
    "metadata": {"recorded": "2026-01-31T12:00:00Z", "seconds": [0.5, None], "events": {2: "1 2"}},
    "interactions": [
        {
            "request": {"method": "POST", "uri": "https://h/v1/x", "headers": {"accept": ["a"]}, "body": "{}"},
            "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}},
            "cut": {"by": "connection", "error": "ReadError", "message": "gone"},
        },
        {
            "request": {"method": "GET", "uri": "wss://h/v1/x/live", "headers": {}, "body": ""},
            "response": {"status": {"code": 101, "message": ""}, "headers": {}, "body": {"string": ""}},
            "frames": [{"sent": "a", "form": "binary"}, {"received": "b"}, {"closed": '{"by": "app"}'}],
        },
    ],
}
NONE = object()
FIRST, SECOND = ("interactions", 0), ("interactions", 1)
DAMAGED: list[tuple[tuple[Any, ...], Any, str]] = [
    (("interactions",), NONE, "$: 'interactions' is a required property"),
    (("interactions",), {}, "$.interactions: {} is not of type 'array'"),
    (("version",), 2, "$.version: 2 is not one of [1, '1']"),
    (FIRST, "text", "$.interactions[0]: 'text' is not of type 'object'"),
    ((*FIRST, "request"), NONE, "$.interactions[0]: 'request' is a required property"),
    ((*FIRST, "response"), NONE, "$.interactions[0]: 'response' is a required property"),
    ((*FIRST, "request", "method"), NONE, "$.interactions[0].request: 'method' is a required property"),
    ((*FIRST, "request", "method"), "PO ST", "$.interactions[0].request.method: 'PO ST' does not match"),
    ((*FIRST, "request", "uri"), NONE, "$.interactions[0].request: 'uri' is a required property"),
    ((*FIRST, "request", "uri"), "/v1/x", "$.interactions[0].request.uri: '/v1/x' does not match"),
    ((*FIRST, "request", "uri"), "https://h/a b", "$.interactions[0].request.uri: 'https://h/a b' does not match"),
    ((*FIRST, "request", "headers"), NONE, "$.interactions[0].request: 'headers' is a required property"),
    ((*FIRST, "request", "headers"), ["a"], "$.interactions[0].request.headers: ['a'] is not of type"),
    ((*FIRST, "request", "body"), NONE, "$.interactions[0].request: 'body' is a required property"),
    ((*FIRST, "response", "status"), NONE, "$.interactions[0].response: 'status' is a required property"),
    ((*FIRST, "response", "status"), 200, "$.interactions[0].response.status: 200 is not of type 'object'"),
    ((*FIRST, "response", "status", "code"), "OK", "$.interactions[0].response.status.code: 'OK' is not of type"),
    ((*FIRST, "response", "status", "code"), 1000, "$.interactions[0].response.status.code: 1000 is greater than"),
    ((*FIRST, "response", "status", "code"), -1, "$.interactions[0].response.status.code: -1 is less than"),
    ((*FIRST, "response", "status", "message"), NONE, "$.interactions[0].response.status: 'message' is a required"),
    ((*FIRST, "response", "headers"), NONE, "$.interactions[0].response: 'headers' is a required property"),
    ((*FIRST, "response", "body"), NONE, "$.interactions[0].response: 'body' is a required property"),
    ((*FIRST, "response", "body"), "{", "$.interactions[0].response.body: '{' is not of type 'object'"),
    ((*FIRST, "response", "status_code"), 200, "$.interactions[0].response: 'content' is a required property"),
    (
        (*FIRST, "response", "body", "string"),
        '{"data": "pytest-interactions-media:5e58.png"}',
        '$.interactions[0].response.body.string: \'{"data": "pytest-interactions-media:5e58.png"}\' should not be',
    ),
    ((*FIRST, "cut"), "app", "$.interactions[0].cut: 'app' is not of type 'object'"),
    ((*FIRST, "cut", "by"), NONE, "$.interactions[0].cut: 'by' is a required property"),
    ((*FIRST, "cut", "by"), "me", "$.interactions[0].cut.by: 'me' is not one of ['app', 'connection']"),
    ((*FIRST, "cut", "why"), "x", "$.interactions[0].cut: Additional properties are not allowed ('why' was"),
    ((*SECOND, "frames"), {}, "$.interactions[1].frames: {} is not of type 'array'"),
    ((*SECOND, "frames", 0), "a", "$.interactions[1].frames[0]: 'a' is not of type 'object'"),
    ((*SECOND, "frames", 1), {}, "$.interactions[1].frames[1]: {} is not valid under any"),
    ((*SECOND, "frames", 0, "received"), "b", "$.interactions[1].frames[0]: {'sent': 'a', 'form': 'binary', 'rec"),
    ((*SECOND, "frames", 1, "received"), 1, "$.interactions[1].frames[1].received: 1 is not of type 'string'"),
    ((*SECOND, "frames", 0, "form"), "odd", "$.interactions[1].frames[0].form: 'odd' is not one of"),
    (
        (*SECOND, "frames", 0, "sent"),
        '{"data": "pytest-interactions-media:x"}',
        '$.interactions[1].frames[0].sent: \'{"data": "pytest-interactions-media:x"}\' should not be',
    ),
    ((*FIRST, "digest"), "sha256-0123456789abcdef", "$.metadata: 'exchanges' is a required property"),
    (("metadata", "exchanges"), 2, "$.interactions[0]: 'digest' is a required property"),
    (("metadata", "exchanges"), "2", "$.metadata.exchanges: '2' is not of type 'integer'"),
]
STRICTER: list[tuple[tuple[Any, ...], Any, str]] = [
    (("metadata",), [], "$.metadata: [] is not of type 'object'"),
    (("metadata", "incomplete"), "yes", "$.metadata.incomplete: 'yes' is not of type 'boolean'"),
    (("metadata", "recorded"), "yesterday", "$.metadata.recorded: 'yesterday' does not match"),
    (("metadata", "by"), "a\nb", "$.metadata.by: 'a\\nb' does not match"),
    (("metadata", "models"), "m", "$.metadata.models: 'm' is not of type 'array'"),
    (("metadata", "seconds"), [-1, 0], "$.metadata.seconds[0]: -1 is less than the minimum of 0"),
    (("metadata", "events"), {"x": "1"}, "$.metadata.events: 'x' does not match"),
    (("metadata", "events"), {"2": "1  2"}, "$.metadata.events['2']: '1  2' does not match"),
    ((*FIRST, "response", "status", "code"), "200", "$.interactions[0].response.status.code: '200' is not of type"),
    ((*FIRST, "frames"), [{}], "$.interactions[0].frames[0]: {} is not valid under any"),
]


def _with(place: tuple[Any, ...], value: Any) -> Any:
    """A whole cassette but for one place."""
    changed = copy.deepcopy(WHOLE)
    *parents, name = place
    parent = changed
    for each in parents:
        parent = parent[each]
    if value is NONE:
        del parent[name]
    else:
        parent[name] = value
    return changed


def _ids(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith("$") else ""


def _loads(cassette: Any) -> None:
    storage.loads(jsonserializer.serialize(cassette).encode(), Path("c.yaml"))


def test_what_is_damaged_below_is_whole() -> None:
    assert not _errors(WHOLE)
    _loads(WHOLE)


@pytest.mark.parametrize(("place", "value", "reason"), DAMAGED, ids=_ids)
def test_a_damaged_cassette_is_refused_for_its_damage(place: tuple[Any, ...], value: Any, reason: str) -> None:
    """The reader refuses it too."""
    damaged = _with(place, value)
    errors = _errors(damaged)
    assert len(errors) == 1 or all("'digest' is a required" in error for error in errors)
    assert errors[0].startswith(reason)
    with pytest.raises(CassetteFormatError):
        _loads(damaged)


@pytest.mark.parametrize(("place", "value", "reason"), STRICTER, ids=_ids)
def test_the_schema_is_stricter_than_the_reader_in_what_no_reader_needs(
    place: tuple[Any, ...], value: Any, reason: str
) -> None:
    odd = _with(place, value)
    (error,) = _errors(odd)
    assert error.startswith(reason)
    _loads(odd)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), NONE),
        (("version",), "1"),
        (("metadata",), NONE),
        (("metadata", "more"), {"of": "another"}),
        (("interactions",), []),
        (("more",), 1),
        ((*FIRST, "more"), 1),
        ((*FIRST, "cut"), None),
        ((*FIRST, "cut"), {"by": "app"}),
        ((*FIRST, "request", "method"), "post"),
        ((*FIRST, "request", "headers"), None),
        ((*FIRST, "request", "headers"), {"accept": "a", "length": [2]}),
        ((*FIRST, "request", "body"), None),
        ((*FIRST, "request", "body"), {"model": "m"}),
        ((*FIRST, "response", "status", "message"), None),
        ((*FIRST, "response", "body"), {}),
        ((*FIRST, "response"), {"status_code": 200, "headers": {}, "content": "{}"}),
        ((*SECOND, "frames"), NONE),
        ((*SECOND, "frames", 0, "more"), 1),
    ],
)
def test_what_the_reader_takes_is_valid(place: tuple[Any, ...], value: Any) -> None:
    cassette = _with(place, value)
    assert not _errors(cassette)
    _loads(cassette)
