"""What the option `redact` says: each entry is a text, a pattern or a JSON path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.errors import OptionError
from pytest_interactions.redaction.placeholders import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterable

# A shorter text is in too many others by chance.
_MIN_LITERAL: Final = 4


def sorted_out(redact: Iterable[Any]) -> tuple[list[str], list[re.Pattern[str]], list[str]]:
    """Return the texts, the patterns and the JSON paths among the entries of the option.

    Raises:
        OptionError: An entry is none of these, or would be found nearly everywhere.
    """
    values: list[str] = []
    patterns: list[re.Pattern[str]] = []
    paths: list[str] = []
    for entry in redact:
        if isinstance(entry, re.Pattern):
            patterns.append(entry)
        elif not isinstance(entry, str):
            raise OptionError(f"redact: {entry!r} is not a text, a pattern or a JSON path")
        elif entry.startswith("re:"):
            patterns.append(_compiled(entry.removeprefix("re:")))
        elif entry.startswith(("$.", "$[")):
            paths.append(entry)
        elif len(entry) < _MIN_LITERAL or entry in REDACTED:
            raise OptionError(
                f"redact: a text of {len(entry)} characters would be found in too many others; "
                f"give one of {_MIN_LITERAL} or more, a pattern (re:...) or a JSON path ($...)"
            )
        else:
            values.append(entry)
    return values, patterns, paths


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise OptionError(
            f"redact: the pattern after re: can't be read, {error.msg} at character {error.pos}"
        ) from error
