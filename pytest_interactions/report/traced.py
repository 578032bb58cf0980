"""A cassette, or what a test has exchanged through it, as a page tells of it: its content and what is behind it."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_interactions.api.behaviour import joined
from pytest_interactions.api.calls import calls_of
from pytest_interactions.api.conversation import turns
from pytest_interactions.errors import CassetteError, CassetteNotFoundError, InteractionsError
from pytest_interactions.escaping import escaped
from pytest_interactions.files import candidates, media
from pytest_interactions.files.storage import SUFFIXES, Contents, load
from pytest_interactions.naming import shown
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.bodies import bodies_of
from pytest_interactions.report.compare import compare, compared_lines
from pytest_interactions.report.content import redacted, report_of
from pytest_interactions.report.media import media_in
from pytest_interactions.store.project import found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.report.model import Change, TextLine, Traced, Waiting

_T = TypeVar("_T")


class Tracer:
    """What tells of cassettes, each as it is seen from a directory.

    Args:
        here: The directory from which paths are shown.
        secrets: The secrets that must not be told; those of the cassettes' requests are added.
        max_size: The bytes that a body may have when it is unpacked.
    """

    def __init__(self, here: Path, secrets: Secrets, max_size: int) -> None:
        self._here = here
        self._secrets = secrets
        self._redactor = Redactor(secrets=secrets)
        self._max_size = max_size

    @classmethod
    def from_environ(cls, here: Path, max_size: int) -> Tracer:
        """Return what tells of cassettes without the secrets of this process's environment."""
        return cls(here, Secrets.from_environ(os.environ), max_size)

    def file(self, path: Path, *, with_candidate: bool = True) -> Traced:
        """Return what is told of a file; the errors are those of `load`."""
        there = found(path)
        told = self.exchanged(path, load(there.file, self._max_size), directory=there.media)
        if with_candidate:
            told["candidate"] = self.waiting(path)
        return told

    def exchanged(
        self, path: Path, contents: Contents, *, directory: Path | None = None, user: str = "", record_mode: str = ""
    ) -> Traced:
        """Return what is told of exchanges through the cassette at `path`, be they in its file or not.

        Its media are in `directory`; without one, beside it.
        """
        for exchange in contents.exchanges:
            self._secrets.learn(exchange.request)
        exchanges, missing = _with_media(contents.exchanges, directory or media.directory_of(path))
        clean = [redacted(each, self._redactor) for each in exchanges]
        steps = _steps(clean)
        return {
            "path": self._path(path),
            "user": user,
            "record_mode": record_mode,
            "content": {
                **report_of(path, replace(contents, exchanges=exchanges), self._redactor),
                "path": self._path(path),
            },
            "bodies": [bodies_of(each) for each in clean],
            "signed": [[number for number, step in enumerate(turn) if step.get("signature")] for turn in steps],
            "media": dict(media_in(steps)),
            "missing": missing,
            "recorded": None,
            "candidate": None,
        }

    def waiting(self, path: Path) -> Waiting | None:
        """Return what is told of the candidate that waits beside the cassette at `path`; `None` if none does."""
        if candidates.is_candidate(path):
            return None
        try:
            return self._waiting(candidates.named(path), path)
        except CassetteNotFoundError:
            return None
        except CassetteError as error:
            return self._as_waiting(candidates.candidate(path), same=False, lines=[("error", str(error))])

    def _waiting(self, candidate: candidates.Candidate, path: Path) -> Waiting:
        waiting = self._recording(candidate, path) if candidate.has_recording else self._as_waiting(candidate.name)
        waiting["snapshots"] = [self.change(*each) for each in candidate.snapshots.items()]
        return waiting

    def _recording(self, candidate: candidates.Candidate, path: Path) -> Waiting:
        new = self.file(candidate.path, with_candidate=False)["content"]
        try:
            old = self.file(path, with_candidate=False)["content"]
            compared = compare(old, new)
        except InteractionsError as error:  # there is no cassette yet, or no conversation in it
            return self._as_waiting(candidate.path, same=False, lines=[("note", str(error))])
        lines = [(line.kind, line.text) for line in compared_lines(compared)]
        return self._as_waiting(candidate.path, same=compared["same"], lines=lines)

    def _as_waiting(self, path: Path, *, same: bool = True, lines: Sequence[TextLine] = ()) -> Waiting:
        return {
            "path": self._path(path),
            "is_recording": path.suffix in SUFFIXES,
            "accept": f"pytest-interactions review --accept {shlex.quote(shown(path, self._here))}",
            "same": same,
            "lines": list(lines),
            "snapshots": [],
        }

    def change(self, path: Path, new: str) -> Change:
        """Return how the text of a snapshot would differ from its file."""
        try:
            old = path.read_text("utf-8", errors="replace")
        except OSError:
            old = ""
        diff = unified_diff(old.splitlines(), new.splitlines(), "snapshot", "received", lineterm="")
        return {"path": self._path(path), "lines": list(diff_lines(diff))}

    def _path(self, path: Path) -> str:
        return shown(path, self._here)

    def clean(self, value: _T) -> _T:
        """Return JSON without secrets in any of its texts and names, as `without_secrets` does."""
        return without_secrets(value, self._redactor.text)


def diff_lines(diff: Any) -> Iterator[TextLine]:
    """Yield the lines of a unified diff with their kinds, but for the names of both."""
    for number, line in enumerate(diff):
        if number > 1:
            yield {"+": "added", "-": "removed", "@": "turn"}.get(line[:1], "text"), escaped(line)


def without_secrets(value: _T, redact: Callable[[str], str]) -> _T:
    """Return JSON whose texts and names of fields went through `redact`."""
    clean: Any = value
    if isinstance(value, str):
        clean = redact(value)
    elif isinstance(value, list | tuple):
        clean = [without_secrets(item, redact) for item in value]
    elif isinstance(value, dict):
        clean = {redact(name): without_secrets(item, redact) for name, item in value.items()}
    return clean  # type: ignore[no-any-return] # of the same form


def _with_media(exchanges: list[Exchange], directory: Path) -> tuple[list[Exchange], str]:
    """Return exchanges with their media in them, and why some are not."""
    whole, missing = [], ""
    for exchange in exchanges:
        try:
            whole.append(media.whole(exchange, directory))
        except CassetteError as error:
            whole.append(exchange)
            missing = missing or str(error)
    return whole, missing


def _steps(exchanges: list[Exchange]) -> list[list[Json]]:
    """Return the steps of each turn, as many as `behaviour_of` returns, with all that they carry."""
    told = turns([call.interaction for call in calls_of(exchanges)])
    return [joined([step.model_dump() for step in (*turn.inputs, *turn.outputs)]) for turn in told]
