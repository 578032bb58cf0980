"""Follows the tutorial word for word in an empty directory, with one Python and the built wheel, for `make compat`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.documentation.blocks import Reader, environment

_PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


def main(python: str, wheels: str) -> None:
    """Follow it.

    Args:
        python: The interpreter, which has nothing installed.
        wheels: The directory of the wheel, which is on no index yet.
    """
    with TemporaryDirectory() as top:
        home, project, programs = (Path(top) / name for name in ("home", "project", "programs"))
        for each in (home, project, programs):
            each.mkdir()
        (programs / "python3").symlink_to(python)
        env = environment(home)
        env["PATH"] = f"{programs}:/usr/bin:/bin"
        env["PIP_FIND_LINKS"] = str(Path(wheels).resolve())
        env.pop("PYTHONPATH", None)
        reader = Reader(project, env, installs=True)
        try:
            reader.reads(_PAGE)
        finally:
            reader.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
