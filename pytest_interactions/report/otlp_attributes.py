"""The attributes of OpenTelemetry's spans, by their names there: of a call, of a tool, of another exchange."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.api.paths import split
from pytest_interactions.api.steps import as_steps, plain
from pytest_interactions.api.tool_calls import tool_of
from pytest_interactions.redaction.google import is_of_project
from pytest_interactions.report.messages import messages_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_interactions.api.calls import Call
    from pytest_interactions.api.conversation import Turn
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Interaction, Step

#: Statuses of interactions, each with the convention's word for why the model stopped.
_FINISHES: Final = {
    "completed": "stop",
    "requires_action": "tool_call",
    "incomplete": "length",
    "budget_exceeded": "length",
    "requires_continuation": "length",
    "failed": "error",
    "cancelled": "error",
}
#: Fields of `generation_config`, each with its attribute behind `gen_ai.request.`
_REQUESTED: Final = {
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "stop_sequences": "stop_sequences",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
}
_FIRST_ERROR: Final = 400  # of HTTP's statuses
_LARGEST: Final = 2**63  # of the integers; no other number is one of a setting


def of_call(call: Call, turn: Turn) -> Json:
    """Return the attributes of a call of the app, which is a turn of the conversation."""
    asked, interaction = call.asked, call.interaction
    finish = _FINISHES.get(str(interaction.status), str(interaction.status or ""))
    first = call.first()
    answers = [{**message, "finish_reason": finish} for message in messages_of(turn.outputs)]
    return _known(
        {
            "gen_ai.operation.name": "invoke_agent" if asked.get("agent") else "chat",
            "gen_ai.provider.name": _provider(call.exchanges[0].request),
            **_server(call.exchanges[0].request),
            "gen_ai.request.model": asked.get("model"),
            "gen_ai.agent.name": asked.get("agent"),
            "gen_ai.response.id": interaction.id,
            "gen_ai.response.model": interaction.model,
            "gen_ai.response.finish_reasons": [finish] if finish else None,
            "gen_ai.response.time_to_first_chunk": first.event if first is not None else None,
            **_requested(asked.get("generation_config")),
            **_tokens(interaction),
            "gen_ai.system_instructions": _json(_instructions(asked.get("system_instruction"))),
            "gen_ai.input.messages": _json(messages_of(as_steps(interaction.input))),
            "gen_ai.output.messages": _json(answers),
            "gen_ai.tool.definitions": _json(asked.get("tools")),
            "error.type": interaction.status if finish == "error" else None,
        }
    )


def of_tool(call: Step, result: Step | None) -> Json:
    """Return the attributes of a tool's execution, whose result may not be there."""
    is_of_app = call.type == "function_call"
    return _known(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool_of(plain(call)),
            "gen_ai.tool.type": "function" if is_of_app else "extension",
            "gen_ai.tool.call.id": call.id,
            "gen_ai.tool.call.arguments": _json(call.arguments),
            "gen_ai.tool.call.result": _json(result.result) if result else None,
            "error.type": "tool_error" if result and result.is_error else None,
        }
    )


def of_exchange(exchange: Exchange) -> Json:
    """Return the attributes of an exchange that is no part of a call, such as an error or an upload."""
    status, cut = exchange.response.status, exchange.cut
    broke = (cut.error or cut.by) if cut is not None and cut.by != "app" else ""
    return _known(
        {
            "http.request.method": exchange.request.method,
            "url.full": exchange.request.uri,
            **_server(exchange.request),
            "http.response.status_code": status,
            "error.type": broke or (str(status) if status >= _FIRST_ERROR else None),
        }
    )


def told(attributes: Mapping[str, Any]) -> list[Json]:
    """Return attributes in OTLP's form."""
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> Json:
    if isinstance(value, list):
        return {"arrayValue": {"values": list(map(_value, value))}}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _known(attributes: Json) -> Json:
    return {name: value for name, value in attributes.items() if value is not None and value != ""}


def _json(value: Any) -> str | None:
    """Return a value as JSON, which attributes hold as a text; `None` for nothing."""
    return json.dumps(value, ensure_ascii=False) if value not in (None, [], "") else None


def _provider(request: Request) -> str:
    return "gcp.vertex_ai" if is_of_project(request) else "gcp.gemini"


def _server(request: Request) -> Json:
    url = split(request.uri)
    return (
        {"server.address": url.hostname, "server.port": url.port or DEFAULT_PORTS.get(url.scheme)}
        if url.hostname
        else {}
    )


def _requested(config: Any) -> Json:
    given = config if isinstance(config, dict) else {}
    return {f"gen_ai.request.{name}": given[field] for field, name in _REQUESTED.items() if _is_plain(given.get(field))}


def _is_plain(value: Any) -> bool:
    """Return whether a value is a number that OTLP can hold, or a list of texts, as these attributes are."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _tokens(interaction: Interaction) -> Json:
    usage = interaction.usage if isinstance(interaction.usage, dict) else {}
    counts = {
        "input": [usage.get("total_input_tokens"), usage.get("total_tool_use_tokens")],
        "output": [usage.get("total_output_tokens"), usage.get("total_thought_tokens")],
    }
    known = {name: [count for count in found if _is_plain(count)] for name, found in counts.items()}
    return {f"gen_ai.usage.{name}_tokens": sum(found) for name, found in known.items() if found}


def _instructions(instruction: Any) -> Any:
    return [{"type": "text", "content": instruction}] if isinstance(instruction, str) else instruction
