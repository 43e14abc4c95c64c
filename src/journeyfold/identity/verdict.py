"""What a verdict of a person or a job does to the graph (identity E4, E5).

Links change state one by one by the direct target of a retract; selectors and blocks look at every
link and node, which is slow and rare.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.core.event import Identifier, Record
from journeyfold.identity.evidence import (
    Block,
    CannotLink,
    Link,
    Mark,
    Retract,
    Verdict,
    mark_of,
    verdict_link,
    verdict_of,
)
from journeyfold.identity.normalise import identifier
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.settle import Settlement

NodeOf = Callable[[Identifier], bytes]
Reread = Callable[[Settlement, set[bytes]], None]
"""Takes in again, under the blocks of now, the records that name any of the nodes."""


def apply_verdict(settlement: Settlement, record: Record, node_of: NodeOf, reread: Reread) -> None:
    """Take the verdict into the set. One whose ends name nobody says nothing."""
    verdict = verdict_of(record.event)
    ends = _ends(verdict, settlement.rules)
    nodes = (node_of(ends[0]), node_of(ends[1])) if ends else None
    if verdict.verdict == "link":
        if ends and nodes and nodes[0] != nodes[1]:
            for end, node in zip(ends, nodes, strict=True):
                settlement.name(node, end)
            settlement.sight(verdict_link(record, verdict, nodes, settlement.rules))
        return
    mark = mark_of(record, verdict, nodes)
    if mark is not None and settlement.mark(mark):
        _reconsider(settlement, mark, reread)


def _ends(verdict: Verdict, rules: IdentityRules) -> tuple[Identifier, Identifier] | None:
    if verdict.a is None or verdict.b is None:
        return None
    a = identifier(verdict.a.kind, verdict.a.value, rules)
    b = identifier(verdict.b.kind, verdict.b.value, rules)
    return (a, b) if a is not None and b is not None else None


def _reconsider(settlement: Settlement, mark: Mark, reread: Reread) -> None:
    """Everything whose state the mark may have changed."""
    match mark:
        case CannotLink():
            settlement.recheck(mark.a)
            settlement.recheck(mark.b)
        case Block():
            _reconsider_values(settlement, mark, reread)
        case Retract(selector=None):
            target = settlement.marks.get(mark.target)
            link = settlement.graph.link(mark.target)
            if target is not None:
                _reconsider(settlement, target, reread)
            elif link is not None:
                _revalue(settlement, link)
        case Retract(selector=selector):
            for link in list(settlement.graph.links()):
                if selector is not None and selector.holds(link):
                    _revalue(settlement, link)


def _reconsider_values(settlement: Settlement, block: Block, reread: Reread) -> None:
    """Links at values the block names die or live again; their records may change owner."""
    matching = {
        id_ for id_, node in settlement.graph.nodes() if block.matches(node.kind, node.value)
    }
    for id_ in matching:
        settlement.refold(id_)
    for link in list(settlement.graph.links()):
        if link.a in matching or link.b in matching:
            _revalue(settlement, link)
    reread(settlement, matching)
    for id_ in matching:
        settlement.refold(id_)


def _revalue(settlement: Settlement, link: Link) -> None:
    alive = settlement.is_alive(link)
    joined = link.id in settlement.graph.neighbours(link.a)
    if alive and not joined:
        settlement.revive(link)
    elif joined and not alive:
        settlement.kill(link)
