"""The report as one page that opens offline: no address is asked for, and no recorded text can run.

All that is put into the page is escaped by Jinja, and unprintable characters are shown as escapes. The page's own
script and style are named by their digests in its policy, so that nothing else runs, and nothing is loaded.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.escaping import escaped
from pytest_interactions.lazy import extra
from pytest_interactions.report.figures import rows
from pytest_interactions.report.page import view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from pytest_interactions.report.model import Run

#: What the page may load: media that are within it, and its own script and style.
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; media-src data:; object-src data:; "
    "frame-src data:; base-uri 'none'; form-action 'none'"
)


def render(run: Run) -> Iterator[str]:
    """Yield the parts of the page of a run, which is equal for equal runs."""
    script, style = _source("page.js"), _source("page.css")
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    tests = rows(run)
    counts = Counter(row.test["outcome"] for row in tests)
    page = environment().get_template("page.html")
    return page.generate(run=run, tests=tests, counts=counts, script=script, style=style, policy=policy)


@cache
def environment() -> Environment:
    """Return what makes pages of templates.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    with extra("the page of a report", "report"):
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    made = Environment(
        autoescape=True,
        finalize=_finalized,
        loader=FunctionLoader(_source),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= view.FILTERS
    return made


def _finalized(value: Any) -> Any:
    """Return what a page shows of a text: markup of this package's own as it is, and each other one made printable."""
    return escaped(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _source(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
