"""The opening of cassettes for tests, and for fixtures of a wider scope: their options, their places, their names."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from inspect import isgeneratorfunction, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import OptionError
from pytest_interactions.options import RecordMode
from pytest_interactions.plugin import attempts
from pytest_interactions.plugin.attempts import plainly

if TYPE_CHECKING:
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.options import Options

#: The fixture of a test's own cassette, and the marker.
FIXTURE: Final = "interactions"
#: Of a session: the options of the ini file and of the command line.
GIVEN: Final = pytest.StashKey[tuple[dict[str, Any], dict[str, Any]]]()
#: Of a session: when it began, in nanoseconds as the times of files tell it.
BEGUN: Final = pytest.StashKey[int]()
#: Of a session: whether some tests were deselected.
DESELECTED: Final = pytest.StashKey[bool]()
#: Of a session: the projects of directories, as far as they were asked for.
PROJECTS: Final = pytest.StashKey[dict[Path, Path | None]]()

_CONFIG: Final = "interactions_config"
_SNAPSHOTS: Final = {"snapshot", "snapshot_steps"}
#: The fixtures that have a cassette, each with what it begins for; without that, it is for a test.
KINDS: Final[dict[str, type[pytest.Item | pytest.Collector]]] = {
    "interactions": pytest.Item,
    "session_interactions": pytest.Session,
    "package_interactions": pytest.Session,  # for pytest a plugin's fixture of this scope lives that long
    "module_interactions": pytest.Module,
    "class_interactions": pytest.Class,
}

Node = pytest.Item | pytest.Collector


def options(node: Node, config: Mapping[str, Any]) -> Options:
    """Return the options of a test or of a wider scope, for which `interactions_config` gave `config`.

    Raises:
        OptionError: An option is unknown or can't have its value; the message says where it stands.
    """
    from pytest_interactions.options import order

    markers = [
        (f"@pytest.mark.interactions of {node.nodeid}", marker.kwargs)
        for marker in reversed(list(node.iter_markers(FIXTURE)))
    ]
    if not isinstance(config, Mapping):
        raise OptionError(f"the fixture interactions_config returned {config!r}, which is not a dict of options.")
    ini, flags = node.config.stash[GIVEN]
    found = order(ini=ini, config=config, flags=flags, markers=markers)
    root = node.config.rootpath
    if found.store:
        from pytest_interactions.store.store import resolved

        found = found._replace(store=resolved(found.store, root))
    if not found.rules:
        return found
    return found._replace(rules=tuple(str(root / rule) if (root / rule).exists() else rule for rule in found.rules))


def static_config(item: pytest.Item) -> Mapping[str, Any]:
    """Return what the fixture `interactions_config` gives a test, before that is set up.

    Raises:
        OptionError: It can't be known so early, as it asks for other fixtures or yields.
    """
    found = item.session._fixturemanager.getfixturedefs(_CONFIG, item)  # noqa: SLF001 - there is no public way
    definition = (found or [])[-1]  # this package's own, at least
    if definition.argnames or isgeneratorfunction(definition.func):
        raise OptionError(
            f"the fixture {_CONFIG} of {definition.baseid or item.nodeid} asks for other fixtures or yields, so that "
            "its options can't be known before a test's own fixtures are made. Let it return a dict alone, or take a "
            "cassette for each test."
        )
    own = [None] * len(signature(definition.func).parameters)  # `self`, if it stands in a class
    config: Mapping[str, Any] = definition.func(*own)  # type: ignore[assignment] # it does not yield
    return config


def of_test(item: pytest.Item, config: Mapping[str, Any]) -> Cassette:
    """Open a test's own cassette."""
    from pytest_interactions.files.real import real_files

    with plainly(), real_files():
        if item.get_closest_marker("vcr"):
            raise OptionError(
                f"{item.nodeid} has the mark vcr and the fixture interactions: both would record its requests, and one "
                "alone gets them. Take away the mark, or the fixture."
            )
        attempts.start_over(item)
        shared = any(marker.args for marker in item.iter_markers(FIXTURE))
        cassette = _open(item, FIXTURE, options(item, config), shared=shared)
    if cassette.faults.are_any and not cassette.replays_only:
        cassette.close(failed=True)
        pytest.skip(f"its faults hit what is replayed, and record mode {cassette.record_mode} may record its cassette")
    attempts.begin(item, cassette)
    return cassette


def of_scope(node: Node, fixture: str, options: Options) -> Cassette:
    """Open the cassette of the wider fixture `fixture`, which begins for `node`."""
    from pytest_interactions.files.real import real_files

    with real_files():
        return _open(node, fixture, options, shared=_is_partial(node))


def _open(node: Node, fixture: str, options: Options, *, shared: bool) -> Cassette:
    from pytest_interactions.clients.context import open_cassette

    return open_cassette(
        path(node, fixture, options),
        options,
        projects=projects(node, options),
        rerecord=lambda: _rerecord(node),
        begun=node.config.stash[BEGUN],
        shared=shared,
    )


def _is_partial(node: Node) -> bool:
    """Whether other tests, in another process or another run, may ask for more of a wider cassette."""
    config = node.config
    is_nested = len(_classes(node)) > 1  # the class around it has the same cassette
    is_chosen = config.stash[DESELECTED] or any("::" in argument for argument in config.args)
    if is_nested or is_chosen or hasattr(config, "workerinput"):
        return True
    return not any(node.path.is_relative_to(config.invocation_params.dir / argument) for argument in config.args)


