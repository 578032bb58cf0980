"""`vcr.use_cassette(...)` in code as `pytest_interactions.use_cassette(...)`."""

from __future__ import annotations

import ast
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.cassette.messages import OF_VCRPY, of_vcrpy
from pytest_interactions.commands.adopt.sources import Left
from pytest_interactions.commands.adopt.static import UnknownValueError, value_of
from pytest_interactions.commands.adopt.suite import Function
from pytest_interactions.commands.adopt.translating import Translation, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.commands.adopt.suite import Module

_PACKAGE: Final = "pytest_interactions"
_USE: Final = "use_cassette"


class _LeftError(Exception):
    """A call that can't be translated; the message says why, and what to do."""


class _Recorder:
    """An object that opens cassettes: the module `vcr`, or a `vcr.VCR(...)` of the file."""

    def __init__(self, statement: ast.stmt | None = None, call: ast.Call | None = None) -> None:
        self.statement = statement
        self.options = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg} if call else {}
        self.is_readable = call is None or (not call.args and len(self.options) == len(call.keywords))


class _Use:
    """One call that opens a cassette.

    Attributes:
        path: The cassette's file, relative to the directory of the run, if it can be told.
        text: The new argument that gives it.
    """

    def __init__(self, call: ast.Call, recorder: _Recorder, module: Module) -> None:
        self.call, self.recorder = call, recorder
        self._module = module
        self.names = module.names_at(call)
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if not recorder.is_readable or len(given) < len(call.keywords) or len(call.args) > 1:
            raise _LeftError("its arguments can't be read here; open the cassette by pytest_interactions.use_cassette")
        self.options = {**recorder.options, **given}
        given_path = self.options.pop("path", None)
        self.argument = call.args[0] if call.args else given_path
        directory, suffix = self.options.pop("cassette_library_dir", None), self._suffix()
        self.path, self.text = self._plain() if directory is None and not suffix else self._joined(directory, suffix)

    def _suffix(self) -> str:
        """Return the suffix that the path gets."""
        match self.options.pop("path_transformer", None):
            case None:
                return ""
            case ast.Call(func=ast.Attribute(attr="ensure_suffix"), args=[ast.Constant(value=str() as suffix)]):
                return suffix
        raise _LeftError("path_transformer has no like; give each cassette its whole path")

    def _plain(self) -> tuple[Path | None, str]:
        if self.argument is None:
            raise _LeftError("it names the cassette after the function; give it the cassette's path")
        value = self._told(self.argument)
        return value if value is None else Path(value), self._module.source.segment(self.argument)

    def _joined(self, directory: ast.expr | None, suffix: str) -> tuple[Path, str]:
        value = self._decorated() if self.argument is None else self._told(self.argument)
        start = "" if directory is None else self._told(directory)
        if value is None or start is None:
            raise _LeftError("its path can't be put together here; give it the cassette's whole path")
        path = str(value) if str(value).endswith(suffix) else f"{value}{suffix}"
        if directory is None or path.startswith(str(start)):
            return Path(path), literal(path)
        if isinstance(directory, ast.Constant):
            return Path(start, path), literal(posixpath.join(str(start), path))
        text = self._module.source.segment(directory)
        return Path(start, path), f"{text} / {literal(path)}" if isinstance(
            start, Path
        ) else f"{text} + {literal(f'/{path}')}"

    def _told(self, value: ast.expr) -> str | Path | None:
        try:
            told = value_of(value, self.names)
        except UnknownValueError:
            return None
        return told if isinstance(told, str | Path) else None

    def _decorated(self) -> str | None:
        """Return the name of the function that the call decorates."""
        parent = self._module.source.parents[self.call]
        return parent.name if isinstance(parent, Function) and self.call in parent.decorator_list else None


