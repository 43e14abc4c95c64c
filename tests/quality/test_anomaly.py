import datetime as dt
import os
import random
from pathlib import Path

import pyarrow.compute
import pyarrow.parquet
import pytest

from journeyfold.quality.anomaly import judged, stability

ROOT = Path(__file__).resolve().parents[2]
RETAIL = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data")) / (
    "retail/online_retail.parquet"
)


def weeks(count, week=(100, 110, 105, 120, 130, 0, 40)):
    chance = random.Random(7)
    return [round(day * chance.uniform(0.95, 1.05)) for _ in range(count) for day in week]


def test_nothing_is_said_before_there_is_enough_to_compare():
    assert judged(weeks(5)).z is None
    assert judged(weeks(7)).z is not None


def test_a_usual_day_is_usual_and_a_dead_one_is_not():
    days = weeks(12)
    assert not judged(days).is_unusual
    assert judged([*days[:-1], 0]).is_unusual
    assert judged([*days[:-1], 400]).is_unusual


def test_a_weekday_without_records_expects_none():
    until_saturday = weeks(12)[:-1]
    found = judged(until_saturday)
    assert (found.value, found.expected, found.is_unusual) == (0, 0, False)
    assert judged([*until_saturday[:-1], 50]).is_unusual


@pytest.mark.skipif(not RETAIL.is_file(), reason="shared/data/retail is not there")
def test_no_saturday_of_a_shop_that_is_closed_on_them_is_unusual():
    stamps = pyarrow.parquet.read_table(RETAIL, columns=["invoice_date"])["invoice_date"]
    counts = pyarrow.compute.value_counts(pyarrow.compute.cast(stamps, "date32")).to_pylist()
    lines = {row["values"]: row["counts"] for row in counts}
    first, last = min(lines), max(lines)
    days = [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
    series = [lines.get(day, 0) for day in days]
    assert (len(days), series.count(0)) == (374, 69)
    saturdays = [at for at, day in enumerate(days) if day.isoweekday() == 6]
    assert len(saturdays) == 53
    assert not any(judged(series[: at + 1]).is_unusual for at in saturdays)


def test_a_distribution_is_compared_from_five_hundred_rows_on():
    chance = random.Random(7)
    one = [chance.gauss(0, 1) for _ in range(2_000)]
    other = [chance.gauss(0, 1) for _ in range(2_000)]
    moved = [chance.gauss(1, 1) for _ in range(2_000)]
    assert stability(one[:400], other) is None
    assert stability(one, other) < 0.02
    assert stability(one, moved) > 0.2
