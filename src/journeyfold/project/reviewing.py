"""What a record of kind `evidence` changes: proposals, what reviewers say of them, verdicts.

Only the fold calls this. A proposal of the automatic band is itself the evidence; one for review
becomes evidence when enough people have said the same (identity B2, X6).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.core.event import Identifier, Json, Record
from journeyfold.core.ports import StateWriter
from journeyfold.identity import review
from journeyfold.identity.change import Change
from journeyfold.identity.evidence import Verdict
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.review import Answer, Proposed, Ran, Review, ReviewRules, Run, Said
from journeyfold.project.compile import Compiled

NOTHING: Sequence[Change] = ()


class Answered(msgspec.Struct, frozen=True):
    """`properties` of an `identity.reviewed`."""

    review: str
    verdict: Answer
    by: str


def weigh(
    record: Record, resolver: Resolver, writer: StateWriter, compiled: Compiled
) -> Sequence[Change]:
    """Take the evidence of one record into the state; what that changed about people."""
    resolver.taken, rules = (), compiled.project.identity.review
    told = record.event.properties
    match record.event.name:
        case review.PROPOSED:
            return _proposed(msgspec.convert(told, Proposed), record, resolver, writer)
        case review.REVIEWED:
            answered = msgspec.convert(told, Answered)
            return _reviewed(answered, record, resolver, writer, rules)
        case review.RAN | review.FAILED:
            _note(msgspec.convert(told, Ran), record, writer)
            _tidy(resolver, writer)
            return NOTHING
        case _:
            changes = resolver.resolve(record).changes
            if told.get("verdict") == "retract":
                _reopen(resolver, writer)
            return changes


def _proposed(
    told: Proposed, record: Record, resolver: Resolver, writer: StateWriter
) -> Sequence[Change]:
    a, b = told.nodes
    run = _run(told, record, writer)
    ends = resolver.identifier(a), resolver.identifier(b)
    if ends[0] is None or ends[1] is None:
        return NOTHING  # erased since, or another name under other rules
    if resolver.person_of(a) == resolver.person_of(b):
        review.put_run(writer, msgspec.structs.replace(run, known=run.known + 1))
        return NOTHING
    if resolver.forbids(a, b):
        review.put_run(writer, msgspec.structs.replace(run, refused=run.refused + 1))
        return NOTHING
    if told.band == "review":
        _queue(told, record, writer, run)
        return NOTHING
    verdict = Verdict(
        "link", ends[0], ends[1], method="linkage", batch=told.model, score=told.probability
    )
    changes = resolver.resolve(_as(verdict, record)).changes
    is_one = resolver.person_of(a) == resolver.person_of(b)
    counted = {"linked": run.linked + 1} if is_one else {"refused": run.refused + 1}
    review.put_run(writer, msgspec.structs.replace(run, **counted))
    return changes


def _queue(told: Proposed, record: Record, writer: StateWriter, run: Run) -> None:
    """A pair that is open already keeps what was said of it; a decided one is asked anew."""
    a, b = told.nodes
    before = review.review_of(writer, review.review_id(a, b))
    is_open = before is not None and before.state == "open"
    if not is_open and not review.has_room(writer):
        review.count_unlisted(writer)
        review.put_run(writer, msgspec.structs.replace(run, unlisted=run.unlisted + 1))
        return
    row = Review(
        a=a, b=b, weight=told.weight, probability=told.probability, steps=told.steps,
        model=told.model, run=told.run, offset=record.offset, proposed_us=record.appended_us,
        said=before.said if before is not None and is_open else (),
    )  # fmt: skip
    review.put_review(writer, row)
    review.put_run(writer, msgspec.structs.replace(run, opened=run.opened + 1))


def _reviewed(
    told: Answered, record: Record, resolver: Resolver, writer: StateWriter, rules: ReviewRules
) -> Sequence[Change]:
    """An answer about a pair that is decided, or gone, changes nothing."""
    row = review.review_of(writer, told.review)
    if row is None or row.state != "open":
        return NOTHING
    row = review.with_answer(row, Said(told.by, told.verdict, record.appended_us))
    state = row.settled(rules.reviewers)
    if state != "open":
        row = msgspec.structs.replace(row, state=state, decided_us=record.appended_us)
    review.put_review(writer, row)
    a, b = resolver.identifier(row.a), resolver.identifier(row.b)
    if state == "open" or a is None or b is None:
        return NOTHING
    is_same = state == "same"  # two accounts of one person count once for limits (identity E7)
    verdict = Verdict(
        "link" if is_same else "cannot_link", a, b, score=row.probability, equivalent=is_same
    )
    return resolver.resolve(_as(verdict, record)).changes


def _note(told: Ran, record: Record, writer: StateWriter) -> None:
    before = review.run_of(writer, told.run)
    run = before or Run(told, record.offset, record.appended_us)
    review.put_run(writer, msgspec.structs.replace(run, told=told, is_done=True))


def _tidy(resolver: Resolver, writer: StateWriter) -> None:
    """Pairs that were joined or kept apart since by something else wait for nobody."""
    for _, row in list(review.open_reviews(writer)):
        is_one = resolver.person_of(row.a) == resolver.person_of(row.b)
        if is_one or resolver.forbids(row.a, row.b):
            review.drop(writer, row)


def _reopen(resolver: Resolver, writer: StateWriter) -> None:
    """Pairs whose answer was taken back, so that neither one person nor two is said of them."""
    for row in [each for each in review.every(writer) if each.state != "open"]:
        is_one = resolver.person_of(row.a) == resolver.person_of(row.b)
        if not is_one and not resolver.forbids(row.a, row.b):
            asked = msgspec.structs.replace(row, state="open", said=(), decided_us=0)
            review.put_review(writer, asked)


def _run(told: Proposed, record: Record, writer: StateWriter) -> Run:
    """Of which nothing but its proposals is known until it says that it is done."""
    known = review.run_of(writer, told.run)
    if known is not None:
        return known
    begun = Ran(told.run, told.model, "full", record.event.occurred_us)
    run = Run(begun, record.offset, record.appended_us)
    review.put_run(writer, run)
    return run


def _as(verdict: Verdict, record: Record) -> Record:
    properties: dict[str, Json] = msgspec.to_builtins(verdict)
    event = msgspec.structs.replace(record.event, properties=properties)
    return msgspec.structs.replace(record, event=event)


def ends_of(row: Review, resolver: Resolver) -> tuple[Identifier, Identifier] | None:
    """Who a pair is about; None once one of them is erased."""
    a, b = resolver.identifier(row.a), resolver.identifier(row.b)
    return (a, b) if a is not None and b is not None else None
