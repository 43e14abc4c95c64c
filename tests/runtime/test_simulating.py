"""Virtual time: the same as in the laboratory, for many people, on any number of cores."""

import msgspec
import pytest

from journeyfold.adapters.memory import MemoryLog
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, rfc3339
from journeyfold.core.ports import Entry
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load
from journeyfold.project.pruned import pruned
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.laboratory import Laboratory
from journeyfold.runtime.simulating import (
    Span,
    read_lines,
    recorded,
    simulate_events,
    simulate_people,
)
from journeyfold.runtime.virtual import VirtualPlatform
from journeyfold.testing.lives import households, lives

START = 1_790_000_000_000_000
SPAN = Span(START, START + 30 * DAY_US)
SHOP = template_files("shop")
PROJECT = load(SHOP)


def event(number, at_us, name, user="ann", source="shop_server", **more):
    return at_us, Event(
        id=f"e{number}", name=name, type="track", source=source,
        identifiers=(Identifier("user_id", user),), occurred_us=at_us, received_us=at_us,
        properties=more.get("properties", {}), traits=more.get("traits", {}),
        context={"auth": "server"},
    )  # fmt: skip


def left_cart(user="ann", start_us=START):
    granted = {"purposes": {"marketing_email": "granted"}}
    return [
        event(f"{user}1", start_us, "Identify", user, traits={"email": f"{user}@example.com"}),
        event(f"{user}2", start_us, "Consent Updated", user, properties=granted),
        event(f"{user}3", start_us + HOUR_US, "Cart Updated", user,
              properties={"cart_id": "c", "total": 50.0}),
    ]  # fmt: skip


def test_virtual_time_tells_what_the_laboratory_tells():
    laboratory = Laboratory(PROJECT)
    events = left_cart()
    for at_us, each in events:
        laboratory.feed(each, at_us)
    laboratory.advance(SPAN.until_us)
    told = [line for line in laboratory.travelled() if line.place.startswith("abandoned-cart")]
    assert simulate_events(PROJECT, "abandoned-cart", events, SPAN, 0) == told
    assert [line.what for line in told][-2:] == ["timed out", "exit no answer"]


def test_any_number_of_processes_tells_the_same():
    alone = simulate_people(SHOP, "abandoned-cart", 60, SPAN, processes=1)
    assert len(alone) > 50
    one, other = (
        simulate_people(SHOP, "abandoned-cart", 801, Span(START, START + 3 * DAY_US), processes=n)
        for n in (1, 2)
    )
    assert one == other


def test_what_nobody_asks_for_changes_nothing():
    told = []
    for project in (PROJECT, pruned(PROJECT)):
        lines = []
        platform = VirtualPlatform(compile_project(project), lines.append, people_answer=True)
        for household in households(45):
            events = lives("x", household, SPAN.from_us, SPAN.until_us, "shop_web", "shop_server")
            platform.play(events, SPAN.until_us)
        told.append(lines)
    assert told[0] == told[1]
    assert len(told[0]) > 100


def test_a_journey_says_its_update_at_the_instant_it_says_it():
    orders = [
        event(f"o{n}", START + n * HOUR_US, "Order Completed",
              properties={"order_id": f"o{n}", "total": 300.0})
        for n in range(1, 4)
    ]  # fmt: skip
    events = [*left_cart(), *orders]
    events.sort(key=lambda one: one[0])
    (line,) = [
        line
        for line in simulate_events(PROJECT, "vip-tier", events, SPAN, 0)
        if line.what.startswith("updates")
    ]
    assert line.at_us == START + 3 * HOUR_US


def test_lines_begin_where_the_span_begins():
    late = Span(START + 10 * HOUR_US, SPAN.until_us)
    lines = simulate_events(PROJECT, "abandoned-cart", left_cart(), late, 0)
    assert lines
    assert min(line.at_us for line in lines) >= late.from_us


