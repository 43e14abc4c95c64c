"""The pipeline: its order, each reason code, slots, fallbacks, and that nothing is drawn twice."""

import msgspec
import pytest

from journeyfold.core.decision import REASON_CODES, STAGES
from journeyfold.core.instant import DAY_US, SECOND_US
from journeyfold.core.profile import Contact, Profile
from journeyfold.decide.call import Asked, Nobody, Question
from journeyfold.decide.catalogue import template_problems
from journeyfold.decide.decide import defaults

GATES = {
    "eligibility": "1 == 1", "applicability": "1 == 1", "suitability": "1 == 1",
}  # fmt: skip
EXPIRED = {"until": "2026-11-01T00:00:00Z"}


def test_the_stages_are_in_the_order_of_the_document():
    assert STAGES == (
        "consent", "holdout", "validity", "eligibility", "applicability", "suitability", "caps",
        "experiment", "ranking", "diversity", "slots", "content", "fallback",
    )  # fmt: skip
    assert len(REASON_CODES) == 15


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("consent", "validity", "eligibility", "caps"), "no_consent"),
        (("validity", "eligibility", "applicability", "caps"), "not_valid"),
        (("eligibility", "applicability", "suitability", "caps"), "not_eligible"),
        (("applicability", "suitability", "caps"), "not_applicable"),
        (("suitability", "caps"), "not_suitable"),
        (("caps",), "capped"),
        ((), "selected"),
    ],
)
def test_an_offer_leaves_at_its_first_failing_stage(shop, wrong, code):
    offer = shop.offer(
        "a",
        **GATES,
        caps=[{"max": 1, "within": "7d"}],
        valid=EXPIRED if "validity" in wrong else {},
    )
    seen = [Contact("d0/home/a", "exposed", shop.now_us - 5, "home", "a", "hero")]
    person = shop.person(
        Profile("p_1", contacts=seen if "caps" in wrong else []),
        refused=["personalization"] if "consent" in wrong else [],
    )
    conditions = shop.conditions([f"offer/a/{stage}" for stage in wrong])
    placed = shop.only(shop.answer(shop.catalogue([offer], [shop.placement()]), person, conditions))
    assert shop.codes(placed) == {"a": code}


def test_later_conditions_are_not_asked_once_one_failed(shop):
    conditions = shop.conditions(["offer/a/eligibility"])
    shop.answer(shop.catalogue([shop.offer("a", **GATES)], [shop.placement()]), None, conditions)
    assert conditions.asked == ["offer/a/eligibility"]


def test_a_trace_names_the_failing_leaf_and_its_value(shop):
    book = shop.catalogue([shop.offer("a", **GATES)], [shop.placement()])
    conditions = shop.conditions({"offer/a/suitability": 17})
    placed = shop.only(shop.answer(book, None, conditions, is_traced=True))
    (reason,) = placed.reasons
    assert (reason.leaf, reason.operand) == ("leaf of offer/a/suitability", 17)


def test_an_offer_is_valid_from_its_instant_on_and_not_at_its_end(shop):
    valid = {"from": "2026-11-20T00:00:00+01:00", "until": "2026-12-01T00:00:00+01:00"}
    book = shop.catalogue([shop.offer("a", valid=valid)], [shop.placement()])
    start_us, end_us = book.candidates["a"].since_us, book.candidates["a"].until_us

    def level(now_us):
        return shop.only(shop.answer(book, now_us=now_us)).fallback_level

    assert [level(t) for t in (start_us - 1, start_us, end_us - 1, end_us)] == [5, 0, 0, 5]


def test_candidates_come_by_category_or_by_id(shop):
    offers = [shop.offer("a"), shop.offer("b", category="other"), shop.offer("c", category="")]
    place = shop.placement(offers={"categories": ["hero"], "ids": ["c"]}, slots=3)
    placed = shop.only(shop.answer(shop.catalogue(offers, [place])))
    assert {item.offer for item in placed.items} == {"a", "c"}


def test_more_than_500_candidates_are_refused(shop):
    offers = [shop.offer(f"o{n}") for n in range(501)]
    with pytest.raises(ValueError, match="at most 500"):
        shop.catalogue(offers, [shop.placement()])


def test_slots_are_filled_in_order_and_the_rest_ranked_below(shop):
    book = shop.catalogue([shop.offer(n) for n in "abc"], [shop.placement(slots=2)])
    placed = shop.only(shop.answer(book))
    assert [(item.offer, item.rank) for item in placed.items] == [("a", 1), ("b", 2)]
    assert shop.codes(placed) == {"a": "selected", "b": "selected", "c": "ranked_below"}


