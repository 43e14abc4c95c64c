"""`plan` tells of journeys what they would have done on recorded history, day by day."""

import pytest
from house import KEY, House

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.planning import plan_between

SHOP = {path: text for path, text in template_files("shop").items() if path[:8] != "journeys"}
SHOP = {path: text for path, text in SHOP.items() if not path.startswith("tests/")}
JOURNEY = """
entry: [{event: Cart Updated}]
reentry: {mode: always, on_conflict: restart}
policy: {purpose: marketing}
holdout: {percent: 20, salt: plan}
steps:
  - {id: pause, wait: {for: 20h}}
  - {id: mail, send: {channel: email, template: cart-reminder, expires: 24h}}
  - {id: rest, wait: {for: 9d}}
"""


def project(journey=None):
    return load(SHOP | ({"journeys/cart.yaml": journey} if journey else {}))


def lived(journey=None, people=30):
    house = House(project(journey))
    for number in range(people):
        house.now_us += HOUR_US
        user = f"u{number}"
        house.track(
            "Identify", type_="identify", user=user, traits={"email": f"{user}@example.com"}
        )
        if number % 5:
            house.track("Consent Updated", {"purposes": {"marketing_email": "granted"}}, user=user)
        house.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user=user)
    house.wait(2 * DAY_US)
    return house


def planned(house, before, after, window_us=30 * DAY_US):
    report = plan_between(house.log, KEY, before, after, window_us=window_us, now_us=house.now_us)
    return report, {each.journey: each for each in report.journeys}


@pytest.fixture(scope="module")
def added():
    house = lived()
    return planned(house, project(), project(JOURNEY))


def test_a_new_journey_tells_who_would_have_entered(added):
    report, journeys = added
    told = journeys["cart"]
    assert report.definitions["journey/cart"] == "added"
    assert (told.change, told.entered_before) == ("added", None)
    assert (told.entered, told.people) == (30, 30)
    assert told.examples[0].startswith("p_")
    assert len(told.examples) == 5


def test_it_tells_what_would_have_been_sent_and_when(added):
    told = added[1]["cart"]
    (message,) = told.messages
    assert (message.step, message.template) == ("mail", "cart-reminder")
    assert sum(day.sent for day in told.days) == told.sent == message.sent > 0
    assert sum(day.entered for day in told.days) == 30
    assert [day.day for day in told.days] == sorted(day.day for day in told.days)


def test_it_tells_what_each_gate_would_have_held_back(added):
    told = added[1]["cart"]
    skipped = {gate: sum(day.skipped.get(gate, 0) for day in told.days) for gate in
               ("consent", "holdout")}  # fmt: skip
    assert skipped["consent"] == 6
    assert 0 < skipped["holdout"] <= told.held_out
    assert sum(day.held.get("quiet", 0) for day in told.days) > 0
    assert told.sent + sum(skipped.values()) == 30


def test_what_is_older_than_the_window_is_not_told():
    house = lived()
    _, journeys = planned(house, project(), project(JOURNEY), window_us=DAY_US)
    assert journeys["cart"].entered < 30


def test_a_journey_that_did_not_change_is_not_told():
    house = lived(JOURNEY, people=3)
    assert planned(house, project(JOURNEY), project(JOURNEY + "# why\n"))[1] == {}


def test_a_change_is_told_beside_what_is_in_force():
    house = lived(JOURNEY)
    fewer = JOURNEY.replace("Cart Updated}", "Cart Updated, where: properties.total > 10}")
    told = planned(house, project(JOURNEY), project(fewer))[1]["cart"]
    assert (told.change, told.entered_before, told.entered) == ("changed", 30, 0)


def test_who_is_in_it_stays_where_the_new_version_pins():
    house = lived(JOURNEY)
    told = planned(house, project(JOURNEY), project(JOURNEY.replace("9d", "8d")))[1]["cart"]
    assert {move.step for move in told.moves} <= {"pause", "mail", "rest"}
    assert sum(move.people for move in told.moves) == 30
    assert {move.to for move in told.moves} == {""}


def test_who_is_in_it_moves_where_the_new_version_migrates():
    house = lived(JOURNEY)
    moved = JOURNEY.replace("id: rest", "id: later").replace("9d", "8d")
    moved += "on_publish: migrate\nmigrate: {rest: later}\n"
    told = planned(house, project(JOURNEY), project(moved))[1]["cart"]
    assert ("rest", "later") in {(move.step, move.to) for move in told.moves}


def test_a_journey_that_goes_is_told_with_those_in_it():
    house = lived(JOURNEY, people=4)
    told = planned(house, project(JOURNEY), project())[1]["cart"]
    assert (told.change, told.entered, told.sent) == ("removed", 0, 0)
    assert sum(move.people for move in told.moves) == 4


def test_what_is_recorded_while_a_plan_is_made_is_left_out():
    """A platform that runs appends between the two readings: both must end at one record."""
    house = lived(people=3)
    house.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user="u1")
    first, _ = house.log.head()

    class Growing:
        """As long as it was for who asks, longer for who reads on."""

        def __getattr__(self, name):
            return getattr(house.log, name)

        def head(self):
            return first - 1, 0

    report = plan_between(
        Growing(), KEY, project(), project(), window_us=30 * DAY_US, now_us=house.now_us
    )
    assert report.records == first
    longest = []
    plan_between(
        Growing(), KEY, project(), project(), window_us=30 * DAY_US, now_us=house.now_us,
        progress=lambda done, _total: longest.append(done),
    )  # fmt: skip
    assert max(longest) == 2 * first - 1


def test_what_was_imported_counts_as_of_when_it_happened():
    """Read in today, a month of history would be too late for every journey."""
    house = House(project())
    imported = {"context": {"auth": "import"}}
    for number in (2, 3, 0, 1):  # of two files, one after the other
        house.occurs_us = house.now_us - (10 - number) * DAY_US
        user = f"u{number}"
        house.track("Identify", type_="identify", user=user,
                    traits={"email": f"{user}@example.com"}, **imported)  # fmt: skip
        house.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user=user, **imported)
    journey = f"{JOURNEY}max_event_age: 1h\n"
    _, journeys = planned(house, project(), project(journey))
    assert journeys["cart"].entered == 4
    assert [day.entered for day in journeys["cart"].days if day.entered] == [1, 1, 1, 1]


def test_a_project_that_was_published_again_before_anybody_came_is_planned():
    house = House(project())
    house.wait(HOUR_US)
    house.activate(project(JOURNEY))
    house.now_us += HOUR_US
    house.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user="ann")
    report, journeys = planned(house, project(), project(JOURNEY))
    assert report.people == 1
    assert journeys["cart"].entered == 1
