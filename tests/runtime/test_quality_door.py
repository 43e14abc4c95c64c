"""Rules at the door, and what they hold up (quality Q11)."""

import json

import pytest
from quality_kit import Checked, opened, silent

from journeyfold.collect.admit import admit
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.batch import Options
from journeyfold.core.errors import UsageError
from journeyfold.core.ports import Entry, Held
from journeyfold.project.schema_cards import cards, failing_fields
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.importing import import_source
from journeyfold.runtime.requarantine import replay_chosen
from journeyfold.runtime.workspace import activate, checked_project

RULES = """
    dataset: events/Order Completed
    rules:
      - {id: amount, range: {column: total, min: 0}, on_fail: quarantine}
      - {id: cur, in: {column: currency, values: [EUR]}, on_fail: flag}
      - {id: id, completeness: order_id, on_fail: flag}
      - {id: quick, check: event.received <= event.occurred + "1h", on_fail: quarantine}
"""


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    yield Checked(workspace)
    workspace.close()


def sent(house, properties, source="shop_server", name="Order Completed", **more):
    project = checked_project(house.workspace.place.directory)
    gate = gates_of(project, house.workspace.node_key, lambda: None)[source]
    message = {
        "type": "track", "event": name, "userId": "ann", "properties": properties, **more,
    }  # fmt: skip
    arrival = Arrival(received_us=house.workspace.clock.now_us(), auth="server")
    return admit(gate, message, arrival, "e1")


def errors(entry):
    quality = entry.event.context.get("quality", {"errors": []})
    return [(each["code"], each["pointer"], each["detail"]) for each in quality["errors"]]


def test_an_event_that_keeps_the_rules_passes_as_it_is(house):
    house.rules(RULES)
    entry = sent(house, {"total": 1.0, "currency": "EUR", "order_id": "o"})
    assert isinstance(entry, Entry)
    assert errors(entry) == []


def test_an_event_that_breaks_a_rule_is_set_aside_with_the_rule_and_the_place(house):
    house.rules(RULES)
    held = sent(house, {"total": -1.0, "currency": "EUR", "order_id": "o"})
    assert isinstance(held, Held)
    assert (held.code, held.pointer, held.detail) == ("rule", "/properties/total", "orders/amount")


def test_an_event_may_be_let_in_and_marked(house):
    house.rules(RULES)
    assert errors(sent(house, {"total": 1.0, "currency": "DM"})) == [
        ("rule", "/properties/currency", "orders/cur"),
        ("rule", "/properties/order_id", "orders/id"),
    ]


def test_what_the_tracking_plan_marked_stays_beside_it(house):
    path = house.workspace.place.directory / "sources" / "shop_server.yaml"
    path.write_text("kind: server\nbasis: contract\npurposes: [analytics]\nplan: {invalid: flag}\n")
    house.rules(RULES)
    entry = sent(house, {"total": "much", "currency": "DM", "order_id": "o"})
    assert isinstance(entry, Held), "text is no number within the range"
    entry = sent(house, {"order_id": 7, "currency": "DM"})
    assert [code for code, *_ in errors(entry)] == ["schema", "rule"]


def test_what_was_let_in_although_it_breaks_the_schema_is_counted_by_field(house):
    path = house.workspace.place.directory / "sources" / "shop_server.yaml"
    path.write_text("kind: server\nbasis: contract\npurposes: [analytics]\nplan: {invalid: flag}\n")
    entry = sent(house, {"order_id": 7, "total": 1.0, "currency": "EUR"})
    log = house.workspace.log
    log.append([entry], now_us=house.workspace.clock.now_us())
    project = checked_project(house.workspace.place.directory)
    (field,) = failing_fields([*log.quarantine.groups(), *log.quarantine.flagged()])
    assert (field.schema, field.pointer, field.flagged) == ("order.1", "/properties/order_id", 1)
    assert [card.total for card in cards(project, log.quarantine.flagged())] == [0, 1]


