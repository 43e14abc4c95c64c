"""What became of journeys and their messages, as JSON (journeys S4, section 6).

Counts are those of `project.figures`; rates and intervals are worked out here, so that no client
has to. Values are in micro-units of the project's currency. Intervals are at 95 %.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.journey_cards import JourneyCard
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.journey.report import Interval, rate_interval
from journeyfold.project.figures import (
    JourneyFigures,
    MessageFigures,
    StageFigures,
    stage_figures,
)


class JourneyReportBody(msgspec.Struct, frozen=True):
    """`stage` is the journey's label; `figures.total` is all versions together."""

    journey: str
    title: str
    stage: str
    status: str
    figures: JourneyFigures


class MessageRow(msgspec.Struct, frozen=True):
    """Rates are of messages: opened and clicked of those sent that did not bounce, the others of
    those sent. Machines are in no rate.
    """

    message: MessageFigures
    delivered_rate: Interval
    opened_rate: Interval
    clicked_rate: Interval
    bounced_rate: Interval
    converted_rate: Interval


class MessagesReportBody(msgspec.Struct, frozen=True):
    messages: tuple[MessageRow, ...]
    stages: tuple[StageFigures, ...]


class MessagesQuery(msgspec.Struct, frozen=True):
    """Of one journey where it is named."""

    journey: Annotated[str, Meta(max_length=64)] = ""


async def answer_journey(call: Call) -> Answered:
    desk = call.services.desk.journeys
    card = _card(await asyncio.to_thread(desk.journeys), call.path["journey"])
    figures = await asyncio.to_thread(desk.figures, card.id)
    definition = card.definition
    return reply(
        JourneyReportBody(card.id, definition.title, definition.stage, card.control.status, figures)
    )


async def answer_messages(call: Call) -> Answered:
    desk, wanted = call.services.desk.journeys, call.query.journey
    cards = await asyncio.to_thread(desk.journeys)
    if wanted:
        cards = [_card(cards, wanted)]
    told = [await asyncio.to_thread(desk.figures, card.id) for card in cards]
    labels = {card.id: card.definition.stage for card in cards}
    rows = [row_of(message) for each in told for message in each.total.messages]
    return reply(MessagesReportBody(tuple(rows), tuple(stage_figures(labels, told))))


def row_of(message: MessageFigures) -> MessageRow:
    reached, sent = message.reached_people, message.sent
    return MessageRow(
        message=message,
        delivered_rate=_rate(message.delivered, sent),
        opened_rate=_rate(message.opened, reached),
        clicked_rate=_rate(message.clicked, reached),
        bounced_rate=_rate(message.bounced, sent),
        converted_rate=_rate(message.goals, sent),
    )


def _rate(some: int, of: int) -> Interval:
    """What is told twice of few, as a bounce of what was opened, is no more than all."""
    return rate_interval(min(some, of), of)


def _card(cards: Sequence[JourneyCard], journey: str) -> JourneyCard:
    return found(next((card for card in cards if card.id == journey), None), "journey")
