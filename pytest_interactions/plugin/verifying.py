"""What a run in record mode `verify` says: verdicts on its tests, at its end, in files, and by its exit status."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import BudgetError, CassetteFormatError
from pytest_interactions.options import RecordMode
from pytest_interactions.plugin import attempts, early_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.plugin.attempts import Use
    from pytest_interactions.report.verified import Verdict

#: The exit status of a run in which all went well, but some tests could not be verified.
NOT_VERIFIED: Final = 6
_MARKDOWN: Final = "interactions_verify_markdown"
_JSON: Final = "interactions_verify_json"
_OUTPUT: Final = "interactions_verdicts"
_SHARED: Final = "interactions_budget"
_COLOURS: Final = {"breaking": {"red": True}, "changed": {"yellow": True}}
#: Of a session: the verdicts, by the names of tests.
VERDICTS: Final = pytest.StashKey[dict[str, "Verdict"]]()
#: Of a session: the file by which processes know what all of them have spent.
_FILE: Final = pytest.StashKey[Path]()


def add_options(group: pytest.OptionGroup) -> None:
    """Add the flags for files that tell what was verified."""
    for name, what in ((_MARKDOWN, "Markdown, for a pull request"), (_JSON, "JSON, for programs")):
        flag = f"--{name.replace('_', '-')}"
        says = f"verify: write what differs from the recordings to FILE, as {what}"
        group.addoption(flag, dest=name, metavar="FILE", default=None, help=says)


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no verdicts and nothing spent, and refuse what can't be done at the end."""
    from pytest_interactions.cassette.budget import BUDGETS, Budget

    config.stash[VERDICTS] = {}
    given: Mapping[str, Any] = getattr(config, "workerinput", {})
    budget = Budget(Path(given[_SHARED]) if _SHARED in given else None)
    BUDGETS.append(budget)
    config.add_cleanup(budget.close)
    config.add_cleanup(partial(BUDGETS.remove, budget))
    if _is_verified(config) and config.getoption("update_snapshots", default=False):
        raise pytest.UsageError("--snapshot-update: record mode verify writes no snapshot. Leave one of both out.")
    for name in (_MARKDOWN, _JSON):
        _check_writable(config, name)


def _is_verified(config: pytest.Config) -> bool:
    return early_key.option(config, "record_mode") == RecordMode.VERIFY


def _check_writable(config: pytest.Config, name: str) -> None:
    """Refuse a file that can't be written, before hours of tests."""
    path = _path(config, name)
    if path is None:
        return
    flag = f"--{name.replace('_', '-')}"
    if path.name in ("", "-") or path.is_dir():
        raise pytest.UsageError(f"{flag}: {path} is no file that can be written. Name one; pytest has the output.")
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not os.access(existing, os.W_OK) or (existing != path and not existing.is_dir()):
        raise pytest.UsageError(f"{flag}: {path} can't be written, as {existing} can't.")


def _path(config: pytest.Config, name: str) -> Path | None:
    """Return the file that an option names; on a worker, that is not its to write, none."""
    given = config.getoption(name)
    return None if given is None or hasattr(config, "workerinput") else config.invocation_params.dir / given


# --- verdicts ---


def add(config: pytest.Config, use: Use) -> None:
    """Add the verdict on a cassette that a test, or all tests of a wider scope, have used; there is none if skipped."""
    verification = use.cassette.verification
    if use.outcome == "skipped" and verification is not None and not verification.is_out_of_budget:
        return
    unjudged = sum(len(each.unjudged or ()) for each in use.snapshots)
    _add(config, use.cassette, use.user, is_passed=use.outcome == "passed", unjudged=unjudged)


def add_block(config: pytest.Config, cassette: Cassette, _: Path | None) -> None:
    """Add the verdict on a `use_cassette` block, in record mode `verify`."""
    if cassette.verification is not None:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        name = f"use_cassette({_shown(config, cassette)!r})"
        user = f"{test}, {name}" if test else name
        before = sum(each == user or each.startswith(f"{user} (") for each in config.stash[VERDICTS])
        _add(config, cassette, f"{user} ({before + 1})" if before else user, is_passed=not cassette.verification.failed)


