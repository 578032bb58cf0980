"""What docs/emulator.md says of the kinds of findings."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_interactions.api.lint import kinds
from pytest_interactions.api.lint.kinds import Kind, Weight

DOCUMENT = Path(__file__).parents[2] / "docs/emulator.md"


def test_each_kind_has_its_row_in_the_documentation() -> None:
    """The table names each, with how the emulator answers; one that is tolerated in part has the row of its name."""
    found = re.findall(r"^\| (`[\w-]+`(?:, `[\w-]+`)?) \|.*\| (.*) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    rows = {name: answer for names, answer in found for name in re.findall(r"[\w-]+", names)}
    known = [kind for kind in vars(kinds).values() if isinstance(kind, Kind)]
    assert {kind.name for kind in known} <= rows.keys()
    refused = {kind.name for kind in known if kind.weight is Weight.REFUSED}
    assert {name for name in refused if not re.match("40[04]", rows[name])} == set()
    assert len(refused) >= 12
