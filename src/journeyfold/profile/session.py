"""Visits: runs of a person's events without 30 quiet minutes in between.

An event is a point, a session the interval that near points make; joining two people's sessions is
the union of their intervals. So order of delivery does not matter as long as the sessions kept
reach back far enough: a person's latest 1,000.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from journeyfold.core.event import Event
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.profile import Profile, Session

SESSION_GAP_US = 30 * MINUTE_US
SESSIONS_MAX = 1_000


def fold_session(profile: Profile, event: Event) -> None:
    """Put the event's instant into the sessions, which are sorted and at least a gap apart."""
    sessions, at_us = profile.sessions, event.occurred_us
    last = sessions[-1] if sessions else None
    if last is not None and last.first_us <= at_us <= last.last_us + SESSION_GAP_US:
        sessions[-1] = Session(last.first_us, max(last.last_us, at_us), last.events + 1)
        return
    if last is None or at_us > last.last_us:
        sessions.append(Session(at_us, at_us))
    else:
        _insert(sessions, Session(at_us, at_us))
    if len(sessions) > SESSIONS_MAX:
        del sessions[: len(sessions) - SESSIONS_MAX]


def merge_sessions(a: Iterable[Session], b: Iterable[Session]) -> list[Session]:
    """The union of two people's intervals, near ones joined."""
    merged: list[Session] = []
    for session in sorted((*a, *b), key=lambda one: (one.first_us, one.last_us)):
        if merged and session.first_us <= merged[-1].last_us + SESSION_GAP_US:
            merged[-1] = _joined(merged[-1], session)
        else:
            merged.append(session)
    return merged[-SESSIONS_MAX:]


def _insert(sessions: list[Session], session: Session) -> None:
    """Where a late event belongs; it may join the sessions at both sides of it."""
    position = bisect_left(sessions, session.first_us, key=lambda one: one.first_us)
    start, stop = position, position
    if start and session.first_us <= sessions[start - 1].last_us + SESSION_GAP_US:
        start -= 1
        session = _joined(sessions[start], session)
    if stop < len(sessions) and sessions[stop].first_us <= session.last_us + SESSION_GAP_US:
        session = _joined(session, sessions[stop])
        stop += 1
    sessions[start:stop] = [session]


def _joined(one: Session, other: Session) -> Session:
    return Session(
        min(one.first_us, other.first_us),
        max(one.last_us, other.last_us),
        one.events + other.events,
    )
