"""Steps, made of anything that a client may send and the API may answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import shallow
from pytest_interactions.api.models import Step

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: The contents that a client may send in place of a step; adjacent ones make one step.
CONTENT = ("text", "image", "audio", "video", "document")
_ROLES = {"user": "user_input", "model": "model_output"}


def as_steps(value: Any, *, said_by: str = "user_input") -> list[Step]:
    """Return an input or an answer as steps in order; a step of an unknown form keeps it.

    Args:
        value: A text, a content, a step, a turn as before May 2026 (`role` and `content`), or a list of these, as
            JSON or as objects with pydantic's `model_dump`; `None` is no step.
        said_by: The type of the step that bare content makes: `user_input`, or `model_output` for `outputs`, the
            answers before May 2026.
    """
    return [Step.model_validate(step) for step in _steps(value, said_by)]


def plain(value: Any) -> Any:
    """Return `value`, as plain data if it has pydantic's `model_dump`, and not too deep to walk."""
    has_dump = hasattr(value, "model_dump")
    return shallow(value.model_dump(by_alias=True, exclude_unset=True, warnings=False) if has_dump else value)


def status_after(steps: list[Json], before: Any) -> Any:
    """Return the status of an interaction with these steps that had the status `before` with others.

    It waits for the app if it ends with calls of functions, and is completed if it does not.
    """
    if before not in ("completed", "requires_action"):
        return before
    said = [step for step in steps if step.get("type") != "thought"]
    return "requires_action" if said and said[-1].get("type") == "function_call" else "completed"


def _steps(value: Any, said_by: str) -> Iterator[Json]:
    contents: list[Any] = []
    for item in _items(plain(value)):
        if isinstance(item, str):
            contents.append({"text": item, "type": "text"})
        elif isinstance(item, Mapping) and item.get("type") in CONTENT:
            contents.append(item)
        else:
            if contents:
                yield {"content": contents, "type": said_by}
                contents = []
            yield from _step_or_turn(item)
    if contents:
        yield {"content": contents, "type": said_by}


def _items(value: Any) -> Iterable[Any]:
    if value is None:
        return []
    return map(plain, value) if isinstance(value, list | tuple) else [value]


def _step_or_turn(item: Any) -> Iterable[Json]:
    if not isinstance(item, Mapping):
        return [{"content": item}]
    if "role" in item and "type" not in item:
        return _steps(item.get("content"), _ROLES.get(str(item["role"]), str(item["role"])))
    if item.get("type") in _ROLES.values():
        return [{**item, "content": _content(item["content"])} if "content" in item else dict(item)]
    return [dict(item)]


def _content(content: Any) -> Any:
    """Return a step's content as a list of contents; a client may send a text or one content instead."""
    if isinstance(content, str):
        return [{"text": content, "type": "text"}]
    return [content] if isinstance(content, Mapping) else content
