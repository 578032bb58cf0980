"""Values of options, converted from what a person writes; each error says what a value may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.errors import OptionError, closest

if TYPE_CHECKING:
    from enum import StrEnum

_AGE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([dw]?)")
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):")
_SPEED: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)x")


class Speed(NamedTuple):
    """How many times as fast as it was recorded a response is played."""

    factor: float


def choice(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    """Return the function that converts a value to one of `kind`."""

    def convert(value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError:
            raise OptionError(f"{value!r} is not one of {listed(kind)}{near(value, kind)}") from None

    return convert


def names(value: Any) -> tuple[Any, ...]:
    """Return the names in a list, or in a text that separates them by commas or white space."""
    found = items(value)
    if not all(isinstance(item, str) for item in found):
        raise OptionError(f"{value!r} is not a list of names")
    return tuple(" ".join(found).replace(",", " ").split())


def items(value: Any) -> tuple[Any, ...]:
    """Return the items of a list, or of a text with one item on each line; an item may hold commas and spaces."""
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise OptionError(f"{value!r} is not a list")
    return tuple(chain.from_iterable(item.splitlines() if isinstance(item, str) else [item] for item in value))


def boolean(value: Any) -> bool:
    """Return a switch."""
    text = str(value).strip().lower()
    if text not in {"true", "yes", "on", "1", "", "false", "no", "off", "0"}:
        raise OptionError(f"{value!r} is neither true nor false")
    return text in {"true", "yes", "on", "1"}


def chunking(value: Any) -> str | int:
    """Return a way to chunk: `event`, `whole` or a number of bytes."""
    if str(value) in {"event", "whole"}:
        return str(value)
    if str(value).isdecimal() and int(value) > 0:
        return int(value)
    raise OptionError(f"{value!r} is not 'event', 'whole' or a number of bytes above 0")


def seconds(value: Any) -> float:
    """Return a number of seconds from 0 up."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{value!r} is not a number of seconds") from None
    if not 0 <= found < float("inf"):
        raise OptionError(f"{value!r} is not a number of seconds from 0 up")
    return found


def pace(value: Any) -> float | Speed:
    """Return seconds between events, or a speed: `recorded`, or a factor of that, such as `4x`."""
    text = str(value).strip()
    found = _SPEED.fullmatch("1x" if text == "recorded" else text)
    if found is not None and float(found[1]):
        return Speed(float(found[1]))
    try:
        return seconds(value)
    except OptionError as error:
        raise OptionError(f"{error}, 'recorded', or a factor such as '4x'{near(value, ['recorded'])}") from None


def faults(value: Any) -> tuple[Any, ...]:
    """Return the faults that a person wrote, see `pytest_interactions.faults`; none for an empty text or `None`."""
    if not value:
        return ()
    from pytest_interactions import faults  # with pydantic, which a run without faults needs not

    try:
        return faults.read(value)
    except ValueError as error:
        raise OptionError(str(error)) from None


def days(value: Any) -> float | None:
    """Return a number of days above 0, of which weeks have seven; `None` stays."""
    if value is None:
        return None
    found = _AGE.fullmatch(str(value).strip())
    number = float(found[1]) * (7 if found[2] == "w" else 1) if found else 0.0
    if not number:
        raise OptionError(f"{value!r} is not a number of days above 0, such as 90, '90d' or '12w'")
    return number


def size(value: Any) -> int:
    """Return a number of bytes."""
    if isinstance(value, bool) or not str(value).isdecimal():
        raise OptionError(f"{value!r} is not a number of bytes")
    return int(value)


def count(value: Any) -> int | None:
    """Return a number above 0; `None` stays."""
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or not int(value):
        raise OptionError(f"{value!r} is not a number above 0")
    return int(value)


def function(value: Any) -> Callable[[Any], Any] | None:
    """Return what can be called; `None` stays."""
    if value is not None and not callable(value):
        raise OptionError(f"{value!r} can't be called")
    return value  # type: ignore[no-any-return]


def text(value: Any) -> str:
    """Return a text without blanks around it; a path becomes one."""
    return str(value).strip()


def url(value: Any) -> str:
    """Return a URL of fsspec's, or a path; one of a drive, such as `C:/x`, is a path, too."""
    found = text(value)
    cut = None if "://" in found or "::" in found else _SCHEME.match(found)
    if cut is not None:
        raise OptionError(
            f"a URL that begins with {cut[1]}: has two slashes then, as in {cut[1]}://bucket/cassettes. If it is a "
            "directory, write ./ before it"
        )
    return found


def listed(names: Iterable[str]) -> str:
    """Return names as an error lists them."""
    return ", ".join(names)


def near(value: Any, names: Iterable[str]) -> str:
    """Return the end of an error's sentence, with the name that is nearest to a value."""
    nearest = closest(value, names)
    return f"; did you mean {nearest!r}?" if nearest else "."
