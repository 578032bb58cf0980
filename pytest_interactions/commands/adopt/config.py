"""The fixture `vcr_config` as `interactions_config`: renamed and its options translated, in place or beside it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_interactions.commands.adopt.sources import Left, applied
from pytest_interactions.commands.adopt.suite import CONFIG, Function
from pytest_interactions.commands.adopt.translating import Option, Translation, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.commands.adopt.sources import Edit, Source
    from pytest_interactions.commands.adopt.suite import Module

OURS = "interactions_config"


class Config:
    """One fixture `vcr_config`, translated.

    Attributes:
        is_readable: Whether its options can be read, or there is a fixture of ours already.
        left: What can't be translated.
    """

    def __init__(self, module: Module, function: Function, origins: Iterable[str]) -> None:
        self._source: Source = module.source
        self._function = function
        self._edits: list[Edit] = []
        self.left: list[Left] = []
        self.has_ours = OURS in module.fixtures
        self.is_readable = self.has_ours
        if not self.has_ours:
            self._translate(module, sorted(origins))

    def edit(self, *, keep: bool) -> None:
        """Put the translated fixture in place of the old one, or after it if that is still needed."""
        if self.has_ours:
            return
        if keep:
            start, end = self._source.whole(self._function)
            copy = applied(self._source.text, self._edits, start, end)
            self._source.edits.append((end, end, f"\n\n\n{copy}"))
        else:
            self._source.edits += self._edits

    def _translate(self, module: Module, origins: list[str]) -> None:
        returns = [node for node in _own(self._function) if isinstance(node, ast.Return)]
        value = returns[0].value if len(returns) == 1 else None
        found = self._assigned(value) if isinstance(value, ast.Name) else value
        given = _given(found)
        if found is None or given is None:
            text = (
                f"what {CONFIG} returns can't be read here: write a fixture {OURS} that returns this package's options"
            )
            self.left.append(Left(self._source.path, self._function.lineno, text))
            return
        self.is_readable = True
        options = {name: each for name, each in given if name}
        translation = Translation(options, self._source, module.names_at(found), origins)
        self.left += (Left(self._source.path, each.lineno, text) for each, text in translation.left)
        new = [None if name is None else _written(translation.new[name], found) for name, _ in given]
        opening, closing = self._brackets(found)
        self._edits += self._source.rewritten(opening, closing, new)
        self._rename()

    def _brackets(self, found: ast.expr) -> tuple[int, int]:
        start, end = self._source.span(found)
        after = self._source.span(found.func)[1] if isinstance(found, ast.Call) else start
        return self._source.opening(after), end - 1

    def _assigned(self, name: ast.Name) -> ast.expr | None:
        """Return what the function assigns to the name that it returns, if it does nothing else with it."""
        parents = self._source.parents
        uses = [node for node in ast.walk(self._function) if isinstance(node, ast.Name) and node.id == name.id]
        values = [parent.value for node in uses if isinstance(parent := parents[node], ast.Assign)]
        return values[0] if len(values) == 1 and len(uses) == len({"assigned", "returned"}) else None

    def _rename(self) -> None:
        """Rename the fixture, and the one that it extends."""
        decorators = [node for decorator in self._function.decorator_list for node in ast.walk(decorator)]
        named = [node for node in decorators if isinstance(node, ast.Constant) and node.value == CONFIG]
        self._edits += ((*self._source.span(node), literal(OURS)) for node in named)
        if self._function.name == CONFIG:
            self._edits.append((*self._source.name(self._function), OURS))
        for node in ast.walk(self._function):
            if isinstance(node, ast.Name) and node.id == CONFIG:
                self._edits.append((*self._source.span(node), OURS))
            elif isinstance(node, ast.arg) and node.arg == CONFIG:
                start, _ = self._source.span(node)
                self._edits.append((start, start + len(CONFIG), OURS))


def _own(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, but not those of the functions in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _given(value: ast.expr | None) -> list[tuple[str | None, ast.expr]] | None:
    """Return the options of a dict and their values, in order; those of the fixture that it extends have no name.

    Where they can't be read there is `None`.
    """
    if isinstance(value, ast.Dict):
        keys = [each.value if isinstance(each, ast.Constant) else each for each in value.keys]
        pairs = list(zip(keys, value.values, strict=True))
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        pairs = [*((ast.Name("") if not _extends(each) else None, each) for each in value.args)]
        pairs += [(each.arg, each.value) for each in value.keywords]
    else:
        return None
    given: list[tuple[str | None, ast.expr]] = []
    for key, each in pairs:
        if isinstance(key, str):
            given.append((key, each))
        elif key is None and _extends(each):
            given.append((None, each))
        else:
            return None
    return given


def _extends(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == CONFIG


def _written(options: Iterable[Option], around: ast.expr) -> list[str]:
    if isinstance(around, ast.Dict):
        return [f'"{name}": {text}' for name, text in options]
    return [f"{name}={text}" for name, text in options]
