"""`journeyfold import` of all 541,909 lines, and what the shop then knows, against the raw file.

The clock of this project starts on 2011-12-10 and runs on, so figures are compared at the very
instants of the product: memberships at the instant of the quintile borders, features at that of
the export.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from examples.order_file import NOW_US, customers, invoices, rfm_scores, tier_of
from live import run_cli

from journeyfold.core.instant import DAY_US, instant_us

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "online-retail"
TIERS = {"champions", "loyal", "promising", "needs-attention", "hibernating"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def retail(shared_data):
    return shared_data / "retail" / "online_retail.parquet"


@pytest.fixture(scope="module")
def shop(tmp_path_factory, shared_data):
    """(directory, account of the import, account of a second one)."""
    directory = tmp_path_factory.mktemp("retail") / "shop"
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns(".journeyfold"))
    words = ("import", "shop_orders", "--json")
    once, again = (
        run_cli(directory, *words, JOURNEYFOLD_DATA=str(shared_data)).stdout for _ in range(2)
    )
    return directory, json.loads(once), json.loads(again)


@pytest.fixture(scope="module")
def exported(shop):
    """(customer → person, when the borders were cut, the records of orders and returns)."""
    directory, *_ = shop
    for what in ("people", "events"):
        run_cli(directory, "export", what, "--to", f"{what}.ndjson")
    people = [json.loads(line) for line in (directory / "people.ndjson").read_text().splitlines()]
    records = [json.loads(line) for line in (directory / "events.ndjson").read_text().splitlines()]
    (cut,) = [record for record in records if record["kind"] == "cutpoints"]
    orders = [record for record in records if record["source"] == "shop_orders"]
    return {named(person): person for person in people}, instant_us(cut["appended"]), orders


@pytest.fixture(scope="module")
def cut_figures(retail, exported):
    """The figures of the file at the instant of the cut."""
    return customers(retail, exported[1])


def test_every_line_and_invoice_has_one_fate(shop):
    _, report, _ = shop
    rows = ("rows_read", "rows_in_events", "rows_filtered", "rows_quarantined")
    assert [report[name] for name in rows] == [541_909, 406_829, 135_080, 0]
    events = ("received", "appended", "duplicate", "quarantined", "rejected")
    assert [report[name] for name in events] == [22_190, 22_190, 0, 0, 0]
    assert report["reasons"] == {"no_customer": 135_080}


def test_importing_again_appends_nothing(shop):
    _, _, again = shop
    assert (again["appended"], again["quarantined"], again["rejected"]) == (0, 0, 0)


def test_each_invoice_equals_the_file_in_customer_instant_lines_and_total(exported, retail):
    ours = {
        order["id"]: (
            int(order["identifiers"][0][1]),
            order["name"] == "Order Refunded",
            len(order["properties"]["products"]),
            instant_us(order["occurred"]),
            round(order["properties"]["total"] * 1_000_000),
        )
        for order in exported[2]
    }
    assert len(exported[2]) == len(ours)
    assert ours == invoices(retail)


def test_totals_are_exact_to_the_tenth_of_a_penny(exported):
    sums = {"Order Completed": 0, "Order Refunded": 0}
    for order in exported[2]:
        sums[order["name"]] += round(order["properties"]["total"] * 1_000_000)
    assert sums == {"Order Completed": 8_911_407_904_000, "Order Refunded": -611_342_090_000}


def test_the_people_are_the_customers_of_the_file(exported, cut_figures):
    assert exported[0].keys() == cut_figures.keys()
    assert len(exported[0]) == 4_372


def test_the_clock_stands_just_after_the_start_that_the_project_gives(exported):
    assert NOW_US <= exported[1] < NOW_US + DAY_US // 4


def test_the_features_of_every_customer_equal_the_file(exported, retail, cut_figures):
    people, cut_us, _ = exported
    later_us = passed_us(people, cut_figures)
    names = ("orders_365d", "orders_total", "refunds_total")
    sums = ("spend_365d", "spend_total", "refunded_total")
    ours = {
        customer: {name: person["features"][name] for name in names}
        | {f"{name}_micros": round(person["features"][name] * 1_000_000) for name in sums}
        | {"recency_us": person["features"]["last_order_ago"]}
        for customer, person in people.items()
    }
    assert ours == customers(retail, cut_us + later_us)


def test_the_fifths_of_every_customer_equal_the_file(exported, retail, cut_figures):
    people, cut_us, _ = exported
    then = customers(retail, cut_us + passed_us(people, cut_figures))
    ours = {
        customer: tuple(person["features"][name] for name in ("rfm_r", "rfm_f", "rfm_m"))
        for customer, person in people.items()
    }
    assert ours == rfm_scores(then, cut_figures)


def test_the_tier_of_every_customer_equals_the_file(exported, cut_figures):
    ours = {
        customer: next(iter(TIERS & set(person["segments"])), None)
        for customer, person in exported[0].items()
    }
    scores = rfm_scores(cut_figures)
    assert ours == {customer: tier_of(*score) for customer, score in scores.items()}


def test_who_has_not_ordered_for_thirty_days_equals_the_file(exported, cut_figures):
    ours = {c for c, person in exported[0].items() if "no-order-30d" in person["segments"]}
    assert ours == {
        customer
        for customer, figure in cut_figures.items()
        if figure["recency_us"] is None or figure["recency_us"] >= 30 * DAY_US
    }


def test_the_independent_figures_are_those_that_are_known(retail):
    figures = customers(retail)
    assert len(figures) == 4_372
    assert sum(f["orders_total"] > 0 for f in figures.values()) == 4_339
    assert sum(f["spend_total_micros"] > 0 for f in figures.values()) == 4_338


def test_the_independent_quintiles_split_spending_into_fifths(retail):
    scores = rfm_scores(customers(retail))
    sizes = [sum(m == level for _, _, m in scores.values()) for level in range(1, 6)]
    assert max(sizes) - min(sizes) <= 5
    assert {tier_of(*score) for score in scores.values()} >= {"champions", "loyal", "hibernating"}


def test_the_example_names_no_machine_path():
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and ".journeyfold" not in path.parts:
            assert os.sep + "work" + os.sep not in path.read_text(), path


def named(person):
    ((kind, customer),) = person["identifiers"]
    assert kind == "customer_id"
    return customer


def passed_us(people, figures):
    """How long after the cut the export read its clock: the same for everybody."""
    found = {
        person["features"]["last_order_ago"] - figures[customer]["recency_us"]
        for customer, person in people.items()
        if figures[customer]["recency_us"] is not None
    }
    (one,) = found
    assert one >= 0
    return one
