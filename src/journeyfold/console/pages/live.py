"""The live page: every record that arrives, what became of it, and one of them in a drawer."""

from __future__ import annotations

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from journeyfold.api.cards import HeldRecord
from journeyfold.api.mask import masked_identifier, masked_json
from journeyfold.api.read import edges_of, sum_of
from journeyfold.console import arrivals, wording
from journeyfold.console.ask import Ask
from journeyfold.console.code import CodeLine, json_lines
from journeyfold.console.rate_chart import top_of
from journeyfold.console.svg import Mark, bar_chart
from journeyfold.core.event import Json, Record
from journeyfold.core.instant import MINUTE_US

ROWS = 50
SPAN_US = 6 * MINUTE_US
BARS = 36


class Chart(msgspec.Struct, frozen=True):
    picture: Markup
    times: int  # how much taller than they are the held messages are drawn


class Drawer(msgspec.Struct, frozen=True):
    """One record or held message, opened."""

    title: str
    source: str
    at_us: int
    id: str
    lines: list[CodeLine]
    facts: list[tuple[str, str]]
    person: str = ""
    segments: tuple[str, ...] = ()
    held: HeldRecord | None = None
    alike: int = 0


def show(ask: Ask) -> Response:
    match = arrivals.Filter.of(ask.query)
    page = arrivals.page(ask.desk, match, ask.before(), ROWS)
    tallies = ask.desk.log.tallies(ask.dates.midnight())
    return ask.page(
        "live.html",
        title="Live",
        place="/live",
        match=match,
        state=match.state(),
        page=page,
        total=sum_of(tallies),
        tallies=tallies,
        sources=ask.desk.project.sources(),
        drawer=drawer(ask),
        chosen=ask.query.get("record", ask.query.get("held", "")),
        chart=_chart(ask),
        without=[] if page.rows else _without(ask, match),
        older=bool(ask.query.get("before")),
    )


def drawer(ask: Ask) -> Drawer | None:
    """What `?record=OFFSET` or `?held=ID` opens."""
    if "held" in ask.query:
        row = ask.desk.quarantine.row(ask.whole("held"))
        return held_drawer(ask, row) if row else None
    if "record" in ask.query:
        found = ask.desk.log.read(ask.whole("record") - 1, 1)
        return _record_drawer(ask, found[0]) if found else None
    return None


def held_drawer(ask: Ask, row: HeldRecord) -> Drawer:
    alike = sum(
        reason.waiting
        for reason in ask.desk.quarantine.reasons()
        if (reason.code, reason.source, reason.name) == (row.code, row.source, row.name)
    )
    return Drawer(
        title=row.name or "unnamed",
        source=row.source,
        at_us=row.received_us,
        id=row.event_id,
        lines=json_lines(masked_json(_decoded(row.message)), row.pointer),
        facts=[("Reason", row.code), ("Asked for", wording.fault(row.detail) or "none given")],
        person=row.person,
        held=row,
        alike=alike,
    )


def _record_drawer(ask: Ask, record: Record) -> Drawer:
    event = record.event
    person = ask.desk.people.of(record)
    profile = ask.desk.people.profile(person) if person else None
    body: dict[str, Json] = {
        "name": event.name,
        "type": event.type,
        "identifiers": {
            one.kind: masked_identifier(one.kind, one.value) for one in event.identifiers
        },
        "properties": masked_json(event.properties),
        "traits": masked_json(event.traits, "traits"),
        "context": masked_json(event.context),
    }
    return Drawer(
        title=event.name,
        source=event.source,
        at_us=record.appended_us,
        id=event.id,
        lines=json_lines({key: value for key, value in body.items() if value}),
        facts=[
            ("Offset", f"{record.offset:,}"),
            ("Happened", ask.dates.when(event.occurred_us)),
            ("Received", ask.dates.when(event.received_us)),
            ("Kind", record.kind),
            ("Schema", event.schema or "none declared"),
        ],
        person=person,
        segments=tuple(sorted(profile.memberships)) if profile else (),
    )


def _decoded(message: bytes) -> Json:
    """What the door wrote is JSON; what an older door wrote may be shown as text."""
    try:
        decoded: Json = msgspec.json.decode(message)
    except msgspec.DecodeError:
        return message.decode(errors="replace")
    return decoded


def _without(ask: Ask, match: arrivals.Filter) -> list[tuple[str, str, int, bool]]:
    """What each filter costs: rows found without it, and whether there are more (C11)."""
    found = []
    for key, value in match.state().items():
        looser = msgspec.structs.replace(match, **{key: ""})
        rows = arrivals.page(ask.desk, looser, 0, ROWS).rows
        found.append((key, str(value), min(len(rows), ROWS), len(rows) >= ROWS))
    return found


def _chart(ask: Ask) -> Chart:
    """Six minutes in bars of ten seconds; little quarantine stands on top at ten times its height."""
    step_us = SPAN_US // BARS
    end_us = -(-ask.now_us // step_us) * step_us  # the last bar is still growing
    start_us = end_us - SPAN_US
    counts = ask.offsets.between(edges_of(start_us, end_us, step_us))
    held = [0] * BARS
    for row in ask.desk.quarantine.rows(limit=500):
        if row.received_us >= start_us:
            held[min(BARS - 1, (row.received_us - start_us) // step_us)] += 1
    times = 10 if sum(held) * 20 < sum(counts) else 1
    top = top_of(counts)
    stacks = [
        [("f-app", min(float(count), top)), ("f-warn", min(float(times * waiting), top))]
        for count, waiting in zip(counts, held, strict=True)
    ]
    marks = []
    if max(counts) > top:
        text = f"up to {max(counts):,}, beyond the scale"
        marks = [Mark(counts.index(max(counts)) / BARS, text)]
    ticks = [
        (part / 3, ask.dates.clock(start_us + part * SPAN_US // 3) if part < 3 else "now")
        for part in range(4)
    ]
    label = f"{sum(counts):,} records in six minutes, {sum(held):,} messages to quarantine"
    return Chart(bar_chart(stacks, label=label, unit="per 10 s", ticks=ticks, marks=marks), times)
