"""Who is who, from the command line: read from the state, changed by records.

It works beside a running platform and without one: then the command folds what it has appended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from journeyfold.core.errors import Busy, UsageError
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry
from journeyfold.identity import review
from journeyfold.identity.evidence import Verdict
from journeyfold.identity.explain import Identity
from journeyfold.identity.review import Answer, Ran, Review
from journeyfold.project.standing import standing
from journeyfold.runtime import evidence_desk
from journeyfold.runtime.evidence_desk import EvidenceDone
from journeyfold.runtime.explaining import Look, look_at
from journeyfold.runtime.folding import fold_to_head, wait_for_fold
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.workspace import Workspace, hold

BY = "command line"
Progress = Callable[[str, int, "int | None"], None]


class PairRow(msgspec.Struct, frozen=True):
    """A pair of the queue as a line; `a` and `b` are `kind:value`."""

    id: str
    a: str
    b: str
    weight: float
    probability: float
    said: tuple[str, ...]


class Queue(msgspec.Struct, frozen=True):
    """`unlisted` pairs found no room."""

    pairs: tuple[PairRow, ...]
    open: int
    unlisted: int


class IdentityAsks:
    """What a command may ask of an open workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def link_records(self, *, full: bool, progress: Progress) -> Ran:
        from journeyfold.runtime.linking import link_records  # DuckDB takes a while

        self._settle()
        told = link_records(self._workspace, full=full, progress=progress)
        self._settle()
        return told

    def resolve(self, who: str, as_of: int | None) -> Identity:
        with look_at(self._workspace, as_of, [who]) as look:
            person = look.resolver.person_of(look.node(who))
            assert person is not None, "nobody is known by a node without a person"
            return look.resolver.explain(person)

    def evidence(self, verdict: Verdict, *, dry_run: bool) -> EvidenceDone:
        workspace, now_us = self._workspace, self._workspace.clock.now_us()
        with self._looking() as look:
            rules = look.compiled.project.identity
            verdict = evidence_desk.checked(verdict, rules)
            told = evidence_desk.consequences(
                verdict, look.reader, rules, workspace.node_key, workspace.log, now_us
            )
        if dry_run:
            return EvidenceDone(verdict.verdict, told)
        offset = self._say(evidence_desk.event_of(verdict, BY, now_us))
        with self._looking() as look:
            told = evidence_desk.with_holdings(told, look.reader)
        return EvidenceDone(verdict.verdict, told, offset)

    def queue(self, limit: int) -> Queue:
        with self._looking() as look:
            tally = review.tally(look.reader)
            found = review.open_reviews(look.reader)
            pairs = tuple(
                _row(pair, look) for _, (_, pair) in zip(range(limit), found, strict=False)
            )
        return Queue(pairs, tally.open, tally.unlisted)

    def answer(self, id_: str, answer: Answer, by: str) -> int:
        """The offset of the record."""
        with self._looking() as look:
            row = review.review_of(look.reader, id_)
        if row is None:
            raise UsageError(f"there is no pair {id_}; see `journeyfold identity review`")
        if row.state != "open":
            raise UsageError(f"{id_} was decided already: {row.state}")
        return self._say(review.reviewed(id_, answer, by, self._workspace.clock.now_us()))

    def _say(self, event: Event) -> int:
        log = self._workspace.log
        (fate,) = log.append([Entry(event, "evidence")], now_us=event.occurred_us)
        self._settle()
        return fate.offset

    def _settle(self) -> None:
        """What is in the log is folded: by the platform that runs here, else by us."""
        workspace = self._workspace
        state = workspace.read_state()
        with state.read() as reader:
            is_done = standing(reader).offset >= workspace.log.head()[0]
        state.close()
        if is_done:
            return
        try:
            lock = hold(workspace.place, workspace.project_in_force())
        except Busy:
            notifier = Notifier(workspace.place.run, "work")
            notifier.send()
            notifier.close()
            wait_for_fold(workspace)
            return
        try:
            fold_to_head(workspace)
        finally:
            lock.release()

    @contextmanager
    def _looking(self) -> Iterator[Look]:
        with look_at(self._workspace, None) as look:
            yield look


def _row(pair: Review, look: Look) -> PairRow:
    ends = [look.resolver.identifier(node) for node in (pair.a, pair.b)]
    a, b = [f"{one.kind}:{one.value}" if one else "erased" for one in ends]
    said = tuple(f"{each.by}: {each.answer}" for each in pair.said)
    return PairRow(pair.id, a, b, round(pair.weight, 2), round(pair.probability, 4), said)