def test_a_call_may_ask_for_fewer_than_the_slots(shop):
    book = shop.catalogue([shop.offer(n) for n in "ab"], [shop.placement(slots=2)])
    placed = shop.only(shop.answer(book, questions=[Question("home", limit=1)]))
    assert shop.codes(placed) == {"a": "selected", "b": "slot_full"}


def test_a_call_gets_no_more_than_the_slots(shop):
    book = shop.catalogue([shop.offer(n) for n in "ab"], [shop.placement(slots=1)])
    placed = shop.only(shop.answer(book, questions=[Question("home", limit=9)]))
    assert len(placed.items) == 1


def test_diversity_takes_so_many_of_a_category(shop):
    offers = [shop.offer("a"), shop.offer("b"), shop.offer("c", category="discount")]
    place = shop.placement(
        offers={"categories": ["hero", "discount"]},
        slots=3,
        diversity={"by": "category", "max": 1},
    )
    placed = shop.only(shop.answer(shop.catalogue(offers, [place])))
    assert shop.codes(placed) == {"a": "selected", "b": "diversity", "c": "selected"}


def test_a_content_error_moves_the_next_one_up(shop):
    broken = shop.offer("a", variants=[{"id": "x", "content": {"title": "{{ 1 | modulo: 0 }}"}}])
    placed = shop.only(shop.answer(shop.catalogue([broken, shop.offer("b")], [shop.placement()])))
    assert [(item.offer, item.propensity) for item in placed.items] == [("b", 1.0)]
    (failed, _) = placed.reasons
    assert failed.code == "content_error"
    assert "line 1" in failed.leaf


def test_the_default_answers_when_nobody_stays(shop):
    place = shop.placement(default={"offer": "d", "variant": "plain"})
    default = shop.offer(
        "d", category="", variants=[{"id": "plain", "content": {"title": "Welcome"}}]
    )
    book = shop.catalogue([shop.offer("a", **GATES), default], [place])
    placed = shop.only(shop.answer(book, None, shop.conditions(["offer/a/eligibility"])))
    assert (placed.fallback_level, placed.items[0].content) == (4, {"title": "Welcome"})
    assert shop.codes(placed) == {"a": "not_eligible", "d": "fallback"}


def test_without_a_default_the_list_is_empty(shop):
    book = shop.catalogue([shop.offer("a", valid=EXPIRED)], [shop.placement()])
    placed = shop.only(shop.answer(book))
    assert (placed.fallback_level, placed.items) == (5, ())


def test_an_unknown_default_is_refused(shop):
    with pytest.raises(ValueError, match="unknown default offer 'nope'"):
        shop.catalogue([], [shop.placement(default={"offer": "nope"})])


def test_an_unknown_placement_says_so_and_the_others_answer(shop):
    book = shop.catalogue([shop.offer("a")], [shop.placement()])
    unknown, known = shop.answer(book, questions=["nope", "home"]).decision.placements
    assert (unknown.error, unknown.items) == ("not_found", ())
    assert known.items[0].offer == "a"


def test_an_unknown_person_gets_an_answer(shop):
    book = shop.catalogue([shop.offer("a")], [shop.placement()])
    answered = shop.answer(book, shop.person(None))
    assert shop.only(answered).items[0].offer == "a"
    assert answered.assigned == ()


def test_the_same_question_gets_the_same_answer(shop):
    book = shop.catalogue(
        [shop.offer(n) for n in "abc"], [shop.placement(rank={"policy": "fixed", "explore": 0.5})]
    )
    encoded = {msgspec.json.encode(shop.answer(book).decision) for _ in range(5)}
    assert len(encoded) == 1


def test_a_placement_sees_what_the_former_took_from_the_caps(shop):
    book = shop.catalogue(
        [shop.offer("a", caps=[{"max": 1, "within": "1d"}]), shop.offer("b")],
        [shop.placement("home"), shop.placement("side")],
    )
    answered = shop.answer(book, questions=["home", "side"])
    assert [placed.items[0].offer for placed in answered.decision.placements] == ["a", "b"]


def test_a_reservation_of_another_call_counts_as_an_exposure(shop):
    book = shop.catalogue(
        [shop.offer("a", caps=[{"max": 1, "within": "1d"}]), shop.offer("b")], [shop.placement()]
    )
    first = shop.answer(book)
    second = shop.answer(book, decision_id="d2", reserved=first.reserved)
    assert shop.only(second).items[0].offer == "b"


def test_an_exposure_and_its_reservation_count_once(shop):
    book = shop.catalogue([shop.offer("a", caps=[{"max": 2, "within": "1d"}])], [shop.placement()])
    reserved = shop.answer(book).reserved
    profile = Profile("p_1", contacts=list(reserved))
    placed = shop.only(shop.answer(book, shop.person(profile), decision_id="d2", reserved=reserved))
    assert placed.items[0].offer == "a"


