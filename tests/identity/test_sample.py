"""The share of right links, estimated from those that people have judged (identity X5)."""

from math import isclose

from journeyfold.identity.evidence import Link
from journeyfold.identity.sample import Sample, Stratum, estimated, stratum_of
from journeyfold.testing.shopper import dice


def link(number, method="event", score=None):
    id_ = number.to_bytes(16, "big")
    return Link(id_, b"a" + id_, b"b" + id_, 100, number, f"e{number}", "shop", method, "", score)


def test_links_of_a_model_are_told_apart_by_their_score():
    assert stratum_of(link(1)) == "event"
    assert stratum_of(link(1, "linkage", 0.97)) == "linkage 0.95"
    assert stratum_of(link(1, "linkage", 0.2)) == "linkage 0"


def test_a_sample_does_not_depend_on_the_order_of_links():
    one, other = Sample(5), Sample(5)
    links = [link(number) for number in range(100)]
    for each in links:
        one.add(each)
    dice("sample").shuffle(links)
    for each in links:
        other.add(each)
    assert one.drawn() == other.drawn()
    assert len(one.drawn()["event"]) == 5


def test_a_stratum_weighs_by_its_links_not_by_its_judgements():
    found = estimated([Stratum("event", 900, 50, 10, 10), Stratum("linkage 0.5", 100, 50, 10, 5)])
    assert found.right == 0.95
    assert found.low < 0.95 < found.high <= 1


def test_a_few_verdicts_that_all_say_yes_are_not_certainty():
    found = estimated([Stratum("event", 900, 50, 3, 3)])
    assert found.right == 1
    assert found.low < 0.8


def test_nothing_is_known_before_somebody_judged():
    found = estimated([Stratum("event", 900, 50, 0, 0)])
    assert (found.right, found.covered) == (None, 0.0)


def test_strata_without_a_judgement_are_not_covered():
    found = estimated([Stratum("event", 300, 50, 10, 10), Stratum("import", 100, 50, 0, 0)])
    assert found.covered == 0.75


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Of links of which 90 and 60 of a hundred are right, 200 samples of 40 a stratum."""
    held = 0
    for turn in range(200):
        random = dice("coverage", turn)
        sides = [(2_000, 0.9), (500, 0.6)]
        strata = []
        truth = 0
        for number, (size, share) in enumerate(sides):
            right = [random.random() < share for _ in range(size)]
            truth += sum(right)
            chosen = random.sample(right, 40)
            strata.append(Stratum(str(number), size, 40, 40, sum(chosen)))
        found = estimated(strata)
        held += found.low <= truth / 2_500 <= found.high
    assert isclose(held / 200, 0.95, abs_tol=0.05)
