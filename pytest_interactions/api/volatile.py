"""What differs at each recording of the same behaviour: one table of fields, and of parts of URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Volatile:
    """Fields that differ at each recording, or of which a part does.

    Attributes:
        fields: Their names, in steps, contents, annotations, errors, events and results of the API's own tools.
            Arguments and results of the app's own functions are behaviour, whatever their fields are called.
        why: Why they differ.
        part: The part that differs; all of it if empty.
        left: What stands in place of that part.
    """

    fields: tuple[str, ...]
    why: str
    part: str = ""
    left: str = r"\1…"


_LINKS: Final = ("url", "uri", "document_uri")
TABLE: Final = (
    Volatile(("id", "call_id"), "drawn anew for each call, and told by the number of the call instead"),
    Volatile(("event_id",), "counts the events of one stream"),
    Volatile(("interaction_id", "previous_interaction_id", "continuation_ids"), "drawn anew for each interaction"),
    Volatile(("environment_id",), "drawn anew for each environment"),
    Volatile(("media_id",), "drawn anew for each picture that a search finds"),
    Volatile(("signature", "continuation_token", "widget_context_token"), "encrypted with the time in it"),
    Volatile(("created", "updated", "create_time", "update_time"), "a time"),
    Volatile(("expire_time", "expires_at"), "a time"),
    Volatile(("execution_time_ms",), "how busy the sandbox was"),
    Volatile(("usage", "step_usage", "total_usage"), "counts of tokens, which differ with the wording and the model"),
    Volatile(("metadata",), "how far a stream is, in tokens"),
    Volatile(("search_suggestions",), "HTML to show next to the answer, with links that are made anew"),
    Volatile(
        ("score",),
        "how alike a text and a question are: it moves with each version of the model that compares them, and the"
        " order of the results, which stays, is what it is for. Rounded, it would still move at the edges",
    ),
    Volatile(
        _LINKS,
        "Google's redirect to a source, made anew for each answer",
        r"(//vertexaisearch\.cloud\.google\.com/grounding-api-redirect/).+",
    ),
    Volatile(_LINKS, "a file that was uploaded or generated, which gets a new name", r"(/v\d\w*/files/)[\w-]+"),
    Volatile(
        _LINKS,
        "a document, whose name and whose store's end in letters drawn anew; `file_name` tells which it is",
        r"(\bfileSearchStores/)[\w-]+(/documents/)[\w-]+",
        r"\1…\2…",
    ),
    Volatile(
        _LINKS,
        "an object in a bucket, which the API names by a number",
        r"(\bgs://[^/]+/).+?(\.\w+)?$",
        r"\1…\2",
    ),
    Volatile(
        _LINKS,
        "a signed URL, which holds the time until which it is good",
        r"(//storage\.googleapis\.com/)[^?]*\?(?:.*&)?X-Goog-Signature=.*",
    ),
)

#: The fields that differ as a whole.
FIELDS: Final = frozenset(name for row in TABLE if not row.part for name in row.fields)
_PARTS: Final = {
    name: [(re.compile(row.part), row.left) for row in TABLE if row.part and name in row.fields]
    for row in TABLE
    for name in row.fields
    if row.part
}


def lasting_part(field: str, value: Any) -> Any:
    """Return the value of a field without the parts that differ."""
    if isinstance(value, str):
        for part, left in _PARTS.get(field, ()):
            value = part.sub(left, value)
    return value
