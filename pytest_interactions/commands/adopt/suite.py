"""A suite of pytest-recording as its files tell it: tests, their marks, and fixtures of pytest-recording's."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from pytest_interactions.commands.adopt.sources import Definition, Left
from pytest_interactions.commands.adopt.static import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.commands.adopt.sources import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef

VCR: Final = "vcr"
DEFAULT: Final = "default_cassette"
CONFIG: Final = "vcr_config"
DIRECTORY: Final = "vcr_cassette_dir"
#: pytest-recording's fixtures that give a test what there is no more, each with what to use.
_GONE: Final = {
    "vcr": "ask for the fixture interactions, whose exchanges are what was recorded and played",
    "vcr_markers": "read the marks interactions of request.node",
    "default_cassette_name": "the fixture interactions has the path",
    CONFIG: "ask for interactions_config",
    DIRECTORY: "the fixture interactions has the path",
}


@dataclass(eq=False, slots=True)
class Mark:
    """A mark `vcr` or `default_cassette`; `is_nested` says that it is one of a parameter set's."""

    kind: str
    source: Source
    node: ast.Attribute
    call: ast.Call | None
    decorator: ast.expr | None
    is_nested: bool

    @property
    def arguments(self) -> list[ast.expr]:
        """Return the mark's positional arguments."""
        return self.call.args if self.call else []

    @property
    def function(self) -> ast.AST | None:
        """Return what the mark decorates; `None` if it is no decorator."""
        return self.source.parents[self.decorator] if self.decorator else None

    @property
    def line(self) -> int:
        """Return the line of the mark."""
        return self.node.lineno


@dataclass(eq=False, slots=True)
class Test:
    """A test with its marks, the nearest first, and the names of its classes."""

    module: Module
    function: Function
    classes: tuple[ast.ClassDef, ...]
    marks: list[Mark]
    parametrized: list[ast.expr] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the name as the plugin's cassettes have it: `[Class.]test`."""
        return ".".join([*(each.name for each in self.classes), self.function.name])

    @property
    def old_name(self) -> str:
        """Return the name as pytest-recording's cassettes have it, with the innermost class alone."""
        return ".".join([*(each.name for each in self.classes[-1:]), self.function.name])

    def naming(self) -> list[Mark]:
        """Return the marks that may name a cassette of the test's: of the marks `default_cassette` only the nearest."""
        return [*self.of_kind(VCR), *self.of_kind(DEFAULT)[:1]]

    def of_kind(self, kind: str) -> list[Mark]:
        """Return the marks of one kind."""
        return [mark for mark in self.marks if mark.kind == kind]