def replays(item: pytest.Item, names: list[str], options: Options) -> bool:
    """Return whether a test may replay alone: all its cassettes are there, and are older than the run."""
    if options.record_mode is not RecordMode.ONCE:
        return options.record_mode is RecordMode.NONE
    from pytest_interactions.files import storage

    found = [path(item.getparent(KINDS[name]) or item, name, options) for name in names]
    begun = item.config.stash[BEGUN]
    return all(
        _is_in_store(each, options) if (its := storage.signature(each)) is None else its[0] < begun for each in found
    )


def path(node: Node, fixture: str, options: Options) -> Path:
    """Return the path of the cassette that `fixture` has for a test or a wider scope, which is there or will be."""
    project, *others = paths(node, fixture, options)
    if not others or project.exists() or _is_in_store(project, options):
        return project
    return next((each for each in others if each.exists() or _is_in_store(each, options)), project)


def _is_in_store(path: Path, options: Options) -> bool:
    """Return whether a lock file names the cassette at `path`, so that a store has it."""
    if not options.store or options.store_media:
        return False
    from pytest_interactions.store.store import locked

    return locked(path) is not None


def paths(node: Node, fixture: str, options: Options) -> list[Path]:
    """Return the paths that the cassette which `fixture` has for a test or a wider scope may have."""
    return [path_in(each / options.cassette_dir, each, node, fixture) for each in projects(node, options)]


def projects(node: Node, options: Options) -> list[Path]:
    """Return the directories whose cassettes may be the node's: its project, and where pytest is run.

    Without a project it is the nearest directory that has cassettes.
    """
    from pytest_interactions.naming import project_of

    root = node.config.rootpath
    directory = root if isinstance(node, pytest.Session) else node.path.parent
    known = node.config.stash[PROJECTS]
    if directory not in known:
        known[directory] = project_of(directory)
    project = known[directory]
    if project is None:
        upwards = (directory, *directory.parents)
        project = next((each for each in upwards if (each / options.cassette_dir).is_dir()), root)
    return list(dict.fromkeys([project, root]))


def path_in(directory: Path, project: Path, node: Node, fixture: str) -> Path:
    """Return the path that a cassette has in a directory of cassettes; the other arguments are those of `path`.

    Raises:
        OptionError: A marker names a cassette that can't be.
    """
    from pytest_interactions.naming import cassette_path, named_cassette

    if fixture == FIXTURE:
        name = next((marker.args[0] for marker in node.iter_markers(FIXTURE) if marker.args), None)
        if name is not None:
            return named_cassette(directory, _clean(str(name)))
    if isinstance(node, pytest.Session):
        return named_cassette(directory, fixture)
    if fixture == FIXTURE:
        return cassette_path(directory, project, node.path, name_of(node))
    # A wider fixture that a class gets is that of the classes within it too, if it has begun before.
    return cassette_path(directory, project, node.path, ".".join(map(_clean, [*_classes(node)[:1], fixture])))


def name_of(node: Node) -> str:
    """Return the name of a test as its cassette has it, without secrets: `[Class.]test[params]`."""
    return ".".join(map(_clean, [*_classes(node), node.name]))


def _clean(name: str) -> str:
    """Return a name without secrets, which a parameter or a marker may have: it becomes that of a file."""
    from pytest_interactions.redaction.secrets import of_this_run

    secrets = of_this_run()
    secrets.learn_environ(os.environ)
    return secrets.matcher.redact(name)


def tell_variables(config: pytest.Config) -> None:
    """Note whose values were found in traffic and replaced: without the variable, a replay may not be what it was."""
    if "pytest_interactions.redaction.secrets" in sys.modules:
        from pytest_interactions.redaction.secrets import of_this_run

        names = ", ".join(sorted(of_this_run().found_variables))
        if names:
            config.stash[attempts.NOTES].append(f"redacted wherever they turned up: the values of {names}")


def tell_sdk(config: pytest.Config) -> None:
    """Note, with `-v`, if calls of google-genai are no faster in a replay, and keep nothing for them any more."""
    if "pytest_interactions.clients.sdk" in sys.modules:
        from pytest_interactions.clients import sdk

        note = sdk.note()
        if note and config.get_verbosity() > 0:
            config.stash[attempts.NOTES].append(note)
        sdk.KEPT.forget()


def _classes(node: Node) -> list[str]:
    return [each.name for each in node.listchain() if isinstance(each, pytest.Class)]


def _rerecord(node: Node) -> str:
    """Return the command that records a cassette anew, with the snapshots that will differ then."""
    meets_snapshots = not _SNAPSHOTS.isdisjoint(getattr(node, "fixturenames", ()))
    words = ["pytest", _argument(node), "--interactions-record-mode=rewrite", "--snapshot-update" * meets_snapshots]
    return " ".join(filter(None, words))


def _argument(node: Node) -> str:
    """Return the node's name on the command line of this run, quoted for a shell; `""` for the whole session."""
    if isinstance(node, pytest.Session):
        return ""
    here = node.config.invocation_params.dir
    file = os.path.relpath(node.path, here) if node.path.anchor == here.anchor else str(node.path)  # of another drive
    names = node.nodeid.split("::")[1:]
    if _clean("::".join(names)) != "::".join(names):  # a parameter has a secret in it: then all of its tests
        names = [name.partition("[")[0] for name in names]
    return shlex.quote("::".join([file, *names]))
