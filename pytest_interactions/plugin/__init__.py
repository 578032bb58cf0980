"""The pytest plugin: options, marker and fixtures. The rest of the package is imported when a test uses it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.errors import OptionError
from pytest_interactions.plugin import (
    attempts,
    cut_off,
    early_key,
    opening,
    owners,
    reporting,
    sampling,
    scopes,
    stale,
    storms,
    summary,
    verifying,
)
from pytest_interactions.plugin.attempts import plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_interactions import types
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.server import ReplayServer
    from pytest_interactions.server.emulator import Emulator
    from pytest_interactions.snapshot import StepsAssertion


# --- options ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add each option as a flag and an ini key."""
    from pytest_interactions.options import SPECS

    group = parser.getgroup("interactions", "interactions (record and replay of the Gemini Interactions API)")
    for name, spec in SPECS.items():
        if not spec.flag:
            continue
        dashed = name.replace("_", "-")
        kind: dict[str, Any] = {"action": "append"} if spec.adds else {"nargs": "?", "const": "true"} if spec.on else {}
        flag = f"--interactions-{dashed}"
        group.addoption(flag, dest=f"interactions_{name}", default=None, metavar=spec.word, help=spec.help, **kind)
        # An ini file gives text; TOML may give a list or a switch.
        ini: Any = "linelist" if spec.adds or spec.several else "bool" if spec.on else "string"
        parser.addini(f"interactions_{name}", help=spec.help, type=ini, default=None)
    cut_off.add_option(parser, group)
    owners.add_option(parser, group)
    reporting.add_option(parser, group)
    verifying.add_options(group)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Leave the network if that is wanted, and set a key that is none for clients that a conftest.py makes."""
    cut_off.leave_network(early_config)
    named = getattr(early_config.known_args_namespace, "file_or_dir", None) or early_config.getini("testpaths")
    paths = [early_config.invocation_params.dir / str(name).partition("::")[0] for name in named]
    early_key.set_early(early_config, [early_config.rootpath, early_config.invocation_params.dir, *paths])


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> None:
    """Do the same for what a directory holds: its conftest.py, and test files that make a client at import."""
    early_key.set_early(parent.config, [path])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse unusable options of the command line and the ini file."""
    cut_off.leave_network(config)  # if a conftest.py has brought this plugin, it was not asked before
    config.addinivalue_line(
        "markers",
        "interactions(name, **options): record and replay this test's traffic; `name` is a cassette of its own choice.",
    )
    config.pluginmanager.register(scopes)
    config.pluginmanager.register(stale)
    config.pluginmanager.register(storms)
    config.pluginmanager.register(summary)
    config.pluginmanager.register(verifying)
    config.pluginmanager.register(sampling)
    config.stash[opening.BEGUN] = _begun(config)
    config.stash[attempts.UNSAVED] = []
    config.stash[attempts.NOTES] = []
    config.stash[attempts.FAILED] = set()
    config.stash[attempts.LEFT_OUT] = set()
    config.stash[opening.PROJECTS] = {}
    flags = {name: "\n".join(v) if isinstance(v, list) else v for name, v in _given(config.getoption).items()}
    ini = _given(config.getini)
    config.stash[opening.GIVEN] = ini, flags
    if ini or flags:
        from pytest_interactions.options import resolve

        try:
            resolve(("ini file", ini), ("command line", flags))
        except OptionError as error:
            raise pytest.UsageError(str(error)) from None
    owners.begin(config)
    reporting.begin(config)


