"""Which traits a changed project would have made of recorded history: by its cleaning, say (Q18)."""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.profile import Profile
from journeyfold.project.compile import Compiled
from journeyfold.project.plan_report import TraitChange

EXAMPLES = 3


def trait_changes(
    old: Compiled, new: Compiled, before: Mapping[str, Profile], after: Mapping[str, Profile]
) -> list[TraitChange]:
    """Of people who are there both before and after; most people first."""
    if old.cleaning.digest == new.cleaning.digest and old.project.traits == new.project.traits:
        return []
    changed: dict[str, list[str]] = {}
    lost: dict[str, int] = {}
    for person in sorted(before.keys() & after.keys()):
        had, has = old.traits(before[person]), new.traits(after[person])
        for name in {*had, *has}:
            if had.get(name) != has.get(name):
                changed.setdefault(name, []).append(person)
                lost[name] = lost.get(name, 0) + (name not in has)
    rows = (
        TraitChange(name, len(people), lost[name], tuple(people[:EXAMPLES]))
        for name, people in changed.items()
    )
    return sorted(rows, key=lambda row: (-row.people, row.trait))
