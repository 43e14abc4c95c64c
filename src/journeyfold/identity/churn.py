"""How people change: merges and splits a day, and who was merged or split since an offset (X4).

Read from the rows of decisions and from the history of nodes, as they are committed.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import StateReader
from journeyfold.identity import decisions
from journeyfold.identity.audit import BAND_DAYS, is_unusual, strangeness
from journeyfold.identity.graph import Graph

_FORGOTTEN = 10_000  # nodes, and a graph forgets what it has read


class Days(msgspec.Struct, frozen=True):
    """Counts of the last whole days, oldest first, and how unusual the last of them is."""

    counts: tuple[int, ...]
    z: float | None
    unusual: bool


class Churn(msgspec.Struct, frozen=True):
    """Decisions a day. `aliases` are identifiers that came to another person."""

    merges: Days
    splits: Days
    aliases: Days
    verdicts: int  # of people and models, in all these days


class Since(msgspec.Struct, frozen=True):
    """People there were at an offset, and what became of them; `stability` is the share of them
    whose id leads to the same person still.
    """

    offset: int
    people: int
    merged: int
    split: int
    unchanged: int
    stability: float | None


def churn(reader: StateReader, now_us: int) -> Churn:
    """By days of 24 hours, the last of which has just ended."""
    begin_us = now_us - (BAND_DAYS + 1) * DAY_US
    merges, splits, aliases = Counter[int](), Counter[int](), Counter[int]()
    verdicts, days = 0, dict[int, int]()
    for offset, _, row in decisions.since(reader):
        if row.at_us < begin_us:
            continue
        day = days[offset] = (row.at_us - begin_us) // DAY_US
        merges[day] += row.kind == "merge"
        splits[day] += row.kind == "split"
        verdicts += row.kind in {"link", "cannot_link", "block", "retract"}
    for _, offset, _ in Graph(reader).histories():
        if offset in days:
            aliases[days[offset]] += 1
    return Churn(_days(merges), _days(splits), _days(aliases), verdicts)


def since(reader: StateReader, offset: int) -> Since:
    """Compared with the people there were after the record at an offset."""
    before, changed = _anchors_before(reader, offset)
    graph = Graph(reader)
    people = 0
    found: dict[bytes, set[bytes]] = {}  # who was → who they are, where that is not the same
    joined = Counter[bytes]()
    moved = set[bytes]()
    for seen, (id_, node) in enumerate(graph.nodes()):
        if seen % _FORGOTTEN == 0:
            graph = Graph(reader)
        if node.since > offset:
            continue
        was = before.get(id_, id_)
        people += was == id_
        if id_ in changed or was in changed or node.component:
            now = graph.anchor(id_)
            assert now is not None, "a stored node has an anchor"
            found.setdefault(was, set()).add(now)
    for was, parts in found.items():
        if len(parts) == 1:
            joined[next(iter(parts))] += 1
        if was not in parts:
            moved.add(was)
    split = sum(len(parts) > 1 for parts in found.values())
    merged = sum(len(parts) == 1 and joined[next(iter(parts))] > 1 for parts in found.values())
    stability = (people - len(moved)) / people if people else None
    return Since(offset, people, merged, split, people - merged - split, stability)


def _anchors_before(reader: StateReader, offset: int) -> tuple[dict[bytes, bytes], set[bytes]]:
    """Node → anchor after the offset, where it was not the node itself; nodes that moved since."""
    last: dict[bytes, tuple[int, bytes]] = {}
    changed = set[bytes]()
    for node, at, anchor in Graph(reader).histories():
        if at > offset:
            changed.add(node)
        elif at >= last.get(node, (-1, b""))[0]:
            last[node] = (at, anchor)
    return {node: anchor for node, (_, anchor) in last.items()}, changed


def _days(counts: Counter[int]) -> Days:
    listed = [counts[day] for day in range(BAND_DAYS + 1)]
    first = next((at for at, count in enumerate(listed) if count), len(listed))
    told = listed[first:]
    return Days(tuple(listed), strangeness(told), is_unusual(told))