def _add(config: pytest.Config, cassette: Cassette, user: str, *, is_passed: bool, unjudged: int = 0) -> None:
    from pytest_interactions.report.verified import Outcome, Verdict, as_finding, worst

    verification = cassette.verification
    assert verification is not None  # noqa: S101 - whoever calls has looked
    try:
        findings = verification.findings(is_whole=is_passed)
    except CassetteFormatError:  # which fails the test
        findings, is_passed = [], False
    drifted = any(verification.fails(each.severity) for each in findings)
    outcome = Outcome.FAILED if not is_passed or cassette.failures else Outcome.DRIFTED if drifted else Outcome.HOLDS
    found = list(map(as_finding, findings))
    verdict = Verdict(
        test=cassette.redacted(user),
        cassette=cassette.redacted(_shown(config, cassette)),
        outcome=outcome.value,
        severity=worst(found),
        requests=len(verification.live),
        tokens=verification.tokens,
        unjudged=unjudged,
        findings=found,
    )
    if verification.is_out_of_budget:
        verdict.outcome, verdict.reason = Outcome.UNVERIFIED.value, _reason(cassette)
    config.stash[VERDICTS][user] = verdict


def _reason(cassette: Cassette) -> str:
    return next(each.headline for each in cassette.failures if isinstance(each, BudgetError))


def _shown(config: pytest.Config, cassette: Cassette) -> str:
    from pytest_interactions.naming import shown

    return shown(cassette.path, config.invocation_params.dir)


def excuse(item: pytest.Item, report: pytest.TestReport) -> None:
    """Have a test be skipped whose requests were not sent for want of requests or tokens: nothing is known of it."""
    use = item.stash.get(attempts.USE, None)
    cassette = use.cassette if use is not None else None
    if cassette is None or cassette.verification is None or not cassette.verification.is_out_of_budget:
        return
    if report.failed or (report.when == "call" and report.passed):
        report.outcome = "skipped"
        report.longrepr = str(item.path), (item.location[1] or 0) + 1, f"Skipped: {_reason(cassette)}"


# --- at the end ---


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a pytest-xdist worker the file by which all of them know what they have spent."""
    config = node.config
    if not _is_verified(config):
        return
    if _FILE not in config.stash:
        directory = TemporaryDirectory(prefix="pytest-interactions-")
        config.add_cleanup(directory.cleanup)
        config.stash[_FILE] = Path(directory.name) / "budget"
    node.workerinput[_SHARED] = str(config.stash[_FILE])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a pytest-xdist worker's verdicts to the controller's."""
    from pytest_interactions.report.verified import Verdict

    for user, verdict in getattr(node, "workeroutput", {}).get(_OUTPUT, {}).items():
        node.config.stash[VERDICTS][user] = Verdict(**verdict)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the files, or hand a worker's verdicts over; let the exit status say that some tests are not verified."""
    config = session.config
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = {user: asdict(verdict) for user, verdict in config.stash[VERDICTS].items()}
        return
    _write(config)
    if session.exitstatus == pytest.ExitCode.OK and any(each.reason for each in _verdicts(config)):
        session.exitstatus = NOT_VERIFIED


def _verdicts(config: pytest.Config) -> list[Verdict]:
    return [verdict for _, verdict in sorted(config.stash[VERDICTS].items())]


def _write(config: pytest.Config) -> None:
    for name in (_MARKDOWN, _JSON):
        path = _path(config, name)
        if path is not None:
            from pytest_interactions.files import disk
            from pytest_interactions.files.origin import own_version
            from pytest_interactions.report.verified import as_json, as_markdown

            verdicts = _verdicts(config)
            text = as_markdown(verdicts) if name == _MARKDOWN else as_json(verdicts, own_version())
            try:
                with disk.replacing(path) as file:
                    file.write(text.encode("utf-8", "backslashreplace"))
            except OSError as error:
                config.stash[attempts.NOTES].append(f"{path} could not be written: {error.strerror}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what differs from the recordings, and annotate the workflow if it is one of GitHub's."""
    verdicts = _verdicts(config)
    if not verdicts:
        return
    from pytest_interactions.report import annotations
    from pytest_interactions.report.verified import lines

    terminalreporter.ensure_newline()
    terminalreporter.section("interactions: verified")
    for line, severity in lines(verdicts):
        terminalreporter.write_line(line, **_COLOURS.get(severity, {}))
    if annotations.are_wanted():
        for line in _annotations(config, verdicts):
            terminalreporter.write_line(line)


def _annotations(config: pytest.Config, verdicts: list[Verdict]) -> Iterator[str]:
    from pytest_interactions.report.annotations import annotation, in_workspace
    from pytest_interactions.report.verified import Outcome, told

    for verdict in verdicts:
        is_error = verdict.outcome in (Outcome.DRIFTED, Outcome.FAILED)
        file = in_workspace(config.invocation_params.dir / verdict.cassette)
        texts = [told(finding, verdict.samples) for finding in verdict.findings] + [verdict.reason] * bool(
            verdict.reason
        )
        for text in texts:
            level = "error" if is_error else "warning" if verdict.reason else "notice"
            yield annotation(level, verdict.outcome, f"{verdict.test}: {text}", file=file)
