"""Schemas: events with their versions, what each changed, where messages fail, and a proposal."""

from __future__ import annotations

from starlette.responses import Response

from journeyfold.console.ask import Ask

PROPOSAL_DAYS = 7


def index(ask: Ask) -> Response:
    cards = ask.desk.schemas.cards()
    return ask.page(
        "schemas.html",
        title="Schemas",
        place="/schemas",
        cards=cards,
        failing=sum(card.waiting for card in cards),
        published=sum(card.subject.newest.published for card in cards),
    )


def show(ask: Ask) -> Response:
    return _sheet(ask)


def propose(ask: Ask) -> Response:
    """What the last days would propose; nothing is written."""
    return _sheet(ask, is_asked=True)


def _sheet(ask: Ask, *, is_asked: bool = False) -> Response:
    found = ask.desk.schemas.sheet(ask.params["schema"])
    if found is None:
        ask.missing(f"Schema {ask.params['schema']}")
    proposal = ask.desk.schemas.proposal(found.subject.slug, PROPOSAL_DAYS) if is_asked else None
    return ask.page(
        "schema.html",
        title=found.subject.name,
        place="/schemas",
        sheet=found,
        newest=found.subject.newest,
        failing=sum(each.waiting for each in found.failing),
        is_asked=is_asked,
        proposal=proposal,
        days=PROPOSAL_DAYS,
    )
