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
_LEFT, _TOP, _WIDTH, _HEIGHT = 50, 32, 356, 264
_PANEL_WIDTH, _PANEL_HEIGHT = _LEFT + _WIDTH + 14, _TOP + _HEIGHT + 44
_LINE = 17
_LEGEND_WIDTH = 150
_CHARACTER_WIDTH = 6.2
_MIN_LABEL_DISTANCE = 15.0
_COLOURS = {OURS: "#d62728", OUR_ZSTD: "#b8651b"}
_RIVALS = "#4c4c4c #9a9a9a #1f77b4 #2ca02c #9467bd #17a2b8 #e0a100 #8c9a1f #c77cb8 #5b6abf"
_DASHES = {"deflate": "none", "zstd": "5 3", "br": "1.5 3"}
# Points that trade very much of the ratio for speed, or the reverse, would squeeze all others
# together: a panel shows ratios from that share of our lowest to that share of our highest.
_RATIO_RANGE = (0.9, 1.06)
_OUTLIERS = "A line that leaves its panel leads to a point of far less or far more ratio."
_BAR = 15
_BAR_COLOURS = ("#1f77b4", "#d62728")
_BOLD, _MIDDLE, _END = 'font-weight="bold"', 'text-anchor="middle"', 'text-anchor="end"'
Style = tuple[str, str, bool]  # the colour of a family, the dashes of its coding, whether ours


