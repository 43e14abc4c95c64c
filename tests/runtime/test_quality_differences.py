"""All records in which two systems differ, not the first twenty (quality Q32)."""

import pytest
from quality_kit import Checked, opened, silent

from journeyfold.core.errors import UsageError
from journeyfold.runtime.quality_differences import differences

RULES = """
    dataset: crm
    key: [id]
    tables: {crm: tables/crm.csv, erp: tables/erp.csv}
    rules:
      - {id: same, reconcile: {with: erp, compare: [city]}}
      - {id: there, completeness: city}
"""


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    checked = Checked(workspace)
    checked.rules(RULES)
    yield checked
    workspace.close()


def rows(count, city):
    return "id,city\n" + "".join(f"c{at:03},{city}\n" for at in range(count))


def test_everything_that_differs_is_listed(house):
    house.file("crm.csv", rows(50, "Kiel"))
    house.file("erp.csv", rows(52, "Köln"))
    found = differences(house.workspace, "same", silent)
    assert len(found) == 52
    assert found[0] == "c000: city Kiel here, Köln there"
    assert found[-1] == "c051 is missing here"
    assert len(house.one("same").samples) == 20


def test_what_two_sides_have_alike_is_nothing(house):
    for name in ("crm.csv", "erp.csv"):
        house.file(name, rows(3, "Kiel"))
    assert differences(house.workspace, "orders/same", silent) == []


def test_a_rule_that_compares_nothing_is_refused(house):
    with pytest.raises(UsageError, match="no rule 'there' reconciles anything"):
        differences(house.workspace, "there", silent)


def test_a_name_that_two_files_have_is_asked_back(house):
    house.rules(RULES, name="again")
    with pytest.raises(UsageError, match="say again/same or orders/same"):
        differences(house.workspace, "same", silent)
