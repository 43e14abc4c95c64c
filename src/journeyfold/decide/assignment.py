"""What the fold keeps of a decision: its sticky variants.

The first assignment stands (decisions E2): a decision that was computed at the same moment in
another process drew the same variant by the same hash, and a later one changes nothing.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.decision import Assigned
from journeyfold.core.event import Event
from journeyfold.core.profile import Assignment, Profile
from journeyfold.decide.variant import assignment_key

ASSIGNED = "assigned"
"""The property of a decision record that lists its new assignments."""


def fold_decision(profile: Profile, event: Event) -> None:
    """Changes the profile in place; a decision without new assignments changes nothing."""
    for raw in _listed(event):
        assigned = msgspec.convert(raw, Assigned)
        profile.assignments.setdefault(
            assignment_key(assigned.offer),
            Assignment(
                arm=assigned.variant,
                bucket=assigned.bucket,
                version=assigned.version,
                assigned_us=event.occurred_us,
            ),
        )


def merge_assignments(
    kept: dict[str, Assignment], other: dict[str, Assignment]
) -> dict[str, Assignment]:
    """Of two people who became one: the earlier assignment, then the smaller arm (E3)."""
    merged = dict(kept)
    for key, theirs in other.items():
        ours = merged.get(key)
        if ours is None or (theirs.assigned_us, theirs.arm) < (ours.assigned_us, ours.arm):
            merged[key] = theirs
    return merged


def _listed(event: Event) -> list[object]:
    assigned = event.properties.get(ASSIGNED)
    return list(assigned) if isinstance(assigned, list) else []
