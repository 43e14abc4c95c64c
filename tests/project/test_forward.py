"""Events that are handed on to a destination: which, with what, and for whom."""

import pytest
from house import House, everything

from journeyfold.core.effect import Deliver
from journeyfold.core.errors import ProjectError
from journeyfold.core.instant import DAY_US
from journeyfold.project.check import check, load_checked
from journeyfold.project.forward import forwarded
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

ORDER = {"order_id": "o1", "total": 89.0, "currency": "EUR"}
EVENTS = """type: slack
secret: "${env:SLACK}"
events:
  - id: orders
    event: Order Completed
    where: properties.total >= 20
    map: {value: properties.total, order: properties.order_id, email: traits.email, at: event.occurred}
"""


def project(destination=EVENTS, **more):
    return load(template_files("shop") | {"destinations/orders.yaml": destination} | more)


def delivered(house):
    return [each for each in house.effects if isinstance(each, Deliver)]


def bodies(house):
    return [each.payload["body"] for each in delivered(house)]


def last_look(house, deliver):
    compiled, ann = house.engine.compiled, house.person("user_id", "ann")
    return forwarded(compiled.forwarding, deliver, ann, compiled.view(ann), house.now_us)


def test_an_event_that_is_asked_for_is_handed_on_with_its_own_facts():
    house = House(project())
    house.track("Order Completed", ORDER, user="ann")
    (deliver,) = delivered(house)
    assert deliver.destination == "orders"
    assert deliver.payload["kind"] == "event"
    assert deliver.payload["body"] == {"value": 89.0, "order": "o1", "at": "2026-09-21T14:13:20Z"}


def test_what_is_said_of_the_person_is_read_when_it_leaves():
    house = House(project())
    house.track("Order Completed", ORDER, user="ann")
    house.track("Identify", type_="identify", user="ann", traits={"email": "ann@shop.test"})
    (deliver,) = delivered(house)
    assert last_look(house, deliver)["email"] == "ann@shop.test"
    assert "email" not in deliver.payload["body"]


def test_an_event_whose_condition_does_not_hold_stays_here():
    house = House(project())
    house.track("Order Completed", {**ORDER, "total": 19.0}, user="ann")
    house.track("Cart Updated", {"cart_id": "c", "total": 89.0, "items": 1}, user="ann")
    assert delivered(house) == []


def test_an_event_that_comes_in_days_late_is_history():
    house = House(project())
    house.now_us += 3 * DAY_US
    house.track("Order Completed", ORDER, user="ann")
    (old,) = house.log.read(house.log.head()[0] - 1, 1)
    house.append(
        type(old.event)(**{
            **{name: getattr(old.event, name) for name in old.event.__struct_fields__},
            "id": "late", "occurred_us": house.now_us - 2 * DAY_US,
        })
    )  # fmt: skip
    assert len(delivered(house)) == 1


def test_without_consent_nothing_is_handed_on():
    said = EVENTS.replace("    where:", "    purpose: marketing\n    where:")
    house = House(project(said))
    house.track("Order Completed", ORDER, user="ann")
    assert delivered(house) == []


def test_consent_withdrawn_before_it_leaves_holds_it_back():
    said = EVENTS.replace("type: slack", "type: slack\npurpose: marketing")
    house = House(project(said))
    house.track("Consent Updated", {"purposes": {"marketing": "granted"}}, user="ann")
    house.track("Order Completed", ORDER, user="ann")
    (deliver,) = delivered(house)
    house.track("Consent Updated", {"purposes": {"marketing": "denied"}}, user="ann")
    assert last_look(house, deliver) == "consent"


def test_an_event_of_a_forward_that_is_gone_is_not_sent():
    house = House(project())
    house.track("Order Completed", ORDER, user="ann")
    (deliver,) = delivered(house)
    house.now_us += 1
    house.activate(project("type: slack\nsecret: '${env:S}'\n"))
    assert last_look(house, deliver) == "gone"


def test_bots_are_handed_on_to_nobody():
    house = House(project())
    house.track("Order Completed", ORDER, user="ann", context={"bot": True})
    assert delivered(house) == []


def test_a_star_stands_for_every_event_of_the_sources_as_it_was():
    house = House(project("type: slack\nsecret: '${env:S}'\nevents: [{id: all, event: '*'}]\n"))
    house.track("Order Completed", ORDER, user="ann")
    house.track("Page", {"path": "/"}, user="ann", type_="page")
    assert [body["event"] for body in bodies(house)] == ["Order Completed", "Page"]
    assert bodies(house)[0]["properties"] == ORDER
    assert bodies(house)[0]["identifiers"] == {"user_id": "ann"}


@pytest.mark.parametrize("batch", [1, 256])
def test_a_rebuild_gives_the_same_keys(batch):
    house = House(project())
    for number in range(5):
        house.track("Order Completed", {**ORDER, "order_id": f"o{number}"}, user="ann")
    keys = [each.key for each in delivered(house)]
    assert len(set(keys)) == 5
    again = House(project())
    for number in range(5):
        again.track("Order Completed", {**ORDER, "order_id": f"o{number}"}, user="ann")
    assert [each.key for each in delivered(again)] == keys
    assert everything(house.rebuilt(batch)) == everything(house.state)


def test_a_project_without_events_has_no_stage():
    assert House(load(template_files("shop"))).engine.compiled.forwarding is None


def problems(destination):
    return {
        (each.line, each.code, each.message)
        for each in check(project(destination))
        if each.severity == "error"
    }


def test_names_that_name_nothing_are_found_at_their_places():
    found = problems(
        """type: slack
secret: "${env:S}"
purpose: adverts
events:
  - {id: one, event: Order Complete, purpose: marketng}
  - {id: one, event: Order Completed, where: properties.totl > 2}
syncs:
  - {id: vip, from: {segment: vp}, key: traits.email}
"""
    )
    assert {(line, code) for line, code, _ in found} == {
        (3, "P130"), (5, "P130"), (6, "P127"), (6, "J104"), (8, "P130"), (8, "P136"),
    }  # fmt: skip


def test_what_a_kind_cannot_take_is_refused():
    assert problems("type: mailbox\nevents: [{id: a, event: Page}]\n") == {
        (2, "P136", "a mailbox takes no events")
    }


def test_a_contextual_segment_has_no_rows():
    segments = "segments:\n  - {id: here, kind: contextual, when: 'context.country == \"DE\"'}\n"
    text = "type: kafka\nservers: 'k:1'\ntopic: t\nsyncs: [{id: a, from: {segment: here}, key: traits.email}]\n"
    found = check(project(text, **{"segments/here.yaml": segments}))
    assert [(each.line, each.code) for each in found if each.severity == "error"] == [(4, "P135")]


def test_a_key_that_is_no_key_is_refused_at_its_place():
    text = """type: kafka
servers: "k:1"
topic: t
syncs:
  - {id: all, from: {segment: newsletter}, key: as_time("2026-01-01")}
  - {id: few, from: {segment: nobody}, key: traits.email}
"""
    assert problems(text) == {
        (5, "J110", 'a key is a text or an integer, as_time("2026-01-01") is timestamp'),
        (6, "P130", "unknown segment 'nobody'"),
    }


def test_a_wrong_expression_is_refused_with_its_column():
    text = EVENTS.replace("properties.order_id", "properties.ordr")
    with pytest.raises(ProjectError) as refused:
        load_checked(template_files("shop") | {"destinations/orders.yaml": text})
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("destinations/orders.yaml", 7)
    assert text.splitlines()[6][problem.column - 1 :].startswith("properties.ordr")
