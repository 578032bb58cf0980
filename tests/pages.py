"""Pages of the documentation, whose examples run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Page:
    """A page in `docs/`.

    Attributes:
        text: Its text.
    """

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text("utf-8")

    def blocks(self, language: str) -> list[str]:
        """Return the blocks of code in a language."""
        return re.findall(rf"^```{language}\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)

    def files(self) -> dict[str, str]:
        """Return the blocks of Python by the names of their files; one without a name goes on with the last one."""
        files: dict[str, str] = {}
        name = ""
        for block in self.blocks("python"):
            named = re.match(r"# (\w+\.py)\n", block)
            name = named[1] if named else name
            files[name] = files.get(name, "") + block + "\n\n"
        return files

    def shown(self, beginning: str) -> str:
        """Return the block of text that begins so."""
        found = re.search(rf"```text\n({re.escape(beginning)}.*?)```", self.text, re.DOTALL)
        assert found is not None
        return found[1]

    def rows(self, heading: str) -> list[list[str]]:
        """Return the cells of the table that is first below a heading, without its first two lines."""
        _, _, below = self.text.partition(f"\n{heading}\n")
        found = re.search(r"(^\|.*\n)+", below, re.MULTILINE)
        assert found is not None
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[0].splitlines()[2:]]
