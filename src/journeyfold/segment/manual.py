"""Members by hand: inputs that put a person on the list of a segment and take them off (S5).

An identifier nobody has seen makes its person, so a member waits there for the first visit.
"""

from __future__ import annotations

from journeyfold.core.event import Event
from journeyfold.core.profile import Profile

SOURCE = "_api"
ADDED, REMOVED = "segment.member_added", "segment.member_removed"


def changes_list(event: Event) -> bool:
    """Names of sources that begin with `_` are ours, so no sender can claim this."""
    return event.source == SOURCE and event.name in _NAMES


def fold_list(profile: Profile, event: Event) -> bool:
    """In the order of the log the last word stands; True when the list changed."""
    segment, listed = str(event.properties["segment"]), set(profile.manual)
    if event.name == ADDED:
        listed.add(segment)
    else:
        listed.discard(segment)
    if len(listed) == len(profile.manual):
        return False
    profile.manual = sorted(listed)
    return True


_NAMES = frozenset({ADDED, REMOVED})
