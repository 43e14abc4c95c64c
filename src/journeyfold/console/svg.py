"""Charts as SVG text (look.md section 5): the same picture in the page, a report and a test.

Text is never scaled: it stands at percent positions of the outer `svg`, data is drawn in an
inner `svg` that stretches. Colours are classes, so one picture serves light and dark and no
inline style exists. Everything that is not a number goes through the escaping format of Markup,
here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

_TOPS = ((1, 2), (1.5, 3), (2, 4), (3, 3), (4, 4), (6, 3), (8, 4), (9, 3), (10, 2))
EDGE = 0.02  # of the width: where a line would run through the amounts
PLOT_TOP = 30  # room above the highest hairline for its label


class Mark(msgspec.Struct, frozen=True):
    """A cause in the plot: where (0 … 1 of the width) and what happened."""

    at: float
    text: str


class Line(msgspec.Struct, frozen=True):
    """A series in [0, 1] of the width it covers; `css` is its stroke, dashed for the compared."""

    values: Sequence[float]
    css: str = "st1"
    label: str = ""
    dashed: bool = False
    upto: float = 1.0
    label_in: tuple[float, float] = (0.0, 1.0)  # of the width: where its label may stand


def nice_top(peak: float) -> tuple[float, int]:
    """A round amount not below the peak and how many equal steps lead to it, each round, too."""
    if peak <= 0:
        return 1.0, 2
    power = 1.0
    while power * 10 < peak:
        power *= 10
    while power >= peak:
        power /= 10
    return next((top * power, steps) for top, steps in _TOPS if top * power >= peak)


def sparkline(values: Sequence[float], css: str = "1") -> Markup:
    """A small area without axes: shape only, its figures stand beside it."""
    if len(values) < 2:
        return Markup("")
    top = max(*values, 1e-9) * 1.15
    path = _path(values, top, height=26.0, width=100.0)
    return Markup(
        '<svg class="spark" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="area f{0}" d="{1} L100 26 0 26z"/><path class="ln st{0}" d="{1}"/></svg>'
    ).format(css, path)


def line_chart(
    lines: Sequence[Line],
    *,
    label: str,
    unit: str,
    ticks: Sequence[tuple[float, str]],
    height: int = 180,
    marks: Sequence[Mark] = (),
    now: tuple[float, str] | None = None,
) -> Markup:
    """Lines from zero; the first is filled. `ticks` are (0 … 1, text) under the axis."""
    top, steps = nice_top(max((max(line.values, default=0) for line in lines), default=0))
    hairlines, amounts = _hairlines(top, steps, unit, height)
    body = [hairlines]
    for index, line in enumerate(lines):
        body.append(_series(line, top, height, filled=index == 0))
    body += [_cause(mark, height) for mark in marks]
    body.append(amounts)
    if now is not None:
        body.append(_now(now, lines[0], top, height))
    body += [_label(line, top, height) for line in lines if line.label]
    return _plot(label, height, body, ticks)


def bar_chart(
    stacks: Sequence[Sequence[tuple[str, float]]],
    *,
    label: str,
    unit: str,
    ticks: Sequence[tuple[float, str]],
    height: int = 110,
    marks: Sequence[Mark] = (),
) -> Markup:
    """Stacked bars from zero: each stack is (class, amount) from the bottom up."""
    top, steps = nice_top(max((sum(amount for _, amount in stack) for stack in stacks), default=0))
    room = height - PLOT_TOP
    hairlines, amounts = _hairlines(top, steps, unit, height)
    body = [hairlines]
    wide = 100 / max(len(stacks), 1)
    for index, stack in enumerate(stacks):
        y = float(height)
        for css, amount in stack:
            tall = amount / top * room
            y -= tall
            if amount > 0:
                body.append(_bar(css, index * wide, y, wide * 0.72, tall))
    body += [_cause(mark, height) for mark in marks]
    body.append(amounts)
    return _plot(label, height, body, ticks)


def in_and_out(ins: Sequence[int], outs: Sequence[int], *, label: str) -> Markup:
    """Who entered above the line, who left below it, on one scale."""
    peak = max([*ins, *outs, 1])
    wide = 100 / max(len(ins), 1)
    body = []
    for index, (entered, left) in enumerate(zip(ins, outs, strict=True)):
        up, down = 44 * entered / peak, 44 * left / peak
        body.append(_bar("f1", index * wide, 60 - up, wide * 0.72, up))
        body.append(_bar("f0", index * wide, 61, wide * 0.72, down))
    return Markup(
        '<svg class="plot" height="122" role="img" aria-label="{}">{}'
        '<line class="zero" x1="0" x2="100%" y1="60.5" y2="60.5"/>'
        '<text class="lb halo" x="0" y="10">entered, {}</text>'
        '<text class="lb halo" x="0" y="120">left, {}</text>'
        '<text class="halo" x="100%" y="120" text-anchor="end">today</text></svg>'
    ).format(label, Markup("").join(body), f"{sum(ins):,}", f"{sum(outs):,}")


def share_bar(part: float, css: str = "f-acc") -> Markup:
    """A share of a whole as a bar on its track."""
    percent = max(0.0, min(100.0, 100 * part))
    return Markup(
        '<svg class="hbar" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="f-line" width="100%" height="100%" rx="3"/>'
        '<rect class="{}" width="{}%" height="100%" rx="3"/></svg>'
    ).format(css, f"{percent:.1f}")


def _plot(
    label: str, height: int, body: Sequence[Markup], ticks: Sequence[tuple[float, str]]
) -> Markup:
    under = Markup("").join(_tick(at, text, height + 18) for at, text in ticks)
    return Markup('<svg class="plot" height="{}" role="img" aria-label="{}">{}{}</svg>').format(
        height + 24, label, Markup("").join(body), under
    )


def _tick(at: float, text: str, y: int) -> Markup:
    anchor = "start" if at < 0.02 else "end" if at > 0.98 else "middle"
    return Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        f"{100 * at:.1f}", y, anchor, text
    )


def _hairlines(top: float, steps: int, unit: str, height: int) -> tuple[Markup, Markup]:
    """Zero and a few round amounts; the unit stands at the top one only. The amounts come apart,
    to be laid over the data.
    """
    room = height - PLOT_TOP
    lines = [Markup('<line class="zero" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(height)]
    amounts = []
    if room < 100:  # a low plot has room for the top and, where it is round, the half
        steps = 1 if steps == 3 else 2
    for step in range(1, steps + 1):
        part = step / steps
        y = round(height - part * room, 1)
        amount = f"{top * part:,.3g}" if top * part < 1000 else f"{top * part:,.0f}"
        text = f"{amount} {unit}" if step == steps else amount
        lines.append(
            Markup('<line class="g" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y),
        )
        amounts.append(
            Markup('<text class="halo" x="0" y="{}">{}</text>').format(round(y - 4, 1), text)
        )
    return Markup("").join(lines), Markup("").join(amounts)


def _series(line: Line, top: float, height: int, *, filled: bool) -> Markup:
    if len(line.values) < 2:
        return Markup("")
    width = 100 * line.upto
    path = _path(line.values, top, height=height - PLOT_TOP, width=width)
    area = (
        Markup('<path class="area f1" d="{} L{} {} 0 {}z"/>').format(
            path, f"{width:.1f}", height - PLOT_TOP, height - PLOT_TOP
        )
        if filled
        else Markup("")
    )
    return Markup(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 100 {}" '
        'preserveAspectRatio="none">{}<path class="ln {}{}" d="{}"/></svg>'
    ).format(
        PLOT_TOP,
        height - PLOT_TOP,
        height - PLOT_TOP,
        area,
        line.css,
        " thin dash" if line.dashed else "",
        path,
    )


def _path(values: Sequence[float], top: float, *, height: float, width: float) -> str:
    step = width / (len(values) - 1)
    points = (
        f"{index * step:.1f} {height - value / top * height:.1f}"
        for index, value in enumerate(values)
    )
    return "M" + " ".join(points)


def _label(line: Line, top: float, height: int) -> Markup:
    """Beside the highest point, above the line; kept off the edges."""
    steps = max(len(line.values) - 1, 1)
    free = [
        index
        for index in range(len(line.values))
        if line.label_in[0] <= line.upto * index / steps <= line.label_in[1]
    ]
    if not free:
        return Markup("")
    at = max(free, key=lambda index: line.values[index])
    x = 100 * line.upto * at / steps
    y = height - line.values[at] / top * (height - PLOT_TOP) - 8
    falls = at < steps and line.values[at + 1] < line.values[at] and line.dashed
    anchor = "start" if x < 8 or falls else "end" if x > 92 else "middle"
    return Markup('<text class="{} halo" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        "" if line.dashed else "lb", f"{x:.1f}", f"{max(y, 12):.1f}", anchor, line.label
    )


def _now(now: tuple[float, str], line: Line, top: float, height: int) -> Markup:
    """Marigold: where the running value stands, with its words on the roomier side."""
    at, text = now
    y = height - (line.values[-1] if line.values else 0) / top * (height - PLOT_TOP)
    side = 'dx="-8" text-anchor="end"' if at > 0.5 else 'dx="8" text-anchor="start"'
    rule = Markup('<line class="now-l" x1="{0}%" x2="{0}%" y1="4" y2="{1}"/>').format(
        f"{100 * at:.1f}", height
    )
    return Markup(
        '{}<circle class="f-now" cx="{}%" cy="{}" r="4"/>'
        '<text class="lb halo" x="{}%" y="16" {}>{}</text>'
    ).format(
        rule if at < 0.995 else Markup(""),
        f"{100 * at:.1f}",
        f"{y:.1f}",
        f"{100 * at:.1f}",
        Markup(side),  # noqa: S704 - one of the two literals above
        text,
    )


def _cause(mark: Mark, height: int) -> Markup:
    """A dotted line and its words; at the very edge the words alone, beside the amounts."""
    if mark.at < EDGE:
        return Markup('<text class="halo" x="0" y="8">{}</text>').format(mark.text)
    anchor, shift = ("end", -6) if mark.at > 0.5 else ("start", 6)
    return Markup(
        '<line class="ref" x1="{0}%" x2="{0}%" y1="10" y2="{1}"/>'
        '<text class="halo" x="{0}%" dx="{2}" y="12" text-anchor="{3}">{4}</text>'
    ).format(f"{100 * mark.at:.1f}", height, shift, anchor, mark.text)


def _bar(css: str, x: float, y: float, wide: float, tall: float) -> Markup:
    return Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>').format(
        css, f"{x:.2f}", f"{y:.1f}", f"{wide:.2f}", f"{tall:.1f}"
    )
