"""The usual record, folded as one function: what `Step.fold` does, without the steps that rest.

Most records state no consent, bring no traits and change no list. For those the stages of `FOLD` are
gone through here in their order: what is short is written out, and a stage that cannot concern the
record is not called. `Step` is what it must agree with, effect for effect and byte for byte (a
property test).
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.core.effect import Effect
from journeyfold.core.event import Event, Record, is_bot
from journeyfold.core.profile import Profile, Session
from journeyfold.privacy.consent import fold_basis, states_consent
from journeyfold.profile.aggregates import Aggregation
from journeyfold.profile.contact import KIND_OF_EVENT, fold_contact
from journeyfold.profile.session import SESSION_GAP_US, fold_session
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.segment.manual import SOURCE, changes_list


def is_usual(event: Event) -> bool:
    return not (
        event.traits
        or "unset" in event.context
        or event.source == OWN_SOURCE
        or states_consent(event)
        or (event.source == SOURCE and changes_list(event))
    )


def fold_usual(
    record: Record,
    profile: Profile,
    owner: bytes,
    compiled: Compiled,
    collecting: Sequence[Aggregation],
) -> list[Effect]:
    """Time first, then the record's facts, then who is in what because of them."""
    event, now_us = record.event, record.appended_us
    name, at_us = event.name, event.occurred_us
    effects: list[Effect] = []
    if 0 < profile.wake_us < now_us:
        effects = compiled.advance(profile, now_us)
    is_new = profile.seen < 0 and not profile.clock_us and not profile.aggregates

    profile.seen = record.offset
    profile.events += 1
    if at_us > profile.last_us:  # noqa: PLR1730 - a call costs more than the rest of the line
        profile.last_us = at_us
    if not profile.first_us or at_us < profile.first_us:
        profile.first_us = at_us
    segmentation = compiled.segmentation
    mask = segmentation.event_masks.get(name, 0)
    grants = compiled.grants.get(event.source)
    has_new_basis = grants is not None and fold_basis(profile, owner, grants)
    if grants and has_new_basis:
        mask |= segmentation.reached([f"consent:{purpose}" for purpose in grants])
    if not is_bot(event):
        for aggregation in collecting:
            aggregation.fold(profile, event)
    sessions = profile.sessions
    if sessions and (last := sessions[-1]).last_us <= at_us <= last.last_us + SESSION_GAP_US:
        sessions[-1] = Session(last.first_us, at_us, last.events + 1)
    else:
        fold_session(profile, event)
    if name in KIND_OF_EVENT:
        fold_contact(profile, event, compiled.policies.keep_contacts_us)

    view = compiled.view(profile)
    emits = segmentation.evaluate_reached(profile, view, now_us, mask, is_new=is_new)
    if emits:
        effects = effects + compiled.with_pushes(emits)
    if compiled.travel is not None:
        effects = effects + compiled.travel.record(
            profile, record, owner, emits, is_plain=not has_new_basis
        )
    if compiled.forwarding is not None:
        effects = effects + compiled.forwarding.record(profile, record, compiled.view)
    return effects
