"""What `show` prints for OpenTelemetry: read by its own library, it is a trace of the test."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pytest_interactions.files.layout import dumps
from tests.api.test_latency import CREATED, TEXT, stream
from tests.commands.showing import cassette, exchange, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

QUICKSTART = Path(__file__).parents[2] / "cassettes" / "tests" / "quickstart"
TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
_IDS = {"traceId", "spanId", "parentSpanId"}
CALL = {"type": "function_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}}


def _with_binary_ids(value: Any) -> Any:
    """OTLP's JSON has ids in hexadecimal digits, where that of protobuf has base64."""
    if isinstance(value, list):
        return list(map(_with_binary_ids, value))
    if not isinstance(value, dict):
        return value
    ids = {key: base64.b64encode(bytes.fromhex(value[key])).decode() for key in _IDS & value.keys()}
    return {key: _with_binary_ids(item) for key, item in value.items()} | ids


def _spans(printed: str) -> list[Span]:
    request = ParseDict(_with_binary_ids(json.loads(printed)), ExportTraceServiceRequest())
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def _attributes(span: Span) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in span.attributes}


def _tree(spans: Iterable[Span]) -> list[tuple[str, str]]:
    names = {span.span_id: span.name for span in spans}
    return [(span.name, names.get(span.parent_span_id, "")) for span in spans]


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """A cassette of an agent with a tool, its first request refused once."""
    asked = {"input": "Weather?", "model": "m", "tools": [TOOL], "system_instruction": "Be brief."}
    config = {"temperature": 0.5, "max_output_tokens": 9, "stop_sequences": ["."], "seed": 2**70, "top_p": True}
    result = {"type": "function_result", "call_id": "c1", "name": "get_weather", "result": "rain", "is_error": True}
    search = {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["rain"]}}
    image = {"type": "image", "mime_type": "image/png", "data": "aGVsbG8="}
    link = {"type": "document", "mime_type": "application/pdf", "uri": "https://example.com/a.pdf"}
    answers = [
        {
            "id": "v1_a",
            "status": "requires_action",
            "model": "m-001",
            "steps": [CALL],
            "usage": {"total_input_tokens": 5},
        },
        {
            "id": "v1_b",
            "status": "completed",
            "steps": [
                {"type": "thought", "summary": [{"type": "text", "text": "Rain."}], "signature": "c2ln"},
                search,
                {"type": "google_search_result", "call_id": "s1", "result": [{"url": "https://example.com"}]},
                {"type": "model_output", "content": [{"type": "text", "text": "It rains."}, image, link, "?"]},
                {"type": "model_output", "content": "?"},
            ],
            "usage": {"total_output_tokens": 7, "total_thought_tokens": 2},
        },
    ]
    more = {**asked, "input": [result], "previous_interaction_id": "v1_a"}
    path = cassette(
        tmp_path / "test_agent.yaml",
        exchange(asked, {"error": {"code": "unavailable"}}, status=503),
        exchange({**asked, "generation_config": config}, answers[0], date="Thu, 26 Nov 2026 10:00:00 GMT"),
        exchange(more, answers[1]),
        exchange({}, {}, uri="https://generativelanguage.googleapis.com/v1beta/interactions/v1_b/cancel"),
        exchange({}, b"x", uri="http://127.0.0.1:8123/other", cut="connection"),
    )
    seconds = "version: 1\nmetadata:\n  seconds: [1, 2, 3, 4, 5]"
    path.write_text(path.read_text().replace("version: 1", seconds))
    return path


