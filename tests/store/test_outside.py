"""A directory of cassettes out of the project has no lines in a lock file: whoever sets one with a store is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_interactions.errors import StoreError
from pytest_interactions.store.lock_file import NAME, LockFile
from tests.store.teams import TEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.teams import Team

_SAYS = f"and a store, with its {NAME}, knows only what is below it. Set another one, or no store."


@pytest.mark.parametrize("directory", ["../outside", "{top}/outside"])
def test_a_directory_outside_is_refused_by_all(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], directory: str
) -> None:
    """Commands, a replay and a recording say the same, and what to do."""
    directory = directory.format(top=tmp_path)
    team.uses("../the-store", f"interactions_cassette_dir = {directory}")
    for command in (["push"], ["pull"], ["status"], ["gc"], ["diff", "HEAD"], ["why-changed", "x.yaml"]):
        status, _, err = team.command(capsys, *command)
        assert (status, f"cassette_dir = {directory} is not below {team.root}, {_SAYS}" in err) == (2, True), err
    team.run.test(TEST)
    for mode in ("none", "once", "rewrite"):
        result = team.run.replay(f"--interactions-record-mode={mode}")
        result.assert_outcomes(errors=1)
        assert _SAYS in " ".join(line.removeprefix("E").strip() for line in result.outlines)


@pytest.mark.parametrize("directory", ["{root}/cassettes", "./sub/../cassettes/"])
def test_a_directory_inside_may_be_named_in_any_way(team: Team, directory: str) -> None:
    team.is_pushed("../the-store", TEST, f"interactions_cassette_dir = {directory.format(root=team.root)}")
    assert team.entry().path == "cassettes/test_it/test_hello.yaml"
    team.run.replay().assert_outcomes(passed=1)


def test_a_lock_file_has_no_name_for_what_is_not_below_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"x\.yaml: it is not below .*, whose cassettes\.lock can name only"):
        LockFile.read(tmp_path / "a" / NAME).name_of(tmp_path / "x.yaml")
