"""What the reports say of messages: real deliveries of a journey, answered, bought after, held out."""

import pytest
from house import House, everything

from journeyfold.core.effect import Deliver
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.project.figures import journey_figures, message_figures, stage_figures
from journeyfold.project.load import load
from journeyfold.project.people import profile_of
from journeyfold.project.pretend import pretended, said_of
from journeyfold.project.scaffold import template_files

JOURNEY = """
stage: consideration
entry: [{event: Cart Updated}]
goal: {event: Order Completed, within: 3d, value: properties.total}
holdout: {percent: 25, salt: messages}
policy: {purpose: necessary, quiet: never}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50}}}}
  - {id: mail, send: {channel: email, template: cart-reminder}}
  - {id: rest, wait: {for: 10d}}
"""
FILES = {path: text for path, text in template_files("shop").items() if path[:8] != "journeys"}
FILES = {path: text for path, text in FILES.items() if not path.startswith("tests/")}
PEOPLE = 60


class Shop(House):
    """Every message is sent at once, and said to be."""

    def __init__(self, journey=JOURNEY):
        super().__init__(load(FILES | {"journeys/cart.yaml": journey}))
        self.sent = {}
        for number in range(PEOPLE):
            self.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user=f"u{number}",
                       traits={"email": f"u{number}@example.com"})  # fmt: skip
        self.wait(6 * MINUTE_US)
        for deliver in [each for each in self.effects if isinstance(each, Deliver)]:
            if deliver.payload.get("journey") == "cart":
                self.deliver(deliver)

    def deliver(self, deliver):
        profile = self.profile(deliver.person)
        found = pretended(self.engine.compiled, profile, deliver)
        said = said_of(deliver, found, self.now_us)
        number = next(n for n in range(PEOPLE) if self.person("user_id", f"u{n}") == profile)
        self.sent[number] = said
        self.said(said.name, said.key, number, said.properties)

    def profile(self, person):
        with self.state.read() as reader:
            return profile_of(reader, person)

    def said(self, name, key, number, properties):
        self.append(
            Event(
                key, name, "track", "_fold", (Identifier("user_id", f"u{number}"),), self.now_us,
                self.now_us, properties, context={"auth": "system"},
            )
        )  # fmt: skip

    def answer(self, name, number, again="", **more):
        sent = self.sent[number]
        self.said(name, f"{sent.key}/{name}{again}", number, {**sent.properties, **more})

    def buy(self, number, total=20.0):
        self.track("Order Completed", {"order_id": f"o{number}", "total": total}, user=f"u{number}")

    def figures(self):
        with self.state.read() as reader:
            return journey_figures(reader, "cart")


@pytest.fixture(scope="module")
def told():
    shop = Shop()
    treated = sorted(shop.sent)
    shop.wait(HOUR_US)
    for number in treated[:10]:
        shop.answer("message.delivered", number)
    for number in treated[:5]:
        shop.answer("message.opened", number)
        shop.answer("message.opened", number, again="/2")
        shop.answer("message.opened", number, again="/m", machine=True)
    shop.answer("message.clicked", treated[0], link="https://shop.example.com/cart")
    shop.answer("message.bounced", treated[11])
    shop.answer("message.unsubscribed", treated[1])
    for number in treated[:4]:
        shop.buy(number)
    held_out = [number for number in range(PEOPLE) if number not in shop.sent]
    shop.buy(held_out[0])
    shop.wait(4 * DAY_US)
    shop.buy(treated[6])  # after the window
    return shop, treated, held_out


def lines(told):
    return told[0].figures().total.messages


def summed(told, what):
    return sum(getattr(each, what) for each in lines(told))


def test_a_line_for_each_arm(told):
    assert [(each.step, each.template, each.arm) for each in lines(told)] == [
        ("mail", "cart-reminder", "draw=a"), ("mail", "cart-reminder", "draw=b"),
    ]  # fmt: skip


def test_who_is_held_out_is_sent_nothing(told):
    _, treated, held_out = told
    assert summed(told, "sent") == len(treated) == PEOPLE - len(held_out)
    assert told[0].figures().total.steps["mail"].skipped == {"holdout": len(held_out)}


@pytest.mark.parametrize(
    ("what", "count"),
    [
        ("delivered", 10), ("opened", 5), ("opened_by_machine", 5), ("clicked", 1),
        ("clicked_by_machine", 0), ("bounced", 1), ("unsubscribed", 1), ("complained", 0),
    ],
)  # fmt: skip
def test_answers_count_once_a_message_and_machines_apart(told, what, count):
    assert summed(told, what) == count


