"""The identity graph: one person in the middle, identifiers around, a refused link dashed.

Fixed size and its own frame (look.md section 5): identifiers stand in a row above and a row below
the person, a refused link at the end of the lower row. What finds no place stands in the table
beside the graph.
"""

from __future__ import annotations

from markupsafe import Markup

from journeyfold.api.cards import Identity, Node
from journeyfold.console.wording import Dates, plural, short_person

_BOX_W, _BOX_H = 128, 44
_CENTRE = (210, 124)
_ABOVE, _BELOW = 30, 218
_COLUMNS = {1: (210,), 2: (100, 320), 3: (68, 210, 352)}  # middles of the boxes of a row
_ROW = 3
DRAWN = 2 * _ROW


def identity_graph(person: str, identity: Identity, dates: Dates) -> Markup:
    room = DRAWN - bool(identity.refused)
    nodes = identity.nodes[:room]
    if not nodes:
        return Markup("")
    above = len(nodes) if len(nodes) < _ROW else (len(nodes) + 1) // 2
    below = len(nodes) - above + bool(identity.refused)
    places = [(x, _ABOVE) for x in _COLUMNS[above]]
    places += [(x, _BELOW) for x in _COLUMNS[below]] if below else []
    lines = [_line(places[index], "e strong-e") for index in range(len(nodes))]
    boxes = [_node(node, places[index]) for index, node in enumerate(nodes)]
    if identity.refused:
        refusal = identity.refused[0]
        lines.append(_line(places[-1], "e no"))
        boxes.append(_box(places[-1], "box end", ("link refused", "t-bad"), refusal.value))
    first_us = min(node.first_us for node in nodes)
    return Markup(
        '<svg class="graph" width="420" height="{0}" viewBox="0 0 420 {0}" role="img" '
        'aria-label="{1}">{2}{3}<rect class="box person" x="150" y="100" width="120" height="48" '
        'rx="10"/><text class="lb" x="210" y="121" text-anchor="middle">{4}</text>'
        '<text x="210" y="137" text-anchor="middle">since {5}</text></svg>'
    ).format(
        258 if below else 158,
        f"{plural(len(identity.nodes), 'identifier')} belong to this person, "
        f"{plural(len(identity.refused), 'link')} refused",
        Markup("").join(lines),
        Markup("").join(boxes),
        short_person(person),
        dates.date(first_us),
    )


def _node(node: Node, at: tuple[int, int]) -> Markup:
    x, y = (at[0] + _CENTRE[0]) // 2, (at[1] + _CENTRE[1]) // 2
    count = Markup('<text class="cnt halo" x="{}" y="{}" text-anchor="middle">{}</text>')
    box = _box(at, "box", (node.kind, ""), node.value)
    return box + count.format(x, y + 4, f"{node.records:,}")


def _line(to: tuple[int, int], css: str) -> Markup:
    return Markup('<path class="{}" stroke-width="2" d="M{} {} {} {}"/>').format(css, *_CENTRE, *to)


def _box(at: tuple[int, int], css: str, head: tuple[str, str], value: str) -> Markup:
    x, y = at[0] - _BOX_W // 2, at[1] - _BOX_H // 2
    text, tone = head
    return Markup(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="7"{}/>'
        '<text class="{}" x="{}" y="{}">{}</text><text class="lb mono" x="{}" y="{}">{}</text>'
    ).format(
        css, x, y, _BOX_W, _BOX_H,
        Markup(' stroke-dasharray="4 4"') if "end" in css else Markup(""),
        tone, x + 10, y + 17, _cut(text, 16),
        x + 10, y + 34, _cut(value, 14),
    )  # fmt: skip


def _cut(text: str, most: int) -> str:
    """Text in a box of fixed width: the middle gives way, both ends stay readable."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"
