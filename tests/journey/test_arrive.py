"""Entries by segments that have to hold, by schedules, and by the API (journeys E12, E36)."""

from __future__ import annotations

import pytest

from journeyfold.core.event import Record
from journeyfold.core.instant import rfc3339
from journeyfold.journey.control import entry_event

GERMAN = {"segments/german.yaml": "segments:\n  - {id: german, when: 'traits.country == \"DE\"'}\n"}
STAY = "steps: [{id: a, wait: {for: 30d}}]\n"
DWELL = "entry: [{segment: {id: german, min_dwell: 1h}}]\n" + STAY
WEEKLY = 'entry: [{schedule: {cron: "0 9 * * *", audience: german%s}}]\n' + STAY


def asked(it, event_id: str, entry: int | None = 0, at: str | None = None, **properties):
    """What the API and the platform append."""
    if at is not None:
        it.to(at, until_before=True)
    it.offset += 1
    event = entry_event("it", event_id, (), it.now_us, properties, entry)
    return it.fold(Record(it.offset, it.now_us, "event", event))


def refusals(it) -> list[str]:
    return [str(told["reason"]) for told in it.emitted("journey.refused")]


def test_who_stays_in_a_segment_long_enough_comes_in(rig):
    it = rig(DWELL, more=GERMAN)
    told = it.traits(country="DE")
    assert told == ["11-23T10:00:00 it enters at 2026-11-23T11:00:00Z if they stay"]
    assert it.to("2026-11-23T10:59:59Z") == []
    it.to("2026-11-23T11:00:00Z")
    assert rfc3339(it.running[0].entered_us) == "2026-11-23T11:00:00Z"


def test_jt10_who_flaps_within_a_second_comes_in_once_after_they_stayed(rig):
    it = rig(DWELL, more=GERMAN)
    for at, country in (
        ("00.2", "DE"),
        ("00.4", "FR"),
        ("00.6", "DE"),
        ("00.8", "FR"),
        ("01", "DE"),
    ):
        it.to(f"2026-11-23T10:00:{at}Z", until_before=True)
        it.traits(country=country)
    assert len(it.profile.pending) == 1
    it.to("2026-11-23T11:00:00Z")
    assert it.running == []
    it.to("2026-11-23T11:00:01Z")
    assert len(it.running) == 1
    assert len(it.emitted("journey.entered")) == 1


def test_who_left_before_does_not_come_in(rig):
    it = rig(DWELL, more=GERMAN)
    it.traits(country="DE")
    it.to("2026-11-23T10:30:00Z")
    it.traits(country="FR")
    it.to("2026-11-25T10:00:00Z")
    assert (it.running, it.profile.pending, it.profile.journeys_due_us) == ([], [], 0)


def test_leaving_a_segment_for_a_while_is_an_entry_too(rig):
    it = rig(DWELL.replace("id: german", "id: german, edge: left"), more=GERMAN)
    it.traits(country="DE")
    it.traits(country="FR")
    it.to("2026-11-23T11:00:00Z")
    assert it.steps == ["a"]


def test_who_is_in_a_segment_already_is_asked_in(rig):
    it = rig("entry: [{segment: {id: german, include_current: true}}]\n" + STAY, more=GERMAN)
    it.profile.memberships["german"] = it.profile.memberships.get("german") or _member(it)
    asked(it, "enter/it/v/p")
    assert it.steps == ["a"]
    asked(it, "enter/it/v/p")
    assert refusals(it) == ["active"]


def _member(it):
    from journeyfold.core.profile import Membership

    return Membership(it.now_us)


def test_who_has_left_meanwhile_is_not_asked_in(rig):
    it = rig("entry: [{segment: {id: german, include_current: true}}]\n" + STAY, more=GERMAN)
    asked(it, "enter/it/v/p")
    assert (it.running, refusals(it)) == ([], ["left"])


@pytest.fixture
def weekly(rig):
    """`weekly(more)`: a German, and a schedule for them."""

    def made(more: str = "", zone: str = "Europe/Berlin"):
        it = rig(WEEKLY % more, more=GERMAN)
        it.traits(country="DE", timezone=zone)
        it.lines.clear()
        return it

    return made


def test_a_schedule_by_own_clocks_lets_in_when_the_clock_shows_it(weekly):
    it = weekly()
    asked(it, "s1", slot="2026-11-24T09:00")
    assert it.running == []
    it.to("2026-11-24T07:59:59Z")
    assert it.running == []
    it.to("2026-11-24T08:00:00Z")
    assert it.running[0].entry["properties"] == {"slot": "2026-11-24T09:00"}


def test_who_moves_meanwhile_comes_in_by_their_new_clock(weekly):
    it = weekly()
    asked(it, "s1", slot="2026-11-24T09:00")
    it.traits(timezone="Asia/Tokyo")
    it.to("2026-11-24T00:00:00Z")
    assert it.steps == ["a"]


@pytest.mark.parametrize(
    ("at", "steps", "told"),
    [("09:00", ["a"], []), ("09:00:01", [], ["missed"])],
)
def test_a_slot_that_has_passed_runs_once_while_it_is_young_enough(weekly, at, steps, told):
    it = weekly()
    asked(it, "s1", slot="2026-11-24T09:00", at=f"2026-11-24T{at}{':00' if len(at) < 6 else ''}Z")
    assert (it.steps, refusals(it)) == (steps, told)


def test_jt30_a_slot_in_a_gap_comes_an_hour_later(weekly):
    it = weekly()
    asked(it, "s1", slot="2027-03-28T02:30")
    it.to("2027-03-28T01:29:59Z")
    assert it.running == []
    it.to("2027-03-28T01:30:00Z")
    assert it.steps == ["a"]


def test_a_schedule_of_one_zone_lets_in_at_once_when_it_is_asked(weekly):
    it = weekly(", tz: Asia/Tokyo")
    asked(it, "s1", slot="2026-11-24T09:00", at="2026-11-24T06:00:00Z")
    assert it.steps == ["a"]


def test_who_left_the_audience_before_their_clock_showed_it_stays_out(weekly):
    it = weekly()
    asked(it, "s1", slot="2026-11-24T09:00")
    it.traits(country="FR")
    it.to("2026-11-24T10:00:00Z")
    assert (it.running, refusals(it)) == ([], ["left"])


def test_the_api_lets_in_by_its_own_entry_and_by_no_other(rig):
    entries = "entry: [{segment: {id: german}}, {api: true, key: as_string(properties.order)}]\n"
    it = rig(entries + STAY, more=GERMAN)
    asked(it, "r1", None, order="o1")
    assert [(run.key, run.entry["id"]) for run in it.running] == [("o1", "r1")]


def test_the_same_request_is_the_same_run(rig):
    one, other = (rig("entry: [{api: true}]\n" + STAY) for _ in range(2))
    other.now_us += 5_000_000
    for it in (one, other):
        asked(it, "r1", None)
    assert one.running[0].id == other.running[0].id


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ('{cron: "0 9 * *", audience: german}', "has 4 fields, not 5"),
        ('{cron: "*/5 * * * *", audience: german}', "at most 24 times a day"),
        ('{cron: "0 9 * * *", tz: EST, audience: german}', "'EST' is no time zone"),
        ('{cron: "0 9 * * *", audience: gremany}', "unknown segment 'gremany'"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_found(rig, schedule, words):
    from journeyfold.core.errors import ProjectError

    with pytest.raises(ProjectError) as raised:
        rig(f"entry: [{{schedule: {schedule}}}]\n" + STAY, more=GERMAN)
    assert words in str(raised.value)
