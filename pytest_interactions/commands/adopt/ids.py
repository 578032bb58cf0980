"""The names of a parametrized test, as far as its file tells them, and the names of pytest-recording's files."""

from __future__ import annotations

import ast
from collections import Counter
from hashlib import md5
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.commands.adopt.static import UnknownValueError, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REPLACED: Final = str.maketrans(dict.fromkeys("<>?%*:|\"'/\\", "-"))
_LONGEST: Final = 255
_SUFFIX: Final = ".yaml"
#: A longer text has its own name up to pytest 9.1, and a number since, or what an ini key says.
_LONGEST_TOLD: Final = 100
_ESCAPED: Final = {code: rf"\x{code:02x}" for code in (*range(32), 127)}


def old_file_name(name: str) -> str:
    """Return the name, without its suffix, of the file that pytest-recording keeps a test's cassette in."""
    name = name.translate(_REPLACED)
    if len(name) + len(_SUFFIX) <= _LONGEST:
        return name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: _LONGEST - len(_SUFFIX) - len(digest) - 3]}...{digest}"


def ids_of(parametrized: Sequence[ast.expr], names: Mapping[str, Any]) -> list[str]:
    """Return what stands in the brackets of a test's names; none if that can't be told.

    Args:
        parametrized: The calls of `parametrize` that hold for the test, the nearest first.
        names: The names of the test's file whose values can be told.
    """
    try:
        parts = [_ids(call, names) for call in parametrized if isinstance(call, ast.Call)]
    except (UnknownValueError, TypeError):
        return []
    return ["-".join(each) for each in product(*parts)] if parts else []


def _ids(call: ast.Call, names: Mapping[str, Any]) -> list[str]:
    given = dict(zip(("argnames", "argvalues", "indirect", "ids"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if not {"argnames", "argvalues"} <= given.keys():
        raise UnknownValueError
    argnames = value_of(given["argnames"], names)
    argnames = [name.strip() for name in argnames.split(",")] if isinstance(argnames, str) else list(argnames)
    if getattr(given.get("ids"), "id", "") == "str":  # which says of a value what pytest itself does, in most cases
        del given["ids"]
    explicit = value_of(given["ids"], names) if "ids" in given else None
    if not isinstance(explicit, list | tuple | None):
        raise UnknownValueError
    ids: list[str] = []
    for number, node in enumerate(_sets(given["argvalues"], names)):
        own = explicit[number] if explicit and number < len(explicit) else None
        ids.append(_id(node, argnames, names, number, own))
    return _unique(ids)


def _sets(node: ast.expr, names: Mapping[str, Any]) -> list[Any]:
    """Return the parameter sets: expressions of the file or, of a list elsewhere in it, values."""
    return node.elts if isinstance(node, ast.List | ast.Tuple) else list(value_of(node, names))


def _id(node: Any, argnames: list[str], names: Mapping[str, Any], number: int, own: Any) -> str:
    values = [node]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "param":
        given = next((value_of(key.value, names) for key in node.keywords if key.arg == "id"), None)
        if given is not None:
            return _escaped(str(given))
        values = node.args
    elif len(argnames) > 1:
        values = list(node.elts if isinstance(node, ast.List | ast.Tuple) else node)
    if own is not None:
        return _escaped(str(own))
    return "-".join(_token(value, name, number, names) for name, value in zip(argnames, values, strict=False))


def _token(value: Any, argname: str, number: int, names: Mapping[str, Any]) -> str:
    if isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.ListComp):
        return f"{argname}{number}"
    if isinstance(value, ast.expr):
        value = value_of(value, names)
    if isinstance(value, str | bytes):
        if len(value) > _LONGEST_TOLD:
            raise UnknownValueError
        return _escaped(value)
    return str(value) if value is None or isinstance(value, int | float | complex) else f"{argname}{number}"


def _escaped(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode("unicode_escape")
    return raw.decode("ascii", "backslashreplace").translate(_ESCAPED)


def _unique(ids: list[str]) -> list[str]:
    """Number those that are there more than once, as pytest does."""
    counts, numbered, taken = Counter(ids), Counter[str](), set(ids)
    unique: list[str] = []
    for each in ids:
        new = each
        while counts[each] > 1 and new in taken:
            new = f"{each}{'_' if each[-1:].isdigit() else ''}{numbered[each]}"
            numbered[each] += 1
        taken.add(new)
        unique.append(new)
    return unique
