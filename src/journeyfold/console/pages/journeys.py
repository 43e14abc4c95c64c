"""The list of journeys: what is live, who is in it, and whether it helps."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from journeyfold.api.journey_cards import JourneyCard
from journeyfold.console import effects, step_words
from journeyfold.console.ask import Ask
from journeyfold.console.wording import plural


def index(ask: Ask) -> Response:
    every = ask.desk.journeys.journeys()
    stage = ask.query.get("stage", "")
    cards = [card for card in every if not stage or card.definition.stage == stage]
    return ask.page(
        "journeys.html",
        title="Journeys",
        place="/journeys",
        cards=cards,
        count=len(every),
        lede=_sentence(every),
        stage=stage,
        stages=sorted({card.definition.stage for card in every if card.definition.stage}),
        titled=step_words.titled,
        effects=effects,
    )


def _sentence(cards: Sequence[JourneyCard]) -> str:
    if not cards:
        return "A journey says who enters, what happens to them, and how success is counted."
    inside = sum(card.figures.running for card in cards)
    live = sum(card.control.status == "live" for card in cards)
    text = f"{plural(live, 'journey is', 'journeys are')} live; {plural(inside, 'run')} under way."
    resting = [card.id for card in cards if card.control.status != "live"]
    return text if not resting else f"{text} Not live: {', '.join(resting)}."