class Module:
    """What one file has: its tests with a mark `vcr`, its fixtures, and what is to be named."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path: Path = source.path
        self._marks: dict[ast.Attribute, Mark] = {}
        self._classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
        marks = list(self._assigned(source.tree.body))
        parametrized = list(_parametrized(_pytestmark(source.tree.body)))
        found = list(self._tests(source.tree.body, (), marks, parametrized))
        #: The tests that pytest-recording gives a cassette.
        self.tests = [test for test in found if test.of_kind(VCR)]
        #: The marks that tests without a cassette have too.
        self.idle = {mark for test in found if not test.of_kind(VCR) for mark in test.marks}
        #: The fixtures of the module by their names.
        self.fixtures = {
            name: node for node in source.tree.body if isinstance(node, Function) and (name := fixture_name(node))
        }

    @cached_property
    def names(self) -> dict[str, Any]:
        """Return the names of the module whose values can be told."""
        return names_of(self.source.tree, self.path)

    def names_at(self, node: ast.AST) -> dict[str, Any]:
        """Return those of the names that mean the same at a node, which may be in functions with names of their own."""
        own = self.bound_at(node)
        return {name: value for name, value in self.names.items() if name not in own}

    def bound_at(self, node: ast.AST) -> set[str]:
        """Return the names that the functions around a node give a meaning of their own."""
        own: set[str] = set()
        around: ast.AST | None = node
        while around is not None:
            if isinstance(around, Function):
                bound = (each for each in ast.walk(around) if isinstance(each, ast.arg | ast.Name))
                own |= {each.arg if isinstance(each, ast.arg) else each.id for each in bound if not _is_read(each)}
            around = self.source.parents.get(around)
        return own

    def asked_for(self) -> Iterator[tuple[Function, Left]]:
        """Yield each function that asks for a fixture of pytest-recording's that is gone, with what to do."""
        for function in self.source.functions:
            if function.name.startswith("test") or fixture_name(function):
                for argument in function.args.args:
                    if argument.arg in _GONE and argument.arg != fixture_name(function):
                        advice = f"the fixture {argument.arg} is pytest-recording's: {_GONE[argument.arg]}"
                        yield function, Left(self.path, argument.lineno, advice)

    def methods(self) -> Iterator[Function]:
        """Yield the fixtures of a class that say where its cassettes are, or how they are recorded."""
        for function in self.source.functions:
            if fixture_name(function) in {CONFIG, DIRECTORY} and function not in self.fixtures.values():
                yield function

    def rest(self) -> Iterator[Left]:
        """Yield what stands around the tests and is pytest-recording's."""
        for node in ast.walk(self.source.tree):
            if _is_mark(node, VCR) and node not in self._marks:
                text = "which tests get this mark vcr can't be read here: mark them by @pytest.mark.interactions"
                yield Left(self.path, node.lineno, text)
            elif _is_mark(node, "block_network"):
                text = "the mark block_network is pytest-recording's: take it away, a replay refuses all other hosts"
                yield Left(self.path, node.lineno, text)
        for function in self.source.functions:
            if function.name == "pytest_recording_configure":
                text = "the hook pytest_recording_configure is pytest-recording's and has no like: take it away with it"
                yield Left(self.path, function.lineno, text)

    # --- reading ---

    def _tests(
        self,
        body: list[ast.stmt],
        classes: tuple[ast.ClassDef, ...],
        marks: list[Mark],
        parametrized: list[ast.expr],
    ) -> Iterator[Test]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                lineage = list(self._lineage(node))
                own = [mark for each in lineage for mark in self._of(each)]
                own += [mark for each in lineage for mark in self._assigned(each.body)]
                more = [*_parametrized(each for base in lineage for each in base.decorator_list)]
                members = {_name(member): member for base in reversed(lineage) for member in base.body}
                nested = list(members.values())
                yield from self._tests(nested, (*classes, node), own + marks, more + parametrized)
            elif isinstance(node, Function) and not fixture_name(node):
                own = list(self._of(node))
                if own or node.name.startswith("test"):
                    parameters = [*_parametrized(reversed(node.decorator_list)), *parametrized]
                    yield Test(self, node, classes, own + marks, parameters)

    def _lineage(self, node: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """Yield a class and those of its bases that are in this file."""
        yield node
        for base in node.bases:
            found = self._classes.get(base.id) if isinstance(base, ast.Name) else None
            if found and found is not node:
                yield from self._lineage(found)

    def _of(self, node: Definition) -> Iterator[Mark]:
        for decorator in node.decorator_list:
            yield from self._marks_in(decorator, decorator)

    def _assigned(self, body: list[ast.stmt]) -> Iterator[Mark]:
        for value in _pytestmark(body):
            yield from self._marks_in(value, None)

    def _marks_in(self, expression: ast.expr, decorator: ast.expr | None) -> Iterator[Mark]:
        parents = self.source.parents
        for node in ast.walk(expression):
            if _is_mark(node, VCR, DEFAULT):
                parent = parents[node]
                call = parent if isinstance(parent, ast.Call) and parent.func is node else None
                around = parents[call or node]
                nested = isinstance(around, ast.Call | ast.keyword)
                mark = Mark(node.attr, self.source, node, call, None if nested else decorator, nested)
                yield self._marks.setdefault(node, mark)


def fixture_name(function: Function) -> str | None:
    """Return the name of the fixture that a function is; `None` if it is none."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        called = call.func if call else decorator
        if getattr(called, "attr", getattr(called, "id", "")) == "fixture":
            given = (key.value for key in call.keywords if key.arg == "name") if call else iter(())
            return next((str(each.value) for each in given if isinstance(each, ast.Constant)), function.name)
    return None


def _is_mark(node: ast.AST, *kinds: str) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in kinds
        and getattr(node.value, "attr", getattr(node.value, "id", "")) == "mark"
    )


def _is_read(node: ast.arg | ast.Name) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _pytestmark(body: list[ast.stmt]) -> Iterator[ast.expr]:
    """Yield what is assigned to `pytestmark`, item by item."""
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if value is not None and any(isinstance(each, ast.Name) and each.id == "pytestmark" for each in targets):
            yield from value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _parametrized(expressions: Any) -> Iterator[ast.expr]:
    """Yield those of the marks that are `parametrize`."""
    for each in expressions:
        if isinstance(each, ast.Call) and getattr(each.func, "attr", "") == "parametrize":
            yield each


def _name(node: ast.stmt) -> Any:
    """Return the name that a member of a class has; an overridden one is gone."""
    return getattr(node, "name", node)
