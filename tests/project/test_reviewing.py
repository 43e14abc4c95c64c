"""The review queue as the fold keeps it: proposals in, answers, and what becomes of people."""

import pytest
from house import KEY, SHOP, House, everything

from journeyfold.core.event import Identifier
from journeyfold.identity import review
from journeyfold.identity.evidence import Selector
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.review import Proposed, Ran
from journeyfold.project.erasure import request
from journeyfold.project.load import load
from journeyfold.project.people import decode_profile, encode_profile

STEPS = (("surname", "same", 6.0), ("birth_date", "1 edit", 3.5))
ANN, CARD, BOB = "user_id:ann", "loyalty_card:1234567890", "user_id:bob"
TWO = load(
    {**SHOP.files, "identity.yaml": SHOP.files["identity.yaml"] + "review: {reviewers: 2}\n"}
)


@pytest.fixture
def house():
    return filled(House())


def filled(house):
    for claim in (ANN, CARD, BOB):
        kind, _, value = claim.partition(":")
        house.track("Contact", traits={"surname": "Moss"}, type_="identify", **{kind: value})
    return house


def node(claim):
    kind, _, value = claim.partition(":")
    return node_of(Identifier(kind, value), KEY)


def propose(house, a, b, *, weight=5.0, band="review", model="m1-9", run="r1"):
    one, other = sorted((node(a), node(b)))
    told = Proposed(one.hex(), other.hex(), weight, 0.97, band, STEPS, model, run)
    house.append(review.proposal(told, house.now_us), "evidence")
    return review.review_id(one, other)


def answer(house, id_, word, by="ann"):
    house.now_us += 1
    house.append(review.reviewed(id_, word, by, house.now_us), "evidence")


def row(house, id_):
    with house.state.read() as reader:
        return review.review_of(reader, id_)


def queue(house):
    with house.state.read() as reader:
        return [found.id for _, found in review.open_reviews(reader)]


def run(house, name="r1"):
    with house.state.read() as reader:
        return review.run_of(reader, name)


def are_one(house, a, b):
    return person(house, a) == person(house, b)


def person(house, claim):
    with house.state.read() as reader:
        return Resolver(house.rules, KEY, reader).person_of(node(claim))


def links(house):
    with house.state.read() as reader:
        return Resolver(house.rules, KEY, reader).explain(person(house, ANN)).accepted


def who_is_who(house):
    """Everybody's profile and every identifier's person, as bytes; not when they were looked at."""
    with house.state.read() as reader:
        profiles = [decode_profile(raw) for _, raw in reader.scan("profile")]
    for profile in profiles:
        profile.seen = 0
    return list(map(encode_profile, profiles)), [person(house, one) for one in (ANN, CARD, BOB)]


def test_a_proposal_waits_in_the_queue_and_joins_nobody(house):
    id_ = propose(house, ANN, CARD)
    assert queue(house) == [id_]
    assert not are_one(house, ANN, CARD)


def test_the_strongest_pair_is_first(house):
    weak, strong = propose(house, ANN, CARD, weight=2.5), propose(house, BOB, CARD, weight=7.25)
    assert queue(house) == [strong, weak]


def test_steps_and_prior_sum_to_the_weight(house):
    found = row(house, propose(house, ANN, CARD, weight=5.0))
    assert found.prior + sum(weight for _, _, weight in found.steps) == pytest.approx(5.0)


def test_same_joins_them_by_a_link_of_the_strongest_tier(house):
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "same")
    assert are_one(house, ANN, CARD)
    assert [(link.method, link.tier, link.source) for link in links(house)] == [
        ("review", 0, review.REVIEWERS)
    ]
    assert row(house, id_).state == "same"
    assert queue(house) == []


def test_different_keeps_them_apart_from_then_on(house):
    answer(house, propose(house, ANN, CARD), "different")
    house.track("Login", user="ann", loyalty_card="1234567890")
    assert not are_one(house, ANN, CARD)


