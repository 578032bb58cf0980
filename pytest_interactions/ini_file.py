"""pytest's ini file of a project, read without pytest."""

from __future__ import annotations

import configparser
import tomllib
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: pytest's ini files, the first of which counts, each with the ways to the tables it may have.
INI_FILES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "pytest.toml": (("pytest",), ()),
    ".pytest.toml": (("pytest",), ()),
    "pytest.ini": (("pytest",), ()),
    ".pytest.ini": (("pytest",), ()),
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
    "tox.ini": (("pytest",),),
    "setup.cfg": (("tool:pytest",),),
}


def ini_of(root: Path) -> tuple[Path | None, Mapping[str, Any]]:
    """Return the ini file of a project and its options, as pytest finds them.

    Raises:
        OptionError: A file can't be read.
    """
    for name, ways in INI_FILES.items():
        for way in ways if (root / name).is_file() else ():
            values = _table(root / name, way)
            if values is not None:
                return root / name, values
    return None, {}


def _table(file: Path, way: tuple[str, ...]) -> Mapping[str, Any] | None:
    """Return the table at the end of a way; `None` if there is none."""
    value: Any
    try:
        text = file.read_text("utf-8")
        if file.suffix == ".toml":
            value = tomllib.loads(text)
        else:
            parser = configparser.RawConfigParser()
            parser.read_string(text)
            value = {name: dict(parser[name]) for name in parser.sections()}
    except (configparser.Error, ValueError) as error:
        raise OptionError(f"{file}: can't be read: {str(error).splitlines()[0]}") from None
    for name in way:
        value = value.get(name) if isinstance(value, dict) else None
    return {} if way == () and value is not None else value
