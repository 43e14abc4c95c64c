"""Variants are drawn by a keyed hash, and stay (decisions E1, E2, R8)."""

from collections import Counter
from math import sqrt

from journeyfold.core.decision import Assigned
from journeyfold.core.event import Event
from journeyfold.core.profile import Assignment, Profile
from journeyfold.decide.assignment import fold_decision
from journeyfold.decide.catalogue import pick

AB = [{"id": "plain"}, {"id": "warm"}]


def test_equal_weights_share_the_buckets_equally(shop):
    book = shop.catalogue([shop.offer("a", variants=AB)], [])
    assert book.candidates["a"].borders == (5_000, 10_000)


def test_weights_share_the_buckets_in_proportion_and_leave_none_over(shop):
    variants = [{"id": "x", "weight": 1}, {"id": "y", "weight": 0}, {"id": "z", "weight": 2}]
    book = shop.catalogue([shop.offer("a", variants=variants)], [])
    assert book.candidates["a"].borders == (3_333, 3_333, 10_000)


def test_the_draw_follows_the_weights(shop):
    variants = [{"id": "x", "weight": 3}, {"id": "y", "weight": 1}]
    candidate = shop.catalogue([shop.offer("a", variants=variants)], []).candidates["a"]
    drawn = Counter(pick(candidate, f"p{n}")[0] for n in range(10_000))
    assert abs(drawn[0] / 10_000 - 0.75) <= 4 * sqrt(0.75 * 0.25 / 10_000)


def test_the_same_unit_draws_the_same_variant_in_every_call(shop):
    book = shop.catalogue([shop.offer("a", variants=AB)], [shop.placement()])
    drawn = {shop.only(shop.answer(book, decision_id=f"d{n}")).items[0].variant for n in range(20)}
    assert len(drawn) == 1


def test_a_known_vector_of_the_hash(shop):
    candidate = shop.catalogue([shop.offer("a", variants=AB)], []).candidates["a"]
    assert [pick(candidate, unit)[1] for unit in ("p_1", "p_2", "")] == [2_424, 7_118, 2_180]


def test_a_new_assignment_is_returned_once_and_then_kept(shop):
    book = shop.catalogue([shop.offer("a", variants=AB)], [shop.placement()])
    profile = Profile("p_1")
    (assigned,) = shop.answer(book, shop.person(profile)).assigned
    fold_decision(profile, decided(assigned))
    assert shop.answer(book, shop.person(profile)).assigned == ()


def test_a_stored_variant_stays_when_the_weights_change(shop):
    stored = Assignment("warm", 1, "v0", 5)
    profile = Profile("p_1", assignments={"variant/a": stored})
    moved = [{"id": "plain", "weight": 1}, {"id": "warm", "weight": 0}]
    book = shop.catalogue([shop.offer("a", variants=moved)], [shop.placement()])
    assert shop.only(shop.answer(book, shop.person(profile))).items[0].variant == "warm"


def test_a_stored_variant_that_is_gone_is_drawn_anew(shop):
    profile = Profile("p_1", assignments={"variant/a": Assignment("old", 1, "v0", 5)})
    book = shop.catalogue([shop.offer("a", variants=AB)], [shop.placement()])
    answered = shop.answer(book, shop.person(profile))
    assert shop.only(answered).items[0].variant in {"plain", "warm"}


def test_without_the_purpose_the_draw_is_not_personal_and_not_kept(shop):
    offer = shop.offer("a", variants=AB, purpose="necessary")
    book = shop.catalogue([offer], [shop.placement()])
    answers = [
        shop.answer(book, shop.person(None), decision_id=f"d{n}", is_personal=False)
        for n in range(40)
    ]
    assert {shop.only(each).items[0].variant for each in answers} == {"plain", "warm"}
    assert {each.assigned for each in answers} == {()}


def test_a_single_variant_needs_no_memory(shop):
    book = shop.catalogue([shop.offer("a")], [shop.placement()])
    assert shop.answer(book).assigned == ()


def test_the_first_assignment_stands():
    profile = Profile("p_1")
    fold_decision(profile, decided(Assigned("a", "warm", 7, "v1"), at_us=10))
    fold_decision(profile, decided(Assigned("a", "plain", 7, "v2"), at_us=20))
    assert profile.assignments == {"variant/a": Assignment("warm", 7, "v1", 10)}


def test_a_decision_without_assignments_changes_nothing():
    profile = Profile("p_1")
    fold_decision(profile, Event("d", "Decision Made", "decision", "_decide", (), 1, 1))
    assert profile == Profile("p_1")


def decided(assigned, at_us=10):
    listed = [
        {
            "offer": assigned.offer,
            "variant": assigned.variant,
            "bucket": assigned.bucket,
            "version": assigned.version,
        }
    ]
    return Event(
        "d", "Decision Made", "decision", "_decide", (), at_us, at_us, {"assigned": listed}
    )
