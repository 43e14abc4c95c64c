import os
from pathlib import Path

import duckdb
import msgspec
import pytest

from journeyfold.quality.rule import Rule, Ruleset
from journeyfold.quality.score import Result, result_of, score_of
from journeyfold.quality.sql import bad_rows_of, orphans_of, scan_of

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data"))
RETAIL = DATA / "retail" / "online_retail.parquet"


def ruleset(*rules, key=()):
    value = {"dataset": "lines", "key": list(key), "rules": list(rules)}
    return msgspec.convert(value, Ruleset)


def ran(rules, table, predicates=None):
    scan = scan_of(rules, table, predicates)
    (row,) = duckdb.sql(scan.sql).fetchall()
    return {rule.id: (n, bad) for rule, n, bad in scan.counts(row)}


def values(*literals):
    return "(select unnest([" + ", ".join(literals) + "]) as v)"


@pytest.mark.parametrize(
    ("rule", "table", "found"),
    [
        ({"completeness": "v"}, values("'a'", "''", "' '", "null"), (4, 3)),
        ({"valid": "v", "as": "email"}, values("'a@b.de'", "'a@b'", "null"), (2, 1)),
        ({"valid": "v", "as": "country"}, values("'DE'", "'de'", "'XX'"), (3, 2)),
        ({"valid": "v", "as": "currency"}, values("'EUR'", "'EURO'"), (2, 1)),
        ({"valid": "v", "as": "iban"}, values("'DE89370400440532013000'", "'DE89370400440532013001'"), (2, 1)),
        ({"valid": "v", "as": "uuid"}, values("'8b1f2f2e-0000-5000-8000-000000000001'", "'x'"), (2, 1)),
        ({"valid": "v", "as": "date"}, values("'2026-02-28'", "'2026-02-30'"), (2, 1)),
        ({"matches": {"column": "v", "pattern": "[0-9]+"}}, values("'12'", "'12a'"), (2, 1)),
        ({"in": {"column": "v", "values": ["a", "b'c"]}}, values("'a'", "'b''c'", "'d'"), (3, 1)),
        ({"range": {"column": "v", "min": 0, "max": 10}}, values("0", "10", "11", "null"), (3, 1)),
        ({"type": {"column": "v", "is": "integer"}}, values("'1'", "'1.5x'"), (2, 1)),
        ({"unique": ["v"]}, values("'a'", "'a'", "'a'", "'b'", "null"), (4, 2)),
        ({"check": "v > 1"}, values("1", "2", "null"), (3, 2)),
    ],
)  # fmt: skip
def test_a_rule_counts_the_rows_it_is_about_and_those_that_break_it(rule, table, found):
    rules = ruleset({"id": "r", **rule})
    assert ran(rules, table, {"r": "v > 1"})["r"] == found


def test_a_condition_narrows_the_rows_a_rule_is_about():
    table = "(select * from (values ('DE', null), ('DE', '1'), ('FR', null)) t(country, v))"
    rules = ruleset({"id": "r", "completeness": "v", "when": "country == 'DE'"})
    assert ran(rules, table, {"r/when": "country = 'DE'"})["r"] == (2, 1)


def test_references_find_orphans():
    rule = msgspec.convert({"id": "r", "references": {"column": "v", "to": "catalog.sku"}}, Rule)
    sql = orphans_of(rule, values("'a'", "'b'", "null"), "(select 'a' as sku)")
    assert duckdb.sql(sql).fetchall() == [(2, 1)]


def test_what_breaks_a_rule_is_named_by_its_key():
    rule = msgspec.convert({"id": "r", "unique": ["v"]}, Rule)
    assert (
        duckdb.sql(bad_rows_of(rule, values("'a'", "'a'", "'b'"), ["v"])).fetchall() == [("a",)] * 2
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({}, "a rule says one thing"),
        ({"completeness": "a", "unique": ["b"]}, "a rule says one thing"),
        ({"valid": "a"}, "goes with `as`"),
        ({"range": {"column": "a", "min": 2, "max": 1}}, "min 2.* is above max"),
        ({"completeness": "a", "min": 0.9, "warn": 0.8}, "below min"),
        ({"completeness": "a", "min": 1.5}, "<= 1"),
        ({"unique": ["a"], "on_fail": "quarantine"}, "about one record"),
        ({"matches": {"column": "a", "pattern": "(?=x)"}}, "pattern: invalid perl operator"),
        ({"completeness": "a; drop table x"}, "regex"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert({"id": "r", **rule}, Rule)


def rule(**keys):
    return msgspec.convert({"id": "r", "completeness": "a", **keys}, Rule)


@pytest.mark.parametrize(
    ("bad", "status"), [(0, "pass"), (10, "pass"), (11, "warn"), (30, "warn"), (31, "fail")]
)
def test_bounds_are_inclusive_and_exact(bad, status):
    assert result_of(rule(min=0.97, warn=0.99), 1_000, bad).status == status


def test_no_rows_are_no_pass():
    assert result_of(rule(), 0, 0).status == "empty"


def test_a_score_weighs_rules_within_a_dimension_and_dimensions_alike():
    results = [
        Result("a", "completeness", 3, 10, 0, "pass"),
        Result("b", "completeness", 1, 10, 10, "fail"),
        Result("c", "validity", 2, 10, 5, "fail"),
        Result("d", "validity", 2, 0, 0, "empty"),
    ]
    found = score_of(results, columns=8, covered=3)
    assert found.dimensions == {"completeness": 0.75, "validity": 0.5}
    assert (found.score, found.rules, found.coverage) == (0.625, 4, 0.375)


@pytest.mark.skipif(not RETAIL.is_file(), reason="shared/data/retail is not there")
def test_the_faults_of_a_real_order_file_are_counted():
    rules = ruleset(
        {"id": "customer", "completeness": "customer_id"},
        {"id": "described", "completeness": "description"},
        {"id": "quantity", "range": {"column": "quantity", "min": 0}},
        {"id": "price", "check": "unit_price > 0"},
        {"id": "lines", "unique": ["invoice_no", "stock_code", "description", "quantity",
                                   "invoice_date", "unit_price"]},
    )  # fmt: skip
    found = ran(rules, f"read_parquet('{RETAIL}')", {"price": "unit_price > 0"})
    assert found["customer"] == (541_909, 135_080)
    assert found["described"] == (541_909, 1_454)
    assert found["quantity"] == (541_909, 10_624)
    assert found["price"] == (541_909, 2_515 + 2)


def test_twenty_rules_are_one_scan():
    rules = ruleset(*({"id": f"r{n}", "completeness": f"c{n % 8}"} for n in range(20)))
    assert scan_of(rules, "t").sql.count("from t") == 1
