"""The chart: ratio against speed, a panel for each size class."""

from __future__ import annotations

from math import hypot
from textwrap import wrap
from typing import TYPE_CHECKING
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter
from matplotlib.ticker import LogLocator
from matplotlib.ticker import NullFormatter
from matplotlib.transforms import Bbox

from .peers import OUR_ZSTD
from .peers import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from .leads import Score

_COLUMNS = 3
_PANEL_INCHES = (5.0, 4.1)
_MIN_WIDTH_INCHES = 7.0
_CHARACTERS_PER_INCH = 11
_OUR_COLOURS = {OURS: "#d62728", OUR_ZSTD: "#b8651b"}
_RIVAL_COLOURS = (
    "#4c4c4c",
    "#9a9a9a",
    "#1f77b4",
    "#2ca02c",
    "#9467bd",
    "#17a2b8",
    "#e0a100",
    "#8c9a1f",
    "#c77cb8",
    "#5b6abf",
)
_RIVAL_MARKERS = "osD^vP<>Xp"
_WIDE_RANGE = 8
_LINE_STYLES = {"deflate": "-", "zstd": "--", "br": ":"}
# Points that trade very much of the ratio for speed, or the reverse, would squeeze all others
# together: a panel shows ratios from that share of our lowest to that share of our highest.
_RATIO_RANGE = (0.9, 1.06)
_OUTLIERS = "A line that leaves its panel leads to a point of far less or far more ratio."

# Lengths in typographic points.
_LABEL_SIZE = 7.5
_MARKER_SIZE = 6.0
_MIN_LABEL_DISTANCE = 12.0
# Where a label may be: the directions from its point, the one to prefer first.
_DIRECTIONS = ((1, 1), (0, 1), (1, 0), (-1, -1), (0, -1), (-1, 0), (1, -1), (-1, 1))


def draw(classes: Mapping[str, list[Score]], caption: str) -> Figure:
    """Return the chart.

    :param classes: the scores of every size class, those of a family next to each other.
    :param caption: what is said below it.
    """
    columns = min(_COLUMNS, len(classes))
    rows = -(-len(classes) // columns)
    width = max(columns * _PANEL_INCHES[0], _MIN_WIDTH_INCHES)
    lines = [
        line
        for paragraph in (*caption.splitlines(), _OUTLIERS)
        for line in wrap(paragraph, int(width * _CHARACTERS_PER_INCH))
    ]
    height = rows * _PANEL_INCHES[1] + 0.15 * len(lines) + 0.6
    engine = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    figure = Figure(figsize=(width, height), layout=engine)
    handles: dict[str, Line2D] = {}
    styles = _styles([score for scores in classes.values() for score in scores])
    all_axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, (size_class, scores) in zip(all_axes, classes.items(), strict=False):
        _draw_panel(axes, size_class, scores, styles, handles)
    for axes in all_axes[len(classes) :]:
        axes.set_visible(False)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=min(len(handles), 2 + 2 * columns),
        frameon=False,
        title="\n".join(lines),
        title_fontsize=9,
    )
    # Where the labels are too close is known when the panels have their sizes.
    figure.draw_without_rendering()
    for axes, scores in zip(all_axes, classes.values(), strict=False):
        _label_levels(axes, scores)
    return figure


