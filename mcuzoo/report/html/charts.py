"""Charts with axes, drawn by matplotlib as SVG in the page's own colours.

A chart shows what its tables have, so a page without matplotlib (the extra `report`) lacks no
figure.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from statistics import median
from typing import TYPE_CHECKING, Any

from mcuzoo.extras import CHARTS, install_command, missing_packages
from mcuzoo.report.figures import clipped
from mcuzoo.report.html.blocks import Svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that stand for variables of page.css: a page is light or dark when it is looked at.
_COLOURS = {
    "#010101": "currentColor",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--bar)",
    "#050505": "var(--bad-edge)",
    "#060606": "var(--other)",
}
_TEXT, _SOFT, _LINE, _BAR, _BAD, _OTHER = _COLOURS
_WIDTH, _HEIGHT = 5.0, 2.3
_NAME_COLUMNS = 22
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mcuzoo",
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": _SOFT,
    "text.parse_math": False,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _SOFT,
    "ytick.labelcolor": _SOFT,
}


def charts_note() -> str | None:
    """What to type for charts, where matplotlib is missing; None if it is there."""
    missing = missing_packages(CHARTS)
    return f"Charts are left out: {install_command(missing)}" if missing else None


def histogram(values: Sequence[float], name: str, title: str) -> Svg | None:
    """How often which value was counted. name: of the values, with their unit."""
    if len(set(values)) < 2:
        return None

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.hist(values, bins=min(40, max(8, round(len(values) ** 0.5))), color=_BAR)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(name)
        axes.set_ylabel("images")

    ends = f"from {_plain(min(values))} to {_plain(max(values))} {name}"
    return _drawn(draw, title, f"{title}: {len(values):,} images, {ends}.", _HEIGHT)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"


@dataclass(frozen=True)
class Rate:
    """A rate, 0 to 1, with its interval where it has one.

    value: the rate. low, high: ends of the interval; None: there is none.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def rates(found: Sequence[Rate], bound: float | None, title: str) -> Svg | None:
    """Rates one below the other with their intervals; bound: the least that passes, if any."""
    if not found:
        return None

    names = [clipped(rate.name, _NAME_COLUMNS) for rate in reversed(found)]

    def draw(axes: Axes) -> None:
        for place, rate in enumerate(reversed(found)):
            colour = _BAR if rate.low is not None else _OTHER
            if rate.low is not None and rate.high is not None:
                axes.plot([rate.low, rate.high], [place, place], color=colour, linewidth=3)
            axes.plot([rate.value], [place], "o", color=colour, markersize=8)
        if bound is not None:
            axes.axvline(bound, color=_BAD, linewidth=1.5, linestyle=(0, (4, 3)))
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.6, len(found) - 0.4)
        axes.set_yticks(range(len(found)), names)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("top-1, bars: 95 % interval")

    limit = "" if bound is None else f" The dashed line is the {bound:g} asked for."
    told = "; ".join(f"{rate.name} {rate.value:.4f}" for rate in found)
    return _drawn(draw, title, f"{title}: {told}.{limit}", 0.75 + 0.34 * len(found))


_DOTS = 250
"""More would make a page large, and say no more."""


