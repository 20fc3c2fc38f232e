"""The charts of the hook and of the server: bars, a group for each case."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .hook_application import NONE
from .hook_application import OURS
from .hook_application import RIVAL

_COLOURS = {NONE: "#9a9a9a", RIVAL: "#1f77b4", OURS: "#d62728"}
_BAR = 0.38


def draw_bars(
    title: str, groups: Mapping[str, Mapping[str, float]], label: str, *, log: bool = False
) -> Figure:
    """Return a chart of horizontal bars with their values.

    :param title: what is shown.
    :param groups: the values of each group, by extension.
    :param label: of the axis of the values.
    :param log: whether that axis is logarithmic.
    """
    figure = Figure(figsize=(8.0, 1.2 + 0.5 * len(groups)), layout="constrained")
    axes = figure.subplots()
    extensions = list(next(iter(groups.values())))
    for place, extension in enumerate(extensions):
        offset = (place - (len(extensions) - 1) / 2) * _BAR
        bars = axes.barh(
            [number + offset for number in range(len(groups))],
            [values[extension] for values in groups.values()],
            height=_BAR,
            color=_COLOURS[extension],
            label=extension,
        )
        labels = [_as_text(values[extension]) for values in groups.values()]
        axes.bar_label(bars, labels, padding=3, fontsize=8)
    axes.set_yticks(range(len(groups)), list(groups), fontsize=9)
    axes.invert_yaxis()
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.margins(x=0.12)
    axes.set_xlabel(label, fontsize=9)
    axes.set_title(title, fontsize=11, fontweight="bold", loc="left")
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(visible=True, axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=len(extensions), frameon=False)
    return figure


def _as_text(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
