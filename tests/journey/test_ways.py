"""Branches, splits, goto, decide, update (journeys E40 to E43)."""

from __future__ import annotations

from collections import Counter

import pytest

from journeyfold.core.profile import Profile

HEAD = "entry: [{event: Cart Updated, key: properties.cart_id}]\nsteps:\n"
TAIL = "".join(f"  - {{id: {name}, wait: {{for: 30d}}}}\n" for name in ("a", "b", "c"))
BOTH = TAIL.partition("\n")[2]  # `b` and `c` alone


def test_the_first_way_that_is_true_is_taken(rig):
    it = rig(
        HEAD
        + "  - {id: x, branch: [{if: 'traits.country == \"DE\"', goto: b}, {else: c}]}\n"
        + BOTH
    )
    it.traits(country="DE")
    it.event("Cart Updated", cart_id="1")
    it.traits(country="FR")
    it.event("Cart Updated", cart_id="2")
    assert it.steps == ["b", "c"]


def test_without_else_a_branch_falls_through(rig):
    it = rig(HEAD + "  - {id: x, branch: [{if: 'traits.country == \"DE\"', goto: b}]}\n" + TAIL)
    it.event("Cart Updated", cart_id="1")
    assert it.steps == ["a"]


def test_a_branch_reads_the_entry(rig):
    it = rig(HEAD + "  - {id: x, branch: [{if: entry.properties.items > 2, goto: b}]}\n" + TAIL)
    it.event("Cart Updated", cart_id="1", items=3)
    assert it.steps == ["b"]


SPLIT = HEAD + "  - {id: x, split: {salt: s, by: BY, arms: {one: {weight: 50, goto: b}, two: {weight: 50, goto: c}}}}\n" + BOTH  # fmt: skip


def test_a_split_is_sticky_for_a_person(rig):
    it = rig(SPLIT.replace("BY", "person"))
    for cart in range(8):
        it.event("Cart Updated", cart_id=str(cart))
    assert len(set(it.steps)) == 1


def test_jt29_changed_weights_do_not_move_who_was_drawn(rig):
    it = rig(SPLIT.replace("BY", "person"))
    it.event("Cart Updated", cart_id="1")
    (before,) = it.steps
    changed = SPLIT.replace("BY", "person").replace("one: {weight: 50", "one: {weight: 0").replace(
        "two: {weight: 50", "two: {weight: 100"
    )  # fmt: skip
    again = rig(changed)
    again.profile = it.profile
    again.compiled.ride_on({("it", it.program.version): it.program})
    again.now_us, again.offset = it.now_us, it.offset
    again.event("Cart Updated", cart_id="2")
    assert again.steps == [before, before]


def test_a_split_by_key_draws_for_each_key(rig):
    it = rig(SPLIT.replace("BY", "key") + "reentry: {max_active: 100}\n")
    for cart in range(60):
        it.event("Cart Updated", cart_id=str(cart))
    counted = Counter(it.steps)
    assert min(counted["b"], counted["c"]) > 15


def test_arms_are_drawn_by_weight(rig):
    text = SPLIT.replace("BY", "person").replace("one: {weight: 50", "one: {weight: 20").replace(
        "two: {weight: 50", "two: {weight: 80"
    )  # fmt: skip
    it = rig(text)
    arms = Counter()
    for n in range(2_000):
        it.profile = Profile(person=f"p{n}")
        it.event("Cart Updated", cart_id="1")
        arms[it.steps[0]] += 1
    assert 330 <= arms["b"] <= 470


def test_jt26_a_goto_with_a_most_ends(rig):
    it = rig(HEAD + "  - {id: w, wait: {for: 1m}}\n  - {id: again, goto: w, max: 3}\n" + TAIL)
    it.event("Cart Updated", cart_id="1")
    it.to("2026-11-23T10:03:59Z")
    assert it.steps == ["w"]
    it.to("2026-11-23T10:04:00Z")
    assert it.steps == ["a"]


def test_a_decision_is_saved_under_its_name(rig):
    it = rig(HEAD + "  - {id: d, decide: {placement: cart-popup, save: offer}}\n" + TAIL)
    it.event("Cart Updated", cart_id="1")
    assert it.running[0].vars == {"offer": {"offer": "ten-percent"}}


@pytest.mark.parametrize(("on_none", "step"), [("", "a"), (", on_none: b", "b")])
def test_without_an_offer_the_way_for_none_is_taken(rig, on_none, step):
    it = rig(HEAD + f"  - {{id: d, decide: {{placement: cart-popup, save: o{on_none}}}}}\n" + TAIL)
    it.chosen = None
    it.event("Cart Updated", cart_id="1")
    assert it.steps == [step]


def test_an_update_says_it_and_writes_nothing(rig):
    it = rig(HEAD + "  - {id: u, update: {traits: {vip: true}}}\n" + TAIL)
    it.event("Cart Updated", cart_id="1")
    (said,) = it.said
    assert (said.type, said.traits) == ("identify", {"vip": True})
    assert "vip" not in it.profile.traits


def test_a_webhook_hands_over_and_goes_on(rig):
    it = rig(HEAD + "  - {id: h, webhook: {destination: crm, payload: cart}}\n" + TAIL)
    it.event("Cart Updated", cart_id="1")
    (delivered,) = it.delivered
    assert (delivered.destination, it.steps) == ("crm", ["a"])
    assert delivered.payload["kind"] == "webhook"


def test_a_webhook_that_waits_for_its_answer_times_out(rig):
    it = rig(HEAD + "  - {id: h, webhook: {destination: crm, reply: {timeout: 5m, save: r}, on_fail: c}}\n" + TAIL)  # fmt: skip
    it.event("Cart Updated", cart_id="1")
    assert it.steps == ["h"]
    it.to("2026-11-23T10:05:00Z")
    assert it.steps == ["c"]


def test_the_id_of_an_effect_holds_neither_person_nor_version(rig):
    text = HEAD + "  - {id: h, webhook: {destination: crm}}\n" + TAIL
    one, other = rig(text), rig(text + "title: another version\n")
    other.profile = Profile(person="p_other")
    for it in (one, other):
        it.event("Cart Updated", cart_id="1", event_id="e-1")
    assert one.delivered[0].key == other.delivered[0].key
    assert one.running[0].version != other.running[0].version
