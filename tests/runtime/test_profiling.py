"""Files and recorded events are profiled; real files hold what is known of them (quality 7)."""

import os
from pathlib import Path

import pytest
from house import House

from journeyfold.core.errors import UsageError
from journeyfold.runtime.duplicates import in_event, in_file
from journeyfold.runtime.profiling import profile_event, profile_file

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared/data"))
RETAIL = DATA / "retail/online_retail.parquet"
CUSTOMERS = DATA / "identity/senzing/customers.csv"
TELCO = DATA / "learning/telco_churn.csv.gz"
FEBRL = DATA / "identity/dataset3.csv"


def by_name(path):
    return {column.name: column for column in profile_file(path).columns}


def test_a_file_of_lines_is_profiled_as_text(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("id,born\n1, 03.04.2021\n2,31.12.1999\n3,\n")
    born = by_name(path)["born"]
    assert (born.type, born.rows, born.nulls, born.trimmed) == ("varchar", 3, 1, 1)
    assert (born.day_first, born.month_first) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.pdf", "x", "this kind of file is not profiled"),
        ("a.parquet", "PAR1", "it cannot be read"),
        ("none.csv", None, "there is no such file"),
        ("empty.csv", "", "there is nothing in it"),
    ],
)
def test_a_file_that_cannot_be_profiled_is_one_sentence(tmp_path, name, text, says):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=says):
        profile_file(tmp_path / name)


def test_fields_of_an_event_are_profiled_from_the_log():
    house = House()
    for number, price in enumerate([9, 12.5, None]):
        house.track("Product Viewed", {"sku": f"A-{number}", "price": price}, user="ann")
    house.track("Product Viewed", {"sku": "A-9", "tags": ["x"]}, user="ann")
    found = {column.name: column for column in profile_event(house.log, "Product Viewed")}
    price = found["properties.price"]
    assert (price.type, price.rows, price.nulls) == ("integer or number", 4, 2)
    assert found["properties.tags"].type == "list"
    assert [each.name for each in found["properties.sku"].formats] == ["shape a-9"]


def test_an_event_nobody_sent_is_told_with_those_that_came():
    house = House()
    house.track("Product Viewed", user="ann")
    with pytest.raises(UsageError, match=r"no record is an event 'Prodct Viewed'.*Product Viewed"):
        profile_event(house.log, "Prodct Viewed")


@pytest.mark.skipif(not RETAIL.is_file(), reason="shared/data/retail is not there")
def test_half_a_million_lines_of_a_shop():
    found = by_name(RETAIL)
    assert found["customer_id"].nulls == 135_080
    assert (found["description"].nulls, found["description"].trimmed) == (1_454, 113_452)
    assert found["country"].distinct == 38
    assert (found["quantity"].least, found["quantity"].greatest) == ("-80995", "80995")


@pytest.mark.skipif(not CUSTOMERS.is_file(), reason="shared/data/identity is not there")
def test_birth_dates_in_five_shapes():
    born = by_name(CUSTOMERS)["DATE_OF_BIRTH"]
    there = born.rows - born.nulls - born.blank
    shapes = {each.name: round(each.share * there) for each in born.formats}
    assert shapes == {
        "date 9/9/99": 46, "date 9-Mon-99": 8, "date 9/9/9999": 6, "ISO date": 3,
        "date Mon 9 99": 1,
    }  # fmt: skip
    assert (round(born.month_first * there), born.is_ambiguous) == (51, False)  # not 20/8/1991


@pytest.mark.skipif(not TELCO.is_file(), reason="shared/data/learning is not there")
def test_blank_charges_of_a_telephone_company():
    charges = by_name(TELCO)["TotalCharges"]
    assert (charges.rows, charges.blank + charges.nulls) == (7_043, 11)


@pytest.mark.skipif(not FEBRL.is_file(), reason="shared/data/identity is not there")
def test_leading_blanks_in_every_field_of_made_people():
    columns = by_name(FEBRL)
    trimmed = [each for each in columns.values() if each.trimmed]
    assert len(trimmed) == len(columns) - 1  # all but the first of a line
    born = next(each for name, each in columns.items() if name.strip() == "date_of_birth")
    assert born.nulls + born.blank == 155


def test_near_duplicates_of_a_column_and_of_a_field(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text("id,town\n1,Frankfurt am Main\n2,Frankfrut am Main\n3,Kiel\n")
    (pair,) = in_file(path, "town", 0.92).pairs
    assert {pair.one, pair.other} == {"Frankfurt am Main", "Frankfrut am Main"}
    house = House()
    for name in ("Tea Pot", "tea-pot", "Tea Pot"):
        house.track("Product Viewed", {"name": name}, user="ann")
    (pair,) = in_event(house.log, "Product Viewed", "properties.name", 0.92).pairs
    assert (pair.score, sorted(pair.times)) == (1.0, [1, 2])


def test_a_column_or_field_that_is_not_there_is_told_with_those_that_are(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text("id,town\n1,Kiel\n")
    with pytest.raises(UsageError, match="no column 'twon'; it has: id, town"):
        in_file(path, "twon", 0.92)
    house = House()
    house.track("Product Viewed", {"name": "x"}, user="ann")
    with pytest.raises(UsageError, match=r"no field 'name'; it has: properties\.name"):
        in_event(house.log, "Product Viewed", "name", 0.92)
    with pytest.raises(UsageError, match="no record is an event 'Nope'"):
        in_event(house.log, "Nope", "name", 0.92)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_lines_of_another_width_are_left_out_and_told(tmp_path, mark):
    rows = ["name,city,zip", "ann,Berlin,10115", "bob,Wien", "cid,Linz,4020,x", "dan,Graz,8010"]
    path = tmp_path / "people.csv"
    path.write_text("".join(f"{row.replace(',', mark)}\n" for row in rows))
    found = profile_file(path)
    assert [column.name for column in found.columns] == ["name", "city", "zip"]
    assert [column.rows for column in found.columns] == [2, 2, 2]
    assert (found.unfit, found.unfit_lines) == (2, (3, 4))
