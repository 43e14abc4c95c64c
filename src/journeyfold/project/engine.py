"""Resolve, then fold: what a batch of records does to the state, over any store.

The engine is the one place where identity and the fold meet. It holds decoded profiles between
batches and writes through the transaction it is given, so a crash repeats a whole batch or none
of it (REL-8). The worker runs it on LMDB; `test`, `plan` and `replay --verify` run the same code
on other stores. It takes no clock: log time is the record's `appended_us` (segments C12).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import assert_never

from journeyfold.core.effect import Effect
from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.event import Identifier, Record
from journeyfold.core.ports import EventLog, StateReader, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.decide.assignment import fold_decision
from journeyfold.identity import decisions
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Change, Resolution, Resolver
from journeyfold.privacy.consent import states_consent
from journeyfold.project.cleaned import CleanedCounts
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.project.converting import conversions
from journeyfold.project.definitions import Build, Compile, Definitions
from journeyfold.project.erasing import come_back, forget
from journeyfold.project.filling import add_old
from journeyfold.project.joins import apply_changes
from journeyfold.project.parking import park
from journeyfold.project.people import People
from journeyfold.project.refold import Refolding
from journeyfold.project.reviewing import weigh
from journeyfold.project.sent import fold_sent, line_of
from journeyfold.project.standing import Standing, come_to, standing
from journeyfold.project.steering import settle_overdue, steer
from journeyfold.project.step import STATED, Step
from journeyfold.project.usual import fold_usual, is_usual
from journeyfold.quality.steps import Note, unnoted

_FILL = 2_000  # records a transaction of a synchronous back-fill reads at a time


class Engine:
    """`fold` a batch inside a write transaction; `forget` after a rollback.

    `complete_builds` fills new features at once instead of leaving it to `backfill`: what a
    rebuild does, with the same result.
    """

    def __init__(
        self,
        log: EventLog,
        node_key: bytes,
        compile_files: Compile,
        *,
        complete_builds: bool = False,
    ) -> None:
        self._log, self.node_key = log, node_key
        self._complete_builds = complete_builds
        self.definitions = Definitions(compile_files, log)
        self.people = People()
        self._cleaned = CleanedCounts()
        self._resolver: Resolver | None = None
        self._writer: StateWriter | None = None
        self.forgotten: frozenset[str] = frozenset()  # people the last `fold` erased

    @property
    def _identity(self) -> Resolver:
        assert self._resolver is not None, "a project is activated before any event"
        return self._resolver

    @property
    def compiled(self) -> Compiled:
        assert self.definitions.in_force is not None, "a project is activated before any event"
        return self.definitions.in_force

    def open(self, reader: StateReader) -> Standing:
        """Take up the definitions the state was left with."""
        self.forget()
        self.definitions.open(reader)
        return standing(reader)

    def forget(self) -> None:
        """After a rollback nothing held in memory is true any more."""
        self.people.forget()
        self._cleaned.forget()
        self._resolver = None

    def fold(self, writer: StateWriter, records: Sequence[Record]) -> list[Effect]:
        """Apply records in order and stage everything for the writer's commit."""
        self.begin(writer)
        self.forgotten = frozenset()
        effects: list[Effect] = []
        for record in records:
            is_event = record.kind == "event"  # nearly all are
            effects += self._event(record) if is_event else self.apply(record, writer)
        effects += list(conversions(writer, effects))
        if records:
            come_to(writer, records[-1], len(records))
        self.flush(writer)
        return effects

    def backfill(self, writer: StateWriter, limit: int) -> Build | None:
        """Add up to `limit` old records to the first build's features; the Build once complete."""
        if not self.definitions.standing.builds:
            return None
        build = self.definitions.standing.builds[0]
        self.begin(writer)
        records = self._log.read(build.progress, limit)
        self._add_old(build, records, writer)
        build.progress = max(build.progress, records[-1].offset if records else build.offset)
        self.definitions.save(writer)
        self.flush(writer)
        return build if build.progress >= build.offset - 1 else None

    def begin(self, writer: StateWriter) -> None:
        self._writer = writer
        self.people.begin(writer)
        self.people.counting.sent_of = partial(line_of, writer)
        if self._resolver is None and self.definitions.in_force is not None:
            self._resolver = self._resolver_of(writer)
        elif self._resolver is not None:
            self._resolver.begin(writer)

    def flush(self, writer: StateWriter) -> None:
        if self._resolver is not None:
            self._resolver.flush(writer)
        self.people.flush(writer)
        self._cleaned.flush(writer)

    def apply(self, record: Record, writer: StateWriter) -> list[Effect]:
        decisions.stage_context(writer, record)
        match record.kind:
            case "event" | "consent":
                return self._event(record)
            case "decision":
                return self._decision(record)
            case "timer":
                return self._time(record, writer)
            case "project":
                return self._overdue(record, writer) + self._project(record, writer)
            case "definition":
                effects = self._overdue(record, writer)
                return effects + self._ready(record, writer)
            case "cutpoints":
                effects = self._overdue(record, writer)  # under the borders of until now (E1)
                self.definitions.cut(record)
                self.definitions.save(writer)
                return effects + self._everyone(record, writer, "time")
            case "journey":
                each = partial(self._each, record=record, writer=writer)
                return steer(record, writer, self.people, self.definitions, each)
            case "evidence":
                return self._changes(weigh(record, self._identity, writer, self.compiled), record)
            case "erasure":
                return self._erasure(record, writer)
            case "output" | "erased":
                return []
            case _:
                assert_never(record.kind)

    # -- one person's record --------------------------------------------------------------------

    def _event(self, record: Record) -> list[Effect]:
        found = self._identity.resolve(record)
        effects = self._changes(found.changes, record) if found.changes else []
        if self._identity.returned:
            come_back(self.people, self._identity, self.compiled)
        if not found.person:
            return effects
        compiled = self.compiled
        if compiled.cleaning.of:
            record = compiled.cleaning.cleaned(record, self._cleaned.note)
        if is_usual(record.event):
            profile, collecting = self.people.open(found.person), self.definitions.collecting
            folded = fold_usual(record, profile, found.owner, compiled, collecting)
        elif states_consent(record.event):
            return effects + self._statement(record, found)
        else:
            profile = self.people.open(found.person)
            folded = self._stepped(record, profile, found.owner).fold()
            if record.event.source == OWN_SOURCE and self._writer is not None:
                fold_sent(self._writer, record, profile, self.people.counting)
                self.people.counting.told(record.event)
        if folded:
            self.people.count(folded)
        return effects + folded if effects else folded

    def _stepped(
        self, record: Record, profile: Profile, owner: bytes, binds: Iterable[bytes] = ()
    ) -> Step:
        collecting = self.definitions.collecting
        return Step(record, profile, owner, binds, self.compiled, collecting)

    def _statement(self, record: Record, found: Resolution) -> list[Effect]:
        """A record that states consent: each node it binds is written at its own person (M5)."""
        effects: list[Effect] = []
        bound = self._bound(record)
        for person in dict.fromkeys([found.person, *sorted(bound)]):
            step = self._stepped(
                record, self.people.open(person), found.owner, bound.get(person, ())
            )
            stages = None if person == found.person else STATED
            effects += self.people.count(step.fold(stages))
            for node in step.consented:
                first = self._identity.first_of(bytes.fromhex(node))
                self.people.note_consents({first: step.profile.consents[node]})
        return effects

    def _bound(self, record: Record) -> dict[str, list[bytes]]:
        """The nodes a statement binds, by person: links between them may be suppressed."""
        bound: dict[str, list[bytes]] = {}
        for node in self._identity.bound_by(record.event):
            person = self._identity.person_of(node)
            assert person is not None, "a resolved record's nodes have been named"
            bound.setdefault(person, []).append(node)
        return bound

    def _decision(self, record: Record) -> list[Effect]:
        """A decision never makes a person or a link; it is remembered where there is one."""
        person = self._known(record)
        if person:
            profile = self.people.open(person)
            fold_decision(profile, record.event)
            profile.seen = record.offset
        return []

    def _changes(self, changes: Sequence[Change], record: Record) -> list[Effect]:
        if self._writer is not None:
            version = self.compiled.project.hash[:12]
            found = decisions.Situation(record, self._identity.taken, version)
            decisions.stage(self._writer, record.offset, decisions.decisions(found, changes))
        return apply_changes(changes, record, self.people, self.compiled, self._refolder(record))

    def _refolder(self, record: Record, note: Note = unnoted) -> Refolding:
        """From history up to but not with this record (M4)."""
        collecting, upto = self.definitions.collecting, record.offset - 1
        return Refolding(self._log, self._identity, self.compiled, collecting, upto, note)

    def skip(self, writer: StateWriter, record: Record) -> None:
        """Go past a record that was parked."""
        come_to(writer, record, 0)

    def _erasure(self, record: Record, writer: StateWriter) -> list[Effect]:
        done = forget(record, self.people, self._identity, self.compiled, writer, self._log)
        self.forgotten |= done.people
        self._cleaned.forget_misses(writer)
        decisions.forget(writer, done.people, record)
        return done.effects + self._changes(done.changes, record)

    # -- everybody ------------------------------------------------------------------------------

    def _time(self, record: Record, writer: StateWriter) -> list[Effect]:
        """The record says whom: those due by then, or the first `most` of them (ADR 0022)."""
        until_us, most = record.event.properties["until_us"], record.event.properties.get("most")
        assert isinstance(until_us, int), "timer.fired says until when"
        assert most is None or isinstance(most, int), "and how many at most"
        advance = self.compiled.advance
        people = map(self.people.open, self.people.due(writer, until_us, most))
        return self._each(people, lambda one: advance(one, until_us + 1), record, writer)

    def _everyone(self, record: Record, writer: StateWriter, cause: str) -> list[Effect]:
        settle, now_us = self.compiled.settle, record.appended_us
        people = self.people.everyone(writer)
        return self._each(people, lambda one: settle(one, now_us, cause), record, writer)

    def _switched(
        self, before: Compiled | None, record: Record, writer: StateWriter, cause: str
    ) -> list[Effect]:
        """New definitions hold: everybody is settled, on facts that new steps have cleaned again."""
        self._rebind(writer)
        rules = before.project.identity if before is not None else None
        moved = self._changes(
            self._identity.resettle(record, rules, writer, self._log.read), record
        )
        if before is None or before.cleaning.digest == self.compiled.cleaning.digest:
            return moved + self._everyone(record, writer, cause)
        self._cleaned.start_again(writer)
        self.definitions.complete_builds()  # their features are made from all of history, too
        self.definitions.save(writer)
        refolding = self._refolder(record, self._cleaned.note)
        mended = partial(refolding.mended, now_us=record.appended_us, cause=cause)
        return moved + self._each(self.people.everyone(writer), mended, record, writer)

    def _each(
        self,
        people: Iterable[Profile],
        evaluate: Callable[[Profile], list[Effect]],
        record: Record,
        writer: StateWriter,
    ) -> list[Effect]:
        """One person who cannot be evaluated keeps nobody else from it (REL-12).

        People come as the transaction holds them, so setting one aside undoes this record only.
        """
        effects: list[Effect] = []
        for profile in people:
            try:
                effects += self.people.count(evaluate(profile))
            except JourneyfoldError:  # a store that failed, not the person
                raise
            except Exception:  # noqa: BLE001 - a bug of ours that this person meets: park it, go on
                self.people.set_aside(profile.person)
                park(writer, record, traceback.format_exc(limit=-6), profile.person)
        return effects

    def _overdue(self, record: Record, writer: StateWriter) -> list[Effect]:
        """What was due before new definitions was due under the old ones (journeys E1)."""
        if self.definitions.in_force is None:
            return []
        each = partial(self._each, record=record, writer=writer)
        return settle_overdue(record.appended_us, writer, self.people, self.compiled, each)

    def _project(self, record: Record, writer: StateWriter) -> list[Effect]:
        before = self.definitions.in_force
        build = self.definitions.activate(record)
        if build is not None and self._complete_builds:
            self._fill(build, writer)
        self.definitions.save(writer)
        return [] if build is not None else self._switched(before, record, writer, "definition")

    def _ready(self, record: Record, writer: StateWriter) -> list[Effect]:
        before = self.definitions.in_force
        is_switched = self.definitions.ready(record)
        self.definitions.save(writer)
        return self._switched(before, record, writer, "backfill") if is_switched else []

    def _rebind(self, writer: StateWriter) -> None:
        """New identity rules hold from here on: the resolver starts again over the same store."""
        if self._resolver is not None:
            self._resolver.flush(writer)
        self._resolver = self._resolver_of(writer)

    def _resolver_of(self, writer: StateWriter) -> Resolver:
        def history(nodes: Sequence[bytes], upto: int) -> list[Record]:
            return self._log.history(nodes, upto=upto)

        return Resolver(self.compiled.project.identity, self.node_key, writer, history)

    # -- back-fill ------------------------------------------------------------------------------

    def _fill(self, build: Build, writer: StateWriter) -> None:
        while build.progress < build.offset - 1:
            records = self._log.read(build.progress, _FILL)
            self._add_old(build, records, writer)
            build.progress = records[-1].offset if records else build.offset
            self.people.flush(writer)

    def _add_old(self, build: Build, records: Sequence[Record], writer: StateWriter) -> None:
        add = self.definitions.filler(build)
        cleaned = [self.compiled.cleaning.cleaned(record) for record in records]
        add_old(add, build, cleaned, writer, self.people, self._known)

    def identifier_of(
        self, person: str, known: StateReader | Resolver | None = None
    ) -> Identifier | None:
        """The person's strongest identifier, in a transaction of the fold or as it is `known`."""
        rules, known = self.compiled.project.identity, known or self._resolver
        assert known is not None, "a project is activated before any event"
        resolver = known if isinstance(known, Resolver) else Resolver(rules, self.node_key, known)
        strength = {kind.name: at for at, kind in enumerate(rules.kinds)}
        nodes = resolver.explain(person).nodes
        if not nodes:
            return None
        best = min(nodes, key=lambda one: (strength.get(one.kind, len(strength)), one.value))
        return Identifier(best.kind, best.value)

    def node_of(self, identifier: Identifier) -> bytes:
        return node_of(identifier, self.node_key)

    def known(self, record: Record) -> Profile | None:
        """The profile a record would meet if it were folded next; valid inside a transaction."""
        person = self._known(record)
        return self.people.get(person) if person else None

    def _known(self, record: Record) -> str | None:
        owner = self._identity.owner_of(record.event, record.offset)
        return self._identity.person_of(owner) if owner else None
