"""One batch of the fold, from the log to the state: the order that makes it exactly once.

Read committed records, apply them inside one state transaction, append what the fold emitted to
the log, then commit the state (REL-9). A crash anywhere repeats the batch; outputs repeat with the
same ids and are dropped by the log. A record that raises is retried alone on a fresh decode and
then parked with its reason, so one poison record never blocks the rest (REL-12).
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from journeyfold.adapters.faults import point
from journeyfold.core.effect import Deliver, Effect, Emit, Say, effect_id
from journeyfold.core.errors import JourneyfoldError, StateGrew
from journeyfold.core.event import Event, Identifier, Json, Kind, Record
from journeyfold.core.ports import Clock, Entry, EventLog, StateStore, StateWriter
from journeyfold.identity.erased import AS_OF
from journeyfold.identity.resolve import Resolver
from journeyfold.project import synced
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.definitions import Build
from journeyfold.project.engine import Engine
from journeyfold.project.parking import park
from journeyfold.project.standing import Standing, standing
from journeyfold.runtime import outbox
from journeyfold.runtime.outbox import anchor_of, now_of

SYSTEM_SOURCE = "_system"
FIRED, FIRED_LATE = 500, 2_000
"""People one `timer.fired` advances: what a commit holds, and how long others wait for it. The
larger number is for a backlog, in which a commit is paid by more people.
"""


class Told(NamedTuple):
    """What a batch leaves for others to do, once it is committed."""

    delivers: Sequence[Deliver] = ()
    commands: int = 0


class FoldLoop:
    """Owns the engine and its stores; the worker decides when to call what."""

    def __init__(self, log: EventLog, state: StateStore, engine: Engine, clock: Clock) -> None:
        self._log, self._state, self._engine, self._clock = log, state, engine, clock
        with state.read() as reader:
            self.standing = engine.open(reader)
        self.parked = 0
        self.commands = 0  # batches that held one for the outbox or for a destination
        self._fired = -1  # offset of the last `timer.fired` of this process
        self._most = FIRED
        self.is_late = False  # more people were due at the last tick than one record advances
        self._staged = Told()  # of the batch that is committed beside the next one

    @property
    def engine(self) -> Engine:
        return self._engine

    def batch(self, limit: int, *, beside: bool = False) -> tuple[int, list[Deliver]]:
        """Fold up to `limit` records: (how many, what to deliver now that it is committed).

        `beside`: the commit goes on while the next batch is folded, and what it delivers comes
        from that call, or from `settle`; for those who do nothing else in between (ADR 41).
        """
        delivers = [] if beside else self.settle()
        records = self._log.read(self.standing.offset, limit)
        if not records:
            return 0, delivers + self.settle()
        try:
            delivers += self._stage(records) if beside else self._commit(records)
        except StateGrew:  # nothing was written, there is room now: repeat the batch
            self.reopen()
            return 1, delivers
        except JourneyfoldError:
            self.reopen()
            raise
        except Exception:  # noqa: BLE001 - any bug of ours is a poison record to be found (REL-12)
            delivers += self.settle()
            self.reopen()
            if self.standing.offset + 1 < records[0].offset:  # the batch before comes again first
                return 1, delivers
            delivers += self._one_by_one(records)
        return len(records), delivers

    def settle(self) -> list[Deliver]:
        """What `batch` left to be committed is; what to deliver of it."""
        told, self._staged = self._staged, Told()
        try:
            self._state.settle()
        except StateGrew:  # that batch comes again
            self.reopen()
            return []
        except JourneyfoldError:
            self.reopen()
            raise
        self.commands += told.commands
        return list(told.delivers)

    def tick(self, most: int | None = None) -> int:
        """Append a `timer.fired` when somebody's wake is due: how many people it advances.

        `most` bounds it, so that however many are due, records are folded between them; the next
        one waits until this one is folded, for it would find the same people (ADR 0022).
        """
        if self._fired > self.standing.offset:
            return 0
        most = most or self._most
        now_us = self._clock.now_us()
        stop = (now_us + 1).to_bytes(8, "big")
        with self._state.newest() as reader:
            due = [key[8:] for key, _ in islice(reader.scan("wake", b"", stop), most)]
        if due:
            self._state.warm("profile", due)
            key = f"timer/{now_us}/{self.standing.offset}"
            told: dict[str, Json] = {"until_us": now_us, "most": most}
            self._fired = self.append("timer", "timer.fired", told, now_us, key)
        self.is_late = len(due) == most
        self._most = min(2 * most, FIRED_LATE) if self.is_late else FIRED
        return len(due)

    def backfill(self, limit: int) -> Build | None:
        """A bounded piece of the first build; appends `definition.ready` when it is complete."""
        with self._state.write() as writer:
            build = self._engine.backfill(writer, limit)
        if build is not None:
            key = f"definition/{build.offset}/{build.hash}"
            told: dict[str, Json] = {"hash": build.hash, "offset": build.offset}
            self.append("definition", "definition.ready", told, self._clock.now_us(), key)
        return build

    def append(
        self, kind: Kind, name: str, properties: dict[str, Json], now_us: int, key: str
    ) -> int:
        """A record of the platform's own: its offset."""
        event = Event(
            id=effect_id(key), name=name, type="system", source=SYSTEM_SOURCE, identifiers=(),
            occurred_us=now_us, received_us=now_us, properties=properties,
            context={"auth": "system"},
        )  # fmt: skip
        (fate,) = self._log.append([Entry(event=event, kind=kind)], now_us=now_us)
        return fate.offset

    def _commit(self, records: Sequence[Record]) -> Sequence[Deliver]:
        with self._state.write() as writer:
            told = self._fold(writer, records)
        self.standing = Standing(records[-1].offset, records[-1].appended_us)
        self.commands += told.commands
        return told.delivers

    def _stage(self, records: Sequence[Record]) -> Sequence[Deliver]:
        """What the batch before delivers: its commit is awaited in here."""
        with self._state.staged() as writer:
            told = self._fold(writer, records)
        before, self._staged = self._staged, told
        self.standing = Standing(records[-1].offset, records[-1].appended_us)
        self.commands += before.commands
        return before.delivers

    def _fold(self, writer: StateWriter, records: Sequence[Record]) -> Told:
        effects = self._engine.fold(writer, records)
        point("mid_fold")
        self._log_outputs(effects)
        delivers = outbox.stage(writer, effects)
        if self._engine.forgotten:
            outbox.forget(writer, self._engine.forgotten)
        commands = outbox.apply_records(writer, records)
        synced.apply_records(writer, records)
        return Told(delivers, int(commands))

    def _one_by_one(self, records: Sequence[Record]) -> list[Deliver]:
        delivers: list[Deliver] = []
        for record in records:
            try:
                delivers += self._commit([record])
            except JourneyfoldError:
                self.reopen()
                raise
            except Exception:  # noqa: BLE001 - this is the poison record: park it, go on
                self.reopen()
                self._park(record, traceback.format_exc(limit=-6))
        return delivers

    def _park(self, record: Record, why: str) -> None:
        with self._state.write() as writer:
            park(writer, record, why)
            self._engine.skip(writer, record)
        self.standing = Standing(record.offset, record.appended_us)
        self.parked += 1

    def reopen(self) -> None:
        """Forget what a batch that failed left in memory; the last commit is what holds."""
        self._staged = Told()
        with suppress(JourneyfoldError):  # it is folded again
            self._state.settle()
        with self._state.read() as reader:
            self.standing = self._engine.open(reader)

    def _log_outputs(self, effects: Sequence[Effect]) -> None:
        entries = [output_entry(effect) for effect in effects if isinstance(effect, Emit)]
        for effect in effects:
            if isinstance(effect, Say):
                said = self._said(effect, self._engine.identifier_of(effect.person))
                entries += [said] if said is not None else []
        if entries:
            self._log.append(entries, now_us=self._clock.now_us())

    def entries_of(self, says: Sequence[Say]) -> list[Entry]:
        """The records of events that the platform itself states about people, as they are now;
        somebody who is gone is not named. For any thread.
        """
        if not says:
            return []
        with self._state.read() as reader:
            rules, who_is = self._engine.compiled.project.identity, self._engine.identifier_of
            known = Resolver(rules, self._engine.node_key, reader)
            as_of = {AS_OF: standing(reader).offset}
            whose = [who_is(now_of(reader, say.person), known) for say in says]
        return [
            self._said(say, who, as_of) or output_of_nobody(say)
            for say, who in zip(says, whose, strict=True)
        ]

    def _said(
        self, say: Say, who: Identifier | None, known: Mapping[str, Json] = MappingProxyType({})
    ) -> Entry | None:
        """None where the person is not there any more. `known`: how much of the log was folded
        when it was said; whoever was erased since does not come back by it.
        """
        if who is None:
            return None
        event = Event(
            id=say.key, name=say.name, type=say.type, source=OWN_SOURCE, identifiers=(who,),
            occurred_us=say.at_us, received_us=say.at_us, properties=say.properties,
            traits=say.traits, context={"auth": "system", **known},
        )  # fmt: skip
        return Entry(event=event, kind="event", nodes=(self._engine.node_of(who),))


_IMPERSONAL = frozenset({
    "message", "journey", "version", "instance", "step", "channel", "destination", "template",
    "gate", "attempt", "latency_us", "round",
})  # fmt: skip


def output_of_nobody(say: Say) -> Entry:
    """A result that never had a person; or without one who is gone, and without what it said of
    them (journeys E72).
    """
    said = say.properties.items()
    properties = {name: each for name, each in said if not say.person or name in _IMPERSONAL}
    event = Event(
        id=say.key, name=say.name, type="output", source=OWN_SOURCE, identifiers=(),
        occurred_us=say.at_us, received_us=say.at_us, properties=properties,
        context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="output")


def output_entry(emit: Emit) -> Entry:
    """The record of a fact the fold found, indexed under its person's anchor node, if any."""
    event = Event(
        id=effect_id(emit.key), name=emit.name, type="output", source=OWN_SOURCE, identifiers=(),
        occurred_us=emit.at_us, received_us=emit.at_us,
        properties={**emit.properties, "person": emit.person}, context={"auth": "system"},
    )  # fmt: skip
    nodes = (anchor_of(emit.person),) if emit.person else ()
    return Entry(event=event, kind="output", nodes=nodes)
