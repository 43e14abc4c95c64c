"""The example project against the raw file, computed independently in DuckDB (collect section 7)."""

import importlib.util
import math
import os
import sys
from pathlib import Path

import duckdb
import msgspec
import pytest

from journeyfold.adapters.memory import MemoryState
from journeyfold.collect.batch import cursor_name, run_import
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, instant_us
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of, person_id
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine, standing
from journeyfold.project.load import load, read_directory
from journeyfold.project.people import decode_profile, profile_of
from journeyfold.segment.cutpoints import quintile_cuts

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "online-retail"
NOW_US = instant_us("2011-12-10T00:00:00Z")
NODE_KEY = bytes(32)

_PATH = ROOT / "tests" / "collect" / "import_kit.py"
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

# London's summer time of 2011 began on 27 March at 01:00 and ended on 30 October at 02:00, when the
# first of two equal hours counts; written out here so that nothing is shared with the product.
INVOICES = """
    SELECT
        invoice_no,
        any_value(customer_id) AS customer,
        starts_with(invoice_no, 'C') AS is_return,
        count(*) AS lines,
        epoch_us(min(invoice_date) - CASE
            WHEN min(invoice_date) >= TIMESTAMP '2011-03-27 01:00'
             AND min(invoice_date) <  TIMESTAMP '2011-10-30 02:00' THEN INTERVAL 1 HOUR
            ELSE INTERVAL 0 HOUR END) AS at_us,
        CAST(sum(CAST(quantity AS DECIMAL(18, 0)) * CAST(unit_price AS DECIMAL(18, 3))) * 1000000
             AS BIGINT) AS micros
    FROM read_parquet($file)
    WHERE customer_id IS NOT NULL
    GROUP BY invoice_no
"""


def invoices(file):
    """invoice → (customer, is a return, lines, instant, total in micro-units)."""
    with duckdb.connect() as connection:
        rows = connection.execute(INVOICES, {"file": str(file)}).fetchall()
    return {number: tuple(rest) for number, *rest in rows}


def customers(file, now_us=NOW_US):
    """customer → figures as of `now_us`: recency_us (or None), counts, sums in micro-units."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            SELECT customer,
                $now - max(at_us) FILTER (WHERE NOT is_return),
                count(*) FILTER (WHERE NOT is_return AND at_us > $now - $year AND at_us <= $now),
                coalesce(sum(micros) FILTER (
                    WHERE NOT is_return AND at_us > $now - $year AND at_us <= $now), 0),
                count(*) FILTER (WHERE NOT is_return),
                coalesce(sum(micros) FILTER (WHERE NOT is_return), 0),
                count(*) FILTER (WHERE is_return),
                coalesce(sum(micros) FILTER (WHERE is_return), 0)
            FROM ({INVOICES}) GROUP BY customer
            """,
            {"file": str(file), "now": now_us, "year": 365 * DAY_US},
        ).fetchall()
    names = (
        "recency_us", "orders_365d", "spend_365d_micros", "orders_total", "spend_total_micros",
        "refunds_total", "refunded_total_micros",
    )  # fmt: skip
    return {
        str(customer): dict(
            zip(names, (None if v is None else int(v) for v in values), strict=True)
        )
        for customer, *values in rows
    }


def cuts_of(values):
    """Segments F5: cut k is the value at ceil(k·n/5), counted from 1."""
    ordered = sorted(values)
    return [ordered[math.ceil(k * len(ordered) / 5) - 1] for k in range(1, 5)]


def rfm_scores(figures):
    """customer → (r, f, m), each 1-5 or None, by the definition and nothing of the product."""
    columns = {"recency_us": True, "orders_365d": False, "spend_365d_micros": False}
    cuts = {
        name: cuts_of([f[name] for f in figures.values() if f[name] is not None])
        for name in columns
    }

    def score(name, value, falling):
        if value is None:
            return None
        above = sum(cut < value for cut in cuts[name])
        return 5 - above if falling else 1 + above

    return {
        customer: tuple(score(name, f[name], falling) for name, falling in columns.items())
        for customer, f in figures.items()
    }


def tier_of(r, f, m):
    """The tiers of segments/rfm.yaml; a null decides nothing."""
    if None in (r, f, m):
        return None
    if r >= 4 and f >= 4 and m >= 4:
        return "champions"
    if r >= 3 and f >= 3:
        return "loyal"
    if f <= 2:
        return "promising" if r >= 4 else "needs-attention" if r == 3 else "hibernating"
    return None


@pytest.fixture(scope="module")
def retail(shared_data):
    return shared_data / "retail" / "online_retail.parquet"


@pytest.fixture(scope="module")
def figures(retail):
    return customers(retail)


@pytest.fixture(scope="module")
def project():
    return load(read_directory(EXAMPLE))


@pytest.fixture(scope="module")
def imported(project, shared_data):
    """The shop's log after the project's activation and the import, and the account of it."""
    source = project.sources["shop_orders"]
    shop = kit.Shop(EXAMPLE, msgspec.to_builtins(source.read))
    shop.now_us = NOW_US
    shop.gate = kit.gate_of(
        source, kit.load_registry(project.schemas), protect=kit.allow_all, nodes_of=kit.nodes_of
    )  # fmt: skip
    record(shop.log, "project", "project.activated", {"hash": project.hash, "files": project.files})
    return shop, import_into(shop, shared_data)


def record(log, kind, name, properties):
    event = Event(name, name, "system", "_system", (), NOW_US, NOW_US, properties)
    log.append([Entry(event, kind)], now_us=NOW_US)


