"""The identity graph: one person in the middle, identifiers around, a refused link dashed.

Fixed size and its own frame (look.md section 5): up to six identifiers and one refusal are drawn,
the others stand in the table beside it.
"""

from __future__ import annotations

from markupsafe import Markup

from journeyfold.api.cards import Identity, Node
from journeyfold.console.wording import Dates, plural, short_person

_BOX_W, _BOX_H = 128, 44
_CENTRE = (210, 124)
# The boxes' middles by how many there are, so that few identifiers look balanced, too.
_PLACES = {
    1: ((210, 30),),
    2: ((92, 34), (328, 34)),
    3: ((92, 34), (328, 34), (74, 214)),
    4: ((92, 34), (328, 34), (74, 214), (210, 234)),
    5: ((92, 30), (328, 30), (74, 124), (74, 214), (210, 234)),
    6: ((92, 30), (328, 30), (74, 124), (346, 124), (74, 214), (210, 234)),
}
_REFUSED = (346, 214)
DRAWN = len(_PLACES)


def identity_graph(person: str, identity: Identity, dates: Dates) -> Markup:
    nodes = identity.nodes[:DRAWN]
    if not nodes:
        return Markup("")
    places = _PLACES[len(nodes)]
    is_low = len(nodes) <= 2 and not identity.refused
    lines = [_line(places[index], "e strong-e") for index in range(len(nodes))]
    boxes = [_node(node, places[index]) for index, node in enumerate(nodes)]
    if identity.refused:
        refusal = identity.refused[0]
        lines.append(_line(_REFUSED, "e no"))
        boxes.append(_box(_REFUSED, "box end", ("link refused", "t-bad"), refusal.value))
    first_us = min(node.first_us for node in nodes)
    return Markup(
        '<svg class="graph" width="420" height="{0}" viewBox="0 0 420 {0}" role="img" '
        'aria-label="{1}">{2}{3}<rect class="box person" x="150" y="100" width="120" height="48" '
        'rx="10"/><text class="lb" x="210" y="121" text-anchor="middle">{4}</text>'
        '<text x="210" y="137" text-anchor="middle">since {5}</text></svg>'
    ).format(
        158 if is_low else 258,
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
        tone, x + 10, y + 17, _cut(text, 18),
        x + 10, y + 34, _cut(value, 16),
    )  # fmt: skip


def _cut(text: str, most: int) -> str:
    """Text in a box of fixed width: the middle gives way, both ends stay readable."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"
