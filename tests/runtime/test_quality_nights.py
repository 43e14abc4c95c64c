"""What a night's run knows of the days before it, and what stays where it cannot run (Q15, Q36)."""

import pytest
from quality_kit import Checked, opened

from journeyfold.adapters.quality_store import QualityStore
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, instant_us, rfc3339
from journeyfold.core.ports import Entry
from journeyfold.project.quality_report import rule_lines
from journeyfold.quality.result import AUTO

FIRST = instant_us("2026-01-01T12:00:00Z")
VOLUME = """
    dataset: events/Order Completed
    rules: [{id: volume, anomaly: {metric: rows}}]
"""
SKUS = """
    dataset: events/Sold
    tables: {catalog: tables/catalog.csv}
    rules: [{id: sku, references: {column: sku, to: catalog.sku}}]
"""


class Hands:
    def __init__(self, at_us):
        self.at_us = at_us

    def now_us(self):
        return self.at_us


class Nights(Checked):
    """A shop whose days go by, each with its orders and its night's run."""

    def __init__(self, workspace):
        super().__init__(workspace)
        self.clock = workspace.clock = Hands(FIRST)

    def day(self, orders):
        entries = []
        for _ in range(orders):
            self.number += 1
            event = Event(
                f"e{self.number}", "Order Completed", "track", "shop_server",
                (Identifier("user_id", "ann"),), self.clock.at_us, self.clock.at_us,
                context={"auth": "server"},
            )  # fmt: skip
            entries.append(Entry(event, "event", self.number, (b"a" * 16,)))
        self.workspace.log.append(entries, now_us=self.clock.at_us)
        self.clock.at_us += DAY_US

    def lines(self):
        store = QualityStore(self.workspace.place.data, self.workspace.keyring)
        try:
            return rule_lines(self.workspace.project_in_force(), store.results())
        finally:
            store.close()


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    yield Nights(workspace)
    workspace.close()


def test_a_night_compares_its_days_with_all_that_earlier_runs_counted(house):
    house.rules(VOLUME)
    for _ in range(70):
        house.day(orders=5)
    house.run(since=AUTO)
    house.day(orders=50)
    found = [each for each in house.run(since=AUTO).found if each.status == "fail"]
    assert [each.day for each in found] == [rfc3339(FIRST + 70 * DAY_US)[:10]]
    assert found[0].detail.startswith("50 where 5 was expected")


def test_nights_judge_a_day_as_a_run_over_everything_does(house):
    house.rules(VOLUME)
    by_night = {}
    for at in range(75):
        house.day(orders=4 + at % 3 + 20 * (at == 72))
        if at > 60:
            by_night |= {
                each.day: (each.status, each.detail) for each in house.run(since=AUTO).found
            }
    whole = {each.day: (each.status, each.detail) for each in house.run().found}
    assert len(by_night) > 14
    assert {day: whole[day] for day in by_night} == by_night


def test_a_rule_that_was_never_run_looks_at_everything_the_first_night(house):
    house.rules("dataset: shop_server\nrules: [{id: id, completeness: event.id}]\n")
    for _ in range(10):
        house.day(orders=1)
    house.run(since=AUTO)
    house.rules(VOLUME)
    found = house.run(since=AUTO)
    assert found.run.since == ""
    assert house.run(since=AUTO).run.since > ""


def test_a_rule_that_cannot_be_run_keeps_what_it_found_and_says_how_old_it_is(house):
    house.rules(SKUS)
    house.file("catalog.csv", "sku\na\n")
    house.order({"sku": "a"}, name="Sold", day=1)
    house.order({"sku": "b"}, name="Sold", day=1)
    at_us = house.clock.at_us
    house.run()
    (house.workspace.place.directory / "tables" / "catalog.csv").unlink()
    house.clock.at_us += HOUR_US
    house.run()
    (line,) = house.lines()
    assert (line.status, line.n, line.bad, line.at_us) == ("error", 2, 1, at_us)
    assert line.detail == "the table tables/catalog.csv is not there"


def test_a_rule_that_can_be_run_again_is_no_error_any_more(house):
    house.rules(SKUS)
    house.order({"sku": "a"}, name="Sold", day=1)
    house.run()
    (line,) = house.lines()
    assert (line.status, line.n) == ("error", 0)
    house.file("catalog.csv", "sku\na\n")
    house.run()
    (line,) = house.lines()
    assert (line.status, line.n, line.source) == ("pass", 1, "shop_server")


def test_a_table_is_judged_as_it_is_and_not_added_to_what_it_was(house):
    house.rules("""
        dataset: catalog
        tables: {catalog: tables/catalog.csv}
        rules: [{id: priced, completeness: price}]
    """)
    house.file("catalog.csv", "sku,price\na,1\nb,\n")
    house.run(since=AUTO)
    house.clock.at_us += 30 * DAY_US
    house.file("catalog.csv", "sku,price\na,1\nb,2\n")
    house.run(since=AUTO)
    (line,) = house.lines()
    assert (line.status, line.n, line.bad, line.days) == ("pass", 2, 0, 2)
