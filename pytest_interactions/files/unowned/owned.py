"""What the collected tests of a suite own, as the plugin tells it, in this process or to another."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of cassettes, and the project by whose paths it names test files."""

    project: Path
    path: Path


@dataclass(kw_only=True, slots=True)
class Owned:
    """What the tests of a suite own.

    Attributes:
        root: The rootdir of the run.
        scope: The directories and files that were to be collected, files without their suffix; no others are judged.
        directories: The directories in which cassettes of the suite may be.
        cassettes: The cassettes that the tests may have, whether they exist or not.
        tests: The names of the tests of each file that was collected as a whole, `[Class.]test[params]`.
        snapshots: The names of the tests for syrupy, by the directory of the snapshots of a file.
        snapshot_directory: The name of the directories of snapshots; none if there are no snapshots.
        left: The files and directories that could not be collected as a whole, with the reason.
    """

    root: Path
    scope: set[Path] = field(default_factory=set)
    directories: list[Directory] = field(default_factory=list)
    cassettes: set[Path] = field(default_factory=set)
    tests: dict[Path, set[str]] = field(default_factory=dict)
    snapshots: dict[Path, set[str]] = field(default_factory=dict)
    snapshot_directory: str = ""
    left: dict[Path, str] = field(default_factory=dict)

    def dumps(self) -> str:
        """Return all of it as a text for `loads`."""
        return json.dumps(
            {
                "root": str(self.root),
                "scope": sorted(map(str, self.scope)),
                "directories": [[str(each.project), str(each.path)] for each in self.directories],
                "cassettes": sorted(map(str, self.cassettes)),
                "tests": _listed(self.tests),
                "snapshots": _listed(self.snapshots),
                "snapshot_directory": self.snapshot_directory,
                "left": {str(path): reason for path, reason in self.left.items()},
            }
        )


def loads(text: str) -> Owned:
    """Return what `dumps` made a text of."""
    read: dict[str, Any] = json.loads(text)
    return Owned(
        root=Path(read["root"]),
        scope=set(map(Path, read["scope"])),
        directories=[Directory(Path(project), Path(path)) for project, path in read["directories"]],
        cassettes=set(map(Path, read["cassettes"])),
        tests={Path(path): set(names) for path, names in read["tests"].items()},
        snapshots={Path(path): set(names) for path, names in read["snapshots"].items()},
        snapshot_directory=read["snapshot_directory"],
        left={Path(path): reason for path, reason in read["left"].items()},
    )


def _listed(names: dict[Path, set[str]]) -> dict[str, list[str]]:
    return {str(path): sorted(each) for path, each in names.items()}
