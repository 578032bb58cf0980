"""What a candidate would change, as JSON without secrets: behaviour, requests and snapshots."""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pytest_interactions.errors import CassetteError, CassetteNotFoundError
from pytest_interactions.escaping import escaped
from pytest_interactions.files import disk, storage
from pytest_interactions.files.candidates import Candidate
from pytest_interactions.naming import shown
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.compare import behaviour_lines, facts_of
from pytest_interactions.report.content import report_of
from pytest_interactions.report.requests import changed_requests
from pytest_interactions.review.conflicts import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.store.lock_file import Entry

#: What waits for a decision.
Waiting: TypeAlias = Candidate | Conflict
_Side: TypeAlias = tuple[Path, storage.Contents]

#: What is told of a cassette that there is none of.
_NOTHING: Final[Json] = {"turns": [], "exchanges": [], "models": [], "agents": [], "tokens": {}}


_NO_RECORDING: Final[Json] = {"exchanges": 0, "facts": {}, "diff": [], "requests": [], "problem": None}


class Texts(NamedTuple):
    """Two texts to compare, in lines: what they are of, the old ones and the new ones, and what these are called."""

    title: str
    old: list[str]
    new: list[str]
    names: tuple[str, str] = ("old", "new")

    def diff(self, context: int = 3) -> list[str]:
        """Return the lines of a unified diff, with so many equal lines around what differs."""
        return list(unified_diff(self.old, self.new, *self.names, n=context, lineterm=""))


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

    def names(self, waiting: Waiting) -> Json:
        """Return how something that waits is named, with the files that it would change.

        `candidate` and `cassette` are paths, `tests` the names of the tests that made it, `snapshots` paths. `conflict`
        is there if it is one, with the branch and the headline of each side.
        """
        names = {
            "candidate": str(waiting.name),
            "cassette": str(waiting.cassette),
            "tests": [self._clean(test) for test in waiting.tests],
        }
        if isinstance(waiting, Candidate):
            return names | {"snapshots": [_shown(path) for path in waiting.snapshots]}
        labels = waiting.lock.labels
        sides = {"ours": (labels.ours, waiting.ours), "theirs": (labels.theirs, waiting.theirs)}
        told = {
            side: {"branch": self._clean(label), "headline": self._clean(entry.headline)}
            for side, (label, entry) in sides.items()
        }
        return names | {"snapshots": [], "conflict": {"file": _shown(waiting.lock.path), **told}}

    def of(self, waiting: Waiting) -> Proposal:
        """Return all that a candidate would change, or how both sides of a conflict differ.

        Raises:
            CassetteError: The recording of a candidate can't be read.
        """
        if isinstance(waiting, Conflict):
            return self._of_conflict(waiting)
        behaviour = self._of_recording(waiting) if waiting.has_recording else None
        snapshots = [
            Texts(f"Snapshot {_shown(path)}", self._lines(_text(path)), self._lines(text))
            for path, text in waiting.snapshots.items()
        ]
        told = {**self.names(waiting), **(behaviour[1] if behaviour else _NO_RECORDING)}
        told["snapshot_diffs"] = {path: texts.diff() for path, texts in zip(told["snapshots"], snapshots, strict=True)}
        told["same"] = not told["diff"] and not any(told["snapshot_diffs"].values())
        return Proposal(told, [*([behaviour[0]] if behaviour else []), *snapshots])

    def unreadable(self, waiting: Waiting, error: CassetteError) -> Proposal:
        """Return what is told of a candidate whose recording can't be read."""
        nothing = {**_NO_RECORDING, "snapshot_diffs": {}, "same": False}
        return Proposal({**self.names(waiting), **nothing, "problem": self._clean(str(error))}, [])

    def _of_conflict(self, conflict: Conflict) -> Proposal:
        names = ("ours", "theirs")
        places = [conflict.path.with_name(f"{conflict.path.name} ({side})") for side in names]
        try:
            theirs = self._load_side(conflict, conflict.theirs, places[1])
        except CassetteError as error:
            return self.unreadable(conflict, error)
        ours, problem = self._tried(lambda: self._load_side(conflict, conflict.ours, places[0]))
        texts, told = self._behaviour((places[0], ours), (places[1], theirs), names)
        told |= {"snapshot_diffs": {}, "same": not told["diff"] and not problem, "problem": problem}
        return Proposal(self.names(conflict) | told, [texts])

    def _load_side(self, conflict: Conflict, entry: Entry, place: Path) -> storage.Contents:
        return self._learnt(storage.loads(conflict.recordings.read(entry), place))

    def _of_recording(self, candidate: Candidate) -> tuple[Texts, Json]:
        new, (old, problem) = self._load(candidate.path), self._load_old(candidate.cassette)
        texts, told = self._behaviour((candidate.cassette, old), (candidate.path, new))
        return texts, told | {"problem": problem}

    def _behaviour(self, old: _Side, new: _Side, names: tuple[str, str] = ("old", "new")) -> tuple[Texts, Json]:
        before = {**_NOTHING, "path": str(old[0])}
        reports = (
            report_of(*old, self._redactor) if old[1].exchanges else before,
            report_of(*new, self._redactor),
        )
        texts = Texts("Behaviour", behaviour_lines(reports[0]), behaviour_lines(reports[1]), names)
        return texts, {
            "exchanges": len(new[1].exchanges),
            "facts": facts_of(*reports),
            "diff": texts.diff(),
            "requests": changed_requests(old[1].exchanges, new[1].exchanges, self._redactor.request),
        }

    def _load_old(self, cassette: Path) -> tuple[storage.Contents, str | None]:
        """Return the contents of a cassette, and why it can't be compared, if that is so."""
        try:
            return self._tried(lambda: self._load(cassette))
        except CassetteNotFoundError:
            return storage.Contents(), None

    def _tried(self, load: Callable[[], storage.Contents]) -> tuple[storage.Contents, str | None]:
        try:
            return load(), None
        except CassetteNotFoundError:
            raise
        except CassetteError as error:
            return storage.Contents(), self._clean(str(error))

    def _load(self, path: Path) -> storage.Contents:
        return self._learnt(storage.load(path))

    def _learnt(self, contents: storage.Contents) -> storage.Contents:
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
