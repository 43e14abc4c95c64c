"""Changes of rows as messages (collect C47)."""

import msgspec
import pytest

from journeyfold.core.instant import instant_us
from journeyfold.sources.change import change_mapping, columns_read
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Passed

AT_US = instant_us("2026-11-22T14:25:19.616786Z")
CUSTOMERS = {
    "source": "crm",
    "kind": "cdc",
    "read": {"postgres": {"url": "${env:CRM_URL}", "slot": "jf", "publication": "jf"}},
    "map": [{"type": "identify"}],
    "fields": {
        "identifiers": {"email": "row.after.email"},
        "traits": {"name": "row.after.name", "city": 'row.after["city"]'},
    },
}


def source(**keys):
    return msgspec.convert(CUSTOMERS | keys, Source)


def change(op="update", *, after=None, before=None, **keys):
    return {
        "op": op, "schema": "public", "table": "customers", "key": {"id": 1}, "before": before,
        "after": after, "changed": None, "at": AT_US, "position": "1:0/1529DD0:1",
    } | keys  # fmt: skip


def mapped(given, **keys):
    return change_mapping(source(**keys))(given)


ANN = {"id": 1, "email": "ann@example.com", "name": "Ann", "city": "Bonn"}


@pytest.mark.parametrize("op", ["insert", "update", "snapshot"])
def test_a_row_becomes_an_identify_at_the_time_of_its_commit(op):
    message = mapped(change(op, after=ANN))
    assert message["type"] == "identify"
    assert message["timestamp"] == "2026-11-22T14:25:19.616786Z"
    assert message["traits"] == {"name": "Ann", "city": "Bonn"}
    assert message["context"]["externalIds"] == [{"type": "email", "id": "ann@example.com"}]


def test_a_line_may_ask_for_the_operation_and_for_what_changed():
    lines = [
        {"when": 'row.op == "update" and "city" in row.changed', "event": "Moved"},
        {"type": "identify"},
    ]
    assert mapped(change(after=ANN, changed=["city"]), map=lines)["event"] == "Moved"
    assert mapped(change(after=ANN, changed=["name"]), map=lines)["type"] == "identify"
    assert mapped(change(after=ANN), map=lines)["type"] == "identify"


def test_a_line_compares_before_and_after():
    lines = [
        {"when": "as_string(row.before.city) != as_string(row.after.city)", "event": "Moved"},
        {"type": "identify"},
    ]
    assert mapped(change(after=ANN, before=ANN | {"city": "Kiel"}), map=lines)["event"] == "Moved"
    assert mapped(change(after=ANN, before=ANN), map=lines)["type"] == "identify"


def test_a_delete_is_an_event_of_its_own_with_the_key_and_no_traits():
    message = mapped(change("delete", before=ANN))
    assert (message["type"], message["event"]) == ("track", "deleted")
    assert message["properties"] == {"table": "customers", "key": {"id": 1}}
    assert message["traits"] == {}
    assert message["context"]["externalIds"] == [{"type": "email", "id": "ann@example.com"}]


def test_a_line_that_asks_for_deletes_names_them_itself():
    lines = [{"when": 'row.op == "delete"', "event": "Customer Left"}, {"type": "identify"}]
    assert mapped(change("delete", before=ANN), map=lines)["event"] == "Customer Left"


def test_a_delete_without_a_full_before_image_says_that_nobody_is_known():
    found = mapped(change("delete", before={"id": 1}))
    assert isinstance(found, Passed)
    assert found.reason == "no_identity"


def test_a_null_takes_the_trait_away_and_an_absent_value_does_not():
    message = mapped(change(after=ANN | {"city": None}))
    assert message["context"]["unset"] == ["city"]
    absent = {name: value for name, value in ANN.items() if name != "city"}
    assert "unset" not in mapped(change(after=absent))["context"]


def test_columns_are_those_of_the_row_after():
    columns = [{"from": "name", "to": "traits.first_name"}]
    message = mapped(change(after=ANN), columns=columns)
    assert message["traits"]["first_name"] == "Ann"


def test_what_the_mapping_reads_of_a_table_is_known_before_it_is_met():
    lines = [{"when": "row.before.city != row.after.town", "event": "Moved"}]
    assert columns_read(source(map=lines)) == {"email", "name", "city", "town"}


def test_what_is_no_change_is_held():
    assert mapped("no change").reason == "unmapped"


def test_a_change_has_its_position_for_an_id():
    fields = CUSTOMERS["fields"] | {"id": ["key"]}
    with pytest.raises(msgspec.ValidationError, match=r"position of a change is its id"):
        source(fields=fields)


def test_an_import_has_no_changes_to_follow():
    with pytest.raises(msgspec.ValidationError, match=r"go together"):
        source(kind="import")


def test_a_slot_is_named_as_the_server_allows():
    read = {"postgres": {"url": "x", "slot": "My-Slot", "publication": "jf"}}
    with pytest.raises(msgspec.ValidationError, match=r"slot"):
        source(read=read)
