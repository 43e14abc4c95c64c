"""Rules over a real log: results by rule, UTC day and source (quality 2.2)."""

import os
import signal
import subprocess
import sys
import time

import pytest
from quality_kit import ORDERS, Checked, opened, silent

from journeyfold.adapters.quality_store import QualityStore
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event
from journeyfold.core.instant import instant_us
from journeyfold.core.ports import Entry
from journeyfold.project.quality_report import rule_lines, score_lines
from journeyfold.quality.result import Asked
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.quality_job import run_in_child


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    yield Checked(workspace)
    workspace.close()


def test_every_utc_day_and_source_is_judged_by_itself(house):
    house.rules(ORDERS)
    house.order({"total": 10.0})
    house.order({}, source="shop_web")
    house.order({"total": -1.0}, day=2)
    assert house.counts("total") == {
        ("shop_server", "2026-03-01"): (1, 0, "pass"),
        ("shop_server", "2026-03-02"): (1, 0, "pass"),
        ("shop_web", "2026-03-01"): (1, 1, "fail"),
    }
    assert house.counts("amount")["shop_server", "2026-03-02"] == (1, 1, "fail")


def test_a_row_that_repeats_one_of_an_earlier_day_counts_on_its_own_day(house):
    house.rules(ORDERS)
    for day in (1, 2, 2):
        house.order({"order_id": "o1"}, day=day)
    found = house.counts("once")
    assert [found["shop_server", f"2026-03-0{day}"][:2] for day in (1, 2)] == [(1, 0), (2, 2)]


def test_a_condition_narrows_what_a_rule_is_about(house):
    house.rules(ORDERS)
    house.order({"total": 200.0})
    house.order({"total": 5.0})
    assert house.counts("big") == {("shop_server", "2026-03-01"): (1, 1, "fail")}


def test_what_breaks_a_rule_is_named_by_the_ids_of_its_events(house):
    house.rules(ORDERS)
    house.order({"total": 1.0})
    house.order({})
    assert next(each for each in house.run().found if each.rule == "total").samples == ("e2",)


def test_a_rule_over_no_rows_is_empty_and_stands_in_no_score(house):
    house.rules(ORDERS)
    found = house.run().found
    assert {each.status for each in found} == {"empty"}
    (score,) = score_lines(rule_lines(house.workspace.project_in_force(), found), {})
    assert score.score is None


def test_the_days_of_a_run_add_up_to_one_look_at_all_of_them(house):
    house.rules(ORDERS)
    for number in range(20):
        house.order({"total": 1.0} if number % 3 else {}, day=1 + number % 5)
    found = house.run().found
    line = next(
        each
        for each in rule_lines(house.workspace.project_in_force(), found)
        if each.rule == "total"
    )
    assert (line.n, line.bad, line.days) == (20, 7, 5)


def stored(workspace, *, plain=True):
    store = QualityStore(workspace.place.data, workspace.keyring)
    rows = store.results()
    store.close()
    return (
        [(each.rule, each.source, each.day, each.n, each.bad, each.samples) for each in rows]
        if plain
        else rows
    )


def test_a_run_that_is_done_again_writes_the_same_rows(house):
    house.rules(ORDERS)
    for day in (1, 2):
        house.order({}, day=day)
    house.run()
    first = stored(house.workspace)
    house.run()
    assert stored(house.workspace) == first


def test_a_run_since_a_day_leaves_the_days_before_alone(house):
    house.rules(ORDERS)
    house.order({}, day=1)
    house.run()
    house.order({}, day=1)
    house.order({}, day=3)
    assert ("shop_server", "2026-03-01") not in house.counts("total", since="2026-03-02")
    days = {(row[2], row[3]) for row in stored(house.workspace) if row[0] == "total"}
    assert days == {("2026-03-01", 1), ("2026-03-03", 1)}


