"""What may differ in the arguments of calls, as a test says it: by names, by modes, by functions of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.errors import OptionError, closest

if TYPE_CHECKING:
    from pytest_interactions.api.expected.messages import Called

#: Whether a value that was received may stand for the one that was expected, in this order.
Compare = Callable[[Any, Any], bool]
#: What `tolerate` takes.
Tolerate = str | Iterable[str] | Mapping[str, str | Compare]


def _subset(expected: Any, received: Any) -> bool:
    """Return whether all that was received was expected."""
    if isinstance(expected, dict) and isinstance(received, dict):
        return all(name in expected and expected[name] == value for name, value in received.items())
    if isinstance(expected, list) and isinstance(received, list):
        return all(item in expected for item in received)
    return bool(expected == received)


def _superset(expected: Any, received: Any) -> bool:
    """Return whether all that was expected was received."""
    return _subset(received, expected)


def _exact(expected: Any, received: Any) -> bool:
    return bool(expected == received)


def _ignore(_expected: Any, _received: Any) -> bool:
    return True


#: What is compared of arguments, by the names of agentevals' `tool_args_match_mode`.
MODES: Final[Mapping[str, Compare]] = {
    "exact": _exact,
    "ignore": _ignore,
    "subset": _subset,
    "superset": _superset,
}


class _Rule(NamedTuple):
    """A rule for the arguments at `path`, and all of them at an empty one, of the tool `tool`, or of each tool."""

    tool: str | None
    path: tuple[str, ...]
    compare: Compare


class Tolerance:
    """What may differ in the arguments of calls.

    A name is that of a tool (`get_weather`: all of its arguments), of an argument in it (`get_weather.city`,
    `get_weather.place.city`), or of an argument in any tool (`city`). In a list it is that of each item.
    """

    def __init__(self, given: Tolerate | None = None) -> None:
        """Take what a test says: a mode for all arguments, names of what may differ, or a mapping of names to rules.

        Raises:
            OptionError: It is none of these.
        """
        self._all: Compare = _exact
        self._given: dict[str, Compare] = {}
        self._rules: list[_Rule] = []
        if isinstance(given, str) and given in MODES:
            self._all = MODES[given]
        elif isinstance(given, Mapping):
            self._given = {_name(name): _compare(name, rule) for name, rule in given.items()}
        elif given is not None:
            self._given = dict.fromkeys(map(_name, _names(given)), _ignore)

    def learn(self, calls: Iterable[Called]) -> None:
        """Find out what the names stand for among all calls that were expected or received.

        Raises:
            OptionError: A name stands for nothing.
        """
        known = _Known(calls) if self._given else None
        self._rules = []
        for name, compare in self._given.items():
            found = [_Rule(tool, path, compare) for tool, path in known.meant_by(name)] if known else []
            if known and not found:
                raise OptionError(known.unknown(name))
            self._rules += found

    def fits(self, expected: Called, received: Called) -> bool:
        """Return whether a call is the one that was expected, but for what may differ."""
        if not self._rules and self._all is _exact:
            return expected == received
        return expected.tool == received.tool and self.compared(expected, received).fits

    def compared(self, expected: Called, received: Called) -> Compared:
        """Return what counts of the arguments of two calls of one tool: without that which may differ, and does."""
        old, new, whole, fits = expected.arguments, received.arguments, self._all, True
        for rule in self._rules:
            if rule.tool not in (None, expected.name):
                continue
            if not rule.path:
                whole = rule.compare
            elif _may_differ(rule, old, new):
                old, new = _without(old, rule.path), _without(new, rule.path)
            else:
                fits = False
        return Compared(fits and bool(whole(old, new)), *_told(whole, old, new))


class Compared(NamedTuple):
    """What counts of the arguments of two calls, and whether the one may stand for the other."""

    fits: bool
    expected: Any
    received: Any


def _may_differ(rule: _Rule, old: Any, new: Any) -> bool:
    if rule.compare is _ignore:
        return True
    before, after = list(_at(old, rule.path)), list(_at(new, rule.path))
    return len(before) == len(after) and all(map(rule.compare, before, after))


def _told(whole: Compare, old: Any, new: Any) -> tuple[Any, Any]:
    """Return arguments without those that only one call may have."""
    if isinstance(old, dict) and isinstance(new, dict):
        if whole is _subset:
            old = {name: value for name, value in old.items() if name in new}
        if whole is _superset:
            new = {name: value for name, value in new.items() if name in old}
    return old, new


# --- what a test says ---


def _names(given: Any) -> Iterable[Any]:
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise OptionError(
            f"tolerate: {given!r} is neither a list of names, nor a mapping of names to rules, nor one of "
            f"{', '.join(MODES)}."
        )
    return given


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise OptionError(f"tolerate: {name!r} is no name of a tool or an argument.")
    return name


def _compare(name: str, rule: Any) -> Compare:
    if callable(rule):
        return _guarded(name, rule)
    if isinstance(rule, str) and rule in MODES:
        return MODES[rule]
    near = closest(rule, MODES)
    hint = f"; did you mean {near!r}?" if near else "."
    raise OptionError(
        f"tolerate: {rule!r} for {name!r} is neither one of {', '.join(MODES)} nor a function of what was expected and "
        f"what was received{hint}"
    )


def _guarded(name: str, function: Compare) -> Compare:
    """Return a function of a test's, of whose own failures it is told where they are."""

    def compare(expected: Any, received: Any) -> bool:
        try:
            return bool(function(expected, received))
        except Exception as error:
            raise OptionError(f"tolerate: the function for {name!r} raised {type(error).__name__}: {error}") from error

    return compare


