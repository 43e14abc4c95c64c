"""The state of identity without labels: what a person who must vouch for it looks at (identity X4).

Sizes, conflicts, bridges, hubs and suppressed links of the whole graph, in one pass over what is
committed; how often people change, against the days before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

import msgspec

from journeyfold.core.ports import StateReader
from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Component, Graph, Node
from journeyfold.identity.normalise import person_id
from journeyfold.identity.rules import IdentityRules

LISTED = 50
BAND_DAYS = 28
UNUSUAL = 4.0
_FORGOTTEN = 2_000  # components, and a graph forgets what it has read
_BOUNDS = (1, 2, 3, 4, 5, 10, 20, 50, 100, 1_000)


class Bridge(msgspec.Struct, frozen=True):
    """A link whose removal leaves two people with an account each: all that holds them together."""

    person: str
    link: str  # hex id
    method: str
    source: str
    offset: int


class Hub(msgspec.Struct, frozen=True):
    """An identifier that is a person of its own because too many have it."""

    kind: str
    masked: str
    neighbours: int


class Conflict(msgspec.Struct, frozen=True):
    """More values of a kind in one person than its limit allows; must never be."""

    person: str
    kind: str
    values: int
    limit: int


class Audit(msgspec.Struct, frozen=True):
    """`sizes`: identifiers of a person, `"5"` is 5 to 9 → people. `density`: of people of three and
    more identifiers, the mean share of possible links that are there.
    """

    people: int
    identifiers: int
    links: int
    sizes: dict[str, int]
    size_p99: int
    size_max: int
    largest: str
    density: float | None
    conflicts: tuple[Conflict, ...]
    bridges: int
    bridged: tuple[Bridge, ...]
    on_one_link: int  # links without which a person is two, of two and more identifiers each
    hubs: int
    top_hubs: tuple[Hub, ...]
    suppressed: dict[str, int]  # reason → links


def audit(reader: StateReader, rules: IdentityRules) -> Audit:
    """A pass over every node and component; memory is a number for each size."""
    found = _Findings(rules)
    alone = 0
    graph = Graph(reader)
    for id_, node in graph.nodes():
        if node.hub:
            found.hub(node, len(graph.neighbours(id_)))
        if not node.component:
            alone += 1
    found.sizes[1] += alone
    for seen, (_, component) in enumerate(graph.components()):
        if seen % _FORGOTTEN == 0:
            graph = Graph(reader)
        _look_into(graph, component, found)
    return found.report()


def strangeness(days: Sequence[int]) -> float | None:
    """How unusual the last of these daily counts is: a robust z against the days before it.

    0.6745 (x - median) / max(MAD, 1) over at most 28 days; None before there are seven.
    """
    past = days[-BAND_DAYS - 1 : -1]
    if len(past) < 7:
        return None
    middle = median(past)
    spread = median(abs(count - middle) for count in past)
    return 0.6745 * (days[-1] - middle) / max(spread, 1)


def is_unusual(days: Sequence[int]) -> bool:
    score = strangeness(days)
    return score is not None and abs(score) > UNUSUAL


class _Findings:
    def __init__(self, rules: IdentityRules) -> None:
        self.rules = rules
        self.sizes: Counter[int] = Counter()
        self.largest = (0, "")
        self.links = self.bridges = self.on_one_link = 0
        self.densities: list[float] = []
        self.conflicts: list[Conflict] = []
        self.bridged: list[Bridge] = []
        self.hubs: list[Hub] = []
        self.suppressed: Counter[str] = Counter()

    def hub(self, node: Node, neighbours: int) -> None:
        self.hubs.append(Hub(node.kind, node.value[:1] + "…", neighbours))

    def person(self, person: str, nodes: Mapping[bytes, Node], links: Sequence[Link]) -> None:
        size = len(nodes)
        self.sizes[size] += 1
        self.largest = max(self.largest, (size, person))
        self.links += len(links)
        if size > 2:
            pairs = {(link.a, link.b) for link in links}
            self.densities.append(2 * len(pairs) / (size * (size - 1)))
        self.conflicts += self._conflicts(person, nodes, links)
        if size > 3:
            held = _bridges(nodes, links, set(nodes), least=2)
            self.on_one_link += sum(1 for link in held if link.method != "review")
        for link in _bridges(nodes, links, self._accounts(nodes)):
            if link.method == "review":  # somebody looked and said so: nothing to look at again
                continue
            self.bridges += 1
            if len(self.bridged) < LISTED:
                told = Bridge(person, link.id.hex(), link.method, link.source, link.offset)
                self.bridged.append(told)

    def report(self) -> Audit:
        people = sum(self.sizes.values())
        return Audit(
            people=people,
            identifiers=sum(size * count for size, count in self.sizes.items()),
            links=self.links,
            sizes=_histogram(self.sizes),
            size_p99=_percentile(self.sizes, 0.99),
            size_max=self.largest[0] or (1 if people else 0),
            largest=self.largest[1],
            density=sum(self.densities) / len(self.densities) if self.densities else None,
            conflicts=tuple(self.conflicts),
            bridges=self.bridges,
            bridged=tuple(self.bridged),
            on_one_link=self.on_one_link,
            hubs=len(self.hubs),
            top_hubs=tuple(sorted(self.hubs, key=lambda hub: -hub.neighbours)[:LISTED]),
            suppressed=dict(sorted(self.suppressed.items())),
        )

    def _accounts(self, nodes: Mapping[bytes, Node]) -> set[bytes]:
        by_name = self.rules.by_name
        return {
            id_
            for id_, node in nodes.items()
            if node.kind in by_name and by_name[node.kind].class_ == "account"
        }

    def _conflicts(
        self, person: str, nodes: Mapping[bytes, Node], links: Sequence[Link]
    ) -> Iterator[Conflict]:
        """Values that are declared equal count once (identity E7)."""
        same = {(link.a, link.b) for link in links if link.equivalent}
        counts = Counter(node.kind for node in nodes.values())
        for kind, count in counts.items():
            rule = self.rules.by_name.get(kind)
            limit = rule.bound.ever if rule is not None else None
            equal = sum(nodes[a].kind == kind == nodes[b].kind for a, b in same)
            if limit is not None and count - equal > limit:
                yield Conflict(person, kind, count - equal, limit)


def _look_into(graph: Graph, component: Component, found: _Findings) -> None:
    """Its people, each with the links that hold them."""
    for _, reason in component.suppressed:
        found.suppressed[reason.split(" ")[0] if reason.startswith("cannot") else reason] += 1
    refused = {id_ for id_, _ in component.suppressed}
    accepted = [graph.stored(id_) for id_ in component.links if id_ not in refused]
    people: dict[bytes, dict[bytes, Node]] = {}
    for id_ in component.nodes:
        people.setdefault(component.anchor_of(id_), {})[id_] = graph.named(id_)
    held: dict[bytes, list[Link]] = {anchor: [] for anchor in people}
    for link in accepted:
        held[component.anchor_of(link.a)].append(link)
    for anchor, nodes in people.items():
        found.person(person_id(anchor), nodes, held[anchor])


def _bridges(
    nodes: Iterable[bytes], links: Sequence[Link], counted: set[bytes], least: int = 1
) -> Iterator[Link]:
    """Links that alone join two parts with so many of the counted nodes each (Tarjan 1974)."""
    if len(counted) < 2 * least:
        return
    beside: dict[bytes, list[tuple[bytes, int]]] = {node: [] for node in nodes}
    for number, link in enumerate(links):
        beside[link.a].append((link.b, number))
        beside[link.b].append((link.a, number))
    order: dict[bytes, int] = {}
    low: dict[bytes, int] = {}
    within: dict[bytes, int] = {}
    for root, around in beside.items():
        if root in order:
            continue
        stack: list[tuple[bytes, int, Iterator[tuple[bytes, int]]]] = []
        order[root] = low[root] = len(order)
        within[root] = root in counted
        stack.append((root, -1, iter(around)))
        while stack:
            node, came, rest = stack[-1]
            step = next(((far, number) for far, number in rest if number != came), None)
            if step is None:
                stack.pop()
                if not stack:
                    continue
                parent = stack[-1][0]
                low[parent] = min(low[parent], low[node])
                within[parent] += within[node]
                both = least <= within[node] <= len(counted) - least
                if low[node] > order[parent] and both:
                    yield links[came]
            elif step[0] in order:
                low[node] = min(low[node], order[step[0]])
            else:
                far, number = step
                order[far] = low[far] = len(order)
                within[far] = far in counted
                stack.append((far, number, iter(beside[far])))


def _histogram(sizes: Mapping[int, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for size, count in sorted(sizes.items()):
        bound = max(each for each in _BOUNDS if each <= size)
        if count:
            found[str(bound)] = found.get(str(bound), 0) + count
    return found


def _percentile(sizes: Mapping[int, int], share: float) -> int:
    """The least size that at least this share of people do not exceed."""
    left = share * sum(sizes.values())
    for size, count in sorted(sizes.items()):
        left -= count
        if left <= 0:
            return size
    return 0
