"""Two people who turned out to be one: facts join, process follows fixed rules (identity M1-M3).

The facts are what folding all records of both would give, in any order. Memberships and stages are
only brought together here; whoever merges evaluates them again on the joined facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from journeyfold.core.profile import (
    Assignment,
    Heard,
    Instance,
    Membership,
    Passage,
    Pending,
    Profile,
    Score,
    StageAt,
    Statement,
)
from journeyfold.profile.aggregates import merge_aggregates
from journeyfold.profile.contact import merge_contacts
from journeyfold.profile.session import merge_sessions
from journeyfold.profile.traits import Policies, merge_traits

Registers = dict[str, dict[str, Statement]]
MergeConsents = Callable[[Registers, Registers], Registers]
Runs = tuple[list[Instance], dict[str, Passage], list[Pending]]
MergeRuns = Callable[[Profile, Profile], Runs]


class MergePolicies(msgspec.Struct, frozen=True):
    """What the project says of joining; `consents` is their owner's own join."""

    consents: MergeConsents
    traits: Policies = {}
    keep_contacts_us: int = 0
    runs: MergeRuns | None = None  # of journeys; None where there are none


def merge_profiles(kept: Profile, other: Profile, policies: MergePolicies) -> Profile:
    """A profile under the name of `kept`, made of both; neither is to be used afterwards."""
    merged = Profile(
        person=kept.person,
        seen=max(kept.seen, other.seen),
        first_us=_least(kept.first_us, other.first_us),
        last_us=max(kept.last_us, other.last_us),
        events=kept.events + other.events,
        traits=merge_traits(kept.traits, other.traits, policies.traits),
        aggregates=dict(kept.aggregates),
        sessions=merge_sessions(kept.sessions, other.sessions),
        consents=policies.consents(kept.consents, other.consents),
        contacts=merge_contacts(kept.contacts, other.contacts, policies.keep_contacts_us),
        memberships=_joined(kept.memberships, other.memberships, _earlier_membership),
        stages=_joined(kept.stages, other.stages, _later_stage),
        assignments=_joined(kept.assignments, other.assignments, _earlier_assignment),
        scores=_joined(kept.scores, other.scores, _latest_score),
        clock_us=max(kept.clock_us, other.clock_us),
        wake_us=_least(kept.wake_us, other.wake_us),
        manual=sorted({*kept.manual, *other.manual}),
        heard=_both_heard(kept.heard, other.heard),
    )
    if policies.runs is not None:
        merged.journeys, merged.passages, merged.pending = policies.runs(kept, other)
    merge_aggregates(merged, other)
    return merged


Value = TypeVar("Value")


def _joined(
    a: Mapping[str, Value], b: Mapping[str, Value], join: Callable[[Value, Value], Value]
) -> dict[str, Value]:
    union = dict(a)
    for name, value in b.items():
        union[name] = join(union[name], value) if name in union else value
    return union


def _earlier_membership(a: Membership, b: Membership) -> Membership:
    """In both before: still in, since the earlier."""
    return min(a, b, key=lambda one: (one.since_us, one.cause))


def _later_stage(a: StageAt, b: StageAt) -> StageAt:
    """The latest move of either stands until the joined facts are evaluated."""
    return max(a, b, key=lambda one: (one.since_us, one.stage))


def _earlier_assignment(a: Assignment, b: Assignment) -> Assignment:
    """The arm seen first stands, then the smaller arm; two arms are crossed (journeys E70)."""
    stays = min(
        a, b, key=lambda one: (one.assigned_us, one.arm, one.bucket, one.version, one.owner)
    )
    is_crossed = a.arm != b.arm or a.is_crossed or b.is_crossed
    return msgspec.structs.replace(stays, is_crossed=True) if is_crossed else stays


def _latest_score(a: Score, b: Score) -> Score:
    return max(a, b, key=lambda one: (one.scored_us, one.version))


def _both_heard(a: list[Heard], b: list[Heard]) -> list[Heard]:
    union = {(each.source, each.id): each for each in (*b, *a)}
    return sorted(union.values(), key=lambda one: (one.at_us, one.source, one.id))


def _least(a: int, b: int) -> int:
    """The lesser instant; 0 means none."""
    return min(a, b) if a and b else a or b
