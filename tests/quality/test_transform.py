import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.quality.transform import (
    Plan,
    TooMuchMissingError,
    applied,
    fitted,
    is_outlier,
    unfitted,
)

NUMBERS = st.lists(
    st.none() | st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-1_000, 1_000), min_size=1
)


@given(NUMBERS, st.randoms(), st.sampled_from(["mean", "median", "mode"]),
       st.sampled_from(["none", "zscore", "minmax", "robust", "bucket", "onehot"]))  # fmt: skip
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


def test_a_bucket_counts_the_borders_below_the_value():
    fit = unfitted(Plan(scale="bucket", borders=(10, 100)))
    assert [applied(fit, value) for value in (0, 10, 10.5, 100, 101, None)] == [1, 1, 2, 2, 3, None]


def test_buckets_without_borders_have_as_many_people_each():
    fit = fitted(Plan(scale="bucket", bins=4), list(range(100)))
    assert [sum(applied(fit, each) == bucket for each in range(100)) for bucket in (1, 2, 3, 4)] == [
        25, 25, 25, 25,
    ]  # fmt: skip


def test_values_that_are_all_alike_are_one_bucket():
    fit = fitted(Plan(scale="bucket"), [5] * 20)
    assert (fit.borders, applied(fit, 5), applied(fit, 6)) == ((), 1, 1)


def test_rare_categories_are_other():
    values = [word for at in range(25) for word in [f"c{at:02}"] * (30 - at)]
    fit = fitted(Plan(scale="onehot"), values)
    assert fit.categories == tuple(f"c{at:02}" for at in range(20))
    assert [applied(fit, value) for value in ("c00", "c24", "new", None)] == [
        "c00", "other", "other", None,
    ]  # fmt: skip


def test_a_missing_category_is_its_own_where_it_is_filled_in():
    fit = unfitted(Plan(impute="unknown", scale="onehot", categories=("a", "Unknown")))
    assert applied(fit, None) == "Unknown"


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"impute": "model"}, "`using`, the features it guesses from"),
        ({"impute": "model", "using": tuple("abcdefghijklmnopqrstu")}, "at most 20 features"),
        ({"borders": (1, 2)}, "belong to transform: bucket"),
        ({"scale": "bucket", "borders": (2, 1)}, "borders that rise"),
        ({"scale": "bucket", "bins": 1}, "bins: 2 to 50"),
        ({"categories": ("a",)}, "belong to transform: onehot"),
        ({"impute": "unknown", "scale": "zscore"}, "a category has none"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(plan, says):
    with pytest.raises(ValueError, match=says):
        Plan(**plan)
