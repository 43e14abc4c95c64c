from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.identity.closure import AGAINST, UNSEEN, Pair, clusters_of, judge

FAMILIES = [Pair("a1", "a2", 12.0), Pair("b1", "b2", 12.0)]
NAMES = [f"r{number}" for number in range(8)]
GRAPHS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda ab: ab[0] < ab[1]),
    st.floats(-20, 20).map(lambda weight: round(weight, 3)),
    max_size=20,
).map(lambda found: [Pair(a, b, weight) for (a, b), weight in found.items()])


def test_pairs_below_the_threshold_join_nobody():
    assert judge([Pair("a", "b", 0.5)], 1.0).held == []
    assert judge([Pair("a", "b", 1.0)], 1.0).held == [Pair("a", "b", 1.0)]


def test_one_chance_pair_does_not_join_two_families():
    chance = Pair("a1", "b1", 3.0)
    judged = judge([*FAMILIES, chance], 0.0)
    assert judged.refused == [chance]  # (3 - 10 - 10 - 10) / 4 is below the bound
    assert (3.0 + 3 * UNSEEN) / 4 < AGAINST


def test_a_pair_that_the_others_do_not_speak_against_joins_them():
    others = [Pair("a1", "b2", -2.0), Pair("a2", "b1", -2.0), Pair("a2", "b2", -2.0)]
    judged = judge([*FAMILIES, Pair("a1", "b1", 3.0), *others], 0.0)
    assert clusters_of(judged.held) == [["a1", "a2", "b1", "b2"]]


@given(GRAPHS, st.randoms())
def test_the_order_of_pairs_changes_nothing(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert judge(pairs, 0.0) == judge(shuffled, 0.0)


@given(GRAPHS)
def test_every_pair_from_the_threshold_on_is_held_or_refused_once(pairs):
    judged = judge(pairs, 0.0)
    assert sorted(judged.held + judged.refused) == sorted(p for p in pairs if p.weight >= 0)


def test_clusters_are_the_components_with_everybody_else_alone():
    pairs = [Pair("a", "b", 1.0), Pair("b", "c", 1.0)]
    for order in permutations(pairs):
        assert clusters_of(order, "abcd") == [["a", "b", "c"], ["d"]]
