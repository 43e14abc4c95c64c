"""Working with quarantine: grouped, previewed under the files on the disk, given up (collect C30)."""

import json

import pytest

from journeyfold.collect.envelope import Draft
from journeyfold.collect.held import held
from journeyfold.collect.json_entry import Refused
from journeyfold.core.event import Event, Identifier
from journeyfold.project.schema_cards import failing_fields
from journeyfold.runtime.quarantine_asks import preview_on_disk
from journeyfold.runtime.quarantine_work import Choice, chosen_by, drop, waiting
from journeyfold.runtime.requarantine import replay_chosen
from journeyfold.runtime.telemetry import StoreFigures
from journeyfold.runtime.workspace import activate, checked_project

NOW_US = 1_790_000_000_000_000
FAR = "/properties/products/{}/sku"


def hold(workspace, number, coupon, pointer="/properties/coupon"):
    event = Event(
        id=f"e{number}", name="Checkout Started", type="track", source="shop_server",
        identifiers=(Identifier("user_id", "ann"),), occurred_us=NOW_US, received_us=NOW_US,
        properties={"cart_id": f"c{number}", "coupon": coupon}, context={"auth": "server"},
    )  # fmt: skip
    why = Refused("schema", pointer, "type string")
    kept = held(Draft(event, number), why, schema="checkout_started.1")
    workspace.log.append([kept], now_us=NOW_US)


def widen(workspace, types):
    """The fix, on the disk only: `coupon` may be of these types."""
    path = workspace.place.directory / "schemas" / "checkout_started.1.json"
    schema = json.loads(path.read_text())
    schema["properties"]["coupon"] = {"type": types}
    path.write_text(json.dumps(schema))


def previewed(workspace, **choice):
    return preview_on_disk(workspace.place.directory, workspace.place.data, Choice(**choice))


@pytest.fixture
def workspace(shop):
    """Three checkouts whose coupon is no text, one of them a list."""
    for number, coupon in enumerate([12, 8, []], 1):
        hold(shop, number, coupon)
    return shop


def test_a_preview_says_how_much_would_pass_with_the_project_on_disk(workspace):
    before = previewed(workspace)
    assert (before.tried, before.fits, before.still) == (3, 0, {"schema": 3})
    assert before.is_in_force
    widen(workspace, ["integer", "string"])
    after = previewed(workspace)
    assert (after.tried, after.fits, after.still) == (3, 2, {"schema": 1})
    assert not after.is_in_force


def test_a_preview_changes_nothing(workspace):
    widen(workspace, ["integer", "string", "array"])
    head = workspace.log.head()
    assert previewed(workspace).fits == 3
    assert (workspace.log.head(), len(workspace.log.quarantine.page())) == (head, 3)


def test_a_preview_of_files_that_are_wrong_says_why(workspace):
    (workspace.place.directory / "schemas" / "checkout_started.1.json").write_text("{")
    (found, *_) = previewed(workspace).problems
    assert found.file == "schemas/checkout_started.1.json"


def test_a_preview_is_what_the_replay_then_does(workspace):
    widen(workspace, ["integer", "string"])
    told = previewed(workspace).fits
    activate(workspace, checked_project(workspace.place.directory))
    done = replay_chosen(workspace, None, None, (), dry_run=False, progress=lambda *_: None)
    assert (done.appended, done.still) == (told, {"schema": 1})
    assert [(each.messages, each.pointer) for each in waiting(workspace.log)] == [
        (1, "/properties/coupon")
    ]


def test_items_of_a_list_are_one_place(shop):
    for number in range(3):
        hold(shop, number, 1, FAR.format(number))
    (group,) = waiting(shop.log)
    assert (group.messages, group.pointer) == (3, FAR.format("*"))
    assert (group.schema, group.code) == ("checkout_started.1", "schema")


@pytest.mark.parametrize(
    ("choice", "number"),
    [
        ({}, 4),
        ({"pointer": "/properties/coupon"}, 3),
        ({"pointer": FAR.format("*")}, 1),
        ({"name": "Order Refunded"}, 0),
        ({"source": "shop_server", "code": "schema", "name": "Checkout Started"}, 4),
    ],
)
def test_messages_are_chosen_by_what_groups_say(workspace, choice, number):
    hold(workspace, 9, 1, FAR.format(5))
    assert len(list(chosen_by(workspace.log, Choice(**choice)))) == number


def test_what_is_given_up_is_gone_and_still_counted(workspace):
    assert drop(workspace.log, Choice(code="schema")) == 3
    assert waiting(workspace.log) == []
    (group,) = workspace.log.quarantine.groups()
    assert (group.state, group.messages) == ("dropped", 3)
    assert drop(workspace.log, Choice(code="schema")) == 0


def test_violations_are_counted_by_field_for_ever(workspace):
    drop(workspace.log, Choice(pointer="/properties/coupon"))
    hold(workspace, 7, 1)
    hold(workspace, 8, 1, FAR.format(2))
    fields = failing_fields(workspace.log.quarantine.groups())
    assert [(each.pointer, each.waiting, each.dropped) for each in fields] == [
        ("/properties/coupon", 1, 3),
        (FAR.format("*"), 1, 0),
    ]


def test_metrics_name_the_schema_and_no_place(workspace):
    figures = StoreFigures(workspace.log, lambda: None, workspace.place, workspace.clock)
    (found,) = [each for each in figures.collect() if each.name.endswith("schema_violations")]
    told = {tuple(sorted(each.labels.items())): each.value for each in found.samples}
    assert told[("schema", "checkout_started.1"), ("state", "waiting")] == 3
    assert {name for labels in told for name, _ in labels} == {"schema", "state"}
