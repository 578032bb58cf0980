"""The plan for a suite of pytest-recording: what moves, what is rewritten, and what is left to the user.

A test moves with all its marks or not at all, as a test with marks of both plugins is an error. So a mark that stays
keeps all tests that have it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.adopt.config import Config
from pytest_interactions.commands.adopt.places import Places
from pytest_interactions.commands.adopt.sources import Left
from pytest_interactions.commands.adopt.static import UnknownValueError
from pytest_interactions.commands.adopt.suite import CONFIG, DEFAULT, DIRECTORY, VCR, Function, Module, fixture_name
from pytest_interactions.commands.adopt.translating import Translation, literal
from pytest_interactions.commands.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.commands.adopt.moves import Moves
    from pytest_interactions.commands.adopt.project import Project
    from pytest_interactions.commands.adopt.suite import Mark, Test

Move = tuple[Path, Path]


class Recording:
    """A suite of pytest-recording.

    Args:
        project: The project.
        modules: Its files, by their paths.
        moves: The cassettes on their way.
    """

    def __init__(self, project: Project, modules: dict[Path, Module], moves: Moves) -> None:
        self._project, self._modules, self._moves = project, modules, moves
        self.tests = [test for module in modules.values() for test in module.tests]
        self._covered: dict[Mark, list[Test]] = {}
        for test in self.tests:
            for mark in test.marks:
                self._covered.setdefault(mark, []).append(test)
        self._places = Places(project, self._fixture)
        self._stays: set[Test] = set()
        self._names: dict[Mark, str] = {}
        self._translations: dict[Mark, Translation] = {}
        self._configs: dict[Module, Config] = {}
        self._olds: dict[Test, set[Path]] = {}
        self._moving: dict[Test, list[Move]] = {}
        self.left: set[Left] = set()

    def read(self) -> None:
        """Find the old cassettes of all tests, and read them."""
        self._stay_by_fixtures()
        with progress(self.tests, _name) as tests:
            for test in tests:
                self._read(test)

    def _read(self, test: Test) -> None:
        try:
            self._places.directory(test.module)
            named = [each for mark in test.naming() for each in self._named(test, mark)]
        except UnknownValueError:
            where, function = self._fixture(test.module, DIRECTORY) or (test.module, test.function)
            text = f"where the cassettes are can't be read here: move them below {self._project.cassettes} by hand"
            self._stay(test, Left(where.path, function.lineno, text))
            return
        self._olds[test] = {*(old for _, old in named), *(old for old, _ in self._places.own(test))}
        for old in sorted(self._olds[test]):
            if old.is_file():
                self._moves.read(old)

    def plan(self) -> None:
        """Decide on each test."""
        for module in self._modules.values():
            function = module.fixtures.get(CONFIG)
            tests = self._below(module)
            if function and tests:
                config = self._configs[module] = Config(module, function, self._moves.origins)
                self.left.update(config.left)
                self._stays.update(() if config.is_readable else tests)
        for mark in self._covered:
            self._translate(mark)
        with progress(self.tests, _name) as planned:  # the cassettes of each are redacted, to see if they can be
            for test in planned:
                if test not in self._stays:
                    self._moving[test] = list(self._moves_of(test))
        self._keep_together()

    def moving(self) -> list[Move]:
        """Return the moves of all tests that move."""
        moves = (move for test, each in self._moving.items() if test not in self._stays for move in each)
        return list(dict.fromkeys(moves))

    def needed(self) -> set[Path]:
        """Return the old cassettes of the tests that stay."""
        stay = {old for test, olds in self._olds.items() if test in self._stays for old in olds}
        return stay | {new for _, new in self.moving()}

    def unused(self) -> Iterator[Path]:
        """Yield the files in old directories that are of no test."""
        known = set().union(*self._olds.values())
        directories = {self._places.directory(test.module) for test in self._olds}
        for directory in sorted(directories):
            if not directory.is_relative_to(self._project.cassettes):
                yield from (file for file in self._places.files(directory) if file not in known)

    def edit(self) -> None:
        """Put the edits into the files."""
        for mark, tests in self._covered.items():
            if not self._stays.issuperset(tests):
                self._rewrite(mark)
        for module, config in self._configs.items():
            tests = self._below(module)
            if not self._stays.issuperset(tests):
                config.edit(keep=not self._stays.isdisjoint(tests))
        for module in self._modules.values():
            function = module.fixtures.get(DIRECTORY)
            tests = self._below(module)
            if function and tests and self._stays.isdisjoint(tests) and not self._is_asked_for(DIRECTORY):
                edit = module.source.without_lines(*module.source.whole(function), blank=True)
                module.source.edits.append(edit)

    # --- who stays ---

    def _stay(self, test: Test, left: Left) -> None:
        self._stays.add(test)
        self.left.add(left)

    def _stay_by_fixtures(self) -> None:
        """Keep the tests that need a fixture of pytest-recording's."""
        for module in self._modules.values():
            tests = self._below(module)
            for function, left in module.asked_for():
                for test in tests:
                    if fixture_name(function) or test.function is function:
                        self._stay(test, left)
            for function in module.methods():
                text = f"{fixture_name(function)} is a method, which is not read: make it a function of the module"
                for test in tests:
                    self._stay(test, Left(module.path, function.lineno, text))
            own = module.fixtures.get("default_cassette_name")
            for test in tests if own else ():
                text = "this names the cassettes in its own way: name each with @pytest.mark.interactions(...)"
                self._stay(test, Left(module.path, own.lineno if own else 1, text))

    def _keep_together(self) -> None:
        """Keep the tests of marks that stay, and the marks of tests that stay, until nothing changes."""
        before = -1
        while before != len(self._stays):
            before = len(self._stays)
            for mark, tests in self._covered.items():
                staying = self._stays.intersection(tests)
                if staying and len(staying) < len(tests):
                    name = next(test.name for test in tests if test in staying)
                    for test in tests:
                        text = f"this mark {mark.kind} stays with all its tests, as {name} can't be moved"
                        self._stay(test, Left(mark.source.path, mark.line, text))

    # --- fixtures ---

    def _fixture(self, module: Module, name: str) -> tuple[Module, Function] | None:
        """Return the fixture that the tests of a module get by this name, and its module."""
        conftests = (directory / "conftest.py" for directory in module.path.parents)
        for path in (module.path, *conftests):
            found = self._modules.get(path)
            if found and name in found.fixtures:
                return found, found.fixtures[name]
        return None

    def _below(self, module: Module) -> list[Test]:
        """Return the tests that may get the fixtures of a module."""
        if module.path.name != "conftest.py":
            return module.tests
        return [test for test in self.tests if test.module.path.is_relative_to(module.path.parent)]

    def _is_asked_for(self, name: str) -> bool:
        functions = (function for module in self._modules.values() for function in module.source.functions)
        return any(argument.arg == name for function in functions for argument in function.args.args)

    # --- marks ---

    def _named(self, test: Test, mark: Mark) -> list[tuple[str, Path]]:
        """Return the cassettes that a mark names; a name that can't be read keeps the test."""
        self._places.directory(test.module)
        try:
            return self._places.named(mark, test.module)
        except UnknownValueError:
            text = f"the name in this mark {mark.kind} can't be read here: write it as a text"
            self._stay(test, Left(mark.source.path, mark.line, text))
            return []

    def _translate(self, mark: Mark) -> None:
        keywords = mark.call.keywords if mark.call else []
        given = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
        module = self._covered[mark][0].module
        self._translations[mark] = translation = Translation(given, mark.source, module.names, self._moves.origins)
        left = [Left(mark.source.path, node.lineno, f"this mark stays: {text}") for node, text in translation.left]
        if len(given) < len(keywords):
            left.append(Left(mark.source.path, mark.line, "this mark stays: its arguments can't be read here"))
        if mark.is_nested and mark.arguments:
            text = "this mark stays: it names the cassette of one parameter set; write a test for each cassette"
            left.append(Left(mark.source.path, mark.line, text))
        if mark in module.idle:
            text = f"this mark {mark.kind} stays: it has tests without a mark vcr too; give it to the others alone"
            left.append(Left(mark.source.path, mark.line, text))
        for each in left:
            for test in self._covered[mark]:
                self._stay(test, each)

    def _moves_of(self, test: Test) -> Iterator[Move]:
        """Yield the moves of a test's cassettes; a problem keeps the test."""
        named = [(mark, *each) for mark in test.naming() for each in self._places.named(mark, test.module)]
        line = next((mark.line for mark, _, _ in named), test.function.lineno)
        for old, new in self._pairs(test, named, line):
            problem = self._moves.problem(old, new)
            if problem:
                self._stay(test, Left(test.module.path, line, problem))
            yield old, new

    def _pairs(self, test: Test, named: list[tuple[Mark, str, Path]], line: int) -> list[Move]:
        """Return a test's old files with their new paths, and remember the name that a mark gives."""
        own = [] if test.of_kind(DEFAULT) else list(self._places.own(test))
        olds = {old for _, _, old in named}
        others = [each for each in own if each[0] not in olds]
        if len(olds) > 1 or (others and any(map(Path.is_file, olds))):
            text = (
                "this test plays several cassettes, and here it is one: put their exchanges into one file, and name it"
            )
            self._stay(test, Left(test.module.path, line, text))
            return []
        if not named or self._is_nobodys(named[0][0], olds, others):
            return [(old, self._places.own_path(test, name)) for old, name in own]
        for mark, value, _ in named:
            self._names[mark] = name = self._places.name(value, test.module)
        found = [old for old, _ in others] or [old for old in olds if old.is_file()]
        return [(old, self._places.named_path(name)) for old in found]

    def _is_nobodys(self, mark: Mark, olds: set[Path], others: list[tuple[Path, str]]) -> bool:
        """Return whether a mark names no file, and its tests have files of their own: more than the name can be for.

        pytest-recording only reads the file that a mark `vcr` names, and records into the test's own.
        """
        tests = self._covered[mark]
        has_own = any(self._olds.get(each, olds) - olds for each in tests)
        is_several = len(tests) > 1 or len(others) > 1
        return mark.kind == VCR and is_several and has_own and not any(map(Path.is_file, olds))

    def _rewrite(self, mark: Mark) -> None:
        source, end = mark.source, mark.source.span(mark.node)[1]
        beside = self._beside(mark)
        if mark.kind == DEFAULT and beside:
            assert mark.decorator is not None  # noqa: S101 - `_beside` has both decorate one function
            source.edits.append(source.without_lines(*source.span(mark.decorator)))
            return
        source.edits.append((end - len(mark.kind), end, "interactions"))
        name = self._names.get(beside if beside and beside.kind == DEFAULT else mark)
        call = mark.call
        if call is None:
            source.edits.extend([(end, end, f"({literal(name)})")] if name else [])
            return
        new = self._translations[mark].new
        arguments: list[list[str]] = [[] for _ in call.args]
        added = [literal(name)] if name else []
        if arguments:
            arguments[0] = added
        arguments += [[f"{option}={text}" for option, text in new[keyword.arg or ""]] for keyword in call.keywords]
        if added and not call.args and call.keywords:
            arguments[0] = [*added, *arguments[0]]
        more = [] if call.args or call.keywords else added
        source.edits += source.rewritten(source.opening(end), source.span(call)[1] - 1, arguments, more)

    def _beside(self, mark: Mark) -> Mark | None:
        """Return the mark `default_cassette` on the function of a mark `vcr` without a name, or the other way round."""
        for other in self._covered:
            if other.kind != mark.kind and other.function is not None and other.function is mark.function:
                return None if (mark.arguments if mark.kind == VCR else other.arguments) else other
        return None


def _name(test: Test) -> str:
    return test.function.name
