"""What the report of a journey counts: steps, reasons, arms, goals, held out and not."""

import pytest
from house import House, everything

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.project.figures import counted_journeys, journey_figures
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, reason: bought}]
goal: {event: Order Completed, within: 7d, value: properties.total}
holdout: {percent: 30, salt: h}
policy: {purpose: loyalty}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50, goto: rest}}}}
  - {id: mail, send: {channel: email, template: cart, class: transactional}}
  - {id: rest, wait: {for: 2d}}
"""
TEMPLATE = {
    "templates/cart/template.yaml": "subject: Cart\nfrom: a@example.com\n",
    "templates/cart/body.txt": "Your cart\n",
}
PEOPLE = 40


@pytest.fixture
def house():
    return House(load(template_files("shop") | {"journeys/cart.yaml": JOURNEY} | TEMPLATE))


def figures(house, journey="cart"):
    with house.state.read() as reader:
        return journey_figures(reader, journey)


def enter(house, numbers=range(PEOPLE)):
    for number in numbers:
        house.track(
            "Cart Updated", {"cart_id": "c1", "total": 9.0, "items": 1},
            user=f"u{number}", traits={"email": f"u{number}@example.com"},
        )  # fmt: skip


def buy(house, numbers, total=10.0):
    for number in numbers:
        house.track(
            "Order Completed", {"order_id": f"o{number}", "total": total}, user=f"u{number}"
        )


def test_a_journey_that_nobody_entered_counts_nothing(house):
    assert figures(house, "nobody").total.entered == 0


def test_who_waits_at_a_step_is_counted_there(house):
    enter(house)
    total = figures(house).total
    assert (total.entered, total.running) == (PEOPLE, PEOPLE)
    assert total.steps["pause"].waiting == PEOPLE
    assert total.steps["pause"].passed == 0


def test_who_went_on_has_passed_and_where_to_is_told(house):
    enter(house)
    house.wait(6 * MINUTE_US)
    steps = figures(house).total.steps
    assert (steps["pause"].waiting, steps["pause"].passed) == (0, PEOPLE)
    assert steps["pause"].to == {"draw": PEOPLE}
    assert steps["draw"].to["mail"] + steps["draw"].to["rest"] == PEOPLE
    assert steps["rest"].waiting == PEOPLE


def test_who_is_dropped_is_told_with_the_reason_and_the_step(house):
    enter(house)
    buy(house, [1, 2, 3])
    steps = figures(house).total.steps
    assert steps["pause"].dropped == {"bought": 3}
    assert steps["pause"].waiting == PEOPLE - 3


def test_goals_and_their_value_count_on_the_side_of_the_draw(house):
    enter(house)
    buy(house, range(10), total=2.5)
    lift = figures(house).total.lift
    assert lift.treated.people + lift.held_out.people == PEOPLE
    assert 0 < lift.held_out.people < PEOPLE
    assert lift.treated.goals + lift.held_out.goals == 10
    assert lift.treated.value_micros + lift.held_out.value_micros == 25_000_000
    assert lift.treated.mean == pytest.approx(2.5 * lift.treated.goals / lift.treated.people)


def test_arms_have_their_own_people_and_goals(house):
    enter(house)
    house.wait(6 * MINUTE_US)
    buy(house, range(PEOPLE))
    arms = figures(house).total.arms
    assert [each.arm for each in arms] == ["a", "b"]
    for side in ("treated", "held_out"):
        sides = [getattr(each.lift, side) for each in arms]
        assert [each.people for each in sides] == [each.goals for each in sides]
    total = figures(house).total.lift
    assert sum(each.lift.treated.people for each in arms) == total.treated.people


def test_refusals_are_counted_by_reason(house):
    enter(house, [1])
    enter(house, [1])
    assert figures(house).total.refused == {"active": 1}


def test_versions_are_apart_and_together(house):
    enter(house, range(5))
    house.now_us += 1
    house.activate(
        load(
            template_files("shop")
            | {"journeys/cart.yaml": JOURNEY.replace("2d", "3d")} | TEMPLATE
        )
    )  # fmt: skip
    enter(house, range(5, 12))
    told = figures(house)
    assert sorted(each.entered for each in told.versions.values()) == [5, 7]
    assert told.total.entered == 12


def test_who_migrates_leaves_one_version_and_joins_the_other(house):
    enter(house, range(6))
    moved = JOURNEY.replace("id: pause", "id: wait").replace("for: 5m", "for: 9m")
    moved += "on_publish: migrate\nmigrate: {pause: wait}\n"
    house.now_us += 1
    house.activate(load(template_files("shop") | {"journeys/cart.yaml": moved} | TEMPLATE))
    told = figures(house)
    assert sorted(each.running for each in told.versions.values()) == [0, 6]
    assert (told.total.entered, told.total.running, told.total.ended) == (6, 6, {})
    assert told.total.steps["wait"].waiting == 6
    assert told.total.steps["pause"].waiting == 0


def test_a_goal_after_a_migration_does_not_outnumber_its_people(house):
    enter(house, range(6))
    moved = JOURNEY.replace("for: 5m", "for: 9m") + "on_publish: migrate\nmigrate: {pause: pause}\n"
    house.now_us += 1
    house.activate(load(template_files("shop") | {"journeys/cart.yaml": moved} | TEMPLATE))
    buy(house, range(6))
    for each in figures(house).versions.values():
        for told in (each.lift.treated, each.lift.held_out):
            assert told.goals <= told.people


def test_a_move_to_another_stage_soon_after_the_entry_is_counted(house):
    enter(house, [1])
    house.wait(10 * DAY_US)
    buy(house, [1])
    moves = {
        (each.days, each.lifecycle, each.came_from, each.to): each.people
        for each in figures(house).stage_moves
    }
    assert moves == {
        (30, "customer", "Prospect", "Active"): 1,
        (30, "shop", "consideration", "purchase"): 1,
    }


def test_a_move_counts_once_a_run_however_often_it_is_made(house):
    enter(house, [1])
    house.wait(DAY_US)
    buy(house, [1])
    house.wait(DAY_US)
    passage = house.person("user_id", "u1").passages["cart/c1"]
    assert passage.moves == ("customer/Prospect/Active", "shop/consideration/purchase")
    assert {each.people for each in figures(house).stage_moves} == {1}


def test_counts_are_the_same_bytes_whatever_the_batches_were(house):
    enter(house)
    house.wait(HOUR_US)
    buy(house, range(20))
    house.wait(3 * DAY_US)
    for batch in (1, 7, 256):
        assert everything(house.rebuilt(batch)) == everything(house.state)
    with house.state.read() as reader:
        assert "cart" in counted_journeys(reader)
