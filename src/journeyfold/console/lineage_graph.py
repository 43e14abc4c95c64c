"""Lineage as a picture: what lies near one name, from sources above to destinations below.

Fixed size and its own frame (look.md section 5). Every box leads to its own lineage; what finds no
place stands in the tables beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import quote

from markupsafe import Markup

from journeyfold.console.canvas import cut
from journeyfold.console.layered import Box, Route, Way, layered
from journeyfold.project.lineage import Lineage, Neighbour

DRAWN = 24
_HALF, _TALL, _MARGIN = 78, 42, 3
_LETTERS = 19  # of a name in its box


def lineage_graph(look: Lineage) -> tuple[Markup, int]:
    """The picture, and how many found no place in it."""
    near = nearest(look)
    kinds = {look.id: (look.kind, look.name)} | {each.id: (each.kind, each.name) for each in near}
    breaking = {each.id for each in look.down if each.breaks}
    ways = [
        Way(source, target) for source, target in look.edges if {source, target} <= kinds.keys()
    ]
    drawing = layered({name: Box(_HALF, _HALF, _TALL) for name in kinds}, ways)
    lines = Markup("").join(_line(route) for route in drawing.routes)
    boxes = Markup("").join(
        _box(
            name, *kinds[name], drawing.places[name],
            "sel" if name == look.id else "warned" if name in breaking else "",
        )
        for name in kinds
    )  # fmt: skip
    width, height = round(drawing.width) + 2 * _MARGIN, round(drawing.height) + 2 * _MARGIN
    picture = Markup(
        '<svg class="graph keep" width="{0}" height="{1}" viewBox="-{2} -{2} {0} {1}" role="group" '
        'aria-labelledby="lt ld"><title id="lt">The lineage of {3}</title>'
        '<desc id="ld">{4} before it, {5} behind it</desc>{6}{7}</svg>'
    ).format(width, height, _MARGIN, look.id, len(look.up), len(look.down), lines, boxes)
    return picture, len(look.up) + len(look.down) - len(near)


def nearest(look: Lineage) -> Sequence[Neighbour]:
    """The nearest of both directions, and in the order of the flow."""
    chosen = sorted((*look.up, *look.down), key=lambda each: each.distance)[:DRAWN]
    kept = {each.id for each in chosen}
    return [each for each in dict.fromkeys((*look.up, *look.down)) if each.id in kept]


def _line(route: Route) -> Markup:
    points = route.points
    said = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x, y), (u, v) in pairwise(points):
        middle = (y + v) / 2
        curve = f"C{x:g} {middle:g} {u:g} {middle:g} {u:g} {v:g}"
        said.append(f"L{u:g} {v:g}" if route.is_back else curve)
    return Markup('<path class="e" d="{}" stroke-width="1.5"/>').format("".join(said))


def _box(name: str, kind: str, called: str, at: tuple[float, float], tone: str) -> Markup:
    x, y = at
    return Markup(
        '<a href="{0}"{1}><title>{2}</title>'
        '<rect class="box {3}" x="{4:g}" y="{5:g}" width="{6}" height="{7}" rx="8"/>'
        '<text x="{8:g}" y="{9:g}">{10}</text><text class="lb" x="{8:g}" y="{11:g}">{12}</text></a>'
    ).format(
        address(name), Markup(' aria-current="true"') if tone == "sel" else "", name, tone,
        x - _HALF, y, 2 * _HALF, _TALL, x - _HALF + 10, y + 16, kind, y + 32,
        cut(called, _LETTERS),
    )  # fmt: skip


def address(name: str) -> str:
    return f"/lineage?of={quote(name, safe='')}"