def clean(house, text):
    path = house.workspace.place.directory / "sources" / "shop_server.yaml"
    path.write_text(f"kind: server\nbasis: contract\npurposes: [analytics]\nclean: {text}\n")


def test_what_cleaning_cannot_read_waits_where_a_step_says_so(house):
    clean(house, "{properties.tel: [text, {phone: {region: DE, on_failed: quarantine}}]}")
    held = sent(house, {"tel": "321-3212"})
    assert isinstance(held, Held)
    assert (held.code, held.pointer, held.detail) == ("rule", "/properties/tel", "clean/phone")
    assert isinstance(sent(house, {"tel": "030 901820"}), Entry)
    assert isinstance(sent(house, {}), Entry)


def test_a_rule_is_asked_beside_the_cleaning_of_its_source(house):
    clean(house, "{properties.tel: {phone: {region: DE, on_failed: quarantine}}}")
    house.rules(RULES)
    held = sent(house, {"total": -1.0, "currency": "EUR", "order_id": "o", "tel": "030 901820"})
    assert isinstance(held, Held)
    assert held.detail == "orders/amount"


def test_what_waits_because_of_cleaning_comes_in_once_the_step_reads_it(house):
    clean(house, "{properties.tel: {phone: {on_failed: quarantine}}}")
    house.rules("dataset: shop_server\nrules: [{id: id, completeness: event.id}]\n")
    log = house.workspace.log
    log.append([sent(house, {"tel": "030 901820"})], now_us=house.workspace.clock.now_us())
    clean(house, "{properties.tel: {phone: {region: DE, on_failed: quarantine}}}")
    activate(house.workspace, checked_project(house.workspace.place.directory))
    done = replay_chosen(house.workspace, None, None, (), dry_run=False, progress=silent)
    assert (done.tried, done.appended) == (1, 1)


def test_a_condition_is_asked_at_the_door(house):
    house.rules(RULES)
    held = sent(
        house, {"currency": "EUR", "order_id": "o"}, timestamp="2026-01-01T00:00:00Z"
    )  # fmt: skip
    assert (held.code, held.detail) == ("rule", "orders/quick")


def test_other_events_are_not_asked(house):
    house.rules(RULES)
    assert isinstance(sent(house, {"total": -1.0}, name="Cart Updated"), Entry)


def test_the_rules_of_a_source_are_about_all_it_sends(house):
    house.rules("""
        dataset: shop_web
        rules: [{id: page, completeness: url, on_fail: quarantine}]
    """)
    assert isinstance(sent(house, {}, source="shop_web"), Held)
    assert isinstance(sent(house, {}, source="shop_server"), Entry)


def test_a_rule_that_stops_holds_up_the_import_of_its_source_until_it_is_better(house):
    directory = house.workspace.place.directory
    (directory / "orders.jsonl").write_text(
        json.dumps({"customer": "ann", "at": "2026-03-01T10:00:00Z", "total": -1.0}) + "\n"
    )
    (directory / "sources" / "erp.yaml").write_text("""
kind: import
basis: contract
purposes: [analytics]
read: {ndjson: orders.jsonl}
map: [{event: Order Completed}]
fields:
  id: [customer, at]
  occurred: as_time(row.at)
  identifiers: {user_id: row.customer}
  properties: {total: row.total}
""")
    rules = """
        dataset: erp
        rules: [{id: amount, range: {column: total, min: 0}, on_fail: stop}]
    """
    house.rules(rules)
    place = house.workspace.place

    def imported():
        return import_source(place, "erp", Options(), lambda *_: None)

    assert imported().appended == 1
    house.run()
    with pytest.raises(UsageError, match=r"held up by quality/orders\.yaml: rule 'amount' of erp"):
        imported()
    house.rules(rules.replace("min: 0", "min: -1"))
    house.run()
    assert imported().rows_read >= 0
