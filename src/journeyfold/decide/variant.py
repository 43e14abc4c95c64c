"""Which wording: the variant a person has been given before, else the keyed hash of who they are.

The draw needs no memory to be stable; the stored assignment keeps it when weights change and
when two people become one (decisions E2, E3).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from journeyfold.core.decision import Assigned
from journeyfold.core.profile import Assignment
from journeyfold.decide.catalogue import Candidate, pick


class Chosen(msgspec.Struct, frozen=True):
    """`assigned` is there when the choice is new and should be remembered."""

    index: int
    id: str
    assigned: Assigned | None = None


def assignment_key(offer: str) -> str:
    """Where the profile keeps the sticky variant of an offer."""
    return f"variant/{offer}"


def chosen_variant(
    candidate: Candidate,
    assignments: Mapping[str, Assignment],
    unit: str,
    version: str,
    *,
    is_sticky: bool,
) -> Chosen:
    """A stored variant that no longer exists is drawn anew."""
    variants = candidate.offer.variants
    if is_sticky:
        stored = assignments.get(assignment_key(candidate.id))
        for index, variant in enumerate(variants):
            if stored is not None and variant.id == stored.arm:
                return Chosen(index, variant.id)
    index, at = pick(candidate, unit)
    variant = variants[index]
    if not is_sticky or len(variants) == 1:
        return Chosen(index, variant.id)
    return Chosen(index, variant.id, Assigned(candidate.id, variant.id, at, version))
