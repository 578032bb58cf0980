"""How cost grows, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.report import Section

_COLORS: Final = {
    "ours": "#1a73e8",
    "vcrpy": "#d93025",
    "cassetter": "#f29900",
    "requests": "#188038",
    "urllib3": "#9334e6",
    "aiohttp": "#12b5cb",
}
#: By panel: its title, what is across and what is up.
_PANELS: Final = {
    "requests": ("One replayed request", "exchanges in the cassette", "times a hand-written mock"),
    "clients": ("One request, replayed by other clients", "exchanges in the cassette", "times a mock of the client"),
    "conversation": ("A stateless conversation of 30 to 1000 turns", "MB sent", "seconds"),
}


def draw(sections: Iterable[Section], path: Path) -> None:
    """Draw each panel's lines, on logarithmic axes, to the PNG at `path`."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(_PANELS), figsize=(6 * len(_PANELS), 5), layout="constrained")
    for axis, (panel, (title, across, up)) in zip(axes, _PANELS.items(), strict=True):
        for section in sections:
            for label, points in section.lines.get(panel, {}).items():
                _line(axis, label, points)
        axis.set(title=title, xlabel=across, ylabel=up, xscale="log", yscale="log")
        axis.grid(which="major", alpha=0.3)
        axis.legend(frameon=False)
    for axis in axes[:2]:
        axis.axhline(1, color="#5f6368", linewidth=1)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _line(axis: Any, label: str, points: list[tuple[float, float]]) -> None:
    name = label.partition(",")[0]
    if "out of order" in label:
        return  # as the other line, a little higher
    second = "KB" in label or "replaying" in label
    axis.plot(*zip(*points, strict=True), "--" if second else "-", marker="o", color=_COLORS[name], label=label)
