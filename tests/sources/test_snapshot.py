"""How rows that a snapshot tells are mapped: what is there, and what is gone."""

import msgspec
import pytest

from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Mapped
from journeyfold.sources.snapshot import mapping_of, snapshot_columns

COLUMNS = {
    "id": "int", "email": "string", "city": "string",
    "_change": "string", "_version": "string", "_seen": "timestamp",
}  # fmt: skip
FIELDS = {
    "occurred": "row._seen",
    "identifiers": {"email": "row.email"},
    "traits": {"c": "row.city"},
}


def source(mode="snapshot", **keys):
    sql = {"url": "sqlite:///a.db", "table": "t"}
    sql |= {"mode": mode, "key": ["id"], "deleted": "Left"} if mode == "snapshot" else {}
    given = {"source": "crm", "kind": "import", "read": {"sql": sql}, "fields": FIELDS}
    return msgspec.convert(given | {"map": [{"type": "identify"}]} | keys, Source)


def mapped(source, change):
    row = (7, "ann@example.com", "Rome", change, "3-ab", 5)
    outcome = mapping_of(source, COLUMNS, "file", 9).map(1, [row])
    assert isinstance(outcome, Mapped)
    return outcome.event


@pytest.mark.parametrize("change", ["inserted", "changed"])
def test_a_row_that_is_there_is_mapped_as_the_source_says(change):
    event = mapped(source(), change)
    assert (event.name, event.id, event.traits) == ("Identify", "7/3-ab", {"c": "Rome"})


def test_a_row_that_is_gone_is_an_event_of_its_own_without_traits():
    event = mapped(source(), "deleted")
    assert (event.name, event.type, event.id) == ("Left", "track", "7/3-ab")
    assert (event.traits, event.properties, event.occurred_us) == ({}, {"key": {"id": 7}}, 5)
    assert event.identifiers[0].value == "ann@example.com"


def test_identifiers_of_columns_go_with_a_row_that_is_gone():
    columns = [
        {"from": "email", "to": "identifiers.email"}, {"from": "city", "to": "traits.city"},
    ]  # fmt: skip
    event = mapped(source(fields={"occurred": "row._seen"}, columns=columns), "deleted")
    assert (event.identifiers[0].kind, event.traits) == ("email", {})


def test_only_what_a_row_that_is_gone_needs_is_kept_of_it():
    assert snapshot_columns(source()) == {"id", "email"}


def test_other_modes_are_mapped_as_ever():
    fields = FIELDS | {"id": ["id"]}
    assert mapped(source(mode="full", fields=fields), "deleted").id == "7"