def write_svg(figure: Figure, path: Path) -> None:
    """Write a chart as SVG; the same chart gives the same bytes."""
    # Letters, not their outlines: smaller, and a reader can search them.
    with mpl.rc_context({"svg.hashsalt": "pyfastgz", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _styles(scores: list[Score]) -> dict[str, dict[str, object]]:
    styles: dict[str, dict[str, object]] = {}
    rivals = 0
    for score in scores:
        if score.family in styles:
            continue
        style: dict[str, object] = {"linestyle": _LINE_STYLES[score.coding]}
        if score.is_ours:
            style |= {"color": _OUR_COLOURS[score.family], "marker": "o"}
            style |= {"markersize": _MARKER_SIZE, "linewidth": 2.2, "zorder": 5}
        else:
            style |= {"color": _RIVAL_COLOURS[rivals % len(_RIVAL_COLOURS)]}
            style |= {"marker": _RIVAL_MARKERS[rivals % len(_RIVAL_MARKERS)]}
            style |= {"markersize": 4.5, "linewidth": 1.1, "alpha": 0.9, "zorder": 3}
            rivals += 1
        styles[score.family] = style
    return styles


def _draw_panel(
    axes: Axes,
    size_class: str,
    scores: list[Score],
    styles: Mapping[str, Mapping[str, object]],
    handles: dict[str, Line2D],
) -> None:
    for family, style in styles.items():
        members = [score for score in scores if score.family == family]
        (line,) = axes.plot(
            [score.speed for score in members],
            [score.ratio for score in members],
            **style,  # type: ignore[arg-type]
        )
        handles.setdefault(family, line)
    axes.set_title(size_class, fontsize=11, fontweight="bold", loc="left")
    axes.set_xscale("log")
    axes.set_xlabel("speed, MB/s (higher is better)", fontsize=9)
    axes.set_ylabel("ratio (higher is better)", fontsize=9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=8)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _set_limits(axes, scores)
    low, high = axes.get_xlim()
    subs = (1, 2, 5) if high > _WIDE_RANGE * low else (1, 2, 3, 4, 6, 8)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))


def _set_limits(axes: Axes, scores: list[Score]) -> None:
    ratios = [score.ratio for score in scores if score.is_ours]
    low, high = min(ratios) * _RATIO_RANGE[0], max(ratios) * _RATIO_RANGE[1]
    shown = [score for score in scores if low <= score.ratio <= high]
    low, high = min(score.ratio for score in shown), max(score.ratio for score in shown)
    margin = 0.08 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)
    speeds = [score.speed for score in shown]
    axes.set_xlim(min(speeds) / 1.12, max(speeds) * 1.12)


def _label_levels(axes: Axes, scores: list[Score]) -> None:
    """Write the numbers of our levels where there is room; neighbours share one: "6-9"."""
    pixels = axes.get_figure().dpi / 72  # type: ignore[union-attr]
    places = {s.name: axes.transData.transform((s.speed, s.ratio)) / pixels for s in scores}
    half = _MARKER_SIZE / 2
    taken = [
        Bbox.from_extents(x - half, y - half, x + half, y + half)
        for score in scores
        if score.is_ours
        for x, y in [places[score.name]]
    ]
    for family, colour in _OUR_COLOURS.items():
        members = [score for score in scores if score.family == family]
        for run in _runs(members, places):
            middle = run[len(run) // 2]
            text = f"{run[0].level}-{run[-1].level}" if len(run) > 1 else str(middle.level)
            x, y = places[middle.name]
            width, height = 0.66 * _LABEL_SIZE * len(text), 0.8 * _LABEL_SIZE
            for right, up in _DIRECTIONS:
                dx = right * (half + 1.5 + width / 2)
                dy = up * (half + 1.5 + height / 2)
                box = Bbox.from_bounds(x + dx - width / 2, y + dy - height / 2, width, height)
                if not any(box.overlaps(other) for other in taken):
                    taken.append(box)
                    axes.annotate(
                        text,
                        (middle.speed, middle.ratio),
                        xytext=(dx, dy),
                        textcoords="offset points",
                        horizontalalignment="center",
                        verticalalignment="center_baseline",
                        fontsize=_LABEL_SIZE,
                        fontweight="bold",
                        color=colour,
                        path_effects=[withStroke(linewidth=2, foreground="white")],
                        zorder=6,
                    )
                    break


def _runs(scores: list[Score], places: Mapping[str, Any]) -> list[list[Score]]:
    """Return consecutive levels in groups whose points are too near for labels of their own."""
    runs: list[list[Score]] = []
    for score in scores:
        if (
            runs
            and hypot(*(places[score.name] - places[runs[-1][0].name])) < _MIN_LABEL_DISTANCE
        ):
            runs[-1].append(score)
        else:
            runs.append([score])
    return runs
