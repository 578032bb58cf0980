"""The gate before the disk: finds what should not be in a text, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_interactions.redaction.secrets import KEY_PATTERNS

if TYPE_CHECKING:
    from pytest_interactions.redaction.secrets import Secrets


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A secret in a text: its line (from 1), what kind it is, and its place if the text has a structure."""

    line: int
    kind: str
    where: str = ""


def scan(text: str, secrets: Secrets) -> list[Finding]:
    """All secrets in `text`, in order."""
    found = [
        (match.start(), key.kind)
        for key in KEY_PATTERNS
        if key.gate in text
        for match in key.pattern.finditer(text)
    ]
    found += [(start, "known secret value") for start in secrets.find(text)]
    return sorted(Finding(text.count("\n", 0, start) + 1, kind) for start, kind in found)
