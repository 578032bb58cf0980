"""What the plugin adds to a run of pytest that has no tests at all."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.measure import child, in_turns
from benchmarks.report import Section, duration

if TYPE_CHECKING:
    from pathlib import Path

_NOTHING_COLLECTED: Final = 5
_AIM: Final = 0.005
#: By name: the plugins loaded, and what to take off.
_PLUGINS: Final = {
    "pytest alone": ((), None),
    "syrupy": (("syrupy",), "pytest alone"),
    "ours, and syrupy, on which it stands": (("syrupy", "interactions"), "syrupy"),
    "pytest-recording": (("recording",), "pytest alone"),
    "cassetter": (("cassetter",), "pytest alone"),
}


def run(scratch: Path, *, quick: bool) -> Section:
    """Collect nothing, in turns."""
    empty = scratch / "empty"
    empty.mkdir(exist_ok=True)
    (empty / "pytest.ini").write_text("[pytest]\n")
    for plugins, _ in _PLUGINS.values():  # once for the compiled modules
        _collect(empty, plugins)
    figures = in_turns(
        {name: partial(_collect, empty, plugins) for name, (plugins, _) in _PLUGINS.items()},
        rounds=5 if quick else 15,
    )
    title = "Start-up: `pytest --collect-only` in an empty directory"
    section = Section(title, ("plugins", "wall", "more than without"))
    for name, (_, less) in _PLUGINS.items():
        more = median(map(float.__sub__, figures[name], figures[less])) if less else None
        section.rows.append((name, duration(median(figures[name])), "" if more is None else f"{more * 1e3:+.1f} ms"))
        if more is not None and name.startswith("ours"):
            found = f"{more * 1e3:.1f} ms"
            section.aim("the plugin adds at most 5 ms to the start of pytest", found, met=more <= _AIM)
    section.notes.append(
        "What is more is the median of the differences within a round. syrupy is counted apart: ours against syrupy "
        "alone. Ours is the import of a dozen small modules, of which the options are a quarter and the hooks and "
        "fixtures most of the rest; no module of another project is among them."
    )
    return section


def _collect(directory: Path, plugins: tuple[str, ...]) -> float:
    loaded = [part for name in plugins for part in ("-p", name)]
    # pytest's own status for no tests is no failure here.
    code = f"import sys, pytest; sys.exit(pytest.main() != {_NOTHING_COLLECTED})"
    return child(
        ["-c", code, "--collect-only", "-q", "-p", "no:cacheprovider", *loaded],
        cwd=directory,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    ).wall
