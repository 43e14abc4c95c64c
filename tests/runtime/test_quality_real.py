"""Rules on real data, and faults that were put in on purpose (quality sections 7 and 8)."""

import json
import os
import shutil
from datetime import date
from pathlib import Path

import msgspec
import pytest
from quality_kit import Checked, opened

from journeyfold.cli.main import run as journeyfold
from journeyfold.core.instant import instant_us
from journeyfold.quality.result import Run
from journeyfold.quality.rule import Rule, Ruleset
from journeyfold.quality.side import Side, quoted
from journeyfold.quality.sql import scan_of
from journeyfold.runtime.quality_engine import RuleEngine
from journeyfold.runtime.quality_series import anomalies

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data"))
RETAIL = DATA / "retail" / "online_retail.parquet"
needs_retail = pytest.mark.skipif(not RETAIL.is_file(), reason="shared/data/retail is not there")
COLUMNS = (
    "invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country"
)


@needs_retail
def test_the_faults_of_a_real_order_file_are_counted_by_the_command(tmp_path, capsys):
    workspace = opened(tmp_path)
    (tmp_path / "tables").mkdir()
    shutil.copy(RETAIL, tmp_path / "tables" / "lines.parquet")
    Checked(workspace).rules(f"""
        dataset: lines
        tables: {{lines: tables/lines.parquet}}
        key: [invoice_no, stock_code]
        rules:
          - {{id: customer, completeness: customer_id, min: 0.75}}
          - {{id: described, completeness: description, min: 0.99}}
          - {{id: quantity, range: {{column: quantity, min: 0}}}}
          - {{id: once, unique: [{COLUMNS}], min: 0.99}}
    """)
    workspace.close()
    code = journeyfold(["quality", "run", "--project", str(tmp_path), "--json"])
    rules = {each["rule"]: each for each in json.loads(capsys.readouterr().out)["rules"]}
    assert code == 1, "negative quantities fail"
    assert (rules["customer"]["n"], rules["customer"]["bad"]) == (541_909, 135_080)
    assert round(rules["customer"]["value"], 5) == 0.75073
    assert rules["described"]["bad"] == 1_454
    assert rules["quantity"]["bad"] == 10_624
    assert rules["once"]["bad"] == 5_268
    assert [each for each, told in rules.items() if told["status"] == "fail"] == ["quantity"]


RUN = Run("q", instant_us("2011-12-01T00:00:00Z"), 0, "", "", "")
VOLUME = msgspec.convert({"id": "volume", "anomaly": {"metric": "rows"}}, Rule)


def side(sql):
    return Side(sql, quoted)


@needs_retail
def test_no_saturday_of_a_shop_that_is_closed_on_saturdays_alarms(tmp_path):
    engine = RuleEngine(tmp_path, RETAIL.parent)
    rows = (
        "(select *, 'shop' as _source, strftime(invoice_date, '%Y-%m-%d') as _day "
        f"from read_parquet('{RETAIL}'))"
    )
    _, found = anomalies(VOLUME, side(rows), engine, RUN)
    engine.close()
    judged = {day: result for (_, day), result in found if result.n}
    unusual = {day for day, result in judged.items() if result.bad}
    saturdays = {day for day in judged if date.fromisoformat(day).weekday() == 5}
    assert len(saturdays) >= 40
    assert not unusual & saturdays
    assert "2011-04-22" in unusual, "Good Friday, when nothing was sold"


# --- injected faults ----------------------------------------------------------------------------

CASES, DAYS, ROWS = 200, 80, 100
FAULTS = ("nulls", "shift", "duplicates", "drop", "unit")
LAST = date(2011, 11, 30)
METRICS = (
    {"metric": "rows"}, {"metric": "nulls", "column": "v"}, {"metric": "mean", "column": "v"},
    {"metric": "distinct", "column": "k"},
)  # fmt: skip


def draw(*names):
    """Uniform in [0, 1), the same in every run."""
    return f"((hash({', '.join(names)}) >> 11)::double / 9007199254740992)"


MADE = f"""
select c as case_no, cast(c as varchar) as _source, d,
  strftime(date '{LAST}' - cast({DAYS - 1} - d as integer), '%Y-%m-%d') as _day,
  c || '-' || d || '-' || if(broken and c % 5 = 2 and r % 10 = 0, r // 20, r) as k, r as _at, 'e' as _id,
  case when {draw("c", "d", "r", "'null'")} < if(broken and c % 5 = 0, 0.6, 0.04 + 0.08 * {draw("c", "d", "'n'")}) then null
    else cast((20 + 60 * {draw("c", "d", "r", "'v'")})
      * if(broken and c % 5 = 1, 1.5, 1) * if(broken and c % 5 = 4, 100, 1) as varchar) end as v
from (select c, d, r, d = {DAYS - 1} as broken from range({CASES}) cs(c), range({DAYS}) ds(d),
  range({ROWS}) rs(r))
where {draw("c", "d", "r", "'row'")} <
  if((d + c) % 7 >= 5, 0.5, 0.7) * (0.8 + 0.4 * {draw("c", "d", "'day'")}) * if(broken and c % 5 = 3, 0.35, 1)
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """(cases whose last day was found, alerts on days nothing is wrong with)."""
    engine = RuleEngine(tmp_path_factory.mktemp("faults"), ROOT)
    engine.rows(f"create table rows as {MADE}")
    last, found, false = str(LAST), set(), 0
    for at, metric in enumerate(METRICS):
        rule = msgspec.convert({"id": f"m{at}", "anomaly": metric}, Rule)
        for (source, day), result in anomalies(rule, side("rows"), engine, RUN)[1]:
            if result.bad and day == last:
                found.add(int(source))
            elif result.bad and day < last:
                false += 1
    rules = msgspec.convert(
        {"dataset": "d", "rules": [
            {"id": "there", "completeness": "v", "min": 0.7}, {"id": "once", "unique": ["k"], "min": 0.98},
        ]}, Ruleset,
    )  # fmt: skip
    scan = scan_of(rules, "rows", groups=("_source", "_day"), order="_at")
    for row in engine.rows(scan.sql):
        for rule, n, bad in scan.counts(row):
            if n and 1 - bad / n < rule.least:
                found, false = (
                    (found | {int(row[0])}, false) if row[1] == last else (found, false + 1)
                )
    engine.close()
    return found, false


def test_of_200_faults_that_were_put_in_95_of_100_are_found(faults):
    found, _ = faults
    missed = [FAULTS[case % 5] for case in range(CASES) if case not in found]
    assert len(missed) <= CASES * 0.05, missed


def test_days_without_a_fault_alarm_less_than_once_a_source_and_month(faults):
    _, false = faults
    months = (DAYS - 1) / 30
    assert false / (CASES * months) <= 1
