"""One record of one person through the stages of the fold. `FOLD` is their order, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from journeyfold.core.effect import Effect
from journeyfold.core.event import Event, Record, is_bot
from journeyfold.core.profile import Profile
from journeyfold.privacy.consent import fold_basis, fold_consent, states_consent
from journeyfold.profile.aggregates import Aggregation
from journeyfold.profile.contact import fold_contact
from journeyfold.profile.session import fold_session
from journeyfold.profile.traits import fold_traits
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.segment.manual import changes_list, fold_list

__all__ = ["FOLD", "LISTED", "OWN", "STATED", "Stages", "Step"]

Stages: TypeAlias = "tuple[Callable[[Step], None], ...]"


class Step:
    """One record of one person on its way through the stages. `profile` is changed in place.

    `binds` are the person's nodes that a statement in the record is about (identity M5).
    """

    __slots__ = (
        "binds", "collecting", "compiled", "consented", "owner", "profile", "record", "touched",
    )  # fmt: skip

    def __init__(
        self, record: Record, profile: Profile, owner: bytes, binds: Iterable[bytes],
        compiled: Compiled, collecting: Sequence[Aggregation],
    ) -> None:  # fmt: skip
        self.record, self.profile = record, profile
        self.owner, self.binds = owner, binds
        self.compiled, self.collecting = compiled, collecting
        self.touched: list[str] = []
        self.consented: tuple[str, ...] = ()

    def fold(self, stages: Stages | None = None) -> list[Effect]:
        """Time first, then the record's facts, then who is in what because of them."""
        compiled, profile, now_us = self.compiled, self.profile, self.record.appended_us
        effects = compiled.advance(profile, now_us)
        is_new = profile.seen < 0 and not profile.clock_us and not profile.aggregates
        self.facts(stages)
        emits = compiled.segmentation.evaluate_person(
            profile, compiled.view(profile), now_us, self.touched, is_new=is_new
        )
        if emits:
            effects = effects + compiled.with_pushes(emits)
        if compiled.travel is not None:
            travel = compiled.travel
            if stages is None:
                effects = effects + travel.record(profile, self.record, self.owner, emits)
            else:  # somebody else's record: it changed what is known of this person, no more
                effects = effects + travel.settled(profile, now_us, emits)
        if compiled.forwarding is not None and stages is None:
            effects = effects + compiled.forwarding.record(profile, self.record, compiled.view)
        return effects

    def facts(self, stages: Stages | None = None) -> None:
        """`stages` are those of the record's kind where none are given."""
        self.profile.seen = self.record.offset
        for stage in stages or _stages_of(self.record.event):
            stage(self)


def _stages_of(event: Event) -> Stages:
    if changes_list(event):
        return LISTED
    return OWN if event.source == OWN_SOURCE else FOLD


def _named(step: Step) -> None:
    step.touched.append(f"event:{step.record.event.name}")


def _seen(step: Step) -> None:
    profile, event = step.profile, step.record.event
    profile.events += 1
    profile.last_us = max(profile.last_us, event.occurred_us)
    if not profile.first_us or event.occurred_us < profile.first_us:
        profile.first_us = event.occurred_us
    step.touched.append(f"event:{event.name}")


def _basis(step: Step) -> None:
    grants = step.compiled.grants.get(step.record.event.source)
    if grants and fold_basis(step.profile, step.owner, grants):
        step.touched += [f"consent:{purpose}" for purpose in grants]


def _stated(step: Step) -> None:
    if states_consent(step.record.event):
        written = fold_consent(step.profile, step.record, step.binds)
        if written:
            step.consented = written
            purposes = {each for node in written for each in step.profile.consents[node]}
            step.touched += [f"consent:{each.partition('/')[0]}" for each in sorted(purposes)]


def _traits(step: Step) -> None:
    event = step.record.event
    unset = event.context.get("unset")
    if event.traits or unset:
        fold_traits(step.profile, event, step.owner.hex(), step.compiled.project.traits)
        gone = [name for name in unset if isinstance(name, str)] if isinstance(unset, list) else []
        names = [*event.traits, *gone]
        step.touched += [f"trait:{name}" for name in names]
        if "country" in names:  # the region decides about defaults of consent
            step.touched += step.compiled.consent_paths


def _aggregates(step: Step) -> None:
    """Bots are kept in the log and left out of features (collect C48)."""
    if is_bot(step.record.event):
        return
    for aggregation in step.collecting:
        aggregation.fold(step.profile, step.record.event)


def _session(step: Step) -> None:
    fold_session(step.profile, step.record.event)


def _contact(step: Step) -> None:
    fold_contact(step.profile, step.record.event, step.compiled.policies.keep_contacts_us)


def _list(step: Step) -> None:
    if fold_list(step.profile, step.record.event):
        step.touched.append("manual")


FOLD: Stages = (_seen, _basis, _stated, _traits, _aggregates, _session, _contact)
"""The stages that make facts, in order; lifecycle and membership settle on them afterwards."""

STATED: Stages = (_stated,)
"""Of a record about somebody else that states consent for a node of this person."""

LISTED: Stages = (_list,)
"""Of a change of a manual segment: no visit, no activity of the person."""

OWN: Stages = (_named, _traits, _aggregates, _contact)
"""Of what the platform itself says of a person: no visit, no activity of theirs."""
