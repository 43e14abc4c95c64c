"""Rules about how many there are, what is nearly the same, and what has moved (Q31, Q36)."""

import random

import pytest
from quality_kit import Checked, opened

from journeyfold.collect.envelope import Draft
from journeyfold.collect.held import held
from journeyfold.collect.json_entry import Refused
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, instant_us, rfc3339
from journeyfold.core.ports import Entry
from journeyfold.quality.result import AUTO

FIRST = instant_us("2026-01-01T12:00:00Z")


class Hands:
    def __init__(self, at_us):
        self.at_us = at_us

    def now_us(self):
        return self.at_us


class Counted(Checked):
    """A shop whose days go by with so many orders of these totals."""

    def __init__(self, workspace):
        super().__init__(workspace)
        self.clock = workspace.clock = Hands(FIRST)

    def day(self, totals):
        entries = []
        for total in totals:
            self.number += 1
            event = Event(
                f"e{self.number}", "Order Completed", "track", "shop_server",
                (Identifier("user_id", "ann"),), self.clock.at_us, self.clock.at_us,
                properties={"total": total}, context={"auth": "server"},
            )  # fmt: skip
            entries.append(Entry(event, "event", self.number, (b"a" * 16,)))
        self.workspace.log.append(entries, now_us=self.clock.at_us)
        self.clock.at_us += DAY_US

    def hold(self, times):
        why = Refused("schema", "/properties/total", "not a number")
        entries = []
        for _ in range(times):
            self.number += 1
            event = Event(
                f"e{self.number}", "Order Completed", "track", "shop_server",
                (Identifier("user_id", "ann"),), self.clock.at_us, self.clock.at_us,
            )  # fmt: skip
            entries.append(held(Draft(event, self.number), why))
        self.workspace.log.append(entries, now_us=self.clock.at_us)

    def told(self, **asked):
        """Day → (status, detail)."""
        return {each.day: (each.status, each.detail) for each in self.run(**asked).found}


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    yield Counted(workspace)
    workspace.close()


def day(at):
    return rfc3339(FIRST + at * DAY_US)[:10]


def test_values_that_are_nearly_the_same_are_counted_as_pairs_and_shown(house):
    house.rules("""
        dataset: catalog
        tables: {catalog: tables/catalog.csv}
        rules: [{id: names, near_unique: {column: name}, min: 0.9}]
    """)
    house.file(
        "catalog.csv", "name\nWalking Shoe Berlin\nWalking Shoes Berlin\nRain Jacket\nTent\n"
    )
    found = house.one("names")
    assert (found.n, found.bad, found.status) == (4, 1, "fail")
    assert found.detail == "1 pair among 4 values"
    assert found.samples == ("Walking Shoe Berlin ~ Walking Shoes Berlin (0.95)",)


def test_a_day_without_a_row_is_missed_where_rows_are_expected(house):
    house.rules("dataset: events/Order Completed\nrules: [{id: some, rows: {min: 1, max: 2}}]\n")
    for orders in (1, 0, 3, 2):
        house.day([1.0] * orders)
    assert house.told() == {
        day(0): ("pass", "1 row"),
        day(1): ("fail", "0 rows where 1 to 2 are expected"),
        day(2): ("fail", "3 rows where 1 to 2 are expected"),
        day(3): ("pass", "2 rows"),
    }


def test_a_table_that_is_too_short_fails(house):
    house.rules("""
        dataset: catalog
        tables: {catalog: tables/catalog.csv}
        rules: [{id: full, RowCount: {min: 3}}]
    """)
    house.file("catalog.csv", "sku\na\nb\n")
    found = house.one("full")
    assert (found.source, found.status) == ("catalog", "fail")
    assert found.detail == "2 rows where at least 3 are expected"


def test_a_distribution_that_moves_is_found_on_its_day(house):
    house.rules("""
        dataset: events/Order Completed
        rules: [{id: totals, anomaly: {metric: distribution, column: total}}]
    """)
    chance = random.Random(7)
    for at in range(4):
        house.day([chance.gauss(150 if at == 3 else 100, 20) for _ in range(600)])
    found = house.told()
    assert found[day(0)] == ("empty", "fewer than 500 rows to compare")
    assert [found[day(at)][0] for at in (1, 2)] == ["pass", "pass"]
    assert found[day(3)][0] == "fail"
    assert found[day(3)][1].endswith("0.2 is the limit")
    assert house.told(since=AUTO)[day(3)] == found[day(3)], "a night says the same"


def test_a_share_in_quarantine_beyond_the_usual_is_unusual(house):
    house.rules("dataset: shop_server\nrules: [{id: held, anomaly: {metric: quarantined}}]\n")
    for at in range(60):
        house.day([1.0] * 20)
        house.clock.at_us -= DAY_US
        bad = 15 if at == 59 else 1
        house.hold(bad)
        house.clock.at_us += DAY_US
    found = house.told()
    assert found[day(58)][0] == "pass"
    assert found[day(59)][0] == "fail"
