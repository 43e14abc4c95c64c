"""Who is who, over HTTP: reports of the audit and every decision (identity X3, X4)."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.audit_cards import DecisionRow
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, Operation, found, reply
from journeyfold.project.identity_report import IdentityReport

ROWS = 500
LATEST = "latest"


class DecisionsQuery(msgspec.Struct, frozen=True):
    """`since` is an offset; the next page begins at `next_since`."""

    since: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=ROWS)] = 100


class DecisionsBody(msgspec.Struct, frozen=True):
    """Oldest first; a page ends with a whole record, `next_since` is null at the end."""

    decisions: tuple[DecisionRow, ...]
    next_since: int | None


async def answer_decisions(call: Call) -> Answered:
    """Merges, splits, renames, refused links, hubs and verdicts, as they were decided."""
    query = call.query
    asked = query.limit + 1
    rows = list(await asyncio.to_thread(call.services.desk.audits.decisions, query.since, asked))
    if len(rows) < asked:
        return reply(DecisionsBody(tuple(rows), None))
    whole = [row for row in rows if row.offset < rows[-1].offset]
    if not whole:  # one record of more decisions than fit: all of it
        every = await asyncio.to_thread(call.services.desk.audits.decisions, query.since, 0)
        whole = [row for row in every if row.offset == rows[-1].offset]
        return reply(DecisionsBody(tuple(whole), rows[-1].offset + 1))
    return reply(DecisionsBody(tuple(whole), rows[-1].offset))


async def answer_report(call: Call) -> Answered:
    """Of a date, as 2026-11-22, or `latest`."""
    desk, date = call.services.desk.audits, call.path["date"]
    if date == LATEST:
        return reply(found(await asyncio.to_thread(desk.latest), "report"))
    if len(date) != 10:
        raise ApiError("bad_request", "a date is written 2026-11-22; or ask for `latest`")
    return reply(found(await asyncio.to_thread(desk.of_date, date), "report of that date"))


AUDITS: tuple[Operation, ...] = (
    Operation(
        id="identityDecisions", method="GET", path="/v1/identity/decisions", scope="profiles:read",
        summary="What was decided about who is who, by whom and why.",
        answer=answer_decisions, query=DecisionsQuery, reply=DecisionsBody,
    ),
    Operation(
        id="identityReport", method="GET", path="/v1/identity/reports/{date}",
        scope="profiles:read", summary="The report of an identity audit, of a date or the latest.",
        answer=answer_report, reply=IdentityReport, statuses=(400, 404),
    ),
)  # fmt: skip
