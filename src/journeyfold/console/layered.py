"""A drawing of a directed graph in layers, from top to bottom (after Sugiyama, 1981).

Boxes come with their extents, ways between them; out come places and the points each way goes
through. Promised: no box meets another, no way crosses a box, a way that does not go back goes
down, and the same graph gives the same drawing. Ways that go back run in lanes of their own at
the right. Pure; a few milliseconds for a journey of usual length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from journeyfold.console.ordering import in_order, settled

GAP_X, GAP_Y = 22, 26
PASS = 5  # half the room a way takes beside the boxes of a layer it passes
LANE = 14  # between ways that go back
PORT = 26  # between the ends of two ways at one box


class Box(NamedTuple):
    """Extents from the axis along which ways enter and leave."""

    left: float
    right: float
    height: float


class Way(NamedTuple):
    """`room` is the width of a label beside it, where it goes back; `pull` how straight it is."""

    source: str
    target: str
    room: float = 0
    pull: float = 1


class Place(NamedTuple):
    x: float  # of the axis
    y: float  # of the upper edge


class Route(NamedTuple):
    """Straight pieces along `points`; `is_back` goes up. `label` is where its words may begin."""

    points: tuple[tuple[float, float], ...]
    is_back: bool = False
    label: tuple[float, float] = (0, 0)


class Drawing(NamedTuple):
    places: dict[str, Place]
    routes: list[Route]  # one for each way, in their order
    width: float
    height: float


def layered(boxes: Mapping[str, Box], ways: Sequence[Way]) -> Drawing:
    """Boxes in order of importance: the first ones begin. Every way leads between boxes."""
    backs = _backs(boxes, ways)
    forward = [way for way in ways if way not in backs]
    ranks = _ranks(boxes, forward)
    sized, chains = _with_passages(boxes, ranks, forward)
    rows = in_order(sized, ranks, chains)
    pulls = {(way.source, way.target): way.pull for way in forward}
    axes = settled(sized, rows, chains, pulls, GAP_X)
    left = min(axes[name] - sized[name].left for name in axes) if axes else 0
    axes = {name: round(x - left) for name, x in axes.items()}
    tops, bottoms = _bands(sized, rows)
    places = {name: Place(axes[name], tops[ranks[name]]) for name in boxes}
    wide = max((axes[name] + box.right for name, box in sized.items()), default=0)
    ports = _ports(boxes, chains, ways, backs, axes)
    routes: dict[int, Route] = {}
    for at, way in enumerate(ways):
        if way not in backs:
            points = _down(chains[way.source, way.target], ports[at], axes, sized, ranks, tops)
            routes[at] = Route(points)
    looped = [at for at, way in enumerate(ways) if way in backs]
    rights = [max((axes[name] + sized[name].right for name in row), default=0) for row in rows]
    for at in sorted(looped, key=lambda at: _span(ways[at], ranks)):
        way = ways[at]
        passed = range(ranks[way.target], ranks[way.source] + 1)
        lane = max(rights[rank] for rank in passed) + LANE
        routes[at] = _up(way, ports[at], lane, places, boxes, ranks, tops, bottoms)
        taken = lane + (way.room + 4 if way.room else 0)
        for rank in passed:
            rights[rank] = taken
        wide = max(wide, taken)
    height = (bottoms[-1] if bottoms else 0) + (GAP_Y // 2 if looped else 0)
    return Drawing(places, [routes[at] for at in range(len(ways))], wide, height)


def _backs(boxes: Mapping[str, Box], ways: Sequence[Way]) -> set[Way]:
    """The ways that close a circle, seen from the first box on."""
    ahead: dict[str, list[Way]] = {name: [] for name in boxes}
    for way in ways:
        ahead[way.source].append(way)
    backs, done, path = set[Way](), set[str](), set[str]()
    for start in boxes:
        stack = [(start, iter(ahead[start]))] if start not in done else []
        path.update(name for name, _ in stack)
        while stack:
            name, left = stack[-1]
            step = next(left, None)
            if step is None:
                stack.pop()
                path.discard(name)
                done.add(name)
            elif step.target in path:
                backs.add(step)
            elif step.target not in done:
                path.add(step.target)
                stack.append((step.target, iter(ahead[step.target])))
    return backs


def _ranks(boxes: Mapping[str, Box], forward: Sequence[Way]) -> dict[str, int]:
    """The longest way from a beginning; one that leads nowhere stands beside what follows it."""
    behind: dict[str, int] = dict.fromkeys(boxes, 0)
    ahead: dict[str, list[str]] = {name: [] for name in boxes}
    for way in forward:
        ahead[way.source].append(way.target)
        behind[way.target] += 1
    ranks = dict.fromkeys(boxes, 0)
    ready = [name for name in boxes if not behind[name]]
    for name in ready:  # grows while it is walked: Kahn's order
        for target in ahead[name]:
            ranks[target] = max(ranks[target], ranks[name] + 1)
            behind[target] -= 1
            if not behind[target]:
                ready.append(target)
    return ranks


Chains = dict[tuple[str, str], list[str]]


def _with_passages(
    boxes: Mapping[str, Box], ranks: dict[str, int], forward: Sequence[Way]
) -> tuple[dict[str, Box], Chains]:
    """A way over several layers gets a narrow passage in each, so nothing else stands there."""
    sized, chains = dict(boxes), Chains()
    for way in forward:
        chain = [way.source]
        for rank in range(ranks[way.source] + 1, ranks[way.target]):
            name = f"{way.source}\x00{way.target}\x00{rank}"
            sized[name], ranks[name] = Box(PASS, PASS, 0), rank
            chain.append(name)
        chains[way.source, way.target] = [*chain, way.target]
    return sized, chains


def _bands(
    sized: Mapping[str, Box], rows: Sequence[Sequence[str]]
) -> tuple[list[float], list[float]]:
    """Upper and lower edge of each layer."""
    tops, bottoms, y = list[float](), list[float](), 0.0
    for row in rows:
        tops.append(y)
        bottoms.append(y + max(sized[name].height for name in row))
        y = bottoms[-1] + GAP_Y
    return tops, bottoms


class _Ports(NamedTuple):
    """How far from the axis a way leaves and arrives."""

    out: float
    into: float


def _ports(
    boxes: Mapping[str, Box],
    chains: Chains,
    ways: Sequence[Way],
    backs: set[Way],
    axes: Mapping[str, float],
) -> list[_Ports]:
    """Ends side by side, in the order of where the ways come from; those that go back last."""
    outs: dict[str, list[tuple[float, int]]] = {name: [] for name in boxes}
    intos: dict[str, list[tuple[float, int]]] = {name: [] for name in boxes}
    for at, way in enumerate(ways):
        chain = chains.get((way.source, way.target), [])
        is_back = way in backs
        outs[way.source].append((1e9 if is_back else axes[chain[1]], at))
        intos[way.target].append((1e9 if is_back else axes[chain[-2]], at))
    out, into = _spread(boxes, outs), _spread(boxes, intos)
    return [_Ports(out[at], into[at]) for at in range(len(ways))]


def _spread(
    boxes: Mapping[str, Box], ends: Mapping[str, list[tuple[float, int]]]
) -> dict[int, float]:
    found: dict[int, float] = {}
    for name, here in ends.items():
        box = boxes[name]
        step = min(PORT, 1.5 * min(box.left, box.right) / max(len(here), 1))
        first = -step * (len(here) - 1) / 2
        for place, (_, at) in enumerate(sorted(here)):
            found[at] = round(first + place * step, 1)
    return found


def _down(
    chain: Sequence[str],
    port: _Ports,
    axes: Mapping[str, float],
    sized: Mapping[str, Box],
    ranks: Mapping[str, int],
    tops: Sequence[float],
) -> tuple[tuple[float, float], ...]:
    """Straight through layers, across in the gaps between them."""
    points = list(_downwards(chain, port, axes, sized, ranks, tops))
    return tuple(dict.fromkeys(points))


def _downwards(
    chain: Sequence[str],
    port: _Ports,
    axes: Mapping[str, float],
    sized: Mapping[str, Box],
    ranks: Mapping[str, int],
    tops: Sequence[float],
) -> Iterator[tuple[float, float]]:
    source, target = chain[0], chain[-1]
    x = axes[source] + port.out
    yield x, tops[ranks[source]] + sized[source].height
    for before, name in pairwise(chain):
        yield x, tops[ranks[before] + 1] - GAP_Y
        x = axes[name] + (port.into if name == target else 0)
        yield x, tops[ranks[name]]


def _up(
    way: Way,
    port: _Ports,
    lane: float,
    places: Mapping[str, Place],
    boxes: Mapping[str, Box],
    ranks: Mapping[str, int],
    tops: Sequence[float],
    bottoms: Sequence[float],
) -> Route:
    """Out below, up in its lane, in from above."""
    start, end = places[way.source], places[way.target]
    out, into = start.x + port.out, end.x + port.into
    below = bottoms[ranks[way.source]] + GAP_Y // 2
    above = tops[ranks[way.target]] - GAP_Y // 2
    points = (
        (out, start.y + boxes[way.source].height), (out, below), (lane, below), (lane, above),
        (into, above), (into, end.y),
    )  # fmt: skip
    return Route(points, is_back=True, label=(lane + 4, (below + above) / 2 + 4))


def _span(way: Way, ranks: Mapping[str, int]) -> tuple[int, str, str]:
    return ranks[way.source] - ranks[way.target], way.source, way.target
