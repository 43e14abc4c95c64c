"""Finding a person by any identifier, and the people of the latest records.

The identifier is posted and never stands in a URL (console C10), so it is in no history, log or
referrer; the page that answers carries person ids only.
"""

from __future__ import annotations

from starlette.responses import Response

from journeyfold.api.cards import Found
from journeyfold.api.mask import masked_identifier
from journeyfold.console.ask import Ask

RECENT = 25
VALUE_MAX = 500


def show(ask: Ask) -> Response:
    return ask.page(
        "people.html",
        title="People",
        place="/people",
        total=ask.desk.people.total(),
        recent=ask.desk.people.recent(RECENT),
        found=None,
        asked="",
        kind="",
        kinds=_kinds(ask),
    )


def find(ask: Ask) -> Response:
    """Exact, after normalisation. One hit opens at once; none says what was looked for."""
    value = ask.form.get("q", "").strip()[:VALUE_MAX]
    kind = ask.form.get("kind", "")
    found = ask.desk.people.find(value, kind) if value else []
    people = {hit.person for hit in found}
    matching = _named(ask, value) if not kind else []
    if len(people) == 1 and not matching:
        return ask.go(f"/people/{next(iter(people))}")
    return ask.page(
        "people.html",
        title="Search",
        place="/people",
        total=ask.desk.people.total(),
        recent=[],
        found=[_row(hit) for hit in found],
        matching=matching,
        asked=value,
        kind=kind,
        kinds=_kinds(ask),
    )


def _row(hit: Found) -> Found:
    return Found(hit.person, hit.kind, masked_identifier(hit.kind, hit.value), hit.last_us)


def _named(ask: Ask, value: str) -> list[tuple[str, str, str]]:
    """Segments and sources whose id holds the text: (what, id, path); ten each (C31)."""
    wanted = value.lower()
    if len(wanted) < 2:
        return []
    segments = [card.id for card in ask.desk.segments.segments() if wanted in card.id.lower()]
    sources = [card.id for card in ask.desk.project.sources() if wanted in card.id.lower()]
    return [("segment", one, "/segments/") for one in segments[:10]] + [
        ("source", one, "/sources#") for one in sources[:10]
    ]


def _kinds(ask: Ask) -> tuple[str, ...]:
    return ask.project.identifiers
