"""The review queue over a platform: read from the state, answered by records (identity X6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.api.review_cards import (
    Pair,
    PairRow,
    Queue,
    RunCard,
    Side,
    Stands,
    Stated,
)
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Record
from journeyfold.core.ports import Entry
from journeyfold.identity import review
from journeyfold.identity.evidence import Selector, Verdict
from journeyfold.identity.explain import in_words
from journeyfold.identity.review import Answer, Review, Run
from journeyfold.runtime import evidence_desk
from journeyfold.runtime.evidence_desk import EvidenceDone
from journeyfold.runtime.platform import Platform

_RECORDS = 200  # of an identifier, the newest, that are looked through for what it states
_GONE = ("erased", "")


class Reviews:
    """`api.review_cards.ReviewDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def queue(self, after: str = "", limit: int = 50) -> Queue:
        start = bytes.fromhex(after) if _is_hex(after) else b""
        with snapshot(self._platform) as look:
            rules, tally = look.compiled.project.identity, review.tally(look.reader)
            found = list(islice(review.open_reviews(look.reader, start), limit + 1))
            return Queue(
                rows=tuple(_row(row, look) for _, row in found[:limit]),
                open=tally.open, unlisted=tally.unlisted, reviewers=rules.review.reviewers,
                after=found[limit - 1][0].hex() if len(found) > limit else "",
                is_set_up=rules.linkage is not None,
            )  # fmt: skip

    def decided(self, limit: int) -> Sequence[PairRow]:
        with snapshot(self._platform) as look:
            return [_row(row, look) for row in review.decided_reviews(look.reader, limit)]

    def pair(self, id_: str) -> Pair | None:
        with snapshot(self._platform) as look:
            found = review.review_of(look.reader, id_)
            if found is None:
                return None
            row = _row(found, look)
            return Pair(
                row=row, a=self._side(found.a, look), b=self._side(found.b, look),
                prior=found.prior, steps=found.steps, model=found.model, offset=found.offset,
                refusal=_refusal(found, row.stands, look),
            )  # fmt: skip

    def runs(self, limit: int) -> Sequence[RunCard]:
        with snapshot(self._platform) as look:
            return [_run(run, look) for run in review.runs(look.reader)[:limit]]

    def answer(self, id_: str, answer: Answer, actor: str) -> int:
        with snapshot(self._platform) as look:
            found = review.review_of(look.reader, id_)
        if found is None:
            raise UsageError("there is no such pair")
        if found.state != "open":
            raise UsageError(f"this pair was decided already: {found.state}")
        return self._append(review.reviewed(id_, answer, actor, self._platform.clock.now_us()))

    def undo(self, model: str, actor: str) -> int:
        verdict = Verdict("retract", selector=Selector(batch=model, method="linkage"))
        return self._append(self._event(verdict, actor))

    def evidence(self, verdict: Verdict, actor: str, *, dry_run: bool) -> EvidenceDone:
        platform, now_us = self._platform, self._platform.clock.now_us()
        with snapshot(platform) as look:
            rules = look.compiled.project.identity
            verdict = evidence_desk.checked(verdict, rules)
            told = evidence_desk.consequences(
                verdict, look.reader, rules, platform.node_key, platform.log, now_us
            )
        offset = None if dry_run else self._append(self._event(verdict, actor))
        return EvidenceDone(verdict.verdict, told, offset)

    def _event(self, verdict: Verdict, actor: str) -> Event:
        return evidence_desk.event_of(verdict, actor, self._platform.clock.now_us())

    def _append(self, event: Event) -> int:
        log = self._platform.log
        (fate,) = log.append([Entry(event, "evidence")], now_us=self._platform.clock.now_us())
        return fate.offset

    def _side(self, node: bytes, look: Snapshot) -> Side:
        identifier = look.resolver.identifier(node)
        kind, value = (identifier.kind, identifier.value) if identifier else _GONE
        head, _ = self._platform.log.head()
        records = [
            record
            for record in self._platform.log.history(
                look.resolver.indexed([node]), upto=head, before=head + 1, limit=_RECORDS
            )
            if record.kind == "event"
            and look.resolver.owner_of(record.event, record.offset) == node
        ]
        return Side(
            kind=kind, value=value, person=look.resolver.person_of(node) or "",
            first_us=min((record.event.occurred_us for record in records), default=0),
            records=len(records), traits=_stated(records),
        )  # fmt: skip


def _stated(records: Iterable[Record]) -> dict[str, Stated]:
    found: dict[str, Stated] = {}
    for record in sorted(records, key=lambda one: (one.event.occurred_us, one.event.id)):
        event = record.event
        for name, value in event.traits.items():
            if value is not None:
                found[name] = Stated(value, event.source, event.occurred_us)
    return dict(sorted(found.items()))


def _row(found: Review, look: Snapshot) -> PairRow:
    a, b = look.resolver.identifier(found.a), look.resolver.identifier(found.b)
    return PairRow(
        id=found.id, weight=found.weight, probability=found.probability,
        a=(a.kind, a.value) if a else _GONE, b=(b.kind, b.value) if b else _GONE,
        proposed_us=found.proposed_us, said=found.said, state=found.state,
        decided_us=found.decided_us, stands=_stands(found, look),
    )  # fmt: skip


def _stands(found: Review, look: Snapshot) -> Stands:
    one, other = look.resolver.person_of(found.a), look.resolver.person_of(found.b)
    if one is None or other is None:
        return "gone"
    if one == other:
        return "one"
    return "apart" if look.resolver.forbids(found.a, found.b) else "two"


def _refusal(found: Review, stands: Stands, look: Snapshot) -> str:
    if found.state != "same" or stands in {"one", "gone"}:
        return ""
    why = look.resolver.why(found.a, found.b)
    reasons = [link.reason for link in why.suppressed] or [why.note]
    return "; ".join(dict.fromkeys(map(in_words, reasons)))


def _run(run: Run, look: Snapshot) -> RunCard:
    told = run.told
    return RunCard(
        run=told.run, model=told.model, mode=told.mode, at_us=told.started_us, rows=told.rows,
        pairs=told.pairs, opened=run.opened, linked=run.linked, refused=run.refused + told.refused,
        unlisted=run.unlisted + told.unlisted, left_out=told.left_out, skipped=told.skipped,
        failure=told.failure, is_done=run.is_done,
        is_withdrawn=bool(told.model) and look.resolver.is_withdrawn(told.model),
    )  # fmt: skip


def _is_hex(text: str) -> bool:
    return len(text) == 48 and all(letter in "0123456789abcdef" for letter in text)
