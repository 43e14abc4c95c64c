"""What `check` says of a source that follows a database (collect C47)."""

import pytest

from journeyfold.project.check import check
from journeyfold.project.load import load

CRM = """kind: cdc
read: {postgres: {url: "${env:CRM_URL}", slot: jf, publication: jf, tables: [customers]}}
map: [{type: identify}]
fields:
  identifiers: {email: row.after.email}
  traits: {name: row.after.name}
"""


def problems(text):
    project = load({"journeyfold.yaml": "name: shop\n", "sources/crm.yaml": text})
    return [(each.line, each.code, each.message) for each in check(project)]


def test_a_source_that_follows_a_table_is_sound():
    assert problems(CRM) == []


@pytest.mark.parametrize(
    ("found", "written", "message"),
    [
        ("row.after.name", "row.afer.name", "no column 'afer'"),
        ("row.after.email", "row.after.email ==", "invalid syntax"),
        ("{email: row.after.email}", "{}", "identifiers"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_found(found, written, message):
    (_, _, said), *_ = problems(CRM.replace(found, written))
    assert message in said
