"""Quality over HTTP: scores, rules, freshness, results by day, and run now (quality 2.2)."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, reply
from journeyfold.api.wire import moment
from journeyfold.project.quality_report import DayLine, FreshLine, RuleLine, ScoreLine

Word = Annotated[str, Meta(max_length=255)]


class AlertBody(msgspec.Struct, frozen=True):
    ruleset: str
    rule: str
    source: str
    since: str
    day: str
    muted: bool


class QualityBody(msgspec.Struct, frozen=True):
    """`value` is 1 - bad / n; a score stands with its number of rules and its coverage (Q14).
    `ledger_gap` is what came in without a fate: 0 is what we promise.
    """

    run: str
    ran: str | None
    rules: tuple[RuleLine, ...]
    scores: tuple[ScoreLine, ...]
    freshness: tuple[FreshLine, ...]
    alerts: tuple[AlertBody, ...]
    ledger_gap: int


class ResultsQuery(msgspec.Struct, frozen=True):
    """`ruleset` is the file, as `quality/orders.yaml`; `source` is empty for people and tables."""

    ruleset: Word
    rule: Word
    source: Word = ""


class ResultsBody(msgspec.Struct, frozen=True):
    """Newest first."""

    days: tuple[DayLine, ...]


class QualityAsked(msgspec.Struct, frozen=True):
    asked: bool


async def answer_quality(call: Call) -> Answered:
    card = await asyncio.to_thread(call.services.desk.quality.card)
    report = card.report
    done = next((run for run in card.runs if run.state == "done"), None)
    alerts = tuple(
        AlertBody(each.ruleset, each.rule, each.source, moment(each.since_us), each.day, each.muted)
        for each in card.alerts
    )
    return reply(
        QualityBody(
            report.run, moment(done.ended_us) if done else None, report.rules, report.scores,
            report.freshness, alerts, report.ledger_gap,
        )
    )  # fmt: skip


async def answer_results(call: Call) -> Answered:
    query, desk = call.query, call.services.desk.quality
    days = await asyncio.to_thread(desk.days, query.ruleset, query.rule, query.source)
    if not days:
        raise ApiError("not_found", "this rule has no results of this source; see GET /v1/quality")
    return reply(ResultsBody(tuple(days)))


async def answer_run(call: Call) -> Answered:
    """`work` takes it up within a second or two; results replace those of the last run."""
    card = await asyncio.to_thread(call.services.desk.quality.card)
    if not card.has_rules:
        raise ApiError("not_found", "the project has no rules; write quality/<name>.yaml")
    await asyncio.to_thread(call.services.desk.quality.ask)
    return reply(QualityAsked(asked=True))
