"""The Interactions API's resources, as open models: unknown data is kept as it came and is never an error.

No field is required. A value of a form that is not known today stays as it is. A field that is not listed here is
an attribute all the same. `model_dump()` returns the data as it came, with nothing added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError, WrapValidator

T = TypeVar("T")


def _or_as_it_came(value: Any, validate: Any) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return value


#: A field of type `T` that keeps a value of another type as it is.
Lenient = Annotated[T, WrapValidator(_or_as_it_came), SerializeAsAny()]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", protected_namespaces=())

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Return the model of an object; what is no Unicode in names of fields, as JSON can spell it, is escaped."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            if not isinstance(obj, Mapping):
                raise
            named = {str(name).encode("utf-8", "backslashreplace").decode(): value for name, value in obj.items()}
            return super().model_validate(named, **options)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Return the object as plain data: the fields that came, and no others unless `options` say so."""
        return super().model_dump(**{"exclude_unset": True, **options})

    def model_dump_json(self, **options: Any) -> str:
        """Return the same as JSON."""
        return super().model_dump_json(**{"exclude_unset": True, **options})


class Content(_Open):
    """A piece of an input or an answer: `text`, or media of `type` `image`, `audio`, `video` or `document`."""

    type: Lenient[str] = ""
    text: Lenient[str | None] = None
    annotations: Lenient[list[dict[str, Any]] | None] = None
    #: Media as base64, or their URL.
    data: Lenient[str | None] = None
    uri: Lenient[str | None] = None
    mime_type: Lenient[str | None] = None


class Step(_Open):
    """One entry of a trajectory: `user_input`, `thought`, `function_call`, `model_output` and others.

    Its fields depend on `type`; those of other types are `None`.
    """

    type: Lenient[str] = ""
    #: In `user_input` and `model_output`.
    content: Lenient[list[Content] | None] = None
    #: In `thought`, if the request asked for it.
    summary: Lenient[list[Content] | None] = None
    #: The proof for the API that a step is its own.
    signature: Lenient[str | None] = None
    #: In a call; the `call_id` of its result is the same.
    id: Lenient[str | None] = None
    call_id: Lenient[str | None] = None
    name: Lenient[str | None] = None
    arguments: Lenient[dict[str, Any] | None] = None
    #: A string, an object or a list of content.
    result: Any = None
    is_error: Lenient[bool | None] = None


class Interaction(_Open):
    """One turn of a conversation: its input, its steps and its final status.

    `input` and `previous_interaction_id` are the request's where the response doesn't repeat them. They are then
    no part of `model_dump()`, which returns the response as it came.
    """

    #: Missing if the API stores nothing (`store: false`).
    id: Lenient[str | None] = None
    #: `in_progress`, `requires_action`, `completed`, `failed`, `cancelled`, `incomplete`, `budget_exceeded`,
    #: `queued`, `requires_continuation`, or one of tomorrow.
    status: Lenient[str | None] = None
    model: Lenient[str | None] = None
    agent: Lenient[str | None] = None
    steps: Lenient[list[Step] | None] = None
    #: In place of `steps` before May 2026.
    outputs: Lenient[list[Step] | None] = None
    #: A text, content or steps, in the form of the request.
    input: Any = None
    previous_interaction_id: Lenient[str | None] = None
    usage: Lenient[dict[str, Any] | None] = None
    errors: Lenient[list[Any] | None] = None
    created: Lenient[str | None] = None
    updated: Lenient[str | None] = None

    @property
    def output_text(self) -> str:
        """Return the end of the model's answer: the text after the last call, result or input."""
        texts: list[str] = []
        for step in reversed(self.steps if isinstance(self.steps, list) else []):
            if step.type not in ("thought", "model_output"):
                break
            if isinstance(step.content, list):
                texts.extend(part.text for part in reversed(step.content) if isinstance(part.text, str))
        return "".join(reversed(texts))

    def sent(self, request: dict[str, Any]) -> Interaction:
        """Return the same interaction, with the fields of the request's JSON that the response did not repeat."""
        names = {"input", "previous_interaction_id"} & request.keys() - self.model_fields_set
        copy = self.model_copy(update={name: request[name] for name in names})
        copy.__pydantic_fields_set__.difference_update(names)
        return copy


class Event(_Open):
    """One event of a stream; its fields depend on `event_type`."""

    event_type: Lenient[str] = ""
    index: Lenient[int | None] = None
    step: Lenient[Step | None] = None
    delta: Lenient[dict[str, Any] | None] = None
    interaction: Lenient[Interaction | None] = None
    interaction_id: Lenient[str | None] = None
    status: Lenient[str | None] = None
    error: Lenient[dict[str, Any] | None] = None
