"""Journeys paused, resumed, drained, stopped and migrated by records (journeys E61, E62)."""

import pytest
from house import House, everything, system

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.journey.control import command
from journeyfold.project.load import load
from journeyfold.project.people import encode_profile
from journeyfold.project.scaffold import template_files

CART = {"cart_id": "c1", "total": 89.0, "items": 1}
JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, reason: bought}]
goal: {event: Order Completed, within: 7d, value: properties.total}
policy: {purpose: necessary, class: transactional}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: mail, send: {channel: email, template: hello, expires: 1h}}
  - {id: heard, wait_for: {any: [{event: Checkout Started, goto: done}], timeout: 1d}}
  - {id: last, wait: {for: 1h}}
  - {id: done, exit: completed}
"""


def quiet_shop():
    """The shop without its own journeys."""
    own = ("journeys/", "templates/", "tests/")
    return {path: text for path, text in template_files("shop").items() if not path.startswith(own)}


def project(journey=JOURNEY):
    letter = {
        "templates/hello/template.yaml": "subject: Hello\nfrom: Shop <hello@shop.example>",
        "templates/hello/body.html": "<p>Hello</p>",
    }
    return load(quiet_shop() | letter | {"journeys/cart.yaml": journey})


@pytest.fixture
def house():
    house = House(project())
    house.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
    house.track("Cart Updated", CART, user="ann")
    return house


def do(house, action, **more):
    house.append(command(action, "cart", house.now_us, "cli", **more), "journey")


def run_of(house, user="ann"):
    (run,) = house.person("user_id", user).journeys
    return run


def delivered(house):
    """The messages, without the pushes of the shop's triggers."""
    found = [each for each in house.effects if type(each).__name__ == "Deliver"]
    return [each for each in found if each.payload.get("kind") == "message"]


def exits(house):
    return [emit.properties["reason"] for emit in house.emitted("journey.exited")]


def test_jt23_a_pause_holds_what_is_due_and_a_resume_begins_from_now(house):
    do(house, "pause")
    house.wait(2 * HOUR_US)
    assert (run_of(house).step, delivered(house)) == ("pause", [])
    house.now_us += HOUR_US
    do(house, "resume")
    assert len(delivered(house)) == 1
    run = run_of(house)
    assert (run.step, run.at_us, run.due_us) == ("heard", house.now_us, house.now_us + DAY_US)
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_jt23_skip_expired_leaves_out_what_would_be_too_late(house):
    do(house, "pause")
    house.now_us += 3 * HOUR_US
    do(house, "resume", catch_up="skip-expired")
    assert delivered(house) == []
    (skipped,) = house.emitted("message.skipped")
    assert skipped.properties["gate"] == "expired"
    assert run_of(house).step == "heard"


def test_skip_expired_sends_what_is_young_enough(house):
    do(house, "pause")
    house.now_us += HOUR_US
    do(house, "resume", catch_up="skip-expired")
    assert len(delivered(house)) == 1


def test_who_is_not_due_yet_waits_on_as_if_nothing_had_been(house):
    do(house, "pause")
    house.now_us += 2 * MINUTE_US
    do(house, "resume")
    assert (run_of(house).step, delivered(house)) == ("pause", [])
    house.wait(3 * MINUTE_US)
    assert len(delivered(house)) == 1


def test_nobody_enters_a_paused_journey(house):
    do(house, "pause")
    house.track("Cart Updated", CART, user="bob")
    assert house.person("user_id", "bob").journeys == []
    assert [told.properties["reason"] for told in house.emitted("journey.refused")] == ["paused"]


def test_an_exit_acts_and_a_goal_counts_in_a_paused_journey(house):
    do(house, "pause")
    house.track("Order Completed", {"order_id": "o1", "total": 9.0}, user="ann")
    assert exits(house) == ["bought"]
    assert len(house.emitted("journey.goal")) == 1


def test_what_was_awaited_is_heard_and_the_next_step_begins_at_the_resume():
    way = JOURNEY.replace("goto: done", "goto: second").replace(
        "  - {id: done", "  - {id: second, send: {channel: email, template: hello}}\n  - {id: done"
    )
    house = House(project(way))
    house.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
    house.track("Cart Updated", CART, user="ann")
    house.wait(6 * MINUTE_US)
    do(house, "pause")
    house.track("Checkout Started", {"cart_id": "c1"}, user="ann")
    run = run_of(house)
    assert (run.step, run.held, len(delivered(house))) == ("second", "paused", 1)
    house.now_us += HOUR_US
    do(house, "resume")
    assert len(delivered(house)) == 2
    assert everything(house.rebuilt(1)) == everything(house.state)


def test_a_drained_journey_lets_nobody_in_and_everybody_finish(house):
    do(house, "drain")
    house.track("Cart Updated", CART, user="bob")
    house.wait(2 * DAY_US)
    assert house.person("user_id", "bob").journeys == []
    assert exits(house) == ["completed"]
    assert len(delivered(house)) == 1


