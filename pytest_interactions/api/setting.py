"""The setting of a call: what its request says beside the input, such as the system instruction and the tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_interactions.api.paths import split
from pytest_interactions.api.schema_text import parameters_text, type_text
from pytest_interactions.api.transcript import Line, inline, labelled
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json

#: What is asked, how the answer comes, and names that the API has drawn.
_NO_SETTING = ("input", "stream", "previous_interaction_id", "continuation_token", "cached_content")
#: The names that stand first; the others follow by the alphabet.
_FIRST = ("agent", "model", "system_instruction", "tools")


def setting_of(asked: Json) -> Json:
    """Return the setting in the JSON of a request to create an interaction."""
    fields = {name: value for name, value in asked.items() if value is not None and name not in _NO_SETTING}
    if isinstance(fields.get("environment"), str):
        del fields["environment"]  # the id of one that was made before
    names = (*_FIRST, *sorted(fields.keys() - {*_FIRST}))
    return {name: fields[name] for name in names if name in fields}


def changed(setting: Json, before: Json) -> list[str]:
    """Return the names of what is not as it was before; what is no longer there comes last."""
    new = [name for name, value in setting.items() if name not in before or before[name] != value]
    return [*new, *(name for name in before if name not in setting)]


def setting_lines(setting: Json) -> Iterator[Line]:
    """Yield the lines of a setting: one for each tool, and one for each other fact but a text of several lines."""
    for name, value in setting.items():
        if name == "tools" and isinstance(value, list) and value:
            yield from (Line("note", f"tool {tool_text(tool)}") for tool in value)
        elif isinstance(value, str):
            yield from labelled(on_one_line(name), value)
        else:
            yield Line("note", on_one_line(f"{name}: {fact_text(name, value)}"))


def fact_text(name: str, value: Any) -> str:
    """Return one fact of a setting on one line; `none` for what is not there."""
    if value is None or value == []:
        return "none"
    if name == "response_format":
        return ", ".join(map(_format_text, value if isinstance(value, list) else [value]))
    return inline(value)


def tool_text(tool: Any) -> str:
    """Return a tool on one line: a function as its signature, others by their type; of an MCP server also its address.

    An address is told without its login and query, and a server's headers are not told: they may hold secrets.
    """
    if not isinstance(tool, dict):
        return inline(tool)
    kind, name = str(tool.get("type") or ""), str(tool.get("name") or "")
    if kind == "function":
        text = name + parameters_text(tool.get("parameters"))
    else:
        text = " ".join(filter(None, (kind, name, _address(tool.get("url"))))) or inline(tool)
    description = str(tool.get("description") or "").strip().partition("\n")[0].rstrip()
    return on_one_line(f"{text}: {description}" if description else text)


def _address(url: Any) -> str:
    if not isinstance(url, str):
        return ""
    parts = split(url)
    host = parts.netloc.rpartition("@")[2]
    return f"({parts.scheme}://{host}{parts.path})" if host else ""


def _format_text(form: Any) -> str:
    """Return the form of an answer: its media type, its schema as a type, and what else is said."""
    if not isinstance(form, dict) or not isinstance(form.get("schema"), dict):
        return inline(form)
    rest = {name: value for name, value in form.items() if name not in ("type", "mime_type", "schema")}
    said = (form.get("mime_type") or form.get("type"), type_text(form["schema"]), inline(rest) if rest else "")
    return " ".join(str(part) for part in said if part)