class Plain:
    """The cassettes that one file opens by vcrpy itself."""

    def __init__(self, module: Module, root: Path) -> None:
        self._module, self._source, self._root = module, module.source, root
        self._nodes = list(ast.walk(module.source.tree))
        self._imports = [
            node for node in self._nodes if isinstance(node, ast.Import | ast.ImportFrom) and _of_vcr(node)
        ]
        self._recorders = dict(self._found())
        self._functions = {
            alias.asname or alias.name
            for statement in self._imports
            for alias in statement.names
            if isinstance(statement, ast.ImportFrom) and alias.name == _USE
        }
        self.left = set(self._strays())
        #: What is wrong with a cassette, by its path.
        self.problems: dict[Path, str] = {}
        self._uses: list[_Use] = []
        self._translated: set[ast.AST] = set()
        for node in self._nodes:
            recorder = self._recorder(node)
            if recorder:
                self._add(node, recorder)

    @property
    def path(self) -> Path:
        """Return the file."""
        return self._module.path

    def found(self) -> list[Path]:
        """Return the cassettes that are opened, as far as their paths can be told and they are there."""
        return [path for use in self._uses if (path := self._whole(use)) and path.is_file()]

    def cassettes(self) -> list[Path]:
        """Return those whose calls are translated."""
        translated = [self._whole(use) for use in self._uses if use.call.func in self._translated]
        return [path for path in self.found() if path in translated]

    def translate(self, origins: Iterable[str], foreign: Iterable[bytes]) -> None:
        """Translate the calls, and what they stand on where that has no other use.

        Args:
            origins: The origins of all recorded requests.
            foreign: The texts of the other files, which may use a name of this one.
        """
        for use in self._uses:
            try:
                self._edit(use, origins)
            except _LeftError as error:
                self._leave(use.call, str(error))
        if self._translated:
            others = b"\n".join(foreign)
            dropped = (self._drop(name, recorder, others) for name, recorder in self._recorders.items())
            self._import([statement for statement in dropped if statement])

    # --- reading ---

    def _found(self) -> Iterator[tuple[str, _Recorder]]:
        for statement in self._imports:
            for alias in statement.names:
                if isinstance(statement, ast.Import) and alias.name == "vcr":
                    yield alias.asname or "vcr", _Recorder()
        for node in self._source.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function) as call):
                    if getattr(function, "attr", getattr(function, "id", "")) == "VCR":
                        yield name, _Recorder(node, call)

    def _recorder(self, node: ast.AST) -> _Recorder | None:
        """Return what opens a cassette here; `None` if the node opens none."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="use_cassette") if name in self._recorders:
                return None if name in self._module.bound_at(node) else self._recorders[name]
            case ast.Name(id=name, ctx=ast.Load()) if name in self._functions:
                return _Recorder()
        return None

    def _strays(self) -> Iterator[Left]:
        for statement in self._imports:
            if isinstance(statement, ast.ImportFrom) and statement.module == "vcr.unittest":
                text = "vcr.unittest has no like: open each test's cassette by pytest_interactions.use_cassette"
                yield Left(self._module.path, statement.lineno, text)
        for node in self._nodes:
            by = ast.unparse(node.value) if isinstance(node, ast.Attribute) and node.attr == _USE else ""
            if isinstance(node, ast.Attribute) and "vcr" in by.lower() and not self._recorder(node):
                text = f"which cassettes {by} opens can't be told here: use pytest_interactions.use_cassette"
                yield Left(self._module.path, node.lineno, text)

    def _add(self, node: ast.AST, recorder: _Recorder) -> None:
        call = self._source.parents[node]
        if not isinstance(call, ast.Call) or call.func is not node:
            self._leave(node, "it names the cassette after the function; give it the cassette's path")
            return
        try:
            self._uses.append(_Use(call, recorder, self._module))
        except _LeftError as error:
            self._leave(call, str(error))

    def _leave(self, node: ast.AST, text: str) -> None:
        self.left.add(Left(self._module.path, getattr(node, "lineno", 1), f"this use_cassette stays: {text}"))

    # --- editing ---

    def _whole(self, use: _Use) -> Path | None:
        return use.path and self._root / use.path

    def _edit(self, use: _Use, origins: Iterable[str]) -> None:
        source, call = self._source, use.call
        problem = self.problems.get(self._whole(use) or self._root)
        if problem:
            raise _LeftError(problem)
        for name in self._asked_of(call):
            raise _LeftError(of_vcrpy(name))
        translation = Translation(use.options, source, use.names, origins)
        if translation.left:
            raise _LeftError(translation.left[0][1])
        arguments = [[use.text]] if call.args else []
        own = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        for name in own:
            new = [("path", use.text)] if name == "path" else translation.new.get(name, [])
            arguments.append([f"{option}={text}" for option, text in new])
        more = [] if use.argument is not None else [f"path={use.text}"]
        inherited = (options for name, options in translation.new.items() if name not in own)
        more += [f"{option}={text}" for options in inherited for option, text in options]
        more += [] if "record_mode" in use.options else ['record_mode="once"']
        func = source.span(call.func)
        opening = source.opening(func[1])
        source.edits += source.rewritten(opening, source.span(call)[1] - 1, arguments, more)
        source.edits.append((*func, f"{_PACKAGE}.{_USE}"))
        self._translated.update(ast.walk(call.func))
        if use.path is None:
            text = "which cassette this is can't be read here: run pytest-interactions redact on it"
            self.left.add(Left(self._module.path, call.lineno, text))

    def _asked_of(self, call: ast.Call) -> Iterator[str]:
        """Yield what is asked of the open cassette that only vcrpy's has."""
        item = self._source.parents[call]
        name = (
            item.optional_vars.id if isinstance(item, ast.withitem) and isinstance(item.optional_vars, ast.Name) else ""
        )
        around: ast.AST = item
        while not isinstance(around, Function | ast.Module):
            around = self._source.parents[around]
        for node in ast.walk(around):
            match node:
                case ast.Attribute(value=ast.Name(id=asked), attr=attribute) if asked == name and attribute in OF_VCRPY:
                    yield attribute

    def _drop(self, name: str, recorder: _Recorder, others: bytes) -> ast.stmt | None:
        """Delete the statement that makes a recorder which nobody uses any more."""
        statement = recorder.statement
        if statement is None or self._is_used(name, statement) or name.encode() in others:
            return None
        self._source.edits.append(self._source.without_lines(*self._source.span(statement)))
        return statement

    def _import(self, gone: list[ast.stmt]) -> None:
        """Import this package in place of vcrpy or, where that has other uses, after it."""
        ours = any(isinstance(node, ast.Import) and node.names[0].name == _PACKAGE for node in self._source.tree.body)
        for statement in self._imports:
            start, end = self._source.span(statement)
            is_alone = all("vcr" in {alias.name, getattr(statement, "module", "")} for alias in statement.names)
            is_used = any(self._is_used(alias.asname or alias.name, *gone) for alias in statement.names)
            if is_alone and not is_used:
                replaced = self._source.without_lines(start, end) if ours else (start, end, f"import {_PACKAGE}")
                self._source.edits.append(replaced)
            elif not ours:
                self._source.edits.append((end, end, f"\n{' ' * statement.col_offset}import {_PACKAGE}"))

    def _is_used(self, name: str, *gone: ast.stmt) -> bool:
        """Return whether a name has a use that was not translated, and is not in a statement that is gone."""
        ignored = self._translated.union(node for statement in gone for node in ast.walk(statement))
        return any(isinstance(node, ast.Name) and node.id == name and node not in ignored for node in self._nodes)


def _of_vcr(statement: ast.Import | ast.ImportFrom) -> bool:
    module = getattr(statement, "module", None) or ""
    return module.partition(".")[0] == "vcr" or any(alias.name == "vcr" for alias in statement.names)