# --- what names stand for ---


class _Known:
    """The tools that were called, and the paths of their arguments."""

    def __init__(self, calls: Iterable[Called]) -> None:
        self._arguments: dict[str, list[Any]] = {}
        for call in calls:
            self._arguments.setdefault(call.name, []).append(call.arguments)

    @cached_property
    def _paths(self) -> dict[str, set[tuple[str, ...]]]:
        paths: dict[str, set[tuple[str, ...]]] = {}
        for tool, arguments in self._arguments.items():
            paths[tool] = set().union(*map(_paths_in, arguments))
        return paths

    def meant_by(self, name: str) -> list[tuple[str | None, tuple[str, ...]]]:
        """Return the tools and paths that a name stands for; no tool for all of them."""
        all_paths = set().union(*self._paths.values())
        meant: list[tuple[str | None, tuple[str, ...]]] = [(None, path) for path in all_paths if name == ".".join(path)]
        for tool, paths in self._paths.items():
            if name == tool:
                meant.append((tool, ()))
            elif name.startswith(f"{tool}."):
                meant += [(tool, path) for path in paths if name == f"{tool}.{'.'.join(path)}"]
        return meant

    def unknown(self, name: str) -> str:
        """Say that a name stands for nothing, and which one it may have meant."""
        names = set(self._paths)
        for tool, paths in self._paths.items():
            names |= {f"{tool}.{'.'.join(path)}" for path in paths} | {".".join(path) for path in paths}
        near = closest(name, sorted(names))
        tools = f"Tools that were called: {', '.join(sorted(self._paths))}." if self._paths else "No tool was called."
        return (
            f"tolerate: {name!r} is no tool that was called, and no argument of one, neither in the snapshot nor in "
            f"this run{f'; did you mean {near!r}?' if near else '.'} {tools}"
        )


def _paths_in(value: Any) -> set[tuple[str, ...]]:
    """Return the paths of all that is in a value, those in the items of a list as if they were its own."""
    if isinstance(value, list):
        return set().union(*map(_paths_in, value))
    paths: set[tuple[str, ...]] = set()
    for name, item in value.items() if isinstance(value, dict) else ():
        paths |= {(name,)} | {(name, *path) for path in _paths_in(item)}
    return paths


def _at(value: Any, path: tuple[str, ...]) -> Iterable[Any]:
    """Yield what is at a path, in each item of a list; nothing where there is nothing."""
    if not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _without(value: Any, path: tuple[str, ...]) -> Any:
    """Return a value without what is at a path."""
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: item for name, item in value.items() if name != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}
