"""May somebody come in, and as what: the checks of an entry in their order (journeys E10-E14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

from journeyfold.core.chance import draw_64
from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Instance, Passage
from journeyfold.journey.control import LIVE, OWN, Controls
from journeyfold.journey.definition import Entry
from journeyfold.journey.pending import Cause, is_meant
from journeyfold.journey.program import Program, Versions, key_path, length_us
from journeyfold.journey.turn import Turn
from journeyfold.journey.walk import Walk, passage_name, passage_of

ENTRY_BYTES = 8_192  # of the properties an instance remembers
KEY_BYTES = 200
KEYED_ACTIVE, ALONE_ACTIVE = 20, 1


HasEnded = Callable[[Turn, Program, Instance], bool]


class Entering:
    """`has_ended` says whether what ends a run was heard before its entry came (E22)."""

    def __init__(
        self, walk: Walk, versions: Versions, controls: Controls, has_ended: HasEnded
    ) -> None:
        self._walk, self._versions, self._controls = walk, versions, controls
        self._has_ended = has_ended

    def attempt(self, turn: Turn, program: Program, at: int, cause: Cause | None = None) -> None:
        """Let the person in by this entry, or say why not; the first failure is told (E10).

        `cause` is what they come in by where it is no event or move of their own.
        """
        view, entry = turn.view, program.definition.entry[at]
        if not program.holds(("entry", at, "where"), view, turn.now_us):
            return  # not what the entry is about: no refusal, or every event would be one
        why, key = self._refused(turn, program, at)
        if cause is not None and not is_meant(turn.profile, entry):
            why = why or "left"
        if why:
            self.refuse(turn, program, at, why, key)
            return
        for active in _active(turn, program, key):
            if program.definition.reentry.on_conflict == "restart":
                its_own = self._versions[active.journey, active.version]
                self._walk.end(turn, its_own, active, "restarted")
        instance = _begun(turn, program, key, cause or _cause(turn, entry))
        turn.profile.journeys = [*turn.profile.journeys, instance]
        passage = passage_of(turn.profile, program.id, key)
        passage.entries += 1
        passage.started_us = turn.now_us
        passage.is_held_out, passage.moves = instance.is_held_out, ()
        turn.note(program, "", "entered" + (" (held out)" if instance.is_held_out else ""))
        turn.emit(
            program, "journey.entered", f"{instance.id}/entered",
            instance=instance.id, key=key, is_held_out=instance.is_held_out,
        )  # fmt: skip
        if not self._has_ended(turn, program, instance):
            self._walk.enter(turn, program, instance, program.first)

    def refuse(self, turn: Turn, program: Program, at: int, why: str, key: str = "") -> None:
        turn.note(program, "", f"refused {why}")
        turn.emit(
            program, "journey.refused",
            f"refused/{program.id}/{at}/{turn.profile.person}/{turn.now_us}/{turn.offset}",
            reason=why, key=key,
        )  # fmt: skip

    def _refused(self, turn: Turn, program: Program, at: int) -> tuple[str, str]:
        """(the reason or nothing, the key)."""
        definition, reentry = program.definition, program.definition.reentry
        status = self._controls.get(program.id, LIVE).status
        if status != "live":
            return status, ""
        if turn.now_us - turn.happened_us > program.max_event_age_us:
            return "late", ""
        key = _key(turn, program, at)
        if key is None:
            return "no_key", ""
        if not program.holds(("filter",), turn.view, turn.now_us):
            return "filter", key
        passage = turn.profile.passages.get(passage_name(program.id, key), Passage())
        active = _active(turn, program, key)
        if reentry.mode == "once" and passage.entries:
            return "once", key
        if reentry.mode == "after_exit" and active and reentry.on_conflict != "restart":
            return "active", key
        since_us = passage.started_us if reentry.anchor == "start" else passage.ended_us
        if since_us and turn.now_us < since_us + length_us(reentry.min_interval):
            return "min_interval", key
        if reentry.max_entries is not None and passage.entries >= reentry.max_entries:
            return "max_entries", key
        keyed = definition.entry[at].key is not None
        most = reentry.max_active or (KEYED_ACTIVE if keyed else ALONE_ACTIVE)
        replaced = len(active) if reentry.on_conflict == "restart" else 0
        if _count_active(turn, program) - replaced >= most:
            return "max_active", key
        if active and reentry.on_conflict == "ignore":
            return "conflict", key
        return "", key


def _active(turn: Turn, program: Program, key: str) -> Sequence[Instance]:
    return [
        each
        for each in turn.profile.journeys
        if each.journey == program.id and each.key == key and not each.ended_us
    ]


def _count_active(turn: Turn, program: Program) -> int:
    """All versions count (E10)."""
    running = (each for each in turn.profile.journeys if not each.ended_us)
    return sum(each.journey == program.id for each in running)


def _key(turn: Turn, program: Program, at: int) -> str | None:
    """'' without a key expression; None when it is null or no key (E13)."""
    if program.definition.entry[at].key is None:
        return ""
    value, _ = program.ask(key_path(at), turn.view, turn.now_us)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return text if 0 < len(text.encode()) <= KEY_BYTES else None


def _cause(turn: Turn, entry: Entry) -> Cause:
    """The record's event; by a segment or a stage it is nobody's, so person and instant name it."""
    is_by_event = entry.event is not None or entry.api
    if turn.record is not None and is_by_event:
        return Cause(turn.record.event.id)
    return Cause()


def _begun(turn: Turn, program: Program, key: str, cause: Cause) -> Instance:
    event = turn.record.event if turn.record is not None else None
    entry: dict[str, Json]
    if event is not None and event.id == cause.id:
        entry, name = frozen(event), f"{event.source}/{event.id}"
    else:
        properties: dict[str, Json] = {"slot": cause.slot} if cause.slot else {}
        entry = {"id": cause.id, "name": "", "occurred": turn.now_us, "properties": properties}
        name = f"{OWN}/{cause.id}" if cause.id else f"{turn.profile.person}/{turn.now_us}"
    instance_id = blake2b(f"{program.id}|{key}|{name}".encode(), digest_size=16).hexdigest()
    return Instance(
        id=instance_id, journey=program.id, version=program.version, key=key,
        entered_us=turn.now_us, entry=entry, owner=turn.owner, until_us=turn.now_us + program.age_us,
        is_held_out=_is_held_out(program, turn.profile.person),
    )  # fmt: skip


def frozen(event: Event) -> dict[str, Json]:
    """What the instance remembers of its entry event; long properties are left out whole."""
    properties = event.properties
    size = sum(len(repr(item)) for item in properties.items())
    hops = {"hops": count} if (count := event.context.get("hops")) else {}
    return {
        "id": event.id, "name": event.name, "occurred": event.occurred_us,
        "properties": dict(properties) if size <= ENTRY_BYTES else {}, **hops,
    }  # fmt: skip


def _is_held_out(program: Program, person: str) -> bool:
    holdout = program.definition.holdout
    if holdout is None:
        return False
    return (draw_64("holdout", holdout.salt, person) * 100) >> 64 < holdout.percent
