"""What a run has verified: one verdict for each test, told in lines, as JSON, and as Markdown for a pull request.

The JSON has `version` (1), `by`, `counts`, and `tests`, a list of verdicts. Of each verdict, whose fields are those of
`Verdict`, `findings` has objects with `kind`, `severity`, `turns`, `step`, `field`, `old`, `new`, `text` and `samples`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.drift.kinds import Severity, shown
from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.markdown import code, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.drift.kinds import Finding
    from pytest_interactions.api.json_values import Json

_VERSION: Final = 1
_SHOWN: Final = 40  # findings in the terminal


class Outcome(StrEnum):
    """What became of a test that was verified."""

    HOLDS = "holds"
    #: Something fails it that differs from the recording.
    DRIFTED = "drifted"
    #: It failed by itself.
    FAILED = "failed"
    #: It could not be verified.
    UNVERIFIED = "not verified"


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What is said of one test.

    Attributes:
        test: The test's name, or that of a wider fixture or a `use_cassette` block.
        cassette: The path of its cassette.
        outcome: What became of it.
        reason: Why it could not be verified.
        severity: The worst severity of what differs; "" if nothing does.
        samples: How often it was run.
        requests: How many live requests it sent.
        tokens: How many tokens these cost.
        unjudged: How many snapshots were not judged.
        findings: What differs.
    """

    test: str
    cassette: str
    outcome: str
    reason: str = ""
    severity: str = ""
    samples: int = 1
    requests: int = 0
    tokens: int = 0
    unjudged: int = 0
    findings: list[Json] = field(default_factory=list)


def as_finding(finding: Finding, samples: int = 1) -> Json:
    """Return a finding as JSON, with the number of samples that it was in."""
    place = finding.place
    return {
        "kind": finding.kind.name,
        "severity": finding.severity.value,
        "turns": list(place.turns),
        "is_new": place.is_new,
        "step": on_one_line(place.step),
        "field": on_one_line(place.field),
        "old": on_one_line(shown(finding.old)),
        "new": on_one_line(shown(finding.new)),
        "text": finding.text,
        "samples": samples,
    }


def identity(finding: Json) -> Any:
    """Return what is equal for the same finding in several samples, whatever values it had in each."""
    return finding["kind"], tuple(finding["turns"]), finding["step"], finding["field"]


def worst(findings: Iterable[Json]) -> str:
    """Return the worst severity of some findings; "" if there are none."""
    return max((finding["severity"] for finding in findings), key=_rank, default="")


def told(finding: Json, samples: int) -> str:
    """Return what is said of a finding, of which there may be several samples."""
    text = str(finding["text"])
    return text if samples == 1 else f"{text}, in {finding['samples']} of {samples} samples"


def _rank(severity: str) -> int:
    return Severity(severity).rank


# --- text ---


def lines(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    """Yield the lines of a terminal, each with its severity: the findings, the worst first, and then a sum."""
    found = [(finding, verdict) for verdict in verdicts for finding in verdict.findings]
    found.sort(key=lambda each: -_rank(each[0]["severity"]))
    for finding, verdict in found[:_SHOWN]:
        line = f"{finding['severity']}: {verdict.test}: {told(finding, verdict.samples)}"
        yield on_one_line(line), finding["severity"]
    if len(found) > _SHOWN:
        yield f"... and {len(found) - _SHOWN} more; --interactions-verify-json writes all", ""
    for verdict in verdicts:
        if verdict.outcome == Outcome.UNVERIFIED:
            yield on_one_line(f"not verified: {verdict.test}: {verdict.reason}"), ""
    yield summary(verdicts), ""


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return one line that says how many tests were verified, and what became of them."""
    counts = counts_of(verdicts)
    names = {Outcome.HOLDS: "holds" if counts[Outcome.HOLDS] == 1 else "hold"}
    of_each = [f"{counts[name]} {names.get(name, name)}" for name in Outcome if counts[name]]
    unjudged = [_several(counts["unjudged"], "snapshot") + " not judged"] * bool(counts["unjudged"])
    spent = [_several(counts["requests"], "live request"), _several(counts["tokens"], "token")]
    return f"{_several(len(verdicts), 'test')} verified: {', '.join([*of_each, *spent, *unjudged])}"


def counts_of(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Return how many tests had each outcome, how many findings have each severity, and what was spent."""
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    severities = Counter(finding["severity"] for verdict in verdicts for finding in verdict.findings)
    return {
        **{name.value: outcomes[name] for name in Outcome},
        **{severity.value: severities[severity] for severity in Severity},
        **{name: sum(getattr(each, name) for each in verdicts) for name in ("requests", "tokens", "unjudged")},
    }


def _several(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


# --- JSON ---


def as_json(verdicts: Sequence[Verdict], by: str) -> str:
    """Return all for programs; `by` is the version of this package."""
    whole = {"version": _VERSION, "by": by, "counts": counts_of(verdicts), "tests": [asdict(each) for each in verdicts]}
    return json.dumps(whole, indent=2) + "\n"


# --- Markdown ---


def as_markdown(verdicts: Sequence[Verdict]) -> str:
    """Return a table of the tests that differ, with the details folded; what comes from elsewhere stands in code."""
    told_of = [each for each in verdicts if each.findings or each.outcome != Outcome.HOLDS]
    table = chain(_head(), *map(_row, told_of)) if told_of else ()
    parts = ["## Verified against the live API", "", summary(verdicts), "", *table, *chain(*map(_details, told_of))]
    return "\n".join(parts).rstrip() + "\n"


def _head() -> Iterator[str]:
    yield f"| test | {' | '.join(Severity)} | outcome |"
    yield "| --- | ---: | ---: | ---: | --- |"


def _row(verdict: Verdict) -> Iterator[str]:
    counts = Counter(finding["severity"] for finding in verdict.findings)
    numbers = " | ".join(str(counts[severity] or "") for severity in Severity)
    name = code(verdict.test).replace("|", "\\|")  # which would end the cell, in code too
    yield f"| {name} | {numbers} | {verdict.outcome} |"


def _details(verdict: Verdict) -> Iterator[str]:
    lines = [f"- {finding['severity']}: {code(told(finding, verdict.samples))}" for finding in verdict.findings]
    lines += [f"- not verified: {code(verdict.reason)}"] * bool(verdict.reason)
    yield ""
    yield from folded(f"{verdict.test}: {verdict.outcome}", [*lines, f"- cassette: {code(verdict.cassette)}"])
