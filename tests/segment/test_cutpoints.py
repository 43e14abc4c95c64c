"""Quintiles: borders of the population, scores by how many borders a value exceeds (F5)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.condition_values import quintile
from journeyfold.segment.cutpoints import quintile_cuts


def test_cuts_are_the_values_at_the_fifths():
    assert quintile_cuts(range(1, 101)) == (20, 40, 60, 80)


def test_fewer_than_fifty_values_are_refused():
    assert quintile_cuts(range(49)) is None


def test_null_is_no_part_of_the_population():
    assert quintile_cuts([*range(1, 101), None, None]) == (20, 40, 60, 80)


def test_ties_share_a_score_and_may_leave_scores_empty():
    cuts = quintile_cuts([1] * 90 + [2] * 10)
    assert cuts == (1, 1, 1, 1)
    assert {quintile(value, cuts, falling=False) for value in (1, 2)} == {1, 5}


@given(st.lists(st.integers(-1000, 1000), min_size=50, max_size=200), st.randoms())
def test_the_order_of_the_population_does_not_matter(values, random):
    expected = quintile_cuts(values)
    random.shuffle(values)
    assert quintile_cuts(values) == expected


@given(st.lists(st.integers(-100, 100), min_size=50), st.integers(-200, 200))
def test_falling_is_the_mirror_of_rising(values, value):
    cuts = quintile_cuts(values)
    assert quintile(value, cuts, falling=True) == 6 - quintile(value, cuts, falling=False)
