"""The charts, as SVG: ratio against speed, a panel for each size class, and bars of groups."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from hashlib import sha256
from io import StringIO
from itertools import groupby
from math import dist
from pathlib import Path
from textwrap import fill

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .encoders.leads import OUR_ZSTD
from .encoders.leads import OURS
from .encoders.leads import Score

# Text stays text, identifiers are the same every time, and a matplotlibrc changes nothing.
_SVG = {"svg.fonttype": "none", "svg.hashsalt": "pyfastgz", "font.sans-serif": "DejaVu Sans"}
_LOOK = {"axes.titlelocation": "left", "axes.titleweight": "bold", "legend.frameon": False}
_STYLE = style.context(["default", _SVG | _LOOK])
_COLOURS = {OURS: "#d62728", OUR_ZSTD: "#b8651b"}
_RIVALS = (
    "#4c4c4c #9a9a9a #1f77b4 #2ca02c #9467bd #17a2b8 #e0a100 #8c9a1f #c77cb8 #5b6abf #7a4b2a"
)
_DASHES = {"deflate": "-", "zstd": "--", "br": ":"}
_MIN_LABEL_DISTANCE = 20.0
# Points that trade very much of the ratio for speed, or the reverse, would squeeze all others
# together: a panel shows ratios from that share of our lowest to that share of our highest.
_RATIO_RANGE = (0.9, 1.06)
_OUTLIERS = "A line that leaves its panel leads to a point of far less or far more ratio."


@_STYLE
def draw_scores(classes: Mapping[str, Sequence[Score]], caption: str) -> str:
    """Return a chart of ratio against speed, with a caption below it.

    :param classes: the scores of every size class, those of a family next to each other.
    """
    columns = min(3, len(classes))
    rows, width = -(-len(classes) // columns), max(7.0, 4.5 * columns)
    figure = Figure((width, 3.6 * rows + 1.4), layout="constrained")
    everything = [score for scores in classes.values() for score in scores]
    rivals = dict.fromkeys(score.family for score in everything if not score.is_ours)
    colours = _COLOURS | dict(zip(rivals, _RIVALS.split(), strict=False))
    for number, (size_class, scores) in enumerate(classes.items(), 1):
        axes = figure.add_subplot(rows, columns, number, title=size_class)
        _draw_panel(axes, scores, colours)
    lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    figure.legend(handles=[*lines.values()], loc="outside upper left", ncols=int(width / 1.6))
    text = "\n".join(fill(line, int(13 * width)) for line in (*caption.splitlines(), _OUTLIERS))
    figure.supxlabel(text, x=0.01, ha="left", size="medium")
    return _as_svg(figure, classes, caption)


@_STYLE
def draw_bars(
    title: str, groups: Mapping[str, Mapping[str, float]], label: str, scale: str = "linear"
) -> str:
    """Return a chart of horizontal bars with their values, which have a label and a scale.

    :param groups: the values of each group, by the name of the bar.
    """
    figure = Figure((7, 0.45 * len(groups) + 1.2), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=label, xscale=scale)
    for number, name in enumerate(next(iter(groups.values()))):
        values = [bars[name] for bars in groups.values()]
        places = [group + 0.4 * number for group in range(len(groups))]
        bars = axes.barh(places, values, 0.36, label=name, color=("C0", "C3")[number])
        shown = [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values]
        axes.bar_label(bars, shown, padding=4)
    axes.set_yticks([group + 0.2 for group in range(len(groups))], [*groups])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.invert_yaxis()
    axes.margins(0.15, 0.02)
    figure.legend(loc="outside lower left", ncols=2)
    return _as_svg(figure, title, groups, label, scale)


def digest_of(svg: str) -> str:
    """Return the digest of what a chart was made of: its figures, and this module."""
    return svg.partition("<dc:identifier>")[2].partition("<")[0]


def _draw_panel(axes: Axes, scores: Sequence[Score], colours: Mapping[str, str]) -> None:
    ours = [score.ratio for score in scores if score.is_ours]
    least, most = min(ours) * _RATIO_RANGE[0], max(ours) * _RATIO_RANGE[1]
    shown = ((score.speed, score.ratio) for score in scores if least <= score.ratio <= most)
    speeds, ratios = zip(*shown, strict=True)
    margin = 0.08 * (max(ratios) - min(ratios)) or 1.0
    axes.set_xscale("log", subs=[2, 3, 5])
    axes.xaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}")
    axes.set_xlim(min(speeds) / 1.12, max(speeds) * 1.12)
    axes.set_ylim(min(ratios) - margin, max(ratios) + margin)
    axes.set(xlabel="speed, MB/s (higher is better)", ylabel="ratio (higher is better)")
    axes.grid(which="both", color="#e4e4e4")
    for family, some in groupby(scores, lambda score: score.family):
        points = list(some)
        x, y = zip(*((point.speed, point.ratio) for point in points), strict=True)
        (line,) = axes.plot(x, y, _DASHES[points[0].coding], label=family)
        line.set(color=colours[family], linewidth=1, marker="o", markersize=3.5)
        if points[0].is_ours:
            line.set(linewidth=2, markersize=5, zorder=3)
            _write_levels(axes, points)


def _write_levels(axes: Axes, points: Sequence[Score]) -> None:
    """Write the levels beside their points, but for those too near to one that has its text."""
    offset, side = ((4, 3), "left") if points[0].family == OURS else ((-4, -10), "right")
    last = (0.0, 0.0)
    for point in points:
        at = point.speed, point.ratio
        x, y = axes.transData.transform(at)
        if dist((x, y), last) >= _MIN_LABEL_DISTANCE:
            text = axes.annotate(str(point.level), at, offset, textcoords="offset points")
            text.set(color=_COLOURS[point.family], weight="bold", ha=side)
            last = (x, y)


def _as_svg(figure: Figure, *made_of: object) -> str:
    code = Path(__file__).read_text("utf-8")
    digest = sha256(f"{made_of}{code}".encode()).hexdigest()
    file = StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Identifier": digest})
    return file.getvalue()
