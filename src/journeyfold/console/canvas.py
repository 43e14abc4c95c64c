"""A journey as a picture (look.md section 5): boxes with counts, ways as wide as people took them.

Fixed size and its own frame. Every box leads to its step; what left at a step stands at its left,
who is held out beside the entry. Words are cut to their box and whole in its title.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import msgspec
from markupsafe import Markup

from journeyfold.console.flow import ENTRY, Flow, Knot, Line
from journeyfold.console.layered import Box, Drawing, Route, Way, layered
from journeyfold.console.wording import exact, short
from journeyfold.journey.program import END

_HALF, _TALL = 90, 46
_PILL_W, _PILL_H, _PILL_GAP = 100, 40, 32
_END_HALF = 66
_LABEL_H = 16
_MARGIN = 3
_FRAME = 440  # wider than this, what left is told inside the boxes
_WIDEST = 12.0  # of a line that everybody took
_STRAIGHT = 60.0  # how much more the next line of the file pulls than a way aside
_OUT_H = 24
_LETTER = 6.2  # px of the usual letter of a label
_CUT = 30
Flows = Mapping[tuple[str, str], int]


class Counts(msgspec.Struct, frozen=True):
    """What is drawn of the people: all empty while nobody came."""

    here: Mapping[str, int] = {}
    reached: Mapping[str, int] = {}
    flows: Flows = {}
    left: Mapping[str, Mapping[str, int]] = {}
    entered: int = 0
    held_out: int = 0


def canvas(
    flow: Flow,
    counts: Counts,
    *,
    title: str,
    summary: str,
    selected: str = "",
    warned: frozenset[str] = frozenset(),
    holdout: int = 0,
    href: str = "?step={}#step",
) -> Markup:
    """The picture; `href` leads to a step, its id in the place of `{}`."""
    boxes, ways, drawn = _graph(flow, counts, holdout)
    drawing = layered(boxes, ways)
    has_pills = drawing.width <= _FRAME
    if not has_pills:
        boxes, ways, drawn = _graph(flow, msgspec.structs.replace(counts, left={}), 0)
        drawing = layered(boxes, ways)
    lines = [_line(route, ways[at], counts) for at, route in enumerate(drawing.routes)]
    parts = [
        _knot(
            knot, drawing, counts, selected=selected, is_warned=knot.id in warned,
            aside="" if has_pills else _aside(knot, counts, holdout), href=href,
        )
        for knot in flow.knots
    ]  # fmt: skip
    parts += [
        _way_end(line, drawing, name, counts)
        if _is_out(line, flow)
        else _label(line, drawing, name)
        for name, line in drawn.items()
    ]
    if has_pills:
        parts += _beside(flow, drawing, counts, holdout)
    parts += _turns(drawing, ways, flow)
    width, height = round(drawing.width) + 2 * _MARGIN, round(drawing.height) + 2 * _MARGIN
    return Markup(
        '<svg class="graph keep" width="{0}" height="{1}" viewBox="-{2} -{2} {0} {1}" role="group" '
        'aria-labelledby="jt jd"><title id="jt">{3}</title><desc id="jd">{4}</desc>{5}{6}</svg>'
    ).format(width, height, _MARGIN, title, summary, Markup("").join(lines), Markup("").join(parts))


def _graph(
    flow: Flow, counts: Counts, holdout: int
) -> tuple[dict[str, Box], list[Way], dict[str, Line]]:
    """Boxes and ways; words on a way that goes on are a small box of their own."""
    boxes = {knot.id: _box(knot, counts, holdout) for knot in flow.knots}
    places = {knot.id: at for at, knot in enumerate(flow.knots)}
    ways: list[Way] = []
    drawn: dict[str, Line] = {}
    for line in flow.lines:
        pull = _STRAIGHT if line.is_main else 1.0
        words = cut(line.words)
        name = f"\x02{line.source}\x02{line.target}"
        if _is_out(line, flow):
            half = _width(_out(line, counts)) / 2 + 6
            boxes[name], drawn[name] = Box(half, half, _OUT_H), line
            ways.append(Way(line.source, name))
            continue
        if not words or places[line.target] <= places[line.source]:
            ways.append(Way(line.source, line.target, _width(words) if words else 0, pull))
            continue
        half = _width(words) / 2
        boxes[name], drawn[name] = Box(half, half, _LABEL_H), line
        ways += [Way(line.source, name, 0, pull), Way(name, line.target, 0, pull)]
    return boxes, ways, drawn


def _is_out(line: Line, flow: Flow) -> bool:
    """A way aside into an end is told where it leaves: a line across the drawing says no more.

    One way is drawn to each end all the same, so that none stands there alone.
    """
    ends = {knot.id for knot in flow.knots if knot.kind in {"exit", "end"}}
    if line.target not in ends or not _is_aside(line):
        return False
    into = [each for each in flow.lines if each.target == line.target]
    return line is not next((each for each in into if not _is_aside(each)), into[0])


def _is_aside(line: Line) -> bool:
    return not line.is_main and line.source != ENTRY and bool(line.words)


def _out(line: Line, counts: Counts) -> str:
    people = counts.flows.get((line.source, line.target), 0)
    return f"{cut(line.words, 24)}: {cut(line.target or 'end', 14)}" + (
        f" {short(people)}" if people else ""
    )


def _box(knot: Knot, counts: Counts, holdout: int) -> Box:
    if knot.kind in {"exit", "end"}:
        return Box(_END_HALF, _END_HALF, _PILL_H)
    has_pill = counts.left.get(knot.id) or (knot.id == ENTRY and holdout)
    return Box(_HALF + (_PILL_GAP + _PILL_W if has_pill else 0), _HALF, _TALL)


def cut(text: str, most: int = _CUT) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _width(words: str) -> float:
    return len(words) * _LETTER + 8


# -- ways ------------------------------------------------------------------------------------------


def _line(route: Route, way: Way, counts: Counts) -> Markup:
    people = _people(way, counts)
    wide = _wide(people, counts.entered)
    path = _looped(route) if route.is_back else _smooth(route)
    tip = _tip(route) if route.is_back else Markup("")
    css = "e strong-e" if people or not counts.entered else "e"
    return Markup('<path class="{}" d="{}" stroke-width="{}"/>{}').format(css, path, wide, tip)


def _people(way: Way, counts: Counts) -> int:
    """Of those who took it; a way through its words counts as the whole."""
    source, target = _ends(way)
    if source == ENTRY:
        return counts.entered
    return counts.flows.get((source, target), 0)


def _ends(way: Way) -> tuple[str, str]:
    for name in (way.source, way.target):
        if name.startswith("\x02"):
            _, source, target = name.split("\x02")
            return source, target
    return way.source, way.target


def _wide(people: int, entered: int) -> float:
    return round(max(1.5, _WIDEST * people / entered), 1) if entered else 1.5


def _smooth(route: Route) -> str:
    """Straight down through layers, an S across the gaps."""
    points = route.points
    said = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for (x, y), (u, v) in pairwise(points):
        if abs(x - u) < 0.5:
            said.append(f"V{_n(v)}")
        else:
            middle = (y + v) / 2
            said.append(f"C{_n(x)} {_n(middle)} {_n(u)} {_n(middle)} {_n(u)} {_n(v)}")
    return "".join(said)


def _looped(route: Route) -> str:
    """Corners of six pixels."""
    points = route.points
    said = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = _toward(at, before), _toward(at, after)
        said.append(f"L{_n(ax)} {_n(ay)}Q{_n(at[0])} {_n(at[1])} {_n(bx)} {_n(by)}")
    said.append(f"L{_n(points[-1][0])} {_n(points[-1][1] - 5)}")
    return "".join(said)


def _toward(corner: tuple[float, float], to: tuple[float, float]) -> tuple[float, float]:
    dx, dy = to[0] - corner[0], to[1] - corner[1]
    length = max(abs(dx), abs(dy), 1e-9)
    part = min(6.0, length / 2) / length
    return corner[0] + dx * part, corner[1] + dy * part


def _tip(route: Route) -> Markup:
    x, y = route.points[-1]
    return Markup('<path class="tip" d="M{} {}l-4.5 -7h9z"/>').format(_n(x), _n(y))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


# -- boxes -----------------------------------------------------------------------------------------


def _knot(
    knot: Knot,
    drawing: Drawing,
    counts: Counts,
    *,
    selected: str,
    is_warned: bool,
    aside: str,
    href: str,
) -> Markup:
    x, y = drawing.places[knot.id].x, drawing.places[knot.id].y
    if knot.kind in {"exit", "end"}:
        return _end(knot, counts, (x, y), href, is_selected=knot.id == selected != END)
    here = counts.entered if knot.id == ENTRY else counts.here.get(knot.id, 0)
    name = "entry" if knot.id == ENTRY else knot.id
    tone = " sel" if name == selected else " warned" if is_warned else ""
    count = Markup('<text class="cnt" x="{}" y="{}" text-anchor="end">{}</text>').format(
        _n(x + _HALF - 9), _n(y + 20), short(here)
    )
    return Markup(
        '<a href="{0}"{1}><title>{2}</title>'
        '<rect class="box{3}" x="{4}" y="{5}" width="{6}" height="{7}" rx="8"/>'
        '<svg class="gi" x="{8}" y="{9}" width="14" height="14" viewBox="0 0 16 16">'
        '<use href="#{10}"/></svg><text class="lb" x="{11}" y="{12}">{13}</text>'
        '<text x="{11}" y="{14}">{15}</text>{16}'
        '<text x="{17}" y="{14}" text-anchor="end">{18}</text></a>'
    ).format(
        href.format(name), Markup(' aria-current="true"') if name == selected else "", _title(knot, here),
        tone, _n(x - _HALF), _n(y), 2 * _HALF, _TALL, _n(x - _HALF + 10), _n(y + 9), knot.icon,
        _n(x - _HALF + 30), _n(y + 20), cut(knot.title, 15 if here else 20),
        _n(y + 36), _words(knot, aside), count if here else "",
        _n(x + _HALF - 9), aside,
    )  # fmt: skip


def _words(knot: Knot, aside: str) -> str:
    room = 24 if not aside else 21 - len(aside)
    return cut(knot.words, room) if room > 5 else ""


def _aside(knot: Knot, counts: Counts, holdout: int) -> str:
    """Who left here, or is held out, where there is no room for a pill."""
    if knot.id == ENTRY:
        return f"{short(counts.held_out)} held out" if holdout else ""
    left = sum(counts.left.get(knot.id, {}).values())
    return f"{short(left)} left" if left else ""


def _title(knot: Knot, here: int) -> str:
    words = f"{knot.title}: {knot.words}" if knot.words else knot.title
    if knot.id == ENTRY:
        return f"{words}; {exact(here)} entered"
    return f"{words}; {exact(here)} here now" if here else words


def _end(
    knot: Knot, counts: Counts, at: tuple[float, float], href: str, *, is_selected: bool
) -> Markup:
    """How the journey ends for those who come so far, with how many did."""
    x, y = at
    came = sum(counts.left.get(knot.id, {}).values()) or counts.reached.get(knot.id, 0)
    first = knot.words if knot.kind == "exit" else knot.title
    second = short(came) if came else "" if knot.kind == "end" else knot.id
    both = Markup('<text x="{0}" y="{1}" text-anchor="middle">{2}</text>').format(
        _n(x), _n(y + (17 if second else 24)), cut(first, 20)
    )
    under = Markup('<text class="lb" x="{0}" y="{1}" text-anchor="middle">{2}</text>').format(
        _n(x), _n(y + 32), cut(second, 18)
    )
    pill = Markup(
        '<rect class="box end{}" x="{}" y="{}" width="{}" height="{}" rx="20"/>{}{}'
    ).format(
        " sel" if is_selected else "", _n(x - _END_HALF), _n(y), 2 * _END_HALF, _PILL_H, both,
        under if second else "",
    )  # fmt: skip
    if knot.id == END:
        return pill
    return Markup('<a href="{}"><title>{}</title>{}</a>').format(
        href.format(knot.id), f"{knot.id}: ends as {first}; {exact(came)} came here", pill
    )


def _beside(flow: Flow, drawing: Drawing, counts: Counts, holdout: int) -> list[Markup]:
    """Who left at a step, to its left; who is held out, to the left of the entry."""
    ends = {knot.id for knot in flow.knots if knot.kind in {"exit", "end"}}
    parts = []
    for knot in flow.knots:
        left = counts.left.get(knot.id)
        if left and knot.id not in ends:
            at = drawing.places[knot.id]
            total = sum(left.values())
            words = next(iter(left)) if len(left) == 1 else f"left, {len(left)} reasons"
            whole = ", ".join(f"{why} {exact(many)}" for why, many in left.items())
            x = at.x - _HALF - _PILL_GAP - _PILL_W
            wide = _wide(total, counts.entered)
            parts.append(_way_out(x + _PILL_W, at.x - _HALF, at.y + _TALL / 2, wide))
            parts.append(_pill(x, at.y + 3, (words, short(total)), f"Left at {knot.id}: {whole}"))
    if holdout and ENTRY in drawing.places:
        at = drawing.places[ENTRY]
        x = at.x - _HALF - _PILL_GAP - _PILL_W
        parts.append(
            Markup('<path class="e dash" d="M{} {}H{}" stroke-width="1.5"/>').format(
                _n(x + _PILL_W), _n(at.y + _TALL / 2), _n(at.x - _HALF)
            )
        )
        both = (f"held out {holdout}\u00a0%", short(counts.held_out))
        parts.append(_pill(x, at.y + 3, both, "They go the same ways and are sent nothing"))
    return parts


def _way_out(start: float, end: float, y: float, wide: float) -> Markup:
    return Markup('<path class="e strong-e" d="M{} {}H{}" stroke-width="{}"/>').format(
        _n(start), _n(y), _n(end), wide
    )


def _pill(x: float, y: float, words: tuple[str, str], title: str) -> Markup:
    middle = x + _PILL_W / 2
    return Markup(
        '<g><title>{0}</title><rect class="box end" x="{1}" y="{2}" width="{3}" height="{4}" '
        'rx="20"/><text x="{5}" y="{6}" text-anchor="middle">{7}</text>'
        '<text class="lb" x="{5}" y="{8}" text-anchor="middle">{9}</text></g>'
    ).format(
        title, _n(x), _n(y), _PILL_W, _PILL_H, _n(middle), _n(y + 17), cut(words[0], 15),
        _n(y + 32), words[1],
    )  # fmt: skip


def _way_end(line: Line, drawing: Drawing, name: str, counts: Counts) -> Markup:
    """The pill of a way into an end: what leads there, and where."""
    at, words = drawing.places[name], _out(line, counts)
    half = _width(words) / 2 + 6
    return Markup(
        '<g><title>{}</title><rect class="box end" x="{}" y="{}" width="{}" height="{}" rx="12"/>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text></g>'
    ).format(
        f"{line.words}: to {line.target or 'the end'}", _n(at.x - half), _n(at.y), _n(2 * half),
        _OUT_H, _n(at.x), _n(at.y + 16), words,
    )  # fmt: skip


def _label(line: Line, drawing: Drawing, name: str) -> Markup:
    at = drawing.places[name]
    return Markup(
        '<g><title>{}</title><text class="halo" x="{}" y="{}" text-anchor="middle">{}</text></g>'
    ).format(line.words, _n(at.x), _n(at.y + 12), cut(line.words))


def _turns(drawing: Drawing, ways: list[Way], flow: Flow) -> list[Markup]:
    """The words of ways that go back, beside their lanes."""
    words = {(line.source, line.target): line.words for line in flow.lines}
    return [
        Markup('<text x="{}" y="{}">{}</text>').format(
            _n(route.label[0]), _n(route.label[1]), cut(words.get((way.source, way.target), ""))
        )
        for way, route in zip(ways, drawing.routes, strict=True)
        if route.is_back and way.room
    ]
