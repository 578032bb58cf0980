"""The examples of the documentation run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from google.genai import __version__

from pytest_interactions.server.emulator import Emulator
from tests.server.asking import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).parents[2] / "docs" / "emulator.md"


def examples() -> Iterator[str]:
    """The blocks of Python that are whole modules of tests."""
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL):
        if block.startswith("import"):
            yield block


@pytest.mark.skipif(tuple(map(int, __version__.split(".")[:2])) < (3, 6), reason="it has what version 3.6 has")
@pytest.mark.parametrize("example", list(examples()), ids=["live", "webhooks"])
def test_an_example_runs(pytester: pytest.Pytester, example: str) -> None:
    pytester.makepyfile(example)
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("script", re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL))
def test_a_script_of_the_documentation_is_one(script: str, tmp_path: Path) -> None:
    """The emulator takes it."""
    (tmp_path / "script.yaml").write_text(script)
    Emulator(script=tmp_path / "script.yaml").stop()


def test_the_script_of_faults_does_what_it_says(tmp_path: Path) -> None:
    """A stream breaks off after eight events, one of which came twice, and a body after 200 bytes."""
    (script,) = re.findall(r"```yaml\n([^`]*cut_after_bytes[^`]*)```", DOCUMENT.read_text("utf-8"))
    (tmp_path / "script.yaml").write_text(script.replace("weather", "count"))
    with Emulator(script=tmp_path / "script.yaml") as emulator:
        stream, body = (ask(emulator.url, stream=stream) for stream in (True, False))
    assert len(stream.events) == 8
    assert stream.events[5] == stream.events[6]
    assert len(body.body) == 200
    assert {stream.error, body.error} == {httpx.RemoteProtocolError}
