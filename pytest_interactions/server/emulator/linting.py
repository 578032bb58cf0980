"""Requests compared with what the emulator has handed out: refused as by the real API, or warned of."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import hex_digest
from pytest_interactions.api.lint.check import lint
from pytest_interactions.api.lint.kinds import Finding, Weight
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.validation import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Record, Store
    from pytest_interactions.server.emulator.wire import Received

#: The header that warns of what the documentation forbids and no error of the real API is on record for.
HEADER: Final = "x-interactions-lint"
_LOG: Final = logging.getLogger("pytest_interactions.emulator")
_IN_MEMORY: Final = 32  # digits that tell one key from another, and are not the key


def check_history(received: Received, body: Json, store: Store) -> list[Finding]:
    """Return what is wrong in a request to create an interaction, by the documentation's word alone.

    Raises:
        ApiError: The real API would refuse it.
    """
    findings = lint(body, store.handed_out, _owner(received))
    for finding in findings:
        _LOG.warning("%s", finding)
    refused = next((finding for finding in findings if finding.weight is Weight.REFUSED), None)
    if refused is not None:
        raise ApiError(400, refused.error)
    return findings


def warning(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Return the header that tells of findings; none if there are none."""
    told = "; ".join(f"{finding.name} at {finding.place}" for finding in findings)
    return [(HEADER, told)] if told else []


def remember(received: Received, record: Record, store: Store) -> None:
    """Take note of an answer, and of whose it is."""
    continues = received.json.get("continuation_token")
    store.handed_out.add(record.resource, _owner(received), tokens=[record.checkpoint], continues=continues)


def remember_said(received: Received, steps: Sequence[Json], store: Store) -> None:
    """Take note of what a live interaction has said in one turn."""
    store.handed_out.add({"steps": list(steps)}, _owner(received))


def _owner(received: Received) -> str:
    return hex_digest(key_of(received), _IN_MEMORY)