def draw_scores(classes: Mapping[str, Sequence[Score]], caption: str) -> str:
    """Return a chart of ratio against speed.

    :param classes: the scores of every size class, those of a family next to each other.
    :param caption: what is said below it.
    """
    columns = min(3, len(classes))
    width, top = columns * _PANEL_WIDTH, -(-len(classes) // columns) * _PANEL_HEIGHT
    styles: dict[str, Style] = {}
    rivals = iter(_RIVALS.split())
    for score in (score for scores in classes.values() for score in scores):
        if score.family not in styles:
            colour = _COLOURS.get(score.family) or next(rivals, "#000000")
            styles[score.family] = colour, _DASHES[score.coding], score.is_ours
    parts = []
    for number, (size_class, scores) in enumerate(classes.items()):
        x, y = number % columns * _PANEL_WIDTH, number // columns * _PANEL_HEIGHT
        parts.append(f'<g transform="translate({x},{y})">')
        parts += [*_panel(size_class, scores, styles), "</g>"]
    per_row = (width - 20) // _LEGEND_WIDTH
    for number, (family, style) in enumerate(styles.items()):
        x, y = 20 + number % per_row * _LEGEND_WIDTH, top + 12 + number // per_row * _LINE
        parts += _line([(x, y), (x + 13, y), (x + 26, y)], style, dots=slice(1, 2))
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

    :param groups: the values of each group, by the name of the bar.
    :param label: of the axis of the values, which may be logarithmic.
    """
    left, width, top = 150, 640, 34
    values = [value for group in groups.values() for value in group.values()]
    low, high = 10 ** floor(log10(min(values))), max(values)
    parts = [_text(10, 20, title, f'font-size="14" {_BOLD}')]
    for group, bars in groups.items():
        parts.append(_text(left - 8, top + len(bars) * _BAR / 2 + 4, group, _END))
        for colour, value in zip(_BAR_COLOURS, bars.values(), strict=True):
            share = log10(value / low) / log10(high / low) if log else value / high
            length = max(1.0, share * (width - left - 70))
            parts.append(_box(left, top, length, colour))
            shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            parts.append(_text(left + length + 5, top + 11, shown))
            top += _BAR
        top += 10
    for number, (colour, name) in enumerate(zip(_BAR_COLOURS, bars, strict=True)):
        parts.append(_box(left + number * 140, top, 12, colour))
        parts.append(_text(left + number * 140 + 18, top + 11, name))
    parts.append(_text(left, top + 32, f"{label}{', logarithmic' if log else ''}"))
    return _document(width, top + 44, parts)


def _panel(title: str, scores: Sequence[Score], styles: Mapping[str, Style]) -> Iterator[str]:
    ours = [score.ratio for score in scores if score.is_ours]
    least, most = min(ours) * _RATIO_RANGE[0], max(ours) * _RATIO_RANGE[1]
    shown = [score for score in scores if least <= score.ratio <= most]
    least, most = min(score.ratio for score in shown), max(score.ratio for score in shown)
    margin = 0.08 * (most - least) or 1.0
    low, high = least - margin, most + margin
    slow = log10(min(score.speed for score in shown) / 1.12)
    fast = log10(max(score.speed for score in shown) * 1.12)

    def place(speed: float, ratio: float) -> tuple[float, float]:
        x = (log10(speed) - slow) / (fast - slow) * _WIDTH
        return x, (high - ratio) / (high - low) * _HEIGHT

    middle = _TOP + _HEIGHT / 2
    yield _text(_LEFT, _TOP - 10, title, f'font-size="13" {_BOLD}')
    below = _TOP + _HEIGHT + 34
    yield _text(_LEFT + _WIDTH / 2, below, "speed, MB/s (higher is better)", _MIDDLE)
    turned = f'{_MIDDLE} transform="rotate(-90 13 {middle})"'
    yield _text(13, middle, "ratio (higher is better)", turned)
    for speed in _speed_ticks(slow, fast):
        x = _LEFT + place(speed, low)[0]
        yield f'<path d="M{x:.1f} {_TOP}v{_HEIGHT}" stroke="#e4e4e4"/>'
        yield _text(x, _TOP + _HEIGHT + 15, f"{speed:g}", _MIDDLE)
    for ratio in _ratio_ticks(low, high):
        y = _TOP + place(1.0, ratio)[1]
        yield f'<path d="M{_LEFT} {y:.1f}h{_WIDTH}" stroke="#e4e4e4"/>'
        yield _text(_LEFT - 6, y + 4, f"{ratio:.4g}", _END)
    # An inner document cuts off what is outside of it.
    yield f'<svg x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}">'
    families = {name: list(some) for name, some in groupby(scores, lambda s: s.family)}
    # Ours are drawn last, above the others.
    for family in sorted(families, key=lambda name: name in _COLOURS):
        yield from _line([place(s.speed, s.ratio) for s in families[family]], styles[family])
    for family in _COLOURS:
        points = [(s.level, *place(s.speed, s.ratio)) for s in families.get(family, [])]
        yield from _labels(points, family)
    yield "</svg>"
    yield f'<path d="M{_LEFT} {_TOP}v{_HEIGHT}h{_WIDTH}" fill="none" stroke="#555"/>'


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
        dx, dy, anchor = (6, -4, "") if family == OURS else (-5, 13, _END)
        yield _text(x + dx, y + dy, text, f'fill="{_COLOURS[family]}" {_BOLD} {anchor}')


def _speed_ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two powers of ten."""
    firsts = (1, 2, 5) if high - low > 0.7 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    numbers = [first * 10**n for n in range(floor(low), ceil(high) + 1) for first in firsts]
    return [number for number in numbers if low < log10(number) < high]


def _ratio_ticks(low: float, high: float) -> list[float]:
    steps = (first * 10.0**n for n in range(-3, 4) for first in (1, 2, 5))
    step = next(step for step in steps if step * 7 > high - low)
    return [step * n for n in range(ceil(low / step), floor(high / step) + 1)]


def _line(
    places: Sequence[tuple[float, float]], style: Style, dots: slice = slice(None)
) -> list[str]:
    """Return a line and the dots on it."""
    colour, dash, ours = style
    stroke = (
        f'stroke="{colour}" stroke-width="{2.2 if ours else 1.1}" stroke-dasharray="{dash}"'
    )
    points = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    circle = f'r="{4 if ours else 2.8}" fill="{colour}"'
    return [
        f'<path d="M{points}" fill="none" {stroke}/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" {circle}/>' for x, y in places[dots]),
    ]


def _box(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _document(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = 'font-family="sans-serif" font-size="11" fill="#222"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'
    back = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, back, *parts, "</svg>", ""])
