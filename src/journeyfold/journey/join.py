"""Two people who become one, or one who becomes several: whose run a run is (journeys E70, E71).

A run belongs to whoever owns its entry event. Of two runs of one journey under one key the one
that got further stays; the other ends as `merged`. Ids of effects hold no person, so nothing is
sent twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from journeyfold.core.profile import Instance, Passage, Pending, Profile

Passages = Mapping[str, Passage]


def joined(a: Iterable[Instance], b: Iterable[Instance]) -> list[Instance]:
    """The union by id, in order of id: a function of the set."""
    union: dict[str, Instance] = {}
    for each in (*a, *b):
        known = union.get(each.id)
        union[each.id] = each if known is None else min(known, each, key=_standing)
    return [union[name] for name in sorted(union)]


def joined_passages(a: Passages, b: Passages) -> dict[str, Passage]:
    """Counts by the greater: both may have counted the same entries."""
    union = dict(a)
    for name, other in b.items():
        one = union.get(name, Passage())
        last = max(one, other, key=_last)
        union[name] = Passage(
            max(one.entries, other.entries),
            max(one.started_us, other.started_us),
            max(one.ended_us, other.ended_us),
            last.is_held_out,
            last.moves,
        )
    return union


def joined_pending(a: Iterable[Pending], b: Iterable[Pending]) -> list[Pending]:
    """Of two entries that wait for the same the earlier comes."""
    union: dict[tuple[str, int, str], Pending] = {}
    for each in (*a, *b):
        name = (each.journey, each.entry, each.slot)
        union[name] = min(union.get(name, each), each, key=lambda one: (one.due_us, one.cause))
    return [union[name] for name in sorted(union)]


def joined_runs(
    one: Profile, other: Profile
) -> tuple[list[Instance], dict[str, Passage], list[Pending]]:
    """What the person made of both has of journeys."""
    runs = joined(one.journeys, other.journeys)
    passages = joined_passages(one.passages, other.passages)
    return runs, passages, joined_pending(one.pending, other.pending)


def surplus(profile: Profile) -> list[Instance]:
    """Running instances that must end because another of their journey and key got further.

    What they did counts for the one that stays: its visits and arms are united with theirs.
    """
    stays: dict[tuple[str, str], Instance] = {}
    ends: list[Instance] = []
    running = (each for each in profile.journeys if not each.ended_us)
    for each in sorted(running, key=_standing):
        kept = stays.setdefault((each.journey, each.key), each)
        if kept is each:
            continue
        ends.append(each)
        for step, visits in each.visits.items():
            kept.visits[step] = max(kept.visits.get(step, 0), visits)
        kept.arms = {**each.arms, **kept.arms}
        kept.lines = {**each.lines, **kept.lines}
    return ends


def of_nodes(whole: Profile, nodes: Collection[str], *, keeps_name: bool) -> list[Instance]:
    """The runs of a part: those whose entry it owns; the part that keeps the name keeps those
    that nobody's event began.
    """
    return [each for each in whole.journeys if (each.owner in nodes if each.owner else keeps_name)]


def _last(one: Passage) -> tuple[int, bool, tuple[str, ...]]:
    """Of two last runs the later; of two that began at once either, if always the same."""
    return one.started_us, one.is_held_out, one.moves


def _standing(one: Instance) -> tuple[int, int, str]:
    """First the one to keep: more steps, then the earlier entry, then the lesser id."""
    return -one.steps, one.entered_us, one.id
