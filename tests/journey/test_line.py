"""What a message is reported by: drawn when a run comes to a send, on both sides of the holdout."""

from types import SimpleNamespace

import pytest
from house import House

from journeyfold.core.instant import MINUTE_US
from journeyfold.core.profile import Instance
from journeyfold.journey.line import draw_line, take_crossed, told_lines
from journeyfold.journey.step import Send, Step
from journeyfold.project.counting import row_key
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

MAIL = Step(id="mail", send=Send(channel="email", template="cart"))
TABLE = {"lifecycle": "shop", "awareness": "hello", "purchase": None}
STAGED = Step(id="mail", send=Send(channel="email", by_stage=TABLE))


def run(**more):
    return Instance("i", "cart", "v", "", 0, {}, **more)


def view(stage):
    return SimpleNamespace(stage={"shop": stage}.__getitem__)


def test_a_line_is_channel_template_and_the_arms_so_far():
    one = run(arms={"two": "x", "one": "a"})
    assert draw_line(one, MAIL, view("")) == ("email", "cart", "one=a,two=x")
    assert told_lines(one.lines) == {"mail": ["email", "cart", "one=a,two=x"]}


@pytest.mark.parametrize(
    ("stage", "template"), [("awareness", "hello"), ("purchase", ""), ("nowhere", "")]
)
def test_the_stage_on_arrival_says_which_template(stage, template):
    assert draw_line(run(), STAGED, view(stage)) == ("email", template, "")


def test_whose_goal_is_behind_them_is_of_no_message():
    one = run(goal_us=1)
    assert draw_line(one, MAIL, view("")) is None
    assert one.lines == {}


def test_what_counts_for_no_arm_counts_for_no_message_of_that_arm():
    one = run()
    one.lines = {
        "a": ("email", "t", "draw=x"), "b": ("email", "t", "draw=x,more=y"),
        "c": ("email", "t", "more=y"), "d": ("email", "t", "draw=xy"),
    }  # fmt: skip
    assert set(take_crossed(one, "draw", "x")) == {"a", "b"}
    assert set(one.lines) == {"c", "d"}


JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
goal: {event: Order Completed, within: 7d, value: properties.total}
policy: {purpose: necessary, quiet: never}
steps:
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50}}}}
  - {id: mail, send: {channel: email, template: cart-reminder}}
  - {id: rest, wait: {for: 5d}}
"""
OWN = ("journeys/", "tests/")
FILES = {p: text for p, text in template_files("shop").items() if not p.startswith(OWN)}


def cart(house, number, **who):
    house.track("Cart Updated", {"cart_id": f"c{number}", "total": 9.0, "items": 1}, **who)


def counted(house, version):
    """(arm → runs that came to the message, arm → goals of those)."""
    told = []
    with house.state.read() as reader:
        for what, more in (("line", ()), ("line_goal", ("n",))):
            keys = {
                arm: row_key(
                    "cart", version, what, "mail", "email", "cart-reminder", f"draw={arm}",
                    "treated", *more,
                )
                for arm in "ab"
            }  # fmt: skip
            rows = {arm: reader.get("count", key) or b"" for arm, key in keys.items()}
            told.append({arm: int.from_bytes(raw, "big", signed=True) for arm, raw in rows.items()})
    return told


def test_two_who_were_drawn_differently_and_became_one_are_taken_out_with_their_goal():
    house = House(load(FILES | {"journeys/cart.yaml": JOURNEY}))
    cart(house, 0, user="ann")
    mine = house.person("user_id", "ann").journeys[0]
    for number in range(1, 30):
        cart(house, number, anonymous=f"a{number}")
        theirs = house.person("anonymous_id", f"a{number}").journeys[0].arms["draw"]
        if theirs != mine.arms["draw"]:
            break
    assert theirs != mine.arms["draw"]
    house.track("Order Completed", {"order_id": "o", "total": 12.0}, user="ann")
    before, goals = counted(house, mine.version)
    assert goals[mine.arms["draw"]] == 1
    house.now_us += MINUTE_US
    house.track("Identify", type_="identify", user="ann", anonymous=f"a{number}")
    after, goals = counted(house, mine.version)
    assert {arm: before[arm] - after[arm] for arm in "ab"} == {"a": 1, "b": 1}
    assert goals == {"a": 0, "b": 0}
