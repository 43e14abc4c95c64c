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


def _listed(event: Event) -> list[object]:
    assigned = event.properties.get(ASSIGNED)
    return list(assigned) if isinstance(assigned, list) else []