def test_a_stop_ends_everybody(house):
    house.track("Cart Updated", CART, user="bob")
    do(house, "stop")
    assert exits(house) == ["stopped", "stopped"]
    house.track("Cart Updated", {**CART, "cart_id": "c9"}, user="cem")
    assert house.person("user_id", "cem").journeys == []
    assert everything(house.rebuilt(3)) == everything(house.state)


def test_a_command_outlives_a_new_version(house):
    do(house, "pause")
    house.activate(project(JOURNEY.replace("5m", "9m")))
    house.track("Cart Updated", CART, user="bob")
    assert house.person("user_id", "bob").journeys == []
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_a_worker_that_is_late_at_a_pause_took_the_same_way():
    def lived(*, is_late):
        house = House(project())
        house.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
        house.track("Cart Updated", CART, user="ann")
        house.wait(5 * MINUTE_US) if not is_late else None
        house.now_us += 0 if not is_late else 5 * MINUTE_US
        house.now_us += MINUTE_US
        do(house, "pause")
        house.wait(HOUR_US)
        return house

    on_time, late = lived(is_late=False), lived(is_late=True)
    assert delivered(on_time) == delivered(late)
    assert run_of(on_time) == run_of(late)


MIGRATES = JOURNEY.replace("for: 5m", "for: 2h").replace("id: pause", "id: first") + (
    "on_publish: migrate\nmigrate: {pause: first}\n"
)


def test_a_version_that_migrates_takes_over_who_waits_and_counts_their_wait_anew(house):
    began_us = house.now_us
    house.now_us += MINUTE_US
    house.activate(project(MIGRATES))
    run = run_of(house)
    assert (run.step, run.at_us, run.due_us) == ("first", began_us, began_us + 2 * HOUR_US)
    assert run.version == house.engine.compiled.programs["cart"].version
    house.wait(2 * HOUR_US)
    assert len(delivered(house)) == 1
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_a_wait_that_is_over_in_the_new_version_is_due_at_once(house):
    house.now_us += 4 * MINUTE_US
    house.activate(project(MIGRATES.replace("for: 2h", "for: 3m")))
    assert (run_of(house).step, len(delivered(house))) == ("heard", 1)


@pytest.mark.parametrize(
    "migrates",
    [
        MIGRATES.replace("pause: first", "mail: mail"),
        MIGRATES.replace("pause: first", "pause: heard"),
    ],
)
def test_who_stands_where_nothing_fits_stays_in_their_version(house, migrates):
    version = run_of(house).version
    house.now_us += MINUTE_US
    house.activate(project(migrates))
    assert (run_of(house).version, run_of(house).step) == (version, "pause")


def test_who_is_pinned_goes_over_when_a_command_says_so(house):
    version = run_of(house).version
    house.now_us += MINUTE_US
    house.activate(project(JOURNEY.replace("for: 5m", "for: 30m")))
    assert run_of(house).version == version
    do(house, "migrate")
    assert run_of(house).version != version
    house.wait(20 * MINUTE_US)
    assert run_of(house).step == "pause"
    (moved,) = house.emitted("journey.moved")
    assert (moved.properties["came_from"], moved.properties["to"]) == (version, "pause")
    assert everything(house.rebuilt(1)) == everything(house.state)


MORNING = """
entry: [{event: Cart Updated, key: properties.cart_id}]
policy: {purpose: necessary, class: transactional}
steps:
  - {id: nine, wait: {until: "09:00"}}
  - {id: mail, send: {channel: email, template: hello}}
  - {id: end, wait: {for: 30d}}
"""


def rezone(house, version):
    told = system("zones.updated", house.now_us, {"version": version})
    house.append(told, "journey")


def waiting(moved_us):
    """Somebody whose wait an older database would have ended so much later."""
    house = House(project(MORNING))
    house.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
    house.track("Cart Updated", CART, user="ann")
    person = house.person("user_id", "ann")
    due_us = person.journeys[0].due_us
    person.journeys[0].due_us += moved_us
    with house.state.write() as writer:
        writer.put("profile", person.person.encode(), encode_profile(person))
    house.engine.forget()
    return house, due_us


def test_jt18_a_new_tz_database_counts_the_waits_for_a_local_time_anew():
    house, due_us = waiting(HOUR_US)
    rezone(house, "2027a")
    assert run_of(house).due_us == due_us
    assert house.person("user_id", "ann").journeys_due_us == due_us
    assert house.engine.definitions.standing.zones == "2027a"


def test_jt18_what_is_past_by_the_new_database_is_due_now():
    house, due_us = waiting(3 * HOUR_US)
    house.now_us = due_us + HOUR_US
    rezone(house, "2027a")
    assert (run_of(house).step, len(delivered(house))) == ("end", 1)


def test_a_new_tz_database_changes_nothing_for_who_waits_a_length_of_time(house):
    before = run_of(house)
    rezone(house, "2027a")
    assert run_of(house) == before
    assert everything(house.rebuilt(1)) == everything(house.state)
