"""Values for JSON schemas: small, deterministic, and checked against the schema before they are returned."""

from __future__ import annotations

import random
from math import ceil, floor, inf
from typing import TYPE_CHECKING, Any

import jsonschema
import rstr
from referencing import Registry

from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Draw

#: From this depth on only required parts are made, so that the value of a recursive schema ends.
_DEEP = 3
#: A schema that requires parts at this depth is taken to have no finite value.
_TOO_DEEP = 40
#: The most parts of schemas that are looked at, and the longest text that is made.
_MOST_PARTS = 20_000
_LONGEST = 100_000
#: Characters of an error that are shown, as it may quote the schema.
_SHOWN = 1000
_MERGED = ("allOf", "anyOf", "oneOf", "$ref")
_FORMATS = {
    "date": "2026-06-09",
    "date-time": "2026-06-09T12:01:25Z",
    "time": "12:01:25Z",
    "duration": "PT15M",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def value_for(schema: Any, draw: Draw, hints: dict[str, Any] | None = None) -> Any:
    """Return a value that validates against `schema`.

    Args:
        schema: The JSON schema.
        draw: The source of what looks random.
        hints: Values to prefer, by the name of their property.

    Raises:
        ApiError: The schema is wrong, or a part of it is beyond this generator. The message tells which.
    """
    check_schema(schema)
    try:
        value = _Maker(schema, draw, hints or {}).make(schema, "value", 0)
        validator = _validator(schema)
        # With a registry of its own, which reads no file and asks no server for what a schema refers to.
        validator(schema, format_checker=validator.FORMAT_CHECKER, registry=Registry()).validate(value)
    except Exception as error:  # a schema may be beyond this generator in ways that nobody has listed
        why = f"{error.json_path}: {error.message}" if isinstance(error, jsonschema.ValidationError) else error
        message = f"The emulator can't make a value for this schema: {str(why)[:_SHOWN]}. Script the answer instead."
        raise ApiError(400, message) from error
    return value


def check_schema(schema: Any) -> None:
    """Check that a JSON schema is one.

    Raises:
        ApiError: It is none.
    """
    try:
        _validator(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        where = f"at {error.json_path}: {error.message}"
        raise ApiError(400, f"The given schema is invalid {where[:_SHOWN]}") from error
    except RecursionError as error:  # jsonschema needs several frames for each level
        raise ApiError(400, "The given schema is nested too deeply.") from error


def _validator(schema: Any) -> Any:
    named = isinstance(schema, dict) and isinstance(schema.get("$schema"), str)
    latest = jsonschema.Draft202012Validator
    return jsonschema.validators.validator_for(schema, latest) if named else latest


class _UnsupportedError(Exception):
    """The schema asks for something that this generator can't make."""


class _Maker:
    def __init__(self, root: Any, draw: Draw, hints: dict[str, Any]) -> None:
        self._root = root
        self._draw = draw
        self._hints = hints
        self._parts = 0

    def make(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for `schema`, which stands at `depth` under the name `name`."""
        schema = self._flat(schema, depth)
        hint = self._hints.get(name)
        if hint is not None and jsonschema.Draft202012Validator(self._rooted(schema)).is_valid(hint):
            return hint
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            choices = schema["enum"]
            return choices[self._draw.bytes(f"enum {name}", 1)[0] % len(choices)]
        return self._of_kind(_kind(schema), schema, name, depth)

    def _of_kind(self, kind: str, schema: Json, name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number":
                return _number(schema, name)
            case "boolean":
                return True
            case _:
                return None

    def _rooted(self, schema: Json) -> Json:
        return {key: value for key, value in self._root.items() if key in ("$defs", "definitions")} | schema

    def _flat(self, schema: Any, depth: int) -> Json:
        """Return `schema` with its references, alternatives and conjunctions merged into one."""
        self._parts += 1
        if depth > _TOO_DEEP or self._parts > _MOST_PARTS:
            raise _UnsupportedError("it goes on without an end")
        if schema is False:
            raise _UnsupportedError("nothing satisfies 'false'")
        if schema is True:
            return {"type": "string"}
        flat = {key: value for key, value in schema.items() if key not in _MERGED}
        parts = list(schema.get("allOf", []))
        parts += [self._resolve(schema["$ref"])] if "$ref" in schema else []
        parts += [_choose(schema[key], depth) for key in ("anyOf", "oneOf") if key in schema]
        for part in parts:
            flat = _merge(flat, self._flat(part, depth + 1))
        return flat

    def _resolve(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise _UnsupportedError(f"{reference!r} is not in the schema")
        target = self._root
        for part in reference[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key, False) if isinstance(target, dict) else False
        return target

    def _object(self, schema: Json, depth: int) -> Json:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        wanted = required if depth >= _DEEP else [*properties, *(key for key in required if key not in properties)]
        made = {key: self.make(properties.get(key, True), key, depth + 1) for key in wanted}
        extra = schema.get("additionalProperties", True)
        for number in range(len(made), schema.get("minProperties", 0)):
            made[f"key_{number + 1}"] = self.make(extra, f"key_{number + 1}", depth + 1)
        return made

    def _array(self, schema: Json, name: str, depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        least = max(schema.get("minItems", 0), len(first), 1 if "contains" in schema else 0)
        size = max(least, 2 if depth < _DEEP else 0)
        size = min(size, schema.get("maxItems", size))
        rest = schema.get("contains", schema.get("items", True))
        rest = first[-1] if rest is False else rest
        return [self.make(first[n] if n < len(first) else rest, f"{name} {n + 1}", depth + 1) for n in range(size)]

    def _string(self, schema: Json, name: str) -> str:
        if "pattern" in schema:
            return str(rstr.Rstr(random.Random(self._draw.text(name, 8))).xeger(schema["pattern"]))  # noqa: S311
        if "format" in schema:
            return _FORMATS.get(schema["format"], "text")
        text = name.replace("_", " ").strip().capitalize() or "Text"
        if schema.get("minLength", 0) > _LONGEST:
            raise _UnsupportedError(f"a text of more than {_LONGEST} characters")
        text = text.ljust(schema.get("minLength", 0), "x")
        return text[: schema.get("maxLength", len(text))]


def _number(schema: Json, name: str) -> float:
    """Return the first multiple of the step within the bounds; for the items of an array, the following ones."""
    step = schema.get("multipleOf", 1)
    low = max(schema.get("minimum", -inf), schema.get("exclusiveMinimum", -inf))
    high = min(schema.get("maximum", inf), schema.get("exclusiveMaximum", inf))
    first = ceil(low / step) if low > -inf else min(1, floor(high / step)) if high < inf else 1
    number: float = first * step
    if number == schema.get("exclusiveMinimum"):
        number = number + step if number + step < high else (low + high) / 2
    if number == schema.get("exclusiveMaximum"):
        number -= step
    place = name.rpartition(" ")[2]
    shifted: float = number + step * max(int(place) - 1, 0) if place.isdecimal() else number
    return number if shifted >= high else shifted


def _kind(schema: Json) -> str:
    """Return the type to make: the first that `schema` names besides null, else the one that its keywords are about."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return next((kind for kind in kinds if kind != "null"), "null")
    if kinds:
        return str(kinds)
    about = {"properties": "object", "required": "object", "items": "array", "prefixItems": "array"}
    about |= {"minimum": "number", "maximum": "number"}
    return next((kind for key, kind in about.items() if key in schema), "string")


def _choose(branches: list[Any], depth: int) -> Any:
    """Return the first branch that is not null; at a great depth one without a reference, if there is one."""
    ending = [branch for branch in branches if isinstance(branch, dict) and "$ref" not in branch]
    if depth >= _DEEP:
        return min(ending or branches, key=lambda branch: branch.get("type") != "null")
    return next((branch for branch in branches if branch != {"type": "null"}), branches[0])


def _merge(one: Json, other: Json) -> Json:
    """Return both schemas as one. Properties and required names add up; otherwise `one` prevails."""
    merged = other | one
    if "properties" in one and "properties" in other:
        merged["properties"] = other["properties"] | one["properties"]
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return merged
