"""The names of packages that import their modules late: only when a name is used."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_interactions.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def lazy_getattr(package: str, needed_by: str = "", /, **modules: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: The package's own name.
        needed_by: The name, for an error, of a part whose libraries come with the extra.
        modules: The module that holds each name, relative to the package, such as `use_cassette=".clients.context"`.
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        with extra(needed_by):
            return getattr(import_module(modules[name], package), name)

    return get


@contextmanager
def extra(needed_by: str, name: str = "server") -> Iterator[None]:
    """Say which extra to install if an import inside fails; an empty `needed_by` leaves the error as it is.

    Raises:
        MissingExtraError: A library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not needed_by:
            raise
        library = (error.name or "").partition(".")[0]
        raise MissingExtraError(
            f"{needed_by} needs {library}, which is missing: pip install 'pytest-interactions[{name}]'"
        ) from error
