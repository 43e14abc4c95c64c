"""People whom the platform lets into journeys: by a segment they are in, and by schedules."""

import pytest
from house import House, compile_texts, everything

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US, instant_us, rfc3339
from journeyfold.journey.control import command
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.admitting import Admitting
from journeyfold.runtime.fold_loop import FoldLoop

KEY = bytes(32)
STEPS = "steps: [{id: a, wait: {for: 30d}}]\n"
CURRENT = "entry: [{segment: {id: german, include_current: true}}]\n" + STEPS
DAILY = 'entry: [{schedule: {cron: "0 9 * * *", audience: german, tz: %s}}]\n' + STEPS
NOON = instant_us("2026-11-23T12:00:00Z")


def project(journey, settings=""):
    own = ("journeys/", "templates/", "tests/")
    files = {p: text for p, text in template_files("shop").items() if not p.startswith(own)}
    files["segments/german.yaml"] = (
        "segments:\n  - {id: german, when: 'traits.country == \"DE\"'}\n"
    )
    return load(files | ({"journeys/it.yaml": journey} if journey else {}))


class Clock:
    def __init__(self, house):
        self._house = house

    def now_us(self):
        return self._house.now_us


class Process:
    """A life of `work` beside a house; another one knows only what was kept."""

    def __init__(self, house, people_per_s=500):
        self.house, self.clock = house, Clock(house)
        engine = Engine(house.log, KEY, compile_texts)
        self.loop = FoldLoop(house.log, house.state, engine, self.clock)
        self.admitting = Admitting(
            house.log, house.log.marks, house.state, self.clock,
            people_per_s=people_per_s, monotonic_s=lambda: house.now_us / SECOND_US,
        )  # fmt: skip

    def live(self, us, step_us=SECOND_US):
        """Time passes, a step at a time; the fold and the clock's ticks as in `work`."""
        until_us = self.house.now_us + us
        while self.house.now_us < until_us:
            self.house.now_us = min(until_us, self.house.now_us + step_us)
            self.loop.tick()
            self.fold()
            self.admitting.run(self.loop)
            self.fold()

    def fold(self):
        while self.loop.batch(500)[0]:
            pass


def people(journey="", number=20):
    house = House(project(journey))
    house.now_us = NOON
    house.activate(project(journey))
    zones = ["Europe/Berlin", "Asia/Tokyo"]
    for n in range(number):
        house.track(
            "Identify", type_="identify", user=f"u{n}",
            traits={"country": "DE" if n % 2 else "FR", "timezone": zones[n // 2 % 2]},
        )  # fmt: skip
    return house


def entered(house):
    """When each person came in."""
    return {
        n: rfc3339(runs[0].entered_us)
        for n in range(200)
        if (person := house.person("user_id", f"u{n}")) is not None and (runs := person.journeys)
    }


def asked(house):
    return [r for r in house.log.read(-1, 10_000) if r.event.name == "journey.enter"]


def test_who_is_in_the_segment_is_let_in_when_the_journey_is_published():
    house = people()
    house.now_us += MINUTE_US
    house.activate(project(CURRENT))
    Process(house).live(5 * SECOND_US)
    assert sorted(entered(house)) == list(range(1, 20, 2))
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_jt11_a_look_that_is_killed_goes_on_where_it_was_and_lets_nobody_in_twice():
    house = people(number=120)
    house.now_us += MINUTE_US
    house.activate(project(CURRENT))
    for _ in range(20):
        Process(house, people_per_s=10).live(SECOND_US)
    assert len(entered(house)) == 60
    assert len(asked(house)) == 60


def test_no_more_are_let_in_a_second_than_is_allowed():
    house = people(number=120)
    house.now_us += MINUTE_US
    house.activate(project(CURRENT))
    process = Process(house, people_per_s=10)
    process.live(3 * SECOND_US)
    assert 20 <= len(asked(house)) <= 30
    process.live(10 * SECOND_US)
    assert len(asked(house)) == 60


def test_everybody_is_asked_once_a_version():
    house = people()
    house.now_us += MINUTE_US
    house.activate(project(CURRENT))
    Process(house).live(5 * SECOND_US)
    Process(house).live(5 * SECOND_US)
    assert len(asked(house)) == 10
    house.activate(project(CURRENT.replace("30d", "29d")))
    Process(house).live(5 * SECOND_US)
    assert len(asked(house)) == 20


def test_a_schedule_by_own_clocks_lets_each_in_at_their_time():
    house = people(DAILY % "person")
    Process(house).live(2 * DAY_US, 10 * MINUTE_US)
    found = entered(house)
    assert {found[n] for n in (1, 5)} == {"2026-11-24T08:00:00Z"}
    assert {found[n] for n in (3, 7)} == {"2026-11-24T00:00:00Z"}
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_a_schedule_of_one_zone_lets_all_in_at_its_time():
    house = people(DAILY % "Europe/Berlin")
    Process(house).live(DAY_US, 10 * MINUTE_US)
    assert set(entered(house).values()) == {"2026-11-24T08:00:00Z"}


@pytest.mark.parametrize(("late_us", "slots"), [(50 * MINUTE_US, 1), (2 * HOUR_US, 0)])
def test_a_slot_missed_in_downtime_runs_once_if_it_is_young_enough(late_us, slots):
    house = people(DAILY % "Europe/Berlin")
    Process(house).live(MINUTE_US)
    house.now_us = instant_us("2026-11-24T08:00:00Z") + late_us
    process = Process(house)
    process.live(5 * SECOND_US)
    assert len(asked(house)) == slots * 10
    missed = [
        r.event.properties for r in house.log.read(-1, 10_000) if r.event.name == "journey.missed"
    ]
    assert missed == ([] if slots else [{"journey": "it", "slot": "2026-11-24T09:00"}])


def test_a_schedule_runs_day_after_day_and_once_a_day():
    house = people((DAILY % "Europe/Berlin").replace("30d", "1h"))
    Process(house).live(3 * DAY_US, 15 * MINUTE_US)
    assert len(asked(house)) == 30


def test_nobody_is_asked_into_a_paused_journey():
    house = people(DAILY % "Europe/Berlin")
    house.append(command("pause", "it", house.now_us, "test"), "journey")
    Process(house).live(DAY_US, 10 * MINUTE_US)
    assert asked(house) == []
