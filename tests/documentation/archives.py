"""`python -m tests.documentation.archives DIRECTORY`: whether what a release uploads holds what it should.

The sdist is all that the repository has, so that who packages it can run the tests; the wheel is the package alone.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What the builder puts into the sdist.
_BUILT = {"PKG-INFO"}


def check(directory: Path) -> list[str]:
    """Return what is wrong with the sdist and the wheel in a directory, a line each."""
    (sdist,), (wheel,) = directory.glob("*.tar.gz"), directory.glob("*.whl")
    known = set(subprocess.check_output(["git", "ls-files", "-z"], text=True).split("\0")) - {""}
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()} - _BUILT
    with zipfile.ZipFile(wheel) as zipped:
        in_wheel = set(zipped.namelist())
    in_wheel = {name for name in in_wheel if ".dist-info/" not in name}
    package = {name for name in known if name.startswith("pytest_interactions/")}
    return [*_differences(sdist, in_sdist, known), *_differences(wheel, in_wheel, package)]


def _differences(archive: Path, found: set[str], wanted: set[str]) -> Iterable[str]:
    yield from (f"{archive.name} has {name}, which git does not know" for name in sorted(found - wanted))
    yield from (f"{archive.name} lacks {name}" for name in sorted(wanted - found))


if __name__ == "__main__":
    sys.exit("\n".join(check(Path(sys.argv[1]))) or 0)
