"""What a shell asks when the Tab key is pressed: how the words of a command line may go on, told by argcomplete."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.errors import InteractionsError
from pytest_interactions.files.storage import SUFFIXES
from pytest_interactions.options import MATCHERS, SEQUENCE, SPECS, Options
from pytest_interactions.store.project import locked_below

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Callable, Iterator, Sequence

#: The commands whose words are cassettes, or directories of them.
_OF_CASSETTES: Final = {"check", "push", "report", "serve", "show", "why-changed"}
#: What stands in the help for words that are files of any kind, where they are not made paths at once.
_FILES: Final = {"PATH", "REV2 | PATH", "TESTS", "NAME", "RULES"}
#: What else options take than the values of an enumeration.
_WORDS: Final = {"match_on": (*MATCHERS, *SEQUENCE), "chunking": ("event", "whole"), "pace": ("recorded",)}


def complete(parser_of: Callable[[Sequence[str]], ArgumentParser]) -> None:
    """Tell the shell how its command line may go on, and end the process.

    Args:
        parser_of: Makes the parser of a command line of these words.

    Raises:
        SystemExit: Always.
    """
    try:
        import argcomplete
        from argcomplete.lexers import split_line
    except ImportError:
        sys.exit(Status.FAILED)
    line, point = os.environ["COMP_LINE"], int(os.environ["COMP_POINT"])
    # The variable says which word is the program's, from 1 on: `python -m pytest_interactions` has others before it.
    words = split_line(line, point)[3][int(os.environ["_ARGCOMPLETE"]) :]
    argcomplete.autocomplete(
        parser_of(words),
        always_complete_options=False,
        exit_method=sys.exit,  # as others end a process, so that what is to be done at its end is done
        default_completer=_Completer(),  # type: ignore[arg-type] # any callable will do
    )


class _Completer:
    """What one argument may be: cassettes, files, or the words of an option."""

    def __call__(self, *, prefix: str, action: Action, parser: ArgumentParser, **_: Any) -> list[str]:
        command = parser.prog.rpartition(" ")[2]
        if not action.option_strings and command in _OF_CASSETTES:
            return sorted({*_files(prefix, SUFFIXES), *_stored(prefix)})
        if action.type is Path or action.metavar in _FILES:
            return sorted(_files(prefix))
        return _words(action.dest)


def _files(prefix: str, suffixes: Sequence[str] = ("",)) -> Iterator[str]:
    """Yield the files and directories whose names go on as `prefix` does; hidden ones if it names them so."""
    directory, name = os.path.split(prefix)
    with suppress(OSError), os.scandir(Path(directory or ".").expanduser()) as entries:
        for entry in entries:
            if not entry.name.startswith(name) or (entry.name.startswith(".") and not name):
                continue
            if entry.is_dir():
                yield os.path.join(directory, entry.name, "")  # noqa: PTH118 - as the user spells it, with its slash
            elif entry.name.endswith(tuple(suffixes)):
                yield os.path.join(directory, entry.name)  # noqa: PTH118


def _stored(prefix: str) -> Iterator[str]:
    """Yield cassettes that are in a store, and the directories that they would be in, one level at a time."""
    directory = os.path.split(prefix)[0]
    with suppress(InteractionsError, OSError):
        for path in locked_below(Path(directory).expanduser().absolute()):
            first, *more = path.relative_to(Path(directory).expanduser().absolute()).parts
            yield os.path.join(directory, first, *([""] if more else []))  # noqa: PTH118


def _words(name: str) -> list[str]:
    """Return the words that an option takes, of which the help names the others."""
    if name not in SPECS:
        return []
    hint = get_type_hints(Options)[name]
    return list(hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else list(_WORDS.get(name, ()))