def test_a_preview_counts_and_remembers_nothing(shop):
    two = [{"id": "x"}, {"id": "y"}]
    book = shop.catalogue(
        [shop.offer("a", caps=[{"max": 1, "within": "1d"}], variants=two)], [shop.placement()]
    )
    seen = [Contact("d0/home/a", "exposed", shop.now_us - SECOND_US, "home", "a", "hero")]
    answered = shop.answer(book, shop.person(Profile("p", contacts=seen)), mode="preview")
    assert (answered.assigned, answered.reserved) == ((), ())
    assert answered.decision.mode == "preview"
    assert shop.only(answered).items[0].receipt is None


def test_a_preview_may_force_an_offer_and_a_variant(shop):
    two = [{"id": "x"}, {"id": "y", "content": {"title": "Y"}}]
    book = shop.catalogue([shop.offer("a", valid=EXPIRED, variants=two)], [shop.placement()])
    question = Question("home", forced_offer="a", forced_variant="y")
    placed = shop.only(shop.answer(book, mode="preview", questions=[question]))
    assert (placed.items[0].variant, placed.items[0].propensity) == ("y", None)


@pytest.mark.parametrize(
    ("offer", "variant", "error"), [("b", None, "unknown_offer"), ("a", "z", "unknown_variant")]
)
def test_a_preview_of_what_is_not_there_says_so(shop, offer, variant, error):
    book = shop.catalogue([shop.offer("a")], [shop.placement()])
    question = Question("home", forced_offer=offer, forced_variant=variant)
    assert shop.only(shop.answer(book, mode="preview", questions=[question])).error == error


def test_nothing_can_be_forced_in_a_live_call(shop):
    book = shop.catalogue([shop.offer("a", valid=EXPIRED)], [shop.placement()])
    placed = shop.only(shop.answer(book, questions=[Question("home", forced_offer="a")]))
    assert placed.items == ()


def test_defaults_claim_no_propensity_and_carry_no_receipt(shop):
    place = shop.placement(default={"offer": "a"})
    book = shop.catalogue([shop.offer("a")], [place])
    asked = Asked("d", (Question("home"),), "p", shop.now_us, -1, degraded=("unlogged",))
    answered = defaults(asked, book)
    (item,) = shop.only(answered).items
    assert (item.propensity, item.receipt) == (None, None)
    assert answered.decision.degraded == ("unlogged",)
    assert answered.reserved == ()


def test_the_longest_window_is_what_contacts_are_kept_for(shop):
    book = shop.catalogue(
        [shop.offer("a", caps=[{"max": 1, "within": "7d"}], after={"accepted": "90d"})],
        [shop.placement(caps=[{"max": 1, "within": "24h"}])],
    )
    assert book.longest_window_us == 90 * DAY_US


def test_a_preview_whose_content_fails_says_so(shop):
    broken = [{"id": "x", "content": {"title": "{{ 1 | modulo: 0 }}"}}]
    book = shop.catalogue([shop.offer("a", variants=broken)], [shop.placement()])
    question = Question("home", forced_offer="a")
    placed = shop.only(shop.answer(book, mode="preview", questions=[question]))
    assert (placed.items, placed.reasons[0].code) == ((), "content_error")


def test_a_default_that_cannot_be_rendered_leaves_nothing(shop):
    broken = [{"id": "x", "content": {"title": "{{ 1 | modulo: 0 }}"}}]
    place = shop.placement(default={"offer": "d"})
    book = shop.catalogue([shop.offer("d", category="", variants=broken)], [place])
    placed = shop.only(shop.answer(book))
    assert (placed.fallback_level, shop.codes(placed)) == (5, {"d": "content_error"})


def test_defaults_for_an_unknown_placement_say_so(shop):
    asked = Asked("d", (Question("nope"),), "p", shop.now_us, -1)
    assert shop.only(defaults(asked, shop.catalogue([], []))).error == "not_found"


def test_a_default_variant_that_does_not_exist_is_refused(shop):
    with pytest.raises(ValueError, match="offer d has no variant 'z'"):
        shop.catalogue([shop.offer("d")], [shop.placement(default={"offer": "d", "variant": "z"})])


def test_template_problems_name_the_variant_and_the_key(shop):
    bad = shop.offer("a", variants=[{"id": "x", "content": {"title": "{{ 'a' | nope }}"}}])
    assert list(template_problems(bad, {})) == ["variants.x.content.title: unknown filter 'nope'"]
    assert list(template_problems(shop.offer("b"), {})) == []


def test_nobody_consents_to_what_is_necessary_only():
    nobody = Nobody()
    assert (nobody.consents("necessary"), nobody.consents("personalization")) == (True, False)
