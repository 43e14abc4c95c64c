"""Sources: who sends what, how fresh and how good, for which stage; the snippet for the next."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import SourceCard, Tally
from journeyfold.console import wording
from journeyfold.console.ask import Ask
from journeyfold.project.stocktaking import Stock, Stocked


class SourceRow(msgspec.Struct, frozen=True):
    card: SourceCard
    today: Tally
    keys: tuple[str, ...]  # prefixes of the keys in use
    snippet: str
    language: str
    kind: str
    stock: Stocked | None = None


KINDS = {"api": "HTTP API", "stream": "database, followed"}
TONES = {"fresh": "good", "late": "warn", "stale": "bad"}
WORDS = {"silent": "nothing yet"}
"""A source that has never sent is not late: it needs whoever sets it up, and alarms nobody."""


def show(ask: Ask) -> Response:
    stock = ask.desk.project.stock()
    return ask.page(
        "sources.html",
        title="Sources",
        place="/sources",
        rows=rows(ask, stock),
        stock=stock,
        tones=TONES,
        words=WORDS,
        unsent=wording.listed(
            [each.declared.source for each in stock.sources if each.observed.state == "silent"]
        ),
        fields=[field for each in stock.sources for field in each.declared.fields],
        worst=[each for each in stock.sources if each.observed.state in {"late", "stale"}],
    )


def rows(ask: Ask, stock: Stock) -> list[SourceRow]:
    by_name = {each.declared.source: each for each in stock.sources}
    today = {tally.source: tally for tally in ask.desk.log.tallies(ask.dates.midnight())}
    live = [key for key in ask.desk.keys.cards() if key.is_live]
    made = []
    for card in ask.desk.project.sources():
        keys = tuple(key.prefix for key in live if key.source == card.id)
        text, language = snippet(ask, card, keys[0] if keys else "")
        tally = today.get(card.id, Tally(card.id))
        kind = KINDS.get(card.kind, card.kind)
        made.append(SourceRow(card, tally, keys, text, language, kind, by_name.get(card.id)))
    return made


def snippet(ask: Ask, card: SourceCard, key: str) -> tuple[str, str]:
    """What to paste, with the real host and the key's prefix (console C11)."""
    host = f"{ask.scheme}://{ask.host}"
    shown = card.write_key or (f"{key}…" if key else "WRITE_KEY")
    if card.kind == "stream":
        return f"journeyfold follow {card.id} --once", "shell"
    if card.is_read:
        return f"journeyfold import {card.id}", "shell"
    if card.kind == "client":
        return (
            'import { AnalyticsBrowser } from "@segment/analytics-next"\n\n'
            "const analytics = AnalyticsBrowser.load(\n"
            f'  {{ writeKey: "{shown}", cdnURL: "{host}" }},\n'
            f'  {{ integrations: {{ "Segment.io": {{ apiHost: "{ask.host}/v1" }} }} }},\n)\n'
            'analytics.track("Product Viewed", { sku: "BOOT-41" })'
        ), "js"
    return (
        f"curl {host}/v1/track \\\n  -u {shown}: \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  -d \'{"userId": "42", "event": "Order Completed", "properties": {"total": 64.9}}\''
    ), "shell"
