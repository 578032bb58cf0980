"""Names whose modules need the extra: imported when asked for, and missed in one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pytest_interactions.errors import MissingExtraError


def lazy(package: str, what: str, names: dict[str, str], name: str) -> Any:
    """Give a package's `name`; for its `__getattr__`.

    Args:
        package: The package's own name.
        what: What it is called in an error.
        names: Its names, each with the module that holds it.
        name: What is asked for.

    Raises:
        AttributeError: There is no such name.
        MissingExtraError: The module needs a library that is not installed.
    """
    if name not in names:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        return getattr(import_module(names[name]), name)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        raise MissingExtraError(
            f"{what} needs {library}, which is missing: pip install 'pytest-interactions[server]'"
        ) from error
