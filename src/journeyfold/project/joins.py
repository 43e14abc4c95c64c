"""What identity changes do to profiles: merge, split and a new name for the same person.

Facts of two people merge; a split refolds the facts of each part from its records, so it is as if
the link had never been there (identity M1, M4). Memberships and stages are settled on the new
facts, and every entry, exit and move this causes is emitted (identity M3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from journeyfold.core.effect import Effect, Emit
from journeyfold.core.event import Json, Record
from journeyfold.core.profile import Profile
from journeyfold.identity.decisions import rule_of
from journeyfold.identity.resolve import Change, Merged, Reanchored, Split, Suppressed
from journeyfold.journey.join import of_nodes
from journeyfold.profile.merge import merge_profiles
from journeyfold.project.compile import Compiled
from journeyfold.project.people import People

Moved: TypeAlias = dict[str, Json]
Refold = Callable[[str, Iterable[bytes]], Profile]
"""(person, nodes) → a profile with the facts of the records those nodes own."""


def apply_changes(
    changes: Iterable[Change], record: Record, people: People, compiled: Compiled, refold: Refold
) -> list[Effect]:
    """Carry out what resolution found, in its order, before the record itself is folded."""
    effects: list[Effect] = []
    for position, change in enumerate(changes):
        moved: Moved = {}
        match change:
            case Merged():
                moved = _brought(people.get(change.source))
                effects += _merge(change, record, people, compiled)
            case Split():
                effects += _split(change, record, people, compiled, refold)
                if change.only_refolds:
                    continue
                moved = {part.person: _brought(people.get(part.person)) for part in change.parts}
            case Reanchored():
                _rename(change, people)
            case Suppressed():
                continue
        effects.append(_announce(change, record, position, moved))
    return effects


def _merge(change: Merged, record: Record, people: People, compiled: Compiled) -> list[Effect]:
    source = people.get(change.source)
    if source is None:
        return []
    target = people.get(change.target)
    if target is None:
        _rename(Reanchored(change.source, change.target, change.cause), people)
        return []
    effects: list[Effect] = []
    for profile in (source, target):  # what was due before the merge happened before it
        effects += people.count(compiled.advance(profile, record.appended_us))
    merged = merge_profiles(target, source, compiled.policies)
    recount(people, record.appended_us, before=(source, target), after=(merged,))
    people.remove(source.person)
    people.replace(merged)
    settled = compiled.settle(merged, record.appended_us, "merge", record.event.occurred_us)
    return effects + people.count(settled)


def _split(
    change: Split, record: Record, people: People, compiled: Compiled, refold: Refold
) -> list[Effect]:
    """A part nobody's record is about gets no profile, as if it had never been linked.

    A person without a profile (only named by records of others) has parts all the same: the
    verdict may have given them records.
    """
    whole = people.get(change.person)
    effects = people.count(compiled.advance(whole, record.appended_us)) if whole else []
    parts: list[Profile] = []
    nobodies: set[str] = set()  # the old name is left to a part that no record is about
    for part in change.parts:
        profile = refold(part.person, part.nodes)
        keeps_name = whole is not None and part.person == change.person
        if profile.seen < 0:
            nobodies.add(part.person)
        if whole is not None and keeps_name:
            profile.memberships, profile.stages = whole.memberships, whole.stages
        elif profile.seen < 0:
            continue
        if whole is not None:
            nodes = {node.hex() for node in part.nodes}
            profile.journeys = of_nodes(whole, nodes, keeps_name=keeps_name)
            profile.passages = whole.passages if keeps_name else {}
            profile.pending = whole.pending if keeps_name else []
            profile.heard = whole.heard if keeps_name else []
        profile.clock_us, profile.seen = record.appended_us, record.offset
        parts.append(profile)
    recount(people, record.appended_us, before=[whole] if whole else [], after=parts)
    people.remove(change.person)
    for profile in parts:
        people.replace(profile)
        effects += people.count(compiled.settle(profile, record.appended_us, "split"))
        if profile.person in nobodies:
            recount(people, record.appended_us, before=(profile,), after=())
            people.remove(profile.person)
    return effects


def _rename(change: Reanchored, people: People) -> None:
    profile = people.get(change.source)
    if profile is None:
        return
    people.remove(change.source)
    profile.person = change.target
    people.replace(profile)


def recount(
    people: People, at_us: int, before: Iterable[Profile], after: Iterable[Profile]
) -> None:
    """Two members who became one are one member: sizes follow without an entry or exit."""
    for profiles, by in ((before, -1), (after, 1)):
        for profile in profiles:
            for segment in profile.memberships:
                people.resize(f"segment/{segment}", by, at_us)
            for lifecycle, at in profile.stages.items():
                people.resize(f"stage/{lifecycle}/{at.stage}", by, at_us)


def _brought(profile: Profile | None) -> Moved:
    """What a merge adds to the person who stays, or a part has after a split (M3, M4)."""
    if profile is None:
        return {}
    return {
        "segments": list[Json](sorted(profile.memberships)),
        "journeys": list[Json](
            sorted({one.journey for one in profile.journeys if not one.ended_us})
        ),
        "events": profile.events,
        "messages": len(profile.contacts),
    }


def _announce(
    change: Merged | Split | Reanchored, record: Record, position: int, moved: Moved
) -> Emit:
    key = f"identity/{record.offset}/{position}"
    told: dict[str, Json]
    match change:
        case Merged(source, target, cause):
            told = {"from": source, "to": target, "cause": cause}
            told |= {"rule": rule_of(record), "moved": moved}
            return Emit(key, "person.merged", target, record.appended_us, told)
        case Split(person, parts, cause):
            told = {"person": person, "parts": [part.person for part in parts], "cause": cause}
            told |= {"rule": rule_of(record), "moved": moved}
            return Emit(key, "person.split", person, record.appended_us, told)
        case Reanchored(source, target, cause):
            told = {"from": source, "to": target, "cause": cause}
            return Emit(key, "person.reanchored", target, record.appended_us, told)
