"""Segments and stages over one person: exact in time, and each change told once."""

from __future__ import annotations

import msgspec

from journeyfold.core.aggregate_keys import keys_of
from journeyfold.core.condition_scope import FLOAT, STRING, Scope, object_of
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.profile import Profile, Score, Trait
from journeyfold.profile.aggregates import Aggregation
from journeyfold.segment.bind import bind
from journeyfold.segment.definition import LifecycleDefinition, SegmentDefinition, SegmentsFile
from journeyfold.segment.membership import Segmentation
from journeyfold.segment.view import PersonView, Surroundings

START = 1_700_000_000_000_000
SCOPE = Scope(
    traits=object_of({"country": STRING}),
    events={"Order Completed": object_of({"total": FLOAT}), "Product Viewed": object_of({})},
    models=frozenset({"churn"}),
)
CUSTOMER = {
    "id": "customer",
    "initial": "Prospect",
    "stages": [
        {"stage": "Lapsed", "when": 'recency("Order Completed") > "365d"'},
        {
            "stage": "At-risk",
            "when": 'recency("Order Completed") > "120d"',
            "from": ["Active", "Loyal", "At-risk"],
        },
        {"stage": "Loyal", "when": 'count("Order Completed", within="365d") >= 4'},
        {"stage": "Active", "when": 'count("Order Completed") >= 1'},
        {"stage": "Prospect", "when": 'count("Order Completed") == 0'},
    ],
}


class Person:
    """One person and the definitions, folded as the engine folds them."""

    def __init__(self, *segments: dict, lifecycles: tuple[dict, ...] = ()):
        file = msgspec.convert({"segments": segments, "lifecycles": lifecycles}, SegmentsFile)
        bound = bind({}, file.segments, file.lifecycles, SCOPE)
        keys = keys_of(bound.exprs())
        self.aggregation = Aggregation(keys)
        self.rules = Segmentation(bound, file.segments, file.lifecycles, keys)
        self.profile = Profile(person="p_1")
        initial = {one.id: one.initial for one in file.lifecycles}
        self.view = PersonView(
            self.profile, Surroundings(keys, _trait, lambda *_: False, initial_stages=initial)
        )
        self.count = 0

    def happens(self, name: str, at_us: int, log_us: int | None = None, **properties: object):
        self.count += 1
        event = Event(f"e{self.count}", name, "track", "shop", (), at_us, at_us, properties)
        now_us = log_us or at_us
        emits = self.rules.advance(self.profile, self.view, now_us)
        self.aggregation.fold(self.profile, event)
        return emits + self.rules.evaluate_person(
            self.profile, self.view, now_us, (f"event:{name}",)
        )

    def passes(self, upto_us: int):
        return self.rules.advance(self.profile, self.view, upto_us)


def _trait(profile: Profile, name: str) -> object:
    held = profile.traits.get(name)
    return held.value if isinstance(held, Trait) else None


def told(emits) -> list[tuple[str, str, int]]:
    return [
        (e.name, str(e.properties.get("segment") or e.properties.get("to")), e.at_us) for e in emits
    ]


QUIET = {"id": "quiet", "when": 'count("Order Completed", within="30d") == 0'}
BUYER = {"id": "buyer", "when": 'count("Order Completed", within="30d") >= 2'}


def test_a_person_leaves_a_window_exactly_when_the_point_does():
    person = Person(BUYER)
    person.happens("Order Completed", START)
    assert told(person.happens("Order Completed", START + DAY_US)) == [
        ("segment.entered", "buyer", START + DAY_US)
    ]
    assert told(person.passes(START + 40 * DAY_US)) == [
        ("segment.left", "buyer", START + 30 * DAY_US)
    ]


def test_a_late_timer_changes_nothing_about_the_instant_of_an_exit():
    early, late = Person(BUYER), Person(BUYER)
    for person in (early, late):
        person.happens("Order Completed", START)
        person.happens("Order Completed", START)
    emits = [*early.passes(START + 20 * DAY_US), *early.passes(START + 31 * DAY_US)]
    assert emits == late.passes(START + 90 * DAY_US)


def test_what_is_due_at_the_instant_of_a_record_is_settled_after_it():
    person = Person(BUYER)
    person.happens("Order Completed", START)
    person.happens("Order Completed", START + DAY_US)
    # one leaves and one comes at the same instant: two stay in the window, nobody leaves
    assert person.happens("Order Completed", START + 30 * DAY_US) == []
    assert "buyer" in person.profile.memberships


def test_a_person_nobody_has_heard_of_is_in_no_order_segments_at_first_sight():
    person = Person(QUIET)
    assert told(person.happens("Product Viewed", START)) == [("segment.entered", "quiet", START)]


