"""Intervals against the answers their authors printed."""

import pytest

from journeyfold.journey.report import (
    MICRO,
    Side,
    difference_interval,
    lift,
    mean_difference_interval,
    rate_interval,
    ratio_interval,
    student_quantile,
)


def bounds(interval):
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("goals", "people", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3 (Wilson)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_the_interval_of_a_rate_is_wilsons(goals, people, low, high):
    assert bounds(rate_interval(goals, people)) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10
    [
        ((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062), ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775), ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0), ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)  # fmt: skip
def test_the_interval_of_a_difference_is_newcombes(one, other, low, high):
    assert bounds(difference_interval(*one, *other)) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_ratio_is_koopmans():
    # Koopman, Biometrics 40 (1984) 513-517, the example of section 4
    found = ratio_interval(36, 40, 16, 80)
    assert found.estimate == pytest.approx(4.5)
    assert bounds(found) == pytest.approx((2.94, 7.15), abs=5e-3)


def test_a_ratio_to_no_goal_at_all_is_open_above():
    found = ratio_interval(5, 50, 0, 50)
    assert (found.estimate, found.high) == (None, None)
    assert found.low > 1


def test_a_ratio_of_no_goal_begins_at_nothing():
    found = ratio_interval(0, 50, 5, 50)
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert 0 < found.high < 1


def test_the_inverse_of_a_ratio_has_the_inverse_interval():
    one, other = ratio_interval(30, 200, 12, 150), ratio_interval(12, 150, 30, 200)
    assert bounds(one) == pytest.approx((1 / other.high, 1 / other.low))


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(5, 2.5706), (10, 2.2281), (30, 2.0423), (120, 1.9799)]
)
def test_students_quantile_is_that_of_the_tables(freedom, quantile):
    assert student_quantile(freedom) == pytest.approx(quantile, abs=1e-3)


def side(values, people):
    micros = [round(value * MICRO) for value in values]
    return Side(people, len(values), sum(micros), sum(each * each for each in micros))


def test_means_are_compared_as_welch_did_by_hand():
    one, other = side([10, 20, 30, 40], 4), side([12, 14, 16], 3)
    found = mean_difference_interval(one, other)
    # variances 166.667 and 4, standard error sqrt(41.667 + 1.3333) = 6.5574, freedom 3.189
    assert found.estimate == pytest.approx(11.0)
    assert student_quantile(3.1895) == pytest.approx(3.076, abs=0.02)
    assert found.high - 11.0 == pytest.approx(6.5574 * student_quantile(3.1895), rel=1e-3)


def test_who_reached_no_goal_counts_as_nothing():
    assert side([50], 10).mean == pytest.approx(5.0)


def test_a_lift_of_nobody_says_nothing():
    found = lift(Side(), Side())
    assert found.difference.estimate is None
    assert found.ratio.estimate is None
    assert not found.difference.is_clear


def test_a_clear_lift_leaves_out_no_difference():
    assert lift(side([10.0] * 300, 1_000), side([10.0] * 10, 100)).difference.is_clear
    assert not lift(side([10.0] * 30, 100), side([10.0] * 3, 10)).difference.is_clear


def test_one_person_has_no_spread():
    found = mean_difference_interval(side([5.0], 1), side([2.0], 1))
    assert (found.estimate, found.low, found.high) == (3.0, None, None)


def test_means_of_equal_values_differ_exactly():
    found = mean_difference_interval(side([5.0] * 3, 3), side([2.0] * 4, 4))
    assert bounds(found) == (3.0, 3.0)


def test_the_mean_of_nobody_is_not_compared():
    assert mean_difference_interval(Side(), side([2.0], 4)).estimate is None