def course(
    values: Sequence[tuple[int, float]], marks: Sequence[int], name: str, title: str
) -> Svg | None:
    """values: a number by the place of an image in the run. marks: places without an answer."""
    if len(values) < 3:
        return None

    each = -(-len(values) // _DOTS)
    groups = [values[at : at + each] for at in range(0, len(values), each)]

    def draw(axes: Axes) -> None:
        places = [group[len(group) // 2][0] for group in groups]
        if each > 1:
            longest = [max(number for _, number in group) for group in groups]
            axes.plot(places, longest, ".", color=_OTHER, markersize=4)
        middle = [median(number for _, number in group) for group in groups]
        axes.plot(places, middle, ".", color=_BAR, markersize=4)
        crossed = marks[:: -(-len(marks) // _DOTS) or 1]
        axes.plot(crossed, [0] * len(crossed), "x", color=_BAD, markersize=7)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("image")
        axes.set_ylabel(name)

    crosses = " A cross is an image without an answer." if marks else ""
    grouped = f" Of each {each} the median, and in grey the longest." if each > 1 else ""
    caption = f"{title}, in the order of the data set.{grouped}{crosses}"
    return _drawn(draw, title, caption, _HEIGHT)


@dataclass(frozen=True)
class Dated:
    """A figure of a run at a time, in UTC, with its interval where it has one. bad: the run did not
    pass. when: in UTC. low, high: ends of the interval; None: there is none."""

    when: datetime
    value: float
    low: float | None = None
    high: float | None = None
    bad: bool = False


def trend(
    found: Sequence[Dated], changes: Sequence[datetime], name: str, title: str, key: str
) -> Svg | None:
    """A figure over time: a cross for a run that did not pass, a dotted line where something that a
    run is made of became another (changes). name: of the values, with their unit. key: of the
    chart, in letters, digits and dashes."""
    if len(found) < 2:
        return None

    def draw(axes: Axes) -> None:
        import matplotlib.dates
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        dates: Any = matplotlib.dates
        times: Any = [one.when for one in found]
        values = [one.value for one in found]
        for when in changes:
            axes.axvline(when, color=_OTHER, linewidth=1, linestyle=(0, (2, 3)))  # type: ignore[arg-type]
        bounded = [one for one in found if one.low is not None and one.high is not None]
        if bounded:
            axes.fill_between(
                [one.when for one in bounded],  # type: ignore[arg-type]
                [one.low or 0.0 for one in bounded],
                [one.high or 0.0 for one in bounded],
                color=_BAR,
                alpha=0.2,
                linewidth=0,
            )
        axes.plot(times, values, color=_BAR, linewidth=1.5)
        for bad, colour, shape in ((False, _BAR, "o"), (True, _BAD, "X")):
            marked: Any = [one.when for one in found if one.bad is bad]
            heights = [one.value for one in found if one.bad is bad]
            axes.plot(marked, heights, shape, color=colour, markersize=4 + 3 * bad)
        low = min([*values, *(one.low for one in bounded if one.low is not None)])
        high = max([*values, *(one.high for one in bounded if one.high is not None)])
        room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
        axes.set_ylim(low - room if high else -0.1, high + room)
        locator = dates.AutoDateLocator(minticks=3, maxticks=6, tz=timezone.utc)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=timezone.utc))
        whole = all(value == int(value) for value in values)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=whole))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))
        axes.set_ylabel(clipped(name, _NAME_COLUMNS))

    first, last = found[0].value, found[-1].value
    told = f"{_plain(first)}, and {_plain(last)} at the end" if first != last else _plain(first)
    return _drawn(draw, title, f"{title}, {len(found):,} runs: {told}.", _HEIGHT, key)


def _drawn(draw: Any, title: str, caption: str, height: float, key: str = "") -> Svg | None:
    """None without matplotlib. key: of the chart where another one has the same title."""
    if missing_packages(CHARTS):
        return None
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # The font that measures a text may lack a letter; the browser's has it.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        return Svg(_markup(figure, title, caption, key or title), caption)


def _markup(figure: Figure, title: str, caption: str, key: str) -> str:
    """The same drawing gives the same text. No id is used twice on a page with other keys."""
    written = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    for prefix, name in (("", _SVG), ("xlink", _XLINK)):
        ElementTree.register_namespace(prefix, name)
    root = ElementTree.fromstring(written.getvalue())
    own = "chart-" + re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
    for name in ("width", "height", "version"):
        del root.attrib[name]
    for defs in root.findall(f"{{{_SVG}}}defs"):
        for style in defs.findall(f"{{{_SVG}}}style"):  # it would be a style of the whole page
            defs.remove(style)
    for element in root.iter():
        if element.tag == f"{{{_SVG}}}g":
            element.attrib.pop("id", None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{own}-title {own}-desc"}
    for tag, text in (("desc", caption), ("title", title)):
        told = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{own}-{tag}"})
        told.text = text
        root.insert(0, told)
    markup = ElementTree.tostring(root, encoding="unicode")
    markup = re.sub(r'(\bid="|url\(#|href="#)(?!chart-)', rf"\1{own}-", markup)
    for colour, variable in _COLOURS.items():
        markup = markup.replace(colour, variable)
    return markup
