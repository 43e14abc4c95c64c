"""Sources: who sends, when last, and the snippet that makes the next one send."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import SourceCard, Tally
from journeyfold.console.ask import Ask


class SourceRow(msgspec.Struct, frozen=True):
    card: SourceCard
    today: Tally
    keys: tuple[str, ...]  # prefixes of the keys in use
    snippet: str
    language: str


def show(ask: Ask) -> Response:
    return ask.page("sources.html", title="Sources", place="/sources", rows=rows(ask))


def rows(ask: Ask) -> list[SourceRow]:
    today = {tally.source: tally for tally in ask.desk.log.tallies(ask.dates.midnight())}
    live = [key for key in ask.desk.keys.cards() if key.is_live]
    made = []
    for card in ask.desk.project.sources():
        keys = tuple(key.prefix for key in live if key.source == card.id)
        text, language = snippet(ask, card, keys[0] if keys else "")
        made.append(SourceRow(card, today.get(card.id, Tally(card.id)), keys, text, language))
    return made


def snippet(ask: Ask, card: SourceCard, key: str) -> tuple[str, str]:
    """What to paste, with the real host and the key's prefix (console C11)."""
    host = f"{ask.scheme}://{ask.host}"
    shown = card.write_key or (f"{key}…" if key else "WRITE_KEY")
    if card.kind == "file":
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
