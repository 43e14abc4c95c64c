"""A mark beside the log: may rows be on their way that must not go twice? (journeys A2)

Leases stand in the state, and a state can be lost: damaged and set aside, say. What it would have
said of at-most-once rows nobody knows then, so none of those that wait is sent by itself. A clean
stop takes the mark away.
"""

from __future__ import annotations

from journeyfold.core.ports import StateReader
from journeyfold.log.store import Marks
from journeyfold.project.standing import standing

_NAME = "outbox_leases"
_NONE, _LEASED, _LOST = 0, 1, 2


class LeaseMark:
    """Of one process; the number outlives it."""

    def __init__(self, marks: Marks, reader: StateReader, head: int) -> None:
        """`reader` is of the state as it was found, `head` the log's last offset."""
        self._marks = marks
        self._held = marks.number(_NAME) or _NONE
        if self._held == _LEASED and standing(reader).offset < 0 <= head:
            self._set(_LOST)

    @property
    def are_lost(self) -> bool:
        """Leases were in a state that is gone."""
        return self._held == _LOST

    def begin(self) -> None:
        """Before the first such lease is committed."""
        if self._held == _NONE:
            self._set(_LEASED)

    def end(self) -> None:
        """There is none any more, or what was lost has been answered for."""
        if self._held != _NONE:
            self._set(_NONE)

    def _set(self, held: int) -> None:
        self._marks.set_number(_NAME, held)
        self._held = held


def lose_leases(marks: Marks) -> None:
    """The state is replaced: what it leased and did not settle is not known to the next one."""
    if marks.number(_NAME) == _LEASED:
        marks.set_number(_NAME, _LOST)
