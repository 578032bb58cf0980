"""The marker, for type checkers: they do not look into `pytest.mark`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pytest

if TYPE_CHECKING:
    from pytest_interactions.types import Options


def marked(name: str | None = None, **options: Unpack[Options]) -> pytest.MarkDecorator:
    """Return `pytest.mark.interactions(name, **options)`, of which a type checker knows the options.

    Args:
        name: The name of a cassette; left out, the test has its own.
        **options: Any option by its name.
    """
    return pytest.mark.interactions(*([] if name is None else [name]), **options)