def _begun(config: pytest.Config) -> int:
    """Return when this run began, all its workers, as a new file tells it: a test may set the clock of its process."""
    given: Mapping[str, Any] = getattr(config, "workerinput", {})
    if "interactions_begun" in given:
        return int(given["interactions_begun"])
    from pytest_interactions.files.clock import of_a_new_file

    return of_a_new_file()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a pytest-xdist worker when the run began."""
    node.workerinput["interactions_begun"] = node.config.stash[opening.BEGUN]


def _given(read: Callable[[str], Any]) -> dict[str, Any]:
    """Return the options that are set where `read`, `config.getini` or `config.getoption`, looks."""
    from pytest_interactions.options import SPECS

    values = {name: read(f"interactions_{name}") for name, spec in SPECS.items() if spec.flag}
    return {name: value for name, value in values.items() if value is not None}


# --- the marker ---


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give marked tests the fixture before their other function-scoped fixtures, which may make a client."""
    for item in items:
        names: list[str] | None = getattr(item, "fixturenames", None)
        own = [opening.FIXTURE] if item.get_closest_marker(opening.FIXTURE) else []
        if names is None or not {opening.FIXTURE, *scopes.FIXTURES.values()}.intersection([*names, *own]):
            continue
        ours = [opening.FIXTURE] if own or opening.FIXTURE in names else []
        names[:] = [name for name in names if name not in ours]
        definitions = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        wider = [name for name in names if name in definitions and definitions[name][-1].scope != "function"]
        place = max((names.index(name) + 1 for name in wider), default=0)
        names[place:place] = [scopes.END, *ours]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave the credentials of Google alone, as what follows is no code at import."""
    early_key.stop_finding(session.config)


# --- fixtures ---


@pytest.fixture
def interactions_config() -> types.Options:
    """Return the options of the tests below this file: none, until a `conftest.py` or a test file overrides it.

    Override it with the scope `session` if wider fixtures have cassettes:

        @pytest.fixture(scope="session")
        def interactions_config():
            return {"redact": ["re:cust-[0-9]{6}"], "fast_forward": True}
    """
    return {}


@pytest.fixture
def interactions(request: pytest.FixtureRequest, interactions_config: types.Options) -> Iterator[Cassette]:
    """Record this test's traffic to its cassette, or replay it from there; it is the test's view of what was sent.

    `.exchanges` are what went over the wire, and `.interactions` the calls of the app. `.steps`, `.calls` (of tools)
    and `.usage` (tokens) are those of all interactions. `.path` is the cassette's file, `.record_mode` says what is
    done, and `.all_played` whether each recording was asked for. `.override(n, ...)` replaces a recorded answer.

        def test_agent(interactions, snapshot_steps):
            assert "sunny" in ask("What is the weather in Paris?")
            assert interactions.calls[0].arguments == {"city": "Paris"}
            assert interactions == snapshot_steps
    """
    cassette = opening.of_test(request.node, interactions_config)
    from pytest_interactions.clients.context import opened

    with opened(cassette):
        yield cassette
        attempts.settle(request.node.stash[attempts.USE])


@pytest.fixture
def interactions_server(interactions: Cassette) -> Iterator[ReplayServer]:
    """Serve this test's cassette on a local address, for code in another process or language: `.url` and `.env`.

    What comes there is recorded and replayed as if this test had sent it.

        def test_agent_in_javascript(interactions_server):
            subprocess.run(["node", "agent.js"], env=os.environ | interactions_server.env, check=True)
    """
    with plainly():
        from pytest_interactions.server import ReplayServer

        server = ReplayServer(interactions)
    with server:
        yield server


@pytest.fixture
def interactions_emulator() -> Iterator[Emulator]:
    """Serve a local Interactions API to this test: `.url`, `.env`, `.requests`, and scripted replies by `.on()`.

    Nothing is recorded, unless the test has a cassette too. The clock of the API stands still.

        def test_busy_api(interactions_emulator, monkeypatch):
            interactions_emulator.on(input="Hello").reply(error=503, times=1)
            for name, value in interactions_emulator.env.items():
                monkeypatch.setenv(name, value)
            assert ask("Hello")  # the app tries again
    """
    with plainly():
        from pytest_interactions.server.emulator import Emulator
    with Emulator.steady() as emulator:  # so that a recording of it changes only with the test
        yield emulator


@pytest.fixture
def snapshot_steps(request: pytest.FixtureRequest, snapshot: Any) -> StepsAssertion:
    """Assert the steps that an agent took: `assert interactions == snapshot_steps`.

    What is compared may be the fixture `interactions`, an interaction of the SDK, its JSON, a list of steps, or the
    events of a stream. `snapshot_steps(text=False)` leaves out wording. `snapshot_steps(match="superset")` takes the
    snapshot for what must happen. `pytest --snapshot-update` writes snapshots.
    """
    from pytest_interactions.redaction.secrets import of_this_run
    from pytest_interactions.snapshot import steps_snapshot

    of_this_run().learn_environ(os.environ)  # the snapshot's name may have a secret in it
    use = request.node.stash.get(attempts.USE, None)
    assertion = steps_snapshot(snapshot, use.cassette.redacted if use else of_this_run().matcher.redact)
    if use is not None:
        use.snapshots.append(assertion)
        if use.cassette.verification is not None:  # which judges by behaviour, and writes nothing
            assertion.unjudged = []
            request.config.stash[attempts.FAILED].add(request.node.nodeid)
    return assertion


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that passes though its app has swallowed one of our errors."""
    with attempts.called(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note what became of a test and its subtests, and save when all of its teardown is over: that may fail it too."""
    report: pytest.TestReport = yield  # type: ignore[assignment] # what a wrapper is sent
    verifying.excuse(item, report)
    if report.failed:
        from pytest_interactions.plugin import failures

        failures.shorten(item, call, report, attempts.met(item))
    attempts.note(item, report)
    scopes.hint(report)
    if report.when == "teardown":
        attempts.save(item, report)
    return report  # type: ignore[return-value] # and passes on


# --- the summary ---


@pytest.hookimpl(wrapper=True, specname="pytest_sessionfinish")
def pytest_keep_snapshots(session: pytest.Session) -> Iterator[None]:
    """Have syrupy count the snapshots of tests that failed as used."""
    failed = session.config.stash[attempts.FAILED]
    if failed:
        from pytest_interactions.snapshot import keep_snapshots

        keep_snapshots(session.config, failed)
    yield


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save what an interrupted test has recorded, and hand a worker's notes to pytest-xdist's controller."""
    attempts.save_rest(session.config)
    opening.tell_variables(session.config)
    opening.tell_sdk(session.config)
    attempts.tell_left_out(session.config)
    owners.end(session)
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["interactions_notes"] = session.config.stash[attempts.NOTES]
        output["interactions_tally"] = summary.handed_over(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a pytest-xdist worker's notes to the controller's, and what its cassettes did."""
    output: Mapping[str, Any] = getattr(node, "workeroutput", {})  # of a worker that crashed there is none
    node.config.stash[attempts.NOTES].extend(output.get("interactions_notes", []))
    summary.take_over(node.config, output.get("interactions_tally", {}))
    owners.of_worker(node.config, output)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the notes on this run."""
    notes = [*config.stash[attempts.NOTES], *owners.notes(config)]
    if notes:
        terminalreporter.section("interactions")
        terminalreporter.write_line("\n".join(dict.fromkeys(notes)))  # workers may have the same