def test_a_cassette_is_a_trace(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The test holds its calls and tools; a tool of the API's is inside of its call; the rest are exchanges."""
    assert show("--otlp", agent) == 0
    spans = _spans(capsys.readouterr().out)
    assert _tree(spans) == [
        ("test_agent", ""),
        ("chat m", "test_agent"),
        ("execute_tool get_weather", "test_agent"),
        ("chat m", "test_agent"),
        ("execute_tool google_search", "chat m"),
        ("POST /interactions", "test_agent"),
        ("POST /interactions/{id}/cancel", "test_agent"),
        ("POST /other", "test_agent"),
    ]
    assert len({span.trace_id for span in spans}) == 1
    assert len({span.span_id for span in spans}) == len(spans)
    assert [span.status.code for span in spans] == [0, 0, 2, 0, 0, 2, 0, 2]


def test_times_are_laid_end_to_end_from_the_recording(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each exchange takes as long as it took; a tool takes no time, as nobody knows."""
    assert show("--otlp", agent) == 0
    spans = _spans(capsys.readouterr().out)
    begin = 1795687200 * 10**9  # 2026-11-26 10:00:00
    seconds = [((span.start_time_unix_nano - begin) / 1e9, (span.end_time_unix_nano - begin) / 1e9) for span in spans]
    assert seconds == [(0, 15), (1, 3), (3, 3), (3, 6), (6, 6), (0, 1), (6, 10), (10, 15)]


def test_a_streamed_call_has_the_time_to_its_first_chunk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In seconds, since the request; a call without `stream`, or without known times, has none."""
    path = tmp_path / "c.yaml"
    path.write_text(dumps([stream(CREATED, TEXT, times=(0.1, 0.25, 0.5)), stream(CREATED, TEXT)]))
    assert show("--otlp", path) == 0
    _, timed, other = map(_attributes, _spans(capsys.readouterr().out))
    assert timed["gen_ai.response.time_to_first_chunk"] == 0.25
    assert "gen_ai.response.time_to_first_chunk" not in other


def test_attributes_are_those_of_the_conventions(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not known is left out; messages and tools are JSON."""
    assert show("--otlp", agent) == 0
    _, first, tool, second, search, refused, _, broken = map(_attributes, _spans(capsys.readouterr().out))
    assert {name: value for name, value in first.items() if "messages" not in name and "definitions" not in name} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "server.address": "generativelanguage.googleapis.com",
        "server.port": 443,
        "gen_ai.request.model": "m",
        "gen_ai.response.id": "v1_a",
        "gen_ai.response.model": "m-001",
        "gen_ai.response.finish_reasons": ["tool_call"],
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ["."],
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
    }
    assert json.loads(first["gen_ai.tool.definitions"]) == [TOOL]
    assert tool == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "c1",
        "gen_ai.tool.call.arguments": '{"city": "Paris"}',
        "gen_ai.tool.call.result": '"rain"',
        "error.type": "tool_error",
    }
    assert (search["gen_ai.tool.name"], search["gen_ai.tool.type"]) == ("google_search", "extension")
    assert second["gen_ai.usage.output_tokens"] == 9
    assert refused["error.type"] == "503"
    assert broken["url.full"] == "http://127.0.0.1:8123/other"


def test_messages_have_roles_and_parts(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Adjacent steps of one role are one message; media are told by size and digest, or by their address."""
    assert show("--otlp", agent) == 0
    _, first, _, second, *_ = map(_attributes, _spans(capsys.readouterr().out))
    assert json.loads(first["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}
    ]
    assert json.loads(second["gen_ai.input.messages"]) == [
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]}
    ]
    thought, found, said = json.loads(second["gen_ai.output.messages"])
    assert [part["type"] for part in thought["parts"]] == ["reasoning", "tool_call"]
    assert found["role"] == "tool"
    assert said == {
        "role": "assistant",
        "parts": [
            {"type": "text", "content": "It rains."},
            {"type": "image", "mime_type": "image/png", "bytes": 5, "sha256": "2cf24dba5fb0"},
            {"type": "uri", "modality": "document", "mime_type": "application/pdf", "uri": "https://example.com/a.pdf"},
            {"type": "text", "content": "?"},
        ],
        "finish_reason": "stop",
    }


def test_an_agent_is_invoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed one is an error, and one of a project is Vertex AI's."""
    uri = "https://aiplatform.googleapis.com/v1/projects/p/locations/l/interactions"
    path = cassette(tmp_path / "c.yaml", exchange({"agent": "deep-research"}, {"status": "failed"}, uri=uri))
    assert show("--otlp", path) == 0
    root, span = _spans(capsys.readouterr().out)
    assert span.name == "invoke_agent deep-research"
    assert span.status.message == "failed"
    assert _attributes(span)["gen_ai.provider.name"] == "gcp.vertex_ai"
    assert root.start_time_unix_nano == root.end_time_unix_nano == 0


def test_an_empty_cassette_is_a_span(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It begins and ends at once; a cassette that can't be read is told, and the others are printed."""
    empty = cassette(tmp_path / "c.yaml")
    (tmp_path / "d.yaml").write_text("?")
    assert show("--otlp", empty, tmp_path / "d.yaml") == 2
    output = capsys.readouterr()
    assert [span.name for span in _spans(output.out)] == ["c"]
    assert "d.yaml" in output.err


def test_each_cassette_of_the_quickstart_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is one trace of its own; the same file is the same trace."""
    assert show("--otlp", QUICKSTART) == 0
    first = capsys.readouterr().out
    spans = _spans(first)
    assert len({span.trace_id for span in spans}) == len(list(QUICKSTART.rglob("*.yaml")))
    assert show("--otlp", QUICKSTART) == 0
    assert capsys.readouterr().out == first
