"""What the API would refuse of a cassette's requests, in words; imported in part only where it may be something."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pytest_interactions.api.lint.concern import concerns
from pytest_interactions.errors import LintError, LintWarning
from pytest_interactions.options import Lint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Request


def findings(exchanges: Sequence[Exchange], lint: Lint, *, told: bool = True) -> list[str]:
    """Return what the API would refuse of requests, and where.

    Args:
        exchanges: The exchanges, in order.
        lint: The option; with `off` there is nothing.
        told: Whether to tell of requests that were answered by an error, too.
    """
    if lint is Lint.OFF or not any(concerns(exchange.request) for exchange in exchanges):
        return []
    from pytest_interactions.api.lint.exchanges import found_in

    return [str(found) for found in found_in(exchanges) if told or not found.is_told]


def findings_in_next(request: Request, exchanges: Sequence[Exchange], lint: Lint) -> list[str]:
    """Return what the API would refuse of a request that comes after these exchanges."""
    if lint is Lint.OFF or not concerns(request):
        return []
    from pytest_interactions.api.lint.exchanges import found_in_next

    return list(map(str, found_in_next(request, exchanges)))


def judge(cassette: Path, exchanges: Sequence[Exchange], lint: Lint) -> LintError | None:
    """Warn of what the API would refuse of a test's requests, or return the error for it; answered errors are none."""
    found = findings(exchanges, lint, told=False)
    if not found:
        return None
    told = "\n  ".join([f"{cassette}: the API would refuse what was sent:", *found])
    text = f"{told}\nMend the app, and run the test again. To hear no more of it: @pytest.mark.interactions(lint='off')"
    if lint is Lint.ERROR:
        return LintError(text, headline=found[0])
    warnings.warn(text, LintWarning, stacklevel=3)
    return None
