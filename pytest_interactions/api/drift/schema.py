"""Whether a value fits a JSON schema, as far as tools declare them: the words of the API's documentation and some more.

What a schema says in other words is not checked, so that nothing is found that is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

#: The most schemas that are looked at for one value: a schema may refer to itself.
_MOST: Final = 64
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
}


class Misfit(NamedTuple):
    """A place where a value does not fit: its path, which word of the schema says so, and in words why."""

    path: str
    word: str
    why: str


def misfits(value: Any, schema: Any) -> list[Misfit]:
    """Return where a value does not fit a schema; nothing if the schema is none."""
    return list(_Check(schema).check(value, schema, "", 0))


class _Check:
    """The check of one value by one schema, which may refer to parts of itself."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def check(self, value: Any, schema: Any, path: str, depth: int) -> Iterator[Misfit]:
        if schema is False:
            yield Misfit(path, "false", "is not allowed")
        if not isinstance(schema, dict) or depth > _MOST:
            return
        if isinstance(schema.get("$ref"), str):
            yield from self.check(value, self._referred(schema["$ref"]), path, depth + 1)
        if value is None and schema.get("nullable") is True:
            return
        wrong = list(_of_type(value, schema, path)) or list(_of_value(value, schema, path))
        yield from wrong
        if wrong:
            return
        yield from self._combined(value, schema, path, depth)
        if isinstance(value, dict):
            yield from self._object(value, schema, path, depth)
        if isinstance(value, list):
            yield from self._array(value, schema, path, depth)

    def _fits(self, value: Any, schema: Any, depth: int) -> bool:
        return next(self.check(value, schema, "", depth + 1), None) is None

    def _combined(self, value: Any, schema: dict[str, Any], path: str, depth: int) -> Iterator[Misfit]:
        for part in _list(schema.get("allOf")):
            yield from self.check(value, part, path, depth + 1)
        for word in ("anyOf", "oneOf"):
            choices = _list(schema.get(word))
            if choices and not any(self._fits(value, choice, depth) for choice in choices):
                yield Misfit(path, word, f"fits none of {len(choices)} choices")
        if "not" in schema and self._fits(value, schema["not"], depth):
            yield Misfit(path, "not", "is what it must not be")

    def _object(self, value: dict[str, Any], schema: dict[str, Any], path: str, depth: int) -> Iterator[Misfit]:
        known = schema.get("properties")
        known = known if isinstance(known, dict) else {}
        for name in _list(schema.get("required")):
            if isinstance(name, str) and name not in value:
                yield Misfit(_at(path, name), "required", "is missing, and required")
        patterns = schema.get("patternProperties")
        others = schema.get("additionalProperties", True) if not isinstance(patterns, dict) else True
        for name, item in value.items():
            if name in known:
                yield from self.check(item, known[name], _at(path, name), depth + 1)
            elif others is False:
                yield Misfit(_at(path, name), "additionalProperties", "is not declared")
            else:
                yield from self.check(item, others, _at(path, name), depth + 1)

    def _array(self, value: list[Any], schema: dict[str, Any], path: str, depth: int) -> Iterator[Misfit]:
        first = _list(schema.get("prefixItems"))
        for number, item in enumerate(value):
            part = first[number] if number < len(first) else schema.get("items", True)
            yield from self.check(item, part, f"{path}[{number}]", depth + 1)

    def _referred(self, reference: str) -> Any:
        found = self._root
        for name in reference.removeprefix("#").split("/")[1:] if reference.startswith("#") else ():
            found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found if reference.startswith("#") else None


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def type_name(value: Any) -> str:
    """Return the name that JSON has for the type of a value; each number is a `number`."""
    found = next((name for name, types in _TYPES.items() if isinstance(value, types)), "number")
    return found if value is not True and value is not False else "boolean"


def _of_type(value: Any, schema: dict[str, Any], path: str) -> Iterator[Misfit]:
    said = schema.get("type")
    types = [str(each).lower() for each in (said if isinstance(said, list) else [said]) if each]
    if types and not any(_is_of(value, each) for each in types):
        yield Misfit(path, "type", f"is no {' or '.join(types)}, but {_told(value)}")


def _told(value: Any) -> str:
    name = type_name(value)
    return "null" if value is None else f"{'an' if name in {'object', 'array'} else 'a'} {name}"


def _is_of(value: Any, name: str) -> bool:
    if name in {"number", "integer"}:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (name == "number" or isinstance(value, int) or value.is_integer())
    return name not in _TYPES or isinstance(value, _TYPES[name])


def _of_value(value: Any, schema: dict[str, Any], path: str) -> Iterator[Misfit]:
    """Yield what is wrong with a value by itself."""
    choices = [*_list(schema.get("enum")), *([schema["const"]] if "const" in schema else [])]
    if choices and value not in choices:
        yield Misfit(path, "enum", "is none of the values that it can have")
    for word, measure, is_wrong in _BOUNDS:
        bound, size = schema.get(word), measure(value)
        if size is not None and _is_of(bound, "number") and is_wrong(size, bound):
            yield Misfit(path, word, f"does not keep to {word} {bound}")
    if isinstance(value, str) and isinstance(schema.get("pattern"), str) and not _matches(schema["pattern"], value):
        yield Misfit(path, "pattern", "does not match its pattern")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # written for another language's
        return True


def _number(value: Any) -> Any:
    return value if _is_of(value, "number") else None


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str) else None


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None


_Bound = tuple[str, Callable[[Any], Any], Callable[[Any, Any], bool]]
_BOUNDS: Final[tuple[_Bound, ...]] = tuple(
    chain.from_iterable(
        (
            (f"min{name}", measure, lambda size, bound: size < bound),
            (f"max{name}", measure, lambda size, bound: size > bound),
        )
        for name, measure in (("imum", _number), ("Length", _length), ("Items", _size))
    )
)
