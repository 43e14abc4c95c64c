"""Who is who, written down as the function of the set that identity R1 to R6 say: the judge.

On the slow path only, without a store, an order or a cache. Tests and the benchmark compare the
resolver with it. `build` makes records of steps, so that a generator need know nothing of ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from journeyfold.core.event import Identifier, Record
from journeyfold.identity.evidence import (
    Link,
    Mark,
    links,
    mark_of,
    verdict_link,
    verdict_of,
    witness,
)
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.partition import Vertex, connected, constrained, partition
from journeyfold.identity.rules import IdentityRules, KindRule, Limit
from journeyfold.testing.evidence import NODE_KEY, sighting, verdict

RULES = IdentityRules(
    kinds=(
        KindRule("user_id", "account", 1),
        KindRule("email", "contact", Limit(count=1, within="5s", ever=3), hub=2),
        KindRule("anonymous_id", "device", Limit(count=2, within="4s"), hub=2),
    ),
    client_may=("user_id", "email", "anonymous_id"),
    max_nodes=6,
)
"""Every rule bites on graphs of a handful of nodes: limits, windows, hubs, the largest person."""
VALUES = (
    "user_id:u0", "user_id:u1", "user_id:u2", "email:e0@example.com", "email:e1@example.com",
    "anonymous_id:a0", "anonymous_id:a1", "anonymous_id:a2",
)  # fmt: skip
SECOND_US = 1_000_000
Step = tuple[Any, ...]


class Judged(msgspec.Struct, frozen=True):
    """`anchors` of every node; `refused`: link → reason, or `hub`."""

    anchors: dict[bytes, bytes]
    refused: dict[bytes, str]


def build(steps: Sequence[Step], rules: IdentityRules = RULES) -> list[Record]:
    """Steps as records; a retract aims at some evidence of the steps before it."""
    records: list[Record] = []
    ids: list[bytes] = []
    for offset, step in enumerate(steps):
        record = _record(offset, step, ids)
        records.append(record)
        ids += [one.id for one in evidence_of(record, rules)]
    return records


def judge(records: Iterable[Record], rules: IdentityRules = RULES) -> Judged:
    """The same for any order of the records and any repetition."""
    every = list(records)
    marks = Marks(
        one for each in every for one in evidence_of(each, rules) if not isinstance(one, Link)
    )
    nodes, alive = _alive(every, marks, rules)
    hubs = {node for node in nodes if is_hub(node, nodes, alive, rules)}
    inner = [link for link in alive if link.a not in hubs and link.b not in hubs]
    anchors: dict[bytes, bytes] = {}
    refused = {link.id: "hub" for link in alive if link not in inner}
    roots = connected(nodes, inner)
    for root in set(roots.values()):
        members = {node: nodes[node] for node in nodes if roots[node] == root}
        mine = sorted((one for one in inner if one.a in members), key=lambda one: one.order)
        apart = {node: marks.apart(node) for node in members}
        part = constrained(members, mine, apart, rules)
        assert part == partition(members, mine, apart, rules), "fast path = slow path (2.8, 12)"
        anchors |= part.anchors
        refused |= part.suppressed
    return Judged(anchors, refused)


def nodes_in(record: Record, rules: IdentityRules = RULES) -> dict[bytes, Identifier]:
    """What a record names, in canonical order."""
    if record.kind == "evidence":
        said = verdict_of(record.event)
        return {node_of(one, NODE_KEY): one for one in (said.a, said.b) if one}
    return {node_of(one, NODE_KEY): one for one in normalised(record.event, rules)[0]}


def evidence_of(
    record: Record, rules: IdentityRules = RULES, usable: Iterable[bytes] | None = None
) -> list[Link | Mark]:
    """What a record says, if only these of its nodes are usable."""
    named = nodes_in(record, rules)
    if record.kind == "evidence":
        said, ends = verdict_of(record.event), tuple(named)
        if len(ends) == 2:
            pair = ends[0], ends[1]
            if said.verdict == "link":
                return [verdict_link(record, said, pair, rules)]
            mark = mark_of(record, said, pair)
        else:
            mark = mark_of(record, said, None) if said.verdict != "link" else None
        return [mark] if mark else []
    chosen = named if usable is None else {node: named[node] for node in named if node in usable}
    return list(links(record, tuple(chosen.values()), tuple(chosen), rules))


def is_hub(
    node: bytes, nodes: Mapping[bytes, Vertex], alive: Iterable[Link], rules: IdentityRules = RULES
) -> bool:
    """R2, in one sentence."""
    place = rules.position[nodes[node].kind]
    ends = {link.other(node) for link in alive if node in {link.a, link.b}}
    stronger = [nodes[end].kind for end in ends if rules.position[nodes[end].kind] < place]
    return any(stronger.count(kind) > rules.by_name[nodes[node].kind].hub for kind in stronger)


def _alive(
    records: list[Record], marks: Marks, rules: IdentityRules
) -> tuple[dict[bytes, Vertex], list[Link]]:
    """Every node with its first instant, and the links that count (R1)."""
    nodes: dict[bytes, Vertex] = {}
    found: dict[bytes, Link] = {}
    for record in records:
        names = nodes_in(record, rules)
        if record.kind == "evidence":
            if verdict_of(record.event).verdict != "link" or len(names) < 2:
                continue
            usable = set(names)
        else:
            usable = {n for n, one in names.items() if not marks.blocks(one.kind, one.value)}
        at_us = record.event.occurred_us
        for node, one in names.items():
            known = nodes.get(node)
            nodes[node] = Vertex(
                one.kind, one.value, min(at_us, known.first_us if known else at_us)
            )
        for link in evidence_of(record, rules, usable):
            assert isinstance(link, Link), "only verdicts make marks"
            found[link.id] = witness(found[link.id], link) if link.id in found else link
    alive = [
        link
        for link in found.values()
        if not marks.kills(link)
        and not any(marks.blocks(nodes[end].kind, nodes[end].value) for end in (link.a, link.b))
    ]
    return nodes, alive


def _record(offset: int, step: Step, ids: Sequence[bytes]) -> Record:
    match step:
        case ("seen", written, at, auth, type_):
            return sighting(offset, *written, at_us=at * SECOND_US, auth=auth, type_=type_)
        case ("link", a, b):
            return verdict(offset, {"verdict": "link", "a": a, "b": b})
        case ("equal", a, b):
            return verdict(offset, {"verdict": "link", "a": a, "b": b, "equivalent": True})
        case ("cannot", a, b):
            return verdict(offset, {"verdict": "cannot_link", "a": a, "b": b})
        case ("retract", index):
            target = ids[index % len(ids)].hex() if ids else "00"
            return verdict(offset, {"verdict": "retract", "target": target})
        case ("select", method):
            return verdict(offset, {"verdict": "retract", "selector": {"method": method}})
        case ("block", written):
            kind, _, value = written.partition(":")
            return verdict(offset, {"verdict": "block", "kind": kind, "pattern": f"^{value}$"})
    raise AssertionError(f"no step is called {step[0]}")