def test_a_wake_with_nothing_due_is_a_no_op():
    person = Person(BUYER)
    person.happens("Order Completed", START)
    before = msgspec.msgpack.encode(person.profile, order="deterministic")
    assert person.passes(START + DAY_US) == []
    assert msgspec.msgpack.encode(person.profile, order="deterministic") == before


def test_min_stay_delays_the_exit_to_its_end():
    person = Person(
        {"id": "leaving", "when": 'score("churn") > 0.7', "min_stay": "24h"},
    )
    person.profile.scores["churn"] = Score(0.9, None, "v1", START)
    person.rules.evaluate_person(person.profile, person.view, START, ("score:churn",))
    person.profile.scores["churn"] = Score(0.1, None, "v1", START + HOUR_US)
    assert (
        person.rules.evaluate_person(person.profile, person.view, START + HOUR_US, ("score:churn",))
        == []
    )
    assert told(person.passes(START + 2 * DAY_US)) == [("segment.left", "leaving", START + DAY_US)]


def test_min_stay_ends_without_an_exit_when_the_condition_is_true_again():
    person = Person({"id": "leaving", "when": 'score("churn") > 0.7', "min_stay": "24h"})
    for hours, value in ((0, 0.9), (1, 0.1), (2, 0.8)):
        person.profile.scores["churn"] = Score(value, None, "v1", START)
        person.rules.evaluate_person(
            person.profile, person.view, START + hours * HOUR_US, ("score:churn",)
        )
    assert person.passes(START + 9 * DAY_US) == []
    assert "leaving" in person.profile.memberships


def test_a_score_past_its_expiry_ends_the_membership_then():
    person = Person({"id": "leaving", "when": 'score("churn") > 0.7'})
    person.profile.scores["churn"] = Score(0.9, None, "v1", START, START + DAY_US)
    person.rules.evaluate_person(person.profile, person.view, START, None)
    assert told(person.passes(START + 2 * DAY_US)) == [("segment.left", "leaving", START + DAY_US)]


def test_a_segment_that_reads_a_segment_follows_it_in_the_same_record():
    person = Person(
        {"id": "calm", "when": 'not in_segment("buyer")'},
        BUYER,
    )
    person.happens("Order Completed", START)
    assert "calm" in person.profile.memberships
    assert told(person.happens("Order Completed", START + 1)) == [
        ("segment.entered", "buyer", START + 1),
        ("segment.left", "calm", START + 1),
    ]


def test_a_removed_segment_is_left_when_the_definition_changes():
    person = Person(BUYER)
    other = Person(QUIET)
    person.happens("Order Completed", START)
    person.happens("Order Completed", START)
    emits = other.rules.evaluate_person(person.profile, person.view, START + 5, None, "definition")
    assert [(e.name, e.properties["segment"], e.properties["cause"]) for e in emits] == [
        ("segment.left", "buyer", "definition")
    ]


def test_a_list_puts_a_person_into_a_manual_segment():
    person = Person({"id": "press", "kind": "manual", "identifier": "email"})
    person.happens("Product Viewed", START)
    person.profile.manual = ["press"]
    emits = person.rules.evaluate_person(person.profile, person.view, START + 1, ("manual",))
    assert told(emits) == [("segment.entered", "press", START + 1)]


def test_a_customer_walks_through_the_stages_at_their_instants():
    person = Person(lifecycles=(CUSTOMER,))
    emits = person.happens("Product Viewed", START)
    emits += person.happens("Order Completed", START + DAY_US)
    emits += person.passes(START + 500 * DAY_US)
    assert told(emits) == [
        ("stage.changed", "Active", START + DAY_US),
        ("stage.changed", "At-risk", START + 121 * DAY_US + 1),
        ("stage.changed", "Lapsed", START + 366 * DAY_US + 1),
    ]


def test_a_stage_is_entered_only_from_where_it_may():
    person = Person(lifecycles=(CUSTOMER,))
    # an order of half a year ago: the person was no customer of ours before, so not at risk
    person.happens("Order Completed", START - 200 * DAY_US, log_us=START)
    assert person.profile.stages["customer"].stage in {"Active", "At-risk"}
    assert person.view.stage("customer") == person.profile.stages["customer"].stage


def test_definitions_have_the_shape_of_the_yaml():
    decoded = msgspec.convert(CUSTOMER, LifecycleDefinition)
    assert decoded.stages[1].origins == ("Active", "Loyal", "At-risk")
    assert (
        msgspec.convert({"id": "x", "when": "y", "min_stay": "2h"}, SegmentDefinition).min_stay_us
        == 2 * HOUR_US
    )
