"""The charts, as SVG: ratio against speed, a panel for each size class, and bars of groups."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from html import escape
from itertools import groupby
from math import ceil
from math import floor
from math import hypot
from math import log10
from textwrap import wrap

from .encoders.leads import OUR_ZSTD
from .encoders.leads import OURS
from .encoders.leads import Score

# Lengths are in pixels of a chart that is shown in its own size.
_PANEL = (420, 340)
_MARGIN = {"left": 50, "right": 14, "top": 32, "bottom": 44}
_LINE = 17
_LEGEND_WIDTH = 150
_CHARACTER_WIDTH = 6.2
_RADIUS = 4.0
_MIN_LABEL_DISTANCE = 15.0
_COLOURS = {OURS: "#d62728", OUR_ZSTD: "#b8651b"}
_RIVALS = "#4c4c4c #9a9a9a #1f77b4 #2ca02c #9467bd #17a2b8 #e0a100 #8c9a1f #c77cb8 #5b6abf"
_DASHES = {"deflate": "", "zstd": "5 3", "br": "1.5 3"}
# Points that trade very much of the ratio for speed, or the reverse, would squeeze all others
# together: a panel shows ratios from that share of our lowest to that share of our highest.
_RATIO_RANGE = (0.9, 1.06)
_OUTLIERS = "A line that leaves its panel leads to a point of far less or far more ratio."
_BAR = 15
_BAR_COLOURS = ("#1f77b4", "#d62728")


def draw_scores(classes: Mapping[str, Sequence[Score]], caption: str) -> str:
    """Return a chart of ratio against speed.

    :param classes: the scores of every size class, those of a family next to each other.
    :param caption: what is said below it.
    """
    columns = min(3, len(classes))
    rows = -(-len(classes) // columns)
    width, top = columns * _PANEL[0], rows * _PANEL[1]
    styles = _styles([score for scores in classes.values() for score in scores])
    parts = []
    for number, (size_class, scores) in enumerate(classes.items()):
        x, y = number % columns * _PANEL[0], number // columns * _PANEL[1]
        parts.append(f'<g transform="translate({x},{y})">')
        parts += [*_panel(size_class, scores, styles), "</g>"]
    per_row = max(1, (width - 20) // _LEGEND_WIDTH)
    for number, (family, (colour, dash)) in enumerate(styles.items()):
        x = 20 + number % per_row * _LEGEND_WIDTH
        y = top + 12 + number // per_row * _LINE
        parts.append(_path([(x, y), (x + 26, y)], colour, dash, ours=family in _COLOURS))
        parts.append(_dot(x + 13, y, colour, ours=family in _COLOURS))
        parts.append(_text(x + 32, y + 4, family))
    top += 24 + ceil(len(styles) / per_row) * _LINE
    for paragraph in (*caption.splitlines(), _OUTLIERS):
        for line in wrap(paragraph, int((width - 40) / _CHARACTER_WIDTH)):
            parts.append(_text(20, top, line))
            top += _LINE
    return _document(width, top, parts)


def draw_bars(
    title: str, groups: Mapping[str, Mapping[str, float]], label: str, *, log: bool = False
) -> str:
    """Return a chart of horizontal bars with their values.

    :param title: what is shown.
    :param groups: the values of each group, by the name of the bar.
    :param label: of the axis of the values.
    :param log: whether that axis is logarithmic.
    """
    left, width, top = 150, 640, 34
    names = list(next(iter(groups.values())))
    values = [value for group in groups.values() for value in group.values()]
    low = 10 ** floor(log10(min(values))) if log else 0.0
    high = max(values)

    def length(value: float) -> float:
        share = log10(value / low) / log10(high / low) if log else value / high
        return max(1.0, share * (width - left - 70))

    parts = [_text(10, 20, title, size=14, weight="bold")]
    for group, bars in groups.items():
        middle = top + len(names) * _BAR / 2 + 4
        parts.append(_text(left - 8, middle, group, anchor="end"))
        for number, value in enumerate(bars.values()):
            y = top + number * _BAR
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length(value):.1f}" height="{_BAR - 2}"'
                f' fill="{_BAR_COLOURS[number % 2]}"/>'
            )
            shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            parts.append(_text(left + length(value) + 5, y + 11, shown))
        top += len(names) * _BAR + 10
    for number, name in enumerate(names):
        x = left + number * 140
        parts.append(
            f'<rect x="{x}" y="{top}" width="12" height="12" fill="{_BAR_COLOURS[number]}"/>'
        )
        parts.append(_text(x + 18, top + 11, name))
    scale = ", logarithmic" if log else ""
    parts.append(_text(left, top + 32, f"{label}{scale}"))
    return _document(width, top + 44, parts)


def _styles(scores: Sequence[Score]) -> dict[str, tuple[str, str]]:
    """Return the colour and the dashes of each family."""
    styles: dict[str, tuple[str, str]] = {}
    rivals = iter(_RIVALS.split())
    for score in scores:
        if score.family not in styles:
            colour = _COLOURS.get(score.family) or next(rivals, "#000000")
            styles[score.family] = colour, _DASHES[score.coding]
    return styles


def _panel(
    title: str, scores: Sequence[Score], styles: Mapping[str, tuple[str, str]]
) -> Iterator[str]:
    left, top = _MARGIN["left"], _MARGIN["top"]
    width = _PANEL[0] - left - _MARGIN["right"]
    height = _PANEL[1] - top - _MARGIN["bottom"]
    ours = [score.ratio for score in scores if score.is_ours] or [s.ratio for s in scores]
    least, most = min(ours) * _RATIO_RANGE[0], max(ours) * _RATIO_RANGE[1]
    shown = [score for score in scores if least <= score.ratio <= most]
    ratios = [score.ratio for score in shown]
    margin = 0.08 * (max(ratios) - min(ratios)) or 1.0
    low, high = min(ratios) - margin, max(ratios) + margin
    slow = log10(min(score.speed for score in shown) / 1.12)
    fast = log10(max(score.speed for score in shown) * 1.12)

    def place(speed: float, ratio: float) -> tuple[float, float]:
        x = (log10(speed) - slow) / (fast - slow) * width
        return x, (high - ratio) / (high - low) * height

    yield _text(left, top - 10, title, size=13, weight="bold")
    yield _text(left + width / 2, top + height + 34, "speed, MB/s (higher is better)", "middle")
    yield (
        f'<g transform="translate(13,{top + height / 2:.0f}) rotate(-90)">'
        + _text(0, 0, "ratio (higher is better)", "middle")
        + "</g>"
    )
    # An inner document cuts off what is outside of it.
    yield f'<svg x="{left}" y="{top}" width="{width}" height="{height}">'
    speeds = [(speed, place(speed, low)[0]) for speed in _speed_ticks(slow, fast)]
    marks = [(ratio, place(10**slow, ratio)[1]) for ratio in _ratio_ticks(low, high)]
    for _, x in speeds:
        yield f'<path d="M{x:.1f} 0V{height}" stroke="#e4e4e4"/>'
    for _, y in marks:
        yield f'<path d="M0 {y:.1f}H{width}" stroke="#e4e4e4"/>'
    families = [(name, list(some)) for name, some in groupby(scores, lambda s: s.family)]
    # Ours are drawn last, above the others.
    for family, members in sorted(families, key=lambda item: item[0] in _COLOURS):
        colour, dash = styles[family]
        places = [place(score.speed, score.ratio) for score in members]
        yield _path(places, colour, dash, ours=members[0].is_ours)
        for x, y in places:
            yield _dot(x, y, colour, ours=members[0].is_ours)
    for family in _COLOURS:
        members = [score for score in scores if score.family == family]
        yield from _labels([(s.level, *place(s.speed, s.ratio)) for s in members], family)
    yield "</svg>"
    yield f'<path d="M{left} {top}v{height}h{width}" fill="none" stroke="#555"/>'
    for speed, x in speeds:
        yield _text(left + x, top + height + 15, f"{speed:g}", "middle")
    for ratio, y in marks:
        yield _text(left - 6, top + y + 4, f"{ratio:.4g}", "end")


def _labels(points: Sequence[tuple[int, float, float]], family: str) -> Iterator[str]:
    """Write the levels beside their points; those that are too near share one: "6-9"."""
    runs: list[list[tuple[int, float, float]]] = []
    for level, x, y in points:
        if runs and hypot(x - runs[-1][0][1], y - runs[-1][0][2]) < _MIN_LABEL_DISTANCE:
            runs[-1].append((level, x, y))
        else:
            runs.append([(level, x, y)])
    for run in runs:
        _, x, y = run[len(run) // 2]
        text = f"{run[0][0]}-{run[-1][0]}" if len(run) > 1 else str(run[0][0])
        dx, dy, anchor = (6, -4, "start") if family == OURS else (-5, 13, "end")
        yield _text(x + dx, y + dy, text, anchor, colour=_COLOURS[family], weight="bold")


def _speed_ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two powers of ten."""
    firsts = (1, 2, 5) if high - low > 0.7 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    numbers = [first * 10**n for n in range(floor(low), ceil(high) + 1) for first in firsts]
    return [number for number in numbers if low < log10(number) < high]


def _ratio_ticks(low: float, high: float) -> list[float]:
    step = next(
        s for n in range(-3, 4) for f in (1, 2, 5) if (s := f * 10.0**n) * 7 > high - low
    )
    return [step * n for n in range(ceil(low / step), floor(high / step) + 1)]


def _path(places: Sequence[tuple[float, float]], colour: str, dash: str, *, ours: bool) -> str:
    points = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    width = 2.2 if ours else 1.1
    return f'<path d="M{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def _dot(x: float, y: float, colour: str, *, ours: bool) -> str:
    radius = _RADIUS if ours else _RADIUS * 0.7
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    *,
    size: int = 11,
    weight: str = "normal",
    colour: str = "#222",
) -> str:
    extra = f' font-weight="{weight}"' if weight != "normal" else ""
    extra += f' text-anchor="{anchor}"' if anchor != "start" else ""
    extra += f' font-size="{size}"' if size != 11 else ""
    extra += f' fill="{colour}"' if colour != "#222" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(text)}</text>'


def _document(width: float, height: float, parts: Sequence[str]) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
            f' width="{width:.0f}" height="{height:.0f}" font-family="sans-serif"'
            ' font-size="11" fill="#222">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            *parts,
            "</svg>",
            "",
        )
    )
