"""The audit as a job: on its schedule, kept as records, compared with the one before (X4)."""

import pytest
from house import KEY, SHOP, House, compile_texts

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.runtime import auditing
from journeyfold.runtime.auditing import ALERTED, AUDITED, Auditing, is_due
from journeyfold.runtime.fold_loop import FoldLoop

WEEKLY = "0 4 * * MON"
MONDAY_US = 1_789_963_200_000_000  # 2026-09-21T04:00Z, a Monday


class Clock:
    def __init__(self, house):
        self._house = house

    def now_us(self):
        return self._house.now_us


class Process:
    def __init__(self, house):
        self.house, self.said = house, []
        clock = Clock(house)
        self.loop = FoldLoop(house.log, house.state, Engine(house.log, KEY, compile_texts), clock)
        self.auditing = Auditing(house.log, house.state, clock, KEY, self.said.append)

    def pass_by(self, us=0):
        """Look, and look again once the pass over the state is done."""
        self.house.now_us += us
        self.auditing._next_look_s = 0.0
        self.auditing.run(self.loop)
        self.auditing.close()
        self.auditing.run(self.loop)


@pytest.fixture
def process():
    house = House()
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    return Process(house)


def named(house, name):
    records = house.log.read(-1, 1_000)
    return [record for record in records if record.event.name == name]


def test_a_slot_that_has_passed_is_due_once():
    assert is_due(WEEKLY, "UTC", MONDAY_US - HOUR_US, MONDAY_US)
    assert not is_due(WEEKLY, "UTC", MONDAY_US, MONDAY_US + DAY_US)
    assert is_due(WEEKLY, "UTC", MONDAY_US, MONDAY_US + 8 * DAY_US)


def test_a_slot_is_in_the_zone_of_the_project():
    assert not is_due(WEEKLY, "America/New_York", MONDAY_US - HOUR_US, MONDAY_US)
    assert is_due(WEEKLY, "America/New_York", MONDAY_US - HOUR_US, MONDAY_US + 4 * HOUR_US)


def test_the_first_report_comes_at_the_first_slot(process):
    process.pass_by()
    assert named(process.house, AUDITED) == []
    process.pass_by(8 * DAY_US)
    (record,) = named(process.house, AUDITED)
    assert record.kind == "output"
    assert auditing.latest(process.house.log).audit.people == 1


def test_a_report_is_made_once_a_slot_and_compares_with_the_one_before(process):
    process.pass_by()
    process.pass_by(8 * DAY_US)
    process.pass_by(DAY_US)
    assert len(named(process.house, AUDITED)) == 1
    process.house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    process.pass_by(7 * DAY_US)
    assert auditing.latest(process.house.log).since.split == 1


def test_an_alert_is_a_record_of_its_own_and_is_said(process):
    process.pass_by()
    for user in ("ann", "bob"):
        process.house.track(
            "Identify", type_="identify", user=user, email=f"{user}@example.com",
            traits={"birth_date": user}, context={"auth": "server"},
        )  # fmt: skip
    process.house.track(
        "Identify", type_="identify", email="ann@example.com", traits={"birth_date": "x"}
    )
    process.pass_by(8 * DAY_US)
    (record,) = named(process.house, ALERTED)
    assert record.event.properties["alert"] == "disagreements"
    assert process.said == [f"identity audit: {record.event.properties['text']}"]


def test_a_second_report_of_a_date_is_the_one_of_that_date(process):
    house, log = process.house, process.house.log
    for _ in range(2):
        with house.state.read() as reader:
            made = auditing.make(reader, log, process.loop.engine.compiled, KEY, house.now_us)
        log.append(auditing.entries(made, log, house.now_us), now_us=house.now_us)
        house.track("Product Viewed", {"sku": "S"}, user="new")
    assert len(named(house, AUDITED)) == 2
    assert auditing.of_date(log, made.date).audit.people == 2
    assert auditing.of_date(log, "2020-01-01") is None


def test_no_schedule_is_no_report(process):

    files = {
        **SHOP.files,
        "identity.yaml": SHOP.files["identity.yaml"] + "\naudit: {schedule: null}\n",
    }
    process.house.now_us += 1
    process.house.activate(load(files))
    process = Process(process.house)
    process.pass_by()
    process.pass_by(30 * DAY_US)
    assert named(process.house, AUDITED) == []