def test_a_killed_run_is_taken_up_with_its_watermark(house):
    house.rules(ORDERS)
    house.order({"order_id": "o1"})
    place = house.workspace.place
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from journeyfold.runtime import quality_run\n"
        "from journeyfold.runtime.workspace import Place, Workspace\n"
        "quality_run.judge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "place = Place(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "quality_run.run_rules(Workspace.of_running(place), quality_run.Asked(), print)\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code, str(place.directory), str(place.data)], check=False,
        capture_output=True,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL
    head, _ = house.workspace.log.head()
    house.order({})
    done = house.run()
    assert (done.run.watermark, sum(each.n for each in done.found if each.rule == "total")) == (
        head,
        1,
    )
    assert house.run().run.watermark == head + 1


def test_a_child_gives_the_same_answer_and_leaves_no_rows_of_people_behind(house):
    house.rules(ORDERS)
    house.order({"total": 1.0})
    found = run_in_child(house.workspace.place, Asked(), silent).found
    assert [(each.rule, each.n, each.bad) for each in found] == [
        (each.rule, each.n, each.bad) for each in house.run().found
    ]
    assert not list(house.workspace.place.run.glob("quality-*"))


def test_a_dataset_without_rules_is_refused_in_the_child_as_well(house):
    house.rules(ORDERS)
    with pytest.raises(UsageError, match="no rule is about 'orders'"):
        run_in_child(house.workspace.place, Asked("orders"), silent)


def test_the_rules_of_a_file_that_is_gone_leave_with_the_next_run(house):
    house.rules(ORDERS)
    house.order({})
    house.run()
    house.rules(ORDERS.replace("id: amount", "id: sum"))
    house.run()
    assert {row[0] for row in stored(house.workspace)} == {"total", "sum", "once", "big", "sane"}


# --- tables -------------------------------------------------------------------------------------


TABLES = """
    dataset: events/Sold
    key: [order_id]
    tables: {catalog: tables/catalog.csv, erp: tables/erp.csv}
    rules:
      - {id: sku, references: {column: sku, to: catalog.sku}, max_orphans: 0.4}
      - {id: price, accurate: {column: price, to: catalog.price, key: sku}, min: 0.5}
      - {id: daily, reconcile: {with: erp, by: [day], sum: total, tolerance: 1%}}
"""
CATALOG = "sku,price\na,1\nb,2\n"


def test_values_that_refer_to_nothing_are_counted_and_shown(house):
    house.rules(TABLES)
    house.file("catalog.csv", CATALOG)
    for sku in ("a", "b", "z", None):
        house.order(name="Sold", properties={"sku": sku})
    found = house.one("sku")
    assert (found.n, found.bad, found.status, found.samples) == (3, 1, "pass", ("z",))


def test_values_are_held_against_a_reference_with_an_interval(house):
    house.rules(TABLES)
    house.file("catalog.csv", CATALOG)
    for sku, price in (("a", "1"), ("b", "3"), ("z", "1")):
        house.order(name="Sold", properties={"sku": sku, "price": price})
    found = house.one("price")
    assert (found.n, found.bad, found.status) == (2, 1, "pass")
    assert found.detail == "95 % interval 9.5% to 90.5%"
    assert found.samples == ("b: 3, reference 2",)


def test_sums_by_day_are_reconciled_and_what_differs_is_listed(house):
    house.rules(TABLES)
    house.file("catalog.csv", CATALOG)
    house.file("erp.csv", "day,total\n2026-03-01,100\n2026-03-02,50\n2026-03-09,7\n")
    house.order(name="Sold", properties={"total": 99.5})
    house.order(name="Sold", properties={"total": 20.0}, day=2)
    house.order(name="Sold", properties={"total": 1.0}, day=3)
    found = house.one("daily")
    assert (found.n, found.bad, found.status) == (4, 3, "fail")
    assert found.samples == (
        "2026-03-02: total 20.000000 here, 50.000000 there",
        "2026-03-03 is missing in erp",
        "2026-03-09 is missing here",
    )


def test_days_are_those_of_the_projects_time_zone(house):
    house.rules(TABLES)
    house.file("catalog.csv", CATALOG)
    house.file("erp.csv", "day,total\n2026-03-02,5\n")
    late = Event(
        "late", "Sold", "track", "shop_server", (), instant_us("2026-03-01T23:30:00Z"),
        instant_us("2026-03-01T23:30:00Z"), properties={"total": 5.0},
    )  # fmt: skip
    house.workspace.log.append([Entry(late, "event", 1)], now_us=house.workspace.clock.now_us())
    assert house.one("daily").status == "pass"


def test_rows_of_two_systems_are_compared_by_key(house):
    house.file("crm.csv", "customer_id,city\nc1,Bonn\nc2,Kiel\nc3,Ulm\n")
    house.file("erp.csv", "customer_id,city\nc1,Bonn\nc2,Köln\nc4,Jena\n")
    house.rules("""
        dataset: crm
        key: [customer_id]
        tables: {crm: tables/crm.csv, erp: tables/erp.csv}
        rules: [{id: same, reconcile: {with: erp, compare: [city]}, min: 0.9}]
    """)
    found = house.one("same")
    assert (found.n, found.bad, found.status) == (4, 3, "fail")
    assert found.samples == (
        "c2: city Kiel here, Köln there", "c3 is missing in erp", "c4 is missing here",
    )  # fmt: skip
    assert found.detail == "1 missing here, 1 missing there, 1 differ"


def test_a_table_that_is_not_there_is_an_error_and_the_other_rules_are_run(house):
    house.rules(TABLES)
    house.order({"sku": "a"}, name="Sold")
    found = {each.rule: each for each in house.run().found}
    assert found["sku"].status == "error"
    assert found["sku"].detail == "the table tables/catalog.csv is not there"


def test_a_condition_about_a_table_reads_its_rows(house):
    house.file("catalog.csv", "sku,price\na,1\nb,-2\nc,\n")
    house.rules("""
        dataset: catalog
        key: [sku]
        tables: {catalog: tables/catalog.csv}
        rules: [{id: price, check: as_float(row.price) > 0.0}, {id: sku, unique: [sku]}]
    """)
    found = house.one("price")
    assert (found.n, found.bad, found.samples) == (3, 2, ("b", "c")), found.detail


# --- people -------------------------------------------------------------------------------------


def test_people_are_judged_by_the_conditions_of_segments(house):
    house.rules("""
        dataset: profiles
        rules:
          - {id: email, valid: traits.email, as: email}
          - {id: known, check: traits.email is not None or features.orders > 0}
    """)
    traits = {"email": "ann@example.com"}
    house.order(name="Identify", traits=traits, user="ann")
    house.order(name="Identify", traits={"email": "nonsense"}, user="bobby")
    fold_to_head(house.workspace, lambda _done, _total: None)
    found = {each.rule: each for each in house.run().found}
    assert (found["email"].n, found["email"].bad) == (2, 1)
    assert found["email"].samples[0].startswith("p_")
    assert (found["known"].n, found["known"].bad) == (2, 0)


def test_sources_that_say_different_things_of_a_person_are_shown_by_pairs(house):
    house.rules("""
        dataset: profiles
        rules: [{id: plz, agree: {trait: postcode, across: [shop_web, shop_server]}, min: 0.9}]
    """)
    for user, web, server in (
        ("ann", "10115", "10115 "),
        ("bobby", "53111", "53113"),
        ("c", "1", None),
    ):
        for source, value in (("shop_web", web), ("shop_server", server)):
            if value:
                house.order(name="Identify", traits={"postcode": value}, user=user, source=source)
    fold_to_head(house.workspace, lambda _done, _total: None)
    found = house.one("plz")
    assert (found.n, found.bad, found.status) == (2, 1, "fail")
    assert found.detail == "shop_server and shop_web: 1 of 2 the same"
    assert "shop_server 53113, shop_web 53111" in found.samples[0]


def test_a_child_ends_with_its_parent(house):
    house.rules(ORDERS)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from journeyfold.quality.result import Asked\n"
        "from journeyfold.runtime import quality_job\n"
        "from journeyfold.runtime.workspace import Place\n"
        "job = quality_job.RunningJob(Place(Path(sys.argv[1]), Path(sys.argv[2])), Asked())\n"
        "print(job._process.pid, flush=True); import os; os._exit(0)\n"
    )
    place = house.workspace.place
    told = subprocess.run(
        [sys.executable, "-c", code, str(place.directory), str(place.data)], check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(int(told.stdout), 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the child lives on")


def test_the_lines_count_the_days_that_the_run_found_failing(house):
    house.rules(ORDERS)
    for day, total in ((1, -1.0), (2, 5.0), (3, -1.0), (4, 5.0)):
        house.order({"total": total}, day=day)
    done = house.run()
    lines = rule_lines(house.workspace.project_in_force(), done.found)
    assert sum(line.failing for line in lines) == done.run.told["fail"]
    (amount,) = (line for line in lines if line.rule == "amount")
    assert (amount.failing, amount.failed_day, amount.days) == (2, "2026-03-03", 4)
