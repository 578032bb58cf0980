"""Whatever can be sent or answered, as steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.models import Step

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: What a client may send in place of a step; alike, next to each other, they make one step.
_CONTENT = frozenset({"text", "image", "audio", "video", "document"})
_ROLES = {"user": "user_input", "model": "model_output"}


def as_steps(value: Any, *, said_by: str = "user_input") -> list[Step]:
    """Normalise what was sent, or answered, to steps.

    Args:
        value: A text, a content, a step, a turn of before May 2026 (`role` and `content`), or a list of these, as
            JSON or as objects with pydantic's `model_dump`; `None` is no step.
        said_by: The type of the step that bare content makes: `user_input`, or `model_output` for the `outputs` of
            before May 2026.

    Returns:
        The steps in order; one whose form is unknown keeps it.
    """
    return [Step.model_validate(step) for step in _steps(value, said_by)]


def plain(value: Any) -> Any:
    """`value` as plain data, if it is an object with pydantic's `model_dump`."""
    return (
        value.model_dump(by_alias=True, exclude_unset=True, warnings=False) if hasattr(value, "model_dump") else value
    )


def _steps(value: Any, said_by: str) -> Iterator[Json]:
    said: list[Any] = []
    for item in _items(plain(value)):
        if isinstance(item, str):
            said.append({"text": item, "type": "text"})
        elif isinstance(item, Mapping) and item.get("type") in _CONTENT:
            said.append(item)
        else:
            if said:
                yield {"content": said, "type": said_by}
                said = []
            yield from _of(item)
    if said:
        yield {"content": said, "type": said_by}


def _items(value: Any) -> Iterable[Any]:
    if value is None:
        return []
    return map(plain, value) if isinstance(value, list | tuple) else [value]


def _of(item: Any) -> Iterable[Json]:
    if not isinstance(item, Mapping):
        return [{"content": item}]
    if "role" in item and "type" not in item:
        return _steps(item.get("content"), _ROLES.get(str(item["role"]), str(item["role"])))
    if item.get("type") in _ROLES.values():
        return [{**item, "content": _content(item["content"])} if "content" in item else dict(item)]
    return [dict(item)]


def _content(content: Any) -> Any:
    """A step's content as a list of contents, though it may be sent as a text or as one content."""
    if isinstance(content, str):
        return [{"text": content, "type": "text"}]
    return [content] if isinstance(content, Mapping) else content