def test_unsure_leaves_a_pair_open_and_is_remembered(house):
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "unsure")
    assert queue(house) == [id_]
    assert [said.answer for said in row(house, id_).said] == ["unsure"]


def test_with_two_reviewers_one_answer_is_not_enough():
    house = filled(House(TWO))
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "same", by="ann")
    assert queue(house) == [id_]
    answer(house, id_, "same", by="bob")
    assert are_one(house, ANN, CARD)


def test_nobody_counts_twice():
    house = filled(House(TWO))
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "same")
    answer(house, id_, "same")
    assert queue(house) == [id_]
    assert len(row(house, id_).said) == 1


def test_a_disagreement_stays_open_until_two_agree():
    house = filled(House(TWO))
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "same", by="ann")
    answer(house, id_, "different", by="bob")
    assert queue(house) == [id_]
    assert row(house, id_).is_disputed
    answer(house, id_, "different", by="ann")  # changes her mind
    assert row(house, id_).state == "different"


def test_an_answer_about_a_decided_pair_changes_nothing(house):
    id_ = propose(house, ANN, CARD)
    answer(house, id_, "different")
    before = everything(house.state)["id_link"], everything(house.state)["id_mark"]
    answer(house, id_, "same", by="bob")
    assert (everything(house.state)["id_link"], everything(house.state)["id_mark"]) == before


def test_an_automatic_pair_is_joined_by_the_record_itself(house):
    propose(house, ANN, CARD, band="auto")
    (link,) = links(house)
    assert (link.method, link.tier) == ("linkage", 9)
    assert (run(house).linked, queue(house)) == (1, [])


def test_a_limit_beats_an_automatic_pair(house):
    propose(house, ANN, BOB, band="auto")
    assert not are_one(house, ANN, BOB)
    assert (run(house).linked, run(house).refused) == (0, 1)


def test_a_verdict_beats_an_automatic_pair(house):
    house.verdict(verdict="cannot_link", a=ANN, b=CARD)
    propose(house, ANN, CARD, band="auto")
    assert not are_one(house, ANN, CARD)
    assert run(house).refused == 1


def test_a_pair_that_is_one_person_already_is_counted_and_not_asked(house):
    house.track("Login", user="ann", loyalty_card="1234567890")
    propose(house, ANN, CARD)
    assert (run(house).known, queue(house)) == (1, [])


def done(house, name="r2"):
    house.append(review.report(Ran(name, "m2-9", "full", house.now_us), house.now_us), "evidence")


@pytest.mark.parametrize("verdict", ["link", "cannot_link"])
def test_a_run_takes_pairs_that_were_answered_elsewhere_out_of_the_queue(house, verdict):
    propose(house, ANN, CARD)
    other = propose(house, BOB, CARD, weight=1.0)
    house.verdict(verdict=verdict, a=ANN, b=CARD)
    done(house)
    assert queue(house) == [other]


def test_an_automatic_pair_waits_no_longer(house):
    propose(house, ANN, CARD)
    propose(house, ANN, CARD, band="auto", run="r2")
    done(house)
    with house.state.read() as reader:
        assert (queue(house), review.tally(reader).open) == ([], 0)


def test_undoing_a_model_brings_back_who_was_who_byte_for_byte(house):
    before = who_is_who(house)
    propose(house, ANN, CARD, band="auto")
    assert who_is_who(house) != before
    house.verdict(verdict="retract", selector={"batch": "m1-9", "method": "linkage"})
    assert who_is_who(house) == before


def test_undoing_a_model_leaves_what_people_said(house):
    answer(house, propose(house, ANN, CARD), "same")
    house.verdict(verdict="retract", selector={"batch": "m1-9", "method": "linkage"})
    assert are_one(house, ANN, CARD)


