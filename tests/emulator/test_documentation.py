"""The example of webhooks in the documentation runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.genai import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).parents[2] / "docs" / "emulator.md"


def examples() -> Iterator[str]:
    """The blocks of Python that are whole modules of tests."""
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL):
        if block.startswith("import"):
            yield block


@pytest.mark.skipif(int(__version__.partition(".")[0]) < 3, reason="its resources are those of version 3")
def test_the_example_of_webhooks_runs(pytester: pytest.Pytester) -> None:
    (example,) = examples()
    pytester.makepyfile(example)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    result.assert_outcomes(passed=1)
