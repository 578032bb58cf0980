"""Says what came of `mutmut run`; fails if a mutant survived that `survivors.toml` does not list, or the reverse."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = Path(__file__).with_name("survivors.toml")
NOTICED = {"killed", "timeout"}


@dataclass(frozen=True)
class Mutant:
    """A change to a line that no test noticed; `where` is `FILE FUNCTION`."""

    name: str
    where: str
    line: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.where} ({self.name})\n  - {self.line}\n  + {self.becomes}"


@dataclass(frozen=True)
class Listed:
    """A mutant that may survive: in a function (or, with `*`, in several), `was` became `becomes`."""

    where: str
    was: str
    becomes: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}\n  - {self.was}\n  + {self.becomes}"

    def is_for(self, mutant: Mutant) -> bool:
        """Whether `mutant` is this one."""
        return fnmatchcase(mutant.where, self.where) and any(
            mutant.becomes == mutant.line[: found.start()] + self.becomes + mutant.line[found.end() :]
            for found in re.finditer(re.escape(self.was), mutant.line)
        )


def main() -> int:
    """Print the numbers of each file, and each survivor that is not as the list says."""
    survivors: list[Mutant] = []
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        statuses = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
        if statuses:
            counts = ", ".join(f"{number} {status}" for status, number in Counter(statuses.values()).most_common())
            print(f"{path}: {counts}")
        survivors += [_mutant(path, name) for name, status in statuses.items() if status not in NOTICED]
    listed = list(_listed())
    unlisted = [mutant for mutant in survivors if not any(entry.is_for(mutant) for entry in listed)]
    outdated = [entry for entry in listed if not any(map(entry.is_for, survivors))]
    for title, found in (("Survived", unlisted), ("Listed, and did not survive", outdated)):
        for each in found:
            print(f"\n{title}: {each}")
    print(f"\n{len(survivors)} mutants survived, {len(unlisted)} of them without a reason in {LIST.name}.")
    return int(bool(unlisted or outdated))


def _mutant(path: Path, name: str) -> Mutant:
    function, class_name = orig_function_and_class_names_from_key(name)
    where = f"{path} {class_name}.{function}" if class_name else f"{path} {function}"
    changed = get_diff_for_mutant(name, path=path).splitlines()[2:]
    line, becomes = ("\n".join(text[1:].strip() for text in changed if text.startswith(mark)) for mark in "-+")
    return Mutant(name, where, line, becomes)


def _listed() -> Iterator[Listed]:
    for entry in tomllib.loads(LIST.read_text("utf-8"))["survivor"]:
        for becomes in entry["becomes"]:
            yield Listed(entry["where"], entry["was"], becomes, entry["reason"])


if __name__ == "__main__":
    sys.exit(main())