def test_goals_within_the_window_count_for_the_message_that_went_before(told):
    assert summed(told, "goals") == 4
    assert summed(told, "value_micros") == 80_000_000


def arm_of(shop, number):
    return f"draw={shop.person('user_id', f'u{number}').assignments['split/s'].arm}"


def test_the_lift_of_a_message_is_over_those_held_out_who_drew_its_arm(told):
    shop, treated, held_out = told
    for line in lines(told):
        alike = [[n for n in side if arm_of(shop, n) == line.arm] for side in (treated, held_out)]
        lift = line.lift
        assert [lift.treated.people, lift.held_out.people] == [len(side) for side in alike]
        assert lift.treated.goals == len({*alike[0]} & {*treated[:4]})
        assert lift.held_out.goals == len({*alike[1]} & {held_out[0]})


def test_the_variants_of_a_message_are_all_of_its_step(told):
    _, treated, held_out = told
    assert sum(each.lift.treated.people for each in lines(told)) == len(treated)
    assert sum(each.lift.held_out.people for each in lines(told)) == len(held_out)
    assert sum(each.lift.treated.value_micros for each in lines(told)) == 80_000_000


def test_a_lift_has_its_interval(told):
    for line in lines(told):
        difference = line.lift.difference
        assert -1 <= difference.low < difference.estimate < difference.high <= 1


def test_who_got_there_after_their_goal_is_of_no_message():
    shop = House(load(FILES | {"journeys/cart.yaml": JOURNEY.replace("for: 5m", "for: 2h")}))
    for user in ("ann", "bob"):
        shop.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user=user,
                   traits={"email": f"{user}@example.com"})  # fmt: skip
    shop.track("Order Completed", {"order_id": "o", "total": 5.0}, user="ann")
    shop.wait(3 * HOUR_US)
    assert [shop.person("user_id", user).journeys[0].step for user in ("ann", "bob")] == [
        "rest"
    ] * 2
    assert [len(shop.person("user_id", user).journeys[0].lines) for user in ("ann", "bob")] == [
        0,
        1,
    ]


def test_a_split_that_comes_after_a_message_is_no_variant_of_it():
    later = JOURNEY.replace(
        "  - {id: rest",
        "  - {id: more, split: {salt: m, arms: {x: {weight: 50}, y: {weight: 50}}}}\n  - {id: rest",
    )
    shop = Shop(later)
    assert {each.arm for each in shop.figures().total.messages} == {"draw=a", "draw=b"}


def test_counts_of_messages_and_stages_are_the_same_bytes_whatever_the_batches_were(told):
    shop, *_ = told
    for batch in (1, 7, 256):
        assert everything(shop.rebuilt(batch)) == everything(shop.state)


def test_all_messages_are_told_together(told):
    with told[0].state.read() as reader:
        assert message_figures(reader) == list(lines(told))


def test_a_stage_sums_its_journeys(told):
    _, treated, held_out = told
    (stage,) = stage_figures({"cart": "consideration"}, [told[0].figures()])
    assert (stage.stage, stage.journeys) == ("consideration", ("cart",))
    assert (stage.entered, stage.sent) == (PEOPLE, len(treated))
    assert stage.skipped == {"holdout": len(held_out)}
    assert (stage.lift.treated.goals, stage.lift.held_out.goals) == (4, 1)
    assert any(move.to == "purchase" and move.people == 6 for move in stage.moves)


def test_moves_of_stage_are_compared_with_those_held_out(told):
    shop, treated, held_out = told
    (stage,) = stage_figures({"cart": "consideration"}, [shop.figures()])
    for moves in (shop.figures().stage_moves, stage.moves):
        bought = next(each for each in moves if (each.days, each.to) == (7, "purchase"))
        assert (bought.lift.treated.people, bought.lift.treated.goals) == (len(treated), 5)
        assert (bought.lift.held_out.people, bought.lift.held_out.goals) == (len(held_out), 1)
        assert bought.lift.difference.low < bought.lift.difference.estimate


def test_a_journey_without_a_label_is_in_no_stage(told):
    assert stage_figures({"cart": ""}, [told[0].figures()]) == []


def test_what_the_dispatcher_skips_is_counted_with_its_gate():
    shop = Shop()
    number, said = next(iter(shop.sent.items()))
    gone = {**said.properties, "gate": "exited"}
    shop.said("message.skipped", "late/skipped", number, gone)
    shop.said("message.failed", "late/failed", number, {**said.properties, "reason": "broken"})
    skipped = shop.figures().total.steps["mail"].skipped
    assert (skipped["exited"], skipped["failed"]) == (1, 1)
