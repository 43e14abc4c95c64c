import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.quality.transform import (
    Plan,
    TooMuchMissingError,
    applied,
    fitted,
    is_outlier,
)

NUMBERS = st.lists(
    st.none() | st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-1_000, 1_000), min_size=1
)


@given(NUMBERS, st.randoms(), st.sampled_from(["mean", "median", "mode"]),
       st.sampled_from(["none", "zscore", "minmax", "robust"]))  # fmt: skip
def test_the_order_of_a_snapshot_changes_nothing(values, random, impute, scale):
    plan = Plan(impute=impute, scale=scale, force=True)
    shuffled = list(values)
    random.shuffle(shuffled)
    assert fitted(plan, values) == fitted(plan, shuffled)


@pytest.mark.parametrize(
    ("plan", "values", "filled"),
    [
        (Plan(impute="mean"), [1, 2, 6, None], 3.0),
        (Plan(impute="median"), [1, 2, 6, 9, None], 2),
        (Plan(impute="mode"), ["b", "a", "b", "a", None], "a"),
        (Plan(impute="unknown"), ["a", None], "Unknown"),
        (Plan(impute="constant", constant=0), [5], 0),
        (Plan(), [1, None], None),
    ],
)
def test_what_stands_for_a_missing_value(plan, values, filled):
    assert applied(fitted(plan, values), None) == filled


def test_a_scale_is_fitted_once_and_clips_what_lies_beyond():
    fit = fitted(Plan(scale="minmax"), [10, 20])
    assert [applied(fit, value) for value in (5, 15, 30)] == [0, 0.5, 1]
    assert applied(fitted(Plan(scale="zscore"), [1, 3]), 3) == 1
    assert applied(fitted(Plan(scale="zscore"), [4, 4]), 9) == 0


def test_too_much_missing_is_refused_unless_forced():
    values = [1.0, None, None, None]
    with pytest.raises(TooMuchMissingError, match="75%"):
        fitted(Plan(impute="mean"), values)
    assert fitted(Plan(impute="mean", force=True), values).missing == 0.75


def test_a_text_has_no_mean():
    with pytest.raises(ValueError, match="use mode or unknown"):
        fitted(Plan(impute="mean"), ["a", "b"])


def test_an_outlier_is_seen_beside_many_usual_values():
    usual = [float(n % 10) for n in range(100)]
    assert is_outlier(usual, 60)
    assert not is_outlier(usual, 12)
