"""What a candidate would change, as JSON without secrets: behaviour, requests and snapshots."""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.escaping import escaped
from pytest_interactions.files import disk, storage
from pytest_interactions.naming import shown
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.compare import behaviour_lines, facts_of
from pytest_interactions.report.content import report_of
from pytest_interactions.report.requests import changed_requests

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.files.candidates import Candidate

#: What is told of a cassette that there is none of.
_NOTHING: Final[Json] = {"turns": [], "exchanges": [], "models": [], "agents": [], "tokens": {}}


_NO_RECORDING: Final[Json] = {"exchanges": 0, "facts": {}, "diff": [], "requests": [], "problem": None}


class Texts(NamedTuple):
    """Two texts to compare, in lines: what they are of, the old ones and the new ones."""

    title: str
    old: list[str]
    new: list[str]

    def diff(self, context: int = 3) -> list[str]:
        """Return the lines of a unified diff, with so many equal lines around what differs."""
        return list(unified_diff(self.old, self.new, "old", "new", n=context, lineterm=""))


class Proposal(NamedTuple):
    """All that a candidate would change.

    Attributes:
        told: As JSON: what `Proposals.names` returns; `exchanges`, how many the recording has; `same`, whether neither
            the behaviour nor a snapshot differs; `facts` and `diff`, what `report.compare.compare` says of the
            recordings, but for their names; `requests`, what `report.requests.changed_requests` does;
            `snapshot_diffs`, the lines of a unified diff of each snapshot, by its path; `problem`, why the cassette
            that is there can't be compared, or `null`.
        texts: What can stand beside each other: the behaviour, then each snapshot.
    """

    told: Json
    texts: list[Texts]


class Proposals:
    """The reader of candidates, which takes out the secrets that this run knows."""

    def __init__(self) -> None:
        self._secrets = Secrets.from_environ(os.environ)
        self._redactor = Redactor(secrets=self._secrets)

    def names(self, candidate: Candidate) -> Json:
        """Return how a candidate is named, with the files that it would change.

        `candidate` and `cassette` are paths, `tests` the names of the tests that made it, `snapshots` paths.
        """
        return {
            "candidate": str(candidate.name),
            "cassette": str(candidate.cassette),
            "tests": [self._clean(test) for test in candidate.tests],
            "snapshots": [_shown(path) for path in candidate.snapshots],
        }

    def of(self, candidate: Candidate) -> Proposal:
        """Return all that a candidate would change.

        Raises:
            CassetteError: The recording can't be read.
        """
        behaviour = self._behaviour(candidate) if candidate.has_recording else None
        snapshots = [
            Texts(f"Snapshot {_shown(path)}", self._lines(_text(path)), self._lines(text))
            for path, text in candidate.snapshots.items()
        ]
        told = {**self.names(candidate), **(behaviour[1] if behaviour else _NO_RECORDING)}
        told["snapshot_diffs"] = {path: texts.diff() for path, texts in zip(told["snapshots"], snapshots, strict=True)}
        told["same"] = not told["diff"] and not any(told["snapshot_diffs"].values())
        return Proposal(told, [*([behaviour[0]] if behaviour else []), *snapshots])

    def unreadable(self, candidate: Candidate, error: CassetteError) -> Proposal:
        """Return what is told of a candidate whose recording can't be read."""
        nothing = {**_NO_RECORDING, "snapshot_diffs": {}, "same": False}
        return Proposal({**self.names(candidate), **nothing, "problem": self._clean(str(error))}, [])

    def _behaviour(self, candidate: Candidate) -> tuple[Texts, Json]:
        new, (old, problem) = self._load(candidate.path), self._load_old(candidate.cassette)
        before = {**_NOTHING, "path": str(candidate.cassette)}
        reports = (
            report_of(candidate.cassette, old, self._redactor) if old.exchanges else before,
            report_of(candidate.path, new, self._redactor),
        )
        texts = Texts("Behaviour", *map(behaviour_lines, reports))
        return texts, {
            "exchanges": len(new.exchanges),
            "facts": facts_of(*reports),
            "diff": texts.diff(),
            "requests": changed_requests(old.exchanges, new.exchanges, self._redactor.request),
            "problem": problem,
        }

    def _load_old(self, cassette: Path) -> tuple[storage.Contents, str | None]:
        """Return the contents of a cassette, and why it can't be compared, if that is so."""
        try:
            return self._load(cassette), None
        except CassetteNotFoundError:
            return storage.Contents(), None
        except CassetteError as error:
            return storage.Contents(), self._clean(str(error))

    def _load(self, path: Path) -> storage.Contents:
        contents = storage.load(path)
        for exchange in contents.exchanges:
            self._secrets.learn(exchange.request)
        return contents

    def _lines(self, text: str) -> list[str]:
        return escaped(self._redactor.text(text)).splitlines()

    def _clean(self, text: str) -> str:
        return self._redactor.text(text)


def _text(path: Path) -> str:
    try:
        return disk.read(path).decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    except OSError:
        return ""


def _shown(path: Path) -> str:
    return shown(path.absolute(), Path.cwd())
