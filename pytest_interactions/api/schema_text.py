"""JSON schemas as short types, such as `{city: string, unit?: "c" | "f"}`."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

#: Where a schema keeps the parts that it refers to.
_DEFINITIONS = ("$defs", "definitions")
_ALTERNATIVES = ("anyOf", "any_of", "oneOf")


def parameters_text(schema: Any) -> str:
    """Return the parameters of a function, in brackets."""
    schema = schema if isinstance(schema, dict) else {}
    return f"({_fields(schema)})" + _definitions(schema)


def type_text(schema: Any) -> str:
    """Return a schema as a type, with the types that it refers to behind it; `any` for what is not understood."""
    return _type(schema) + (_definitions(schema) if isinstance(schema, dict) else "")


def _definitions(schema: dict[str, Any]) -> str:
    found = [schema[name] for name in _DEFINITIONS if isinstance(schema.get(name), dict)]
    types = [f"{name} = {_type(part)}" for definitions in found for name, part in definitions.items()]
    return f" where {', '.join(types)}" if types else ""


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    text = _type_but_null(schema)
    return f"{text} | null" if schema.get("nullable") is True else text


def _type_but_null(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return reference.rpartition("/")[2]
    if "const" in schema:
        return _literal(schema["const"])
    if isinstance(schema.get("enum"), list):
        return " | ".join(map(_literal, schema["enum"]))
    for name in _ALTERNATIVES:
        if isinstance(schema.get(name), list):
            return " | ".join(dict.fromkeys(map(_type, schema[name])))
    kinds = schema.get("type", "object" if "properties" in schema else "any")
    return " | ".join(map(partial(_kind, schema), kinds if isinstance(kinds, list) else [kinds]))


def _kind(schema: dict[str, Any], kind: Any) -> str:
    name = str(kind).lower()
    if name == "array":
        item = _type(schema.get("items"))
        return f"({item})[]" if " | " in item else f"{item}[]"
    if name == "object" and isinstance(schema.get("properties"), dict):
        return f"{{{_fields(schema)}}}"
    return name


def _fields(schema: dict[str, Any]) -> str:
    properties, required = schema.get("properties"), schema.get("required")
    properties = properties if isinstance(properties, dict) else {}
    needed = required if isinstance(required, list) else []
    return ", ".join(f"{name}{'' if name in needed else '?'}: {_type(part)}" for name, part in properties.items())


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
