"""What a person writes as mappings: read without a guess, with an error for each problem that names its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pytest_interactions.errors import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from pydantic_core import ErrorDetails


class Strict(BaseModel):
    """A mapping; refuses other keys, and converts no value."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class TwiceError(yaml.MarkedYAMLError):
    """A key that a mapping has twice, of which YAML would take the last one without a word."""


class Loader(yaml.SafeLoader):
    """YAML in which `on` is a word, not a boolean, as in YAML 1.2, and in which no mapping has a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; raise `TwiceError` if it has a key twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise TwiceError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not (tag.endswith(":bool") and first in "oOyYnN")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

_Model = TypeVar("_Model", bound=Strict)


def build(model: type[_Model], keys: Mapping[str, Any], parts: Mapping[str, type[Strict]] | None = None) -> _Model:
    """Return a `model` of these keys; `parts` are the models of the keys that have one of their own.

    Raises:
        ValueError: A key or a value is wrong. The message has a line for each problem.
    """
    try:
        return model.model_validate(keys)
    except ValidationError as error:  # whose own message shows the values, which may be secret
        raise ValueError("\n".join(message for _, message in problems(error, model, parts))) from None


def problems(
    error: ValidationError, model: type[Strict], parts: Mapping[str, type[Strict]] | None = None
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the path of keys and indexes to each problem of a `model`, and a line about it that names the path."""
    for problem in error.errors(include_url=False):
        place = problem["loc"]
        part = next((part for key, part in (parts or {}).items() if key in place[:-1]), model)
        named = ".".join(map(str, place))
        yield place, f"{named}: {_message(problem, part)}" if named else _message(problem, part)


def _message(problem: ErrorDetails, model: type[Strict]) -> str:
    """Return what is wanted, without the value that was given instead, which may be a secret."""
    key = problem["loc"][-1] if problem["loc"] else ""
    words = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("should", "must", 1)
    match problem["type"]:
        case "extra_forbidden":
            known = dict.fromkeys([*model.__annotations__, *model.model_fields])  # its own come first
            return f"unknown key{meant(key, known) or '; known are: ' + ', '.join(known)}"
        case "missing":
            return f"is missing{meant(key, problem['input'])}"
        case "literal_error":
            return words + meant(problem["input"], re.findall(r"'(\w+)'", words))
        case "model_type" | "dict_type":
            return "must be a mapping"
        case _:
            return words


def meant(word: object, names: Iterable[str]) -> str:
    """Return the end of a message, with the name that `word` may have meant; `""` if it resembles none."""
    near = closest(word, names)
    return f" (did you mean {near!r}?)" if near else ""