@pytest.fixture(scope="module")
def people(imported, figures):
    """customer → (profile, features), folded from the log with cuts of the whole population."""
    shop, _ = imported
    state = MemoryState()
    engine = Engine(shop.log, NODE_KEY, lambda files: compile_project(load(files)))
    with state.read() as reader:
        engine.open(reader)
    fold_all(engine, state, shop.log)
    with state.read() as reader:
        profiles = [decode_profile(raw) for _, raw in reader.scan("profile")]
    names = ["rfm_r", "rfm_f", "rfm_m"]
    values = [engine.compiled.quintile_values(profile, NOW_US, names) for profile in profiles]
    cuts = {name: list(quintile_cuts([v.get(name) for v in values])) for name in names}
    record(shop.log, "cutpoints", "cutpoints.updated", {"cuts": cuts})
    fold_all(engine, state, shop.log)
    found = {}
    with state.read() as reader:
        for customer in figures:
            node = node_of(Identifier("customer_id", customer), NODE_KEY)
            profile = profile_of(reader, person_id(node))
            found[customer] = profile, engine.compiled.feature_values(profile, NOW_US)
    return found


def fold_all(engine, state, log):
    with state.read() as reader:
        after = standing(reader).offset
    while records := log.read(after, 2_000):
        with state.write() as writer:
            engine.fold(writer, records)
        after = records[-1].offset


def orders_of(shop):
    return [event for event in shop.events if event.source == "shop_orders"]


def import_into(shop, data):
    return run_import(
        shop.gate,
        shop.append,
        directory=EXAMPLE,
        received_us=NOW_US,
        cursor=shop.log.marks.cursor(cursor_name(shop.gate.source)),
        resolve=lambda text: text.replace("${env:JOURNEYFOLD_DATA}", str(data)),
    )


def test_every_line_and_invoice_has_one_fate(imported):
    _, account = imported
    assert account.rows_read == 541_909
    assert account.units == 25_900
    assert (account.appended, account.filtered) == (22_190, 3_710)
    assert (account.rows_in_events, account.rows_filtered) == (406_829, 135_080)
    assert (account.duplicate, account.quarantined, account.rejected) == (0, 0, 0)
    assert [(r.reason, r.units, r.rows) for r in account.reasons] == [
        ("no_customer", 3_710, 135_080)
    ]


def test_orders_and_returns_are_told_apart(imported):
    shop, _ = imported
    names = [event.name for event in orders_of(shop)]
    assert (names.count("Order Completed"), names.count("Order Refunded")) == (18_536, 3_654)
    assert len({event.identifiers for event in orders_of(shop)}) == 4_372


def test_totals_are_exact_to_the_tenth_of_a_penny(imported):
    shop, _ = imported
    sums = {"Order Completed": 0, "Order Refunded": 0}
    for event in orders_of(shop):
        sums[event.name] += round(event.properties["total"] * 1_000_000)
    assert sums == {"Order Completed": 8_911_407_904_000, "Order Refunded": -611_342_090_000}


def test_each_invoice_equals_the_file_in_customer_instant_lines_and_total(imported, retail):
    shop, _ = imported
    ours = {
        event.id: (
            int(event.identifiers[0].value),
            event.name == "Order Refunded",
            len(event.properties["products"]),
            event.occurred_us,
            round(event.properties["total"] * 1_000_000),
        )
        for event in orders_of(shop)
    }
    assert ours == invoices(retail)


def test_importing_the_file_again_appends_nothing(imported, shared_data):
    shop, _ = imported
    again = import_into(shop, shared_data)
    assert (again.appended, again.duplicate, again.filtered) == (0, 22_190, 3_710)
    assert again.rows_read == 541_909


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


def test_the_example_has_no_problems(project):
    assert project.name == "online-retail"


def test_the_example_names_no_machine_path():
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and ".journeyfold" not in path.parts:
            assert os.sep + "work" + os.sep not in path.read_text(), path


def test_the_features_of_every_customer_equal_the_file(people, figures):
    ours = {
        customer: {
            "recency_us": features["last_order_ago"],
            "orders_365d": features["orders_365d"],
            "spend_365d_micros": round(features["spend_365d"] * 1_000_000),
            "orders_total": features["orders_total"],
            "spend_total_micros": round(features["spend_total"] * 1_000_000),
            "refunds_total": features["refunds_total"],
            "refunded_total_micros": round(features["refunded_total"] * 1_000_000),
        }
        for customer, (_, features) in people.items()
    }
    assert ours == figures


def test_the_quintiles_of_every_customer_equal_the_file(people, figures):
    ours = {
        customer: (features["rfm_r"], features["rfm_f"], features["rfm_m"])
        for customer, (_, features) in people.items()
    }
    assert ours == rfm_scores(figures)


def test_the_tier_of_every_customer_equals_the_file(people, figures):
    tiers = {"champions", "loyal", "promising", "needs-attention", "hibernating"}
    ours = {
        customer: next(iter(tiers & profile.memberships.keys()), None)
        for customer, (profile, _) in people.items()
    }
    assert ours == {customer: tier_of(*score) for customer, score in rfm_scores(figures).items()}


def test_who_has_not_ordered_for_thirty_days_equals_the_file(people, figures):
    ours = {c for c, (profile, _) in people.items() if "no-order-30d" in profile.memberships}
    assert ours == {
        customer
        for customer, f in figures.items()
        if f["recency_us"] is None or f["recency_us"] >= 30 * DAY_US
    }
