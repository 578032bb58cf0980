"""The values of expressions that can be told without running them: texts, paths, numbers and lists of these."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnknownValueError(Exception):
    """The value of an expression hangs on more than its file."""


class _LocalPath(str):
    """The path of a file as pytest's `fspath` gives it: a text with the attributes of py.path."""

    __slots__ = ()

    @property
    def dirname(self) -> str:
        return str(Path(self).parent)

    @property
    def basename(self) -> str:
        return Path(self).name

    @property
    def purebasename(self) -> str:
        return Path(self).stem


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float | Path):
        raise UnknownValueError
    return str(value)


_OS: Final = SimpleNamespace(
    fspath=os.fspath,
    sep=os.sep,
    path=SimpleNamespace(
        **{
            name: getattr(os.path, name)
            for name in ("abspath", "basename", "dirname", "join", "normpath", "realpath", "split", "splitext")
        }
    ),
)
_BUILTIN: Final[Mapping[str, Any]] = {
    "os": _OS,
    "Path": Path,
    "pathlib": SimpleNamespace(Path=Path),
    "str": _text,
}
#: The attributes that may be asked for: of paths and texts, of the names above, and of pytest's `request`.
_ATTRIBUTES: Final = frozenset(
    {
        *("parent", "parents", "name", "stem", "suffix", "joinpath", "resolve", "absolute", "with_suffix", "with_name"),
        *("as_posix", "removeprefix", "removesuffix", "replace", "strip", "lower", "upper", "format"),
        *("fspath", "sep", "path", "Path", *vars(_OS.path)),
        *("node", "module", "dirname", "purebasename", "basename", "__name__", "__file__"),
        *("config", "rootpath", "rootdir"),
    }
)


def names_of(tree: ast.Module, path: Path) -> dict[str, Any]:
    """Return the names of a module whose values can be told."""
    names: dict[str, Any] = {**_BUILTIN, "__file__": str(path), "__name__": path.stem}
    for statement in tree.body:
        _assign(statement, names)
    return names


def request_at(path: Path, root: Path) -> Any:
    """Return what can be told of pytest's `request` in a fixture of the module at `path`, below the rootdir `root`."""
    config = SimpleNamespace(rootpath=root, rootdir=_LocalPath(root))
    module = SimpleNamespace(__file__=str(path), __name__=path.stem)
    local = _LocalPath(path)
    return SimpleNamespace(
        config=config,
        fspath=local,
        path=path,
        module=module,
        node=SimpleNamespace(fspath=local, path=path, name=path.name),
    )


def returned(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Mapping[str, Any]) -> Any:
    """Return what a function returns that does no more than assign names.

    Raises:
        UnknownValueError: The value can't be told.
    """
    known = dict(names)
    for statement in function.body:
        match statement:
            case ast.Return(value=ast.expr() as value):
                return value_of(value, known)
            case ast.Assign() | ast.Expr(value=ast.Constant()):
                _assign(statement, known)
            case _:
                break
    raise UnknownValueError


def _assign(statement: ast.stmt, names: dict[str, Any]) -> None:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            names.pop(name, None)
            try:
                names[name] = value_of(value, names)
            except UnknownValueError:
                return


def value_of(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return the value of an expression.

    Raises:
        UnknownValueError: The value can't be told.
    """
    try:
        return _value(node, names)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        raise UnknownValueError from None


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911 - a case for each kind of expression
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.Attribute(value=of, attr=name) if name in _ATTRIBUTES:
            return getattr(_value(of, names), name)
        case ast.List(elts=items):
            return [_value(item, names) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, names) for item in items)
        case ast.JoinedStr(values=parts):
            return "".join(_text(_value(part, names)) for part in parts)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _value(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left, names) + _value(right, names)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _value(left, names) / _value(right, names)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.Subscript(value=of, slice=index):
            return _value(of, names)[_value(index, names)]
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _value(function, names)(*(_value(argument, names) for argument in arguments))
    raise UnknownValueError