def test_an_undone_model_joins_nobody_any_more_and_another_does(house):
    house.verdict(verdict="retract", selector={"batch": "m1-9", "method": "linkage"})
    propose(house, ANN, CARD, band="auto")
    assert not are_one(house, ANN, CARD)
    propose(house, ANN, CARD, band="auto", model="m2-30", run="r2")
    assert are_one(house, ANN, CARD)


def test_a_selector_may_name_the_batch_alone(house):
    propose(house, ANN, CARD, band="auto")
    with house.state.read() as reader:
        resolver = Resolver(house.rules, KEY, reader)
        assert not resolver.is_withdrawn("m1-9")
    house.verdict(verdict="retract", selector={"batch": "m1-9"})
    with house.state.read() as reader:
        assert Resolver(house.rules, KEY, reader).is_withdrawn("m1-9")
    assert Selector(batch="m1-9").batch == "m1-9"


def test_who_is_erased_is_in_no_pair(house):
    propose(house, ANN, CARD)
    house.append(request([node(CARD).hex()], house.now_us), "erasure")
    assert queue(house) == []
    with house.state.read() as reader:
        assert review.tally(reader).open == 0


def test_a_proposal_about_somebody_erased_is_nothing(house):
    house.append(request([node(CARD).hex()], house.now_us), "erasure")
    propose(house, ANN, CARD, band="auto")
    assert run(house).linked == 0


def test_a_queue_that_is_full_counts_the_rest(house, monkeypatch):
    monkeypatch.setattr(review, "OPEN_MAX", 1)
    propose(house, ANN, CARD)
    propose(house, BOB, CARD)
    with house.state.read() as reader:
        assert (review.tally(reader).open, review.tally(reader).unlisted) == (1, 1)
    assert run(house).unlisted == 1


def test_a_pair_proposed_again_keeps_what_was_said_and_takes_the_new_weight(house):
    id_ = propose(house, ANN, CARD, weight=2.0)
    answer(house, id_, "unsure")
    propose(house, ANN, CARD, weight=4.0, run="r2")
    assert (row(house, id_).weight, len(row(house, id_).said)) == (4.0, 1)
    assert queue(house) == [id_]


def test_a_run_says_what_it_did_at_its_end(house):
    propose(house, ANN, CARD)
    told = Ran("r1", "m1-9", "full", house.now_us, until=3, rows=3, pairs=1, review=1)
    house.append(review.report(told, house.now_us), "evidence")
    found = run(house)
    assert (found.is_done, found.told.rows, found.opened) == (True, 3, 1)


def test_a_failed_run_says_why(house):
    told = Ran("r9", "", "full", house.now_us, failure="too few records")
    house.append(review.report(told, house.now_us), "evidence")
    assert run(house, "r9").told.failure == "too few records"


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_a_rebuild_gives_the_same_queue(house, batch):
    answer(house, propose(house, ANN, CARD), "same")
    propose(house, BOB, CARD, weight=1.5)
    propose(house, BOB, ANN, band="auto")
    assert everything(house.rebuilt(batch)) == everything(house.state)


@pytest.mark.parametrize(("first", "then"), [("different", "same"), ("same", "different")])
def test_a_pair_whose_answer_was_taken_back_is_asked_again(house, first, then):
    pair = propose(house, ANN, CARD)
    answer(house, pair, first)
    with house.state.read() as reader:
        space = "id_mark" if first == "different" else "id_link"
        ((evidence, _),) = reader.scan(space)
    house.verdict(verdict="retract", target=evidence.hex())
    assert (row(house, pair).state, row(house, pair).said, queue(house)) == ("open", (), [pair])
    answer(house, pair, then)
    assert row(house, pair).state == then
    assert are_one(house, ANN, CARD) == (then == "same")


def test_what_is_taken_back_elsewhere_opens_no_pair(house):
    answer(house, propose(house, ANN, CARD), "same")
    house.verdict(verdict="retract", selector={"batch": "m1-9", "method": "linkage"})
    assert queue(house) == []