def test_without_a_span_time_goes_on_after_the_last_event():
    lines = simulate_events(PROJECT, "abandoned-cart", left_cart(), None, 6 * MINUTE_US)
    assert [line.what.split()[0] for line in lines] == ["entered", "waits"]


def test_people_whom_an_identifier_links_are_played_together():
    shared = [(at_us, msgspec.structs.replace(
        each, identifiers=(*each.identifiers, Identifier("anonymous_id", "tablet"))))
        for user in ("ann", "bob") for at_us, each in left_cart(user)]  # fmt: skip
    assert len({line.person for line in simulate_events(
        PROJECT, "welcome", sorted(shared, key=lambda one: one[0]), SPAN, 0)}) == 2  # fmt: skip


def test_the_log_is_played_without_what_the_platform_said():
    log = MemoryLog()
    for at_us, each in left_cart():
        log.append([Entry(event=each)], now_us=at_us)
    at_us, own = event("own", START + 2 * HOUR_US, "message.sent", source="_fold")
    log.append([Entry(event=own)], now_us=at_us)
    assert [each.name for _, each in recorded(log, 3)] == [
        "Identify", "Consent Updated", "Cart Updated",
    ]  # fmt: skip
    assert len(list(recorded(log, 0))) == 1


def test_what_was_imported_is_played_when_it_happened():
    log = MemoryLog()
    for _, each in left_cart():
        imported = msgspec.structs.replace(each, context={"auth": "import"})
        log.append([Entry(event=imported)], now_us=START + 20 * DAY_US)
    assert [at_us for at_us, _ in recorded(log, 9)] == [at_us for at_us, _ in left_cart()]


def test_exported_records_are_read_again():
    rows = [
        {"name": each.name, "occurred": rfc3339(at_us), "id": each.id, "source": each.source,
         "identifiers": [["user_id", "ann"]], "properties": each.properties,
         "traits": each.traits, "context": each.context}
        for at_us, each in left_cart()
    ]  # fmt: skip
    text = "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)
    told = read_lines(text, "x.ndjson")
    assert [each.name for _, each in told] == [each.name for _, each in left_cart()]
    assert simulate_events(PROJECT, "abandoned-cart", told, SPAN, 0) == simulate_events(
        PROJECT, "abandoned-cart", left_cart(), SPAN, 0
    )


def test_a_line_that_is_no_record_is_named():
    with pytest.raises(UsageError, match=r"x\.ndjson:2: this is no exported record"):
        read_lines('\n{"name": "Page"}\n', "x.ndjson")


def test_a_line_without_an_instant_is_named():
    row = '{"name":"P","occurred":"soon","id":"1","source":"shop_web","identifiers":[]}'
    with pytest.raises(UsageError, match="x:1: 'soon' is no instant"):
        read_lines(row, "x")


MONDAYS = """
entry: [{schedule: {cron: "0 9 * * MON", tz: Europe/Berlin, audience: newsletter}}]
reentry: {mode: always}
policy: {purpose: marketing}
steps:
  - {id: mail, send: {channel: email, template: welcome}}
"""


def test_a_schedule_asks_in_its_audience_at_every_slot():
    project = load({**SHOP, "journeys/mondays.yaml": MONDAYS})
    lines = simulate_events(project, "mondays", left_cart(), SPAN, 0)
    entered = [rfc3339(line.at_us) for line in lines if line.what == "entered"]
    assert entered == [f"2026-{day}T07:00:00Z" for day in ("09-28", "10-05", "10-12", "10-19")]


def test_the_laboratory_asks_in_at_the_same_slots():
    project = load({**SHOP, "journeys/mondays.yaml": MONDAYS})
    laboratory = Laboratory(project)
    for at_us, each in left_cart():
        laboratory.feed(each, at_us)
    laboratory.advance(SPAN.until_us)
    told = [line for line in laboratory.travelled() if line.place.startswith("mondays")]
    assert told == simulate_events(project, "mondays", left_cart(), SPAN, 0)
