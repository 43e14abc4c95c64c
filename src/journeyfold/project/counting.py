"""What the reports of journeys and messages count, kept by the fold in the state's own transaction.

A row of the space `count` is one whole number: `run/` and, between zero bytes, the journey, the
version, what is counted and of what. Whole numbers add up to the same whatever the batches were,
so a rebuild gives the same bytes. `project/figures.py` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from journeyfold.core.effect import Effect, Emit, Moved
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import StateWriter
from journeyfold.core.profile import Passage

PREFIX = b"run/"
WIDTH = 16  # bytes of a number: a sum of squared micro-units outgrows 64 bits
NEXT_STAGE_DAYS = (7, 30)  # after an entry, within which a move of stage is told (journeys S4)
_NEXT_STAGE_MAX_US = max(NEXT_STAGE_DAYS) * DAY_US
TREATED, HELD_OUT = "treated", "held_out"
MIGRATED = "migrated"  # the reason for which a run leaves a version without ending


class MessageLine(NamedTuple):
    """What messages are counted by. `arm` is the arm of every split so far: `STEP=ARM`."""

    journey: str
    version: str
    step: str
    channel: str
    template: str
    arm: str


_NOT_GONE = frozenset({"message.held", "message.skipped", "message.failed"})
SentOf = Callable[[str], MessageLine | None]
"""The line of a message by the id of its effect, if it was sent."""


def nobody_was_sent(_message: str) -> MessageLine | None:
    return None


class Counting:
    """Gathers between flushes; `flush` adds to the rows, `forget` drops what was gathered."""

    def __init__(self) -> None:
        self._gathered: dict[tuple[str, ...], int] = {}
        self.sent_of: SentOf = nobody_was_sent
        self._of_emit: dict[str, Callable[[Emit], None]] = {
            "journey.entered": self._entered, "journey.exited": self._exited,
            "journey.refused": self._refused, "journey.assigned": self._assigned,
            "journey.crossed": self._crossed, "journey.goal": self._goal, "journey.moved": self._migrated,
            "message.held": self._stopped, "message.skipped": self._stopped,
        }  # fmt: skip

    def note(self, effect: Effect) -> None:
        """Count what the fold found, if it is about a journey."""
        if isinstance(effect, Moved):
            self._moved(effect)
        elif isinstance(effect, Emit):
            count = self._of_emit.get(effect.name)
            if count is not None:
                count(effect)

    def message(self, line: MessageLine, what: str, by: int = 1) -> None:
        """`what` is sent, delivered, opened, clicked, …; whether it is the first is the caller's
        to know.
        """
        journey, version, *of = line
        self._add(by, journey, version, "message", *of, what)

    def told(self, event: Event) -> None:
        """Count what the dispatcher says of a message that did not go: its last look, its end."""
        what, said = event.name.partition(".")[2], event.properties
        if event.name in _NOT_GONE and said.get("journey"):
            why = str(said.get("gate") or what)
            what = "held" if what == "held" else "skipped"
            self._add(1, str(said["journey"]), str(said["version"]), what, str(said["step"]), why)

    def stage_moved(self, emit: Emit, passages: dict[str, Passage]) -> None:
        """A person moved to another stage: which journeys did they enter not long before?

        Their last run counts each move once, so the moves of a side are of its runs.
        """
        told = emit.properties
        way = str(told["lifecycle"]), str(told["from"]), str(told["to"])
        for name, passage in passages.items():
            age_us = emit.at_us - passage.started_us
            if not 0 < age_us <= _NEXT_STAGE_MAX_US or "/".join(way) in passage.moves:
                continue  # at 0 the move itself let them in
            passage.moves = (*passage.moves, "/".join(way))
            side = _side(is_held_out=passage.is_held_out)
            for days in NEXT_STAGE_DAYS:
                if age_us <= days * DAY_US:
                    self._add(1, name.partition("/")[0], "", "stage", str(days), *way, side)

    def flush(self, writer: StateWriter) -> None:
        for parts, by in self._gathered.items():
            key = row_key(*parts)
            held = int.from_bytes(writer.get("count", key) or b"", "big", signed=True)
            writer.put("count", key, (held + by).to_bytes(WIDTH, "big", signed=True))
        self._gathered.clear()

    def forget(self) -> None:
        self._gathered.clear()

    # -- what is counted of what ----------------------------------------------------------------

    def _add(self, by: int, *parts: str) -> None:
        self._gathered[parts] = self._gathered.get(parts, 0) + by

    def _moved(self, moved: Moved) -> None:
        run = moved.journey, moved.version
        self._add(1, *run, "flow", moved.came_from, moved.to)
        if moved.is_first:
            self._add(1, *run, "reached", moved.to, _side(is_held_out=moved.is_held_out))
        if moved.line is not None:
            side = _side(is_held_out=moved.is_held_out)
            self._add(1, *run, "line", moved.to, *moved.line, side)

    def _entered(self, emit: Emit) -> None:
        self._add(1, *_run(emit), "entered", _side_of(emit))

    def _exited(self, emit: Emit) -> None:
        told = emit.properties
        self._add(1, *_run(emit), "left", str(told["step"]), str(told["reason"]))

    def _migrated(self, emit: Emit) -> None:
        """It leaves the one version where it stood and joins the other at the step it goes to."""
        told = emit.properties
        journey, version = _run(emit)
        self._add(1, journey, str(told["came_from"]), "left", str(told["step"]), MIGRATED)
        self._add(1, journey, version, "joined")
        self._add(1, journey, version, "flow", "", str(told["to"]))

    def _refused(self, emit: Emit) -> None:
        self._add(1, *_run(emit), "refused", str(emit.properties["reason"]))

    def _assigned(self, emit: Emit) -> None:
        told = emit.properties
        self._add(1, *_run(emit), "arm", str(told["step"]), str(told["arm"]), _side_of(emit))

    def _crossed(self, emit: Emit) -> None:
        """Was counted for an arm, and is of no arm any more; its goal with it (journeys E70)."""
        told, side = emit.properties, _side_of(emit)
        step, arm, value = str(told["step"]), str(told["arm"]), told["value_micros"]
        assert isinstance(value, int), "a goal is worth whole micro-units, if only none"
        self._add(-1, *_run(emit), "arm", step, arm, side)
        if told["has_goal"] is True:
            self._reached(value, *_run(emit), "arm_goal", step, arm, side, by=-1)
        for line in _lines(told["lines"]):
            self._add(-1, *_run(emit), "line", *line, side)
            if told["has_goal"] is True:
                self._reached(value, *_run(emit), "line_goal", *line, side, by=-1)

    def _stopped(self, emit: Emit) -> None:
        """Held or skipped by a gate of the fold."""
        told, what = emit.properties, emit.name.partition(".")[2]
        self._add(1, *_run(emit), what, str(told["step"]), str(told["gate"]))

    def _goal(self, emit: Emit) -> None:
        told, side = emit.properties, _side_of(emit)
        value = told["value_micros"]
        assert isinstance(value, int), "a goal is worth whole micro-units, if only none"
        self._reached(value, *_run(emit), "goal", side)
        for step, arm in _map(told["arms"]):
            self._reached(value, *_run(emit), "arm_goal", step, str(arm), side)
        for line in _lines(told["lines"]):
            self._reached(value, *_run(emit), "line_goal", *line, side)
        for _, messages in _map(told["sends"]):
            for message in self._sent(messages):
                self.message(message, "goals")
                self.message(message, "value", value)

    def _sent(self, messages: Json) -> set[MessageLine]:
        """Two of one kind to one run count its goal once."""
        assert isinstance(messages, list), "ids of a step's messages"
        found = (self.sent_of(str(message)) for message in messages)
        return {line for line in found if line is not None}

    def _reached(self, value: int, *parts: str, by: int = 1) -> None:
        for what, much in (("n", 1), ("sum", value), ("squares", value * value)):
            self._add(by * much, *parts, what)


def row_key(*parts: str) -> bytes:
    return PREFIX + b"\0".join(part.encode() for part in parts)


def _run(emit: Emit) -> tuple[str, str]:
    return str(emit.properties["journey"]), str(emit.properties["version"])


def _side(*, is_held_out: bool) -> str:
    return HELD_OUT if is_held_out else TREATED


def _side_of(emit: Emit) -> str:
    return _side(is_held_out=emit.properties["is_held_out"] is True)


def _lines(value: Json) -> Iterator[tuple[str, ...]]:
    """(step, channel, template, arms) of what the run came to."""
    for step, line in _map(value):
        yield step, *map(str, line if isinstance(line, list | tuple) else ())


def _map(value: Json) -> list[tuple[str, Json]]:
    assert isinstance(value, dict), "the goal says its arms and its sends"
    return list(value.items())
