"""Evidence about who is who over HTTP: given, tried out, and the queue of pairs that may be one.

What is given is a record, durable before the reply; the fold takes it in within the second. The
same desk answers the console.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, Operation, found, reply
from journeyfold.api.review_cards import PairRow
from journeyfold.api.wire import NOT_NUL, IdentifierBody, PageSize, moment
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Identifier
from journeyfold.identity.evidence import Method, Selector, Verdict
from journeyfold.identity.review import Answer
from journeyfold.runtime.evidence_desk import Consequence

Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=NOT_NUL)]
Hex = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
READ, WRITE = "profiles:read", "project:write"


class SelectorBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links for which every part that is given holds; those to come, too."""

    batch: Word | None = None
    source: Word | None = None
    method: Method | None = None


class EvidenceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """link and cannot_link need `a` and `b`; retract needs `target` (an evidence id) or `selector`;
    block needs `kind` and `pattern`. `equivalent`: two values of one kind count once for its limit.
    """

    verdict: Literal["link", "cannot_link", "retract", "block"]
    a: IdentifierBody | None = None
    b: IdentifierBody | None = None
    target: Hex | None = None
    selector: SelectorBody | None = None
    kind: Word | None = None
    pattern: Word | None = None
    equivalent: bool = False
    dry_run: bool = False


class EvidenceBody(msgspec.Struct, frozen=True):
    """`consequences`: what it changes about people now. `offset` is the record's; null in a dry run."""

    verdict: str
    consequences: tuple[Consequence, ...]
    offset: int | None


class ReviewsQuery(msgspec.Struct, frozen=True):
    """`cursor` is the `next_cursor` of the page before."""

    cursor: Annotated[str, Meta(max_length=48)] = ""
    limit: PageSize = 50


class SaidBody(msgspec.Struct, frozen=True):
    by: str
    verdict: Answer
    at: str


class ReviewBody(msgspec.Struct, frozen=True):
    """`weight` is log2 of the odds that both are one person."""

    id: str
    a: IdentifierBody
    b: IdentifierBody
    weight: float
    probability: float
    state: Literal["open", "same", "different"]
    proposed: str
    said: tuple[SaidBody, ...]


class ReviewsBody(msgspec.Struct, frozen=True):
    """Pairs that wait, the strongest first. `unlisted` are worth a look and found no room."""

    reviews: tuple[ReviewBody, ...]
    open: int
    unlisted: int
    reviewers: int
    next_cursor: str | None


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`by` is the person who says so; their last word stands."""

    verdict: Answer
    by: Word


class AnswerBody(msgspec.Struct, frozen=True):
    id: str
    verdict: Answer
    offset: int


async def answer_evidence(call: Call) -> Answered:
    """What the fold will do if nothing else happens before, and the record unless it is a dry run."""
    body: EvidenceRequest = call.body
    actor, desk = f"key {call.known_caller.key_id}", call.services.desk
    try:
        verdict = _verdict(body)
        if not body.dry_run:
            await asyncio.to_thread(desk.keys.audit, actor, "identity.evidence", body.verdict)
        done = await asyncio.to_thread(desk.reviews.evidence, verdict, actor, dry_run=body.dry_run)
    except (UsageError, ValueError) as error:
        raise ApiError("bad_request", str(error)) from error
    return reply(EvidenceBody(done.verdict, done.consequences, done.offset))


async def answer_reviews(call: Call) -> Answered:
    query: ReviewsQuery = call.query
    queue = await asyncio.to_thread(call.services.desk.reviews.queue, query.cursor, query.limit)
    return reply(
        ReviewsBody(
            tuple(map(_review, queue.rows)),
            queue.open,
            queue.unlisted,
            queue.reviewers,
            queue.after or None,
        )
    )


async def answer_review(call: Call) -> Answered:
    """409 for a pair that was decided meanwhile."""
    body: AnswerRequest = call.body
    desk, id_ = call.services.desk, call.path["review"]
    pair = found(await asyncio.to_thread(desk.reviews.pair, id_), "pair")
    if pair.row.state != "open":
        raise ApiError("conflict", f"this pair was decided already: {pair.row.state}")
    actor = f"key {call.known_caller.key_id}"
    await asyncio.to_thread(desk.keys.audit, actor, f"identity.review.{body.verdict}", id_)
    offset = await asyncio.to_thread(desk.reviews.answer, id_, body.verdict, body.by)
    return reply(AnswerBody(id_, body.verdict, offset))


def _verdict(body: EvidenceRequest) -> Verdict:
    """ValueError where a part is missing, with which."""
    selector = body.selector
    return Verdict(
        body.verdict,
        a=Identifier(body.a.kind, body.a.value) if body.a else None,
        b=Identifier(body.b.kind, body.b.value) if body.b else None,
        target=body.target,
        selector=Selector(selector.batch, selector.source, selector.method) if selector else None,
        kind=body.kind,
        pattern=body.pattern,
        equivalent=body.equivalent,
    )


def _review(row: PairRow) -> ReviewBody:
    return ReviewBody(
        row.id, IdentifierBody(*row.a), IdentifierBody(*row.b), row.weight, row.probability,
        row.state, moment(row.proposed_us),
        tuple(SaidBody(each.by, each.answer, moment(each.at_us)) for each in row.said),
    )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="giveEvidence", method="POST", path="/v1/identity/evidence", scope=WRITE,
        summary="Say that two are one, or never, or that evidence was wrong; or see what that changes.",
        answer=answer_evidence, body=EvidenceRequest, reply=EvidenceBody, statuses=(503,),
    ),
    Operation(
        id="reviews", method="GET", path="/v1/identity/reviews", scope=READ,
        summary="Pairs that may be one person and wait for somebody, the strongest first.",
        answer=answer_reviews, query=ReviewsQuery, reply=ReviewsBody, statuses=(503,),
    ),
    Operation(
        id="review", method="POST", path="/v1/identity/reviews/{review}", scope=WRITE,
        summary="Say that a pair is the same, different, or not sure.",
        answer=answer_review, body=AnswerRequest, reply=AnswerBody, statuses=(404, 409, 503),
    ),
)  # fmt: skip
